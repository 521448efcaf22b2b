package curate

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"s1/engine/records"
)

// data reads a public file in place, as engine/grade's tests do.
func data(t testing.TB, name string) (rows []records.Row) {
	t.Helper()
	r, err := records.Open(dataFile(t, name))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	for {
		row, err := r.Next()
		if errors.Is(err, io.EOF) {
			return rows
		}
		if err != nil {
			t.Fatal(err)
		}
		rows = append(rows, row)
	}
}

func dataFile(t testing.TB, name string) string {
	t.Helper()
	dir := os.Getenv("S1_DATA")
	if dir == "" {
		dir = filepath.Join("..", "..", "shared", "data")
	}
	path := filepath.Join(dir, name)
	if _, err := os.Stat(path); err != nil {
		t.Skipf("NOT TESTED: %v. To test it: S1_DATA=<folder with %s> go test ./curate", err, name)
	}
	return path
}

func TestS1KSharesEightWordsWithAsManyTestQuestionsAsMeasured(t *testing.T) {
	t.Parallel()
	for set, want := range map[string]int{"aime2024.jsonl": 79, "math500.jsonl": 79, "gsm8k_test.jsonl": 0} {
		tests, err := openTests([]string{dataFile(t, set)}, Decontaminate{NGram: 8})
		if err != nil {
			t.Fatal(err)
		}
		got := 0
		for _, r := range data(t, "s1k_questions_solutions.jsonl") {
			q, _ := r.Text("question")
			if _, hit := tests.find(q); hit != nil {
				got++
			}
		}
		if got != want {
			t.Errorf("%s: %d questions share an 8-gram, want %d", set, got, want)
		}
	}
}

func TestHashesAndQualityRulesAgreeWithTheNotebook(t *testing.T) {
	t.Parallel()
	differ, asy := 0, 0
	for _, r := range data(t, "s1k_filter_notebook_selection.jsonl") {
		q, _ := r.Text("question")
		hash, _ := r.Text("qhash")
		source, _ := r.Text("source_type")
		if ID(q) != hash {
			differ++
		}
		if rule, detail := unclean(q, source); rule != "" {
			t.Errorf("%s, which the notebook keeps, breaks %s: %q", hash, rule, detail)
		}
		if rule, _ := unclean(q, ""); rule == "asy" {
			asy++
		}
	}
	if differ != 25 || asy != 9 {
		t.Errorf("%d hashes differ and %d questions keep [asy], want 25 and 9", differ, asy)
	}
	for _, r := range data(t, "s1k_questions_solutions.jsonl") {
		q, _ := r.Text("question")
		if hash, _ := r.Text("qhash"); ID(q) != hash {
			t.Errorf("row %d has id %s, want %s", r.Index, ID(q), hash)
		}
	}
}

func TestTheQualityRulesAreThoseOfThePatterns(t *testing.T) {
	t.Parallel()
	tests := []struct{ q, source, want string }{
		{"what is 2?", "", ""},
		{"[asy] draw", "MATH", "asy"},
		{"[asy] p12. **p1**", "qq8933/AIME_1983_2024", ""},
		{"![Image](x)", "AIME", "image"},
		{"see p1. and", "", "numbered"},
		{"step12. and", "", "numbered"},
		{"p0. p01. p1000. p.", "", ""},
		{"**p1** find", "", "bold-number"},
		{"**Note** find", "", ""},
		{"**Note** find 3", "", "bold-number"}, // the lookahead sees past the closing asterisks
		{"**Note**\nfind 3", "", ""},
		{"**a b 3**", "", ""},
		{"**a] 3**", "", ""},
		{"x ** y **3** z", "", "bold-number"},
		{"****1", "", "bold-number"},
	}
	for _, tt := range tests {
		if got, detail := unclean(tt.q, tt.source); got != tt.want {
			t.Errorf("%q from %q: %q (%q), want %q", tt.q, tt.source, got, detail, tt.want)
		}
	}
}

func TestStrictWordsAreThoseThatAreSaid(t *testing.T) {
	t.Parallel()
	tests := []struct{ text, want string }{
		{`Compute $\dfrac{1}{2} + x$.`, "compute 1 2 x"},
		{`\alpha\beta\gamma of x, y and z`, "alpha beta gamma of x y and z"}, // one word of four parts, and words behind it
		{`\left(\frac{1}{2}\right)\cdot\sin\theta`, "1 2 cdot sin theta"},
		{`text left and \text{right}`, "and"},
		{`\ \`, ""},
	}
	for _, tt := range tests {
		if got := strings.Join(strictWords(tt.text), " "); got != tt.want {
			t.Errorf("%q has the words %q, want %q", tt.text, got, tt.want)
		}
	}
}

func TestStrictFindsWhatEightPlainWordsDoNot(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "t.jsonl")
	text := `{"question":"Compute $\\dfrac{1}{2} + x$."}
{"question":"Let a be the number of red marbles in the old wooden box that Anna found, and let b be the blue ones there."}`
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	tests := []struct{ q, plain, strict string }{
		{"compute 1 / 2 + x", "", "whole"},
		{"Let a be the number of red marbles in a box.", "n-gram", "n-gram"},
		{"Let (a) be the number, of red marbles: in (the) old box.", "", "n-gram"},
		{"How many are there?", "", ""},
	}
	for _, strict := range []bool{false, true} {
		set, err := openTests([]string{file}, Decontaminate{NGram: 8, Strict: strict, Jaccard: 0.5})
		if err != nil {
			t.Fatal(err)
		}
		for _, tt := range tests {
			want := tt.plain
			if strict {
				want = tt.strict
			}
			if got, hit := set.find(tt.q); got != want || (hit == nil) != (want == "") {
				t.Errorf("strict %v, %q: %q (%+v), want %q", strict, tt.q, got, hit, want)
			}
		}
	}
}
