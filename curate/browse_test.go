package curate

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// browsed is a finished run of a pool with a test set in it.
func browsed(t *testing.T) (dir string, r Recipe, counts []Count) {
	t.Helper()
	dir = t.TempDir()
	in, tests := filepath.Join(dir, "in.jsonl"), filepath.Join(dir, "tests.jsonl")
	pool(t, in, 400, 20, 9)
	pool(t, tests, 3, 1, 9) // the same questions as the first three
	r = preset(t, "s1-code", in)
	r.Decontaminate.Tests, r.Select.N, r.Select.Uniform = []string{tests}, 40, 30
	counts, err := Run(t.Context(), r, Options{Dir: filepath.Join(dir, "out")})
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Join(dir, "out"), r, counts
}

// paged reads all pages of a query.
func paged(t *testing.T, b *Browser, q Query) (all []Found) {
	t.Helper()
	for {
		p, err := b.Page(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		if len(p.Rows) > q.Limit {
			t.Fatalf("a page of %d rows, at most %d were asked for", len(p.Rows), q.Limit)
		}
		all = append(all, p.Rows...)
		if q.After = p.Next; p.Next == "" {
			return all
		}
	}
}

func TestPagesHaveEveryRowOnceWithWhatBecameOfIt(t *testing.T) {
	t.Parallel()
	dir, _, counts := browsed(t)
	b := Browse(dir)
	for _, c := range counts {
		for _, limit := range []int{1, 7, 1000} {
			dropped := paged(t, b, Query{Stage: c.Stage, Dropped: true, Limit: limit})
			kept := paged(t, b, Query{Stage: c.Stage, Kept: true, Limit: limit})
			all := paged(t, b, Query{Stage: c.Stage, Kept: true, Dropped: true, Limit: limit})
			if len(dropped) != c.In-c.Kept || len(kept) != c.Kept || !slices.EqualFunc(all, append(dropped, kept...), func(x, y Found) bool { return x.ID == y.ID }) {
				t.Errorf("%s by %d: %d dropped, %d kept, %d in all; the stage counts %+v", c.Stage, limit, len(dropped), len(kept), len(all), c)
			}
		}
		for rule, n := range c.Dropped {
			if got := paged(t, b, Query{Stage: c.Stage, Rule: rule, Dropped: true, Limit: 50}); len(got) != n || got[0].Dropped != c.Stage || got[0].Question == "" {
				t.Errorf("%s, %s: %d rows, want %d; the first is %+v", c.Stage, rule, len(got), n, got)
			}
		}
	}
	// Of all that was loaded each row has the stage that Why says of its copy.
	for _, f := range paged(t, b, Query{Kept: true, Limit: 64}) {
		list, err := Why(dir, f.ID)
		if err != nil {
			t.Fatal(err)
		}
		i := slices.IndexFunc(list, func(c Copy) bool { return c.N == f.N })
		if i < 0 {
			t.Fatalf("row %d, %s is none of %+v", f.N, f.ID, list)
		}
		if stage, _ := list[i].Dropped(); stage != f.Dropped {
			t.Errorf("row %d, %s: dropped by %q, and why says %+v", f.N, f.ID, f.Dropped, list[i])
		}
	}
}

func TestCopiesOfAQuestionAreToldApart(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	text := `{"question":"what is two?","solution":"2","trace":"the first thought","attempt":"2"}
{"question":"what is three?","solution":"3","trace":"another thought","attempt":"3"}
{"question":"what is two?","solution":"2","trace":"the second thought","attempt":"two"}
`
	in, out := filepath.Join(dir, "in.jsonl"), filepath.Join(dir, "out")
	if err := os.WriteFile(in, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	r := Defaults()
	r.Stages, r.Load.Files = []string{"dedup"}, []string{in}
	if _, err := Run(t.Context(), r, Options{Dir: out}); err != nil {
		t.Fatal(err)
	}
	b, id := Browse(out), ID("what is two?")
	for _, c := range []struct {
		n                   int
		place, thought, end string
	}{
		{-1, "in.jsonl:1", "the first thought", ""},
		{0, "in.jsonl:1", "the first thought", ""},
		{2, "in.jsonl:3", "the second thought", "dedup"},
	} {
		row, of, copies, err := b.Row(t.Context(), id, c.n)
		if stage, _ := of.Dropped(); err != nil || copies != 2 || row.Trace != c.thought || filepath.Base(of.Place) != c.place || stage != c.end || of.Said[1].Stage != dedupStage {
			t.Errorf("number %d: %+v of %d, thought %q, dropped by %q, %v; want %+v", c.n, of, copies, row.Trace, stage, err, c)
		}
	}
	if _, _, _, err := b.Row(t.Context(), id, 1); err == nil {
		t.Error("a row of another id was read")
	}
	for _, f := range paged(t, b, Query{Kept: true, Dropped: true, Text: id, Limit: 1}) {
		if want := map[int]string{0: "", 2: "dedup"}[f.N]; f.Dropped != want || (f.By == ExactRule) != (want != "") {
			t.Errorf("on the page row %d was dropped by %q, %q, want %q", f.N, f.Dropped, f.By, want)
		}
	}
}

func TestASearchFindsQuestionsReasonsAndIDs(t *testing.T) {
	t.Parallel()
	dir, _, _ := browsed(t)
	b := Browse(dir)
	for text, want := range map[string]int{"problem 17:": 1, "no such words": 0, "too-easy": -1} {
		got := paged(t, b, Query{Stage: "difficulty", Kept: true, Dropped: true, Text: text, Limit: 3})
		if want < 0 && len(got) == 0 || want >= 0 && len(got) > want {
			t.Errorf("%q: %d rows", text, len(got))
		}
		for _, f := range got {
			if !strings.Contains(strings.ToLower(f.Question+f.Rule+f.Detail+f.ID), text) {
				t.Errorf("%q found %+v", text, f)
			}
		}
	}
	if _, err := b.Page(t.Context(), Query{Kept: true, Limit: 3, After: "elsewhere"}); err == nil {
		t.Error("a place that is none was taken")
	}
	if _, err := Browse(t.TempDir()).Page(t.Context(), Query{Kept: true, Limit: 3}); err == nil {
		t.Error("an empty folder has rows")
	}
}

func TestARowIsReadWithItsLongTexts(t *testing.T) {
	t.Parallel()
	dir, r, _ := browsed(t)
	b := Browse(dir)
	in := read(t, r.Load.Files[0])
	for _, i := range []int{0, 1, 199, len(in) - 1} {
		q, _ := in[i].Text("question")
		want, _ := in[i].Fields["thinking_trajectories"].([]any)
		row, of, _, err := b.Row(t.Context(), ID(q), -1)
		if err != nil || row.Question != q || len(of.Said) == 0 || len(want) > 0 && row.Trace != want[0] {
			t.Errorf("row %d: %+v, %v, %v; its trace should be %v", i, row, of, err, want)
		}
	}
	if _, _, _, err := b.Row(t.Context(), "0123456789abcdef", -1); err == nil {
		t.Error("a row that is not there was read")
	}
}

func TestTheShapeCountsAllRowsAndThoseThatAreLeft(t *testing.T) {
	t.Parallel()
	dir, r, counts := browsed(t)
	b := Browse(dir)
	domains, lengths, err := b.Shape(t.Context(), r.Select, 5)
	if err != nil {
		t.Fatal(err)
	}
	if len(domains) != 5 || !strings.HasSuffix(domains[4].Name, "others") {
		t.Errorf("domains %+v, want four and the others", domains)
	}
	for name, bins := range map[string][]Bin{"domains": domains, "lengths": lengths} {
		before, after := 0, 0
		for _, x := range bins {
			before += x.Before
			after += x.After
		}
		if before != counts[0].Kept || after != counts[len(counts)-1].Kept {
			t.Errorf("%s: %d before and %d after, want %d and %d: %+v", name, before, after, counts[0].Kept, counts[len(counts)-1].Kept, bins)
		}
	}
}

func TestAFolderMayBeReadByManyWhileItsRunGoesOn(t *testing.T) {
	t.Parallel()
	dir, r, _ := browsed(t)
	b := Browse(dir)
	var all sync.WaitGroup
	for i := range 4 {
		all.Go(func() {
			for n := range 20 {
				if _, err := b.Page(t.Context(), Query{Kept: true, Dropped: true, Limit: 5, Text: fmt.Sprint(n * i)}); err != nil {
					t.Error(err)
				}
				if _, _, err := b.Shape(t.Context(), r.Select, 5); err != nil {
					t.Error(err)
				}
			}
		})
	}
	r.Seed++ // the last stage is done anew
	if _, err := Run(t.Context(), r, Options{Dir: dir, Resume: true}); err != nil {
		t.Error(err)
	}
	all.Wait()
}

func TestADecisionByHandCanBeTakenBack(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "hand.jsonl")
	for _, v := range []string{Keep, Drop, Keep, Undo} {
		for _, id := range []string{"a", "b"} {
			if id == "b" && v == Undo {
				continue
			}
			if err := ByHand(path, id, v, "note", time.Unix(0, 0)); err != nil {
				t.Fatal(err)
			}
		}
	}
	got, err := InHand(path)
	if want := (Handed{Keep: true, Note: "note"}); err != nil || len(got) != 1 || got["b"] != want {
		t.Errorf("in hand are %v, %v; want b kept", got, err)
	}
}

func TestSharedWordsAreFoundWhereTheyStand(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text, shared string
		want         []string
	}{
		{"Say: One  two\nTHREE four.", "one two three", []string{"One  two\nTHREE"}},
		{"a b a b", "a b", []string{"a b", "a b"}},
		{"\u0130stanbul is far", strings.ToLower("\u0130stanbul is"), []string{"\u0130stanbul is"}}, // of another length in lower case
		{"one two", "two one", nil},
		{"", "one", nil},
		{"one", "", nil},
	} {
		var got []string
		for _, x := range Shared(c.text, c.shared) {
			got = append(got, c.text[x[0]:x[1]])
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%q in %q: %q, want %q", c.shared, c.text, got, c.want)
		}
	}
}
