package arch

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"

	"s1/engine/trace"
	"s1/engine/weights"
)

// Generation is how a model's authors want it sampled.
type Generation struct {
	Sampling trace.Sampling
	EOS      []int32 // every id that ends an answer: the config's and generation_config.json's
	Warning  string  // for a person who asks for greedy decoding; "" where the card allows it
}

// card is what a model card says where the files do not. Sources: the cards of Qwen/Qwen3-*, Qwen/QwQ-32B and
// deepseek-ai/DeepSeek-R1-Distill-*.
type card struct {
	name         string   // part of the model's name, lower case, words joined by "-"
	architecture string   // or what it is, whatever its name
	not          []string // parts of the names of its siblings that do not think
	family       string   // for people
	sampling     trace.Sampling
}

// cards are searched in order: R1 distilled into Qwen3 is R1's.
var cards = []card{
	{name: "deepseek-r1", family: "DeepSeek-R1", sampling: trace.Sampling{Temperature: 0.6, TopP: 0.95}},
	{name: "qwq", family: "QwQ", sampling: trace.Sampling{Temperature: 0.6, TopP: 0.95, TopK: 40}},
	{
		name: "qwen3", architecture: Qwen3, not: []string{"instruct", "base", "coder"}, family: "Qwen3",
		sampling: trace.Sampling{Temperature: 0.6, TopP: 0.95, TopK: 20},
	},
}

// ParseGeneration reads generation_config.json, or general.sampling.* of a GGUF file, or, without either, what the model's card says.
// Without any of them the default is greedy.
func ParseGeneration(m *weights.Model, c Config) (Generation, error) {
	g := Generation{EOS: slices.Clone(c.EOS)}
	said, err := g.fromFile(m, c)
	if err != nil {
		return Generation{}, err
	}
	if k, ok := cardOf(m.Name, c); ok {
		g.Warning = fmt.Sprintf("the model card of %s warns against greedy decoding (endless repetition); it asks for temperature %g, top-p %g",
			k.family, k.sampling.Temperature, k.sampling.TopP)
		if !said {
			g.Sampling = k.sampling
		}
	}
	return g, nil
}

func cardOf(name string, c Config) (card, bool) {
	name = strings.NewReplacer(" ", "-", "_", "-").Replace(strings.ToLower(name))
	for _, k := range cards {
		named := strings.Contains(name, k.name) || (k.architecture != "" && k.architecture == c.Architecture)
		if named && !slices.ContainsFunc(k.not, func(s string) bool { return strings.Contains(name, s) }) {
			return k, true
		}
	}
	return card{}, false
}

func (g *Generation) fromFile(m *weights.Model, c Config) (said bool, err error) {
	if m.Kind == weights.KindGGUF {
		said, err = g.parseMeta(m.Meta)
	} else {
		said, err = g.ParseJSON(m.Generation, c)
	}
	if err == nil {
		err = checkSampling(g.Sampling)
	}
	if err != nil {
		return false, fmt.Errorf("generation defaults: %w", err)
	}
	return said, nil
}

// generationJSON is what we read of a generation_config.json.
type generationJSON struct {
	DoSample      *bool    `json:"do_sample"`
	Temperature   *float64 `json:"temperature"`
	TopP          *float64 `json:"top_p"`
	TopK          *int     `json:"top_k"`
	MinP          *float64 `json:"min_p"`
	RepeatPenalty *float64 `json:"repetition_penalty"`
	EOS           idList   `json:"eos_token_id"`
}

// ParseJSON adds a generation_config.json; said tells whether it decides how to sample. Parameters without do_sample are taken as
// meant (transformers would ignore them), and a missing top_k is off (transformers would take 50, servers do not).
func (g *Generation) ParseJSON(b []byte, c Config) (said bool, err error) {
	if b == nil {
		return false, nil
	}
	var j generationJSON
	if err := json.Unmarshal(b, &j); err != nil {
		return false, fmt.Errorf("generation_config.json: %w", jsonError(err))
	}
	for _, id := range j.EOS {
		if id < 0 || int(id) >= c.Vocab {
			return false, fmt.Errorf("generation_config.json: eos_token_id %d is outside the vocabulary of %d", id, c.Vocab)
		}
		if !slices.Contains(g.EOS, id) {
			g.EOS = append(g.EOS, id)
		}
	}
	if j.RepeatPenalty != nil && *j.RepeatPenalty != 1 {
		g.Sampling.RepeatPenalty, g.Sampling.RepeatLast = *j.RepeatPenalty, c.Context // over everything, as transformers
	}
	if j.DoSample != nil && !*j.DoSample {
		return true, nil
	}
	if j.DoSample == nil && j.Temperature == nil && j.TopP == nil && j.TopK == nil && j.MinP == nil {
		return false, nil
	}
	g.Sampling.Temperature = 1
	set(&g.Sampling.Temperature, j.Temperature)
	set(&g.Sampling.TopP, j.TopP)
	set(&g.Sampling.MinP, j.MinP)
	if j.TopK != nil {
		g.Sampling.TopK = *j.TopK
	}
	return true, nil
}

func set(to, from *float64) {
	if from != nil {
		*to = *from
	}
}

func (g *Generation) parseMeta(meta *weights.Meta) (said bool, err error) {
	const prefix = "general.sampling."
	for key, to := range map[string]*float64{
		"temp": &g.Sampling.Temperature, "top_p": &g.Sampling.TopP, "min_p": &g.Sampling.MinP, "penalty_repeat": &g.Sampling.RepeatPenalty,
	} {
		if v, ok := meta.Float(prefix + key); ok {
			*to, said = v, true
		}
	}
	for key, to := range map[string]*int{"top_k": &g.Sampling.TopK, "penalty_last_n": &g.Sampling.RepeatLast} {
		if v, ok := meta.Int(prefix + key); ok {
			if v < 0 || v > math.MaxInt32 {
				return false, fmt.Errorf("%s%s is %d", prefix, key, v)
			}
			*to, said = int(v), true
		}
	}
	return said, nil
}

// checkSampling refuses what no sampler could follow.
func checkSampling(s trace.Sampling) error {
	for _, p := range []struct {
		name      string
		v         float64
		low, high float64
	}{
		{"temperature", s.Temperature, 0, 100},
		{"top_p", s.TopP, 0, 1},
		{"min_p", s.MinP, 0, 1},
		{"top_k", float64(s.TopK), 0, math.MaxInt32},
		{"repetition_penalty", s.RepeatPenalty, 0, 100},
	} {
		if !(p.v >= p.low && p.v <= p.high) {
			return fmt.Errorf("%s is %g, want %g to %g", p.name, p.v, p.low, p.high)
		}
	}
	return nil
}
