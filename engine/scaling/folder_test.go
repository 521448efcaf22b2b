package scaling

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestEveryRowOfAFolderIsMadeAgainByItsQuestion(t *testing.T) {
	t.Parallel()
	m, dir := mini(t), t.TempDir()
	items := questions(6, 8)
	p := Plan{
		Methods: []string{MethodNone, MethodCap, MethodWait, MethodMajority, MethodReject, MethodExit}, Caps: []int{0, 16, 40}, Waits: []int{0, 1, 2},
		Texts: []string{"Wait", "Again"}, Votes: []int{1, 3}, Limits: []int{60}, Tries: 3, Stays: []int{2}, Every: 16, AnswerCap: 8, Seed: 4,
	}
	told := 0
	if _, err := Run(t.Context(), Local(m), p, items, Options{Dir: dir, Finished: func(int, []Row) { told++ }}); err != nil {
		t.Fatal(err)
	}
	f, err := ReadFolder(dir)
	if err != nil {
		t.Fatal(err)
	}
	if f.Done != len(items) || told != len(items) || !slices.Equal(f.Items, items) {
		t.Fatalf("%d done, %d told, questions %v", f.Done, told, f.Items)
	}
	made := 0
	for i := range f.Items {
		for k, a := range f.Plan.Arms() {
			q, row, err := f.Reask(i, k)
			if err != nil {
				if row.Closed != "refused" {
					t.Errorf("%s: %v", a, err)
				}
				continue
			}
			want, err := f.IDs(i, k)
			if err != nil {
				t.Fatal(err)
			}
			l, err := m.Ask(t.Context(), q)
			if err != nil {
				t.Fatal(err)
			}
			got, err := read(t.Context(), l)
			if err != nil {
				t.Fatal(err)
			}
			made++
			if !slices.Equal(got.ids(0), want) {
				t.Errorf("item %d, %s: %d tokens\n%v\nwant\n%v", i, a, len(got.tokens), got.ids(0), want)
			}
			m.Forget(l.Run().ID)
		}
	}
	if made < 60 {
		t.Errorf("only %d rows were made again", made)
	}
}

func TestAFolderThatWasChangedIsRefused(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if _, err := ReadFolder(dir); err == nil || !strings.Contains(err.Error(), "holds no sweep") {
		t.Errorf("an empty folder: %v", err)
	}
	if _, err := Run(t.Context(), Local(mini(t)), Plan{Methods: []string{MethodNone}, AnswerCap: 8}, questions(2, 1), Options{Dir: dir}); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, questionsFile)
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for what, content := range map[string]string{"was changed": strings.Replace(string(b), `"gold":"`, `"gold":"1`, 1), "question 1": "{\n"} {
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := ReadFolder(dir); err == nil || !strings.Contains(err.Error(), what) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func TestAShutGateHoldsItemsBackAndCostsNoTime(t *testing.T) {
	t.Parallel()
	g := &Gate{}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	g.Shut()
	g.Shut()
	passed := make(chan struct{})
	go func() { g.wait(ctx); close(passed) }()
	select {
	case <-passed:
		t.Fatal("it passed a shut gate")
	default:
	}
	g.Open()
	<-passed
	g.Open()
	if g.wait(ctx); ctx.Err() != nil {
		t.Error("an open gate holds back")
	}
	p := g.paused()
	if p <= 0 || g.paused() != p {
		t.Errorf("shut for %v, then %v", p, g.paused())
	}
	g.Shut()
	cancel()
	g.wait(ctx) // a shut gate ends with its context
	n := 0
	gate := &Gate{}
	_, err := Run(t.Context(), Local(mini(t)), Plan{Methods: []string{MethodNone}, AnswerCap: 8}, questions(8, 1), Options{Parallel: 1, Gate: gate, Finished: func(int, []Row) {
		if n++; n == 2 {
			gate.Shut()
			go gate.Open() // the sweep would not end otherwise
		}
	}})
	if err != nil || n != 8 {
		t.Errorf("%d items, %v", n, err)
	}
}

func TestAVoteCountsWhatAnswersMean(t *testing.T) {
	t.Parallel()
	draws := func(answers ...string) (d []sample) {
		for _, a := range answers {
			o := OutcomeWrong
			if a == "" {
				o = OutcomeEmpty
			}
			d = append(d, sample{row: Row{Answer: a, Outcome: o, Tokens: 1}})
		}
		return d
	}
	half := func(a, b string) bool {
		return strings.ReplaceAll(a, "1/2", "0.5") == strings.ReplaceAll(b, "1/2", "0.5")
	}
	for _, c := range []struct {
		same    Same
		answers []string
		want    string
	}{
		{half, []string{"3", "1/2", "3", "0.5", "1/2"}, "1/2"},
		{half, []string{"", "7", "0.5", "1/2"}, "0.5"},
		{half, []string{"2", "1/2"}, "2"},
		{func(a, b string) bool { return a == b }, []string{"3", "1/2", "3", "0.5"}, "3"},
		{half, []string{"", ""}, ""},
	} {
		r := &runner{same: c.same}
		if row := r.vote(Arm{MethodMajority, len(c.answers), ""}, draws(c.answers...)); row.Answer != c.want || row.Tokens != len(c.answers) {
			t.Errorf("%q: %q with %d tokens, want %q", c.answers, row.Answer, row.Tokens, c.want)
		}
	}
}
