package think

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"s1/engine/trace"
)

// pieces is a format whose tags are several ordinary ids each: nothing special to hold on to, as some fine-tunes have.
func pieces(t testing.TB) Format {
	v := chatml()
	e := func(s string) []int32 { return ids(t, v, s) }
	return Format{
		Name: "pieces", Open: e("<t>"), Start: e("<t>"), End: e("</t>"), Close: e("</t>"), Forced: e("</t>\n"),
		Newline: e("\n"), Retry: e(FinalAnswer), EOS: v.EndIDs(), vocab: v,
	}
}

const seedsReplay = 25 // each is replayed at every index

type scene struct {
	f Format
	b trace.Budget
	o Options
	r random
}

// draw makes a random scene: format, budget, model.
func scenes(t testing.TB, seed uint64) (scene, *rand.Rand) {
	g := rand.New(rand.NewPCG(seed, 1))
	written := calculator()
	written.lacks = "" // so that any text may go in
	formats := []Format{
		s1Format(t), qwen3Format(t), format(t, "think", qwen3(), prompt+"<think>\n"), pieces(t),
		format(t, "tape", written, "7<think>"),
		format(t, "mistral", &words{specials: []string{"[THINK]", "[/THINK]", "</s>"}, eos: []string{"</s>"}}, "q"),
	}
	s := scene{f: formats[g.IntN(len(formats))]}
	s.b = trace.Budget{Cap: g.IntN(60) - 1, Waits: g.IntN(4), AnswerCap: g.IntN(30) - 1, WaitText: []string{"", "Wait", "Wait, no"}[g.IntN(3)]}
	if g.IntN(3) == 0 {
		s.b.Cap = -1
	}
	s.o = Options{Context: 150 + g.IntN(200), OnLoop: OnLoop(g.IntN(2)), SoftLanding: g.IntN(2) * g.IntN(10)}
	s.r = random{
		seed: seed, pEnd: 0.01 + 0.08*g.Float64(), end: slices.Concat(s.f.EOS, s.f.End, s.f.Start[:1]),
		// letters, sentence ends, the pieces of a tag, and the bytes of a character of three
		ids: []int32{'a', 'b', 'c', ' ', '.', '\n', '$', '<', '/', 't', '>', 0xE2, 0x82, 0xAC},
	}
	if g.IntN(6) == 0 {
		s.r.pEnd = 1e-4 // thinks until it is stopped
	}
	if g.IntN(6) == 0 {
		s.r.ids = s.r.ids[:1] // loops
	}
	return s, g
}

func randomCommand(g *rand.Rand) trace.Command {
	text := []string{"", "Hold", "Hmm", "so, €uro"}[g.IntN(4)]
	switch g.IntN(16) {
	case 0, 1, 2:
		return trace.Command{Kind: trace.CommandWait, Text: text}
	case 3, 4, 5, 6:
		return trace.Command{Kind: trace.CommandCap, N: g.IntN(70) - 2}
	case 7:
		return trace.Command{Kind: trace.CommandAnswerNow}
	case 8:
		return trace.Command{Kind: trace.CommandStop}
	case 9, 10:
		return trace.Command{Kind: trace.CommandPause}
	case 11:
		return trace.Command{Kind: trace.CommandStep}
	case 12:
		return trace.Command{Kind: trace.CommandResume}
	default:
		return trace.Command{Kind: trace.CommandInject, Text: text}
	}
}

