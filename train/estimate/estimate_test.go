package estimate

import (
	"errors"
	"math"
	"os"
	"strings"
	"testing"

	"s1/kernels"
	"s1/kernels/cpu"
	"s1/kernels/kerneltest"
	"s1/train/metrics"
)

func decoder(width, rows, lora int) kerneltest.TrainCase {
	return kerneltest.TrainDecoder(1, kerneltest.TrainShape{
		Layers: 2, Vocab: 4096, Width: width, FF: 4 * width, Heads: width / 32, KVHeads: width / 64, HeadDim: 32, LoRA: lora,
		Chunk: 128, Docs: [][]int{{rows / 2, rows - rows/2}},
	})
}

// muonOfMatrices is the rule that mini trains with.
func muonOfMatrices(p *kernels.TrainProgram) func(kernels.Param) kernels.Rule {
	return func(i kernels.Param) kernels.Rule {
		if s := p.Params[i]; s.Rows > 1 && s.Rows < 4096 {
			return kernels.Muon
		}
		return kernels.AdamW
	}
}

func trained(t *testing.T, c kerneltest.TrainCase, rule func(kernels.Param) kernels.Rule) int64 {
	t.Helper()
	tr, err := cpu.NewTrainer(c.Program, cpu.TrainOptions{Threads: 1})
	if err != nil {
		t.Skip(err)
	}
	defer tr.Close()
	for i, w := range c.Weights {
		tr.Write(kernels.SlotWeight, kernels.Param(i), w)
	}
	if _, err := tr.Run(t.Context(), c.Batches[0], true); err != nil {
		t.Fatal(err)
	}
	var updates []kernels.Update
	for i := range c.Program.Params {
		u := kernels.Update{Param: kernels.Param(i), LR: 1e-3, Beta1: .9, Beta2: .95, Eps: 1e-8, Step: 1, GradScale: 1}
		if rule != nil {
			u.Rule = rule(u.Param)
		}
		updates = append(updates, u)
	}
	tr.Update(updates)
	largest := 0
	for i, spec := range c.Program.Params {
		if spec.Elements() > c.Program.Params[largest].Elements() {
			largest = i
		}
	}
	values := make([]float32, c.Program.Params[largest].Elements()) // as a save does, an array at a time
	tr.Read(kernels.SlotWeight, kernels.Param(largest), values)
	return tr.Bytes()
}

func TestTheEstimateIsWhatTheTrainerTakes(t *testing.T) {
	for _, c := range []struct {
		name        string
		width, rows int
		lora        int
		muon        bool
	}{
		{"many parameters", 128, 32, 0, false},
		{"many rows", 128, 512, 0, false},
		{"muon", 128, 32, 0, true},
		{"lora", 128, 32, 4, false},
	} {
		d := decoder(c.width, c.rows, c.lora)
		p := Plan{Program: d.Program, Threads: 1}
		if c.muon {
			p.Rule = muonOfMatrices(d.Program)
		}
		got, e := trained(t, d, p.Rule), Of(p)
		arrays := e.Weights + e.Gradients + e.Moments + e.Activations + p.rotations()
		// It may err upwards by what it adds to each array for its pages.
		slack := int64(4*len(d.Program.Params)+len(d.Program.Bufs)+16) * arrayBytes
		if over := arrays - got; over < 0 || over > slack {
			t.Errorf("%s: %d bytes of arrays estimated, the trainer holds %d: %d over, want 0 to %d", c.name, arrays, got, over, slack)
		}
		t.Logf("%s: estimate %s; arrays estimated %d, held %d", c.name, e, arrays, got)
	}
}

func TestTheEstimateCoversThePeakAndIsNotFarAboveIt(t *testing.T) {
	c := decoder(256, 1024, 0)
	p := Plan{Program: c.Program, Threads: 1}
	need := Of(p).Total()
	// 5 sets the peak back to what is in use now.
	if err := os.WriteFile("/proc/self/clear_refs", []byte("5"), 0); err != nil {
		t.Skip(err)
	}
	before := metrics.PeakMemory()
	trained(t, c, nil)
	grown := metrics.PeakMemory() - before
	t.Logf("estimated %d, grown %d (%.2f)", need, grown, float64(need)/float64(grown))
	if grown > need || float64(need) > 1.3*float64(grown) {
		t.Errorf("the estimate is %s, the process grew by %s", Bytes(need), Bytes(grown))
	}
}

