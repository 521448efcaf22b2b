package think

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"s1/engine/trace"
)

// words is a tokenizer for tests: specials are single ids, everything else is one id a byte, except for the words of
// its list, which are one id each (longest first).
type words struct {
	specials []string
	list     []string
	eos      []string
	lacks    string // bytes without a token: left out
}

const wordBase = 1000 // bytes are 0..255, specials from 256, words from 1000

func (w *words) Encode(s string, parseSpecial bool) ([]int32, error) {
	var ids []int32
next:
	for s != "" {
		if parseSpecial {
			for i, sp := range w.specials {
				if strings.HasPrefix(s, sp) {
					ids, s = append(ids, int32(256+i)), s[len(sp):]
					continue next
				}
			}
		}
		for i, word := range w.list {
			if strings.HasPrefix(s, word) {
				ids, s = append(ids, int32(wordBase+i)), s[len(word):]
				continue next
			}
		}
		if !strings.Contains(w.lacks, s[:1]) {
			ids = append(ids, int32(s[0]))
		}
		s = s[1:]
	}
	return ids, nil
}

func (w *words) ID(s string) (int32, bool) {
	i := slices.Index(w.specials, s)
	return int32(256 + i), i >= 0
}

func (w *words) Piece(id int32) []byte {
	switch {
	case id >= 0 && id < 256:
		return []byte{byte(id)}
	case id >= 256 && int(id) < 256+len(w.specials):
		return []byte(w.specials[id-256])
	case id >= wordBase && int(id) < wordBase+len(w.list):
		return []byte(w.list[id-wordBase])
	}
	return nil
}

func (w *words) EndIDs() []int32 {
	var ids []int32
	for _, s := range w.eos {
		id, _ := w.ID(s)
		ids = append(ids, id)
	}
	return ids
}

func chatml() *words {
	return &words{
		specials: []string{"<|im_start|>", "<|im_end|>"}, eos: []string{"<|im_end|>"},
		list: []string{"Wait", "Hmm", "think", "answer", "Final", " Answer", ":"},
	}
}

func qwen3() *words {
	return &words{
		specials: []string{"<|im_start|>", "<|im_end|>", "<think>", "</think>"}, eos: []string{"<|im_end|>"},
		list: []string{"\n\n", "Wait", "Final", " Answer", ":"},
	}
}

