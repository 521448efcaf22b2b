// Command peer compares training here with training in torch: the same decoder, the same documents without padding, the same
// optimizer, in fp32 with as many threads. The two take turns (A/B/A/B), each in a process of its own, and the median of the
// paired ratios counts. `make bench-train` runs it.
//
//	peer -> side (this program again, or torch_speed.py) -> {"ready"}; then "go" -> so many steps -> one line of JSON
//
// It knows shapes, turns and tables. It makes no claim in a test: time on a shared machine is for people to look at.
package main

import (
	"context"
	_ "embed"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"time"

	"s1/engine/bench"
)

//go:embed torch_speed.py
var script []byte

// shape is a decoder and a step of it: docs documents of length tokens.
type shape struct {
	name                                 string
	hidden, layers, heads, kv, ff, vocab int
	docs, length                         int
}

// shapes are what is compared: the built-in model, and two sizes above it.
var shapes = []shape{
	{"1M", 128, 4, 4, 4, 352, 55, 32, 128},
	{"10M", 320, 8, 5, 5, 864, 512, 16, 128},
	{"34M", 576, 8, 9, 9, 1536, 4096, 16, 128},
}

// growth is by how much a step is made longer to see what a token costs then.
var growth = []int{1, 2, 4}

func main() {
	o := options{}
	child := flag.Bool("train", false, "train here, one repetition for each line \"go\" (how this program calls itself)")
	s := shape{}
	s.flags(flag.CommandLine)
	flag.IntVar(&o.threads, "threads", 2, "threads on each side")
	flag.IntVar(&o.rounds, "rounds", 5, "paired rounds of each size")
	flag.Float64Var(&o.seconds, "seconds", 2, "seconds of one measurement")
	flag.StringVar(&o.python, "python", os.Getenv("S1_PYTHON"), "a python that has torch; empty: only this program")
	flag.StringVar(&o.only, "only", "", "one of the sizes, by name")
	flag.BoolVar(&o.ops, "ops", false, "say where the time goes instead, by kind of op")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	run := o.run
	if *child {
		run = func(ctx context.Context) error { return serve(ctx, s, o.threads, o.seconds, o.ops) }
	}
	if err := run(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "bench-train:", err)
		os.Exit(1)
	}
}

type options struct {
	threads, rounds int
	seconds         float64
	python, only    string
	ops             bool
	script          string
}

func (o options) run(ctx context.Context) error {
	dir, err := os.MkdirTemp("", "s1-peer")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	o.script = filepath.Join(dir, "torch_speed.py")
	if err := os.WriteFile(o.script, script, 0o600); err != nil {
		return err
	}
	var chosen []shape
	for _, s := range shapes {
		if o.only == "" || o.only == s.name {
			chosen = append(chosen, s)
		}
	}
	if len(chosen) == 0 {
		return fmt.Errorf("-only %s: there is no such size", o.only)
	}
	if o.ops {
		return o.where(ctx, chosen)
	}
	if o.python == "" {
		fmt.Println("torch left out: S1_PYTHON names no python that has it (make bench-train)")
	} else {
		fmt.Printf("%-5s %9s %7s %12s %13s %14s %6s %8s %9s   %s\n", "size", "params", "tokens", "s1 tok/s", "torch tok/s", "mode", "ratio",
			"s1 MB", "torch MB", "spread of ratios; other processes")
		for _, s := range chosen {
			if err := o.compare(ctx, s); err != nil {
				return fmt.Errorf("%s: %w", s.name, err)
			}
		}
		fmt.Println()
	}
	return o.grow(ctx, chosen)
}

// compare prints the paired figures of one size. Memory is a process's own peak; torch's is that of its eager mode in another
// process, the smaller of the two: compilation takes hundreds of megabytes more.
func (o options) compare(ctx context.Context, s shape) error {
	us, err := o.ours(ctx, s)
	if err != nil {
		return err
	}
	defer us.close()
	them, err := o.torch(ctx, s, "auto")
	if err != nil {
		return err
	}
	defer them.close()
	var pairs bench.Pairs
	var peak int64
	for range o.rounds {
		ours, others, err := us.watched()
		if err != nil {
			return err
		}
		theirs, _, err := them.watched()
		if err != nil {
			return err
		}
		peak = max(peak, ours.peak())
		pairs.Add(ours.step(), theirs.step(), others)
	}
	lean, err := o.torch(ctx, s, "eager")
	if err != nil {
		return err
	}
	defer lean.close()
	eager, err := lean.turn("go 3")
	if err != nil {
		return err
	}
	tokens := float64(s.docs * s.length)
	mode := fmt.Sprintf("%s %s", them.ready.Mode, them.ready.Torch)
	fmt.Printf("%-5s %9d %7.0f %12.0f %13.0f %14s %6.2f %8.0f %9.0f   %s\n", s.name, us.ready.Parameters, tokens, tokens/pairs.Ours().Seconds(),
		tokens/pairs.Theirs().Seconds(), mode, pairs.Ratio(), mb(peak), mb(eager.peak()), pairs.Spread())
	return nil
}

// grow prints what a token costs as steps and models grow: the same everywhere in a row where cost is linear in tokens, and the same
// down the last column where it is linear in the flops, which are those of the parameters and of attention.
func (o options) grow(ctx context.Context, chosen []shape) error {
	fmt.Printf("%-5s %9s %13s   %s\n", "size", "params", "MFLOP/token", "us a token, and GFLOP/s, of steps 1, 2 and 4 times as long")
	for _, s := range chosen {
		line := ""
		docs := s.docs
		var ready ready
		for _, k := range growth {
			s.docs = docs * k
			us, err := o.ours(ctx, s)
			if err != nil {
				return err
			}
			r, err := us.turn("go")
			us.close()
			if err != nil {
				return err
			}
			ready = us.ready
			line += fmt.Sprintf("  %7d: %6.1f us %6.1f", r.Tokens/r.Steps, r.Seconds/float64(r.Tokens)*1e6, ready.FLOPs*float64(r.Tokens)/r.Seconds/1e9)
		}
		fmt.Printf("%-5s %9d %13.2f %s\n", s.name, ready.Parameters, ready.FLOPs/1e6, line)
	}
	return nil
}

// where prints the processor time of each kind of op, of two steps.
func (o options) where(ctx context.Context, chosen []shape) error {
	for _, s := range chosen {
		us, err := o.ours(ctx, s)
		if err != nil {
			return err
		}
		r, err := us.turn("go 2")
		us.close()
		if err != nil {
			return err
		}
		fmt.Printf("%s, %d threads: %.1f us of processor a token, %.1f GFLOP/s; the machine's GEMM peak is %.0f\n", s.name, o.threads,
			r.CPU/float64(r.Tokens)*1e6, us.ready.FLOPs*float64(r.Tokens)/r.CPU/1e9, us.ready.Peak/1e9)
		for _, op := range r.Ops {
			rate := ""
			if op.FLOPs > 0 {
				rate = fmt.Sprintf("%6.1f GFLOP/s", op.FLOPs/op.Seconds/1e9)
			}
			fmt.Printf("  %-32s %5.1f%% %9.3f ms a step %s\n", op.Name, 100*op.Seconds/r.CPU, 1e3*op.Seconds/float64(r.Steps), rate)
		}
	}
	return nil
}

func mb(bytes int64) float64 { return float64(bytes) / (1 << 20) }

// step is how long one step of a repetition took.
func (r result) step() time.Duration {
	return time.Duration(r.Seconds / float64(r.Steps) * float64(time.Second))
}
