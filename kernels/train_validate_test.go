package kernels

import (
	"strings"
	"testing"
)

// smallTraining is a well-formed program with every op of training.
func smallTraining() *TrainProgram {
	return &TrainProgram{
		Rows: 6, Context: 4, Vocab: 5,
		Bufs: []TrainBuf{
			{Name: "x", Width: 8},
			{Name: "h", Width: 8},
			{Name: "k", Width: 4},
			{Name: "v", Width: 4},
			{Name: "a", Width: 8},
			{Name: "lse", Width: 2},
			{Name: "wanted", Width: 8, Wanted: true},
			{Name: "d wanted", Width: 8, Wanted: true},
			{Name: "d a", Width: 8},
			{Name: "d h", Width: 8},
			{Name: "d k", Width: 4},
			{Name: "d v", Width: 4},
		},
		Params: []ParamSpec{
			{Name: "table", Rows: 5, Cols: 8},
			{Name: "norm", Rows: 1, Cols: 8},
			{Name: "k", Rows: 4, Cols: 8},
			{Name: "bias", Rows: 1, Cols: 4},
		},
		Forward: []TrainOp{
			TrainEmbed{Table: 0, Out: 0},
			TrainNorm{X: 0, Out: 1, W: 1, Eps: 1e-5},
			TrainMatMul{X: 1, Out: 2, W: 2, Bias: 3, Scale: 1},
			TrainRoPE{X: 2, Heads: 1, Dim: 4, Freqs: []float32{1, 0.1}, Scale: 1},
			TrainAttention{Q: 1, K: 2, V: 3, Out: 4, LSE: 5, Heads: 2, KVHeads: 1, HeadDim: 4, Scale: 0.5},
			TrainSwiGLU{Gate: 4, Up: 1, Out: 0},
			TrainDropout{X: 0, Out: 4, Rate: 0.1},
			TrainSelect{X: 4, Out: 6},
			TrainLoss{X: 6, DX: 7, W: 0, Chunk: 3},
		},
		Backward: []TrainOp{
			TrainSelectGrad{DOut: 7, DX: 8},
			TrainSwiGLUGrad{Gate: 4, Up: 1, DOut: 8, DGate: 8, DUp: 9},
			TrainAttentionGrad{Q: 1, K: 2, V: 3, Out: 4, LSE: 5, DOut: 8, DQ: 9, DK: 10, DV: 11, Heads: 2, KVHeads: 1, HeadDim: 4, Scale: 0.5},
			TrainMatMulGradX{DOut: 10, DX: 9, W: 2, Scale: 1, Accumulate: true},
			TrainMatMulGradW{X: 1, DOut: 10, W: 2, Bias: 3, Scale: 1},
			TrainNormGrad{X: 0, DOut: 9, DX: 9, W: 1},
			TrainEmbedGrad{DOut: 9, Table: 0},
		},
	}
}

