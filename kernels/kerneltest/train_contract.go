package kerneltest

import (
	"context"
	"errors"
	"math"
	"slices"
	"testing"

	"s1/kernels"
)

// trainContract is what kernels.Trainer promises beside its numbers.
func trainContract(t *testing.T, open NewTrainer) {
	c := TrainDecoders()[5] // with frozen parameters
	t.Run("arrays come back as they were written", func(t *testing.T) {
		m := openTrainer(t, open, c)
		for i, p := range c.Program.Params {
			for s := kernels.SlotWeight; s <= kernels.SlotMoment2; s++ {
				want := make([]float32, p.Elements())
				if !p.Frozen || s == kernels.SlotWeight {
					for j := range want {
						want[j] = float32(j+1) / float32(s+2)
					}
					m.Write(s, kernels.Param(i), want)
				}
				got := make([]float32, p.Elements())
				got[0] = -1
				m.Read(s, kernels.Param(i), got)
				if !slices.Equal(got, want) {
					t.Errorf("slot %d of %s (frozen %t) reads %g..., want %g...", s, p.Name, p.Frozen, got[0], want[0])
				}
			}
		}
		m.ZeroGrads()
		if n := m.GradNorm(); n != 0 {
			t.Errorf("gradient norm after ZeroGrads is %g", n)
		}
	})
	t.Run("moments begin as zeros", func(t *testing.T) {
		m := openTrainer(t, open, c)
		for i, p := range c.Program.Params {
			got := make([]float32, p.Elements())
			got[0] = 1
			m.Read(kernels.SlotMoment1, kernels.Param(i), got)
			if largest(got) != 0 {
				t.Errorf("%s: a moment begins as %g", p.Name, largest(got))
			}
		}
	})
	t.Run("a cancelled run says so, and the next is whole", func(t *testing.T) {
		m := openTrainer(t, open, c)
		want := snapshot(t, m, c, true)
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		if _, err := m.Run(ctx, c.Batches[0], true); !errors.Is(err, context.Canceled) {
			t.Errorf("run of a cancelled context: %v", err)
		}
		m.ZeroGrads()
		compareBits(t, "after a cancelled run", snapshot(t, m, c, true), want)
	})
	t.Run("what does not fit is refused", func(t *testing.T) {
		m := openTrainer(t, open, c)
		b := *c.Batches[0]
		b.Tokens = slices.Clone(b.Tokens)
		b.Tokens[1] = int32(c.Program.Vocab)
		if _, err := m.Run(context.Background(), &b, false); err == nil {
			t.Error("a token outside the vocabulary was taken")
		}
		p := *c.Program
		p.Forward = p.Forward[:len(p.Forward)-1]
		if m, err := open(&p); err == nil {
			m.Close()
			t.Error("a program without a loss was taken")
		}
	})
	t.Run("memory is told", func(t *testing.T) {
		m := openTrainer(t, open, c)
		elements := 0
		for _, p := range c.Program.Params {
			elements += p.Elements()
		}
		if got := m.Bytes(); got < int64(4*elements) {
			t.Errorf("%d bytes for %d weights", got, elements)
		}
	})
}

// SameBits holds a trainer to equal bits with 1, 2 and 3 threads, and when the same is done again: results, buffers, gradients,
// and weights after two steps.
func SameBits(t *testing.T, open func(p *kernels.TrainProgram, threads int) (kernels.Trainer, error)) {
	t.Helper()
	cases := TrainDecoders()
	cases = append(cases,
		TrainDecoder(950, TrainShape{
			Layers: 1, Vocab: 300, Width: 96, FF: 192, Heads: 6, KVHeads: 2, HeadDim: 32, QKVBias: true, QKNorm: true, Chunk: 50,
			Docs: [][]int{{90, 1, 1, 33, 65}, {150}},
		}),
		TrainDecoder(951, TrainShape{ // eight to fifteen elements beyond every multiple of sixteen
			Layers: 1, Vocab: 315, Width: 72, FF: 107, Heads: 3, KVHeads: 3, HeadDim: 24, QKNorm: true, Chunk: 30,
			Docs: [][]int{{45, 12, 1}, {27}},
		}),
		TrainDecoder(952, TrainShape{ // products that all threads share
			Layers: 1, Vocab: 140, Width: 270, FF: 290, Heads: 9, KVHeads: 9, HeadDim: 30, Chunk: 180, Docs: [][]int{{150, 137}, {64}},
		}),
		updateCase())
	for _, c := range cases {
		t.Run(c.Name, func(t *testing.T) {
			var want map[string][]float32
			for _, threads := range []int{1, 2, 3, 1} {
				m := openTrainer(t, func(p *kernels.TrainProgram) (kernels.Trainer, error) { return open(p, threads) }, c)
				got := map[string][]float32{}
				for step := 1; step <= 2; step++ {
					m.ZeroGrads()
					got = snapshot(t, m, c, true)
					norm := m.GradNorm()
					got["gradient norm"] = []float32{float32(norm), float32(norm - float64(float32(norm)))}
					m.Update(recipe(c.Program, step, 1/max(norm, 1)))
				}
				for i, p := range c.Program.Params {
					got["new "+p.Name] = append(got["new "+p.Name], readSlot(m, kernels.SlotWeight, i, p)...)
					got["moment of "+p.Name] = append(got["moment of "+p.Name], readSlot(m, kernels.SlotMoment1, i, p)...)
				}
				if want == nil {
					want = got
				}
				compareBits(t, "threads", got, want)
				if t.Failed() {
					t.Fatalf("with %d threads, or again, the bits are others than with 1", threads)
				}
			}
		})
	}
}

// snapshot runs the micro-batches of a case and keeps all that they leave.
func snapshot(t *testing.T, m kernels.Trainer, c TrainCase, grads bool) map[string][]float32 {
	t.Helper()
	all := map[string][]float32{}
	for _, b := range c.Batches {
		r, err := m.Run(context.Background(), b, grads)
		if err != nil {
			t.Fatal(err)
		}
		all["nll"] = append(all["nll"], r.NLL...)
		all["entropy"] = append(all["entropy"], r.Entropy...)
		for _, id := range r.Argmax {
			all["argmax"] = append(all["argmax"], float32(id))
		}
		for i, s := range c.Program.Bufs {
			rows := len(b.Tokens)
			if s.Wanted {
				rows = len(b.Rows)
			}
			x := make([]float32, rows*s.Width)
			m.ReadBuf(kernels.Buf(i), x)
			all["buffer "+s.Name] = append(all["buffer "+s.Name], x...)
		}
	}
	for i, p := range c.Program.Params {
		all["gradient of "+p.Name] = append(all["gradient of "+p.Name], readSlot(m, kernels.SlotGradient, i, p)...)
	}
	return all
}

func readSlot(m kernels.Trainer, s kernels.Slot, i int, p kernels.ParamSpec) []float32 {
	x := make([]float32, p.Elements())
	m.Read(s, kernels.Param(i), x)
	return x
}

func compareBits(t *testing.T, what string, got, want map[string][]float32) {
	t.Helper()
	for name, w := range want {
		g := got[name]
		if len(g) != len(w) {
			t.Errorf("%s: %s: %d numbers, want %d", what, name, len(g), len(w))
			continue
		}
		for i := range w {
			if math.Float32bits(g[i]) != math.Float32bits(w[i]) {
				t.Errorf("%s: %s: number %d is %g, want the bits of %g", what, name, i, g[i], w[i])
				break
			}
		}
	}
}
