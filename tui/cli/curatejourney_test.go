package cli

import (
	"bytes"
	"encoding/json"
	"os"
	"strings"
	"testing"

	"s1/curate"
	"s1/curate/pool"
	"s1/engine/builtin/tape"
)

// curatedFile writes rows of the calculator tape with known faults and what models were found to make of them, and a recipe
// that starts from s1's own. It returns the id of a row that a rule of s1's drops.
func curatedFile(t *testing.T, b *box, n int) (broken string) {
	t.Helper()
	tests := []tape.Problem{
		{Start: 12, Ops: []tape.Op{{Kind: '*', Arg: 34}, {Kind: '+', Arg: 5}, {Kind: '-', Arg: 6}, {Kind: '*', Arg: 2}, {Kind: '+', Arg: 9}}},
	}
	rows, err := pool.Make(t.Context(), 7, n, tests)
	if err != nil {
		t.Fatal(err)
	}
	var text bytes.Buffer
	enc := json.NewEncoder(&text)
	for i, r := range rows {
		var truth pool.Truth
		if err := json.Unmarshal([]byte(r.Metadata), &truth); err != nil {
			t.Fatal(err)
		}
		if truth.Fault == pool.Picture {
			broken = curate.ID(r.Question)
		}
		thought := ""
		if len(r.Trajectories) > 0 {
			thought = r.Trajectories[0]
		}
		if err := enc.Encode(map[string]any{
			"question": r.Question, "solution": r.Solution, "cot_type": r.CotType, "source_type": r.SourceType, "metadata": r.Metadata,
			"thinking_trajectories": r.Trajectories, "attempt": r.Attempt, "domain": strings.TrimPrefix(r.SourceType, "s1/tape-"),
			"gemini_length": len(strings.Fields(thought)), "isgeminicorrect": r.Attempt == r.Solution, "isqwen7bcorrect": i%3 == 0, "isqwen32bcorrect": i%4 == 0,
		}); err != nil {
			t.Fatal(err)
		}
	}
	b.write("rows.jsonl", text.String())
	b.write("own.toml", "preset = \"s1-code\"\n\n[load]\nfiles = [\"rows.jsonl\"]\n\n[select]\nn = 30\nuniform = 20\n")
	return broken
}

// A small file is curated to a selection; a row that was dropped says why, another number is tried, a row is kept by hand, the run
// goes on with that, and a trace is opened in the explorer.
func TestJourneyASmallFileIsCuratedAndADropInspected(t *testing.T) {
	t.Parallel()
	for _, f := range faces {
		b := newBox(t)
		broken := curatedFile(t, b, 300)
		if broken == "" {
			t.Fatal("no row breaks a rule")
		}
		if f.noColor {
			b.set("NO_COLOR=1")
		}
		s := b.open(f.w, f.h, "--seed", "3", "--pace", "max")
		s.Until("ready", "mini · cpu").Keys("C-g").Until("starts one").Keys("n").Until("s1-paper", "a file").Keys("End", "Enter").Until("in TOML").Type(b.at("own.toml")).Keys("Enter")
		s.Until("puts its stages").Keys("C-u").Type(b.at("run")).Keys("Enter").Until("own · done", "clean")
		if rows, err := os.ReadFile(b.at("run", "export", "s1k.jsonl")); err != nil || bytes.Count(rows, []byte("\n")) != 30 {
			t.Errorf("%d rows were selected: %v", bytes.Count(rows, []byte("\n")), err)
		}
		s.Keys("w").Until("why was it dropped").Keys("C-u").Type(broken).Keys("Enter").Until("dropped: clean, image", "thought").Keys("+").Until("a note").Type("I can see it").Keys("Enter").Until("kept by hand:", "kept by hand")
		if hand, err := os.ReadFile(b.at("run", "hand.jsonl")); err != nil || !bytes.Contains(hand, []byte(broken)) || !bytes.Contains(hand, []byte("I can see it")) {
			t.Errorf("the decision is not on disk: %s %v", hand, err)
		}
		// Another number is counted from what the stages left, and nothing of it is written.
		s.Keys("Escape").Until("own", "yours, kept").Keys("End", "Up", "Up").Keys("t").Until("try another").Keys("Down", "Enter").Until("select: n").Keys("C-u").Type("50").Keys("Enter").Until("tried: select n 50")
		if rows, err := os.ReadFile(b.at("run", "export", "s1k.jsonl")); err != nil || bytes.Count(rows, []byte("\n")) != 30 {
			t.Errorf("after a try %d rows are selected: %v", bytes.Count(rows, []byte("\n")), err)
		}
		s.Keys("Escape").Until("own numbers again").Keys("r").Until("31 go on", "own · done")
		b.run("curate", "why", broken, b.at("run")).wants(0, "kept by hand: I can see it")
		s.Keys("End", "Enter").Until("select: kept", "31 rows").Keys("Enter").Until("</think>", "answer   right").Keys("C-c").Until("quits").Keys("C-c")
		s.left(0)
	}
}
