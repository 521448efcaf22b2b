package export

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"s1/engine"
	"s1/engine/tokenizer"
	"s1/engine/trace"
	"s1/engine/weights"
	"s1/kernels"
	"s1/kernels/ref"
)

// peerLogits is the largest difference from transformers' fp32 logits that passes.
const peerLogits = 1e-3

// script runs one of testdata and returns what it says.
func script(t *testing.T, name string, args ...string) []byte {
	t.Helper()
	python := os.Getenv("S1_PYTHON")
	if python == "" {
		t.Skip("needs S1_PYTHON, a Python with torch, transformers, peft and xllamacpp: run `make test-real`")
	}
	cmd := exec.CommandContext(t.Context(), python, append([]string{filepath.Join("testdata", name)}, args...)...)
	cmd.Env = append(os.Environ(), "HF_HUB_OFFLINE=1", "TOKENIZERS_PARALLELISM=false")
	var log bytes.Buffer
	cmd.Stderr = &log
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v\n%s", name, err, log.Bytes()[max(0, log.Len()-2000):])
	}
	return out
}

func joined(ids []int32) string {
	return strings.Trim(strings.ReplaceAll(fmt.Sprint(ids), " ", ","), "[]")
}

// floats reads what a script wrote.
func floats(t *testing.T, path string) []float32 {
	t.Helper()
	b := read(t, path)
	v := make([]float32, len(b)/4)
	ref.Dequant(kernels.F32, b, v)
	return v
}

// realBases are models whose exports go to the peers: one by architecture, two of them with stretched positions, and SmolLM2.
func realBases(t *testing.T) map[string]func(t *testing.T) *weights.Model {
	all := map[string]func(t *testing.T) *weights.Model{}
	for _, name := range []string{"llama3", "llama-bias-linear", "qwen2-yarn"} {
		all[name] = func(t *testing.T) *weights.Model { return open(t, bases()[name]) }
	}
	for _, name := range []string{"tiny-llama", "tiny-qwen2", "tiny-qwen3"} {
		all[name] = func(t *testing.T) *weights.Model { return synth(t, name, kernels.F32) }
	}
	all["SmolLM2"] = func(t *testing.T) *weights.Model {
		path := os.Getenv("S1_SMOLLM2")
		if path == "" {
			t.Skip("needs S1_SMOLLM2, the path of SmolLM2-135M-Instruct.Q4_1.gguf: run `make test-real`")
		}
		return open(t, path)
	}
	for name, folder := range map[string]string{"SmolLM2, trained": "full", "SmolLM2, merged LoRA": "lora"} {
		all[name] = func(t *testing.T) *weights.Model { return open(t, fromTrain(t, folder)) }
	}
	return all
}

// fromTrain is a folder that the SmolLM2 test of train leaves.
func fromTrain(t *testing.T, name string) string {
	t.Helper()
	path := filepath.Join(os.Getenv("S1_TRAINED"), name)
	if _, err := os.Stat(path); os.Getenv("S1_TRAINED") == "" || err != nil {
		t.Skip("needs S1_TRAINED, the folder that the SmolLM2 test of train leaves: run `make test-real`")
	}
	return path
}

const someText = "<|im_start|>user\nWhat is 12 plus 30? Écris: 海 🌊  \n\n don't<|im_end|>"

func TestTransformersOpensAFolderWithEqualLogits(t *testing.T) {
	for name, base := range realBases(t) {
		t.Run(name, func(t *testing.T) {
			m := base(t)
			model, want := modelOf(t, m), logits(t, m, someTokens)
			dir, out := filepath.Join(t.TempDir(), "export"), filepath.Join(t.TempDir(), "logits")
			if err := Folder(t.Context(), dir, model, Options{ShardBytes: m.Parameters()}); err != nil { // four files or so
				t.Fatal(err)
			}
			args := []string{dir, joined(someTokens), out}
			if m.Kind == weights.KindGGUF { // it has a whole vocabulary
				args = append(args, someText)
			}
			var said struct {
				Class               string
				Parameters          int
				Missing, Unexpected []string
				IDs                 []int32
				Chat                string
			}
			if err := json.Unmarshal(script(t, "transformers_folder.py", args...), &said); err != nil {
				t.Fatal(err)
			}
			d, n := difference(floats(t, out), want), 0
			for _, s := range Specs(model.Config) {
				n += s.Elements()
			}
			t.Logf("%s, %d parameters, largest difference %.2g", said.Class, said.Parameters, d)
			if !(d <= peerLogits) || said.Parameters != n || len(said.Missing)+len(said.Unexpected) > 0 {
				t.Errorf("logits differ by %g, allowed %g; %d parameters, want %d; %+v", d, peerLogits, said.Parameters, n, said)
			}
			if len(args) > 3 {
				sameText(t, m, said.IDs, said.Chat)
			}
		})
	}
}

