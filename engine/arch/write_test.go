package arch

import (
	"bytes"
	"math"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"s1/engine/weights"
	"s1/kernels"
)

func TestAWrittenConfigReadsBackTheSame(t *testing.T) {
	t.Parallel()
	for _, name := range fixtures {
		want, err := Parse(open(t, filepath.Join("testdata", name)))
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range []float64{0, 1.25} {
			if want.RoPE.Type == RoPEYaRN {
				want.RoPE.Attention, want.RoPE.NoTruncate = v, v > 0
			}
			doc, err := want.JSON(kernels.BF16)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			got, err := ParseJSON(doc)
			if err != nil {
				t.Fatalf("%s: %v\n%s", name, err, doc)
			}
			if want.RoPE.Type == RoPEYaRN || want.RoPE.Type == RoPELlama3 {
				got.RoPE.OriginalContext, want.RoPE.OriginalContext = math.Round(got.RoPE.OriginalContext), math.Round(want.RoPE.OriginalContext)
			} else { // says nothing there
				got.RoPE.OriginalContext = want.RoPE.OriginalContext
			}
			if !reflect.DeepEqual(got, want) {
				t.Errorf("%s reads back as\n%+v, want\n%+v\n%s", name, got, want, doc)
			}
		}
	}
}

// Only the form of transformers 4 is left: it must say everything too.
func TestAWrittenConfigHoldsTheOldFormToo(t *testing.T) {
	t.Parallel()
	for _, name := range fixtures {
		want, err := Parse(open(t, filepath.Join("testdata", name)))
		if err != nil {
			t.Fatal(err)
		}
		doc, err := want.JSON(kernels.F32)
		if err != nil {
			t.Fatal(err)
		}
		got, err := ParseJSON(bytes.Replace(doc, []byte(`"rope_parameters"`), []byte(`"not_known_then"`), 1))
		if err != nil {
			t.Fatal(err)
		}
		got.RoPE.OriginalContext = want.RoPE.OriginalContext
		if got.RoPE != want.RoPE {
			t.Errorf("%s: old form says %+v, want %+v", name, got.RoPE, want.RoPE)
		}
	}
}

func TestWrittenMetadataReadsBackTheSame(t *testing.T) {
	t.Parallel()
	for _, name := range fixtures {
		c, err := Parse(open(t, filepath.Join("testdata", name)))
		if err != nil {
			t.Fatal(err)
		}
		if c.RoPE.Type == RoPEYaRN {
			c.RoPE.Attention = 1.25
		}
		pairs, err := c.Pairs()
		if err != nil {
			t.Fatal(err)
		}
		var tensors []weights.Tensor
		for _, s := range Tensors(c) {
			shape := []int{s.Rows, s.Cols}
			if s.Vector {
				shape = shape[1:]
			}
			tensors = append(tensors, weights.Tensor{Name: s.GGUF, Shape: shape, Data: make([]byte, 4*s.Rows*s.Cols)})
		}
		if f := c.Factors(); f != nil {
			tensors = append(tensors, weights.Tensor{Name: FactorsName, Shape: []int{len(f)}, Data: weights.Floats32(f)})
		}
		var b bytes.Buffer
		if err := weights.WriteGGUF(&b, append(pairs, weights.KV{Key: "general.architecture", Value: c.Architecture}), tensors, nil); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(t.TempDir(), "model.gguf")
		write(t, path, b.Bytes())
		m := open(t, path)
		got, err := Parse(m)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if _, err := Build(got, m); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if c.Architecture == Llama { // as its q and k are stored there
			c.RoPE.Interleaved = true
		}
		if c.RoPE.Type == RoPELlama3 { // in the tensor
			stretched, err := got.RoPE.Stretched(c.Factors())
			if want := c.RoPE; err != nil || stretched.Factor != want.Factor || stretched.HighFreq != want.HighFreq {
				t.Errorf("%s: the factors are of %+v, %v, want %+v", name, stretched, err, want)
			}
			got.RoPE = c.RoPE
		}
		if math.Abs(got.RoPE.Attention-c.RoPE.Attention) < 1e-6 {
			got.RoPE.Attention = c.RoPE.Attention
		}
		got.RoPE.OriginalContext, got.BOS, got.EOS = c.RoPE.OriginalContext, c.BOS, c.EOS // ids are the tokenizer's part
		if !reflect.DeepEqual(got, c) {
			t.Errorf("%s reads back as\n%+v, want\n%+v", name, got, c)
		}
	}
}

func TestTheStretchOfLlama3IsFoundFromItsFactors(t *testing.T) {
	t.Parallel()
	for _, want := range []RoPE{
		{Type: RoPELlama3, Theta: 5e5, Factor: 8, LowFreq: 1, HighFreq: 4, OriginalContext: 8192},  // Llama 3.1
		{Type: RoPELlama3, Theta: 5e5, Factor: 32, LowFreq: 1, HighFreq: 4, OriginalContext: 8192}, // Llama 3.2
		{Type: RoPELlama3, Theta: 1e4, Factor: 4, LowFreq: 1, HighFreq: 8, OriginalContext: 2048},
	} {
		c := Config{HeadDim: 128, RoPE: want}
		got, err := RoPE{Theta: want.Theta}.Stretched(c.Factors())
		if err != nil || got != want {
			t.Errorf("found %+v, %v, want %+v", got, err, want)
		}
	}
	c := Config{HeadDim: 128, RoPE: RoPE{Type: RoPELlama3, Theta: 5e5, Factor: 8, LowFreq: 1, HighFreq: 4, OriginalContext: 8192}}
	odd := c.Factors()
	odd[40] *= 1.01
	if _, err := (RoPE{Theta: 5e5}).Stretched(odd); err == nil || !strings.Contains(err.Error(), ropeFactors) {
		t.Errorf("factors of no stretch give %v", err)
	}
}

func TestAConfigThatTheFormatCannotSayIsRefused(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		change func(*Config)
		want   string
	}{
		{"qwen2", func(c *Config) { c.QKVBias = false }, "no bias on q, k and v"},
		{"qwen3", func(c *Config) { c.QKVBias = true }, "not on the output"},
		{"llama3", func(c *Config) { c.RoPE.Interleaved = true }, "GGUF"},
		{"llama3", func(c *Config) { c.Architecture = "mamba" }, "mamba"},
	} {
		cfg, err := Parse(open(t, filepath.Join("testdata", c.name)))
		if err != nil {
			t.Fatal(err)
		}
		c.change(&cfg)
		_, err = cfg.JSON(kernels.F32)
		wantError(t, err, []string{c.want})
	}
	cfg, err := Parse(open(t, "testdata/qwen3"))
	if err != nil {
		t.Fatal(err)
	}
	_, err = cfg.JSON(kernels.Q8_0)
	wantError(t, err, []string{"Q8_0"})
}
