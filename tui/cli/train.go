package cli

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"

	"github.com/spf13/cobra"

	"s1/train"
	"s1/train/metrics"
	"s1/train/recipe"
)

// trainFlags are the choices of a run that are not its recipe's.
type trainFlags struct {
	out               string
	steps, saveEvery  int64
	threads           int
	resume, otherCode bool
}

func (a *app) trainCommand() *cobra.Command {
	var f trainFlags
	cmd := &cobra.Command{
		Use:   "train RECIPE.toml",
		Short: "Fine-tune a model, or train one from nothing",
		Long: "Trains as the recipe says: a file, or the name of a preset (mini, mini-quick, mini-nochecks, s1, s1.1, lora).\n" +
			"Ctrl-C, SIGTERM and SIGUSR1 finish the micro-batch, save and end with exit code 0; --resume goes on from there. A second Ctrl-C aborts.",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return a.train(cmd.Context(), f, args[0]) },
	}
	p := cmd.Flags()
	p.StringVar(&f.out, "out", "", "folder of the run; empty = the recipe's name")
	p.Int64Var(&f.steps, "steps", 0, "optimizer steps in place of the recipe's")
	p.Int64Var(&f.saveEvery, "save-every", 0, "steps between checkpoints in place of the recipe's")
	p.IntVar(&f.threads, "threads", 0, "threads; 0 = the recipe's, or one per core; the weights are the same bits with any number")
	p.BoolVar(&f.resume, "resume", false, "go on from the newest checkpoint of the folder")
	p.BoolVar(&f.otherCode, "other-code", false, "also from one that another version of s1 made")
	return cmd
}

func (a *app) train(ctx context.Context, f trainFlags, name string) error {
	rec, err := recipe.Load(name)
	if err != nil {
		return usageError{err}
	}
	if f.steps < 0 || f.saveEvery < 0 || f.threads < 0 {
		return usagef("--steps %d, --save-every %d and --threads %d must not be negative", f.steps, f.saveEvery, f.threads)
	}
	if f.steps > 0 {
		rec.Train.Steps, rec.Train.Epochs = f.steps, 0
	}
	if f.saveEvery > 0 {
		rec.Checkpoint.Every = f.saveEvery
	}
	if f.threads > 0 {
		rec.Train.Threads = f.threads
	}
	if a.seed != 0 {
		rec.Train.Seed = a.seed
	}
	if f.out == "" {
		f.out = strings.TrimSuffix(filepath.Base(name), ".toml")
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stop := newStopAsk(cancel)
	defer stop.end()
	result, err := train.Run(ctx, rec, train.Options{
		Dir: f.out, Resume: f.resume, AllowCode: f.otherCode, Code: version, Stop: stop, Say: a.say,
		Step: func(s metrics.Step) { a.printStep(s) },
	})
	if err != nil {
		return err
	}
	if result.Model != "" {
		a.say("the model is in %s: s1 run -m %s", result.Model, result.Model)
	}
	return nil
}

func (a *app) printStep(s metrics.Step) {
	if a.json {
		if line, err := metrics.Line(s); err == nil {
			_, _ = a.out.Write(line)
		}
		return
	}
	if s.Step%20 == 0 || s.Step <= 3 {
		fmt.Fprintf(a.out, "step %d loss %.4f acc %.4f norm %.3f lr %.2e tok/s %.0f waste %.2f\n", s.Step, *s.Loss, *s.TokenAccuracy, *s.GradNorm, s.LR, s.TokensPerSecond, s.PaddingWaste)
	}
}

// stopAsk is Ctrl-C, SIGTERM or SIGUSR1 (a cluster that wants its machine back): asked once, the run saves and ends well; a
// second Ctrl-C aborts it.
type stopAsk struct {
	asked   atomic.Bool
	signals chan os.Signal
	done    chan struct{}
}

func newStopAsk(abort context.CancelFunc) *stopAsk {
	s := &stopAsk{signals: make(chan os.Signal, 4), done: make(chan struct{})}
	signal.Notify(s.signals, os.Interrupt, syscall.SIGTERM, syscall.SIGUSR1)
	go func() { // until end
		for {
			select {
			case <-s.done:
				return
			case sig := <-s.signals:
				if s.asked.Swap(true) && sig == os.Interrupt {
					abort()
				}
			}
		}
	}()
	return s
}

// Requested implements train.Stopper.
func (s *stopAsk) Requested() bool { return s.asked.Load() }

func (s *stopAsk) end() {
	signal.Stop(s.signals)
	close(s.done)
}