// sameText compares ids and a chat prompt with those of the base's own tokenizer.
func sameText(t *testing.T, m *weights.Model, ids []int32, chat string) {
	t.Helper()
	tok, err := tokenizer.FromGGUF(metadata{m.Meta})
	if err != nil {
		t.Fatal(err)
	}
	defer tok.Close()
	if want, err := tok.Encode(someText, true); err != nil || !slices.Equal(ids, want) {
		t.Errorf("ids %v, want %v, %v", ids, want, err)
	}
	if chat == "" {
		return
	}
	want, err := tok.Template().Render([]tokenizer.Message{{Role: "user", Content: someText}}, tokenizer.RenderOptions{AddGenerationPrompt: true})
	if err != nil || chat != want {
		t.Errorf("chat prompt %q, want %q, %v", chat, want, err)
	}
}

func TestPEFTOpensAnAdapterWithTheLogitsOfItsMerge(t *testing.T) {
	for _, name := range []string{"tiny-llama", "tiny-qwen2", "tiny-qwen3"} {
		t.Run(name, func(t *testing.T) {
			model := modelOf(t, synth(t, name, kernels.F32))
			dir := t.TempDir()
			base, put, merged := filepath.Join(dir, "base"), filepath.Join(dir, "adapter"), filepath.Join(dir, "merged")
			l := someLoRA(model.Config)
			l.Targets, l.Base = everyTarget(), base
			l.RSLoRA = name == "tiny-qwen2"
			if err := Folder(t.Context(), base, model, Options{}); err != nil {
				t.Fatal(err)
			}
			if err := Adapter(t.Context(), put, model.Config, l, Card{}, Options{}); err != nil {
				t.Fatal(err)
			}
			var err error
			plain := logits(t, open(t, base), someTokens)
			if model.Params, err = l.Merge(model.Config, model.Params); err != nil {
				t.Fatal(err)
			}
			if err := Folder(t.Context(), merged, model, Options{}); err != nil {
				t.Fatal(err)
			}
			peftAgrees(t, base, put, plain, logits(t, open(t, merged), someTokens))
		})
	}
}

// peftAgrees lets peft open an adapter on its base and compares its logits, on the base and merged by peft, with those of our merge.
func peftAgrees(t *testing.T, base, put string, plain, want []float32) {
	t.Helper()
	out := filepath.Join(t.TempDir(), "logits")
	var said struct {
		Missing, Unexpected []string
		Parameters          int
	}
	if err := json.Unmarshal(script(t, "peft_adapter.py", base, put, joined(someTokens), out), &said); err != nil {
		t.Fatal(err)
	}
	got := floats(t, out)
	on, peftMerged := difference(got[:len(got)/2], want), difference(got[len(got)/2:], want)
	t.Logf("%d parameters; from ours %.2g on the base, %.2g merged; the adapter moves logits by %.2g", said.Parameters, on, peftMerged, difference(plain, want))
	if !(on <= peerLogits && peftMerged <= peerLogits) || difference(plain, want) < 0.1 || len(said.Missing)+len(said.Unexpected) > 0 {
		t.Errorf("allowed %g; %+v", peerLogits, said)
	}
	saved, err := openAdapter(t, out+".saved")
	if err != nil {
		t.Fatal(err)
	}
	if d := difference(logits(t, saved, someTokens), want); !(d <= peerLogits) {
		t.Errorf("what PEFT saved has here other logits by %g, allowed %g", d, peerLogits)
	}
}

// What s1 train learnt on SmolLM2 by LoRA, as a stranger opens it: the adapter on a folder of the base.
func TestPEFTOpensTheTrainedAdapter(t *testing.T) {
	path := os.Getenv("S1_SMOLLM2")
	if path == "" {
		t.Skip("needs S1_SMOLLM2, the path of SmolLM2-135M-Instruct.Q4_1.gguf: run `make test-real`")
	}
	put, merged := fromTrain(t, "adapter"), fromTrain(t, "lora")
	m := open(t, path)
	base := filepath.Join(t.TempDir(), "base")
	if err := Folder(t.Context(), base, modelOf(t, m), Options{}); err != nil {
		t.Fatal(err)
	}
	peftAgrees(t, base, put, logits(t, m, someTokens), logits(t, open(t, merged), someTokens))
}

