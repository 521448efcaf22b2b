package cli

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"s1/engine/trace"
	"s1/engine/trace/spelling"
	"s1/sessions"
)

// libraryCommands are those of sessions that find runs and change what is known of them.
func (a *app) libraryCommands() []*cobra.Command {
	return []*cobra.Command{a.searchCommand(), a.tagCommand(), a.noteCommand(), a.expectCommand(), a.rmCommand(), a.restoreCommand()}
}

func (a *app) searchCommand() *cobra.Command {
	var f sessions.Filter
	var verdict, since string
	cmd := &cobra.Command{
		Use: "search [TEXT...]", Short: "Find runs by what was asked, thought, answered or noted",
		Long: "All the words must be there, in one branch. A trailing * finds beginnings (from three letters on), \"a phrase\" stays together.\n" +
			"The first search of an older file reads it in first; it may be interrupted and goes on the next time.",
		RunE: func(cmd *cobra.Command, args []string) error {
			f.Text, f.Verdict = strings.Join(args, " "), trace.Verdict(verdict)
			if err := checkFilter(&f, since, time.Now()); err != nil {
				return err
			}
			return a.withStore(cmd.Context(), func(s *sessions.Store) error { return a.search(cmd.Context(), s, f) })
		},
	}
	p := cmd.Flags()
	p.StringVarP(&f.Model, "model", "m", "", "a part of the model's name")
	p.StringVar(&f.Closed, "closed", "", "how the thought of the latest branch closed: "+strings.Join(closedWords, ", "))
	p.StringVar(&verdict, "verdict", "", "right or wrong")
	p.StringVar(&f.Tag, "tag", "", "only runs with this tag")
	p.StringVar(&since, "since", "", "a day (2026-01-31) or an age (36h, 7d, 2w)")
	p.IntVarP(&f.Limit, "limit", "n", 20, "most runs to show, 0 = all")
	a.complete(cmd, "closed", closedWords...)
	a.complete(cmd, "verdict", "right", "wrong")
	return cmd
}

var closedWords = []string{"natural", "cap", "answer_now", "context", "loop", "stopped", "open", "none"}

// checkFilter refuses words that no run could match.
func checkFilter(f *sessions.Filter, since string, now time.Time) error {
	if f.Closed != "" && !contains(closedWords, f.Closed) {
		return usagef("--closed %q: one of %q; did you mean %q?", f.Closed, closedWords, spelling.Nearest(f.Closed, closedWords))
	}
	if f.Verdict != "" && f.Verdict != trace.VerdictRight && f.Verdict != trace.VerdictWrong {
		return usagef("--verdict %q: right or wrong", f.Verdict)
	}
	if f.Limit < 0 {
		return usagef("--limit %d: 0 (all) or more", f.Limit)
	}
	var err error
	f.From, err = parseSince(since, now)
	return err
}

// parseSince reads a day or an age; "" is the zero time.
func parseSince(s string, now time.Time) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	if day, err := time.ParseInLocation("2006-01-02", s, now.Location()); err == nil {
		return day, nil
	}
	hours := map[byte]int{'h': 1, 'd': 24, 'w': 7 * 24}[s[len(s)-1]]
	n, err := strconv.Atoi(s[:len(s)-1])
	if err != nil || hours == 0 || n < 0 || n > 1_000_000 {
		return time.Time{}, usagef("--since %q: a day (2026-01-31) or an age (36h, 7d, 2w)", s)
	}
	return now.Add(-time.Duration(n*hours) * time.Hour), nil
}

// maxCounted is how many hits are counted exactly.
const maxCounted = 1000

