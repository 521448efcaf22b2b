package launch

import (
	"s1/train"
	"s1/train/dataset"
	"s1/train/estimate"
	"s1/train/recipe"
)

// ranks is a run of TRL for the estimate of its memory.
func ranks(h *train.Handover, rec recipe.Recipe, s shape) estimate.Ranks {
	longest := 0
	for _, list := range [][]dataset.Example{h.Rows().Train(), h.Rows().HeldOut()} {
		for _, e := range list {
			longest = max(longest, len(e.IDs))
		}
	}
	return estimate.Ranks{
		Config: h.Config(), World: s.world(), Shard: s.shard, GPU: s.gpus, BF16: s.bf16, Tokens: longest * rec.Launch.PerDevice, LeastTokens: longest,
		Checkpoint: rec.Train.GradientCheckpointing, LoRA: rec.LoRA.Rank,
	}
}

// room checks the estimate against what is free: on each GPU torch sees, or of the host. What a queue gives is not known here.
func room(r estimate.Ranks, rec recipe.Recipe, p Python, s shape) error {
	if rec.Launch.Backend == recipe.SLURM {
		return nil
	}
	var free []int64
	for _, g := range p.GPUs[:min(len(p.GPUs), s.processes)] {
		free = append(free, g.Free)
	}
	if !r.GPU {
		if n, ok := estimate.FreeMemory(); ok {
			free = []int64{n}
		}
	}
	return estimate.CheckRanks(r, s.processes, free)
}
