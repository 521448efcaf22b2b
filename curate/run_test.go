package curate

import (
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"s1/engine/records"
)

// pool writes n rows of our own text with faults, drawn by the seed. words is the length of a trace.
func pool(t testing.TB, path string, n, words int, seed uint64) {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rng := rand.New(rand.NewPCG(seed, 1))
	enc := json.NewEncoder(f)
	say := func(k int) string {
		var b strings.Builder
		for range k {
			fmt.Fprintf(&b, "w%d ", rng.IntN(30_000))
		}
		return b.String()
	}
	for i := range n {
		q := fmt.Sprintf("Problem %d: %s?", i, say(40+rng.IntN(40)))
		source := []string{"made/math", "Idavidrein/gpqa", "qq8933/AIME_1983_2024", "simplescaling/openaimath"}[rng.IntN(40)%7%4]
		switch rng.IntN(40) {
		case 0:
			q += " ![Image](x)"
		case 1:
			q += " see p12. above"
		}
		row := map[string]any{
			"question": q, "solution": fmt.Sprint(i), "cot_type": "math", "source_type": source, "metadata": "{}",
			"thinking_trajectories": []string{say(words/2 + rng.IntN(words))}, "attempt": fmt.Sprint(i), "domain": fmt.Sprintf("%02d", rng.IntN(20)),
			"isgeminicorrect": rng.IntN(12) == 0, "isqwen7bcorrect": rng.IntN(3) == 0, "isqwen32bcorrect": rng.IntN(3) == 0, "gemini_length": 10 + rng.IntN(9000),
		}
		if rng.IntN(50) == 0 {
			delete(row, "domain")
		}
		if err := enc.Encode(row); err != nil {
			t.Fatal(err)
		}
		if rng.IntN(50) == 0 {
			if err := enc.Encode(row); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func preset(t testing.TB, name string, files ...string) Recipe {
	t.Helper()
	r, err := LoadRecipe(name)
	if err != nil {
		t.Fatal(err)
	}
	r.Load.Files = files
	r.Dedup.Near = true
	r.Select.N, r.Select.Uniform = 100, 70
	return r
}

// folder is every file of a run but the record of when.
func folder(t testing.TB, dir string) map[string]string {
	t.Helper()
	all := map[string]string{}
	if err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || d.Name() == eventsFile || d.Name() == ".lock" {
			return err
		}
		b, err := os.ReadFile(path)
		rel, _ := filepath.Rel(dir, path)
		all[rel] = string(b)
		return err
	}); err != nil {
		t.Fatal(err)
	}
	return all
}

func same(t *testing.T, got, want map[string]string) {
	t.Helper()
	if g, w := slices.Sorted(maps.Keys(got)), slices.Sorted(maps.Keys(want)); !slices.Equal(g, w) {
		t.Errorf("files %v, want %v", g, w)
	}
	for name, b := range want {
		if got[name] != b {
			t.Errorf("%s has other bytes (%d, want %d)", name, len(got[name]), len(b))
		}
	}
}

func TestEveryRowIsKeptOrHasAReason(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	in := filepath.Join(dir, "in.jsonl")
	pool(t, in, 1200, 30, 7)
	if err := appendTo(in, "{\"question\":\"cut\n[1]\n{\"question\":[1]}\n{\"answer\":\"none\"}\n{\"question\":\"caf\xe9\"}\n"); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"s1-code", "s1-paper", "random", "diverse", "longest", "full"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			out := filepath.Join(dir, name)
			counts, err := Run(t.Context(), preset(t, name, in), Options{Dir: out})
			if err != nil {
				t.Fatal(err)
			}
			for i, c := range counts {
				dropped := 0
				for _, n := range c.Dropped {
					dropped += n
				}
				if c.In != c.Kept+dropped || i > 0 && c.In != counts[i-1].Kept {
					t.Errorf("%+v after %+v does not add up", c, counts[max(i-1, 0)])
				}
				stored := 0
				if err := Dropped(out, fmt.Sprintf("%02d-%s", i, c.Stage), func(d Decision) error {
					if stored++; d.Rule == "" || d.ID == "" {
						t.Errorf("a dropped row without a rule: %+v", d)
					}
					return nil
				}); err != nil || stored != dropped {
					t.Errorf("%s: %d dropped rows stored, want %d (%v)", c.Stage, stored, dropped, err)
				}
			}
			if d := counts[0].Dropped; d["unreadable"] != 3 || d["wrong-type"] != 1 || d["no-question"] != 1 {
				t.Errorf("load dropped %v, want 3 unreadable, 1 of a wrong type, 1 without a question", d)
			}
			last := counts[len(counts)-1]
			if name != "full" && last.Kept != 100 {
				t.Errorf("%d rows selected, want 100", last.Kept)
			}
			n := 0
			for _, f := range []string{"s1k.jsonl", "s1k.parquet", "text.jsonl", "prompt-completion.jsonl", "messages.jsonl"} {
				got := read(t, filepath.Join(out, exportDir, f))
				if len(got) != last.Kept {
					t.Errorf("%s has %d rows, want %d", f, len(got), last.Kept)
				}
				n = len(got)
			}
			if n == 0 {
				t.Error("nothing was exported")
			}
		})
	}
}

