// Package recipe is what a training run is asked to do, as a TOML file or an embedded preset: every value with its meaning,
// its default and the sentence that refuses a wrong one, and the learning rate of every step. It knows numbers and names;
// it opens neither models nor data, and trains nothing.
//
//	file or preset name -> Load (defaults, then its preset's values, then its own; unknown keys refused) -> Recipe
//	   -> flags of the command line -> Validate -> Ready
package recipe

import "s1/train/dataset"

// Recipe is a whole run. Defaults gives it the values that a file need not repeat.
type Recipe struct {
	Preset     string     `toml:"preset"` // start from this preset; what the file says goes over it
	Model      Model      `toml:"model"`
	Data       Data       `toml:"data"`
	OnPolicy   OnPolicy   `toml:"on_policy"`
	Train      Train      `toml:"train"`
	Optimizer  Optimizer  `toml:"optimizer"`
	Freeze     Freeze     `toml:"freeze"`
	LoRA       LoRA       `toml:"lora"`
	Checkpoint Checkpoint `toml:"checkpoint"`
	Eval       Eval       `toml:"eval"`
	Probe      Probe      `toml:"probe"`
	Pinned     Pinned     `toml:"pinned"`
	Launch     Launch     `toml:"launch"`

	Source string `toml:"-"` // the file or the preset's name, for messages
}

// Model says what is trained: a model there is, or a new one of these sizes.
type Model struct {
	Base string `toml:"base"` // a folder, file.gguf, org/name or smollm2; ./ and ../ count from the recipe's folder

	Needs string `toml:"needs"` // the preset whose result is the base: without one nothing is trained

	// From scratch: Hidden above 0 and no Base.
	Arch      string  `toml:"arch"`       // llama, qwen2 (bias of q, k, v) or qwen3 (norm of q, k)
	Hidden    int     `toml:"hidden"`     // width d
	Layers    int     `toml:"layers"`     //
	Heads     int     `toml:"heads"`      // of queries
	KVHeads   int     `toml:"kv_heads"`   // of keys and values; divides heads; 0 = heads
	HeadDim   int     `toml:"head_dim"`   // even; 0 = hidden / heads
	FF        int     `toml:"ff"`         // inner width of the feed-forward part
	Vocab     int     `toml:"vocab"`      // 0 = the tokenizer's
	Context   int     `toml:"context"`    // most positions
	RopeTheta float64 `toml:"rope_theta"` //
	NormEps   float64 `toml:"norm_eps"`   //
	Tied      bool    `toml:"tied"`       // the embedding is the head as well
	InitStd   float64 `toml:"init_std"`   // of the normal draws of the first weights
	Tokenizer string  `toml:"tokenizer"`  // a model to take the tokenizer of; with tape data it is the tape's own
}

// Scratch says whether a new model is made.
func (m Model) Scratch() bool { return m.Base == "" && m.Hidden > 0 }

// The kinds of data.
const (
	Rows = "rows" // JSONL files
	Tape = "tape" // generated traces of the calculator tape
)

// Data says what is read.
type Data struct {
	Kind        string             `toml:"kind"`          // rows or tape
	Files       []string           `toml:"files"`         // JSONL, .gz too; relative ones count from the recipe's folder
	HeldOut     HeldOut            `toml:"held_out"`      // a file, or a share of the rows (of a generator: ignored, it has its own)
	Block       int                `toml:"block"`         // most tokens of a row; 0 = the model's context; a preset's is cut down to that
	OverLong    string             `toml:"over_long"`     // a row with more: refuse, drop, or cut (from the right, as s1 did)
	LostBytes   string             `toml:"lost_bytes"`    // a row with text for which the model has no token: refuse, or allow (it is left out, and counted)
	ThinkFormat string             `toml:"think_format"`  // auto, or a name that s1 run --think-format takes
	Template    string             `toml:"template"`      // auto = the model's chat template, or bare text where it has none; none = bare text
	System      string             `toml:"system"`        // system text of rows that bring none; empty = the template's own default
	Turns       string             `toml:"turns"`         // of several assistant turns: train on the last, or on all
	Weights     map[string]float64 `toml:"token_weights"` // loss weight of trained tokens by their exact text; the others have 1
	Tape        dataset.TapeConfig `toml:"tape"`          // of the generator

	OwnBlock bool `toml:"-"` // block stands in a file of the user's, and not in a preset: too large a one is then a mistake
}

// OnPolicy mixes in what the model itself wrote, checked by the generator.
type OnPolicy struct {
	At          float64 `toml:"at"`          // the share of the steps after which drafts are sampled; 0 = never
	Drafts      int     `toml:"drafts"`      // how many
	Share       float64 `toml:"share"`       // of the examples from then on
	Temperature float64 `toml:"temperature"` // of their sampling
}

// What the factors of products with weights are rounded to. Sums, weights, gradients and moments are fp32 in any case.
const (
	FP32         = "fp32"
	BF16         = "bf16"          // where the CPU multiplies bf16, fp32 elsewhere
	EmulatedBF16 = "bf16-emulated" // everywhere: the rounding of such a CPU, without its speed
)

