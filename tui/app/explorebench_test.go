package app

import (
	"context"
	"fmt"
	"runtime"
	"testing"
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"s1/engine/trace"
	"s1/tui/keys"
	"s1/tui/theme"
)

// aTrace is an ended branch of n thinking tokens, as a library brings it back.
type aTrace struct {
	id  trace.BranchID
	log *trace.Log
}

func (a aTrace) Branch() trace.Branch { return trace.Branch{ID: a.id, Budget: trace.Budget{Cap: -1}} }
func (a aTrace) Log() *trace.Log      { return a.log }
func (a aTrace) Run() trace.Run       { return trace.Run{ID: "run", Prompt: "go"} }
func (aTrace) Send(trace.Command)     {}

func traceToken(i int) trace.Token {
	word := fmt.Sprintf(" word%d", i%97)
	if i%13 == 12 {
		word = ".\n"
	}
	return trace.Token{
		Index: i, ID: int32(i % 997), Bytes: []byte(word), Text: word, Phase: trace.PhaseThinking, Counted: true, Entropy: float32(i%31) / 10, EndRank: 9,
		Top: []trace.Candidate{{ID: 1, Logprob: -1}, {ID: 2, Logprob: -2}},
	}
}

func traceOf(id string, n int) aTrace {
	a := aTrace{trace.BranchID(id), trace.NewLog()}
	for i := range n {
		a.log.Append(trace.Event{Kind: trace.EventToken, Token: traceToken(i)})
	}
	a.log.Append(trace.Event{Kind: trace.EventEnd, Receipt: &trace.Receipt{Outcome: "answered", ThinkingTokens: n}})
	return a
}

// onScreen is a screen of 160x48 with every pane, on which these branches were opened.
func onScreen(tb testing.TB, lives ...Live) *Model {
	ctx, cancel := context.WithCancel(context.Background())
	tb.Cleanup(cancel)
	m := New(ctx, Options{Theme: theme.Options{NoColor: true}, Manual: true, Now: time.Now})
	m.margin = margin{signals: true, token: true, tree: true}
	m.Update(tea.WindowSizeMsg{Width: 160, Height: 48})
	m.Update(runReopened{question: "go", lives: lives})
	return m
}

// Budget: a trace of 100,000 tokens is on the screen in under 200 ms.
func BenchmarkOpenHundredThousandTokens(b *testing.B) {
	a := traceOf("a", 100_000)
	b.ResetTimer()
	for range b.N {
		onScreen(b, a)
	}
}

// Budget: a cursor key in a trace of 100,000 tokens, the frame included: under 2 ms.
func BenchmarkCursorKey(b *testing.B) {
	m := onScreen(b, traceOf("a", 100_000))
	for !m.thoughtsPane.Scroll.Settled() {
		m.draw()
	}
	m.now().at = 50_000
	b.ResetTimer()
	for i := range b.N {
		m.walk(map[bool]keys.Action{true: keys.TokenNext, false: keys.TokenBack}[i%200 < 100])
		m.frame = m.draw()
	}
}

// Budget: a frame in which 8 branches said 4 tokens each (100 tokens/s at 30 frames a second), with every pane: under 5 ms, which
// is 15 % of one core.
func BenchmarkFrameOfEightBranches(b *testing.B) {
	var lives []Live
	for i := range 8 {
		lives = append(lives, traceOf(string(rune('a'+i)), 4_000))
	}
	m := onScreen(b, lives...)
	for _, br := range m.branches {
		br.state = trace.StateThinking
	}
	b.ResetTimer()
	for range b.N {
		for _, br := range m.branches {
			for range 4 {
				br.apply(trace.Event{Kind: trace.EventToken, Token: traceToken(len(br.tokens))})
			}
		}
		m.frame = m.draw()
	}
}

// What the screen keeps of a token, without what stands in its log: under 200 bytes.
func TestATokenOnTheScreenTakesUnder200Bytes(t *testing.T) {
	const n = 100_000
	a := traceOf("a", n)
	heap := func() uint64 {
		var s runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&s)
		return s.HeapAlloc
	}
	before := heap()
	m := onScreen(t, a)
	for range 200 {
		m.draw() // until every line is in the index
	}
	each := float64(heap()-before) / n
	t.Logf("%.0f bytes a token", each)
	if each > 200 {
		t.Errorf("%.0f bytes a token, at most 200", each)
	}
	runtime.KeepAlive(m)
	runtime.KeepAlive(a)
}
