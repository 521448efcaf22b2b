package net

import (
	"math"
	"strings"

	"s1/kernels"
)

// DefaultStd is the deviation of first weights where nothing else is said, as in GPT-2 and Llama.
const DefaultStd = 0.02

// Init gives the first weights of a model that is trained from nothing, and of adapters. Each is a function of the seed, the
// parameter's name and the position of the element, whatever else the program has.
//
//	matrices       normal, deviation std; those that add to the residual stream (o_proj, down_proj) std / sqrt(2 layers)
//	norms, biases  1, 0
//	lora_A, lora_B uniform within 1/sqrt(in) (Kaiming's with a = sqrt 5, as PEFT), 0
func Init(p *kernels.TrainProgram, seed uint64, std float64) func(kernels.Param) []float32 {
	if std <= 0 {
		std = DefaultStd
	}
	layers := 0
	for _, spec := range p.Params {
		layers = max(layers, layerOf(spec.Name)+1)
	}
	return func(i kernels.Param) []float32 {
		spec := p.Params[i]
		out := make([]float32, spec.Elements())
		r := randoms(seed, spec.Name)
		switch name := spec.Name; {
		case strings.HasSuffix(name, "norm.weight"): // input_layernorm, q_norm, model.norm ...
			for j := range out {
				out[j] = 1
			}
		case strings.HasSuffix(name, ".bias"), strings.HasSuffix(name, loraB):
		case strings.HasSuffix(name, loraA):
			bound := 1 / math.Sqrt(float64(spec.Cols))
			for j := range out {
				out[j] = float32(bound * (2*r.uniform(uint64(j)) - 1))
			}
		default:
			s := std
			if strings.HasSuffix(name, "o_proj.weight") || strings.HasSuffix(name, "down_proj.weight") {
				s /= math.Sqrt(2 * float64(max(layers, 1)))
			}
			for j := range out {
				out[j] = float32(s * r.normal(uint64(j)))
			}
		}
		return out
	}
}

// random is a stream of numbers counted by index.
type random uint64

// randoms is the stream of a name (FNV-1a) under a seed.
func randoms(seed uint64, name string) random {
	h := uint64(0xcbf29ce484222325)
	for i := range len(name) {
		h = (h ^ uint64(name[i])) * 0x100000001b3
	}
	return random(mix(h ^ mix(seed)))
}

// mix is the finaliser of splitmix64.
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// uniform is number i of [0, 1).
func (r random) uniform(i uint64) float64 {
	return float64(mix(uint64(r)+i*0x9e3779b97f4a7c15)>>11) / (1 << 53)
}

// normal is number i of the standard normal distribution (Box and Muller).
func (r random) normal(i uint64) float64 {
	u, v := 1-r.uniform(2*i), r.uniform(2*i+1) // u > 0
	return math.Sqrt(-2*math.Log(u)) * math.Cos(2*math.Pi*v)
}
