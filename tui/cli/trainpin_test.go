package cli

import (
	"bytes"
	"strings"
	"testing"
)

// Pinned questions of the recipe and of the command line are answered at each checkpoint under both budgets, in the metrics and on
// stdout; the weights are those of a run without them.
func TestPinnedQuestionsAreAnsweredAtEachCheckpoint(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	b.write("plain.toml", edited(t, tapeRecipe, "steps = 100", "steps = 12"))
	b.run("train", "plain.toml", "--out", "plain").wants(0)
	b.write("r.toml", edited(t, tapeRecipe, "steps = 100", "steps = 12")+"[pinned]\ncaps = [4, -1]\nlimit = 30\nanswer_cap = 6\n[[pinned.questions]]\nask = \"9,-4\"\n")
	r := b.run("train", "r.toml", "--out", "r", "--json", "--pin", "12,*3 => 36").wants(0, "2 pinned questions under 2 budgets each: at most 92 tokens at each of 3 checkpoints")
	if !bytes.Equal(weightsOf(b, "plain"), weightsOf(b, "r")) {
		t.Error("asking changed the weights")
	}
	for name, lines := range map[string][]map[string]any{"stdout": r.lines(), "metrics.jsonl": keptSteps(b, "r")} {
		checkSteps(t, lines, 1, 12)
		for _, m := range lines {
			list, _ := m["answers"].([]any)
			if step := int(m["step"].(float64)); (step == 5 || step == 10 || step == 12) != (len(list) == 4) {
				t.Errorf("%s: step %d has %d answers", name, step, len(list))
			}
			for i, x := range list {
				a := x.(map[string]any)
				if a["question"] != []string{"9,-4", "12,*3"}[i/2] || a["expected"] != []string{"5", "36"}[i/2] || a["cap"] != []float64{4, -1}[i%2] || a["tokens"].(float64) > []float64{4, 30}[i%2] || a["right"] == nil || a["failed"] != nil {
					t.Errorf("%s: answer %d is %v", name, i, a)
				}
			}
		}
	}
	b.run("train", "r.toml", "--out", "none", "--pin", " => 3").wants(2, "asks nothing")
	b.run("train", "r.toml", "--out", "none", "--pin", "how tall is it?").wants(1, "how tall is it?", "none that this model is trained for")
}

// A model of noise says anything: what it says comes out as text, also as JSON.
func TestWhatAPinnedQuestionIsAnsweredDrivesNoTerminal(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	b.write("rows.jsonl", goodRows)
	b.write("r.toml", strings.Replace(rowsRecipe, "%q", `"`+model(t)+`"`, 1)+"[checkpoint]\nevery = 1\n")
	r := b.run("train", "r.toml", "--json", "--pin", "what now? \x1b[2J => \u202e3", "--pin", "and now?").wants(0)
	lines := r.lines() // judge has looked for control characters
	if list, _ := lines[0]["answers"].([]any); len(lines) != 2 || len(list) != 4 {
		t.Fatalf("%d steps: %v", len(lines), lines)
	}
	for i, x := range lines[1]["answers"].([]any) {
		if a := x.(map[string]any); a["failed"] != nil || (a["right"] == nil) != (i >= 2) {
			t.Errorf("answer %d: %v", i, a)
		}
	}
}