// rules checks what must hold after every single token.
func (r *run) rules(before int) {
	r.t.Helper()
	m := r.m
	for _, tok := range r.tokens[before:] {
		if tok.Counted && m.b.Cap >= 0 && m.counted > m.b.Cap {
			r.t.Fatalf("%d thinking tokens under a cap of %d: %s", m.counted, m.b.Cap, r.shape())
		}
		if tok.Phase == trace.PhaseAnswer && tok.Origin == trace.OriginSampled && m.masked && m.rounds == nil {
			for _, tag := range [][]int32{m.f.Start, m.f.End} {
				if len(tag) == 1 && tag[0] == tok.ID {
					r.t.Fatalf("a tag that is masked was let through: %s", r.shape())
				}
			}
		}
	}
	if m.used != len(r.history) || m.used > m.o.Context {
		r.t.Fatalf("%d positions used, %d in the cache, context %d", m.used, len(r.history), m.o.Context)
	}
	if m.b.AnswerCap >= 0 && m.answered > m.b.AnswerCap {
		r.t.Fatalf("%d answer tokens under an answer cap of %d", m.answered, m.b.AnswerCap)
	}
	if m.stage == answering && m.rounds == nil && m.answered == 0 && !m.retried && m.o.Context-m.used < m.reserve {
		r.t.Fatalf("the answer has %d positions left, its reserve was %d", m.o.Context-m.used, m.reserve)
	}
}

