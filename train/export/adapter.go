package export

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"s1/engine/adapter"
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
	Word     string   // what s1 opens the base by; may be ""
	SHA256   string   // of the base; may be ""
	Params   Params   // <matrix>.lora_A.weight (Rank, in) and <matrix>.lora_B.weight (out, Rank), as model.layers.0.self_attn.q_proj.lora_A.weight
}

// Scale is what B A is multiplied by.
func (l LoRA) Scale() float64 { return adapter.Scale(l.Rank, l.Alpha, l.RSLoRA) }

// metadata is what s1 finds the base by again.
func (l LoRA) metadata() map[string]string {
	texts := map[string]string{}
	if l.Word != "" {
		texts[adapter.BaseKey] = l.Word
	}
	if l.SHA256 != "" {
		texts[adapter.HashKey] = l.SHA256
	}
	return texts
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

// Adapter writes a folder that PEFT opens: adapter_config.json, adapter_model.safetensors, README.md. o.Type is F32, F16 or BF16.
func Adapter(ctx context.Context, dir string, c arch.Config, l LoRA, card Card, o Options) error {
	return writeAdapter(ctx, dir, c, l, card, o, realDisk)
}

func writeAdapter(ctx context.Context, dir string, c arch.Config, l LoRA, card Card, o Options, d disk) error {
	all, err := l.pairs(c)
	if err != nil {
		return fmt.Errorf("export to %s: %w", dir, err)
	}
	if o.Type.Block() != 1 {
		return fmt.Errorf("export to %s: an adapter holds F32, F16 or BF16, not %v", dir, o.Type)
	}
	a := adapter.Config{
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
	f := shard{name: adapter.WeightsFile, metadata: l.metadata()}
	for _, p := range all {
		f.tensors = append(f.tensors,
			weights.Tensor{Name: adapter.Prefix + p.matrix + adapter.HalfA, Type: o.Type, Shape: []int{l.Rank, p.in}},
			weights.Tensor{Name: adapter.Prefix + p.matrix + adapter.HalfB, Type: o.Type, Shape: []int{p.out, l.Rank}})
	}
	params := func(name string) ([]float32, error) { return l.Params(strings.TrimPrefix(name, adapter.Prefix)) }
	return publish(dir, "", o, d, func(s *stage) error {
		if err := s.bytes(adapter.ConfigFile, config); err != nil {
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
		a, err := l.Params.read(ctx, p.matrix+adapter.HalfA, l.Rank, p.in, kernels.F32)
		if err != nil {
			return nil, err
		}
		a = slices.Clone(a) // the next call may reuse it
		b, err := l.Params.read(ctx, p.matrix+adapter.HalfB, p.out, l.Rank, kernels.F32)
		if err != nil {
			return nil, err
		}
		b = slices.Clone(b)
		w, err := base.read(ctx, name, p.out, p.in, kernels.F32)
		if err != nil {
			return nil, err
		}
		merged := slices.Clone(w)
		adapter.Add(merged, p.in, a, b, l.Rank, l.Scale())
		return merged, nil
	}, nil
}
