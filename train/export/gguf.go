package export

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"slices"

	"s1/engine/arch"
	"s1/engine/weights"
	"s1/kernels"
)

// fileTypes are llama.cpp's numbers for what most of a file's matrices are stored as (general.file_type).
var fileTypes = map[kernels.DType]uint32{kernels.F32: 0, kernels.F16: 1, kernels.Q8_0: 7, kernels.BF16: 32}

// GGUF writes a file that llama.cpp opens: matrices as o.Type (F16 where a row is no whole number of its blocks), norms and biases as
// F32, q and k of the llama architecture in the order of neighbours, the stretch of Llama 3 as its tensor, the vocabulary. path must
// not exist, unless o.Replace.
func GGUF(ctx context.Context, path string, m Model, o Options) error {
	return gguf(ctx, path, m, o, realDisk)
}

func gguf(ctx context.Context, path string, m Model, o Options, d disk) error {
	c := m.Config
	fileType, ok := fileTypes[o.Type]
	if !ok {
		return fmt.Errorf("export to %s: a GGUF file is made of F32, F16, BF16 or Q8_0, not of %v", path, o.Type)
	}
	described, err := c.Pairs()
	if err != nil {
		return fmt.Errorf("export to %s: %w", path, err)
	}
	vocabulary, err := m.Tokenizer.pairs(c)
	if err != nil {
		return fmt.Errorf("export to %s: %w", path, err)
	}
	pairs := slices.Concat([]weights.KV{
		{Key: "general.architecture", Value: c.Architecture},
		{Key: "general.type", Value: "model"},
	}, m.Card.pairs(), []weights.KV{
		{Key: "general.file_type", Value: fileType},
		{Key: "general.quantization_version", Value: uint32(2)},
	}, described, vocabulary)

	specs := map[string]arch.TensorSpec{}
	var tensors []weights.Tensor
	for _, s := range arch.Tensors(c) {
		t := weights.Tensor{Name: s.GGUF, Type: o.Type, Shape: []int{s.Rows, s.Cols}}
		if s.Cols%t.Type.Block() != 0 {
			t.Type = kernels.F16
		}
		if s.Vector {
			t.Type, t.Shape = kernels.F32, t.Shape[1:]
		}
		specs[s.GGUF] = s
		tensors = append(tensors, t)
	}
	factors := c.Factors()
	if factors != nil {
		tensors = append(tensors, weights.Tensor{Name: arch.FactorsName, Type: kernels.F32, Shape: []int{len(factors)}})
	}
	fill := func(w io.Writer, t weights.Tensor) error {
		if t.Name == arch.FactorsName {
			return store(w, kernels.F32, factors)
		}
		s := specs[t.Name]
		values, err := m.Params.read(ctx, s.Folder, s.Rows, s.Cols, t.Type)
		if err != nil {
			return err
		}
		if c.Architecture == arch.Llama && s.Rotary > 0 {
			values = arch.Interleave(values, s.Rotary, len(values)/(s.Rotary*c.HeadDim), false)
		}
		return store(w, t.Type, values)
	}
	name := filepath.Base(path)
	return publish(path, name, o, d, func(s *stage) error {
		return s.write(name, func(w io.Writer) error { return weights.WriteGGUF(w, pairs, tensors, fill) })
	})
}
