package kerneltest

import (
	"encoding/binary"
	"math"
	"math/rand/v2"

	"s1/kernels"
)

// builder puts a small program together.
type builder struct {
	p kernels.Program
	r *rand.Rand
}

// newBuilder starts a program that reads tokens below vocab.
func newBuilder(seed uint64, vocab int) *builder {
	return &builder{
		r: rand.New(rand.NewPCG(seed, 1)),
		p: kernels.Program{Layers: 1, KVHeads: 1, HeadDim: 2, Vocab: vocab, Context: Pages * kernels.PageSize},
	}
}

func (b *builder) buf(name string, width int) kernels.Buf {
	b.p.Bufs = append(b.p.Bufs, kernels.BufSpec{Name: name, Width: width})
	return kernels.Buf(len(b.p.Bufs) - 1)
}

func (b *builder) outBuf(name string, width int) kernels.Buf {
	b.p.Bufs = append(b.p.Bufs, kernels.BufSpec{Name: name, Width: width, OutRows: true})
	return kernels.Buf(len(b.p.Bufs) - 1)
}

func (b *builder) op(ops ...kernels.Op) { b.p.Ops = append(b.p.Ops, ops...) }

func (b *builder) mat(m kernels.Matrix) kernels.Mat {
	b.p.Mats = append(b.p.Mats, m)
	return kernels.Mat(len(b.p.Mats) - 1)
}

// f32 adds an F32 matrix with the given values.
func (b *builder) f32(name string, rows, cols int, x []float32) kernels.Mat {
	return b.mat(kernels.Matrix{Name: name, Type: kernels.F32, Rows: rows, Cols: cols, Data: f32Bytes(x)})
}

// random adds a matrix of the type with random contents of about unit variance.
func (b *builder) random(name string, t kernels.DType, rows, cols int) kernels.Mat {
	return b.mat(RandomMatrix(b.r, name, t, rows, cols))
}

// around1 adds the weights of a norm.
func (b *builder) around1(name string, n int) kernels.Mat {
	x := make([]float32, n)
	for i := range x {
		x[i] = 1 + 0.3*float32(b.r.NormFloat64())
	}
	return b.f32(name, 1, n, x)
}

// input embeds tokens through a random F32 table into a new buffer.
func (b *builder) input(name string, width int) kernels.Buf {
	out := b.buf(name, width)
	b.op(kernels.Embed{Table: b.random(name, kernels.F32, b.p.Vocab, width), Out: out})
	return out
}

// reveal ends the program so that its first width logits are the selected rows of x; the others are 0.
func (b *builder) reveal(x kernels.Buf) *kernels.Program {
	width := b.p.Bufs[x].Width
	out := x
	if !b.p.Bufs[x].OutRows {
		out = b.outBuf("selected", width)
		b.op(kernels.Select{X: x, Out: out})
	}
	eye := make([]float32, b.p.Vocab*width)
	for i := range width {
		eye[i*width+i] = 1
	}
	b.op(kernels.Logits{X: out, W: b.f32("identity", b.p.Vocab, width, eye)})
	return &b.p
}

// batch is n rows of one sequence from position pos on, with random tokens and logits of every row.
func (b *builder) batch(n, pos int) *kernels.Batch {
	x := &kernels.Batch{Tables: [][]int32{pageRange(0, (pos+n-1)/kernels.PageSize+1)}}
	for i := range n {
		x.Tokens = append(x.Tokens, int32(b.r.IntN(b.p.Vocab)))
		x.Pos, x.Seq, x.Out = append(x.Pos, int32(pos+i)), append(x.Seq, 0), append(x.Out, int32(i))
	}
	return x
}

func pageRange(from, n int) []int32 {
	ids := make([]int32, n)
	for i := range ids {
		ids[i] = int32(from + i)
	}
	return ids
}

func f32Bytes(x []float32) []byte {
	b := make([]byte, 0, 4*len(x))
	for _, v := range x {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(v))
	}
	return b
}

// RandomMatrix returns a matrix with every bit of its packed fields in use and elements of about unit variance.
// Its rows are blocks of random bytes under scales that are set afterwards.
func RandomMatrix(r *rand.Rand, name string, t kernels.DType, rows, cols int) kernels.Matrix {
	m := kernels.Matrix{Name: name, Type: t, Rows: rows, Cols: cols, Data: make([]byte, rows*t.RowBytes(cols))}
	size := t.BlockBytes()
	for b := m.Data; len(b) > 0; b = b[size:] {
		for i := range size {
			b[i] = byte(r.Uint32())
		}
		spread := 0.5 + r.Float64() // of this block
		switch t {
		case kernels.F32:
			binary.LittleEndian.PutUint32(b, math.Float32bits(float32(r.NormFloat64())))
		case kernels.F16:
			putHalf(b, r.NormFloat64())
		case kernels.BF16:
			binary.LittleEndian.PutUint16(b, uint16(math.Float32bits(float32(r.NormFloat64()))>>16))
		case kernels.Q8_0:
			putHalf(b, spread/74) // uniform int8 has a deviation of 74
		case kernels.Q4_0:
			putHalf(b, spread/4.6)
		case kernels.Q4_1:
			putHalf(b, spread/4.6)
			putHalf(b[2:], -7.5*spread/4.6)
		case kernels.Q5_0:
			putHalf(b, -spread/9.2) // scales may be negative
		case kernels.Q5_1:
			putHalf(b, spread/9.2)
			putHalf(b[2:], -15.5*spread/9.2)
		case kernels.Q4_K: // scales and mins are uniform below 64
			putHalf(b, spread/(4.6*58))
			putHalf(b[2:], 7.5*spread/(4.6*58))
		case kernels.Q5_K:
			putHalf(b, spread/(9.2*58))
			putHalf(b[2:], 15.5*spread/(9.2*58))
		case kernels.Q6_K:
			putHalf(b[208:], spread/(18.5*74))
		}
	}
	return m
}

// putHalf writes x as an IEEE binary16, cut off, for magnitudes in the normal range or 0.
func putHalf(b []byte, x float64) {
	bits := math.Float32bits(float32(x))
	exp := int(bits>>23&0xff) - 127 + 15
	h := uint16(bits >> 16 & 0x8000)
	if exp > 0 && exp < 31 {
		h |= uint16(exp)<<10 | uint16(bits>>13&0x3ff)
	}
	binary.LittleEndian.PutUint16(b, h)
}
