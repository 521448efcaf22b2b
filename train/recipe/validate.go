package recipe

import (
	"fmt"
	"math"
	"path"
	"slices"
	"strings"

	"s1/engine/spelling"
	"s1/engine/think"
	"s1/train/recipes"
)

// check is one thing that must hold, and what to say when it does not.
type check struct {
	ok   bool
	key  string
	got  any
	want string
}

// Validate refuses values that mean nothing, each with its key, what it is and what it may be.
func (r Recipe) Validate() error {
	checks := slices.Concat(r.Model.checks(), r.Data.checks(), r.OnPolicy.checks(), r.Train.checks(), r.Optimizer.checks(), r.adapterChecks(), r.watchChecks(), r.Pinned.checks(), r.Launch.checks())
	for _, c := range checks {
		if !c.ok {
			return fmt.Errorf("recipe %s: %s is %s: want %s", r.Source, c.key, shown(c.got), c.want)
		}
	}
	if r.Data.Kind == Tape {
		if err := r.Data.Tape.Validate(); err != nil {
			return fmt.Errorf("recipe %s: data.%w", r.Source, err)
		}
	}
	return nil
}

// Ready says what is still missing before a run: presets name neither a model nor files.
func (r Recipe) Ready() error {
	if err := r.Validate(); err != nil {
		return err
	}
	const missing = "recipe %s names no %s"
	switch {
	case r.Model.Base == "" && r.Model.Needs != "":
		return fmt.Errorf("recipe %s goes on from the result of %s and has no base: make one with s1 train %s --out %s, and then s1 train %s -m %s/model",
			r.Source, r.Model.Needs, r.Model.Needs, r.Model.Needs, r.Source, r.Model.Needs)
	case r.Model.Base == "" && !r.Model.Scratch():
		return fmt.Errorf(missing+": give [model] base, or hidden, layers and heads of a new one", r.Source, "model")
	case r.Data.Kind == Rows && len(r.Data.Files) == 0:
		return fmt.Errorf(missing+": give [data] files, a list of JSONL files", r.Source, "data")
	case r.Data.Kind == Rows && r.Model.Scratch() && r.Model.Tokenizer == "":
		return fmt.Errorf(missing+": a new model on rows takes that of another one, [model] tokenizer", r.Source, "tokenizer")
	case r.Train.Epochs == 0 && r.Train.Steps == 0:
		return fmt.Errorf(missing+": give [train] epochs or steps", r.Source, "end")
	case r.Train.BatchRows == 0 && r.Train.BatchTokens == 0:
		return fmt.Errorf(missing+": give [train] batch_rows or batch_tokens", r.Source, "batch")
	}
	return nil
}

func (m Model) checks() []check {
	c := []check{
		{m.Base == "" || m.Hidden == 0, "model.base", m.Base, fmt.Sprintf("either a base or the sizes of a new model, but hidden is %d", m.Hidden)},
		{m.Hidden >= 0, "model.hidden", m.Hidden, "a width above 0"},
		{m.Needs == "" || slices.Contains(recipes.Names(), m.Needs), "model.needs", m.Needs, "the name of a preset"},
		oneOf("model.arch", m.Arch, "llama", "qwen2", "qwen3"),
	}
	if !m.Scratch() {
		return c
	}
	kv, dim := m.KV(), m.Dim()
	return append(c,
		check{m.Hidden <= 1<<16, "model.hidden", m.Hidden, "at most 65536"},
		check{m.Layers >= 1 && m.Layers <= 1024, "model.layers", m.Layers, "1 to 1024"},
		check{m.Heads >= 1 && m.Heads <= 1024, "model.heads", m.Heads, "1 to 1024"},
		check{kv >= 1 && m.Heads%max(kv, 1) == 0, "model.kv_heads", m.KVHeads, fmt.Sprintf("a divisor of heads (%d)", m.Heads)},
		check{m.HeadDim > 0 || m.HeadDim == 0 && m.Hidden%max(m.Heads, 1) == 0, "model.head_dim", m.HeadDim, fmt.Sprintf("a size, because hidden (%d) is not divisible by heads (%d)", m.Hidden, m.Heads)},
		check{dim >= 2 && dim%2 == 0 && dim <= 1024, "model.head_dim", dim, "an even number from 2 to 1024"},
		check{m.FF >= 1 && m.FF <= 1<<20, "model.ff", m.FF, "1 to 1048576"},
		check{m.Vocab >= 0 && m.Vocab <= 1<<24, "model.vocab", m.Vocab, "0 (the tokenizer's) or more"},
		check{m.Context >= 2 && m.Context <= 1<<24, "model.context", m.Context, "at least 2 positions"},
		within("model.rope_theta", m.RopeTheta, 1, 1e12),
		above("model.norm_eps", m.NormEps, 1e-2),
		above("model.init_std", m.InitStd, 10),
	)
}

