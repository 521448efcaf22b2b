package arch

import (
	"slices"
	"strings"
	"testing"

	"s1/engine/trace"
	"s1/engine/weights"
)

func TestGenerationDefaults(t *testing.T) {
	t.Parallel()
	c := Config{Architecture: Qwen2, Vocab: 1000, Context: 4096, EOS: []int32{7}}
	for _, x := range []struct {
		name, file   string // "" = no generation_config.json
		model        string
		architecture string
		want         trace.Sampling
		eos          []int32
		warns        bool
	}{
		{name: "nothing said is greedy", eos: []int32{7}},
		{
			name: "Qwen2.5", file: `{"do_sample": true, "temperature": 0.7, "top_p": 0.8, "top_k": 20, "repetition_penalty": 1.05, "eos_token_id": [9, 7]}`,
			want: trace.Sampling{Temperature: 0.7, TopP: 0.8, TopK: 20, RepeatPenalty: 1.05, RepeatLast: 4096}, eos: []int32{7, 9},
		},
		{name: "do_sample false is greedy", file: `{"do_sample": false, "temperature": 0.7}`, eos: []int32{7}},
		{name: "do_sample alone is temperature 1", file: `{"do_sample": true}`, want: trace.Sampling{Temperature: 1}, eos: []int32{7}},
		{name: "parameters without do_sample are meant", file: `{"temperature": 0.2, "min_p": 0.1}`, want: trace.Sampling{Temperature: 0.2, MinP: 0.1}, eos: []int32{7}},
		{name: "only an end", file: `{"eos_token_id": 8, "bos_token_id": null}`, eos: []int32{7, 8}},
		{
			name: "the card of Qwen3", model: "Qwen/Qwen3-0.6B", warns: true,
			want: trace.Sampling{Temperature: 0.6, TopP: 0.95, TopK: 20}, eos: []int32{7},
		},
		{
			name: "the card of R1-Distill", model: "DeepSeek R1 Distill Qwen 1.5B", warns: true,
			want: trace.Sampling{Temperature: 0.6, TopP: 0.95}, eos: []int32{7},
		},
		{
			name: "the file before the card", model: "QwQ-32B", file: `{"do_sample": true, "temperature": 0.5}`, warns: true,
			want: trace.Sampling{Temperature: 0.5}, eos: []int32{7},
		},
		{
			name: "Qwen3 under another name", model: "my-finetune", architecture: Qwen3, warns: true,
			want: trace.Sampling{Temperature: 0.6, TopP: 0.95, TopK: 20}, eos: []int32{7},
		},
		{
			name: "R1 distilled into Qwen3", model: "DeepSeek-R1-0528-Qwen3-8B", architecture: Qwen3, warns: true,
			want: trace.Sampling{Temperature: 0.6, TopP: 0.95}, eos: []int32{7},
		},
		{name: "not every Qwen3 thinks", architecture: Qwen3, model: "Qwen3-4B-Instruct-2507", eos: []int32{7}},
	} {
		m := &weights.Model{Kind: weights.KindSafetensors, Name: x.model}
		if x.file != "" {
			m.Generation = []byte(x.file)
		}
		c := c
		if x.architecture != "" {
			c.Architecture = x.architecture
		}
		g, err := ParseGeneration(m, c)
		if err != nil {
			t.Errorf("%s: %v", x.name, err)
			continue
		}
		if got := g.Sampling; got.Temperature != x.want.Temperature || got.TopP != x.want.TopP || got.TopK != x.want.TopK || got.MinP != x.want.MinP ||
			got.RepeatPenalty != x.want.RepeatPenalty || got.RepeatLast != x.want.RepeatLast {
			t.Errorf("%s: got %+v, want %+v", x.name, got, x.want)
		}
		if !slices.Equal(g.EOS, x.eos) {
			t.Errorf("%s: ends %v, want %v", x.name, g.EOS, x.eos)
		}
		if (g.Warning != "") != x.warns {
			t.Errorf("%s: warning %q, want one: %t", x.name, g.Warning, x.warns)
		}
	}
}

func TestGenerationDefaultsOutOfRangeAreRefused(t *testing.T) {
	t.Parallel()
	c := Config{Architecture: Qwen2, Vocab: 1000, Context: 4096}
	for file, want := range map[string]string{
		`{"do_sample": true, "temperature": -1}`:   "temperature is -1",
		`{"do_sample": true, "top_p": 1.5}`:        "top_p is 1.5",
		`{"do_sample": true, "top_k": -3}`:         "top_k is -3",
		`{"do_sample": true, "min_p": 2}`:          "min_p is 2",
		`{"repetition_penalty": 1e9}`:              "repetition_penalty is 1e+09",
		`{"eos_token_id": 1000}`:                   "eos_token_id 1000 is outside the vocabulary of 1000",
		`{"temperature": "hot"}`:                   "temperature is a string",
		`{"do_sample": true, "eos_token_id": "x"}`: "token id",
		`{"eos_token_id": [1, 2, 99999999999999]}`: "token id",
	} {
		_, err := ParseGeneration(&weights.Model{Kind: weights.KindSafetensors, Generation: []byte(file)}, c)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want an error with %q", file, err, want)
		}
	}
}

func TestGGUFGenerationDefaults(t *testing.T) {
	t.Parallel()
	m := openGGUF(t, open(t, "testdata/qwen3"), map[string]any{
		"general.sampling.temp": float32(0.5), "general.sampling.top_k": int32(30), "general.name": "Some Model",
	})
	c, err := Parse(m)
	if err != nil {
		t.Fatal(err)
	}
	g, err := ParseGeneration(m, c)
	if err != nil {
		t.Fatal(err)
	}
	if g.Sampling.Temperature != 0.5 || g.Sampling.TopK != 30 {
		t.Errorf("got %+v, want temperature 0.5, top-k 30", g.Sampling)
	}
}
