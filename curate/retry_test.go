package curate

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// flaky asks a server that is down for some rows, or goes away as a whole after left of them.
type flaky struct {
	name  string
	down  *bool
	left  int // -1 = all
	calls map[string]int
}

func (f flaky) Name() string  { return f.name }
func (f flaky) Version() int  { return 1 }
func (f flaky) Settings() any { return "model" }
func (f flaky) Journaled()    {}
func (f flaky) Decide(ctx context.Context, rows *Rows, say func(int, Decision)) error {
	return rows.EachWhole(ctx, func(i int, row *Row) error {
		if f.left >= 0 && i == f.left {
			return errors.New("the server went away")
		}
		f.calls[row.ID]++
		switch {
		case len(row.Question)%5 == 0 && *f.down:
			say(i, Decision{Rule: "failed-server", Detail: "500"})
		case len(row.Question)%7 == 0:
			say(i, Decision{Rule: "model-said-no", Detail: "no"})
		default:
			say(i, Decision{Features: map[string]any{f.name: row.Trace}, Made: &Made{Trace: f.name + " " + row.ID, Attempt: "4"}})
		}
		return nil
	})
}

func TestFailedRequestsAreMadeAgainOnlyWhenAsked(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	in := filepath.Join(dir, "in.jsonl")
	pool(t, in, 300, 20, 13)
	r := preset(t, "s1-code", in)
	r.Select.N, r.Select.Uniform = 30, 20
	down := true
	var first, second map[string]int
	run := func(out string, left int, retry bool) error {
		t.Helper()
		first, second = map[string]int{}, map[string]int{}
		_, err := Run(t.Context(), r, Options{Dir: filepath.Join(dir, out), Resume: true, Retry: retry, Insert: map[string]Stage{
			"before:dedup": flaky{"first", &down, left, first}, "before:difficulty": flaky{"second", &down, -1, second},
		}})
		return err
	}
	if err := run("a", -1, false); err != nil {
		t.Fatal(err)
	}
	failed := func() map[string]bool {
		all := map[string]bool{}
		for _, stage := range []string{"04-first", "06-second"} {
			if err := Dropped(filepath.Join(dir, "a"), stage, func(d Decision) error {
				if d.Failed() {
					all[d.ID] = true
				}
				return nil
			}); err != nil {
				t.Fatal(err)
			}
		}
		return all
	}
	lost := failed()
	if len(lost) < 20 {
		t.Fatalf("%d requests failed; the rows are not what this test is about", len(lost))
	}
	down = false
	if err := run("a", -1, false); err != nil || len(first)+len(second) != 0 {
		t.Errorf("a second run asked %d rows (%v)", len(first)+len(second), err)
	}
	if err := run("a", 5, true); err == nil {
		t.Error("a server that went away passed unnoticed")
	}
	if _, err := os.Stat(filepath.Join(dir, "a", exportDir, doneFile)); err == nil {
		t.Error("the export is said to be done while rows are asked again")
	}
	before := first
	if err := run("a", -1, true); err != nil {
		t.Fatal(err)
	}
	for id, n := range first {
		if n+before[id] != 1 || !lost[id] {
			t.Errorf("row %s was asked %d times; it failed: %v", id, n+before[id], lost[id])
		}
	}
	for id, n := range second {
		if n != 1 || !lost[id] {
			t.Errorf("row %s was asked %d times by the second stage; it failed: %v", id, n, lost[id])
		}
	}
	if len(first) == 0 || len(second) == 0 || len(before) != 5 {
		t.Errorf("asked again: %d, then %d and %d rows", len(before), len(first), len(second))
	}
	if n := len(failed()); n != 0 {
		t.Errorf("%d rows are still failed", n)
	}
	if err := run("whole", -1, false); err != nil {
		t.Fatal(err)
	}
	same(t, folder(t, filepath.Join(dir, "a")), folder(t, filepath.Join(dir, "whole")))
	if err := run("a", -1, true); err != nil || len(first)+len(second) != 0 {
		t.Errorf("with nothing failed %d rows were asked (%v)", len(first)+len(second), err)
	}
}
