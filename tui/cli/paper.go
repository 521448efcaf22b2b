package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"s1/engine/builtin"
	"s1/engine/scaling"
	"s1/sessions/jobs"
)

func (a *app) paperCommand() *cobra.Command {
	var quick, detach bool
	var out string
	var threads int
	cmd := &cobra.Command{
		Use:   "paper",
		Short: "The paper's study in miniature, on the built-in model: curves, controls and tables with intervals",
		Long: "Caps and Waits, thinking on against a vote of as many tokens, rejection sampling, the word that is appended, and the table of methods, on problems\n" +
			"that mini was never trained on. Writes report.md with what holds and what does not, the paper's own rows beside, figures (SVG, PNG), points.csv\n" +
			"and every answer. The same seed gives the same files; what belongs to one run, time and machine, is in run.json alone.\n" +
			"--quick asks 240 problems, without it 1,000, with more samples and Waits. A study that was stopped or killed goes on where it was.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.paper(cmd.Context(), quick, detach, out, threads)
		},
	}
	cmd.Flags().BoolVar(&quick, "quick", false, "fewer problems and samples: some minutes less, wider intervals")
	cmd.Flags().StringVar(&out, "out", "", "folder of the results (default: s1-paper, or s1-paper-quick)")
	cmd.Flags().BoolVar(&detach, "detach", false, detachHelp)
	cmd.Flags().IntVar(&threads, "threads", 0, "threads; 0 = as mini usually has")
	return cmd
}

func (a *app) paper(ctx context.Context, quick, detach bool, out string, threads int) error {
	if threads < 0 || threads > maxThreads() {
		return usagef("--threads %d: 0 to %d", threads, maxThreads())
	}
	command := "s1 paper"
	if quick {
		command += " --quick"
	}
	if out == "" {
		out = strings.ReplaceAll(strings.ReplaceAll(command, " --", "-"), " ", "-")
	}
	if detach && a.job == nil {
		return a.detach(ctx, jobs.Spec{Kind: jobs.Paper, Name: command, Out: out})
	}
	a.job.Results(out)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stop := watchInterrupts(cancel)
	defer stop.end()

	f := &sweepFlags{model: builtin.Name, threads: threads}
	m, err := a.openSwept(ctx, f)
	if err != nil {
		return stop.told(err)
	}
	defer m.Close()
	seed := max(a.seed, 1)
	items := tapeItems(seed, scaling.StudySize(quick))
	judge, _, judgeName := f.judge()
	s, err := scaling.RunStudy(ctx, m, items, quick, seed, scaling.Options{Judge: judge, JudgeName: judgeName, Dir: out, Parallel: studyParallel, Progress: a.sweepProgress()})
	if err != nil {
		return stop.told(err)
	}
	info := m.Info()
	if err := scaling.ReportStudy(out, s, scaling.Source{
		Model: info.Name, ModelSHA256: info.SHA256, Data: "test problems of the tape, kept out of training", DataSHA256: scaling.HashItems(items),
		Command: fmt.Sprintf("%s --seed %d", command, seed), Version: version, Judge: judgeName,
	}); err != nil {
		return err
	}
	record := runRecord(info, s.Greedy)
	record["seconds"] = s.Greedy.Elapsed.Seconds() + s.Sampled.Elapsed.Seconds()
	record["tokens"] = s.Greedy.Tokens + s.Sampled.Tokens
	if err := writeRecord(out, record); err != nil {
		return err
	}
	return errors.Join(a.printStudy(out), stop.told(nil))
}

// studyParallel is how many problems are asked at once: enough for full batches of mini, which reads its weights once for all.
const studyParallel = 48

// printStudy prints the report's findings.
func (a *app) printStudy(out string) error {
	path := filepath.Join(out, "report.md")
	b, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	_, rest, _ := strings.Cut(string(b), "## What came out\n\n")
	found, _, _ := strings.Cut(rest, "\n## ")
	if a.json {
		return a.printJSON(map[string]any{"report": path, "found": strings.Split(strings.TrimSpace(found), "\n")})
	}
	_, err = fmt.Fprintf(a.out, "%s\nThe whole report is %s\n", safeText(found), safeLine(path, 200))
	return err
}
