package scaling

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"s1/engine/enginetest"
)

func small() Plan {
	return Plan{Methods: []string{MethodNone, MethodCap, MethodWait, MethodMajority}, Caps: []int{0, 16, 64}, Waits: []int{0, 1}, Votes: []int{1, 2}, AnswerCap: 8, Seed: 2}
}

// A sweep that ends in the middle of a line, of an item or between two goes on to the very file of an undisturbed one.
func TestASweepGoesOnFromWhateverAKillLeft(t *testing.T) {
	t.Parallel()
	m, items := mini(t), questions(6, 3)
	dir := t.TempDir()
	whole := filepath.Join(dir, "whole")
	if _, err := Run(t.Context(), m, small(), items, Options{Dir: whole}); err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile(filepath.Join(whole, "items.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	for _, left := range []int{0, 1, len(want) / 3, len(want) / 2, len(want) - 1, len(want)} {
		again := filepath.Join(dir, "again", string(rune('a'+left%26)))
		if err := os.MkdirAll(again, 0o755); err != nil {
			t.Fatal(err)
		}
		plan, err := os.ReadFile(filepath.Join(whole, "plan.json"))
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(os.WriteFile(filepath.Join(again, "plan.json"), plan, 0o644), os.WriteFile(filepath.Join(again, "items.jsonl"), want[:left], 0o644)); err != nil {
			t.Fatal(err)
		}
		res, err := Run(t.Context(), m, small(), items, Options{Dir: again})
		if err != nil {
			t.Fatal(err)
		}
		if got, err := os.ReadFile(filepath.Join(again, "items.jsonl")); err != nil || !bytes.Equal(got, want) {
			t.Errorf("after %d of %d bytes the file differs (%v)", left, len(want), err)
		}
		if kept := bytes.Count(want[:left], []byte("\n")) / len(small().filled().Arms()); res.Resumed != kept {
			t.Errorf("after %d bytes %d items were kept, want %d", left, res.Resumed, kept)
		}
	}
}

func TestAFolderOfAnotherSweepIsRefused(t *testing.T) {
	t.Parallel()
	m, dir := mini(t), t.TempDir()
	if _, err := Run(t.Context(), m, small(), questions(2, 3), Options{Dir: dir}); err != nil {
		t.Fatal(err)
	}
	other := small()
	other.Seed = 9
	if _, err := Run(t.Context(), m, other, questions(2, 3), Options{Dir: dir}); err == nil || !strings.Contains(err.Error(), "another sweep") {
		t.Errorf("another plan: %v", err)
	}
	if _, err := Run(t.Context(), m, small(), questions(2, 4), Options{Dir: dir}); err == nil || !strings.Contains(err.Error(), "items_sha256") {
		t.Errorf("other questions: %v", err)
	}
}

func TestAStudyTwiceGivesEqualFiles(t *testing.T) {
	t.Parallel()
	m, items := mini(t), questions(12, 7)
	var files [2]map[string]string
	for i := range files {
		dir := t.TempDir()
		s, err := RunStudy(t.Context(), m, items, true, 4, Options{Dir: dir, Parallel: 3 + 5*i})
		if err != nil {
			t.Fatal(err)
		}
		if err := ReportStudy(dir, s, Source{Model: "mini"}); err != nil {
			t.Fatal(err)
		}
		files[i] = map[string]string{}
		if err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			b, err := os.ReadFile(path)
			name, _ := filepath.Rel(dir, path)
			files[i][name] = string(b)
			return err
		}); err != nil {
			t.Fatal(err)
		}
	}
	for name, text := range files[0] {
		if files[1][name] != text {
			t.Errorf("%s differs", name)
		}
	}
	if len(files[0]) != len(files[1]) || len(files[0]) < 12 {
		t.Errorf("%d and %d files", len(files[0]), len(files[1]))
	}
}

func TestPromptsThatSayHowLongAreThePapers(t *testing.T) {
	t.Parallel()
	for a, want := range map[Arm]string{
		{MethodClass, 0, ""}:     "q\n\nAnswer after a short amount of thinking. Do not spend excessive time double-checking your work.",
		{MethodClass, 1, ""}:     "q\n\nAnswer after a long amount of thinking. If you feel like you are finished early, spend the extra time trying to double-check your work until you are absolutely sure that you have the correct answer.",
		{MethodSteps, 64, ""}:    "q\n\nThink for up to 64 steps.",
		{MethodTokens, 2048, ""}: "q\n\nThink for up to 2048 tokens.",
		{MethodCap, 2048, ""}:    "q",
	} {
		if got := conditioned(a, "q"); got != want {
			t.Errorf("%s: %q", a, got)
		}
	}
	if _, err := Run(t.Context(), mini(t), Plan{Methods: []string{MethodClass}}, questions(1, 1), Options{}); err == nil || !strings.Contains(err.Error(), "one kind of question") {
		t.Errorf("a model of one kind of question: %v", err)
	}
}

func TestAQuestionThatCannotBeAskedIsARowOfItsOwn(t *testing.T) {
	t.Parallel()
	m := scripted(t, func(v *enginetest.Vocab) enginetest.Script { return enginetest.Random(v, 1) })
	items := []Item{{ID: "long", Prompt: strings.Repeat("xy", 400), Gold: "7"}, {ID: "short", Prompt: "the number", Gold: "7"}}
	res, err := Run(context.Background(), m, Plan{Methods: []string{MethodNone, MethodCap, "s1-readme"}, Caps: []int{5}, Waits: []int{1}, AnswerCap: 16}, items, Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range res.Items[0] {
		if row.Outcome != OutcomeError || row.Error == "" {
			t.Errorf("%+v", row)
		}
	}
	for _, row := range res.Items[1] {
		if row.Outcome == OutcomeError {
			t.Errorf("%+v", row)
		}
	}
}

func TestVotesAndRejection(t *testing.T) {
	t.Parallel()
	draw := func(answer string, o Outcome, tokens int, natural bool) sample {
		return sample{Row{Answer: answer, Outcome: o, Tokens: tokens, Alone: tokens}, natural}
	}
	draws := []sample{draw("3", OutcomeWrong, 10, true), draw("7", OutcomeRight, 20, false), draw("7", OutcomeRight, 5, true), draw("", OutcomeEmpty, 1, true), draw("", OutcomeEmpty, 1, true)}
	for n, want := range map[int]string{1: "3", 2: "3", 3: "7", 5: "7"} {
		if r := (&runner{same: func(a, b string) bool { return a == b }}).vote(Arm{MethodMajority, n, ""}, draws[:n]); r.Answer != want || r.Tries != n || r.Any != (n > 1) {
			t.Errorf("of %d: %+v", n, r)
		}
	}
	r := &runner{p: Plan{Tries: 5}}
	for limit, want := range map[int]struct{ tries, tokens, alone int }{20: {1, 10, 10}, 10: {1, 10, 10}, 9: {3, 5, 25}, 3: {4, 1, 13}, 0: {5, 0, 5}} {
		got := r.rejected(Item{}, Arm{MethodReject, limit, ""}, draws)
		if got.Tries != want.tries || got.Tokens != want.tokens || got.Alone != want.alone || (got.Outcome == OutcomeCut) != (limit == 0) {
			t.Errorf("limit %d: %+v, want %+v", limit, got, want)
		}
	}
}
