package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"s1/engine"
	"s1/engine/trace"
	"s1/sessions"
	tuiapp "s1/tui/app"
	"s1/tui/pane/scrub"
	"s1/tui/pane/trials"
	"s1/tui/theme"
)

// Defaults of the experiments, as on the screen.
const (
	usualStops   = 16
	usualLab     = 8
	usualVotes   = 32
	usualAnchors = 12
	warm         = 1.0 // temperature of samples where the run was greedy: greedy ones would all be the same
)

// exploreFlags are those of the experiments on a kept run.
type exploreFlags struct {
	modelFlags
	samplingFlags
	branch  string
	stops   int
	samples int
	at, to  int
	words   string
}

func (a *app) exploreCommand() *cobra.Command {
	cmd := group("explore", "What a kept run would have said: cut, made to wait, asked again")
	cmd.Long = "Experiments on a kept run, as the keys s, L, V and A of the screen make them. Nothing of them is kept.\n" +
		"Without --branch it is the newest branch. --json prints what the screen shows as objects."
	one := func(use, short string, often int, do func(*exploration, context.Context) error) *cobra.Command {
		f := exploreFlags{}
		c := &cobra.Command{
			Use: use + " ID", Short: short, Args: cobra.ExactArgs(1),
			RunE: func(cmd *cobra.Command, args []string) error {
				return a.explore(cmd.Context(), &f, cmd.Flags().Changed("model"), args[0], do)
			},
		}
		f.modelFlags.register(c.Flags())
		c.Flags().StringVar(&f.branch, "branch", "", "the branch to ask about; empty = the newest")
		switch use {
		case "scrub":
			c.Flags().IntVar(&f.stops, "stops", often, "places along the thought")
			return c
		case "lab":
			c.Flags().IntVar(&f.at, "at", -1, "token to go on from; -1 = where the thought closed")
			c.Flags().StringVar(&f.words, "words", "", "texts to put in, apart by commas; - = nothing (default: nothing, and words that the model has)")
		case "anchor":
			c.Flags().IntVar(&f.at, "at", -1, "first token of the sentence")
			c.Flags().IntVar(&f.to, "to", -1, "first token behind it")
		}
		f.samplingFlags.register(c.Flags())
		c.Flags().IntVar(&f.samples, "samples", often, "samples of each arm")
		return c
	}
	cmd.AddCommand(
		one("scrub", "The answers along a thought, each from a branch that is closed there", usualStops, (*exploration).scrub),
		one("lab", "From one place: nothing, Wait, other words, several times each", usualLab, (*exploration).lab),
		one("vote", "The question asked many times; stops when the lead is decided", usualVotes, (*exploration).vote),
		one("anchor", "Go on many times with and without a part of the thought", usualAnchors, (*exploration).anchor),
	)
	return cmd
}

// exploration is a kept run that has been brought back.
type exploration struct {
	a        *app
	f        *exploreFlags
	explorer tuiapp.Explorer
	branch   trace.Branch
	tokens   []trace.Token
	own      []string // texts that the model takes in place of an end of thinking; nil = any
	closes   int      // the first token of the close of the thought, -1 = it never closed
}

func (a *app) explore(ctx context.Context, f *exploreFlags, named bool, id string, do func(*exploration, context.Context) error) error {
	if err := errors.Join(f.modelFlags.check(), f.samplingFlags.check()); err != nil {
		return err
	}
	var s sessions.Session
	err := a.withStore(ctx, func(st *sessions.Store) (err error) {
		full, err := st.Resolve(ctx, id, false)
		if err == nil {
			s, err = st.Load(ctx, full)
		}
		return notHere(id, err)
	})
	if err != nil {
		return err
	}
	if !named {
		f.model = s.Run.Model
	}
	run := usual()
	run.modelFlags, run.noSave = f.modelFlags, true
	d := a.newDesk(ctx, &run)
	defer d.Close() // nothing is kept
	if err := d.open(ctx, a.progress()); err != nil {
		return fmt.Errorf("run %s was made by %s, and it could not be opened (-m names another place): %w", id, safeText(s.Run.Model), err)
	}
	if d.model == nil {
		return fmt.Errorf("run %s: %s is a server, which keeps no states to go back to; experiments need a model on this machine (-m)", id, safeText(f.model))
	}
	lives, err := d.model.Restore(s.Run, savedOf(s))
	if err != nil {
		return err
	}
	i := len(lives) - 1
	if f.branch != "" {
		i = slices.IndexFunc(lives, func(l *engine.Live) bool { return string(l.Branch().ID) == f.branch })
	}
	if i < 0 {
		return usagef("run %s has no branch %q; it has %s", id, f.branch, branchIDs(lives))
	}
	x := &exploration{a: a, f: f, explorer: d.Explores(""), branch: lives[i].Branch(), own: d.model.Info().Words, closes: -1}
	events, _ := lives[i].Log().Since(0)
	for _, e := range events {
		if e.Kind == trace.EventToken {
			x.tokens = append(x.tokens, e.Token)
		}
	}
	if at, ok := lives[i].CloseAt(x.tokens); ok {
		x.closes = at
	}
	return do(x, ctx)
}

func branchIDs(lives []*engine.Live) string {
	ids := make([]string, len(lives))
	for i, l := range lives {
		ids[i] = string(l.Branch().ID)
	}
	return strings.Join(ids, ", ")
}