// TestThinkingTokensNeverPassTheCapUnderRandomCommands is the promise of this package: 10,000 random runs of a scripted
// model with random commands at random moments.
func TestThinkingTokensNeverPassTheCapUnderRandomCommands(t *testing.T) {
	t.Parallel()
	closed := map[trace.Closed]int{}
	for seed := range uint64(10000) {
		s, g := scenes(t, seed)
		m, err := New(s.f, s.b, s.o)
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		r := &run{t: t, m: m, model: s.r}
		stuck, often := 0, []int{4, 8, 40, 400}[g.IntN(4)]
		for stuck < 3 {
			if g.IntN(often) == 0 {
				if _, err := m.Command(randomCommand(g)); err != nil && m.stage == ended {
					break
				}
			}
			n := len(r.tokens)
			if !r.step() {
				stuck++
				if m.stage == ended {
					break
				}
				if _, err := m.Command(trace.Command{Kind: trace.CommandResume}); err != nil {
					t.Fatal(err)
				}
				continue
			}
			stuck = 0
			r.rules(n)
			if t.Failed() {
				t.Fatalf("seed %d", seed)
			}
		}
		_, _ = m.Command(trace.Command{Kind: trace.CommandResume})
		r.finish().check()
		rc := m.Receipt()
		closed[rc.Closed]++
		if rc.Closed == "" || rc.Outcome == "" {
			t.Errorf("seed %d: closed %q outcome %q", seed, rc.Closed, rc.Outcome)
		}
		if at, ok := m.f.CloseAt(r.tokens); rc.Closed != trace.ClosedStopped && (!ok || r.tokens[at].Counted) {
			t.Errorf("seed %d: CloseAt = %d, %v in %s", seed, at, ok, r.shape())
		}
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
	for _, c := range []trace.Closed{
		trace.ClosedNatural, trace.ClosedCap, trace.ClosedAnswerNow, trace.ClosedContext, trace.ClosedLoop, trace.ClosedStopped,
	} {
		if closed[c] < 20 {
			t.Errorf("only %d of 10000 runs closed by %s: the test does not test it", closed[c], c)
		}
	}
	t.Log(closed)
}

func sameEnd(t *testing.T, what string, got, want *run) {
	t.Helper()
	if d := cmp.Diff(got.tokens, want.tokens); d != "" {
		t.Fatalf("%s: tokens differ\n got %s\nwant %s\n%s", what, got.shape(), want.shape(), d)
	}
	if d := cmp.Diff(got.m.Receipt(), want.m.Receipt()); d != "" {
		t.Fatalf("%s: receipts differ: %s\n%s", what, d, want.shape())
	}
}

// cutOff is the run as it was after n tokens, with a replayed machine.
func (r *run) cutOff(n int, b trace.Budget, o Options) (*run, error) {
	m, err := Replay(r.m.f, b, o, r.tokens[:n])
	if err != nil {
		return nil, err
	}
	c := &run{t: r.t, m: m, model: r.model, tokens: slices.Clone(r.tokens[:n])}
	for _, tok := range c.tokens {
		c.history = append(c.history, tok.ID)
	}
	return c, nil
}

func TestReplayGoesOnAsTheOriginalAtEveryIndex(t *testing.T) {
	t.Parallel()
	for seed := range uint64(seedsReplay) {
		s, g := scenes(t, seed)
		if n := g.IntN(4); n < 2 && len(s.f.End) == 1 { // the presets too
			s.b.Preset, s.b.Cap = []string{PresetReadme, PresetHarness}[n], 1+g.IntN(40)
		}
		r := start(t, s.f, s.b, s.o, s.r).finish()
		for n := range len(r.tokens) + 1 {
			if n == len(r.tokens) && r.m.outcome == "stopped" {
				break
			}
			if at, ok := s.f.CloseAt(r.tokens); ok && n > at && s.b.Preset == PresetHarness && r.m.closed == trace.ClosedCap && r.tokens[n-1].Origin == trace.OriginForced {
				continue // inside that close; see Replay
			}
			c, err := r.cutOff(n, s.b, s.o)
			if err != nil {
				t.Fatalf("seed %d: %v in %s", seed, err, r.shape())
			}
			c.finish()
			sameEnd(t, cmpName(seed, n), c, r)
		}
	}
}

func cmpName(seed uint64, n int) string {
	return fmt.Sprintf("seed %d from token %d", seed, n)
}

// After commands the tokens alone do not say everything, but from the moment the last one has taken effect they do.
func TestReplayAfterCommandsGoesOnAsTheOriginal(t *testing.T) {
	t.Parallel()
	replayed := 0
	for seed := range uint64(200) {
		s, g := scenes(t, seed)
		r := start(t, s.f, s.b, s.o, s.r)
		for range 1 + g.IntN(5) {
			for range g.IntN(25) {
				r.step()
			}
			c := randomCommand(g)
			if c.Kind == trace.CommandPause || c.Kind == trace.CommandStop {
				continue
			}
			_, _ = r.m.Command(c)
		}
		m := r.m
		for m.stage != ended && (m.stage == closing && m.used == m.closeFrom || m.closeAsked != "" || len(m.insert) > 0 || len(m.texts) > 0 || m.draw > 0) && r.step() {
		}
		if m.stage == ended || len(m.texts) > 0 {
			continue
		}
		at := len(r.tokens)
		b := m.Budget()
		if m.inThought() && m.fits(b.Cap) != nil {
			continue
		}
		o := s.o
		o.Closed = m.closed
		r.finish()
		c, err := r.cutOff(at, b, o)
		if err != nil {
			t.Fatalf("seed %d: %v in %s", seed, err, r.shape())
		}
		c.finish()
		sameEnd(t, cmpName(seed, at), c, r)
		replayed++
	}
	if replayed < 50 {
		t.Errorf("only %d runs were replayed", replayed)
	}
}

func TestCloneThenContinueEqualsUninterrupted(t *testing.T) {
	t.Parallel()
	for seed := range uint64(200) {
		s, g := scenes(t, seed)
		r := start(t, s.f, s.b, s.o, s.r)
		for range g.IntN(40) {
			r.step()
			if g.IntN(10) == 0 {
				_, _ = r.m.Command(randomCommand(g))
			}
		}
		_, _ = r.m.Command(trace.Command{Kind: trace.CommandResume})
		fork := func() *run {
			return &run{t: t, m: r.m.Clone(), model: r.model, tokens: slices.Clone(r.tokens), history: slices.Clone(r.history)}
		}
		a, b := fork(), fork()
		for a.step() { // interleaved, so that shared memory would show
			if b.step() && b.m.inThought() {
				other := b.m.Clone()
				_, _ = other.Command(randomCommand(g))
				_ = other.Notices()
			}
		}
		b.finish()
		r.finish()
		sameEnd(t, cmpName(seed, 0), a, r)
		sameEnd(t, cmpName(seed, 1), b, r)
	}
}
