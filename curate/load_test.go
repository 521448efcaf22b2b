package curate

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// plain is a recipe of one stage over files.
func plain(t testing.TB, files ...string) Recipe {
	t.Helper()
	r, err := ParseRecipe("test", "stages = [\"clean\"]\n[select]\nkind = \"full\"\n")
	if err != nil {
		t.Fatal(err)
	}
	r.Load.Files = files
	return r
}

func writeFile(t testing.TB, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func question(q string) string {
	return fmt.Sprintf(`{"question":%q,"trace":"so","attempt":"4"}`+"\n", q)
}

func packed(t testing.TB, text string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func exported(t *testing.T, dir string) (questions []string) {
	t.Helper()
	for _, row := range read(t, filepath.Join(dir, exportDir, "s1k.jsonl")) {
		q, _ := row.Text("question")
		questions = append(questions, q)
	}
	return questions
}

func TestAFileThatIsOverwrittenInAFolderIsReadAgainAndOneThatIsTouchedIsNot(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file, out := filepath.Join(dir, "rows", "a.jsonl"), filepath.Join(dir, "out")
	writeFile(t, file, question("one?"))
	r := plain(t, filepath.Join(dir, "rows"))
	run := func() []Count {
		counts, err := Run(t.Context(), r, Options{Dir: out, Resume: true})
		if err != nil {
			t.Fatal(err)
		}
		return counts
	}
	run()
	later := time.Now().Add(time.Hour)
	if err := os.Chtimes(file, later, later); err != nil {
		t.Fatal(err)
	}
	if c, err := Recount(t.Context(), r, Options{Dir: out}); err != nil || !c[0].Cached {
		t.Errorf("after a touch: %+v, %v; want the rows as they are", c, err)
	}
	writeFile(t, file, question("two?"))
	if _, err := Recount(t.Context(), r, Options{Dir: out}); err == nil || !strings.Contains(err.Error(), "a.jsonl has other bytes now") {
		t.Errorf("a count over rows that are others now: %v", err)
	}
	run()
	if got := exported(t, out); !slices.Equal(got, []string{"two?"}) {
		t.Errorf("the rows are %q, want those of the file as it is", got)
	}
}

func TestTheTrainSplitIsReadAndWhatIsLeftIsNoted(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	set := filepath.Join(dir, "set")
	writeFile(t, filepath.Join(set, "data", "train-00000-of-00001.jsonl"), question("train?"))
	writeFile(t, filepath.Join(set, "data", "test-00000-of-00001.jsonl"), question("test?"))
	for split, want := range map[string]string{"": "[train?]", "test": "[test?]", "all": "[test? train?]"} {
		r := plain(t, set)
		r.Load.Split = split
		var noted []string
		out := filepath.Join(dir, "out"+split)
		counts, err := Run(t.Context(), r, Options{Dir: out, Event: func(e Event) {
			if e.Stage == "load" && e.State == "end" {
				noted = e.Notes
			}
		}})
		if err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprint(exported(t, out)); got != want {
			t.Errorf("split %q gives %s, want %s", split, got, want)
		}
		card, err := os.ReadFile(filepath.Join(out, exportDir, "README.md"))
		if err != nil {
			t.Fatal(err)
		}
		left := map[string]string{"": "test (files: 1)", "test": "train (files: 1)"}[split]
		for where, text := range map[string]string{"counts": fmt.Sprint(counts[0].Notes), "events": fmt.Sprint(noted), "card": string(card)} {
			if strings.Contains(text, "is read, and left are "+left) != (split != "all") {
				t.Errorf("split %q: the %s say of what is left: %s", split, where, text)
			}
		}
	}
	r := plain(t, set)
	r.Load.Split = "dev"
	if _, err := Run(t.Context(), r, Options{Dir: filepath.Join(dir, "none")}); err == nil || !strings.Contains(err.Error(), `no split "dev"; it has test, train`) {
		t.Errorf("a split that is not there: %v", err)
	}
	if _, err := ParseRecipe("test", "[load]\nsplit = \"../x\"\n"); err == nil || !strings.Contains(err.Error(), "load.split") {
		t.Errorf("a split of no name: %v", err)
	}
}

func TestOfManyFeaturesThoseThatTheRecipeNeedsAreKeptAndTheRestIsNoted(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	row := map[string]any{"question": "q?", "trace": "so", "attempt": "4", "domain": "algebra", "zz_solved": false}
	for i := range 100 {
		row[fmt.Sprintf("col%03d", i)] = i
	}
	line, err := json.Marshal(row)
	if err != nil {
		t.Fatal(err)
	}
	in := filepath.Join(dir, "in.jsonl")
	writeFile(t, in, string(line)+"\n")
	r := plain(t, in)
	r.Stages = []string{"complete", "difficulty", "select"}
	r.Complete.Features, r.Difficulty.Solved = []string{"domain"}, []string{"zz_solved"}
	var first map[string]string
	for i := range 3 {
		out := filepath.Join(dir, fmt.Sprint(i))
		counts, err := Run(t.Context(), r, Options{Dir: out})
		if err != nil {
			t.Fatal(err)
		}
		if counts[1].Kept != 1 || !strings.Contains(fmt.Sprint(counts[0].Notes), `"col064"`) || strings.Contains(fmt.Sprint(counts[0].Notes), "col063") {
			t.Errorf("kept %d, notes %q; want the row, and the columns from 64 on left", counts[1].Kept, counts[0].Notes)
		}
		if first == nil {
			first = folder(t, out)
		}
		same(t, folder(t, out), first)
	}
	// Another need reads the rows again, and its key is another.
	r.Complete.Features = []string{"col099"}
	if _, err := Recount(t.Context(), r, Options{Dir: filepath.Join(dir, "0")}); err == nil || !strings.Contains(err.Error(), "features that it needs are others now") {
		t.Errorf("a count that needs what was left: %v", err)
	}
	counts, err := Run(t.Context(), r, Options{Dir: filepath.Join(dir, "0"), Resume: true})
	if err != nil || counts[0].Cached || counts[1].Kept != 1 {
		t.Errorf("%+v, %v; want the rows loaded anew with col099", counts, err)
	}
}

func TestThoughtAndAnswerAreOfOneModel(t *testing.T) {
	t.Parallel()
	const two = `"deepseek_thinking_trajectory":"deep thought","gemini_thinking_trajectory":"gem thought","gemini_attempt":"gem answer"`
	for _, c := range []struct {
		row    string
		fields map[string]string
		want   string // thought / answer
	}{
		{`{` + two + `,"deepseek_attempt":"deep answer"}`, nil, "deep thought/deep answer"},
		{`{` + two + `,"deepseek_attempt":null}`, nil, "gem thought/gem answer"},
		{`{` + two + `,"deepseek_attempt":" "}`, nil, "gem thought/gem answer"},
		{`{"deepseek_thinking_trajectory":"deep thought","gemini_attempt":"gem answer"}`, nil, "deep thought/"},
		{`{"gemini_attempt":"gem answer"}`, nil, "/gem answer"},
		{`{` + two + `,"deepseek_attempt":"deep answer"}`, map[string]string{"trace": "gemini_thinking_trajectory"}, "gem thought/gem answer"},
		{`{` + two + `,"deepseek_attempt":"deep answer"}`, map[string]string{"attempt": "gemini_attempt"}, "gem thought/gem answer"},
		{`{"thinking":"a","answer":"b"}`, map[string]string{"attempt": "answer"}, "a/b"},
		{`{"cot":"a","attempt":"b"}`, map[string]string{"trace": "cot"}, "a/b"},
		{`{"thinking_trajectories":["a","b"],"attempt":"c","reasoning":"x"}`, nil, "a\nb/c"},
	} {
		r := read(t, filed(t, strings.Replace(c.row, "{", `{"question":"q?",`, 1)))
		row, rule, detail := Load{Fields: c.fields}.mapped(nil).row(r[0])
		if got := row.Trace + "/" + row.Attempt; got != c.want || rule != "" {
			t.Errorf("%s by %v: %q (%s %s), want %q", c.row, c.fields, got, rule, detail, c.want)
		}
	}
}

func filed(t testing.TB, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "a.jsonl")
	writeFile(t, path, text+"\n")
	return path
}

func TestADamagedFileLosesOnlyWhatIsBehindTheDamage(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var text strings.Builder
	for i := range 5000 {
		text.WriteString(question(fmt.Sprintf("how much is %d times %d?", i, i*7919%5003)))
	}
	whole := packed(t, text.String())
	cut, noise, good := filepath.Join(dir, "a", "rows.jsonl.gz"), filepath.Join(dir, "b", "rows.parquet"), filepath.Join(dir, "c", "rows.jsonl")
	writeFile(t, cut, string(whole[:len(whole)/2]))
	writeFile(t, noise, "PAR1 and no more")
	writeFile(t, good, question("the last?"))
	out := filepath.Join(dir, "out")
	counts, err := Run(t.Context(), plain(t, cut, noise, good), Options{Dir: out})
	if err != nil {
		t.Fatal(err)
	}
	got := exported(t, out)
	if c := counts[0]; c.Dropped["unreadable"] != 2 || c.In != c.Kept+2 || c.Kept < 1000 || c.Kept >= 5000 || got[len(got)-1] != "the last?" {
		t.Errorf("%+v, last %q; want two places of damage and the good rows", c, got[len(got)-1])
	}
	why, err := Why(out, fmt.Sprintf("rows.jsonl.gz:%d", counts[0].Kept))
	if err != nil || why[0].Said[0].Rule != "unreadable" || !strings.Contains(why[0].Said[0].Detail, "the file is damaged") || !strings.Contains(why[0].Said[0].Detail, "unexpected EOF") {
		t.Errorf("why: %+v, %v", why, err)
	}
}

func TestAFileThatIsMissingLeavesNothingBehindThatRefusesTheNextTry(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	good, out := filepath.Join(dir, "good.jsonl"), filepath.Join(dir, "out")
	writeFile(t, good, question("one?"))
	for _, change := range []func(r *Recipe){
		func(r *Recipe) { r.Load.Files = append(r.Load.Files, filepath.Join(dir, "none.jsonl")) },
		func(r *Recipe) { r.Load.Features = []string{filepath.Join(dir, "none.jsonl")} },
		func(r *Recipe) {
			r.Stages, r.Decontaminate.Tests = []string{"decontaminate"}, []string{filepath.Join(dir, "none.jsonl")}
		},
	} {
		r := plain(t, good)
		change(&r)
		if _, err := Run(t.Context(), r, Options{Dir: out}); err == nil || !strings.Contains(err.Error(), "none.jsonl") {
			t.Errorf("got %v", err)
		}
		if _, err := os.Stat(out); err == nil {
			t.Error("a folder is left behind")
		}
	}
	if _, err := Run(t.Context(), plain(t, good), Options{Dir: out}); err != nil {
		t.Errorf("the corrected run: %v", err)
	}
	if _, err := Run(t.Context(), plain(t, good), Options{Dir: out}); err == nil || !strings.Contains(err.Error(), "holds a curation already") {
		t.Errorf("a run over a finished one: %v", err)
	}
}

func TestUnreadableRowsOfFilesOfOneNameAreToldApart(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var files []string
	for _, d := range []string{"x/a", "y/a", "z"} {
		f := filepath.Join(dir, d, "q.jsonl")
		writeFile(t, f, question(d+"?")+"{\n")
		files = append(files, f)
	}
	out := filepath.Join(dir, "out")
	if _, err := Run(t.Context(), plain(t, append(files, files[2])...), Options{Dir: out}); err != nil {
		t.Fatal(err)
	}
	var ids []string
	if err := Dropped(out, loadDir, func(d Decision) error { ids = append(ids, d.ID); return nil }); err != nil {
		t.Fatal(err)
	}
	if want := []string{"x/a/q.jsonl:2", "y/a/q.jsonl:2", "z/q.jsonl:2", "z/q.jsonl#2:2"}; !slices.Equal(ids, want) {
		t.Errorf("the ids are %q, want %q", ids, want)
	}
}
