package weights

import (
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"

	"s1/kernels"
)

// SynthShape is the shape of a model with random weights: complete and loadable, and its text is noise.
// It serves speed figures and tests, where only shapes and formats count.
type SynthShape struct {
	Name     string
	Arch     string // llama, qwen2, qwen3
	Layers   int
	Hidden   int
	Inter    int
	Heads    int
	KVHeads  int
	HeadDim  int
	Vocab    int // at least 259: 256 bytes and three control tokens
	Context  int
	RopeBase float32
	Tied     bool // the embedding is the output matrix too
}

// SynthShapes are the shapes with a name: small ones for tests, and two that real models have.
func SynthShapes() []SynthShape {
	return []SynthShape{
		{"tiny-llama", "llama", 2, 256, 512, 4, 2, 64, 1024, 2048, 1e4, false},
		{"tiny-qwen2", "qwen2", 2, 256, 512, 4, 2, 64, 1024, 2048, 1e6, true},
		{"tiny-qwen3", "qwen3", 2, 256, 512, 4, 2, 128, 1024, 2048, 1e6, true},
		{"135m", "llama", 30, 576, 1536, 9, 3, 64, 49152, 8192, 1e5, true},
		{"0.5b", "qwen2", 24, 896, 4864, 14, 2, 64, 151936, 32768, 1e6, true},
	}
}

// SynthShapeNamed finds one of SynthShapes.
func SynthShapeNamed(name string) (SynthShape, error) {
	var names []string
	for _, s := range SynthShapes() {
		if s.Name == name {
			return s, nil
		}
		names = append(names, s.Name)
	}
	return SynthShape{}, fmt.Errorf("no synthetic shape %q; there are %v", name, names)
}

// synthDeviation is the standard deviation of the random weights, as in freshly initialised models.
const synthDeviation = 0.02

// Synth writes a GGUF file of the shape with random matrices of type t. Equal seeds give equal files. A matrix whose rows
// are not whole blocks of t is stored as Q8_0, or F16 where that does not fit either.
func Synth(path string, s SynthShape, t kernels.DType, seed uint64) (err error) {
	f, err := os.Create(path)
	if err != nil {
		return fmt.Errorf("synthetic model: %w", err)
	}
	defer func() {
		if cerr := f.Close(); err == nil {
			err = cerr
		}
		if err != nil {
			os.Remove(path)
		}
	}()
	return SynthTo(f, s, t, seed)
}

// SynthTo is Synth into any writer.
func SynthTo(w io.Writer, s SynthShape, t kernels.DType, seed uint64) error {
	if s.Vocab < minSynthVocab || s.Vocab > maxSynthVocab {
		return fmt.Errorf("synthetic model %q: a vocabulary of %d; %d to %d can be made", s.Name, s.Vocab, minSynthVocab, maxSynthVocab)
	}
	r := rand.NewChaCha8([32]byte(binary.LittleEndian.AppendUint64(make([]byte, 24), seed)))
	fill := func(w io.Writer, x Tensor) error { return synthFill(w, x, r) }
	if err := WriteGGUF(w, synthMeta(s, t), synthTensors(s, t), fill); err != nil {
		return fmt.Errorf("synthetic model %q: %w", s.Name, err)
	}
	return nil
}

