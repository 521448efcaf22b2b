package net_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"s1/kernels"
	"s1/kernels/ref"
	"s1/train/net"
)

func TestGradientsOfWholeModelsAreFiniteDifferences(t *testing.T) {
	t.Parallel()
	for _, c := range netCases() {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			p := c.build(t, nil)
			m, b := c.ref(t, p), documents(5, c.config.Vocab, 5, 1, 7)
			if _, err := m.Run(t.Context(), b, true); err != nil {
				t.Fatal(err)
			}
			grads := make([][]float64, len(p.Params))
			for i, spec := range p.Params {
				grads[i] = make([]float64, spec.Elements())
				m.ReadFloat64(kernels.SlotGradient, kernels.Param(i), grads[i])
			}
			r := rand.New(rand.NewPCG(7, 7))
			trained := 0
			for i, spec := range p.Params {
				if spec.Frozen {
					continue
				}
				trained++
				direction := make([]float64, spec.Elements())
				got, size := 0.0, 0.0
				for j := range direction {
					direction[j] = r.NormFloat64() / math.Sqrt(float64(len(direction)))
					got += direction[j] * grads[i][j]
					size += math.Abs(direction[j] * grads[i][j])
				}
				if size == 0 {
					t.Errorf("%s: the gradient is 0", spec.Name)
				}
				if want := slope(t, m, b, kernels.Param(i), direction); !(math.Abs(got-want) <= 1e-6*max(size, 1e-3)) {
					t.Errorf("%s: gradient %.10g, finite difference %.10g", spec.Name, got, want)
				}
			}
			if trained == 0 {
				t.Error("nothing is trained")
			}
		})
	}
}

// slope is the derivative of the loss in a direction of one parameter, to fourth order. It runs with gradients: dropout needs them.
func slope(t *testing.T, m *ref.Trainer, b *kernels.TrainBatch, p kernels.Param, direction []float64) float64 {
	t.Helper()
	const h = 1e-4
	w, moved := make([]float64, len(direction)), make([]float64, len(direction))
	m.ReadFloat64(kernels.SlotWeight, p, w)
	at := func(step float64) float64 {
		for i, d := range direction {
			moved[i] = w[i] + step*d
		}
		m.WriteFloat64(kernels.SlotWeight, p, moved)
		if _, err := m.Run(t.Context(), b, true); err != nil {
			t.Fatal(err)
		}
		return m.Loss()
	}
	d := (8*(at(h)-at(-h)) - (at(2*h) - at(-2*h))) / (12 * h)
	m.WriteFloat64(kernels.SlotWeight, p, w)
	return d
}

func TestCheckpointsChangeNoBit(t *testing.T) {
	t.Parallel()
	for _, e := range executors {
		for _, c := range netCases() {
			t.Run(e.name+"/"+c.name, func(t *testing.T) {
				t.Parallel()
				p, q := c.build(t, nil), c.build(t, func(o *net.Options) { o.Checkpoint = true })
				b := documents(6, c.config.Vocab, 9, 2, 8)
				want, got := gradients(t, c.trainer(t, e, p), p, b), gradients(t, c.trainer(t, e, q), q, b)
				sameBits(t, got, want)
				if a, b := net.BytesPerRow(q), net.BytesPerRow(p); c.config.Layers > 1 && a >= b {
					t.Errorf("%d bytes a row with checkpoints, %d without", a, b)
				}
			})
		}
	}
}

// What is frozen must not change what is not: for every subset, since the way back leaves out what nobody needs.
func TestFrozenSubsetsLeaveTheOtherGradientsAsTheyAre(t *testing.T) {
	t.Parallel()
	for _, c := range netCases() {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			p := c.build(t, nil)
			b := documents(8, c.config.Vocab, 6, 3)
			all := gradients(t, c.ref(t, p), p, b)
			for seed := range uint64(40) {
				r := rand.New(rand.NewPCG(seed, 2))
				share := r.Float64() // of frozen ones: few to nearly all
				frozen := map[string]bool{}
				for _, spec := range p.Params {
					frozen[spec.Name] = r.Float64() < share
				}
				q := c.build(t, func(o *net.Options) {
					o.Frozen, o.Checkpoint = func(name string) bool { return frozen[name] }, seed%2 == 1
				})
				want := map[string][]float32{}
				for name, g := range all {
					if !frozen[name] {
						want[name] = g
					}
				}
				sameBits(t, gradients(t, c.ref(t, q), q, b), want)
				if t.Failed() {
					t.Fatalf("seed %d, %.0f %% frozen", seed, 100*share)
				}
			}
		})
	}
}

func TestPackedGradientsEqualUnpackedOnes(t *testing.T) {
	t.Parallel()
	for _, e := range executors {
		for _, c := range netCases() {
			if c.options.LoRA != nil && c.options.LoRA.Dropout > 0 {
				continue // its mask depends on the row
			}
			t.Run(e.name+"/"+c.name, func(t *testing.T) {
				t.Parallel()
				p := c.build(t, nil)
				b := documents(9, c.config.Vocab, 6, 1, 9, 4)
				packed := gradients(t, c.trainer(t, e, p), p, b)
				m, sums := c.trainer(t, e, p), map[string][]float32{}
				for d := range len(b.Docs) - 1 {
					for name, g := range gradients(t, m, p, alone(b, d)) {
						if sums[name] == nil {
							sums[name] = make([]float32, len(g))
						}
						for i, v := range g {
							sums[name][i] += v
						}
					}
				}
				for name, want := range sums {
					if d, size := difference(packed[name], want), largest(want); !(d <= 1e-5*size) {
						t.Errorf("%s: packed gradients differ by %g, the largest is %g", name, d, size)
					}
				}
			})
		}
	}
}

// alone is document d of a batch by itself.
func alone(b *kernels.TrainBatch, d int) *kernels.TrainBatch {
	first, end := b.Docs[d], b.Docs[d+1]
	x := &kernels.TrainBatch{Tokens: b.Tokens[first:end], Pos: b.Pos[first:end], Docs: []int32{0, end - first}, Scale: b.Scale, Seed: b.Seed}
	for r, row := range b.Rows {
		if row >= first && row < end {
			x.Rows, x.Targets, x.Weights = append(x.Rows, row-first), append(x.Targets, b.Targets[r]), append(x.Weights, b.Weights[r])
		}
	}
	return x
}

func sameBits(t *testing.T, got, want map[string][]float32) {
	t.Helper()
	if len(got) != len(want) {
		t.Errorf("%d gradients, want %d", len(got), len(want))
	}
	for name, w := range want {
		if !slices.Equal(got[name], w) {
			t.Errorf("%s: the gradient differs by %g, the largest is %g", name, difference(got[name], w), largest(w))
		}
	}
}
