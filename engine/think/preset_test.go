package think

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"testing"

	"s1/engine/trace"
)

// The published loops, transcribed over ids from their descriptions, with a generate call as vLLM's: it stops on a stop
// id (which is in the output) or at a length, and may not stop before minTokens.

type generated struct {
	ids    []int32
	length bool // finish_reason == "length"
}

func generate(md model, history []int32, max, minTokens int, stops []int32) generated {
	var g generated
	h := slices.Clone(history)
	for len(g.ids) < max {
		var mask []int32
		if len(g.ids) < minTokens {
			mask = stops
		}
		id := md.draw(h, mask, 0)
		g.ids, h = append(g.ids, id), append(h, id)
		if slices.Contains(stops, id) {
			return g
		}
	}
	g.length = true
	return g
}

func strip(ids, stops []int32) []int32 {
	if n := len(ids); n > 0 && slices.Contains(stops, ids[n-1]) {
		return ids[:n-1]
	}
	return ids
}

// readme is the README's loop (facts: section 3.2). It returns all ids after the prompt.
func readme(md model, f Format, wait []int32, ignore, max, answerMax int) []int32 {
	stops := slices.Concat(f.End, f.EOS)
	prompt := slices.Clone(f.Open)
	left := max
	o := generate(md, prompt, left, 0, stops)
	for range ignore {
		left -= len(o.ids)
		if left > 0 {
			prompt = slices.Concat(prompt, strip(o.ids, stops), wait)
			o = generate(md, prompt, left, 1, stops)
		}
	}
	prompt = slices.Concat(prompt, strip(o.ids, stops))
	answer := generate(md, prompt, answerMax, 0, f.EOS)
	return slices.Concat(prompt, strip(answer.ids, f.EOS))
}

// harness is the two-phase generation of the evaluation harness (facts: section 3.3). ignore < 0 is thinking_n_ignore = none.
func harness(md model, f Format, v Vocabulary, wait []int32, ignore, max, answerMax int) []int32 {
	stops := slices.Concat(f.End, f.EOS)
	requests := slices.Clone(f.Open)
	var out generated
	if ignore < 0 {
		out = generate(md, requests, max, 0, stops)
	} else {
		for i := range ignore + 1 {
			o := generate(md, slices.Concat(requests, out.ids), max, 1, stops)
			if o.length || i == ignore {
				out.ids, out.length = append(out.ids, o.ids...), o.length
				break
			}
			out.ids = slices.Concat(out.ids, strip(o.ids, stops), wait)
		}
	}
	text := piecesOf(v, strip(out.ids, stops)) // the text is not cut, only the ids
	if ignore >= 0 && len(out.ids) > max {
		out.ids = out.ids[:max]
	}
	cont := strip(out.ids, stops)
	switch {
	case out.length && bytes.HasSuffix(text, []byte("\n")):
		requests = slices.Concat(requests, cont, f.Forced)
	case out.length:
		requests = slices.Concat(requests, cont, f.Newline, f.Forced)
	default:
		requests = slices.Concat(requests, cont, f.Close)
	}
	answer := generate(md, requests, answerMax, 0, f.EOS)
	return slices.Concat(requests, strip(answer.ids, f.EOS))
}

func piecesOf(v Vocabulary, ids []int32) []byte {
	var b []byte
	for _, id := range ids {
		b = append(b, v.Piece(id)...)
	}
	return b
}

// fixed is a model whose draws do not depend on how often a position was asked: a masked id gives way to the next.
type fixed struct{ random }

func (m fixed) draw(history, mask []int32, _ int) int32 { return m.random.draw(history, mask, 0) }

func presetScene(t *testing.T, seed uint64) (Format, trace.Budget, fixed) {
	g := rand.New(rand.NewPCG(seed, 2))
	f := s1Format(t)
	if g.IntN(3) == 0 {
		f = qwen3Format(t)
	}
	b := trace.Budget{Cap: 1 + g.IntN(40), Waits: g.IntN(5), AnswerCap: g.IntN(20), WaitText: []string{"", "Wait", "Wait, no"}[g.IntN(3)]}
	md := fixed{random{seed: seed, pEnd: []float64{0.002, 0.03, 0.15}[g.IntN(3)], end: slices.Concat(f.EOS, f.End), ids: []int32{'a', 'b', '.', '\n', 0xE2}}}
	return f, b, md
}

func TestPresetReadmeEqualsThePublishedLoop(t *testing.T) {
	t.Parallel()
	rounds := map[int]int{}
	for seed := range uint64(2000) {
		f, b, md := presetScene(t, seed)
		b.Preset = PresetReadme
		r := start(t, f, b, Options{}, md).finish()
		r.check()
		wait := ids(t, f.vocab, b.WaitText)
		if want := readme(md, f, wait, b.Waits, b.Cap, b.AnswerCap); !slices.Equal(r.history, want) {
			t.Fatalf("seed %d budget %+v:\n got %q\nwant %q", seed, b, piecesOf(f.vocab, r.history), piecesOf(f.vocab, want))
		}
		rc := r.m.Receipt()
		if rc.ThinkingTokens > b.Cap {
			t.Fatalf("seed %d: %d thinking tokens of %d", seed, rc.ThinkingTokens, b.Cap)
		}
		rounds[rc.WaitsDone]++
	}
	if len(rounds) < 5 {
		t.Errorf("rounds seen: %v", rounds)
	}
}