func (d Data) checks() []check {
	c := []check{
		oneOf("data.kind", d.Kind, Rows, Tape),
		oneOf("data.over_long", d.OverLong, "refuse", "drop", "cut"),
		oneOf("data.lost_bytes", d.LostBytes, "refuse", "allow"),
		oneOf("data.template", d.Template, "auto", "none"),
		oneOf("data.turns", d.Turns, "last", "all"),
		oneOf("data.think_format", d.ThinkFormat, think.Names()...),
		{d.Block == 0 || d.Block >= 2, "data.block", d.Block, "0 (the model's context) or at least 2 tokens"},
		{d.HeldOut.Share >= 0 && d.HeldOut.Share < 1, "data.held_out", d.HeldOut.Share, "a share of the rows, 0 up to but not 1, or a file"},
		{!slices.Contains(d.Files, ""), "data.files", "a list with an empty name", "names of JSONL files"},
	}
	for text, w := range d.Weights {
		c = append(c, within(fmt.Sprintf("data.token_weights of %q", text), w, 0, 1e4))
	}
	return c
}

func (o OnPolicy) checks() []check {
	c := []check{{o.At >= 0 && o.At < 1, "on_policy.at", o.At, "a share of the steps, 0 (never) up to but not 1"}}
	if o.At > 0 {
		c = append(c,
			check{o.Drafts >= 1, "on_policy.drafts", o.Drafts, "at least 1"},
			above("on_policy.share", o.Share, 1),
			above("on_policy.temperature", o.Temperature, 10),
		)
	}
	return c
}

func (t Train) checks() []check {
	return []check{
		{t.Epochs >= 0, "train.epochs", t.Epochs, "at least 1"},
		{t.Steps >= 0, "train.steps", t.Steps, "at least 1"},
		{t.Epochs == 0 || t.Steps == 0, "train.epochs", t.Epochs, fmt.Sprintf("epochs or steps (%d), not both", t.Steps)},
		{t.BatchRows >= 0, "train.batch_rows", t.BatchRows, "at least 1"},
		{t.BatchTokens >= 0, "train.batch_tokens", t.BatchTokens, "at least 1"},
		{t.BatchRows == 0 || t.BatchTokens == 0, "train.batch_rows", t.BatchRows, fmt.Sprintf("batch_rows or batch_tokens (%d), not both", t.BatchTokens)},
		oneOf("train.precision", t.Precision, FP32, BF16, EmulatedBF16),
		{t.MicroTokens >= 0, "train.micro_tokens", t.MicroTokens, "0 (block) or at least 1"},
		{t.Threads >= 0 && t.Threads <= 4096, "train.threads", t.Threads, "0 (one a core) to 4096"},
	}
}

func (o Optimizer) checks() []check {
	c := []check{
		oneOf("optimizer.kind", o.Kind, "adamw", "muon"),
		above("optimizer.lr", o.LR, 10),
		{o.Beta1 >= 0 && o.Beta1 < 1, "optimizer.beta1", o.Beta1, "0 up to but not 1"},
		{o.Beta2 >= 0 && o.Beta2 < 1, "optimizer.beta2", o.Beta2, "0 up to but not 1"},
		above("optimizer.eps", o.Eps, 1),
		within("optimizer.weight_decay", o.WeightDecay, 0, 10),
		{o.Clip >= 0 && !math.IsInf(o.Clip, 0), "optimizer.clip", o.Clip, "0 (no clipping) or a norm above it"},
		{o.Warmup >= 0 && o.Warmup < 1, "optimizer.warmup", o.Warmup, "a share of the steps, 0 up to but not 1"},
		oneOf("optimizer.schedule", o.Schedule, "cosine", "linear", "constant"),
		within("optimizer.min_share", o.MinShare, 0, 1),
		{o.SpikeZ == 0 || o.SpikeZ >= 1 && !math.IsInf(o.SpikeZ, 0), "optimizer.spike_z", o.SpikeZ, "0 (never) or at least 1 standard deviation"},
	}
	if o.Kind == "muon" {
		c = append(c, above("optimizer.muon_lr", o.MuonLR, 10),
			check{o.MuonMomentum >= 0 && o.MuonMomentum < 1, "optimizer.muon_momentum", o.MuonMomentum, "0 up to but not 1"})
	}
	return c
}

