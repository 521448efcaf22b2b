package kerneltest

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"s1/kernels"
)

// updateSizes are parameters of an update on their own: vectors, wide, tall and square matrices, one larger than any block.
var updateSizes = [][2]int{{1, 1}, {1, 7}, {1, 64}, {5, 3}, {3, 5}, {16, 16}, {55, 33}, {24, 100}, {130, 64}, {70, 260}}

// updateCase is a program that uses none of its parameters but the first two.
func updateCase() TrainCase {
	b := newTrainBuilder(900, 6)
	x := b.input("x", 4, 1)
	b.head(x)
	for _, s := range updateSizes {
		b.matrix(fmt.Sprintf("%d x %d", s[0], s[1]), s[0], s[1])
	}
	b.freeze(b.matrix("frozen", 3, 4))
	return b.finish("updates", []int{3})
}

// trainUpdates takes steps from gradients that are written, so that both sides begin each from the same numbers.
func trainUpdates(t *testing.T, open NewTrainer) {
	for _, rule := range []kernels.Rule{kernels.AdamW, kernels.Muon} {
		t.Run([]string{"AdamW", "Muon"}[rule], func(t *testing.T) {
			q := newTrainPair(t, open, updateCase())
			r := rand.New(rand.NewPCG(901, uint64(rule)))
			before := q.weights()
			for step := 1; step <= 3; step++ {
				var us []kernels.Update
				for i, p := range q.c.Program.Params {
					if p.Frozen {
						continue
					}
					g := make([]float32, p.Elements())
					for j := range g {
						if j%7 != 6 || step == 3 { // some have no gradient at first
							g[j] = float32(0.01 * r.NormFloat64())
						}
					}
					q.got.Write(kernels.SlotGradient, kernels.Param(i), g)
					q.want.Write(kernels.SlotGradient, kernels.Param(i), g)
					us = append(us, update(kernels.Param(i), rule, step, 0.5))
				}
				q.norm(1e-6)
				q.got.Update(us)
				q.want.Update(us)
				q.moved(before, trainUpdate, fmt.Sprintf("step %d", step))
				q.slots(kernels.SlotMoment1, trainForward, fmt.Sprintf("step %d, first moment of", step))
				if rule == kernels.AdamW {
					q.slots(kernels.SlotMoment2, trainForward, fmt.Sprintf("step %d, second moment of", step))
				}
			}
		})
	}
}

// update has an eps about as large as the gradients, so that a gradient that should be 0 does not become a whole step of its
// rounding's sign.
func update(p kernels.Param, rule kernels.Rule, step int, scale float64) kernels.Update {
	u := kernels.Update{Param: p, Rule: rule, LR: 0.02, Decay: 0.1, Beta1: 0.9, Beta2: 0.95, Eps: 1e-3, Step: step, GradScale: scale}
	if rule == kernels.Muon {
		u.Beta1 = 0.95
	}
	return u
}

func (q *trainPair) weights() [][]float32 {
	all := make([][]float32, len(q.c.Program.Params))
	for i, p := range q.c.Program.Params {
		all[i] = make([]float32, p.Elements())
		q.want.Read(kernels.SlotWeight, kernels.Param(i), all[i])
	}
	return all
}

// moved compares weights, in units of the way they went; what is frozen did not go anywhere.
func (q *trainPair) moved(from [][]float32, tol float64, what string) {
	q.t.Helper()
	for i, p := range q.c.Program.Params {
		got, want := make([]float32, p.Elements()), make([]float32, p.Elements())
		q.got.Read(kernels.SlotWeight, kernels.Param(i), got)
		q.want.Read(kernels.SlotWeight, kernels.Param(i), want)
		way, _ := worst(want, from[i])
		if p.Frozen != (way == 0) {
			q.t.Fatalf("%s: the case is wrong: %s moved by %g, frozen %t", what, p.Name, way, p.Frozen)
		}
		rounding := largest(want) * 3 / (1 << 24) // of three steps
		if p.Frozen {
			rounding = 0
		}
		if off, at := worst(got, want); !(off <= tol*way+rounding) {
			q.t.Errorf("%s: %s: element %d is %g, want %g: off by %.3g of the way %.3g, allowed %.3g", what, p.Name, at, got[at], want[at], off/way, way, tol)
		}
	}
}

// trainSteps trains whole models: three optimiser steps of all micro-batches with clipping, Muon for matrices and AdamW for the
// rest, as a recipe would.
func trainSteps(t *testing.T, open NewTrainer) {
	for _, c := range TrainDecoders() {
		t.Run(c.Name, func(t *testing.T) {
			q := newTrainPair(t, open, c)
			before := q.weights()
			for step := 1; step <= 3; step++ {
				q.got.ZeroGrads()
				q.want.ZeroGrads()
				for i, b := range c.Batches {
					q.run(b, true, trainModel, fmt.Sprintf("step %d, batch %d", step, i))
				}
				q.slots(kernels.SlotGradient, 3*trainModel, fmt.Sprintf("step %d, gradient of", step))
				q.norm(trainModel)
				us := recipe(c.Program, step, math.Min(1, 1/q.want.GradNorm()))
				q.got.Update(us)
				q.want.Update(us)
				q.moved(before, 3*trainModel, fmt.Sprintf("step %d", step))
				if t.Failed() {
					return
				}
			}
		})
	}
}

// recipe is Muon for matrices between layers and AdamW for embeddings, heads and vectors.
func recipe(p *kernels.TrainProgram, step int, scale float64) (us []kernels.Update) {
	for i, s := range p.Params {
		rule := kernels.Muon
		if s.Rows == 1 || s.Rows == p.Vocab {
			rule = kernels.AdamW
		}
		if !s.Frozen {
			us = append(us, update(kernels.Param(i), rule, step, scale))
		}
	}
	return us
}