func appendTo(path, text string) error {
	f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = f.WriteString(text)
	return err
}

func read(t *testing.T, path string) (rows []records.Row) {
	t.Helper()
	r, err := records.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	for {
		row, err := r.Next()
		if err != nil {
			return rows
		}
		rows = append(rows, row)
	}
}

func TestAChangedThresholdIsCountedFromTheCachedStages(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	in := filepath.Join(dir, "in.jsonl")
	pool(t, in, 800, 20, 3)
	out := filepath.Join(dir, "out")
	r := preset(t, "s1-code", in)
	if _, err := Run(t.Context(), r, Options{Dir: out}); err != nil {
		t.Fatal(err)
	}
	before := folder(t, out)
	r.Difficulty.Solved = []string{"isqwen32bcorrect"}
	counted, err := Recount(t.Context(), r, Options{Dir: out})
	if err != nil {
		t.Fatal(err)
	}
	same(t, folder(t, out), before)
	for _, c := range counted {
		if want := !slices.Contains([]string{"difficulty", "select", TrainableStage}, c.Stage); c.Cached != want {
			t.Errorf("stage %s: cached %v, want %v", c.Stage, c.Cached, want)
		}
	}
	ran, err := Run(t.Context(), r, Options{Dir: out, Resume: true})
	if err != nil {
		t.Fatal(err)
	}
	for i := range ran {
		if a, b := fmt.Sprint(ran[i].In, ran[i].Kept, ran[i].Dropped), fmt.Sprint(counted[i].In, counted[i].Kept, counted[i].Dropped); a != b {
			t.Errorf("%s ran to %s, was counted as %s", ran[i].Stage, a, b)
		}
	}
	fresh := filepath.Join(dir, "fresh")
	if _, err := Run(t.Context(), r, Options{Dir: fresh}); err != nil {
		t.Fatal(err)
	}
	same(t, folder(t, out), folder(t, fresh))
}

func TestWhatAStageLearnsCountsWhereNothingIsWritten(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	in, hand, out := filepath.Join(dir, "in.jsonl"), filepath.Join(dir, "hand.jsonl"), filepath.Join(dir, "out")
	pool(t, in, 2000, 20, 15)
	r := preset(t, "s1-paper", in)
	if _, err := Run(t.Context(), r, Options{Dir: out}); err != nil {
		t.Fatal(err)
	}
	i := 0
	if err := Dropped(out, "02-clean", func(d Decision) error {
		i++
		return ByHand(hand, d.ID, Keep, "I say so", time.Unix(0, 0))
	}); err != nil || i < 20 {
		t.Fatalf("%d rows break a rule: %v", i, err)
	}
	r.Hand = hand // rows learn by_hand from the first stage on, and exempt from another
	r.Difficulty.Exempt = true
	counted, err := Recount(t.Context(), r, Options{Dir: out})
	if err != nil {
		t.Fatal(err)
	}
	ran, err := Run(t.Context(), r, Options{Dir: out, Resume: true})
	if err != nil {
		t.Fatal(err)
	}
	if fmt.Sprint(counted) != fmt.Sprint(ran) {
		t.Errorf("counted %v, ran to %v", counted, ran)
	}
}

