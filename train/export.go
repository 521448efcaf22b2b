package train

import (
	"context"
	"fmt"

	"s1/kernels"
	"s1/train/export"
)

// params gives the weights as they are now, by name.
func (r *run) params() export.Params {
	index := map[string]int{}
	for i, p := range r.p.Params {
		index[p.Name] = i
	}
	return func(name string) ([]float32, error) {
		i, ok := index[name]
		if !ok {
			return nil, fmt.Errorf("the run has no parameter %s", name)
		}
		values := make([]float32, r.p.Params[i].Elements())
		r.t.Read(kernels.SlotWeight, kernels.Param(i), values)
		return values, nil
	}
}

// export writes the model as it is now as a folder; what a LoRA has learnt is merged into it.
func (r *run) export(ctx context.Context, dir string, card export.Card) error {
	m := export.Model{Config: r.model.config, Params: r.params(), Tokenizer: r.model.text, Generation: r.model.generation, Card: card}
	if r.model.lora != nil {
		merged, err := r.adapter(m.Params).Merge(m.Config, m.Params)
		if err != nil {
			return err
		}
		m.Params = merged
	}
	return export.Folder(ctx, dir, m, export.Options{Type: kernels.F32, Replace: true})
}

// adapter is what a LoRA has learnt, in PEFT's terms.
func (r *run) adapter(p export.Params) export.LoRA {
	l := r.model.lora
	_, at, revision := baseNames(r.rec.Model.Base, r.model.file.Path)
	targets := l.Targets
	if targets == nil {
		targets = []string{"q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"}
	}
	made := export.LoRA{
		Rank: l.Rank, Alpha: l.Alpha, Dropout: l.Dropout, RSLoRA: l.RSLoRA, Targets: targets, Base: at, Revision: revision, Params: p,
		SHA256: r.model.base,
	}
	if at != r.model.file.Path {
		made.Word = r.rec.Model.Base
	}
	return made
}
