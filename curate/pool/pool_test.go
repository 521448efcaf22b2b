package pool

import (
	"bytes"
	"context"
	"encoding/json"
	"slices"
	"strconv"
	"testing"

	"s1/engine/builtin/tape"
	"s1/train/dataset"
)

func truth(t testing.TB, r Row) (is Truth) {
	t.Helper()
	if err := json.Unmarshal([]byte(r.Metadata), &is); err != nil {
		t.Fatal(err)
	}
	return is
}

// Every row has the fault that it says, and no other.
func TestRowsHaveTheFaultsTheySay(t *testing.T) {
	t.Parallel()
	const n = 6000
	tests := dataset.TestProblems(5, 300, 2, 12, tape.MaxValue)
	rows, err := Make(context.Background(), 1, n, tests)
	if err != nil || len(rows) != n {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	reserved := map[string]bool{}
	for _, p := range tests {
		reserved[p.String()] = true
	}
	faults, domains := map[Fault]int{}, map[string]int{}
	seen := map[string]int{}
	for i, r := range rows {
		is := truth(t, r)
		faults[is.Fault]++
		domains[is.Domain]++
		if is.Fault == Picture {
			if _, err := tape.Parse(r.Question); err == nil {
				t.Fatalf("row %d: %q is still a question", i, r.Question)
			}
			continue
		}
		p, err := tape.Parse(r.Question)
		if err != nil || strconv.Itoa(p.Answer()) != r.Solution || len(p.Ops) != is.Steps || DomainOf(p) != is.Domain {
			t.Fatalf("row %d: %+v, %v", i, r, err)
		}
		if is.Fault == Duplicate {
			if seen[r.Question] == 0 {
				t.Fatalf("row %d: nothing before it asks %q", i, r.Question)
			}
			continue
		}
		seen[r.Question]++
		if reserved[r.Question] != (is.Fault == Contaminated) {
			t.Fatalf("row %d: fault %q, and a test question: %t", i, is.Fault, reserved[r.Question])
		}
		if (r.Trajectories == nil) != (is.Fault == NoTrace) || (r.Attempt != r.Solution) != (is.Fault == WrongAnswer || is.Fault == NoTrace) {
			t.Fatalf("row %d: fault %q: %+v", i, is.Fault, r)
		}
		if r.Trajectories == nil {
			continue
		}
		report := tape.Audit(p, append(encode(t, r.Trajectories[0]), tape.EndThink))
		if broken := report.Slips > 0 || report.Unfinished > 0 || report.Interrupted > 0; broken != (is.Fault == BrokenThought) {
			t.Fatalf("row %d: fault %q: %+v\n%s", i, is.Fault, report, r.Trajectories[0])
		}
	}
	for _, s := range shares {
		if got := float64(faults[s.fault]) / n; got < 0.7*s.share || got > 1.3*s.share {
			t.Errorf("%q: %.3f of the rows, want about %.2f", s.fault, got, s.share)
		}
	}
	if domains[Quotients] == 0 || domains[Mixed] < 2*domains[Quotients] {
		t.Errorf("domains %v: the rare one is not rare", domains)
	}
	again, err := Make(context.Background(), 1, n/2, tests)
	if err != nil || !slices.EqualFunc(again, rows[:n/2], func(a, b Row) bool {
		return a.Question == b.Question && a.Metadata == b.Metadata && a.Attempt == b.Attempt
	}) {
		t.Errorf("half as many rows are not the first half: %v", err)
	}
	var out bytes.Buffer
	if err := Write(&out, rows[:10]); err != nil || bytes.Count(out.Bytes(), []byte("\n")) != 10 {
		t.Errorf("%v, %q", err, out.String())
	}
}

// encode reads a thought's text back into ids.
func encode(t testing.TB, thought string) (ids []int32) {
	t.Helper()
	names := tape.Tokens()
	for len(thought) > 0 {
		best := -1
		for id, name := range names {
			if len(name) > 0 && len(thought) >= len(name) && thought[:len(name)] == name && (best < 0 || len(name) > len(names[best])) {
				best = id
			}
		}
		if best < 0 {
			t.Fatalf("no token begins %q", thought)
		}
		ids, thought = append(ids, int32(best)), thought[len(names[best]):]
	}
	return ids
}
