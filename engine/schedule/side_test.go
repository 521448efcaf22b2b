package schedule

import (
	"context"
	"strings"
	"testing"

	"s1/engine/trace"
	"s1/kernels"
)

func TestExperimentsMakeWayForABranchThatNeedsTheirMemory(t *testing.T) {
	t.Parallel()
	b := trace.Budget{Cap: 250, Waits: 200, WaitText: "Wait", AnswerCap: 40}
	wide := newRig(t, rigOptions{context: 640, pages: 400})
	tight := newRig(t, rigOptions{context: 640, pages: 10})
	spec := func(r *rig, i int) Spec {
		return r.spec(strings.Repeat("question ", 15+i), b, trace.Sampling{Temperature: 1, Seed: uint64(i)})
	}
	var sides []*Live
	const n = 5
	for i := range n {
		s := spec(tight, i)
		s.Side = true
		sides = append(sides, tight.start(s))
	}
	tight.until(sides[0], "token", isToken)
	main := tight.start(spec(tight, n))
	all := append(sides, main)
	waited := 0
	for i, l := range all {
		want, _ := wide.end(wide.start(spec(wide, i)))
		got, end := tight.end(l)
		if err := same(want, got); err != nil || end.Err != nil {
			t.Errorf("branch %d: %v, %v", i, err, end.Err)
		}
		events, _ := l.Log().Since(0)
		for _, e := range events {
			if e.Kind == trace.EventNotice && strings.Contains(e.Notice, "memory") {
				if waited++; l == main {
					t.Errorf("the branch itself waited: %s", e.Notice)
				}
			}
		}
	}
	if waited == 0 {
		t.Error("nobody had to wait: the test is too small")
	}
	main.Forget()
	if used := tight.used(); used != 0 {
		t.Errorf("%d pages are still in use", used)
	}
}

func TestBesideABranchExperimentsTakeFewRowsAndAloneAll(t *testing.T) {
	t.Parallel()
	beside, alone := 0, 0
	main := make(chan *Live, 1)
	var l *Live
	r := newRig(t, rigOptions{context: 2000, pages: 2000, before: func(_ context.Context, b *kernels.Batch) error {
		if l == nil {
			l = <-main
		}
		if _, ended := l.Log().Since(0); ended {
			alone = max(alone, len(b.Tables))
		} else if len(b.Tables) > 1 {
			beside = max(beside, len(b.Tokens))
		}
		return nil
	}})
	b := trace.Budget{Cap: 40, Waits: 100, WaitText: "Wait", AnswerCap: 40}
	first := r.start(r.spec(question, b, trace.Sampling{Temperature: 1}))
	var sides []*Live
	for i := range 60 {
		s := r.spec(question, trace.Budget{Cap: 400, Waits: 100, WaitText: "Wait", AnswerCap: 40}, trace.Sampling{Temperature: 1, Seed: uint64(i)})
		s.Side = true
		sides = append(sides, r.start(s))
	}
	main <- first
	r.end(first)
	for _, s := range sides {
		r.end(s)
	}
	r.s.Close()
	if beside > sideRows+maxAhead+1 || beside < 2 {
		t.Errorf("up to %d rows beside a branch", beside)
	}
	if alone < 40 {
		t.Errorf("up to %d experiments in one step when alone", alone)
	}
}

// A paused branch keeps its pages: an experiment that finds no room says so and ends.
func TestAnExperimentDoesNotTakeThePagesOfAPausedBranch(t *testing.T) {
	t.Parallel()
	r := newRig(t, rigOptions{context: 640, pages: 10})
	spec := r.spec(strings.Repeat("paused ", 70), trace.Budget{Cap: 90, AnswerCap: 20}, trace.Sampling{Temperature: 1, Seed: 3})
	want, _ := newRig(t, rigOptions{context: 640, pages: 10}).run(spec)
	spec.First = []trace.Command{{Kind: trace.CommandPause}}
	l := r.start(spec)
	r.until(l, "pause", inState(trace.StatePaused))
	side := r.spec(strings.Repeat("side ", 80), trace.Budget{Cap: 90, AnswerCap: 20}, trace.Sampling{Temperature: 1})
	side.Side = true
	if _, end := r.end(r.start(side)); end.Err == nil || !strings.Contains(end.Err.Error(), "memory (640 positions) is full") {
		t.Errorf("the experiment ended with %v", end.Err)
	}
	rows := r.model.Rows()
	l.Send(trace.Command{Kind: trace.CommandResume})
	got, _ := r.end(l)
	if err := same(want, got); err != nil {
		t.Error(err)
	}
	if n := r.model.Rows() - rows; n > len(want)+20 {
		t.Errorf("it went on with %d rows for %d tokens: it had to read again", n, len(want))
	}
}