func TestTooLittleMemoryGetsOneSentenceThatHelps(t *testing.T) {
	t.Parallel()
	c := decoder(256, 2048, 0)
	p := Plan{Program: c.Program, Threads: 2, LeastRows: 200, RecomputedRowBytes: 4096, CanLoRA: true}
	full := Of(p).Total()
	if err := Check(p, full); err != nil {
		t.Errorf("exactly enough: %v", err)
	}
	atLeast := func(c change) int64 { return p.at(200, c).Total() }
	for name, x := range map[string]struct {
		free  int64
		plan  func(*Plan)
		fits  bool
		words []string
	}{
		"a little less":      {full - 1, nil, true, []string{"micro_tokens ="}},
		"the longest just":   {atLeast(change{}), nil, true, []string{"micro_tokens = 200"}},
		"recompute":          {atLeast(change{}) - 1, nil, true, []string{"gradient checkpointing"}},
		"lora":               {atLeast(change{}) - 1, func(p *Plan) { p.RecomputedRowBytes = 0 }, true, []string{"LoRA"}},
		"both":               {p.at(200, change{recompute: true, lora: true}).Total(), nil, true, []string{"micro_tokens = 200", "gradient checkpointing", "LoRA"}},
		"nothing helps":      {1 << 20, nil, false, []string{"even with", "a smaller model"}},
		"no remedy is known": {1 << 20, func(p *Plan) { *p = Plan{Program: p.Program, LeastRows: 2048} }, false, []string{"; take a smaller model"}},
	} {
		q := p
		if x.plan != nil {
			x.plan(&q)
		}
		err := Check(q, x.free)
		var e *TooLargeError
		if !errors.As(err, &e) {
			t.Errorf("%s: got %v", name, err)
			continue
		}
		if (e.Then <= x.free) != x.fits {
			t.Errorf("%s: then %d of %d free, want fits = %v: %v", name, e.Then, x.free, x.fits, err)
		}
		for _, w := range x.words {
			if !strings.Contains(err.Error(), w) {
				t.Errorf("%s: %q does not say %q", name, err, w)
			}
		}
		if strings.ContainsAny(err.Error(), "\n") {
			t.Errorf("%s: more than a line", name)
		}
		t.Log(name+":", err)
	}
}

func TestFewerRowsAreAsManyAsFit(t *testing.T) {
	t.Parallel()
	p := Plan{Program: decoder(128, 2048, 0).Program, LeastRows: 100}
	for free := p.at(100, change{}).Total(); free < Of(p).Total(); free += 1 << 20 {
		rows := p.fit(100, free, change{})
		if p.at(rows, change{}).Total() > free {
			t.Fatalf("%d bytes free: %d rows do not fit", free, rows)
		}
		if p.at(rows+rowStep, change{}).Total() <= free {
			t.Fatalf("%d bytes free: %d rows, %d fit", free, rows, rows+rowStep)
		}
	}
}

func TestFreeMemoryOfThisMachine(t *testing.T) {
	n, ok := FreeMemory()
	if !ok {
		t.Skip("this system does not say")
	}
	if n <= 0 || n == math.MaxInt64 {
		t.Errorf("%d bytes", n)
	}
}

func TestRemediesAreEachAloneAndTogetherWhereOneIsNotEnough(t *testing.T) {
	t.Parallel()
	c := decoder(256, 2048, 0)
	p := Plan{Program: c.Program, Threads: 2, LeastRows: 200, RecomputedRowBytes: 4096, CanLoRA: true, Other: 1 << 20}
	e := Of(p)
	var sum int64
	for _, x := range e.Classes() {
		sum += x.Bytes
	}
	if all := e.Weights + e.Master + e.Gradients + e.Moments + e.Activations + e.Logits + e.Scratch + e.Framework + e.Other + e.Spare; sum != e.Total() || sum != all {
		t.Errorf("the classes come to %d, all is %d, the total %d", sum, all, e.Total())
	}
	for name, x := range map[string]struct {
		free int64
		want []string
	}{
		"one is enough":  {e.Total() - 1, []string{"micro_tokens", "gradient checkpointing", "LoRA"}},
		"it takes all":   {p.at(200, change{recompute: true, lora: true}).Total(), []string{"micro_tokens", "gradient checkpointing", "LoRA", " and "}},
		"nothing enough": {1 << 20, []string{"micro_tokens", "gradient checkpointing", "LoRA", " and "}},
	} {
		var large *TooLargeError
		if err := Check(p, x.free); !errors.As(err, &large) || len(large.Ways) != len(x.want) {
			t.Fatalf("%s: %v with the ways %+v, want %q", name, err, large.Ways, x.want)
		}
		for i, w := range large.Ways {
			if !strings.Contains(w.Words, x.want[i]) || w.Then <= 0 || w.Then >= e.Total() || i < 3 && strings.Contains(w.Words, " and ") {
				t.Errorf("%s: way %d is %+v, want %q", name, i, w, x.want[i])
			}
		}
	}
}
