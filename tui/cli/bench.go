package cli

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"s1/engine"
	"s1/engine/bench"
)

func (a *app) benchCommand() *cobra.Command {
	var f modelFlags
	cmd := &cobra.Command{
		Use: "bench", Short: "How fast this machine reads, thinks, branches and forks with a model", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := f.check(); err != nil {
				return err
			}
			return a.bench(cmd.Context(), &f)
		},
	}
	f.register(cmd.Flags())
	return cmd
}

func (a *app) bench(ctx context.Context, f *modelFlags) error {
	start := time.Now()
	p, err := loadModel(ctx, f.model, engine.Options{Backend: f.backend, Weights: f.weights, Threads: f.threads, Context: f.context},
		func(s string) { a.say("%s", safeText(s)) })
	if err != nil {
		return err
	}
	loaded := time.Since(start)
	a.say("measuring %s; half a minute to some minutes, by size", safeText(p.Info.Name))
	r, err := bench.Run(ctx, p.Backend, bench.Options{Model: f.model, Load: loaded, Vocab: p.Vocab, Context: p.Context, Pages: p.Pages})
	if err = errors.Join(err, p.Backend.Close(), p.Close()); err != nil {
		return err
	}
	if a.json {
		return a.printJSON(r)
	}
	return a.printBench(r)
}

// printBench shows a report as a table for people.
func (a *app) printBench(r bench.Report) error {
	b := bufio.NewWriter(a.out)
	fmt.Fprintf(b, "%s, %s, %d threads\n\n", safeText(r.Model), r.Backend, r.Threads)
	series := func(name, unit string, m map[string]float64) {
		keys := slices.SortedFunc(maps.Keys(m), func(x, y string) int { return cmp.Or(cmp.Compare(len(x), len(y)), cmp.Compare(x, y)) })
		for _, k := range keys {
			fmt.Fprintf(b, "%-26s %10.1f %s\n", name+" "+k, m[k], unit)
		}
	}
	series("prompt of", "tok/s", r.PromptTPS)
	series("decode after", "tok/s", r.DecodeTPS)
	series("branches at 512:", "tok/s in all", r.BranchesTPS)
	fmt.Fprintf(b, "%-26s %10.1f us\n%-26s %10.1f us\n%-26s %10.0f ms\n", "fork", r.ForkUS, "rewind", r.RewindUS, "load", r.LoadMS)
	fmt.Fprintf(b, "%-26s %10.1f MB\n", "weights read per token", float64(r.BytesPerToken)/1e6)
	fmt.Fprintf(b, "%-26s %10.1f kB\n", "keys and values/position", float64(r.KVBytes)/1e3)
	fmt.Fprintf(b, "%-26s %10.1f GB/s\n", "memory read", r.MemoryGBps)
	if r.ShareOfLimit == nil {
		fmt.Fprintf(b, "%-26s %10s   the weights come out of the processor's cache: memory is no limit\n", "decode at 0", "-")
	} else {
		fmt.Fprintf(b, "%-26s %10.0f %% of what memory allows\n", "decode at 0", 100**r.ShareOfLimit)
	}
	return b.Flush()
}
