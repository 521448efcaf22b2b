package datatrove

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"s1/curate"
)

// faulty writes n rows with faults of every rule, drawn by the seed, and some lines that are no rows.
func faulty(t *testing.T, path string, n int, seed uint64) {
	t.Helper()
	rng := rand.New(rand.NewPCG(seed, 1))
	var b strings.Builder
	for i := range n {
		q := fmt.Sprintf("Problem %d: what is %d plus %d, if the Sum is taken\u00a0twice and then again once?", rng.IntN(n), rng.IntN(9), i%7)
		switch rng.IntN(16) {
		case 0:
			q += " ![Image](x)"
		case 1:
			q += " see p12. above"
		case 2:
			q += " **a b** 3 **x1**"
		case 3:
			q = "The test asks for the smallest PRIME above one hundred " + q
		case 4:
			q += " [asy]draw[/asy]"
		}
		row := map[string]any{"problem": q, "answer": i, "source": []string{"AIME", "made"}[rng.IntN(2)], "trace": []string{"so", "it is"}, "attempt": "1", "easy": rng.IntN(4) == 0}
		switch rng.IntN(20) {
		case 0:
			delete(row, "answer")
		case 1:
			row["trace"] = " \n"
		case 2:
			row["problem"] = " "
		case 3:
			row["problem"] = []int{1}
		}
		line, err := json.Marshal(row)
		if err != nil {
			t.Fatal(err)
		}
		b.Write(append(line, '\n'))
	}
	if err := os.WriteFile(path, []byte(b.String()), 0o644); err != nil {
		t.Fatal(err)
	}
}

const recipe = `
preset = "full"
stages = ["complete", "clean", "decontaminate", "dedup", "difficulty", "select"]
[load]
files = ["a.jsonl", "b.jsonl"]
[complete]
features = ["solution", "trace"]
[decontaminate]
tests = ["tests.jsonl"]
[dedup]
near = false
[difficulty]
solved = ["easy"]
`

func made(t *testing.T, n int) (dir string, rec curate.Recipe) {
	t.Helper()
	dir = t.TempDir()
	faulty(t, filepath.Join(dir, "a.jsonl"), n/2, 3)
	faulty(t, filepath.Join(dir, "b.jsonl"), n-n/2, 4)
	for name, text := range map[string]string{"r.toml": recipe, "tests.jsonl": `{"question":"x the test asks for the smallest prime above one hundred y"}` + "\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	rec, err := curate.LoadRecipe(filepath.Join(dir, "r.toml"))
	if err != nil {
		t.Fatal(err)
	}
	return dir, rec
}

// TestDatatroveKeepsWhatWeKeep runs the script with the Python at S1_DATATROVE.
func TestDatatroveKeepsWhatWeKeep(t *testing.T) {
	python := os.Getenv("S1_DATATROVE")
	if python == "" {
		t.Skip("SKIPPED: needs S1_DATATROVE, a Python with datatrove " + Version + " and orjson; make test-real sets it")
	}
	dir, rec := made(t, 10_000)
	out := filepath.Join(dir, "pipeline")
	left, err := Write(out, rec, "local")
	if err != nil || !reflect.DeepEqual(left, []string{"select"}) {
		t.Fatal(left, err)
	}
	want, err := curate.Run(t.Context(), rec, curate.Options{Dir: filepath.Join(dir, "ours")})
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), python, filepath.Join(out, "pipeline.py"))
	var errs strings.Builder
	cmd.Stderr = &errs
	text, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v\n%.4000s", err, errs.String())
	}
	i := 1 // the first count is of load
	for dec := json.NewDecoder(strings.NewReader(string(text))); dec.More(); i++ {
		var got curate.Count
		if err := dec.Decode(&got); err != nil {
			t.Fatalf("%v in %.500s", err, text)
		}
		w := want[i]
		if got.Stage != w.Stage || got.In != w.In || got.Kept != w.Kept || !reflect.DeepEqual(got.Dropped, w.Dropped) {
			t.Errorf("datatrove: %+v\nours:      %+v", got, w)
		}
		if len(w.Dropped) == 0 {
			t.Errorf("%s drops nothing, so it tests nothing", w.Stage)
		}
		t.Logf("%s: %d in, %d kept, dropped %v", got.Stage, got.In, got.Kept, got.Dropped)
	}
	if i != len(want)-2 { // select and trainable are left to us
		t.Errorf("datatrove counted %d stages, want %d", i-1, len(want)-3)
	}
}

func TestWhatDatatroveWouldDoOtherwiseIsRefused(t *testing.T) {
	t.Parallel()
	dir, rec := made(t, 10)
	for _, c := range []struct {
		change func(*curate.Recipe)
		what   string
	}{
		{func(r *curate.Recipe) { r.Dedup.Near = true }, "dedup.near"},
		{func(r *curate.Recipe) { r.Decontaminate.Strict = true }, "decontaminate.strict"},
		{func(r *curate.Recipe) { r.Difficulty.Exempt = true }, "difficulty.exempt"},
		{func(r *curate.Recipe) { r.Hand = "x" }, "hand"},
		{func(r *curate.Recipe) { r.Load.Files = nil }, "load.files"},
		{func(r *curate.Recipe) { r.Load.Files = []string{filepath.Join(dir, "r.toml")} }, ".jsonl"},
	} {
		r := rec
		c.change(&r)
		if _, err := Write(filepath.Join(dir, "no"), r, "local"); err == nil || !strings.Contains(err.Error(), c.what) {
			t.Errorf("%v, want one about %s", err, c.what)
		}
	}
	if _, err := Write(filepath.Join(dir, "no"), rec, "cloud"); err == nil {
		t.Error("an executor that is none was taken")
	}
	if _, err := Write(filepath.Join(dir, "yes"), rec, "slurm"); err != nil {
		t.Error(err)
	}
	if _, err := Write(filepath.Join(dir, "yes"), rec, "slurm"); err == nil {
		t.Error("a pipeline was written over")
	}
}