func TestLlamaCppOpensAGGUFAndSaysTheSame(t *testing.T) {
	for name, base := range realBases(t) {
		for _, typ := range []kernels.DType{kernels.F32, kernels.F16, kernels.Q8_0} {
			t.Run(fmt.Sprintf("%s/%v", name, typ), func(t *testing.T) {
				m := base(t)
				path := filepath.Join(t.TempDir(), "model.gguf")
				if err := GGUF(t.Context(), path, modelOf(t, m), Options{Type: typ}); err != nil {
					t.Fatal(err)
				}
				text := someText
				if m.Kind == weights.KindSafetensors {
					text = "aWait\naa<|im_end|>"
				}
				said := llamaCpp(t, path, someTokens, 6, text)
				exported := open(t, path)
				tok, err := tokenizer.FromGGUF(metadata{exported.Meta})
				if err != nil {
					t.Fatal(err)
				}
				defer tok.Close()
				if want, err := tok.Encode(text, true); err != nil || !slices.Equal(said.IDs, want) {
					t.Errorf("ids of %q: %v, want %v, %v", text, said.IDs, want, err)
				}
				// llama.cpp keeps keys and values as F16, and beside weights in F16 or Q8_0 rounds activations the same way: which
				// may move a log-probability as much as the rounding of the weights moved logits.
				allowed := 0.02 + 2*difference(logits(t, exported, someTokens), logits(t, m, someTokens))
				ours, worst := logits(t, exported, append(slices.Clone(someTokens), said.Tokens...)), 0.0
				vocab := len(ours) / (len(someTokens) + len(said.Tokens))
				for i, top := range said.Top {
					row := ours[(len(someTokens)+i-1)*vocab:][:vocab]
					for _, c := range top {
						worst = max(worst, math.Abs(c.Logprob-logProb(row, c.ID)))
					}
				}
				t.Logf("%d tokens %v, largest difference of a log-probability %.2g", len(said.Tokens), said.Tokens, worst)
				if worst > allowed || len(said.Top) != 6 {
					t.Errorf("log-probabilities differ by %g, allowed %g; %d tokens", worst, allowed, len(said.Top))
				}
			})
		}
	}
}

type continued struct {
	Tokens, IDs []int32
	Top         [][]struct {
		ID      int32
		Logprob float64
	}
}

func llamaCpp(t *testing.T, path string, ids []int32, n int, text string) (said continued) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := l.Addr().(*net.TCPAddr).Port
	l.Close()
	out := script(t, "llama_cpp.py", path, fmt.Sprint(port), joined(ids), fmt.Sprint(n), text)
	for line := range strings.Lines(string(out)) {
		if rest, ok := strings.CutPrefix(line, "answer "); ok {
			if err := json.Unmarshal([]byte(rest), &said); err != nil {
				t.Fatal(err)
			}
			return said
		}
	}
	t.Fatalf("no answer in %q", out)
	return said
}

func logProb(row []float32, id int32) float64 {
	most := float64(slices.Max(row))
	sum := 0.0
	for _, v := range row {
		sum += math.Exp(float64(v) - most)
	}
	return float64(row[id]) - most - math.Log(sum)
}

func TestOurEngineOpensEveryExportAndAnswersAlike(t *testing.T) {
	t.Parallel()
	for _, shape := range []string{"tiny-llama", "tiny-qwen2", "tiny-qwen3"} {
		t.Run(shape, func(t *testing.T) {
			t.Parallel()
			m := synth(t, shape, kernels.F32)
			model, dir := modelOf(t, m), t.TempDir()
			folderPath, file := filepath.Join(dir, "folder"), filepath.Join(dir, "model.gguf")
			if err := Folder(t.Context(), folderPath, model, Options{}); err != nil {
				t.Fatal(err)
			}
			if err := GGUF(t.Context(), file, model, Options{}); err != nil {
				t.Fatal(err)
			}
			want := answer(t, m.Path)
			for _, path := range []string{folderPath, file} {
				if got := answer(t, path); got != want {
					t.Errorf("%s says %q, the base %q", filepath.Base(path), got, want)
				}
			}
		})
	}
}

// answer is what the whole engine says, greedily.
func answer(t *testing.T, path string) string {
	t.Helper()
	m, err := engine.Open(t.Context(), path, engine.Options{Backend: "ref"})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	l, err := m.Ask(t.Context(), trace.Ask{Prompt: "How many?", Budget: trace.Budget{Cap: 12, AnswerCap: 6}})
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for n := 0; ; {
		if err := l.Log().Wait(t.Context(), n); err != nil {
			t.Fatal(err)
		}
		events, ended := l.Log().Since(n)
		for _, e := range events {
			if e.Kind == trace.EventToken {
				fmt.Fprintf(&b, "%d ", e.Token.ID)
			}
		}
		if n += len(events); ended {
			return b.String()
		}
	}
}
