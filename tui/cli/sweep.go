package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"s1/engine"
	"s1/engine/builtin"
	"s1/engine/scaling"
	"s1/sessions/jobs"
)

// sweepFlags say what is swept.
type sweepFlags struct {
	model, data, out, backend, weights string
	others                             []string // servers beside the model, which is one then
	patience                           time.Duration
	route                              string
	retries                            int    // of one request; -1 = as it fits the number of servers
	against                            string // a second model; "" = none
	judgedAs                           string // the model whose judge judges; "" = its own
	fields                             scaling.Fields
	shuffle                            uint64         // of choices
	from                               questionSource // where the questions come from, once they are read
	plan                               scaling.Plan
	n, parallel, threads, context      int
	forecast, compare, detach          bool
}

func (a *app) sweepCommand() *cobra.Command {
	var f sweepFlags
	cmd := &cobra.Command{
		Use:   "sweep --data FILE|NAME --out DIR",
		Short: "Accuracy against thinking tokens: questions under many budgets and methods",
		Long: "Puts every question of a file to a model under every budget of every method, and writes items.jsonl (a line for each question and arm, as they come),\n" +
			"points.csv, plot.svg, plot.png and report.md. Arms share what they can: one trace serves every cap below it and every number of Waits, and the\n" +
			"same samples serve the vote and the rejection. A sweep that was stopped or killed goes on where it was: give the same command again.\n\n" +
			"Methods: none (no forcing), bf (a cap), wait (Waits), majority (a vote of samples), rs (rejection sampling: draw until a thought is short enough),\n" +
			"exit (close at the first stable answer), s1-readme and s1-harness (the published procedures, at every cap and number of Waits), and prompts that\n" +
			"say how long to think: ccc (a short or a long time), tcc (tokens), tcc+bf (the same, enforced), scc (steps). own asks rows of s1 sessions rows\n" +
			"again, each under the budget, sampling and seed that it was thought under (s1 sessions compare does so with two models).\n" +
			"scc with its steps enforced is not there: it stops on a text inside the thought, which budgets by token id do not do.",
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.sweep(cmd.Context(), &f) },
	}
	f.register(cmd.Flags())
	return cmd
}

func (f *sweepFlags) register(p *pflag.FlagSet) {
	f.model = defaultModel
	p.VarP(&sweptModels{f: f}, "model", "m", "the model: "+modelWords+"; of servers with one model several, -m again for each: questions go to whichever is free")
	p.StringVar(&f.data, "data", "", "questions: a file (JSON lines, plain, .gz or .zst; Parquet, Arrow, CSV) or a folder of such; "+strings.Join(dataWords(), ", ")+" from a hub; or tape: problems for mini that it was never trained on")
	p.StringVar(&f.fields.Question, "question", "", "field of the question (default: question, problem or prompt)")
	p.StringVar(&f.fields.Answer, "answer", "", "field of the right answer (default: answer, gold or expected)")
	p.StringVar(&f.fields.ID, "id", "", "field of the id (default: id or unique_id, else the line's number)")
	p.StringVar(&f.fields.Choices, "choices", "", "field with a list of choices: they are put below the question as A), B), ..., and the answer (a choice's text, its letter, or its number from 0) becomes the letter")
	p.Uint64Var(&f.shuffle, "shuffle", 1, "seed of the order of choices, drawn for each question by its id; 0 = as in the file")
	p.IntVar(&f.n, "n", 0, "the first so many questions; 0 = all (of tape: 200)")
	p.StringSliceVar(&f.plan.Methods, "methods", []string{"none", "bf", "wait"}, "what is measured")
	p.IntSliceVar(&f.plan.Caps, "caps", []int{0, 16, 32, 64, 128, 256, 512, 1024}, "thinking tokens, of bf, tcc and the presets")
	p.IntSliceVar(&f.plan.Waits, "waits", []int{0, 1, 2, 4}, "numbers of Waits, of wait and the presets")
	p.StringArrayVar(&f.plan.Texts, "wait-text", []string{"Wait"}, "what a Wait appends; given again, another text to compare; empty = only suppress the end")
	p.IntSliceVar(&f.plan.Limits, "limits", []int{64, 128, 256}, "thinking tokens that rs accepts at most")
	p.IntVar(&f.plan.Tries, "tries", 64, "most samples of rs for a question; then it is counted as cut")
	p.IntSliceVar(&f.plan.Votes, "votes", []int{1, 2, 4, 8}, "samples of a vote")
	p.IntSliceVar(&f.plan.Stays, "stays", []int{2, 3}, "equal guesses in a row after which exit closes")
	p.IntVar(&f.plan.Every, "every", 64, "thinking tokens between two guesses of exit")
	p.IntSliceVar(&f.plan.Steps, "steps", []int{16, 32, 64, 128, 256}, "steps that scc asks for")
	p.StringVar(&f.plan.System, "system", "", "system text; empty = the model's own default")
	p.StringVar(&f.plan.ThinkFormat, "think-format", "auto", "how a thought opens and closes: auto, s1, think, tape, none")
	p.IntVar(&f.plan.AnswerCap, "answer-cap", 512, "most answer tokens")
	p.IntVar(&f.plan.Limit, "limit", -1, "most thinking tokens of any thought; -1 = what the context holds")
	p.Float64Var(&f.plan.Sampling.Temperature, "temp", 0, "temperature of the methods that do not sample; 0 = greedy, as in the paper")
	p.Float64Var(&f.plan.Temperature, "sample-temp", 1, "temperature of the samples of majority and rs")
	p.StringVar(&f.out, "out", "", "folder of the results")
	p.StringVar(&f.against, "against", "", "a second model, such as a fine-tuned one: both are swept, into before and after of --out, and changes.md says what changed")
	p.BoolVar(&f.forecast, "forecast", false, "only say what it will cost, from four of the questions")
	p.BoolVar(&f.detach, "detach", false, detachHelp)
	p.BoolVar(&f.compare, "compare", false, "afterwards run every arm for itself, check that all is the same, and say what sharing saved")
	p.IntVar(&f.parallel, "parallel", 0, "questions at once; of servers, requests at once on each (0 = 32 here, 4 on a server)")
	p.DurationVar(&f.patience, "patience", 15*time.Minute, "for how long no server may answer before the sweep stops; what is done is kept")
	p.IntVar(&f.retries, "retries", -1, "how often a server is asked again before a question goes to another one; -1 = 1 of several, 5 of one alone")
	p.StringVar(&f.route, "route", "auto", "how servers are asked: auto (the one that keeps budgets best), "+strings.Join(routeWords(), ", "))
	p.StringVar(&f.backend, "backend", "", "what computes: cpu, or ref (slow, exact); empty = the fastest here")
	p.StringVar(&f.weights, "weights", "auto", "how weights are held: auto (16-bit ones become 8-bit), exact, q8")
	p.IntVar(&f.threads, "threads", 0, "threads; 0 = one per core")
	p.IntVar(&f.context, "context", 0, "most positions of a run; 0 = what the model allows, at most 32768")
}

