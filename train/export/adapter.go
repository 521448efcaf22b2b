package export

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"

	"s1/engine/arch"
	"s1/engine/weights"
	"s1/kernels"
)

// LoRA is what a low-rank training adds to a base: W + Scale B A for the matrices of Targets, in every layer.
type LoRA struct {
	Rank     int
	Alpha    float64
	Dropout  float64
	RSLoRA   bool     // the scale is Alpha / sqrt(Rank) instead of Alpha / Rank
	Targets  []string // q_proj, k_proj, v_proj, o_proj, gate_proj, up_proj, down_proj
	Base     string   // where the base is: a name on a hub, or a path; "" = where no other program finds it
	Revision string   // of the base; may be ""
	Params   Params   // <matrix>.lora_A.weight (Rank, in) and <matrix>.lora_B.weight (out, Rank), as model.layers.0.self_attn.q_proj.lora_A.weight
}

// Scale is what B A is multiplied by.
func (l LoRA) Scale() float64 {
	if l.RSLoRA {
		return l.Alpha / math.Sqrt(float64(l.Rank))
	}
	return l.Alpha / float64(l.Rank)
}

// pair is one matrix and what is added to it.
type pair struct {
	matrix  string // model.layers.0.self_attn.q_proj
	out, in int
}

// pairs finds the matrices that the targets name.
func (l LoRA) pairs(c arch.Config) ([]pair, error) {
	if l.Rank < 1 || !(l.Alpha > 0) {
		return nil, fmt.Errorf("a LoRA of rank %d and alpha %g; both must be positive", l.Rank, l.Alpha)
	}
	var all []pair
	found := map[string]bool{}
	for _, t := range arch.Tensors(c) {
		name, ok := strings.CutSuffix(t.Folder, ".weight")
		last := name[strings.LastIndexByte(name, '.')+1:]
		if !ok || t.Vector || !strings.HasSuffix(last, "_proj") || !slices.Contains(l.Targets, last) {
			continue
		}
		found[last] = true
		all = append(all, pair{name, t.Rows, t.Cols})
	}
	for _, target := range l.Targets {
		if !found[target] {
			return nil, fmt.Errorf("LoRA target %q is none of q_proj, k_proj, v_proj, o_proj, gate_proj, up_proj, down_proj", target)
		}
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("a LoRA without targets")
	}
	return all, nil
}

// adapterConfig is adapter_config.json.
type adapterConfig struct {
	Type     string   `json:"peft_type"`
	Task     string   `json:"task_type"`
	Base     *string  `json:"base_model_name_or_path"`
	Revision *string  `json:"revision"`
	Rank     int      `json:"r"`
	Alpha    float64  `json:"lora_alpha"`
	Dropout  float64  `json:"lora_dropout"`
	RSLoRA   bool     `json:"use_rslora"`
	Targets  []string `json:"target_modules"`
	Bias     string   `json:"bias"`
	FanInOut bool     `json:"fan_in_fan_out"`
	Init     bool     `json:"init_lora_weights"`
	Infer    bool     `json:"inference_mode"`
}

// Adapter writes a folder that PEFT opens: adapter_config.json, adapter_model.safetensors, README.md. o.Type is F32, F16 or BF16.
func Adapter(ctx context.Context, dir string, c arch.Config, l LoRA, card Card, o Options) error {
	return adapter(ctx, dir, c, l, card, o, realDisk)
}

func adapter(ctx context.Context, dir string, c arch.Config, l LoRA, card Card, o Options, d disk) error {
	all, err := l.pairs(c)
	if err != nil {
		return fmt.Errorf("export to %s: %w", dir, err)
	}
	if o.Type.Block() != 1 {
		return fmt.Errorf("export to %s: an adapter holds F32, F16 or BF16, not %v", dir, o.Type)
	}
	a := adapterConfig{
		Type: "LORA", Task: "CAUSAL_LM", Rank: l.Rank, Alpha: l.Alpha, Dropout: l.Dropout, RSLoRA: l.RSLoRA,
		Targets: l.Targets, Bias: "none", Init: true, Infer: true,
	}
	if l.Base != "" {
		a.Base = &l.Base
	}
	if l.Revision != "" {
		a.Revision = &l.Revision
	}
	config, err := readable(a)
	if err != nil {
		return fmt.Errorf("export to %s: %w", dir, err)
	}
	const prefix = "base_model.model."
	f := shard{name: "adapter_model.safetensors"}
	for _, p := range all {
		f.tensors = append(f.tensors,
			weights.Tensor{Name: prefix + p.matrix + ".lora_A.weight", Type: o.Type, Shape: []int{l.Rank, p.in}},
			weights.Tensor{Name: prefix + p.matrix + ".lora_B.weight", Type: o.Type, Shape: []int{p.out, l.Rank}})
	}
	params := func(name string) ([]float32, error) { return l.Params(strings.TrimPrefix(name, prefix)) }
	return publish(dir, "", o, d, func(s *stage) error {
		if err := s.bytes("adapter_config.json", config); err != nil {
			return err
		}
		if err := s.safetensors(ctx, f, params); err != nil {
			return err
		}
		return s.bytes("README.md", card.adapter(l, s.files))
	})
}

// Merge gives the parameters of the base with the LoRA added.
func (l LoRA) Merge(c arch.Config, base Params) (Params, error) {
	all, err := l.pairs(c)
	if err != nil {
		return nil, fmt.Errorf("merge: %w", err)
	}
	of := map[string]pair{}
	for _, p := range all {
		of[p.matrix+".weight"] = p
	}
	return func(name string) ([]float32, error) {
		p, ok := of[name]
		if !ok {
			return base(name)
		}
		ctx := context.Background() // whoever asks for a parameter can stop before it
		a, err := l.Params.read(ctx, p.matrix+".lora_A.weight", l.Rank, p.in, kernels.F32)
		if err != nil {
			return nil, err
		}
		a = slices.Clone(a) // the next call may reuse it
		b, err := l.Params.read(ctx, p.matrix+".lora_B.weight", p.out, l.Rank, kernels.F32)
		if err != nil {
			return nil, err
		}
		b = slices.Clone(b)
		w, err := base.read(ctx, name, p.out, p.in, kernels.F32)
		if err != nil {
			return nil, err
		}
		sum, scale := make([]float64, p.in), l.Scale()
		merged := make([]float32, len(w))
		for row := range p.out {
			clear(sum)
			for r := range l.Rank {
				f := scale * float64(b[row*l.Rank+r])
				for i, v := range a[r*p.in : (r+1)*p.in] {
					sum[i] += f * float64(v)
				}
			}
			for i := range sum {
				merged[row*p.in+i] = float32(float64(w[row*p.in+i]) + sum[i])
			}
		}
		return merged, nil
	}, nil
}
