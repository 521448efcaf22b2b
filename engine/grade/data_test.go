package grade

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// dataDir is where the public question sets lie; they are read in place and never copied.
func dataDir() string {
	if dir := os.Getenv("S1_DATA"); dir != "" {
		return dir
	}
	return filepath.Join("..", "..", "..", "shared", "data")
}

// rows reads a JSONL file of the data folder.
func rows[T any](t testing.TB, name string) []T {
	t.Helper()
	path := filepath.Join(dataDir(), name)
	f, err := os.Open(path)
	if err != nil {
		t.Skipf("NOT TESTED: %v. To test it: S1_DATA=<folder with %s> go test ./engine/grade", err, name)
	}
	defer f.Close()
	var all []T
	s := bufio.NewScanner(f)
	s.Buffer(nil, 1<<24)
	for s.Scan() {
		var row T
		if err := json.Unmarshal(s.Bytes(), &row); err != nil {
			t.Fatalf("%s, row %d: %v", path, len(all)+1, err)
		}
		all = append(all, row)
	}
	if err := s.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}

type pair struct {
	ID         string   `json:"id"`
	Prediction string   `json:"prediction"`
	Gold       string   `json:"gold"`
	Expected   bool     `json:"expected"`
	Core       bool     `json:"core"`
	Policy     []string `json:"policy"`
}

// leastCore is how many of the core pairs must be graded as labelled.
const leastCore = 0.97

func TestTheCorePairsAreGradedAsLabelled(t *testing.T) {
	right, n := 0, 0
	for _, p := range rows[pair](t, "grading-pairs.jsonl") {
		v := Grade(p.Prediction, p.Gold, Default())
		ok := (v.Verdict == Correct) == p.Expected
		if !p.Core {
			if !ok {
				t.Logf("not core: %s %v %q | %q: %s (%s), read %q | %q: %s", p.ID, p.Policy, cut(p.Prediction), cut(p.Gold), v.Verdict, v.Rule, v.Read, v.GoldRead, v.Why)
			}
			continue
		}
		n++
		if ok {
			right++
			continue
		}
		if !p.Expected {
			t.Errorf("a false pair is graded correct: %s %q | %q: %s, read %q | %q", p.ID, cut(p.Prediction), cut(p.Gold), v.Rule, v.Read, v.GoldRead)
			continue
		}
		t.Logf("core: %s %v %q | %q: %s (%s), read %q | %q: %s", p.ID, p.Policy, cut(p.Prediction), cut(p.Gold), v.Verdict, v.Rule, v.Read, v.GoldRead, v.Why)
	}
	t.Logf("%d of %d core pairs (%.1f %%)", right, n, 100*float64(right)/float64(n))
	if float64(right) < leastCore*float64(n) {
		t.Errorf("%d of %d core pairs are graded as labelled, want at least %.0f %%", right, n, 100*leastCore)
	}
}

func cut(s string) string {
	if len(s) > 120 {
		return "…" + s[len(s)-117:]
	}
	return s
}

func TestEveryGoldOfMATH500EqualsItself(t *testing.T) {
	for i, r := range rows[struct{ Answer string }](t, "math500.jsonl") {
		for _, pred := range []string{`So the answer is \boxed{` + r.Answer + `}.`, r.Answer} {
			if v := Grade(pred, r.Answer, Default()); v.Verdict != Correct {
				t.Errorf("row %d: %q | %q: %s (%s): %s", i+1, pred, r.Answer, v.Verdict, v.Rule, v.Why)
			}
		}
		n, err := read(r.Answer, true)
		if err != nil {
			t.Errorf("row %d: %q cannot be read: %v", i+1, r.Answer, err)
			continue
		}
		g := grader{policies: Default(), work: work{left: mostWork}}
		if d := g.compare(n, n); d.outcome != equal {
			t.Errorf("row %d: %q, read %s, is not equal to itself: %s", i+1, r.Answer, n, d.why)
		}
	}
}

func TestEveryGoldOfGSM8KIsFoundAndEqualsItself(t *testing.T) {
	for i, r := range rows[struct{ Answer string }](t, "gsm8k_test.jsonl") {
		_, want, _ := strings.Cut(r.Answer, "#### ")
		if v := Grade("The answer is "+want+".", r.Answer, Default()); v.Verdict != Correct || v.Gold != want {
			t.Errorf("row %d: %q | %q: %s (%s): %s", i+1, want, v.Gold, v.Verdict, v.Rule, v.Why)
		}
	}
}

func TestEveryGoldOfAIMEEqualsItself(t *testing.T) {
	for _, name := range []string{"aime2024.jsonl", "aime2025.jsonl"} {
		for i, r := range rows[struct{ Answer any }](t, name) {
			gold := fmt.Sprint(r.Answer)
			short := strings.TrimLeft(gold, "0")
			if v := Grade(`so \boxed{`+short+"}", gold, Default()); v.Verdict != Correct {
				t.Errorf("%s, row %d: %s (%s): %s", name, i+1, v.Verdict, v.Rule, v.Why)
			}
			if v := Grade(`\boxed{`+short+"1}", gold, Default()); v.Verdict != Incorrect {
				t.Errorf("%s, row %d: a digit more is %s (%s)", name, i+1, v.Verdict, v.Rule)
			}
		}
	}
}

// TestTheSolutionsOfMATH500HoldTheirAnswers grades the reference solutions, from which the answers were taken.
func TestTheSolutionsOfMATH500HoldTheirAnswers(t *testing.T) {
	for i, r := range rows[struct{ Solution, Answer string }](t, "math500.jsonl") {
		if v := Grade(r.Solution, r.Answer, Default()); v.Verdict != Correct {
			t.Errorf("row %d: %q | %q: %s (%s): %s", i+1, v.Extracted, r.Answer, v.Verdict, v.Rule, v.Why)
		}
	}
}