// adapterChecks are of what is frozen and what is added.
func (r Recipe) adapterChecks() []check {
	var c []check
	for _, p := range r.Freeze.Patterns {
		_, err := path.Match(p, "")
		c = append(c, check{err == nil && p != "", "freeze.patterns", p, "a name with * and ?"})
	}
	l := r.LoRA
	c = append(c, check{l.Rank >= 0 && l.Rank <= 4096, "lora.rank", l.Rank, "0 (no LoRA) to 4096"})
	if l.Rank > 0 {
		c = append(c,
			check{!r.Model.Scratch(), "lora.rank", l.Rank, "0 for a new model: there is nothing to adapt"},
			above("lora.alpha", l.Alpha, 1e5),
			check{l.Dropout >= 0 && l.Dropout < 1, "lora.dropout", l.Dropout, "0 up to but not 1"},
			check{len(l.Targets) > 0 && !slices.Contains(l.Targets, ""), "lora.targets", l.Targets, `["all-linear"] or names such as "q_proj"`},
		)
	}
	return c
}

// Limits of a probe: the training waits for it.
const (
	mostProbed = 32 // caps, and counts of Waits
	mostWaits  = 64
)

// watchChecks are of what is kept and measured on the way.
func (r Recipe) watchChecks() []check {
	e, p := r.Eval, r.Probe
	c := []check{
		{r.Checkpoint.Every >= 0, "checkpoint.every", r.Checkpoint.Every, "0 (only at the end) or a number of steps"},
		{r.Checkpoint.Keep >= 1, "checkpoint.keep", r.Checkpoint.Keep, "at least 1"},
		{e.Every >= 0, "eval.every", e.Every, "0 (never) or a number of steps"},
		{e.HeldOutRows >= 0, "eval.held_out_rows", e.HeldOutRows, "0 (all) or more"},
		{e.EarlyStop >= 0, "eval.early_stop", e.EarlyStop, "0 (never) or a number of evaluations"},
		{e.Every > 0 || e.EarlyStop == 0 && !e.KeepBest, "eval.every", e.Every, "a number of steps, because early_stop and keep_best compare held-out losses"},
		{p.Every >= 0, "probe.every", p.Every, "0 (never) or a number of steps"},
		{p.Every == 0 || r.Data.Kind == Tape, "probe.every", p.Every, "0, because its problems are those of the calculator tape and the data are rows; [pinned] asks questions of your own"},
		{p.Every == 0 || p.N >= 1, "probe.n", p.N, "at least 1 problem"},
		{p.Every == 0 || slices.ContainsFunc(p.Caps, func(n int) bool { return n >= 0 }), "probe.caps", p.Caps, "at least one cap of 0 or more tokens"},
		{len(p.Caps) <= mostProbed && len(p.Waits) <= mostProbed, "probe.caps and probe.waits", len(p.Caps) + len(p.Waits), fmt.Sprintf("at most %d of each", mostProbed)},
	}
	for _, n := range p.Caps {
		c = append(c, check{n >= -1, "probe.caps", n, "-1 (no cap), 0 (no thinking) or more"})
	}
	for _, n := range p.Waits {
		c = append(c, check{n >= 0 && n <= mostWaits, "probe.waits", n, fmt.Sprintf("0 to %d", mostWaits)})
	}
	return c
}

// KV is the number of key and value heads.
func (m Model) KV() int {
	if m.KVHeads == 0 {
		return m.Heads
	}
	return m.KVHeads
}

// Dim is the size of a head.
func (m Model) Dim() int {
	if m.HeadDim == 0 {
		return m.Hidden / max(m.Heads, 1)
	}
	return m.HeadDim
}

// above wants 0 < x <= to; it refuses NaN.
func above(key string, x, to float64) check {
	return check{x > 0 && x <= to, key, x, fmt.Sprintf("above 0, at most %g", to)}
}

// within wants from <= x <= to; it refuses NaN.
func within(key string, x, from, to float64) check {
	return check{x >= from && x <= to, key, x, fmt.Sprintf("%g to %g", from, to)}
}

func oneOf(key, x string, known ...string) check {
	return check{slices.Contains(known, x), key, x, "one of " + strings.Join(known, ", ") + spelling.Hint(x, known)}
}

func shown(v any) string {
	if s, ok := v.(string); ok {
		return fmt.Sprintf("%q", s)
	}
	return fmt.Sprint(v)
}
