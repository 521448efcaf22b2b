package engine_test

import (
	"slices"
	"strings"
	"testing"

	"s1/engine"
	"s1/engine/trace"
)

func TestAnEditIsAnInjectionThatSaysSo(t *testing.T) {
	t.Parallel()
	m := scripted(t, nil, 1000)
	parent := ask(t, m, question(40, 2))
	want, _ := end(t, parent)
	at, b := len(want)/2, parent.Branch()
	taken := want[at-1].Top[1].ID
	for _, c := range []struct {
		cause trace.Cause
		first trace.Command
		bytes string
	}{
		{trace.CauseInject, trace.Command{Kind: trace.CommandInject, Text: "Wait"}, "Wait"},
		{trace.CauseEdit, trace.Command{Kind: trace.CommandEdit, Text: "Wait"}, "Wait"},
		{trace.CauseEdit, trace.Command{Kind: trace.CommandTake, N: int(taken)}, string(want[at-1].Bytes)},
	} {
		from := at
		if c.first.Kind == trace.CommandTake {
			from, c.bytes = at-1, string(m.Piece(taken))
		}
		l, err := m.Branch(t.Context(), b.ID, from, b.Budget, b.Sampling, c.first)
		if err != nil {
			t.Fatal(err)
		}
		got, last := end(t, l)
		first := got[from]
		if l.Branch().Cause != c.cause || string(first.Bytes) != c.bytes || first.Origin != trace.OriginInjected || !first.Counted || last.Receipt.Injected != 1 {
			t.Errorf("%+v: cause %s, first own token %+v, receipt %+v", c.first, l.Branch().Cause, first, last.Receipt)
		}
		if c.first.Kind == trace.CommandTake && first.Logprob != want[from].Top[1].Logprob {
			t.Errorf("taken with log-probability %v, the candidate had %v", first.Logprob, want[from].Top[1].Logprob)
		}
	}
}

func TestAnEmptyEditOrATokenThatIsNoneIsRefused(t *testing.T) {
	t.Parallel()
	m := scripted(t, nil, 1000)
	l := ask(t, m, question(40, 2))
	end(t, l)
	for _, c := range []trace.Command{{Kind: trace.CommandEdit}, {Kind: trace.CommandTake, N: 1 << 20}} {
		if _, err := m.Branch(t.Context(), l.Branch().ID, 3, l.Branch().Budget, l.Branch().Sampling, c); err == nil || strings.Contains(err.Error(), "\n") {
			t.Errorf("%+v: %v", c, err)
		}
	}
	if _, ok := m.Live(trace.BranchID(l.Run().ID + ".2")); ok {
		t.Error("a refused branch is there")
	}
}

func TestASideBranchCannotBeSeenUntilItIsOpened(t *testing.T) {
	t.Parallel()
	m := scripted(t, nil, 1000)
	q := question(40, 2)
	q.Budget.AnswerCap = 500 // so that it ends by itself
	parent := ask(t, m, q)
	want, parents := end(t, parent)
	if parents.Receipt.Outcome != "answered" {
		t.Fatalf("it ended %s", parents.Receipt.Outcome)
	}
	b := parent.Branch()
	side, err := m.Side(t.Context(), b.ID, 5, b.Budget, b.Sampling)
	if err != nil {
		t.Fatal(err)
	}
	got, last := end(t, side)
	if err := sameIDs(want, got); err != nil {
		t.Error(err)
	}
	if answered := last.Receipt.Outcome == "answered"; answered != (last.Token.Logprob < 0) || answered && string(m.Piece(last.Token.ID)) != "<|im_end|>" {
		t.Errorf("the end that was drawn is %+v (%s)", last.Token, last.Receipt.Outcome)
	}
	id := side.Branch().ID
	if _, ok := m.Live(id); ok || m.Sides() != 1 {
		t.Errorf("a side branch is visible (%v), or is not counted (%d)", ok, m.Sides())
	}
	if _, err := m.Branch(t.Context(), id, 2, b.Budget, b.Sampling); err == nil {
		t.Error("a branch goes on from a side branch")
	}
	opened, err := m.Open(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	if o := opened.Branch(); o.ID != trace.BranchID(parent.Run().ID+".2") || o.Parent != b.ID || o.At != 5 || m.Sides() != 0 {
		t.Errorf("opened as %+v, %d side branches", o, m.Sides())
	}
	m.ForgetBranch(id)
	if _, ok := m.Live(opened.Branch().ID); !ok {
		t.Error("what was opened is forgotten")
	}
	if _, err := m.Open(t.Context(), id); err == nil {
		t.Error("opened after it was forgotten")
	}
	next, err := m.Branch(t.Context(), opened.Branch().ID, 2, b.Budget, b.Sampling)
	if err != nil {
		t.Fatal(err)
	}
	if next.Branch().ID != trace.BranchID(parent.Run().ID+".3") {
		t.Errorf("the next branch is %s", next.Branch().ID)
	}
	end(t, next)
}

func TestASamplingThatIsChangedWhileItRunsIsInTheLogAndComesBackWithARestoredRun(t *testing.T) {
	t.Parallel()
	m := scripted(t, nil, 1000)
	hot := trace.Sampling{Temperature: 3, Seed: 8}
	parent := ask(t, m, question(60, 2))
	end(t, parent)
	b := parent.Branch()
	l, err := m.Branch(t.Context(), b.ID, 4, b.Budget, b.Sampling, trace.Command{Kind: trace.CommandSampling, Sampling: &hot})
	if err != nil {
		t.Fatal(err)
	}
	tokens, last := end(t, l)
	where := func(events []trace.Event) (at []int) {
		n := 0
		for _, e := range events {
			switch e.Kind {
			case trace.EventToken:
				n++
			case trace.EventSampling:
				if e.Sampling.Temperature != 3 || e.Sampling.Seed != 8 {
					t.Errorf("sampling %+v", e.Sampling)
				}
				at = append(at, n)
			}
		}
		return at
	}
	events, _ := l.Log().Since(0)
	if at := where(events); !slices.Equal(at, []int{4}) {
		t.Errorf("changed at %v", at)
	}
	logs, _ := scriptedRestore(t, l, tokens, last, hot)
	if at := where(logs); !slices.Equal(at, []int{4}) {
		t.Errorf("restored: changed at %v", at)
	}
}

// scriptedRestore brings a branch back in another session, as a root of its own, and gives its events.
func scriptedRestore(t *testing.T, l *engine.Live, tokens []trace.Token, last trace.Event, hot trace.Sampling) ([]trace.Event, bool) {
	t.Helper()
	b := l.Branch()
	b.Parent, b.At = "", 0
	lives, err := scripted(t, nil, 1000).Restore(l.Run(), []trace.Saved{{Branch: b, Tokens: tokens, Receipt: last.Receipt, Resampled: []trace.Resampled{{At: 4, Sampling: hot}}}})
	if err != nil {
		t.Fatal(err)
	}
	return lives[0].Log().Since(0)
}
