package main

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"s1/engine/arch"
	"s1/kernels"
	"s1/kernels/cpu"
	"s1/train/metrics"
	"s1/train/net"
)

// trainer is this program's side: a model, and the batch of every step.
type trainer struct {
	p     *kernels.TrainProgram
	t     kernels.Trainer
	batch *kernels.TrainBatch
	shape shape
	steps int // taken
	ops   map[string]*opTime
	seen  float64 // processor seconds at the end of the last op
}

// newTrainer makes the model. A step is one micro-batch, as torch's is one batch.
func newTrainer(s shape, threads int, ops bool) (*trainer, error) {
	c := arch.Config{
		Architecture: arch.Llama, Hidden: s.hidden, Layers: s.layers, Heads: s.heads, KVHeads: s.kv, HeadDim: s.hidden / max(s.heads, 1), FF: s.ff,
		Vocab: s.vocab, Context: s.length, RMSEps: 1e-6,
	}
	c.RoPE.Theta = 10000
	b := batch(s)
	p, err := net.Build(c, net.Options{Rows: len(b.Tokens)})
	if err != nil {
		return nil, err
	}
	t := &trainer{p: p, batch: b, shape: s, ops: map[string]*opTime{}}
	o := cpu.TrainOptions{Threads: threads}
	if ops {
		o.Watch = t.watch
	}
	if t.t, err = cpu.NewTrainer(p, o); err != nil {
		return nil, err
	}
	first := net.Init(p, 1, 0)
	for i := range p.Params {
		t.t.Write(kernels.SlotWeight, kernels.Param(i), first(kernels.Param(i)))
	}
	return t, nil
}

// batch is the documents of a step, every token but the first of each trained.
func batch(s shape) *kernels.TrainBatch {
	r := rand.New(rand.NewPCG(1, 0))
	b := &kernels.TrainBatch{Docs: []int32{0}}
	for range s.docs {
		token := int32(r.IntN(s.vocab))
		for pos := range s.length - 1 { // nobody reads the last one
			b.Tokens, b.Pos, b.Rows = append(b.Tokens, token), append(b.Pos, int32(pos)), append(b.Rows, int32(len(b.Rows)))
			token = int32(r.IntN(s.vocab))
			b.Targets, b.Weights = append(b.Targets, token), append(b.Weights, 1)
		}
		b.Docs = append(b.Docs, int32(len(b.Tokens)))
	}
	b.Scale = 1 / float32(len(b.Rows))
	return b
}

// step trains once: forward and backward, the norm clipped to 1, AdamW.
func (t *trainer) step(ctx context.Context) (loss float64, err error) {
	r, err := t.t.Run(ctx, t.batch, true)
	if err != nil {
		return 0, err
	}
	for _, nll := range r.NLL {
		loss += float64(nll) / float64(len(r.NLL))
	}
	begin := processorSeconds()
	clip := 1.0
	if norm := t.t.GradNorm(); norm > 1 {
		clip = 1 / norm
	}
	t.steps++
	var all []kernels.Update
	for i, p := range t.p.Params {
		u := kernels.Update{Param: kernels.Param(i), LR: 1e-3, Beta1: 0.9, Beta2: 0.95, Eps: 1e-8, Step: t.steps, GradScale: clip}
		if p.Rows > 1 {
			u.Decay = 0.1
		}
		all = append(all, u)
	}
	t.t.Update(all)
	t.t.ZeroGrads()
	t.seen = processorSeconds()
	t.add("update", t.seen-begin, 0)
	return loss, nil
}

// repetition trains for so long, at least one step, or exactly so many steps.
func (t *trainer) repetition(ctx context.Context, seconds float64, steps int) (result, error) {
	clear(t.ops)
	begin, used := time.Now(), processorSeconds()
	t.seen = used
	var r result
	for r.Steps < steps || steps == 0 && (r.Steps == 0 || time.Since(begin).Seconds() < seconds) {
		loss, err := t.step(ctx)
		if err != nil {
			return r, err
		}
		r.Loss = loss
		r.Steps++
	}
	r.Seconds, r.CPU = time.Since(begin).Seconds(), processorSeconds()-used
	r.Tokens, r.PeakRSS = r.Steps*t.shape.docs*t.shape.length, mb(metrics.PeakMemory())
	for _, op := range t.ops {
		r.Ops = append(r.Ops, *op)
	}
	slices.SortFunc(r.Ops, func(a, b opTime) int { return cmp.Compare(b.Seconds, a.Seconds) })
	return r, nil
}

// watch is told of every op. It counts processor time since the op before, which the other users of a machine change least; of several
// threads, that of the waiting ones is in it.
func (t *trainer) watch(op kernels.TrainOp, _ time.Duration) {
	now := processorSeconds()
	t.add(strings.TrimPrefix(fmt.Sprintf("%T", op), "kernels.Train"), now-t.seen, net.OpFLOPs(t.p, op, t.batch, true))
	t.seen = now
}

func (t *trainer) add(name string, took, flops float64) {
	if t.ops[name] == nil {
		t.ops[name] = &opTime{Name: name}
	}
	t.ops[name].Seconds += took
	t.ops[name].FLOPs += flops
}

// serve is this program as a side: the words of torch_speed.py.
func serve(ctx context.Context, s shape, threads int, seconds float64, ops bool) error {
	t, err := newTrainer(s, threads, ops)
	if err != nil {
		return err
	}
	defer t.t.Close()
	if _, err := t.repetition(ctx, 0, 2); err != nil { // first touches
		return err
	}
	say := json.NewEncoder(os.Stdout)
	y := ready{Ready: true, FLOPs: net.FLOPs(t.p, t.batch, true) / float64(s.docs*s.length)}
	for _, p := range t.p.Params {
		y.Parameters += p.Elements()
	}
	if ops {
		y.Peak = cpu.TrainPeak(cpu.TrainOptions{Threads: threads})
		t.ops = map[string]*opTime{}
	}
	if err := say.Encode(y); err != nil {
		return err
	}
	for in := bufio.NewScanner(os.Stdin); in.Scan(); {
		words, steps := strings.Fields(in.Text()), 0
		switch {
		case len(words) == 0:
			continue
		case words[0] == "quit":
			return nil
		case len(words) == 2:
			if steps, err = strconv.Atoi(words[1]); err != nil {
				return fmt.Errorf("%q: %w", in.Text(), err)
			}
		}
		r, err := t.repetition(ctx, seconds, steps)
		if err != nil {
			return err
		}
		if err := say.Encode(r); err != nil {
			return err
		}
	}
	return nil
}

// processorSeconds is the processor time this process has used.
func processorSeconds() float64 {
	var own syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &own); err != nil {
		return 0
	}
	return float64(own.Utime.Sec+own.Stime.Sec) + float64(own.Utime.Usec+own.Stime.Usec)/1e6
}
