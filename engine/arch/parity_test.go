package arch

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"testing"

	"s1/engine/weights"
	"s1/kernels"
	"s1/kernels/ref"
)

// fixtures are the folders of testdata/make_fixtures.py.
var fixtures = []string{"llama3", "llama-bias-linear", "qwen2", "qwen2-yarn", "qwen3"}

// parity is the largest difference from transformers' fp32 logits that passes.
const parity = 1e-3

func TestLogitsAreThoseOfTransformers(t *testing.T) {
	t.Parallel()
	for _, name := range fixtures {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tokens, want := expected(t, name)
			got := run(t, open(t, filepath.Join("testdata", name)), tokens)
			t.Logf("largest difference %.2g over %d logits", closeTo(t, got, want), len(want))
		})
	}
}

// config.old.json holds rope_theta and rope_scaling where config.json holds rope_parameters.
func TestOldConfigFormGivesTheSameModel(t *testing.T) {
	t.Parallel()
	for _, name := range fixtures {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			tokens, want := expected(t, name)
			folder := t.TempDir()
			for from, to := range map[string]string{"config.old.json": "config.json", "model.safetensors": "model.safetensors"} {
				write(t, filepath.Join(folder, to), read(t, filepath.Join("testdata", name, from)))
			}
			m, old := open(t, filepath.Join("testdata", name)), open(t, folder)
			a, err := Parse(m)
			if err != nil {
				t.Fatal(err)
			}
			b, err := Parse(old)
			if err != nil {
				t.Fatal(err)
			}
			x, y := a.RoPE, b.RoPE
			if x != y || a.Context != b.Context {
				t.Errorf("old form: rope %+v, context %d, want %+v, %d", y, b.Context, x, a.Context)
			}
			closeTo(t, run(t, old, tokens), want)
		})
	}
}

// Without its attention factor YaRN must not pass: the comparison can see it. So for every other switch.
func TestParitySeesEverySwitch(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		change func(c *Config)
	}{
		{"llama3", func(c *Config) { c.RoPE.Type = RoPEDefault }},
		{"llama3", func(c *Config) { c.RoPE.LowFreq, c.RoPE.HighFreq = 1, 1.0001 }},
		{"llama3", func(c *Config) { c.RoPE.Interleaved = true }},
		{"llama-bias-linear", func(c *Config) { c.RoPE.Factor = 1 }},
		{"qwen2", func(c *Config) { c.RoPE.Theta = 10000 }},
		{"qwen2", func(c *Config) { c.RMSEps = 0.1 }},
		{"qwen2-yarn", func(c *Config) { c.RoPE.Attention = 1 }},
		{"qwen2-yarn", func(c *Config) { c.RoPE.NoTruncate = true }},
		{"qwen2-yarn", func(c *Config) { c.RoPE.BetaFast = 1.5 }},
	} {
		m := open(t, filepath.Join("testdata", c.name))
		cfg, err := Parse(m)
		if err != nil {
			t.Fatal(err)
		}
		c.change(&cfg)
		tokens, want := expected(t, c.name)
		if d := difference(runConfig(t, cfg, m, tokens), want); d <= parity {
			t.Errorf("%s with %+v is within %g of the reference: the fixture does not show the change", c.name, cfg.RoPE, d)
		}
	}
}

func TestChunksAndSingleRowsGiveTheLogitsOfOneBatch(t *testing.T) {
	t.Parallel()
	m := open(t, "testdata/qwen3")
	tokens, want := expected(t, "qwen3")
	machine := machineOf(t, m)
	var got []float32
	for at, n := range []int{1, 30, 33, 1, 1, 1, 3} {
		b := rows(tokens, len(got)/(len(want)/len(tokens)), n)
		r, err := machine.Step(context.Background(), b)
		if err != nil {
			t.Fatalf("chunk %d: %v", at, err)
		}
		got = append(got, r.Logits...)
	}
	closeTo(t, got, want)
}

func open(t *testing.T, path string) *weights.Model {
	t.Helper()
	m, err := weights.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = m.Close() })
	return m
}

func machineOf(t *testing.T, m *weights.Model) *ref.Machine {
	t.Helper()
	c, err := Parse(m)
	if err != nil {
		t.Fatal(err)
	}
	return machineFor(t, c, m)
}

func machineFor(t *testing.T, c Config, m *weights.Model) *ref.Machine {
	t.Helper()
	p, err := Build(c, m)
	if err != nil {
		t.Fatal(err)
	}
	machine, err := ref.New(p, ref.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return machine
}

// run gives the logits of every position.
func run(t *testing.T, m *weights.Model, tokens []int32) []float32 {
	t.Helper()
	c, err := Parse(m)
	if err != nil {
		t.Fatal(err)
	}
	return runConfig(t, c, m, tokens)
}

func runConfig(t *testing.T, c Config, m *weights.Model, tokens []int32) []float32 {
	t.Helper()
	r, err := machineFor(t, c, m).Step(context.Background(), rows(tokens, 0, len(tokens)))
	if err != nil {
		t.Fatal(err)
	}
	return r.Logits
}

// rows is a batch of n tokens of one sequence from position at on, all of whose logits are wanted.
func rows(tokens []int32, at, n int) *kernels.Batch {
	b := &kernels.Batch{Tokens: tokens[at : at+n], Tables: [][]int32{nil}}
	for i := range n {
		b.Pos, b.Seq, b.Out = append(b.Pos, int32(at+i)), append(b.Seq, 0), append(b.Out, int32(i))
	}
	for i := range (at+n-1)/kernels.PageSize + 1 {
		b.Tables[0] = append(b.Tables[0], int32(i))
	}
	return b
}

func difference(got, want []float32) float64 {
	worst := 0.0
	if len(got) != len(want) {
		return math.Inf(1)
	}
	for i := range want {
		d := math.Abs(float64(got[i]) - float64(want[i]))
		if !(d <= worst) {
			worst = d
		}
	}
	return worst
}

func closeTo(t *testing.T, got, want []float32) float64 {
	t.Helper()
	d := difference(got, want)
	if !(d <= parity) {
		t.Errorf("%d logits differ from the reference's %d by up to %g, allowed %g", len(got), len(want), d, parity)
	}
	return d
}

// expected reads a fixture's tokens and logits.
func expected(t *testing.T, name string) (tokens []int32, logits []float32) {
	t.Helper()
	b := read(t, filepath.Join("testdata", name, "expected.safetensors"))
	n := binary.LittleEndian.Uint64(b)
	var header map[string]struct {
		Offsets [2]int `json:"data_offsets"`
	}
	if err := json.Unmarshal(b[8:8+n], &header); err != nil {
		t.Fatal(err)
	}
	data := func(name string) []byte { return b[8+n:][header[name].Offsets[0]:header[name].Offsets[1]] }
	tokens = make([]int32, len(data("tokens"))/4)
	for i := range tokens {
		tokens[i] = int32(binary.LittleEndian.Uint32(data("tokens")[4*i:]))
	}
	logits = make([]float32, len(data("logits"))/4)
	ref.Dequant(kernels.F32, data("logits"), logits)
	if len(tokens) == 0 || len(logits) == 0 {
		t.Fatalf("%s: no expected logits", name)
	}
	return tokens, logits
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func write(t *testing.T, path string, b []byte) {
	t.Helper()
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
}
