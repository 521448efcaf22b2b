package launch

import (
	"context"
	"errors"
	"fmt"

	"s1/train"
	"s1/train/dataset"
	"s1/train/estimate"
	"s1/train/recipe"
)

// Room is the memory that one process of a run takes, and what there is for it.
type Room struct {
	Need      estimate.Estimate
	Processes int               // of this machine; 1 of the own trainer
	Free      int64             // for each of them, the least; -1 = not known
	GPUs      []GPU             // those that the processes take, one each; none = the host's memory
	Fits      bool              // also where it is not known
	Ways      []estimate.Remedy // where it does not fit
	Where     string            // whose memory that is, in a sentence
}

// judge compares need with what is free, by the estimate's own check.
func (r *Room) judge(err error) error {
	var large *estimate.TooLargeError
	switch r.Fits = err == nil; {
	case errors.As(err, &large):
		r.Ways = large.Ways
	case err != nil:
		return err
	}
	return nil
}

// inQueue says where a run in a queue finds its memory: on machines that this one cannot ask.
func inQueue(rec recipe.Recipe) string {
	if m := rec.Launch.Slurm.Memory; m != "" {
		return fmt.Sprintf("the job asks each machine of the queue for %s; what those have free is not known here", m)
	}
	return "it runs in a queue: what its machines have free is not known here (launch.slurm.memory asks for so much)"
}

// Room implements Launcher.
func (o *Own) Room(ctx context.Context) (Room, error) {
	plan, err := train.Memory(ctx, o.Recipe, train.Options{Dir: o.Dir, Resolve: o.Resolve})
	if err != nil {
		return Room{}, err
	}
	r := Room{Need: estimate.Of(plan), Processes: 1, Free: -1, Fits: true, Where: "the own trainer computes on the CPU: no GPU is used"}
	if o.Recipe.Launch.Backend == recipe.SLURM {
		r.Where = inQueue(o.Recipe)
		return r, nil
	}
	free, known := estimate.FreeMemory()
	if !known {
		return r, nil
	}
	r.Free = free
	return r, r.judge(estimate.Check(plan, free))
}

// Room implements Launcher.
func (t *TRL) Room(ctx context.Context) (Room, error) {
	lacks, err := t.Check(ctx)
	if err == nil && len(lacks) > 0 {
		err = LackError(lacks)
	}
	if err != nil {
		return Room{}, err
	}
	python, err := t.ask(ctx)
	if err != nil {
		return Room{}, err
	}
	h, err := train.OpenHandover(ctx, t.Recipe, t.Resolve)
	if err != nil {
		return Room{}, err
	}
	defer h.Close()
	s, _ := spread(t.Recipe, python)
	return roomOf(ranks(h, t.Recipe, s), t.Recipe, python, s)
}

// roomOf is the room of a run that is spread so.
func roomOf(need estimate.Ranks, rec recipe.Recipe, p Python, s shape) (Room, error) {
	r := Room{Need: estimate.OfRank(need), Processes: s.processes, Free: -1, Fits: true}
	if rec.Launch.Backend == recipe.SLURM {
		r.Where = inQueue(rec)
		return r, nil
	}
	free := freeOf(need, p, s)
	if need.GPU {
		r.GPUs, r.Where = p.GPUs[:len(free)], "TRL computes on the GPUs, one process on each"
	} else {
		r.Where = fmt.Sprintf("TRL computes on the CPU: torch of %s sees no GPU", p.Asked)
		if s.processes > 1 {
			r.Where += fmt.Sprintf("; its %d processes share the memory of this machine", s.processes)
		}
	}
	for i, n := range free {
		if !need.GPU {
			n /= int64(max(s.processes, 1))
		}
		if i == 0 || n < r.Free {
			r.Free = n
		}
	}
	return r, r.judge(estimate.CheckRanks(need, s.processes, free))
}

// freeOf is what is free: on each GPU that the processes of this machine take, or of the host. What a queue gives is not known here.
func freeOf(r estimate.Ranks, p Python, s shape) (free []int64) {
	if r.GPU {
		for _, g := range p.GPUs[:min(len(p.GPUs), s.processes)] {
			free = append(free, g.Free)
		}
		return free
	}
	if n, ok := estimate.FreeMemory(); ok {
		free = []int64{n}
	}
	return free
}

// Room implements Launcher.
func (s *SLURM) Room(ctx context.Context) (Room, error) { return s.Inner.Room(ctx) }

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

// fits refuses a run of TRL that the memory here does not hold.
func fits(r estimate.Ranks, rec recipe.Recipe, p Python, s shape) error {
	if rec.Launch.Backend == recipe.SLURM {
		return nil
	}
	return estimate.CheckRanks(r, s.processes, freeOf(r, p, s))
}
