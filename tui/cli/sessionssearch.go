package cli

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"s1/engine/trace"
	"s1/sessions"
)

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
	p.StringVar(&verdict, "verdict", "", "only runs judged so: right, wrong")
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
		return oneOf("--closed", f.Closed, closedWords...)
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