func (a *app) search(ctx context.Context, s *sessions.Store, f sessions.Filter) error {
	if strings.TrimSpace(f.Text) != "" {
		show := a.progress()
		if err := s.CatchUp(ctx, func(left int) { show(fmt.Sprintf("reading in older sessions, %d branches left", left)) }); err != nil {
			return err
		}
		show("")
	}
	start := time.Now()
	hits, err := s.Query(ctx, f)
	if err != nil {
		return err
	}
	took := time.Since(start)
	for _, h := range hits {
		h.Answer = strings.TrimSpace(h.Answer)
		if a.json {
			if err := a.printJSON(h); err != nil {
				return err
			}
			continue
		}
		if err := a.printSummary(h.Summary); err != nil {
			return err
		}
		if h.Where == "" {
			continue
		}
		where := h.Where + " of " + string(h.Branch)
		if h.Token >= 0 {
			where += fmt.Sprintf(" at token %d", h.Token)
		}
		if _, err := fmt.Fprintf(a.out, "    %s: %s\n", safeLine(where, 60), safeLine(bracketed(h.Snippet, h.Marks), 200)); err != nil {
			return err
		}
	}
	n, more, err := s.Count(ctx, f, maxCounted)
	if err != nil {
		return err
	}
	switch {
	case a.json:
	case n == 0:
		a.say("nothing found; fewer words, or a * for beginnings (multi*), find more")
	default:
		plus := ""
		if more {
			plus = "+"
		}
		a.say("%d of %d%s found, in %d ms", len(hits), n, plus, took.Milliseconds())
	}
	return nil
}

// bracketed puts [ ] around what was found.
func bracketed(s string, marks [][2]int) string {
	var b strings.Builder
	at := 0
	for _, m := range marks {
		b.WriteString(s[at:m[0]] + "[" + s[m[0]:m[1]] + "]")
		at = m[1]
	}
	return b.String() + s[at:]
}

func (a *app) tagCommand() *cobra.Command {
	return &cobra.Command{
		Use: "tag ID +TAG -TAG...", Short: "Add (+) and remove (-) tags of a run; without tags, show them",
		DisableFlagParsing: true, // -b is a tag here
		ValidArgsFunction:  a.completeIDs,
		RunE: func(cmd *cobra.Command, args []string) error {
			var id string
			var add, remove []string
			for _, w := range args {
				switch {
				case w == "-h" || w == "--help":
					return cmd.Help()
				case w == "--json":
					a.json = true
				case w == "--quiet" || w == "-q" && id == "":
					a.quiet = true
				case strings.HasPrefix(w, "--"):
					return usagef("unknown flag %s; a tag does not begin with -", w)
				case id == "":
					id = w
				case strings.HasPrefix(w, "-"):
					remove = append(remove, w[1:])
				default:
					add = append(add, strings.TrimPrefix(w, "+"))
				}
			}
			if id == "" {
				return usagef("s1 sessions tag needs the ID of a run")
			}
			for _, t := range append(append([]string{}, add...), remove...) {
				if err := sessions.CheckTag(t); err != nil {
					return usageError{err}
				}
			}
			return a.onRun(cmd.Context(), id, false, func(s *sessions.Store, id string) error {
				now, err := s.ChangeTags(cmd.Context(), id, "", add, remove)
				if err != nil {
					return err
				}
				if a.json {
					return a.printJSON(struct {
						ID   string   `json:"id"`
						Tags []string `json:"tags"`
					}{id, append([]string{}, now...)})
				}
				_, err = fmt.Fprintln(a.out, safeLine(strings.Join(now, " "), 2000))
				return err
			})
		},
	}
}

func (a *app) noteCommand() *cobra.Command {
	var branch string
	var token int
	cmd := &cobra.Command{
		Use: "note ID TEXT", Short: "Write a note on a run, a branch or a token; an empty TEXT removes it", Args: cobra.ExactArgs(2),
		ValidArgsFunction: a.completeIDs,
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.onRun(cmd.Context(), args[0], false, func(s *sessions.Store, id string) error {
				return s.SetNote(cmd.Context(), id, trace.BranchID(branch), token, args[1])
			})
		},
	}
	cmd.Flags().StringVar(&branch, "branch", "", "the branch; empty = the run")
	cmd.Flags().IntVar(&token, "token", -1, "a token of the branch; -1 = the whole branch")
	return cmd
}

func (a *app) expectCommand() *cobra.Command {
	return &cobra.Command{
		Use: "expect ID ANSWER", Short: "Say what the right answer is; every branch of the run is judged again", Args: cobra.ExactArgs(2),
		ValidArgsFunction: a.completeIDs,
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.onRun(cmd.Context(), args[0], false, func(s *sessions.Store, id string) error {
				return s.SetExpected(cmd.Context(), id, args[1])
			})
		},
	}
}

