// Package export writes a trained model so that others open it: a Hugging Face folder, a PEFT adapter, a GGUF file. It also reads the
// float32 weights of a base model, to train from.
//
// It knows what the files of other programs look like, and how to leave either a whole export or none. It knows neither how
// weights came about (train), nor the formats' bytes (engine/weights), nor what a config says (engine/arch).
//
//	weights.Model -> Load -> Base.Params -> (training) -> Model.Params -> Folder, Adapter, GGUF -> a folder beside -> synced -> renamed
package export

import (
	"context"
	"fmt"
	"math"

	"s1/engine/arch"
	"s1/kernels"
)

// Params gives a parameter by its Hugging Face name, row after row, in the order of a folder (halves of a head are rotated, not
// neighbours). The slice is read before the next call and not kept.
type Params func(name string) ([]float32, error)

// Model is what is exported.
type Model struct {
	Config     arch.Config
	Params     Params
	Tokenizer  Tokenizer
	Generation []byte // generation_config.json; nil = made from the config's first and last tokens
	Card       Card
}

// Options are of all kinds of export. The zero value is right for most.
type Options struct {
	Type       kernels.DType // of a folder's weights: F32, F16, BF16; of a GGUF's matrices: F32, F16, BF16, Q8_0
	ShardBytes int64         // most bytes of one safetensors file, one tensor at least; 0 = 5 GB
	Replace    bool          // what is there already goes, once the new one is whole
}

const defaultShardBytes = 5_000_000_000

// Specs are the parameters of a decoder, as a trainer lists them: a tied head is the embedding and not listed.
func Specs(c arch.Config) []kernels.ParamSpec {
	var out []kernels.ParamSpec
	for _, t := range arch.Tensors(c) {
		out = append(out, kernels.ParamSpec{Name: t.Folder, Rows: t.Rows, Cols: t.Cols})
	}
	return out
}

// read gets one parameter and checks that it is whole and that every number of it can be stored as t.
func (p Params) read(ctx context.Context, name string, rows, cols int, t kernels.DType) ([]float32, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	values, err := p(name)
	if err != nil {
		return nil, fmt.Errorf("parameter %s: %w", name, err)
	}
	if len(values) != rows*cols {
		return nil, fmt.Errorf("parameter %s has %d elements, the config asks for %d x %d", name, len(values), rows, cols)
	}
	for i, v := range values {
		switch {
		case math.IsNaN(float64(v)) || math.IsInf(float64(v), 0):
			return nil, fmt.Errorf("parameter %s is %g at row %d, column %d: the training has diverged, and no program could use the model", name, v, i/cols, i%cols)
		case t == kernels.F16 && math.Abs(float64(v)) >= maxHalf:
			return nil, fmt.Errorf("parameter %s is %g at row %d, column %d, which F16 cannot hold; export as BF16 or F32", name, v, i/cols, i%cols)
		}
	}
	return values, nil
}

// maxHalf is the least magnitude that rounds to infinity in F16.
const maxHalf = 65520
