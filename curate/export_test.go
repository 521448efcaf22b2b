package curate

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestARowWithoutATraceOrAnAnswerIsInNoFileToTrainOn(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	in, out, hand := filepath.Join(dir, "in.jsonl"), filepath.Join(dir, "out"), filepath.Join(dir, "hand.jsonl")
	writeFile(t, in, `{"question":"whole?","trace":" so ","attempt":"4"}
{"question":"no trace?","attempt":"4"}
{"question":"no answer?","trace":"so","attempt":" "}
{"question":12,"trace":"so","attempt":"12"}
`)
	if err := ByHand(hand, ID("no trace?"), Keep, "I like it", time.Unix(0, 0)); err != nil {
		t.Fatal(err)
	}
	r := plain(t, in)
	r.Hand = hand
	for _, o := range []Options{{Dir: out}, {Dir: out + "2", Insert: map[string]Stage{"before:clean": nothing{step{decide: func(context.Context, *Rows, func(int, Decision)) error { return nil }}}}}} { // by what was loaded, and by the texts
		counts, err := Run(t.Context(), r, o)
		if err != nil {
			t.Fatal(err)
		}
		if c := counts[len(counts)-1]; c.Stage != TrainableStage || c.Kept != 2 || c.Reasons() != "missing 2 (answer 1, trace 1)" {
			t.Errorf("%+v: %s", c, c.Reasons())
		}
		for file, want := range map[string]int{columnsFile: 4, parquetFile: 4, textFile: 2, pairsFile: 2, messagesFile: 2} {
			if got := read(t, filepath.Join(o.Dir, exportDir, file)); len(got) != want {
				t.Errorf("%s has %d rows, want %d", file, len(got), want)
			}
		}
		for q, want := range map[string]string{"no trace?": "trace", "no answer?": "answer", "whole?": ""} {
			why, err := Why(o.Dir, ID(q))
			if err != nil || len(why) != 1 {
				t.Fatalf("why %s: %+v, %v", q, why, err)
			}
			if last := why[0].Said[len(why[0].Said)-1]; last.Detail != want || last.Stage != TrainableStage {
				t.Errorf("why %s: %+v; want %q missing", q, last, want)
			}
		}
	}
	page, err := Browse(out).Page(t.Context(), Query{Stage: TrainableStage, Dropped: true, Limit: 10})
	if err != nil || len(page.Rows) != 2 || page.Rows[0].Detail != "trace" || page.Rows[0].Dropped != TrainableStage {
		t.Errorf("browsed: %+v, %v", page, err)
	}
	text, err := os.ReadFile(filepath.Join(out, exportDir, messagesFile))
	want := `{"messages":[{"role":"user","content":"whole?"},{"role":"assistant","reasoning_content":"so","content":"4"}]}` + "\n"
	if err != nil || !strings.HasPrefix(string(text), want) {
		t.Errorf("messages: %s, %v; want %s first", text, err, want)
	}
}

// nothing says nothing of any row.
type nothing struct{ step }

func (nothing) Name() string  { return "nothing" }
func (nothing) Settings() any { return map[string]int{"depth": 3} }

func TestTheCardNamesTheSettingsOfEveryStageThatRan(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	in, tests, out := filepath.Join(dir, "in.jsonl"), filepath.Join(dir, "tests.jsonl"), filepath.Join(dir, "out")
	writeFile(t, in, question("one?"))
	writeFile(t, tests, question("what is two and two and two and two more?"))
	r := plain(t, in)
	r.Stages = []string{"complete", "decontaminate", "dedup", "difficulty", "select"}
	r.Complete.Features, r.Decontaminate.Tests, r.Decontaminate.NGram = []string{"trace"}, []string{tests}, 5
	r.Dedup.Near, r.Dedup.Jaccard, r.Difficulty.Solved, r.Seed = true, 0.625, []string{"easy"}, 77
	if _, err := Run(t.Context(), r, Options{Dir: out, Insert: map[string]Stage{"before:dedup": nothing{step{decide: func(_ context.Context, _ *Rows, _ func(int, Decision)) error { return nil }}}}}); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(filepath.Join(out, exportDir, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	card := string(b)
	for _, want := range []string{
		"files = [\"in.jsonl\"]", "[complete]\nfeatures = [\"trace\"]", "tests = [\"tests.jsonl\"]\nngram = 5", "[dedup]\nnear = true\njaccard = 0.625", `solved = ["easy"]`, "seed = 77", "kind = \"full\"",
		"\"depth\": 3", "| messages.jsonl | 1 |",
	} {
		if !strings.Contains(card, want) {
			t.Errorf("the card lacks %q:\n%s", want, card)
		}
	}
	if strings.Contains(card, dir) {
		t.Errorf("the card names a folder of this machine:\n%s", card)
	}
}

func TestAPresetAsksOfRowsOnlyWhatItsSelectionNeeds(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	in := filepath.Join(dir, "in.jsonl")
	var text strings.Builder
	for i := range 20 {
		fmt.Fprintf(&text, `{"question":"what is %d?","solution":"%d","thinking":"hm","attempt":"%d"%s}`+"\n", i, i, i, []string{"", `,"domain":"d"`}[i%2])
	}
	writeFile(t, in, text.String())
	for _, name := range []string{"random", "longest", "full", "diverse"} {
		out := filepath.Join(dir, name)
		r := preset(t, name, in)
		r.Dedup.Near = false
		counts, err := Run(t.Context(), r, Options{Dir: out})
		if err != nil {
			t.Fatal(err)
		}
		want := 20
		if name == "diverse" {
			want = 10
			if got := counts[1].Reasons(); got != "missing 10 (domain 10)" {
				t.Errorf("diverse dropped %s", got)
			}
		}
		if got := len(read(t, filepath.Join(out, exportDir, messagesFile))); got != want || !slices.Contains(r.Complete.Features, "answer") {
			t.Errorf("%s keeps %d ordinary rows, want %d", name, got, want)
		}
	}
}
