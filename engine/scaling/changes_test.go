package scaling

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// answered makes a result of one arm from rows written as outcome, tokens, answer, closed.
func answered(rows ...Row) *Result {
	r := &Result{Plan: Plan{Methods: []string{MethodNone}, Seed: 7}}
	for i, row := range rows {
		row.Item, row.Method, row.Budget = string(rune('a'+i)), MethodNone, -1
		r.Items = append(r.Items, []Row{row})
	}
	return r
}

func TestChangesCountWhatATunedModelDoesOtherwise(t *testing.T) {
	t.Parallel()
	before := answered(
		Row{Outcome: OutcomeWrong, Tokens: 10, Said: 2, Answer: "1", Closed: "natural"},
		Row{Outcome: OutcomeRight, Tokens: 20, Said: 2, Answer: "2", Closed: "natural"},
		Row{Outcome: OutcomeRight, Tokens: 30, Said: 2, Answer: " 3", Closed: "context"},
		Row{Outcome: OutcomeWrong, Tokens: 40, Said: 2, Answer: "4", Closed: "context"},
	)
	after := answered(
		Row{Outcome: OutcomeRight, Tokens: 15, Said: 2, Answer: "9", Closed: "natural"},
		Row{Outcome: OutcomeRight, Tokens: 25, Said: 2, Answer: "2", Closed: "natural"},
		Row{Outcome: OutcomeRight, Tokens: 35, Said: 2, Answer: "3 ", Closed: "natural"},
		Row{Outcome: OutcomeEmpty, Tokens: 45, Said: 0, Answer: "", Closed: "natural"},
	)
	list, err := Changes(before, after)
	if err != nil || len(list) != 1 {
		t.Fatalf("%v, %v", list, err)
	}
	c := list[0]
	if c.Before.Hits != 2 || c.After.Hits != 3 || c.Right.Fixed != 1 || c.Right.Broken != 0 || c.SameAnswer.Hits != 2 {
		t.Errorf("answers: %+v", c)
	}
	// Every question grew by five: no resample can say otherwise.
	if want := (Difference{25, 30, 5, 5, 5}); c.Tokens != want {
		t.Errorf("tokens %+v, want %+v", c.Tokens, want)
	}
	if c.Said.Difference != -0.5 || c.Said.Low < -2 || c.Said.High > 0 {
		t.Errorf("said %+v", c.Said)
	}
	if c.ClosedWas["context"] != 2 || c.ClosedNow["natural"] != 4 {
		t.Errorf("closed %v, %v", c.ClosedWas, c.ClosedNow)
	}
	dir := t.TempDir()
	if err := ReportChanges(dir, list, Source{Model: "base|x", Judge: "exact"}, Source{Model: "tuned"}); err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile(filepath.Join(dir, "changes.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"base\\|x", "4 questions", "+5.0 [+5.0, +5.0]", "| none | context | 2 | 50.0 [15.0, 85.0] | 0 | 0.0 [0.0, 49.0] |", "| none | natural | 2 | 50.0 [15.0, 85.0] | 4 | 100.0 [51.0, 100.0] |", "| 1 | 0 | 1.0000 |"} {
		if !strings.Contains(string(page), want) {
			t.Errorf("%q is not in\n%s", want, page)
		}
	}

	other := answered(Row{}, Row{}, Row{}, Row{})
	other.Items[2][0].Item = "z"
	if _, err := Changes(before, other); err == nil || !strings.Contains(err.Error(), `"c"`) {
		t.Errorf("other questions: %v", err)
	}
	if _, err := Changes(before, answered(Row{})); err == nil {
		t.Error("fewer questions were compared")
	}
}

// Two models that both say nothing do not agree on an answer, and what nobody knows the answer to is neither right nor wrong.
func TestChangesCountSilenceAndWhatIsNotJudgedApart(t *testing.T) {
	t.Parallel()
	before := answered(Row{Outcome: OutcomeEmpty}, Row{Outcome: OutcomeRight, Answer: "2"}, Row{Outcome: OutcomeUnjudged, Answer: "x"}, Row{Outcome: OutcomeEmpty})
	after := answered(Row{Outcome: OutcomeEmpty, Answer: " "}, Row{Outcome: OutcomeRight, Answer: "2"}, Row{Outcome: OutcomeUnjudged, Answer: "y"}, Row{Outcome: OutcomeUnjudged, Answer: "z"})
	before.Ungraded = map[string]bool{"c": true, "d": true}
	list, err := Changes(before, after)
	if err != nil {
		t.Fatal(err)
	}
	c := list[0]
	if c.SameAnswer.Hits != 1 || c.BothEmpty.Hits != 1 || c.SameAnswer.N != 4 || c.N != 4 || c.Before != NewShare(1, 2) || c.After != NewShare(1, 2) || c.Right.N != 2 {
		t.Errorf("%+v", c)
	}
	dir := t.TempDir()
	if err := ReportChanges(dir, list, Source{}, Source{}); err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile(filepath.Join(dir, "changes.md"))
	if want := "Of 2 of them no right answer is known"; err != nil || !strings.Contains(string(page), want) {
		t.Errorf("%q is not in\n%s", want, page)
	}
}
