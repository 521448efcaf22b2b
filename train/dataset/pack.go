package dataset

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"s1/kernels"
)

// Packer lays the examples of one optimizer step into micro-batches: whole documents, one after another, none split, none
// seeing another. The longest first, each where it leaves the least room (best fit, decreasing), so that few rows stay
// unused. Equal arguments give equal micro-batches, so a place inside a step is one number as well.
type Packer struct {
	MicroTokens int    // most rows of a micro-batch
	Seed        uint64 // of the run; every micro-batch of every step gets its own from it
}

// Packed is one optimizer step.
type Packed struct {
	Batches []kernels.TrainBatch
	Owners  [][]int32 // for each batch (R): which of the step's examples a target belongs to

	Documents int     // in Batches
	Untrained int     // examples left out because no token of theirs has a weight
	Rows      int     // of all batches
	Capacity  int     // rows there was room for: batches * MicroTokens
	Trained   int     // targets
	Weight    float64 // sum of their weights; Scale is one over it
}

// Waste is the unused share of the rows there was room for.
func (p Packed) Waste() float64 {
	if p.Capacity == 0 {
		return 0
	}
	return 1 - float64(p.Rows)/float64(p.Capacity)
}

// TrainedShare is the share of the rows that have a target.
func (p Packed) TrainedShare() float64 {
	if p.Rows == 0 {
		return 0
	}
	return float64(p.Trained) / float64(p.Rows)
}

// maxWeight is the largest loss weight of a token; kernels.TrainBatch.Validate has the same limit.
const maxWeight = 1e6

// Used is the number of rows an example takes: up to the one that predicts its last token with a weight. What comes after
// that, its last token at least, is read by nobody.
func (e Example) Used() int {
	for i := min(len(e.Weights), len(e.IDs)) - 1; i > 0; i-- {
		if e.Weights[i] > 0 {
			return i
		}
	}
	return 0
}

// check refuses an example that no micro-batch can say.
func (e Example) check() error {
	if len(e.IDs) != len(e.Weights) {
		return fmt.Errorf("%s: %d tokens and %d weights", e.Name, len(e.IDs), len(e.Weights))
	}
	if n := len(e.targets()); n != len(e.IDs) {
		return fmt.Errorf("%s: %d tokens and %d targets", e.Name, len(e.IDs), n)
	}
	for i, w := range e.Weights {
		if !(w >= 0) || w > maxWeight {
			return fmt.Errorf("%s: token %d has the loss weight %g, want 0 to %g", e.Name, i, w, float64(maxWeight))
		}
	}
	if len(e.Weights) > 0 && e.Weights[0] != 0 {
		return fmt.Errorf("%s: the first token has the loss weight %g, but nothing stands before it to predict it from", e.Name, e.Weights[0])
	}
	return nil
}

// Pack makes the micro-batches of a step, which counts from 0 or 1 as the caller likes: it only sets the seeds.
func (p Packer) Pack(step int64, examples []Example) (Packed, error) {
	if p.MicroTokens < 1 {
		return Packed{}, fmt.Errorf("pack step %d: micro-batches of %d rows, want at least 1", step, p.MicroTokens)
	}
	var out Packed
	order := make([]int, 0, len(examples))
	used := make([]int, len(examples))
	for i, e := range examples {
		if err := e.check(); err != nil {
			return Packed{}, fmt.Errorf("pack step %d: %w", step, err)
		}
		used[i] = e.Used()
		switch {
		case used[i] == 0:
			out.Untrained++
			continue
		case used[i] > p.MicroTokens:
			return Packed{}, fmt.Errorf("pack step %d: %s takes %d rows and a micro-batch has %d: raise micro_tokens or lower block", step, e.Name, used[i], p.MicroTokens)
		}
		order = append(order, i)
		for _, w := range e.Weights {
			out.Weight += float64(w)
		}
	}
	if len(order) == 0 {
		return Packed{}, fmt.Errorf("pack step %d: none of its %d examples has a token to train on", step, len(examples))
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(used[b], used[a]) })

	scale := float32(1 / out.Weight)
	if !(scale > 0) || math.IsInf(float64(scale), 0) {
		return Packed{}, fmt.Errorf("pack step %d: the loss weights sum to %g, which cannot be divided by", step, out.Weight)
	}
	for m, bin := range bestFit(order, used, p.MicroTokens) {
		slices.Sort(bin) // the order of the data
		b, owners := layOut(examples, bin, used)
		b.Scale, b.Seed = scale, mix(p.Seed, uint64(step), uint64(m))
		out.Batches, out.Owners = append(out.Batches, b), append(out.Owners, owners)
		out.Documents += len(bin)
		out.Rows += len(b.Tokens)
		out.Trained += len(b.Rows)
	}
	out.Capacity = len(out.Batches) * p.MicroTokens
	return out, nil
}

// bestFit puts each document, in the given order, where the least room is left; the first such bin when several are equal.
func bestFit(order, used []int, capacity int) [][]int {
	var bins [][]int
	var room []int
	for _, i := range order {
		best := -1
		for b, r := range room {
			if r >= used[i] && (best < 0 || r < room[best]) {
				best = b
			}
		}
		if best < 0 {
			best = len(bins)
			bins, room = append(bins, nil), append(room, capacity)
		}
		bins[best] = append(bins[best], i)
		room[best] -= used[i]
	}
	return bins
}

// layOut writes documents one after another. Row i-1 of a document predicts its token i.
func layOut(examples []Example, bin, used []int) (b kernels.TrainBatch, owners []int32) {
	b.Docs = append(b.Docs, 0)
	for _, i := range bin {
		e, first := examples[i], int32(len(b.Tokens))
		targets := e.targets()
		b.Tokens = append(b.Tokens, e.IDs[:used[i]]...)
		for row := range int32(used[i]) {
			b.Pos = append(b.Pos, row)
			if w := e.Weights[row+1]; w > 0 {
				b.Rows = append(b.Rows, first+row)
				b.Targets = append(b.Targets, targets[row+1])
				b.Weights = append(b.Weights, w)
				owners = append(owners, int32(i))
			}
		}
		b.Docs = append(b.Docs, int32(len(b.Tokens)))
	}
	return b, owners
}

// mix is a hash of its arguments (the finalizer of splitmix64 over each).
func mix(parts ...uint64) uint64 {
	x := uint64(0x9e3779b97f4a7c15)
	for _, p := range parts {
		x += p + 0x9e3779b97f4a7c15
		x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
		x = (x ^ x>>27) * 0x94d049bb133111eb
		x ^= x >> 31
	}
	return x
}
