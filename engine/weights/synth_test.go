package weights

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"s1/kernels"
)

func TestSynthIsTheSameForTheSameSeed(t *testing.T) {
	t.Parallel()
	s := SynthShapes()[0]
	var a, b, c bytes.Buffer
	for _, x := range []struct {
		w    *bytes.Buffer
		seed uint64
	}{{&a, 1}, {&b, 1}, {&c, 2}} {
		if err := SynthTo(x.w, s, kernels.Q8_0, x.seed); err != nil {
			t.Fatal(err)
		}
	}
	if !bytes.Equal(a.Bytes(), b.Bytes()) {
		t.Error("seed 1 gave two different files")
	}
	if bytes.Equal(a.Bytes(), c.Bytes()) {
		t.Error("seeds 1 and 2 gave the same file")
	}
}

func TestSynthVocabularyIsWhole(t *testing.T) {
	t.Parallel()
	for _, n := range []int{minSynthVocab, 1024, 49152, 151936} {
		tokens, merges, types := synthVocab(n)
		if len(tokens) != n || len(types) != n || len(merges) != n-minSynthVocab {
			t.Fatalf("%d tokens, %d types, %d merges for %d", len(tokens), len(types), len(merges), n)
		}
		seen := map[string]bool{}
		for _, x := range tokens {
			if seen[x] {
				t.Fatalf("token %q is there twice of %d", x, n)
			}
			seen[x] = true
		}
		for _, m := range merges {
			left, right, _ := strings.Cut(m, " ")
			if !seen[left] || !seen[right] || !seen[left+right] {
				t.Fatalf("merge %q makes or takes a token that is not there", m)
			}
		}
	}
}

func TestSynthOpensInEveryTypeAndShape(t *testing.T) {
	t.Parallel()
	for _, s := range SynthShapes()[:3] {
		for _, typ := range []kernels.DType{
			kernels.F32, kernels.F16, kernels.BF16, kernels.Q8_0, kernels.Q4_0, kernels.Q4_1,
			kernels.Q5_0, kernels.Q5_1, kernels.Q4_K, kernels.Q5_K, kernels.Q6_K,
		} {
			path := filepath.Join(t.TempDir(), "x.gguf")
			if err := Synth(path, s, typ, 1); err != nil {
				t.Fatal(err)
			}
			m, err := Open(path)
			if err != nil {
				t.Fatalf("%s %s: %v", s.Name, typ, err)
			}
			if x, err := m.Matrix("blk.1.ffn_down.weight", s.Hidden, s.Inter); err != nil || x.Type != typ {
				t.Errorf("%s: %s, %v; want %s", s.Name, x.Type, err, typ)
			}
			if m.Has("output.weight") == s.Tied {
				t.Errorf("%s: output.weight there: %v, tied: %v", s.Name, m.Has("output.weight"), s.Tied)
			}
			if err := m.Close(); err != nil {
				t.Error(err)
			}
		}
	}
}

// llama.cpp is the judge of whether a synthetic file is a model.
const llamaLoads = `
import json, sys, xllamacpp as x
for path in sys.argv[1:]:
    p = x.CommonParams()
    p.model.path, p.n_ctx, p.cpuparams.n_threads, p.warmup = path, 64, 2, False
    r = x.Server(p).handle_completions({"prompt": "the cat", "max_tokens": 4})
    r = r if isinstance(r, dict) else json.loads(r)
    assert r["usage"]["completion_tokens"] == 4, (path, r)
`

func TestLlamaCppLoadsSyntheticModels(t *testing.T) {
	python := os.Getenv("S1_PYTHON")
	if python == "" {
		t.Skip("needs S1_PYTHON=python with xllamacpp: run `make test-real`")
	}
	args := []string{"-c", llamaLoads}
	for _, s := range SynthShapes()[:3] {
		for _, typ := range []kernels.DType{kernels.Q8_0, kernels.Q4_K} {
			path := filepath.Join(t.TempDir(), s.Name+"-"+typ.String()+".gguf")
			if err := Synth(path, s, typ, 1); err != nil {
				t.Fatal(err)
			}
			args = append(args, path)
		}
	}
	if out, err := exec.Command(python, args...).CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}

// What Python's own readers make of our files.
const pythonReads = `
import sys, numpy as np, gguf
from safetensors.numpy import load_file
g = gguf.GGUFReader(sys.argv[1])
t = {x.name: x for x in g.tensors}
assert g.fields["texts"].contents() == ["a", "", "日本"], g.fields["texts"].contents()
assert g.fields["u64"].contents() == 1 << 63
assert list(t["a.weight"].shape) == [3, 2] and t["a.weight"].data.tolist() == [[1, 2, 3], [4, 5, 6]]
assert t["b.weight"].tensor_type == gguf.GGMLQuantizationType.Q8_0
s = load_file(sys.argv[2])
assert s["a"].tolist() == [[1, 2, 3], [4, 5, 6]], s
print("equal")
`

func TestPythonReadsWhatIsWritten(t *testing.T) {
	python := os.Getenv("S1_PYTHON")
	if python == "" {
		t.Skip("needs S1_PYTHON=python with gguf and safetensors: run `make test-real`")
	}
	a := halves()[:1]
	a[0].Name = "a"
	pairs := everyPair()
	pairs = pairs[:len(pairs)-1] // gguf-py cannot read arrays of arrays of texts
	g, s := writeFile(t, "x.gguf", gguf(t, pairs, smallTensors())), writeFile(t, "x.safetensors", safetensors(t, a))
	if out, err := exec.Command(python, "-c", pythonReads, g, s).CombinedOutput(); err != nil || !strings.Contains(string(out), "equal") {
		t.Errorf("%v\n%s", err, out)
	}
}
