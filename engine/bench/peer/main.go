// Command peer compares this program with node-llama-cpp (llama.cpp) on the same files: each figure is measured A/B/A/B in the
// same minute with as many threads on both sides, and the median of the paired ratios counts. `make bench-peer` runs it.
//
// It needs S1_PEER_NODE (a folder with node_modules/node-llama-cpp) and, for the real model, S1_SMOLLM2 (its GGUF file).
package main

import (
	"bufio"
	"context"
	_ "embed"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"s1/engine/arch"
	"s1/engine/backend"
	_ "s1/engine/backend/cpu"
	"s1/engine/bench"
	"s1/engine/weights"
	"s1/kernels"
)

//go:embed peer.mjs
var script []byte

const (
	pages       = 600 // key/value pages on our side: 38,400 positions
	prefill     = 512
	branches    = 8
	branchDepth = 512
)

func main() {
	threads := flag.Int("threads", 2, "threads on each side")
	rounds := flag.Int("rounds", 7, "paired rounds of each figure")
	tokens := flag.Int("tokens", 24, "tokens of one decode measurement")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, *threads, *rounds, *tokens); err != nil {
		fmt.Fprintln(os.Stderr, "bench-peer:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, threads, rounds, tokens int) error {
	dir := os.Getenv("S1_PEER_NODE")
	if dir == "" {
		return errors.New("S1_PEER_NODE names no folder with node_modules/node-llama-cpp; run `make bench-peer`")
	}
	tmp, err := os.MkdirTemp("", "s1-peer")
	if err != nil {
		return err
	}
	defer os.RemoveAll(tmp)
	mjs := filepath.Join(tmp, "peer.mjs")
	if err := os.WriteFile(mjs, script, 0o600); err != nil {
		return err
	}
	synth := filepath.Join(tmp, "0.5b-q8_0.gguf")
	shape, err := weights.SynthShapeNamed("0.5b")
	if err != nil {
		return err
	}
	if err := weights.Synth(synth, shape, kernels.Q8_0, 1); err != nil {
		return err
	}
	models := []struct{ name, file string }{{"SmolLM2-135M Q4_1", os.Getenv("S1_SMOLLM2")}, {"synthetic 0.5B Q8_0", synth}}
	fmt.Printf("%-20s %-22s %10s %10s %8s   %s\n", "model", "figure", "s1 tok/s", "peer tok/s", "ratio", "spread of ratios; other processes")
	for _, m := range models {
		if m.file == "" {
			fmt.Printf("%-20s left out: S1_SMOLLM2 names no file\n", m.name)
			continue
		}
		if err := compare(ctx, m.name, m.file, mjs, dir, threads, rounds, tokens); err != nil {
			return fmt.Errorf("%s: %w", m.name, err)
		}
	}
	return nil
}

// compare prints the figures of one model.
func compare(ctx context.Context, name, file, mjs, dir string, threads, rounds, tokens int) error {
	us, err := open(ctx, file, threads)
	if err != nil {
		return err
	}
	defer us.close()
	them, err := start(ctx, mjs, dir, file, threads)
	if err != nil {
		return err
	}
	defer them.close()
	for _, f := range []struct {
		name, request string
		tokens        int
		ours          func() (time.Duration, error)
	}{
		{
			"decode", fmt.Sprintf("decode 0 %d", tokens), tokens,
			func() (time.Duration, error) { return us.Generate(ctx, 0, 1, tokens) },
		},
		{
			"prefill 512", fmt.Sprintf("prefill %d", prefill), prefill,
			func() (time.Duration, error) { return us.Prompt(ctx, prefill) },
		},
		{
			"8 branches at 512", fmt.Sprintf("branches %d %d %d", branches, branchDepth, tokens), branches * tokens,
			func() (time.Duration, error) { return us.Generate(ctx, branchDepth, branches, tokens) },
		},
	} {
		var pairs bench.Pairs
		for range rounds {
			busy := bench.OthersSince()
			ours, err := f.ours()
			if err != nil {
				return fmt.Errorf("%s: %w", f.name, err)
			}
			others := busy()
			theirs, err := them.ask(f.request)
			if err != nil {
				return fmt.Errorf("%s: node-llama-cpp: %w", f.name, err)
			}
			pairs.Add(ours, theirs, others)
		}
		fmt.Printf("%-20s %-22s %10.1f %10.1f %8.2f   %s\n", name, f.name,
			float64(f.tokens)/pairs.Ours().Seconds(), float64(f.tokens)/pairs.Theirs().Seconds(), pairs.Ratio(), pairs.Spread())
	}
	return nil
}

// ours is a model loaded for measuring.
type ours struct {
	*bench.Runner
	model backend.Model
}

func open(ctx context.Context, file string, threads int) (*ours, error) {
	w, err := weights.Open(file)
	if err != nil {
		return nil, err
	}
	defer w.Close()
	c, err := arch.Parse(w)
	if err != nil {
		return nil, err
	}
	p, err := arch.Build(c, w)
	if err != nil {
		return nil, err
	}
	b, err := backend.Get("cpu")
	if err != nil {
		return nil, err
	}
	m, err := b.Load(ctx, p, backend.Options{Threads: threads, Pages: pages})
	if err != nil {
		return nil, err
	}
	r, err := bench.NewRunner(m, p.Vocab, p.Context, pages)
	if err != nil {
		m.Close()
		return nil, err
	}
	return &ours{r, m}, nil
}

func (o *ours) close() { o.model.Close() }

// theirs is a node-llama-cpp process that answers requests with milliseconds.
type theirs struct {
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Scanner
}

func start(ctx context.Context, mjs, dir, file string, threads int) (*theirs, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, "node", mjs, dir, file, strconv.Itoa(threads))
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start node: %w", err)
	}
	t := &theirs{cmd, in, bufio.NewScanner(out)}
	for t.out.Scan() {
		if t.out.Text() == "ready" {
			return t, nil
		}
	}
	t.close()
	return nil, errors.New("node-llama-cpp ended before it was ready")
}

func (t *theirs) ask(request string) (time.Duration, error) {
	if _, err := fmt.Fprintln(t.in, request); err != nil {
		return 0, err
	}
	if !t.out.Scan() {
		return 0, fmt.Errorf("no answer to %q", request)
	}
	ms, err := strconv.ParseFloat(strings.TrimSpace(t.out.Text()), 64)
	if err != nil || ms <= 0 {
		return 0, fmt.Errorf("answer %q to %q is no time", t.out.Text(), request)
	}
	return time.Duration(ms * float64(time.Millisecond)), nil
}

func (t *theirs) close() {
	t.in.Close()
	_ = t.cmd.Wait() // it ends with its input; what it returns says nothing about the figures
}