func synthTensors(s SynthShape, t kernels.DType) []Tensor {
	var ts []Tensor
	matrix := func(name string, rows, cols int) {
		typ := t
		for _, next := range []kernels.DType{kernels.Q8_0, kernels.F16} {
			if cols%typ.Block() != 0 {
				typ = next
			}
		}
		ts = append(ts, Tensor{Name: name + ".weight", Type: typ, Shape: []int{rows, cols}})
	}
	vector := func(name string, n int) { ts = append(ts, Tensor{Name: name, Type: kernels.F32, Shape: []int{n}}) }
	q, kv := s.Heads*s.HeadDim, s.KVHeads*s.HeadDim
	matrix("token_embd", s.Vocab, s.Hidden)
	vector("output_norm.weight", s.Hidden)
	if !s.Tied {
		matrix("output", s.Vocab, s.Hidden)
	}
	for l := range s.Layers {
		p := fmt.Sprintf("blk.%d.", l)
		vector(p+"attn_norm.weight", s.Hidden)
		matrix(p+"attn_q", q, s.Hidden)
		matrix(p+"attn_k", kv, s.Hidden)
		matrix(p+"attn_v", kv, s.Hidden)
		switch s.Arch {
		case "qwen2":
			vector(p+"attn_q.bias", q)
			vector(p+"attn_k.bias", kv)
			vector(p+"attn_v.bias", kv)
		case "qwen3":
			vector(p+"attn_q_norm.weight", s.HeadDim)
			vector(p+"attn_k_norm.weight", s.HeadDim)
		}
		matrix(p+"attn_output", s.Hidden, q)
		vector(p+"ffn_norm.weight", s.Hidden)
		matrix(p+"ffn_gate", s.Inter, s.Hidden)
		matrix(p+"ffn_up", s.Inter, s.Hidden)
		matrix(p+"ffn_down", s.Hidden, s.Inter)
	}
	return ts
}

// synthFill writes one tensor in pieces: norms near 1, biases near 0, matrices of random blocks.
func synthFill(w io.Writer, t Tensor, r *rand.ChaCha8) error {
	floats := rand.New(r)
	if len(t.Shape) == 1 {
		values := make([]float32, t.Shape[0])
		for i := range values {
			values[i] = float32(floats.NormFloat64() * synthDeviation)
			if t.Name[len(t.Name)-len(".bias"):] != ".bias" {
				values[i]++
			}
		}
		_, err := w.Write(Floats32(values))
		return err
	}
	const blocks = 2048 // written at once
	left := int(t.Elements()) / t.Type.Block()
	buf := make([]byte, min(blocks, left)*t.Type.BlockBytes())
	for left > 0 {
		n := min(blocks, left)
		b := buf[:n*t.Type.BlockBytes()]
		_, _ = r.Read(b) // never fails
		for block := b; len(block) > 0; block = block[t.Type.BlockBytes():] {
			scaleBlock(t.Type, block, floats)
		}
		if _, err := w.Write(b); err != nil {
			return err
		}
		left -= n
	}
	return nil
}

// scaleBlock gives a block of random bits the scales that make its values have synthDeviation.
// The divisors are the standard deviations of the formats' uniformly random codes.
func scaleBlock(t kernels.DType, b []byte, r *rand.Rand) {
	half := func(at int, v float64) { binary.LittleEndian.PutUint16(b[at:], f32ToF16(float32(v))) }
	const sd = synthDeviation
	switch t {
	case kernels.F32:
		binary.LittleEndian.PutUint32(b, math.Float32bits(float32(r.NormFloat64()*sd)))
	case kernels.F16:
		half(0, r.NormFloat64()*sd)
	case kernels.BF16:
		binary.LittleEndian.PutUint16(b, f32ToBF16(float32(r.NormFloat64()*sd)))
	case kernels.Q8_0:
		half(0, sd/74)
	case kernels.Q4_0:
		half(0, sd/4.6)
	case kernels.Q4_1:
		half(0, sd/4.6)
		half(2, -7.5*sd/4.6)
	case kernels.Q5_0:
		half(0, sd/9.2)
	case kernels.Q5_1:
		half(0, sd/9.2)
		half(2, -15.5*sd/9.2)
	case kernels.Q4_K: // 6-bit scales and mins of mean 31.5; the mins must take the mean of the codes away
		half(0, sd/(36*4.6))
		half(2, 7.5*sd/(36*4.6))
	case kernels.Q5_K:
		half(0, sd/(36*9.2))
		half(2, 15.5*sd/(36*9.2))
	case kernels.Q6_K:
		half(208, sd/(74*18))
	}
}