// Train says how much, and how it is cut into steps.
type Train struct {
	Epochs                int    `toml:"epochs"`                 // passes over the rows, or
	Steps                 int64  `toml:"steps"`                  // optimizer steps; one of the two is above 0
	BatchRows             int    `toml:"batch_rows"`             // rows of a step, or
	BatchTokens           int    `toml:"batch_tokens"`           // a step takes rows until it has so many tokens; one of the two is above 0
	MicroTokens           int    `toml:"micro_tokens"`           // rows of a micro-batch: documents are packed into them; 0 = block
	GradientCheckpointing bool   `toml:"gradient_checkpointing"` // keep only each layer's input and compute the layer again: less memory, a third more time
	Precision             string `toml:"precision"`              // of the products with weights: FP32, BF16, EmulatedBF16
	Seed                  uint64 `toml:"seed"`                   // of the first weights, the order of the data, dropout
	Threads               int    `toml:"threads"`                // 0 = one a core
}

// MicroRows is the rows of a micro-batch for a model of so many positions.
func (r Recipe) MicroRows(context int) int {
	switch {
	case r.Train.MicroTokens > 0:
		return r.Train.MicroTokens
	case r.Data.Block > 0:
		return min(r.Data.Block, context)
	}
	return context
}

// Optimizer says how weights move.
type Optimizer struct {
	Kind         string  `toml:"kind"`          // adamw, or muon (matrices inside layers; adamw for the rest)
	LR           float64 `toml:"lr"`            // peak, of AdamW
	MuonLR       float64 `toml:"muon_lr"`       // peak, of Muon
	Beta1        float64 `toml:"beta1"`         // of AdamW
	Beta2        float64 `toml:"beta2"`         //
	Eps          float64 `toml:"eps"`           // of AdamW
	WeightDecay  float64 `toml:"weight_decay"`  // of matrices; vectors have none
	MuonMomentum float64 `toml:"muon_momentum"` //
	Clip         float64 `toml:"clip"`          // most norm of the gradients together; 0 = no clipping
	Warmup       float64 `toml:"warmup"`        // share of the steps in which the rate rises from 0
	Schedule     string  `toml:"schedule"`      // after it: cosine, linear or constant
	MinShare     float64 `toml:"min_share"`     // of the peak, where cosine and linear end
	SpikeZ       float64 `toml:"spike_z"`       // skip a step whose loss is so many standard deviations above the recent ones; 0 = never
}

// Freeze names parameters that stay as they are.
type Freeze struct {
	Patterns []string `toml:"patterns"` // with * and ?, over names such as model.layers.0.self_attn.q_proj.weight
}

// LoRA trains small matrices beside frozen ones.
type LoRA struct {
	Rank    int      `toml:"rank"`    // 0 = no LoRA
	Alpha   float64  `toml:"alpha"`   // the added part counts alpha/rank, with rslora alpha/sqrt(rank)
	Dropout float64  `toml:"dropout"` // of what goes into it
	Targets []string `toml:"targets"` // all-linear, or names such as q_proj
	RSLoRA  bool     `toml:"rslora"`
}

// Checkpoint says what is kept on the way.
type Checkpoint struct {
	Every int64 `toml:"every"` // steps; 0 = only at the end and when stopped
	Keep  int   `toml:"keep"`  // the newest so many
}

// Eval measures the loss on rows that are not trained on.
type Eval struct {
	Every       int64 `toml:"every"`         // steps; 0 = never
	HeldOutRows int   `toml:"held_out_rows"` // at most; 0 = all of them, of a generator HeldOutTapes
	EarlyStop   int   `toml:"early_stop"`    // end after so many evaluations without a better one; 0 = never
	KeepBest    bool  `toml:"keep_best"`     // the weights with the least held-out loss are the result
}

// HeldOutTapes is how many traces a loss is measured on where a recipe of the generator does not say: of problems never trained on.
const HeldOutTapes = 256

// Probe lets a model of the calculator tape think on the way, at caps and with Waits. One of rows answers Pinned questions.
type Probe struct {
	Every int64 `toml:"every"` // steps; 0 = never
	N     int   `toml:"n"`     // problems
	Caps  []int `toml:"caps"`  // most thinking tokens; -1 = to its natural end, which is measured in any case
	Waits []int `toml:"waits"` // suppressed ends of thinking, without a cap; one Wait is measured in any case
}

// Defaults is what holds where a recipe says nothing: s1's own values where they fit any model.
func Defaults() Recipe {
	return Recipe{
		Model: Model{Arch: "llama", RopeTheta: 10000, NormEps: 1e-6, InitStd: 0.02},
		Data: Data{
			Kind: Rows, OverLong: "refuse", LostBytes: "refuse", ThinkFormat: "auto", Template: "auto", Turns: "last", Tape: dataset.DefaultTape(),
		},
		OnPolicy: OnPolicy{Temperature: 1},
		Train:    Train{Precision: FP32},
		Optimizer: Optimizer{
			Kind: "adamw", LR: 1e-5, MuonLR: 3e-3, Beta1: 0.9, Beta2: 0.95, Eps: 1e-8, WeightDecay: 1e-4, MuonMomentum: 0.95,
			Clip: 1, Warmup: 0.05, Schedule: "cosine",
		},
		LoRA:       LoRA{Alpha: 16, Targets: []string{"all-linear"}},
		Checkpoint: Checkpoint{Keep: 2},
		Probe:      Probe{N: 200, Caps: []int{16, 32, -1}, Waits: []int{1}},
		Pinned:     Pinned{Caps: []int{64, -1}, Limit: 512, AnswerCap: 64},
		Launch:     defaultLaunch(),
	}
}