func (f *sweepFlags) check() error {
	switch {
	case f.data == "" && !f.kept():
		return usagef("--data: a file of questions, a name, or tape; a folder that holds a sweep goes on without it")
	case f.out == "" && !f.forecast:
		return usagef("--out: the folder of the results")
	case f.against != "" && (f.forecast || f.compare):
		return usagef("--against goes without --forecast and --compare")
	case contains(f.plan.Methods, scaling.MethodOwn) && f.data == tapeData:
		return usagef("--methods own is for rows of s1 sessions rows, which say what budget they had; those of %s do not", tapeData)
	case f.n < 0 || f.parallel < 0 || f.threads < 0 || f.threads > maxThreads() || f.context < 0:
		return usagef("--n %d, --parallel %d, --threads %d, --context %d: none negative, at most %d threads", f.n, f.parallel, f.threads, f.context, maxThreads())
	case f.plan.Temperature <= 0 || f.plan.Temperature > maxTemperature || f.plan.Sampling.Temperature < 0 || f.plan.Sampling.Temperature > maxTemperature:
		return usagef("--temp %g, --sample-temp %g: from 0 to %d, samples above 0", f.plan.Sampling.Temperature, f.plan.Temperature, maxTemperature)
	}
	if err := f.checkServers(); err != nil {
		return err
	}
	for i, m := range f.plan.Methods {
		if !contains(scaling.AllMethods(), m) {
			return oneOf("--methods", m, scaling.AllMethods()...)
		}
		if contains(f.plan.Methods[:i], m) {
			return usagef("--methods names %s twice", m)
		}
	}
	for i, text := range f.plan.Texts {
		if err := checkText("--wait-text", text); err != nil {
			return err
		}
		if contains(f.plan.Texts[:i], text) {
			return usagef("--wait-text names %q twice", text)
		}
	}
	if err := f.plan.Check(); err != nil {
		return usageError{err}
	}
	if err := f.checkData(); err != nil {
		return err
	}
	return checkText("--system", f.plan.System)
}

// kept says whether the folder of the results holds a sweep already.
func (f *sweepFlags) kept() bool {
	_, err := os.Stat(filepath.Join(f.out, "plan.json"))
	return f.out != "" && err == nil
}

// numeral judges answers of the tape: a number is right or wrong, anything else is none.
func numeral(pred, gold string) scaling.Verdict {
	if _, err := strconv.Atoi(pred); err != nil {
		return scaling.Unparsed
	}
	return scaling.Exact(pred, gold)
}

// judge is how the answers of a model are compared: with the right one, and in a vote with each other.
func (f *sweepFlags) judge() (scaling.Judge, scaling.Same, string) {
	name := f.judgedAs
	if name == "" {
		name = f.model
	}
	if name == builtin.Name {
		return numeral, nil, "a number, equal to the character"
	}
	return graded, sameAnswer, "s1 grade, default policies; votes are counted by it too"
}

