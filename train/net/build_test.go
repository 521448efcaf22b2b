package net_test

import (
	"math"
	"reflect"
	"strings"
	"testing"

	"s1/engine/arch"
	"s1/kernels"
	"s1/train/net"
)

func TestParametersAreTheTensorsOfTheModelThenItsAdapters(t *testing.T) {
	t.Parallel()
	for _, c := range netCases() {
		p := c.build(t, nil)
		tensors := arch.Tensors(c.config)
		for i, want := range tensors {
			if got := p.Params[i]; got.Name != want.Folder || got.Rows != want.Rows || got.Cols != want.Cols || got.Frozen != (c.options.LoRA != nil) {
				t.Errorf("%s: parameter %d is %+v, want %+v, frozen only beside adapters", c.name, i, got, want)
			}
		}
		targets := 0
		if l := c.options.LoRA; l != nil {
			targets = len(l.Targets)
			if targets == 0 {
				targets = 7
			}
		}
		if got, want := len(p.Params)-len(tensors), 2*targets*c.config.Layers; got != want {
			t.Errorf("%s: %d adapter parameters, want %d", c.name, got, want)
		}
	}
	p := netCases()[8].build(t, nil)
	last := p.Params[len(p.Params)-2:]
	for i, want := range []kernels.ParamSpec{
		{Name: "model.layers.2.mlp.down_proj.lora_A.weight", Rows: 2, Cols: 10}, {Name: "model.layers.2.mlp.down_proj.lora_B.weight", Rows: 12, Cols: 2},
	} {
		if last[i] != want {
			t.Errorf("adapter parameter is %+v, want %+v", last[i], want)
		}
	}
}

// Nobody waits for a gradient that nobody needs, nor keeps what only such a gradient would read.
func TestTheWayBackEndsAtTheLowestTrainedParameter(t *testing.T) {
	t.Parallel()
	c := netCases()[0]
	full := c.build(t, nil)
	for _, x := range []struct {
		trained string // the only one
		ops     []kernels.TrainOp
	}{
		{"nothing", nil},
		{"lm_head.weight", nil}, // the loss does it
		{"model.norm.weight", []kernels.TrainOp{kernels.TrainNormGrad{}}},
		{"model.layers.2.mlp.down_proj.weight", []kernels.TrainOp{kernels.TrainNormGrad{}, kernels.TrainSelectGrad{}, kernels.TrainMatMulGradW{}}},
		{"model.layers.2.self_attn.o_proj.weight", []kernels.TrainOp{
			kernels.TrainNormGrad{},
			kernels.TrainSelectGrad{},
			kernels.TrainMatMulGradX{},
			kernels.TrainSwiGLUGrad{},
			kernels.TrainMatMulGradX{},
			kernels.TrainMatMulGradX{},
			kernels.TrainNormGrad{},
			kernels.TrainMatMulGradW{},
		}},
	} {
		p := c.build(t, func(o *net.Options) { o.Frozen = func(name string) bool { return name != x.trained } })
		if len(p.Backward) != len(x.ops) {
			t.Errorf("%s alone is trained by %d ops, want %d: %T", x.trained, len(p.Backward), len(x.ops), p.Backward)
			continue
		}
		for i, want := range x.ops {
			if reflect.TypeOf(p.Backward[i]) != reflect.TypeOf(want) {
				t.Errorf("%s alone: op %d is %T, want %T", x.trained, i, p.Backward[i], want)
			}
		}
		if got := net.BytesPerRow(p); got >= net.BytesPerRow(full) {
			t.Errorf("%s alone takes %d bytes a row, everything %d", x.trained, got, net.BytesPerRow(full))
		}
	}
	frozen := func(o *net.Options) { o.Frozen = func(string) bool { return true } }
	few := net.BytesPerRow(c.build(t, frozen))
	c.config.Layers = 30
	if many := net.BytesPerRow(c.build(t, frozen)); many != few {
		t.Errorf("without a way back 30 layers take %d bytes a row, 3 take %d", many, few)
	}
}

func TestBytesPerRowIsWhatAnExecutorTakes(t *testing.T) {
	t.Parallel()
	for _, c := range netCases() {
		small := c.build(t, func(o *net.Options) { o.Rows = 16 })
		large := c.build(t, func(o *net.Options) { o.Rows = 48 })
		bytes := func(p *kernels.TrainProgram) int64 { return executors[0].trainer(t, p).Bytes() / 2 } // the oracle's are float64
		if got, want := bytes(large)-bytes(small), 32*net.BytesPerRow(small); got != want {
			t.Errorf("%s: 32 rows more take %d bytes, want %d", c.name, got, want)
		}
		if got, want := bytes(small), 16*net.BytesPerRow(small)+net.StateBytes(small, 2); got != want {
			t.Errorf("%s: 16 rows and AdamW take %d bytes, want %d", c.name, got, want)
		}
	}
}

func TestBuildNamesWhatIsWrong(t *testing.T) {
	t.Parallel()
	for _, x := range []struct {
		want   string
		change func(c *arch.Config, o *net.Options)
	}{
		{"rows of a micro-batch is 0", func(_ *arch.Config, o *net.Options) { o.Rows = 0 }},
		{"context -1", func(_ *arch.Config, o *net.Options) { o.Context = -1 }},
		{"loss chunk -3", func(_ *arch.Config, o *net.Options) { o.LossChunk = -3 }},
		{"layers is 0", func(c *arch.Config, _ *net.Options) { c.Layers = 0 }},
		{"head size is -4", func(c *arch.Config, _ *net.Options) { c.HeadDim = -4 }},
		{"4 heads over 3 kv heads", func(c *arch.Config, _ *net.Options) { c.KVHeads = 3 }},
		{"size 5, want an even size", func(c *arch.Config, _ *net.Options) { c.HeadDim = 5 }},
		{"rank 0", func(_ *arch.Config, o *net.Options) { o.LoRA = &net.LoRA{Alpha: 1} }},
		{"alpha NaN", func(_ *arch.Config, o *net.Options) { o.LoRA = &net.LoRA{Rank: 1, Alpha: math.NaN()} }},
		{"dropout 1", func(_ *arch.Config, o *net.Options) { o.LoRA = &net.LoRA{Rank: 1, Alpha: 1, Dropout: 1} }},
		{`target "lm_head" is none of q_proj`, func(_ *arch.Config, o *net.Options) {
			o.LoRA = &net.LoRA{Rank: 1, Alpha: 1, Targets: []string{"q_proj", "lm_head"}}
		}},
	} {
		c, o := plainConfig(), net.Options{Rows: 8}
		x.change(&c, &o)
		if _, err := net.Build(c, o); err == nil || !strings.Contains(err.Error(), x.want) {
			t.Errorf("error %v, want one with %q", err, x.want)
		}
	}
}

func TestTheLossChunkFitsTheVocabulary(t *testing.T) {
	t.Parallel()
	for vocab, want := range map[int]int{55: 1024, 49152: 341, 151936: 110, 1 << 20: 32} {
		c := plainConfig()
		c.Vocab = vocab
		p, err := net.Build(c, net.Options{Rows: 4096})
		if err != nil {
			t.Fatal(err)
		}
		if got := p.Forward[len(p.Forward)-1].(kernels.TrainLoss).Chunk; got != want {
			t.Errorf("chunk of %d rows for a vocabulary of %d, want %d", got, vocab, want)
		}
		if p.Context != c.Context {
			t.Errorf("context %d, want the model's %d", p.Context, c.Context)
		}
	}
}