func TestARowMayBeKeptOrDroppedByHand(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	in, hand, out := filepath.Join(dir, "in.jsonl"), filepath.Join(dir, "hand.jsonl"), filepath.Join(dir, "out")
	pool(t, in, 300, 20, 5)
	r := preset(t, "s1-code", in)
	r.Select.N, r.Select.Uniform = 10, 7
	r.Hand = hand
	if _, err := Run(t.Context(), r, Options{Dir: out}); err != nil {
		t.Fatal(err)
	}
	chosen := read(t, filepath.Join(out, exportDir, "s1k.jsonl"))
	q, _ := chosen[0].Text("question")
	var rescued string
	if err := Dropped(out, "03-clean", func(d Decision) error { rescued = d.ID; return nil }); err != nil || rescued == "" {
		t.Fatalf("no row breaks a rule: %v", err)
	}
	for id, verdict := range map[string]string{ID(q): Drop, rescued: Keep} {
		if err := ByHand(hand, id, verdict, "I say so", time.Unix(0, 0)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := Run(t.Context(), r, Options{Dir: out, Resume: true}); err != nil {
		t.Fatal(err)
	}
	why, err := Why(out, ID(q))
	if last := lastOf(why); err != nil || last.Stage != "hand" || last.Rule != "by-hand" || last.Detail != "I say so" {
		t.Errorf("the dropped row: %+v, %v", why, err)
	}
	why, err = Why(out, rescued)
	if last := lastOf(why); err != nil || last.Stage != "select" || last.Rule != "" || last.Features["by_hand"] != "I say so" {
		t.Errorf("the kept row: %+v, %v", why, err)
	}
	if _, err := Why(out, "ffff"); err == nil {
		t.Error("a row that is not there has a reason")
	}
}

// lastOf is the last verdict on the last of some copies.
func lastOf(list []Copy) (v Verdict) {
	if len(list) > 0 {
		said := list[len(list)-1].Said
		if v = said[len(said)-1]; v.Stage == TrainableStage && v.Rule == "" { // which says nothing of a row that it keeps
			v = said[len(said)-2]
		}
	}
	return v
}

// asked is a stage that a model decides: it fails after some rows.
type asked struct {
	left  int
	calls *int
}

func (asked) Name() string  { return "asked" }
func (asked) Version() int  { return 1 }
func (asked) Settings() any { return "model" }
func (asked) Journaled()    {}
func (a asked) Decide(ctx context.Context, rows *Rows, say func(int, Decision)) error {
	var all []*Row
	if err := rows.Each(ctx, func(_ int, row *Row) error { all = append(all, row); return nil }); err != nil {
		return err
	}
	for k := range all {
		i := len(all) - 1 - k // any order
		if k == a.left {
			return fmt.Errorf("the server went away")
		}
		*a.calls++
		d := Decision{Features: map[string]any{"asked": true}}
		if len(all[i].Question)%7 == 0 {
			d = Decision{Rule: "model-said-no", Detail: "no"}
		}
		say(i, d)
	}
	return nil
}

func TestAStageThatAsksAModelGoesOnAtTheRow(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	in := filepath.Join(dir, "in.jsonl")
	pool(t, in, 200, 20, 9)
	r := preset(t, "full", in)
	calls := 0
	run := func(out string, left int, resume bool) error {
		_, err := Run(t.Context(), r, Options{Dir: out, Resume: resume, Insert: map[string]Stage{"before:dedup": asked{left, &calls}}})
		return err
	}
	if err := run(filepath.Join(dir, "whole"), -1, false); err != nil {
		t.Fatal(err)
	}
	all := calls
	calls = 0
	out := filepath.Join(dir, "cut")
	if err := run(out, 50, false); err == nil || !strings.Contains(err.Error(), "the server went away") {
		t.Fatalf("got %v", err)
	}
	if err := run(out, -1, true); err != nil || calls != all {
		t.Errorf("%d rows were asked for in two runs, %d in one (%v)", calls, all, err)
	}
	same(t, folder(t, out), folder(t, filepath.Join(dir, "whole")))
}

func TestACountBeforeAModelTakesWhatItSaidOfEachRow(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	in, out := filepath.Join(dir, "in.jsonl"), filepath.Join(dir, "out")
	pool(t, in, 400, 20, 9)
	r := preset(t, "s1-code", in)
	calls := 0
	o := Options{Dir: out, Insert: map[string]Stage{"before:select": asked{-1, &calls}}}
	r.Select.N, r.Select.Uniform = 60, 40
	r.Difficulty.Solved = []string{"isqwen32bcorrect"}
	if _, err := Run(t.Context(), r, o); err != nil {
		t.Fatal(err)
	}
	before := folder(t, out)
	for i, solved := range [][]string{{"isqwen32bcorrect", "isqwen7bcorrect"}, {"isqwen7bcorrect"}} { // fewer rows come to the model; others come
		calls = 0
		r.Difficulty.Solved = solved
		counted, err := Recount(t.Context(), r, o)
		if err != nil || calls > 0 {
			t.Fatalf("the model was asked about %d rows: %v", calls, err)
		}
		same(t, folder(t, out), before)
		o := o
		o.Dir = filepath.Join(dir, fmt.Sprint(i))
		ran, err := Run(t.Context(), r, o)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.ContainsFunc(ran, func(c Count) bool { return c.Stage == "asked" && c.Dropped["model-said-no"] > 0 }) {
			t.Fatalf("the model dropped nothing: %+v", ran)
		}
		for k, c := range counted {
			w, new := ran[k], i == 1
			switch {
			case (c.Unasked > 0) != (new && c.Stage == "asked"):
				t.Errorf("%q, %s: %d rows were not asked about", solved, c.Stage, c.Unasked)
			case !new && fmt.Sprint(c.In, c.Kept, c.Dropped, c.Key) != fmt.Sprint(w.In, w.Kept, w.Dropped, w.Key):
				t.Errorf("%q: %s was counted as %+v, ran to %+v", solved, c.Stage, c, w)
			case c.Stage == "asked" && (c.In != w.In || c.Kept < w.Kept || c.Kept > w.Kept+c.Unasked):
				t.Errorf("%q: %s was counted as %+v, ran to %+v", solved, c.Stage, c, w)
			}
		}
	}
	other := o
	other.Insert = map[string]Stage{"before:select": renamed{asked{-1, &calls}}}
	if _, err := Recount(t.Context(), r, other); err == nil || !strings.Contains(err.Error(), "stage asked asks a model, and has no results under these settings") {
		t.Errorf("other settings of the model: %v", err)
	}
}

// renamed asks another model.
type renamed struct{ asked }

func (renamed) Settings() any { return "another model" }

func TestTenKillsEndInTheSameBytes(t *testing.T) {
	if dir := os.Getenv("CURATE_KILL_DIR"); dir != "" { // the program that is killed
		r := preset(t, "s1-code", filepath.Join(dir, "in.jsonl"))
		if _, err := Run(t.Context(), r, Options{Dir: filepath.Join(dir, "killed"), Resume: true}); err != nil {
			t.Fatal(err)
		}
		return
	}
	dir := t.TempDir()
	in := filepath.Join(dir, "in.jsonl")
	pool(t, in, 2500, 100, 11)
	began := time.Now()
	if _, err := Run(t.Context(), preset(t, "s1-code", in), Options{Dir: filepath.Join(dir, "whole")}); err != nil {
		t.Fatal(err)
	}
	took := time.Since(began)
	rng := rand.New(rand.NewPCG(12, 1))
	killed, stages := 0, map[int]int{}
	for try := 0; killed < 10 && try < 200; try++ {
		if _, err := os.Stat(filepath.Join(dir, "killed", exportDir, doneFile)); err == nil || killed%3 == 0 { // begin anew
			if err := os.RemoveAll(filepath.Join(dir, "killed")); err != nil {
				t.Fatal(err)
			}
		}
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond+time.Duration(rng.Int64N(int64(took)))) // killed then
		cmd := exec.CommandContext(ctx, os.Args[0], "-test.run=^TestTenKillsEndInTheSameBytes$")
		cmd.Env = append(os.Environ(), "CURATE_KILL_DIR="+dir)
		out, err := cmd.CombinedOutput()
		if err != nil && ctx.Err() == nil {
			t.Fatalf("%v: %s", err, out)
		}
		if ctx.Err() != nil {
			done, _ := StageDirs(filepath.Join(dir, "killed"))
			if _, err := os.Stat(filepath.Join(dir, "killed", exportDir, doneFile)); err != nil { // it was not at its end
				killed++
				stages[len(done)]++
			}
		}
		cancel()
	}
	t.Logf("killed %d times; finished stages at that moment -> times: %v", killed, stages)
	if killed < 10 {
		t.Fatalf("killed %d times, want 10", killed)
	}
	if _, err := Run(t.Context(), preset(t, "s1-code", in), Options{Dir: filepath.Join(dir, "killed"), Resume: true}); err != nil {
		t.Fatal(err)
	}
	same(t, folder(t, filepath.Join(dir, "killed")), folder(t, filepath.Join(dir, "whole")))
}