func (a *app) sweep(ctx context.Context, f *sweepFlags) error {
	if err := f.check(); err != nil {
		return err
	}
	if f.detach && !f.forecast && a.job == nil {
		return a.detach(ctx, jobs.Spec{Kind: jobs.Sweep, Name: dataName(f.data), Out: f.out})
	}
	a.job.Results(filepath.Join(f.out, "items.jsonl"))
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stop := watchInterrupts(cancel)
	defer stop.end()
	f.plan.Seed = max(a.seed, 1)
	items, err := f.questions(ctx, a.pullProgress())
	if err != nil {
		return err
	}
	a.sayData(f, len(items))
	if f.against != "" {
		return stop.told(a.sweepAgainst(ctx, f, items))
	}
	r, _, err := a.sweepModel(ctx, f, items)
	if err == nil && r != nil {
		err = a.printPoints(r, f.out)
	}
	return stop.told(err)
}

// sweepModel opens the model of the flags and sweeps it.
func (a *app) sweepModel(ctx context.Context, f *sweepFlags, items []scaling.Item) (*scaling.Result, scaling.Source, error) {
	c, end, err := a.openCrew(ctx, f)
	if err != nil {
		return nil, scaling.Source{}, err
	}
	defer end()
	return a.sweepWith(ctx, f, c, items)
}

// openSwept opens a model to be measured. The built-in one keeps its weights as they are, as where it is probed.
func (a *app) openSwept(ctx context.Context, f *sweepFlags) (*engine.Model, error) {
	o := engine.Options{Name: f.model, Backend: f.backend, Weights: f.weights, Threads: f.threads, Context: f.context}
	if f.model == builtin.Name {
		o.Weights = "exact"
	}
	p, err := loadModel(ctx, f.model, o, a.progress())
	if err != nil {
		return nil, err
	}
	return engine.Assembled(p)
}

// sweepWith gives no result where only a forecast was wanted.
func (a *app) sweepWith(ctx context.Context, f *sweepFlags, c *scaling.Crew, items []scaling.Item) (_ *scaling.Result, s scaling.Source, err error) {
	o := f.options()
	o.Progress = a.sweepProgress()
	if _, err := os.Stat(filepath.Join(f.out, "items.jsonl")); f.forecast || errors.Is(err, os.ErrNotExist) {
		forecast, err := scaling.Estimate(ctx, c, f.plan, items, o)
		if err != nil {
			return nil, s, err
		}
		if f.forecast {
			_, err := fmt.Fprintln(a.out, forecast)
			return nil, s, err
		}
		a.say("%s", forecast)
		o.Known = forecast.Rows
	}
	r, record, err := f.carryOut(ctx, c, items, o, f.command())
	if err != nil {
		return nil, s, err
	}
	if f.compare {
		if err := a.compareSeparate(ctx, f, c, items, r, record); err != nil {
			return nil, s, err
		}
	}
	a.saySaving(c, r)
	return r, f.source(c, items, o, f.command()), writeRecord(f.out, record)
}

// options are those of a sweep with these flags.
func (f *sweepFlags) options() scaling.Options {
	judge, same, name := f.judge()
	parallel := f.parallel
	if parallel == 0 {
		parallel = 32
	}
	return scaling.Options{Judge: judge, Same: same, JudgeName: name, Dir: f.out, Parallel: parallel}
}

// carryOut runs a sweep to its end and writes its report. The record of this run is not written yet.
func (f *sweepFlags) carryOut(ctx context.Context, c *scaling.Crew, items []scaling.Item, o scaling.Options, command string) (*scaling.Result, map[string]any, error) {
	if err := keepSource(o.Dir, f.from); err != nil {
		return nil, nil, err
	}
	r, err := scaling.Run(ctx, c, f.plan, items, o)
	if err != nil {
		return nil, nil, err
	}
	if err := scaling.Report(o.Dir, r, f.source(c, items, o, command)); err != nil {
		return nil, nil, err
	}
	return r, runRecord(c.Info(), r), nil
}

// source says what a sweep was about.
func (f *sweepFlags) source(c *scaling.Crew, items []scaling.Item, o scaling.Options, command string) scaling.Source {
	info := c.Info()
	return scaling.Source{
		Model: info.Name, ModelSHA256: info.SHA256, Data: dataName(f.data), DataSHA256: scaling.HashItems(items), Command: command, Version: version, Judge: o.JudgeName, Served: c.Keeping(),
		Licence: safeLine(f.from.Licence, 100), LeftOut: f.unused(len(items)),
	}
}

// dataName is a file's name without the folders of this machine.
func dataName(path string) string { return filepath.Base(path) }

// command is the command as it was given, without what names a folder of this machine.
func (f *sweepFlags) command() string {
	var words []string
	for i, skip := 1, false; i < len(os.Args); i++ {
		w := os.Args[i]
		switch name, value, given := strings.Cut(w, "="); {
		case skip:
			skip = false
			continue
		case name == "--out":
			skip = !given
			continue
		case w == f.data:
			w = dataName(w)
		case given && name == "--data":
			w = name + "=" + dataName(value)
		case i > 1 && os.Args[i-1] == "--data":
			w = dataName(w)
		}
		if strings.ContainsAny(w, " \"'$\\|&;<>()*?") || w == "" {
			w = strconv.Quote(w)
		}
		words = append(words, w)
	}
	return "s1 " + strings.Join(words, " ")
}