func (x *exploration) spent() int {
	n := 0
	for _, t := range x.tokens {
		if t.Counted {
			n++
		}
	}
	return n
}

// sampling is the branch's own, warm where it was greedy, with the flags over it.
func (x *exploration) sampling() trace.Sampling {
	s := x.branch.Sampling
	if s.Temperature == 0 {
		s.Temperature = warm
	}
	seed := s.Seed
	if x.a.seed != 0 {
		seed = x.a.seed
	}
	return x.f.sampling(s, seed)
}

// guessLine is a stop as an object.
type guessLine struct {
	Spent     int           `json:"spent"`
	Answer    string        `json:"answer"`
	Prob      *float32      `json:"prob"`
	CloseProb *float32      `json:"close_prob"`
	Verdict   trace.Verdict `json:"verdict,omitempty"`
	Tokens    int           `json:"tokens"`
	Cut       bool          `json:"cut,omitempty"`
}

func (x *exploration) scrub(ctx context.Context) error {
	spent := x.spent()
	if spent == 0 {
		return fmt.Errorf("branch %s has no thought to cut", x.branch.ID)
	}
	if x.f.stops < 1 {
		return usagef("--stops %d: at least 1", x.f.stops)
	}
	var stops []int
	n := min(x.f.stops, spent)
	for i := range n {
		stops = append(stops, spent*(i+1)/n)
	}
	var all []trace.Guess
	if err := x.explorer.Scrub(ctx, x.branch.ID, stops, func(g trace.Guess) { all = append(all, g) }); err != nil {
		return err
	}
	slices.SortFunc(all, func(p, q trace.Guess) int { return p.Spent - q.Spent })
	if !x.a.json {
		_, err := fmt.Fprintln(x.a.out, scrub.Describe(all))
		return err
	}
	for _, g := range all {
		if err := x.a.printJSON(guessLine{g.Spent, g.Answer, number(g.Prob), number(g.CloseProb), g.Verdict, g.Tokens, g.Cut}); err != nil {
			return err
		}
	}
	return nil
}

func (x *exploration) lab(ctx context.Context) error {
	at := x.f.at
	if at < 0 {
		at = x.closes
	}
	switch {
	case at < 0:
		return usagef("the thought of branch %s never closed: --at says from which of its %d tokens to go on", x.branch.ID, len(x.tokens))
	case at > len(x.tokens):
		return usagef("--at %d: branch %s has %d tokens", x.f.at, x.branch.ID, len(x.tokens))
	}
	if x.f.words == "" {
		x.f.words = tuiapp.LabWords(x.own, cmp.Or(x.branch.Budget.WaitText, "Wait"))
	}
	words := strings.Split(x.f.words, ",")
	for i, w := range words {
		if words[i] = strings.TrimSpace(w); words[i] == "-" {
			words[i] = ""
		}
	}
	return x.try(ctx, trials.Lab, "Wait lab", trace.Trials{Arms: tuiapp.LabArms(words, at, at == x.closes, x.branch.Budget)})
}

func (x *exploration) vote(ctx context.Context) error {
	return x.try(ctx, trials.Vote, "votes", trace.Trials{Decided: true, Arms: []trace.Arm{{Name: "asked again", Budget: x.branch.Budget}}})
}

func (x *exploration) anchor(ctx context.Context) error {
	if x.f.at < 0 && x.f.to < 0 {
		return usagef("anchor needs --at and --to: the first token of the part that is left out and the first one behind it, of the %d of branch %s; for example --at 5 --to 10", len(x.tokens), x.branch.ID)
	}
	if x.f.at < 0 || x.f.to <= x.f.at || x.f.to > len(x.tokens) {
		return usagef("--at %d --to %d: two tokens of the %d of branch %s, the first before the second", x.f.at, x.f.to, len(x.tokens), x.branch.ID)
	}
	b := x.branch.Budget
	b.Cap = -1
	return x.try(ctx, trials.Anchors, "with and without it", trace.Trials{
		Arms: []trace.Arm{{Name: "without it", At: x.f.at, Budget: b}, {Name: "with it", At: x.f.to, Budget: b}},
	})
}

// try carries out an experiment and prints how it ended.
func (x *exploration) try(ctx context.Context, kind trials.Kind, title string, t trace.Trials) error {
	if x.f.samples < 1 || x.f.samples*len(t.Arms) > maxSamples*2 {
		return usagef("--samples %d: 1 to %d for %d arms", x.f.samples, maxSamples*2/len(t.Arms), len(t.Arms))
	}
	t.From, t.Samples, t.Sampling = x.branch.ID, x.f.samples, x.sampling()
	var last trace.TrialsReport
	if err := x.explorer.Try(ctx, t, func(r trace.TrialsReport) { last = r }); err != nil {
		return err
	}
	if x.a.json {
		for _, s := range last.Tallies {
			if err := x.a.printJSON(s); err != nil {
				return err
			}
		}
		if last.Shift != nil {
			return x.a.printJSON(map[string]any{"shift": last.Shift})
		}
		return nil
	}
	p := trials.Pane{Theme: theme.New(theme.Options{NoColor: true}), Kind: kind, Title: title, Report: &last, Samples: t.Samples}
	for _, l := range p.Describe() {
		if _, err := fmt.Fprintln(x.a.out, l); err != nil {
			return err
		}
	}
	return nil
}
