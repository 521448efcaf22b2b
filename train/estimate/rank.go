package estimate

import (
	"fmt"
	"strings"

	"s1/engine/arch"
)

// What one process of TRL takes besides its tensors. Measured with torch 2.15, transformers 5.24, trl 1.16: see the real test of
// train/launch.
const (
	pythonBytes  = 860 << 20 // imports, on the CPU; with a GPU this is host memory and does not count
	contextBytes = 900 << 20 // a GPU's context, cuBLAS and NCCL
	tileRows     = 4096      // TRL computes logits in tiles of so many rows ...
	tileCols     = 8192      // ... and so many tokens of the vocabulary
	tileCopies   = 4         // the tile, and what the loss makes of it
	fragmented   = 16        // a GPU's allocator loses a part like this of the whole
)

// Ranks is a run of TRL that has not started: what each of its processes will hold.
type Ranks struct {
	Config      arch.Config
	World       int  // processes
	Shard       bool // FSDP2 splits weights, gradients and moments over them
	GPU, BF16   bool
	Tokens      int // rows computed at once, times the longest row's tokens
	Checkpoint  bool
	LoRA        int // rank, 0 = all weights are trained
	LeastTokens int // of one row, the longest
}

// OfRank estimates one process.
func OfRank(r Ranks) Estimate {
	all, trained, layer := r.elements()
	parts := int64(1)
	if r.Shard {
		parts = int64(max(r.World, 1))
	}
	e := Estimate{Weights: all * floatBytes / parts, Gradients: trained * floatBytes / parts, Moments: 2 * trained * floatBytes / parts}
	size := int64(floatBytes)
	if r.BF16 { // autocast keeps copies of what it multiplies; split ones are gathered a layer at a time
		size = 2
		e.Master, e.Weights = e.Weights, 2*all
		if r.Shard {
			e.Weights = 0
		}
	}
	if r.Shard {
		e.Scratch = 2 * layer * size // the layer at hand, and the next one on its way
	} else {
		e.Scratch = trained * floatBytes // measured, of a single process too: another copy of the gradients, as in the buckets where they meet
	}
	c := r.Config
	q, kv := c.Heads*c.HeadDim, c.KVHeads*c.HeadDim
	perLayer := int64(6*c.Hidden+4*q+2*kv+4*c.FF) * size
	n := int64(r.Tokens)
	if r.Checkpoint {
		e.Activations = n * (int64(c.Layers*c.Hidden)*size + perLayer)
	} else {
		e.Activations = n * int64(c.Layers) * perLayer
	}
	e.Activations += n * 6 * int64(c.Hidden) * floatBytes // embedding, last norm, and their gradients
	e.Logits = tileCopies * min(n, tileRows) * int64(min(c.Vocab, tileCols)) * floatBytes
	e.Framework = pythonBytes
	if r.GPU {
		e.Framework = contextBytes
		e.Spare = e.Total() / fragmented
	}
	return e
}

// elements counts the parameters: all, those that are trained, and those of the largest layer.
func (r Ranks) elements() (all, trained, layer int64) {
	layers := map[string]int64{}
	for _, t := range arch.Tensors(r.Config) {
		n := int64(t.Rows) * int64(t.Cols)
		all += n
		if name, ok := strings.CutPrefix(t.Folder, "model.layers."); ok {
			index, _, _ := strings.Cut(name, ".")
			layers[index] += n
			if r.LoRA > 0 && !t.Vector {
				trained += int64(r.LoRA) * int64(t.Rows+t.Cols)
			}
		}
	}
	for _, n := range layers {
		layer = max(layer, n)
	}
	if r.LoRA == 0 {
		return all, all, layer
	}
	return all + trained, trained, layer
}

// CheckRanks compares a run with the free memory of each GPU that its processes on this machine take, or, without GPUs, with that
// of the host, which they share. Too little is a *TooLargeError whose remedies are ranked by what they cost.
func CheckRanks(r Ranks, here int, free []int64) error {
	least := int64(0)
	for i, f := range free {
		if i == 0 || f < least {
			least = f
		}
	}
	if len(free) == 0 {
		return nil // not known
	}
	if !r.GPU {
		least /= int64(max(here, 1))
	}
	need := OfRank(r)
	if need.Total() <= least {
		return nil
	}
	e := &TooLargeError{Need: need, Free: least, Then: need.Total()}
	first := r
	for _, way := range []struct {
		helps bool
		words string
		do    func(*Ranks)
	}{
		{r.LeastTokens > 0 && r.Tokens > r.LeastTokens, "launch.per_device = 1 (the same steps in more pieces)", func(r *Ranks) { r.Tokens = r.LeastTokens }},
		{!r.Checkpoint, "gradient checkpointing (about a third slower)", func(r *Ranks) { r.Checkpoint = true }},
		{!r.Shard && r.World > 1 && r.GPU, "launch.shard = \"on\" (weights travel at every layer)", func(r *Ranks) { r.Shard = true }},
		{!r.BF16 && r.GPU, "launch.precision = \"bf16\" (products are coarser)", func(r *Ranks) { r.BF16 = true }},
		{r.LoRA == 0, "LoRA (adapters are trained, the weights stay)", func(r *Ranks) { r.LoRA = 16 }},
	} {
		if !way.helps {
			continue
		}
		alone := first
		way.do(&alone)
		if then := OfRank(alone).Total(); then < need.Total() {
			e.Ways = append(e.Ways, Remedy{way.words, then})
		}
		if e.Then <= least {
			continue
		}
		next := r
		way.do(&next)
		if then := OfRank(next).Total(); then < e.Then { // another way may have made it useless
			r, e.Then = next, then
			e.Remedies = append(e.Remedies, way.words)
		}
	}
	e.together()
	return e
}

// RankWords is one process's estimate for people.
func RankWords(r Ranks) string {
	e := OfRank(r)
	return fmt.Sprintf("each of %d processes needs about %s (%s)", max(r.World, 1), Bytes(e.Total()), e)
}
