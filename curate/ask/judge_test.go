package ask

import (
	"context"
	"errors"
	"strings"
	"testing"

	"s1/curate/llm"
)

// scripted answers as its function says; it counts the requests.
type scripted struct {
	answer func(r llm.Request) string
	n      int
}

func (s *scripted) Identity() llm.Identity { return llm.Identity{Provider: "test", Model: "scripted"} }

func (s *scripted) Generate(_ context.Context, r llm.Request) (llm.Reply, error) {
	s.n++
	if strings.Contains(r.Prompt, "broken") {
		return llm.Reply{}, errors.New("no such thing")
	}
	return llm.Reply{Text: s.answer(r)}, nil
}

func asked(t *testing.T, s *scripted) *llm.Client {
	t.Helper()
	c, err := llm.Open(s, llm.Options{Dir: t.TempDir(), Retries: &llm.Retries{Parse: 2}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

func TestTheRuleGradesFirstAndTheJudgeOnlyTheRest(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		attempt, solution, reply string
		verdict, by, failed      string
		asked                    int
	}{
		{"The answer is 42.", "42", "", "correct", "rule", "", 0},
		{"The answer is 41.", "42", "", "incorrect", "rule", "", 0},
		{"", "", "", "undecided", "nobody", "", 0},
		{"", "42", "It says nothing.\nNo", "incorrect", "judge", "", 1},
		{"", "42", "Well.\n\nYes\n", "correct", "judge", "", 1},
		{"", "42", "Yes, it is.", "", "", "unreadable", 3},
		{"", "42", "", "", "", "unreadable", 3},
	} {
		s := &scripted{answer: func(llm.Request) string { return c.reply }}
		stage := Grades(Grader{Judge: asked(t, s)}, 1)
		dir := t.TempDir()
		if _, err := Run(t.Context(), stage, seq([]Row{{ID: "a", Question: "6 * 7", Solution: c.solution, Attempt: c.attempt}}), dir, 1); err != nil {
			t.Fatal(err)
		}
		r := results(t, dir)["a"]
		if r.Failed != c.failed || s.n != c.asked || c.failed == "" && (r.Grade.Verdict != c.verdict || r.Grade.By != c.by) {
			t.Errorf("%q for %q, judge %q: %+v %+v after %d requests", c.attempt, c.solution, c.reply, r, r.Grade, s.n)
		}
	}
}

func TestADomainIsACodeOfTheListAtTheEnd(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ text, want string }{
		{"Counting.\n05", "05"}, {"Counting.\nCode: **05**.", "05"}, {"11\nbecause", ""}, {"99", ""}, {"", ""}, {"5", ""},
	} {
		if got, err := domainIn(c.text); got != c.want || (err == nil) != (c.want != "") {
			t.Errorf("domainIn(%q) = %q, %v; want %q", c.text, got, err, c.want)
		}
	}
	if n := strings.Count(fields, "\n") + 1; n != 61 {
		t.Errorf("%d fields, want 61", n)
	}
}

func TestAFailedRowIsListedWithItsCauseAndTheOthersGoOn(t *testing.T) {
	t.Parallel()
	s := &scripted{answer: func(llm.Request) string { return "Counting.\n05" }}
	dir := t.TempDir()
	rows := []Row{{ID: "a", Question: "how many"}, {ID: "b", Question: "broken"}, {ID: "a", Question: "how many"}, {ID: "c", Question: "and now"}}
	n, err := Run(t.Context(), Domain(asked(t, s), llm.Request{}, 1), seq(rows), dir, 1)
	if err != nil || n.Decided != 2 || n.Failed["refused"] != 1 {
		t.Fatalf("%+v, %v", n, err)
	}
	if r := results(t, dir); r["b"].Failed != "refused" || !strings.Contains(r["b"].Says, "no such thing") || r["c"].Domain != "05" {
		t.Errorf("%+v", r)
	}
	if _, err := Run(t.Context(), Domain(asked(t, s), llm.Request{}, 2), seq(rows), dir, 1); err == nil {
		t.Error("results of another seed were gone on from")
	}
}