func (a *app) rmCommand() *cobra.Command {
	var purge bool
	var branch string
	cmd := &cobra.Command{
		Use: "rm ID...", Short: "Move runs to the bin, which keeps them for 30 days",
		Long:              "Move runs to the bin, which keeps them for 30 days; s1 sessions restore brings them back.\nWith --purge the runs are removed for good; without an ID, all that is in the bin.",
		ValidArgsFunction: a.completeIDs,
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx := cmd.Context()
			switch {
			case len(args) == 0 && !purge:
				return usagef("s1 sessions rm needs the ID of a run, or --purge to empty the bin")
			case branch != "" && (purge || len(args) != 1):
				return usagef("--branch goes with one ID and without --purge")
			case len(args) == 0:
				return a.withStore(ctx, func(s *sessions.Store) error {
					n, err := s.Purge(ctx, time.Now().Add(time.Hour)) // also what another clock put there
					if err == nil {
						a.say("%d removed for good", n)
					}
					return err
				})
			}
			var errs error
			for _, arg := range args {
				errs = errors.Join(errs, a.onRun(ctx, arg, false, func(s *sessions.Store, id string) error {
					switch {
					case purge:
						return s.Erase(ctx, id)
					case branch != "":
						return s.RemoveBranch(ctx, id, trace.BranchID(branch))
					}
					return s.Remove(ctx, id)
				}))
			}
			if errs == nil && !purge {
				a.say("in the bin for %d days; s1 sessions restore brings it back", sessions.BinDays)
			}
			return errs
		},
	}
	cmd.Flags().BoolVar(&purge, "purge", false, "for good; without an ID: all that is in the bin")
	cmd.Flags().StringVar(&branch, "branch", "", "only this branch, with what grew from it")
	return cmd
}

func (a *app) restoreCommand() *cobra.Command {
	var branch string
	cmd := &cobra.Command{
		Use: "restore ID", Short: "Bring a run back from the bin", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.onRun(cmd.Context(), args[0], branch == "", func(s *sessions.Store, id string) error {
				if branch != "" {
					return s.RestoreBranch(cmd.Context(), id, trace.BranchID(branch))
				}
				return s.Restore(cmd.Context(), id)
			})
		},
	}
	cmd.Flags().StringVar(&branch, "branch", "", "only this branch of a run that is not in the bin")
	return cmd
}

// onRun opens the store and finds the run that an id, or the beginning of one, stands for.
func (a *app) onRun(ctx context.Context, id string, binned bool, f func(*sessions.Store, string) error) error {
	return a.withStore(ctx, func(s *sessions.Store) error {
		full, err := s.Resolve(ctx, id, binned)
		if errors.Is(err, sessions.ErrNotFound) && binned {
			return fmt.Errorf("no session %q in the bin; s1 sessions list --bin shows what is there", id)
		}
		if err != nil {
			return notHere(id, err)
		}
		return notHere(id, f(s, full))
	})
}

// completeIDs offers the newest runs to the shell.
func (a *app) completeIDs(cmd *cobra.Command, _ []string, start string) ([]string, cobra.ShellCompDirective) {
	const most = 50
	var ids []string
	ctx := cmd.Context()
	if ctx == nil {
		ctx = context.Background()
	}
	err := a.withStore(ctx, func(s *sessions.Store) error {
		list, err := s.List(ctx, most)
		for _, m := range list {
			if strings.HasPrefix(m.ID, start) {
				ids = append(ids, m.ID+"\t"+safeLine(m.Prompt, 40))
			}
		}
		return err
	})
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	return ids, cobra.ShellCompDirectiveNoFileComp
}

// complete offers the words of a flag to the shell.
func (a *app) complete(cmd *cobra.Command, flag string, words ...string) {
	err := cmd.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(words, cobra.ShellCompDirectiveNoFileComp))
	if err != nil {
		panic(err) // the flag is not there
	}
}
