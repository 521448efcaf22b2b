package arch

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"s1/engine/weights"
	"s1/kernels"
	"s1/kernels/ref"
)

// realParity is the largest difference from transformers that passes on a real model; 1.2e-4 was seen on SmolLM2.
const realParity = 2e-2

// whatIs12Plus30 is the chat prompt "What is 12 plus 30?" with SmolLM2's default system text, and greedyAnswer what transformers
// says: "12 + 30 = 32.<|im_end|>".
var (
	whatIs12Plus30 = []int32{
		1, 9690, 198, 2683, 359, 253, 5356, 5646, 11173, 3365, 3511, 308, 34519, 28, 7018, 411, 407, 19712, 8182, 2, 198,
		1, 4093, 198, 1780, 314, 216, 33, 34, 8055, 216, 35, 32, 47, 2, 198, 1, 520, 9531, 198,
	}
	greedyAnswer = []int32{33, 34, 1232, 216, 35, 32, 446, 216, 35, 34, 30, 2}
)

func smolLM2(t *testing.T) *weights.Model {
	t.Helper()
	path := os.Getenv("S1_SMOLLM2")
	if path == "" {
		t.Skip("needs S1_SMOLLM2, the path of SmolLM2-135M-Instruct.Q4_1.gguf: run `make test-real`")
	}
	return open(t, path)
}

func TestSmolLM2GivesItsKnownAnswer(t *testing.T) {
	t.Parallel()
	machine := machineOf(t, smolLM2(t))
	prompt := rows(whatIs12Plus30, 0, len(whatIs12Plus30))
	prompt.Out = prompt.Out[len(prompt.Out)-1:]
	r, err := machine.Step(context.Background(), prompt)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []struct {
		id    int32
		logit float64
	}{{33, 34.518}, {2068, 33.311}, {504, 32.048}} {
		s := r.Stats[0]
		if s.TopIDs[i] != want.id || math.Abs(float64(s.TopLogits[i])-want.logit) > realParity {
			t.Errorf("likeliest %d is id %d at %.3f, want id %d at %.3f", i, s.TopIDs[i], s.TopLogits[i], want.id, want.logit)
		}
	}
	all := slices.Clone(whatIs12Plus30)
	for i, want := range greedyAnswer {
		got := r.Stats[0].TopIDs[0]
		if got != want {
			t.Fatalf("token %d of the answer is %d, want %d", i, got, want)
		}
		all = append(all, got)
		if r, err = machine.Step(context.Background(), rows(all, len(all)-1, 1)); err != nil {
			t.Fatal(err)
		}
	}
}

func TestSmolLM2LogitsAreThoseOfTransformers(t *testing.T) {
	t.Parallel()
	python := os.Getenv("S1_PYTHON")
	if python == "" {
		t.Skip("needs S1_PYTHON, a Python with torch, transformers and gguf: run `make test-real`")
	}
	m := smolLM2(t)
	out := filepath.Join(t.TempDir(), "logits.f32")
	cmd := exec.CommandContext(t.Context(), python, "testdata/smollm2_logits.py", m.Path, out)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	lines, err := cmd.Output()
	if err != nil {
		t.Fatalf("smollm2_logits.py: %v\n%s", err, stderr.Bytes())
	}
	raw := read(t, out)
	positions, agree := 0, 0
	for in := bufio.NewScanner(bytes.NewReader(lines)); in.Scan(); {
		var prompt struct {
			Prompt         string
			Tokens, Answer []int32
		}
		if err := json.Unmarshal(in.Bytes(), &prompt); err != nil {
			t.Fatal(err)
		}
		got := run(t, m, prompt.Tokens)
		want := make([]float32, len(got))
		ref.Dequant(kernels.F32, raw, want)
		raw = raw[4*len(got):]
		d := difference(got, want)
		t.Logf("%.30q: %d positions, largest difference %.2g", prompt.Prompt, len(prompt.Tokens), d)
		if !(d <= realParity) {
			t.Errorf("%.30q: logits differ by up to %g, allowed %g", prompt.Prompt, d, realParity)
		}
		vocab := len(got) / len(prompt.Tokens)
		for i := range prompt.Tokens {
			positions++
			if top(got[i*vocab:(i+1)*vocab]) == top(want[i*vocab:(i+1)*vocab]) {
				agree++
			}
		}
	}
	t.Logf("the likeliest token agrees at %d of %d positions", agree, positions)
	if positions == 0 || len(raw) != 0 || agree != positions {
		t.Errorf("agree at %d of %d positions, %d bytes left", agree, positions, len(raw))
	}
}

func top(x []float32) int { return slices.Index(x, slices.Max(x)) }