func TestTrainProgramsThatDoNotFitTogetherAreRefused(t *testing.T) {
	t.Parallel()
	if err := smallTraining().Validate(); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		spoil func(p *TrainProgram)
		want  string
	}{
		"no rows":                 {func(p *TrainProgram) { p.Rows = 0 }, "rows 0"},
		"empty buffer":            {func(p *TrainProgram) { p.Bufs[1].Width = 0 }, "width 0"},
		"buffer beyond indices":   {func(p *TrainProgram) { p.Bufs[1].Width = 1 << 30 }, "elements"},
		"empty parameter":         {func(p *TrainProgram) { p.Params[3].Rows = 0 }, "0 x 4"},
		"nothing to do":           {func(p *TrainProgram) { p.Forward = nil }, "empty"},
		"no loss":                 {func(p *TrainProgram) { p.Forward = p.Forward[:8] }, "want TrainLoss"},
		"a loss in backward":      {func(p *TrainProgram) { p.Backward[0] = p.Forward[8] }, "only there"},
		"a loss too early":        {func(p *TrainProgram) { p.Forward[0] = p.Forward[8] }, "only there"},
		"a gradient in forward":   {func(p *TrainProgram) { p.Forward[7] = p.Backward[0] }, "without gradients"},
		"table of another width":  {func(p *TrainProgram) { p.Forward[0] = TrainEmbed{Table: 0, Out: 2} }, "width 4, want 8"},
		"no such buffer":          {func(p *TrainProgram) { p.Forward[0] = TrainEmbed{Table: 0, Out: 12} }, "no buffer 12"},
		"absent buffer":           {func(p *TrainProgram) { p.Forward[8] = TrainLoss{X: 6, DX: NoBuf, W: 0, Chunk: 3} }, "no buffer -1"},
		"no such parameter":       {func(p *TrainProgram) { p.Forward[0] = TrainEmbed{Table: 4, Out: 0} }, "no parameter 4"},
		"norm of nothing":         {func(p *TrainProgram) { p.Forward[1] = TrainNorm{X: 0, Out: 1, W: NoParam} }, "no parameter -1"},
		"norm in place":           {func(p *TrainProgram) { p.Forward[1] = TrainNorm{X: 0, Out: 0, W: 1} }, "another buffer"},
		"heads do not divide":     {func(p *TrainProgram) { p.Forward[1] = TrainNorm{X: 0, Out: 1, W: 1, Heads: 3} }, "3 heads"},
		"negative eps":            {func(p *TrainProgram) { p.Forward[1] = TrainNorm{X: 0, Out: 1, W: 1, Eps: -1} }, "eps is -1"},
		"norm added in place":     {func(p *TrainProgram) { p.Backward[5] = TrainNormGrad{X: 0, DOut: 9, DX: 9, W: 1, Accumulate: true} }, "accumulated dx"},
		"product in place":        {func(p *TrainProgram) { p.Forward[2] = TrainMatMul{X: 1, Out: 1, W: 2, Bias: NoParam} }, "want 4"},
		"bias of another length":  {func(p *TrainProgram) { p.Forward[2] = TrainMatMul{X: 1, Out: 2, W: 2, Bias: 1} }, "1 x 8, want 1 x 4"},
		"gradient of nothing":     {func(p *TrainProgram) { p.Backward[4] = TrainMatMulGradW{X: 1, DOut: 10, W: NoParam, Bias: NoParam} }, "neither"},
		"rows of two kinds":       {func(p *TrainProgram) { p.Backward[4] = TrainMatMulGradW{X: 6, DOut: 10, W: 2, Bias: NoParam} }, "Wanted"},
		"odd rotation":            {func(p *TrainProgram) { p.Forward[3] = TrainRoPE{X: 2, Heads: 4, Dim: 1} }, "even size"},
		"frequencies missing":     {func(p *TrainProgram) { p.Forward[3] = TrainRoPE{X: 2, Heads: 1, Dim: 4} }, "0 frequencies"},
		"heads over 3":            {func(p *TrainProgram) { p.Forward[4] = TrainAttention{Heads: 2, KVHeads: 3, HeadDim: 4} }, "2 heads over 3"},
		"lse of a width":          {func(p *TrainProgram) { p.Bufs[5].Width = 3 }, "lse (lse) has width 3, want 2"},
		"keys' gradient in place": {func(p *TrainProgram) { g := p.Backward[2].(TrainAttentionGrad); g.DK = g.K; p.Backward[2] = g }, "dk (k)"},
		"queries' in place":       {func(p *TrainProgram) { g := p.Backward[2].(TrainAttentionGrad); g.DQ = g.DOut; p.Backward[2] = g }, "another buffer"},
		"gate over up":            {func(p *TrainProgram) { p.Backward[1] = TrainSwiGLUGrad{Gate: 4, Up: 1, DOut: 8, DGate: 9, DUp: 9} }, "dup"},
		"selection backwards":     {func(p *TrainProgram) { p.Forward[7] = TrainSelect{X: 6, Out: 6} }, "Wanted"},
		"nothing kept":            {func(p *TrainProgram) { p.Forward[6] = TrainDropout{X: 0, Out: 4, Rate: 1} }, "rate 1"},
		"loss in place":           {func(p *TrainProgram) { p.Forward[8] = TrainLoss{X: 6, DX: 6, W: 0, Chunk: 3} }, "another buffer"},
		"no chunk":                {func(p *TrainProgram) { p.Forward[8] = TrainLoss{X: 6, DX: 7, W: 0} }, "chunk 0"},
		"head of another width":   {func(p *TrainProgram) { p.Forward[8] = TrainLoss{X: 6, DX: 7, W: 2, Chunk: 3} }, "4 x 8, want 5 x 8"},
		"nil op":                  {func(p *TrainProgram) { p.Backward[0] = nil }, "unknown op"},
	} {
		p := smallTraining()
		c.spoil(p)
		if err := p.Validate(); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want an error with %q", name, err, c.want)
		}
	}
}
