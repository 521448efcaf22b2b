package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"s1/engine/builtin"
	"s1/kernels"
	"s1/train/export"
)

// What is tested here holds for any weights of the built-in model.

func TestMiniIsThereWithoutAnythingElse(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	r := b.run("run", "--cap", "8", "--answer-cap", "8", "--seed", "1", "316 plus 275, divided by 3 × 3").wants(0, "[cap]", "[receipt] 8 thinking tokens", "mini", "(expected 591)")
	if !strings.Contains(r.out, ", wrong (") && !strings.Contains(r.out, ", right (") {
		t.Errorf("the receipt says neither right nor wrong: %q", r.out)
	}
	again := b.run("run", "--cap", "8", "--answer-cap", "8", "--seed", "1", "316,+275,/3,*3").wants(0)
	if thought := func(s string) string { s, _, _ = strings.Cut(s, "[receipt]"); return s }; thought(again.out) != thought(r.out) {
		t.Errorf("the same problem in other words: %q and %q", r.out, again.out)
	}
	if list := b.sessions(); len(list) != 2 || list[0]["model"] != "mini" || list[0]["prompt"] != "316,+275,/3,*3" || list[1]["prompt"] != "316,+275,/3,*3" {
		t.Errorf("kept are %v", list)
	}
	b.run("models", "info", "mini").wants(0, "built in", "0.8 M", "1024 positions")
	b.run("tokens", "37,*5<think>").wants(0, `"<think>"`)
	b.run().wants(0, "[receipt]", "(expected ")
}

func TestMiniSaysHowItReadsAProblem(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	run := func(words ...string) result {
		return b.run(append([]string{"run", "--no-save", "--cap", "6", "--answer-cap", "4"}, words...)...)
	}
	if r := run("2+3*4").wants(0, "(expected 20)"); !strings.Contains(r.err, "left to right, as on a pocket calculator: 2,+3,*4 is 20 here; with * and / first it would be 14") {
		t.Errorf("stderr says nothing of the order: %q", r.err)
	}
	if r := run("add 1 000 to 24").wants(0, "(expected 1024)"); strings.Contains(r.err, "left to right") {
		t.Errorf("stderr speaks of an order that makes no difference: %q", r.err)
	}
	run("-5+10").refuses(2, "no flag -5;", "behind --", `s1 run -- '-5+10'`)
	run("--", "-5+10").refuses(2, "The start value -5 is out of range")
	run("(3+4)*2").refuses(2, "Brackets are not read", "for example: s1 run '3,+4,*2'")
	run("add 5 to 10 times 2").refuses(2, "put a comma before it", "for example: s1 run '10,+5,*2'")
}

func TestMiniJSONSaysWhatWasExpectedAndTheVerdict(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	lines := b.run("run", "--json", "--cap", "6", "--answer-cap", "4", "2+3*4").wants(0).lines()
	start, end := lines[0], lines[len(lines)-1]
	if start["prompt"] != "2,+3,*4" || start["think_format"] != "tape" || end["expected"] != "20" {
		t.Errorf("start %v, end %v", start, end)
	}
	want := "wrong"
	if end["answer"] == "20" {
		want = "right"
	}
	if end["verdict"] != want {
		t.Errorf("answer %v, verdict %v", end["answer"], end["verdict"])
	}
	if end := b.run("run", "-m", model(t), "--json", "--cap", "4", "--answer-cap", "4", "2+3*4").wants(0).only().end; end["expected"] != nil || end["verdict"] != nil {
		t.Errorf("another model has a verdict: %v", end)
	}
}

func TestJourneyMiniFromTheFirstEnterToAVerdict(t *testing.T) {
	t.Parallel()
	s := newBox(t).open(110, 30, "--pace", "200", "--cap", "12", "--answer-cap", "6")
	s.Until("ready", "Press enter to ask", "left to right", "enter asks it", "ctrl+n another").Keys("C-n", "C-n", "Right").UntilGone("enter asks it")
	s.Keys("C-u").Type("what is love?").Keys("Enter").Until("“love” is no part", "316,+275,/3,*3   enter asks it", "up brings your text back")
	s.Keys("Enter").Until("expected 591").Until("receipt", "of 12")
	s.Satisfies("says right or wrong", func(f string) bool {
		return strings.Contains(f, "answer   wrong, expected 591") || strings.Contains(f, "answer   right")
	})
	s.Keys("w").Until("B of 2", "▌ Wait").Until("receipt", "branches")
	s.Satisfies("says it of both branches", func(f string) bool {
		return strings.Count(f, "  wrong")+strings.Count(f, "  right") >= 2
	})
	s.Keys("C-n").Until("enter asks it", "right edit it").Keys("C-c", "C-c")
	s.left(0)
	got := s.branches()
	if len(got) != 2 || got[0].Receipt.Closed != "cap" || got[0].Receipt.ThinkingTokens != 12 || got[1].injected != "Wait" || got[1].Receipt.WaitsDone != 1 {
		t.Errorf("kept are %+v", got)
	}
}

// tapeModels are models of the tape that are not the built-in one: a folder as a training leaves it, and the GGUF file of it.
func tapeModels(t *testing.T, b *box) (folder, gguf string) {
	t.Helper()
	folder, gguf = b.at("trained"), b.at("trained.gguf")
	if err := os.CopyFS(folder, builtin.Files()); err != nil {
		t.Fatal(err)
	}
	w, err := builtin.Weights()
	if err != nil {
		t.Fatal(err)
	}
	defer w.Close()
	base, err := export.Load(w)
	if err != nil {
		t.Fatal(err)
	}
	m := export.Model{Config: base.Config, Params: base.Params, Tokenizer: base.Tokenizer, Generation: base.Generation, Card: export.Card{Name: "trained"}}
	if err := export.GGUF(t.Context(), gguf, m, export.Options{Type: kernels.F32}); err != nil {
		t.Fatal(err)
	}
	return folder, gguf
}

func TestATapeModelOfOnesOwnTakesWordsAsMiniDoes(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	folder, gguf := tapeModels(t, b)
	const words = "316 plus 275 divided by 3"
	want := b.run("run", "--json", "--temp", "0", words).wants(0).only()
	for _, m := range []string{folder, gguf} {
		lines := b.run("run", "-m", m, "--json", "--temp", "0", words).wants(0).lines()
		start, end := lines[0], lines[len(lines)-1]
		if start["prompt"] != "316,+275,/3" || end["expected"] != "197" || end["text"] != want.text || end["verdict"] != want.end["verdict"] {
			t.Errorf("%s: start %v, end %v; mini said %q", filepath.Base(m), start, end, want.text)
		}
		b.run("run", "-m", m, "what is love?").wants(2, "“love” is no part", "for example: s1 run '316,+275,/3,*3'")
	}
	s := b.open(110, 30, "-m", folder, "--pace", "200")
	s.Until("ready", "left to right", "enter asks it").Keys("C-n").Until("enter asks it").Keys("C-c", "C-c")
	s.left(0)
}