func ids(t testing.TB, v Vocabulary, s string) []int32 {
	t.Helper()
	out, err := v.Encode(s, true)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func format(t testing.TB, name string, v Vocabulary, prompt string) Format {
	t.Helper()
	f, err := ResolveFormat(name, v, ids(t, v, prompt))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

const prompt = "<|im_start|>user\nq<|im_end|>\n<|im_start|>assistant\n"

func s1Format(t testing.TB) Format    { return format(t, "s1", chatml(), prompt) }
func qwen3Format(t testing.TB) Format { return format(t, "think", qwen3(), prompt) }

// model is a scripted model: a function of the ids so far (prompt not included), the draw and the mask.
type model interface {
	draw(history []int32, mask []int32, draw int) int32
}

// lines plays fixed scripts: one for each time that thinking is (re)started is too much; it simply gives its ids in
// order, one a draw, and eos when they are used up. A masked id is skipped. It is for examples, not for forks.
type lines struct {
	ids []int32
	eos int32
	at  int
}

func (l *lines) draw(_, mask []int32, _ int) int32 {
	for l.at < len(l.ids) {
		l.at++
		if id := l.ids[l.at-1]; !slices.Contains(mask, id) {
			return id
		}
	}
	if slices.Contains(mask, l.eos) {
		return 'x'
	}
	return l.eos
}

// play makes a script of text with specials.
func play(t testing.TB, v Vocabulary, s string) *lines {
	return &lines{ids: ids(t, v, s), eos: v.EndIDs()[0]}
}

// random is a function of seed, history and draw, as a seeded sampler over a fixed model is: equal histories, equal draws.
type random struct {
	seed uint64
	end  []int32 // drawn with probability pEnd each
	pEnd float64
	ids  []int32
}

func (r random) draw(history, mask []int32, draw int) int32 {
	h := r.seed*0x9E3779B97F4A7C15 + uint64(draw)*0xD1342543DE82EF95 + 1
	for _, id := range history[max(0, len(history)-3):] {
		h = (h ^ uint64(id)) * fnvPrime
	}
	h ^= uint64(len(history)) << 32
	for {
		h += 0x9E3779B97F4A7C15
		z := h
		z = (z ^ z>>30) * 0xBF58476D1CE4E5B9
		z = (z ^ z>>27) * 0x94D049BB133111EB
		z ^= z >> 31
		u := float64(z>>11) / (1 << 53)
		var id int32
		if k := int(u / r.pEnd); k < len(r.end) {
			id = r.end[k]
		} else {
			id = r.ids[z%uint64(len(r.ids))]
		}
		if !slices.Contains(mask, id) {
			return id
		}
	}
}

// signals are made up, but a function of the history and the id, so that sums can be checked.
func signals(history []int32, id int32) Signals {
	n := len(history)
	return Signals{
		Logprob: -float32(1+(int(id)+n)%7) / 2, Entropy: float32(n%5) / 3,
		EndProb: float32(n%11) / 11, EndRank: int32(1 + n%13),
	}
}

// run drives a machine as the scheduler does.
type run struct {
	t       testing.TB
	m       *Machine
	model   model
	tokens  []trace.Token // the log
	history []int32       // what is in the cache, shadow tokens included
	notices []Notice
	draws   []int32 // every id drawn, refused ones too
	refused int
	before  func(r *run) // commands
}

func start(t testing.TB, f Format, b trace.Budget, o Options, md model) *run {
	t.Helper()
	if o.Context == 0 {
		o.Context = 1 << 20
	}
	m, err := New(f, b, o)
	if err != nil {
		t.Fatal(err)
	}
	return &run{t: t, m: m, model: md}
}

func (r *run) append(id int32, p trace.Phase, o trace.Origin, counted, wished, shadow bool, s Signals) {
	r.history = append(r.history, id)
	if shadow {
		return
	}
	r.tokens = append(r.tokens, trace.Token{
		Index: len(r.tokens), ID: id, Bytes: r.m.f.vocab.Piece(id), Phase: p, Origin: o, Counted: counted, Wished: wished,
		Logprob: s.Logprob, Entropy: s.Entropy, EndProb: s.EndProb, EndRank: s.EndRank,
	})
}

// step does one action; false when nothing more happens by itself.
func (r *run) step() bool {
	if r.before != nil {
		r.before(r)
	}
	a := r.m.Next()
	if b := r.m.Next(); fmt.Sprint(a) != fmt.Sprint(b) {
		r.t.Fatalf("Next changed its mind: %+v then %+v", a, b)
	}
	defer func() { r.notices = append(r.notices, r.m.Notices()...) }()
	switch a.Kind {
	case Sample:
		id := r.model.draw(r.history, a.Mask, a.Draw)
		s := signals(r.history, id)
		r.draws = append(r.draws, id)
		v := r.m.Took(id, s)
		if !v.Accepted {
			if r.refused++; r.refused > 100000 {
				r.t.Fatal("refuses for ever")
			}
			return true
		}
		r.append(id, v.Phase, trace.OriginSampled, v.Counted, v.Wished, v.Shadow, s)
	case Feed:
		s := signals(r.history, a.ID)
		r.m.Fed(s)
		r.append(a.ID, a.Phase, a.Origin, a.Counted, a.Wished, a.Shadow, s)
	case Rewind:
		r.history = r.history[:len(r.history)-a.N]
		r.m.Rewound()
	default:
		return false
	}
	return true
}

func (r *run) finish() *run {
	for r.step() {
	}
	return r
}

func (r *run) command(c trace.Command) string {
	r.t.Helper()
	note, err := r.m.Command(c)
	if err != nil {
		r.t.Fatalf("command %+v: %v", c, err)
	}
	return note
}

// until steps while ok is false.
func (r *run) until(ok func() bool) *run {
	r.t.Helper()
	for !ok() {
		if !r.step() {
			r.t.Fatalf("ended before: %s", r.text())
		}
	}
	return r
}

func (r *run) thought(n int) *run {
	r.t.Helper()
	return r.until(func() bool { return r.m.counted >= n })
}

func (r *run) text() string {
	var b strings.Builder
	for _, t := range r.tokens {
		b.Write(t.Bytes)
	}
	return b.String()
}

// shape is the text with forced ids in [], injected ones in {}, a suppressed end as ~ and phases split by |.
func (r *run) shape() string {
	var b strings.Builder
	origin, phase := trace.OriginSampled, trace.PhaseThinking
	brackets := map[trace.Origin][2]string{trace.OriginForced: {"[", "]"}, trace.OriginInjected: {"{", "}"}}
	for _, t := range r.tokens {
		if t.Origin != origin || t.Phase != phase {
			b.WriteString(brackets[origin][1])
			if t.Phase != phase {
				b.WriteString("|")
			}
			b.WriteString(brackets[t.Origin][0])
			origin, phase = t.Origin, t.Phase
		}
		if t.Wished {
			b.WriteString("~")
		}
		b.Write(t.Bytes)
	}
	return b.String() + brackets[origin][1]
}

func (r *run) want(shape string) *run {
	r.t.Helper()
	if got := r.shape(); got != shape {
		r.t.Errorf("got  %q\nwant %q", got, shape)
	}
	r.check()
	return r
}

// check holds the receipt to the tokens, and the tokens to the rules that hold in every run.
func (r *run) check() {
	r.t.Helper()
	rc := r.m.Receipt()
	var thinking, answer, forced, injected, ends int
	phase := trace.PhaseThinking
	changes := 0
	for i, t := range r.tokens {
		if t.Phase != phase {
			changes++
			phase = t.Phase
		}
		switch {
		case t.Origin == trace.OriginForced:
			forced++
		case t.Phase == trace.PhaseAnswer:
			answer++
		case t.Counted:
			thinking++
		case t.Origin == trace.OriginSampled, len(r.m.f.End) == 1 && t.ID == r.m.f.End[0]: // drawn, or taken by the user
			ends++
		case r.m.b.Preset != PresetReadme:
			r.t.Errorf("token %d is counted nowhere: %+v", i, t)
		}
		if t.Origin == trace.OriginInjected {
			injected++
		}
		if t.Counted && (t.Phase != trace.PhaseThinking || t.Origin == trace.OriginForced) {
			r.t.Errorf("token %d counted wrongly: %+v", i, t)
		}
	}
	if changes > 1 {
		r.t.Errorf("thinking after the answer began: %d changes of phase", changes)
	}
	if ends > 1 {
		r.t.Errorf("the thought was ended %d times", ends)
	}
	got := [4]int{rc.ThinkingTokens, rc.AnswerTokens, rc.Forced, rc.Injected}
	if want := [4]int{thinking, answer, forced, injected}; got != want {
		r.t.Errorf("receipt has thinking, answer, forced, injected %v, the tokens %v", got, want)
	}
	if sum := rc.ThinkingTokens + rc.AnswerTokens + rc.Forced + ends; r.m.b.Preset != PresetReadme && sum != len(r.tokens) {
		r.t.Errorf("the receipt adds up to %d tokens of %d", sum, len(r.tokens))
	}
	if math.IsNaN(float64(rc.CloseNats)) || rc.CloseNats < 0 {
		r.t.Errorf("price of the close %v", rc.CloseNats)
	}
}
