package train

import (
	"strings"

	"s1/kernels"
)

// rule is a parameter's optimiser. Matrices inside layers go by Muon where the recipe says so; the embedding and the head are
// tables of rows that Muon's rule was not made for, and go by AdamW with the vectors.
func (r *run) rule(p kernels.ParamSpec) kernels.Rule {
	if r.rec.Optimizer.Kind == "muon" && p.Rows > 1 && strings.HasPrefix(p.Name, "model.layers.") {
		return kernels.Muon
	}
	return kernels.AdamW
}

// updates are the parts of an optimiser step, for the gradients' norm. Vectors have no weight decay.
func (r *run) updates(norm float64) []kernels.Update {
	o, step := r.rec.Optimizer, r.at.step
	clip := 1.0
	if o.Clip > 0 && norm > o.Clip {
		clip = o.Clip / norm
	}
	list := make([]kernels.Update, 0, len(r.p.Params))
	for i, p := range r.p.Params {
		if p.Frozen {
			continue
		}
		u := kernels.Update{
			Param: kernels.Param(i), Rule: kernels.AdamW, LR: r.rec.LR(step, r.total), Beta1: o.Beta1, Beta2: o.Beta2, Eps: o.Eps,
			Step: int(step) + 1, GradScale: clip,
		}
		if p.Rows > 1 {
			u.Decay = o.WeightDecay
		}
		if r.rule(p) == kernels.Muon {
			u.Rule, u.LR, u.Beta1 = kernels.Muon, r.rec.MuonLR(step, r.total), o.MuonMomentum
		}
		list = append(list, u)
	}
	return list
}