func TestPresetHarnessEqualsThePublishedLoop(t *testing.T) {
	t.Parallel()
	cut, naturalCut := 0, 0
	for seed := range uint64(2000) {
		f, b, md := presetScene(t, seed)
		b.Preset = PresetHarness
		r := start(t, f, b, Options{}, md)
		rewound := 0
		r.before = func(r *run) {
			if a := r.m.Next(); a.Kind == Rewind {
				rewound += a.N
			}
		}
		r.finish().check()
		ignore := b.Waits
		if ignore == 0 {
			ignore = -1
		}
		wait := ids(t, f.vocab, b.WaitText)
		want := harness(md, f, f.vocab, wait, ignore, b.Cap, b.AnswerCap)
		if !slices.Equal(r.history, want) {
			t.Fatalf("seed %d budget %+v:\n got %q\nwant %q", seed, b, piecesOf(f.vocab, r.history), piecesOf(f.vocab, want))
		}
		if len(r.tokens) != len(r.history) {
			t.Fatalf("seed %d: %d tokens logged, %d kept", seed, len(r.tokens), len(r.history))
		}
		rc := r.m.Receipt()
		if rc.ThinkingTokens > b.Cap {
			t.Fatalf("seed %d: %d thinking tokens of %d", seed, rc.ThinkingTokens, b.Cap)
		}
		if rewound > 0 {
			cut++
			if !bytes.Contains(piecesOf(f.vocab, r.history), f.vocab.Piece(f.Forced[len(f.Forced)-1])) {
				naturalCut++
			}
		}
	}
	if cut < 100 || naturalCut < 10 {
		t.Errorf("only %d runs were cut, %d of them with the close of a natural end", cut, naturalCut)
	}
}

func TestPresetsDifferWhereThePublishedOnesDo(t *testing.T) {
	t.Parallel()
	v := chatml()
	script := "aaa<|im_start|>bbb<|im_start|>\n7<|im_end|>"
	for name, want := range map[string]string{
		// One total of 6: four ids of it (the end included) are spent, two are left; a "b" and a "b" take them.
		// No close is written: the model's own goes into the answer.
		PresetReadme: "[<|im_start|>think]aaa{~Wait}bb|b<|im_start|>\n7",
		// A full 6 again for the second round; three and a Wait and two fit, the third b is cut; the round ended by itself.
		PresetHarness: "[<|im_start|>think]aaa{~Wait}bb[<|im_start|>answer]|\n7",
	} {
		b := trace.Budget{Cap: 6, Waits: 1, WaitText: "Wait", AnswerCap: -1, Preset: name}
		r := start(t, s1Format(t), b, Options{}, play(t, v, script)).finish().want(want)
		if rc := r.m.Receipt(); rc.Preset != name || rc.Closed != trace.ClosedCap {
			t.Errorf("%s: receipt %+v", name, rc)
		}
	}
}

// All rounds end at their length before the last one: the harness's next call would get an empty list and fail (I#35).
func TestPresetHarnessWithAllRoundsAtLengthAnswers(t *testing.T) {
	t.Parallel()
	b := trace.Budget{Cap: 3, Waits: 4, WaitText: "Wait", AnswerCap: -1, Preset: PresetHarness}
	start(t, s1Format(t), b, Options{}, play(t, chatml(), "aaa 7<|im_end|>")).finish().
		want("[<|im_start|>think]aaa[\n<|im_start|>answer]|[\nFinal Answer:] 7")
}

func TestPresetAutoLeavesAHundredTokens(t *testing.T) {
	t.Parallel()
	f := s1Format(t)
	b := trace.Budget{Cap: -1, AnswerCap: -1, Preset: PresetHarness}
	md := random{seed: 1, pEnd: 1e-9, end: f.End, ids: []int32{'a'}}
	rc := start(t, f, b, Options{Context: 300}, md).finish().m.Receipt()
	if want := 300 - len(f.Open) - len(f.Forced) - 100; rc.ThinkingTokens != want {
		t.Errorf("%d thinking tokens, want %d", rc.ThinkingTokens, want)
	}
}

func TestPresetRefusesWhatItCannotRepeat(t *testing.T) {
	t.Parallel()
	for _, b := range []trace.Budget{
		{Cap: 0, AnswerCap: -1, Preset: PresetHarness},
		{Cap: 0, AnswerCap: -1, Preset: PresetReadme},
		{Cap: 5, AnswerCap: -1, Preset: "s1-other"},
	} {
		if _, err := New(s1Format(t), b, Options{Context: 1000}); err == nil {
			t.Errorf("budget %+v was taken", b)
		}
	}
	b := trace.Budget{Cap: 9, AnswerCap: -1, Preset: PresetReadme}
	if _, err := New(pieces(t), b, Options{Context: 1000}); err == nil {
		t.Error("an end of several tokens was taken")
	}
	r := start(t, s1Format(t), b, Options{}, play(t, chatml(), "abc"))
	for _, k := range []trace.CommandKind{trace.CommandWait, trace.CommandCap, trace.CommandAnswerNow, trace.CommandInject} {
		if _, err := r.m.Command(trace.Command{Kind: k, Text: "x", N: 3}); err == nil {
			t.Errorf("command %d was taken", k)
		}
	}
}
