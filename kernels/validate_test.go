package kernels

import (
	"strings"
	"testing"
)

// small is a well-formed program with every op.
func small() *Program {
	f32 := func(rows, cols int) Matrix {
		return Matrix{Name: "m", Type: F32, Rows: rows, Cols: cols, Data: make([]byte, 4*rows*cols)}
	}
	return &Program{
		Layers: 1, KVHeads: 1, HeadDim: 4, Vocab: 5, Context: 100,
		Bufs: []BufSpec{{Name: "x", Width: 8}, {Name: "k", Width: 4}, {Name: "out", Width: 8, OutRows: true}},
		Mats: []Matrix{f32(5, 8), f32(1, 8), f32(8, 8), f32(4, 8), f32(1, 2)},
		Ops: []Op{
			Embed{Table: 0, Out: 0},
			RMSNorm{X: 0, Out: 0, W: 1, Eps: 1e-5},
			MatMul{X: 0, Out: 1, W: 3, Bias: None},
			RoPE{X: 1, Heads: 1, Dim: 4, Freqs: 4, Scale: 1},
			KVWrite{K: 1, V: 1},
			Attention{Q: 0, Out: 0, Heads: 2, KVHeads: 1, HeadDim: 4, Scale: 1},
			SwiGLU{Gate: 0, Up: 0, Out: 0},
			Select{X: 0, Out: 2},
			Logits{X: 2, W: 0},
		},
	}
}

func TestProgramsThatDoNotFitTogetherAreRefused(t *testing.T) {
	t.Parallel()
	if err := small().Validate(); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		spoil func(p *Program)
		want  string
	}{
		"no vocabulary":        {func(p *Program) { p.Vocab = 0 }, "vocabulary 0"},
		"empty buffer":         {func(p *Program) { p.Bufs[1].Width = 0 }, "width 0"},
		"short matrix":         {func(p *Program) { p.Mats[0].Data = p.Mats[0].Data[1:] }, "159"},
		"unknown type":         {func(p *Program) { p.Mats[0].Type = 99 }, "DType(99)"},
		"ragged blocks":        {func(p *Program) { p.Mats[0].Type = Q8_0 }, "multiple of 32"},
		"rows beyond memory":   {func(p *Program) { p.Mats[0].Rows = 1 << 62 }, "needs 32 bytes a row"},
		"table of other width": {func(p *Program) { p.Bufs[0].Width = 6 }, "width 6, want 8"},
		"no such buffer":       {func(p *Program) { p.Ops[0] = Embed{Table: 0, Out: 7} }, "no buffer 7"},
		"negative buffer":      {func(p *Program) { p.Ops[0] = Embed{Table: 0, Out: -1} }, "no buffer -1"},
		"no such matrix":       {func(p *Program) { p.Ops[0] = Embed{Table: 9, Out: 0} }, "no matrix 9"},
		"norm of nothing":      {func(p *Program) { p.Ops[1] = RMSNorm{X: 0, Out: 0, W: None} }, "no matrix -1"},
		"norm not in F32":      {func(p *Program) { p.Mats[1].Type, p.Mats[1].Data = F16, make([]byte, 16) }, "is F16, want F32"},
		"heads do not divide":  {func(p *Program) { p.Ops[1] = RMSNorm{X: 0, Out: 0, W: 1, Heads: 3} }, "3 heads"},
		"product in place":     {func(p *Program) { p.Ops[2] = MatMul{X: 0, Out: 0, W: 2, Bias: None} }, "out is x"},
		"bias of other length": {func(p *Program) { p.Ops[2] = MatMul{X: 0, Out: 1, W: 3, Bias: 1} }, "1 x 8, want 1 x 4"},
		"odd rotation":         {func(p *Program) { p.Ops[3] = RoPE{X: 1, Heads: 4, Dim: 1, Freqs: 4} }, "not even"},
		"layer beyond":         {func(p *Program) { p.Ops[4] = KVWrite{K: 1, V: 1, Layer: 1} }, "layer 1 of 1"},
		"no heads":             {func(p *Program) { p.Ops[5] = Attention{KVHeads: 1, HeadDim: 4} }, "0 heads"},
		"rows of two kinds":    {func(p *Program) { p.Ops[6] = SwiGLU{Gate: 0, Up: 2, Out: 0} }, "OutRows"},
		"select backwards":     {func(p *Program) { p.Ops[7] = Select{X: 2, Out: 2} }, "OutRows"},
		"logits not last":      {func(p *Program) { p.Ops = append(p.Ops, SwiGLU{Gate: 0, Up: 0, Out: 0}) }, "last"},
		"nil op":               {func(p *Program) { p.Ops[0] = nil }, "unknown op"},
	} {
		p := small()
		c.spoil(p)
		if err := p.Validate(); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want an error with %q", name, err, c.want)
		}
	}
}
