package app_test

import (
	"context"
	"fmt"
	"io"
	"runtime"
	"testing"
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"s1/engine/trace"
	"s1/tui/app"
	"s1/tui/tuitest"
)

// endedLive is a kept branch of n thinking tokens, made before anything is measured.
type endedLive struct {
	log *trace.Log
	run trace.Run
}

func (l endedLive) Branch() trace.Branch {
	return trace.Branch{ID: "0", Cause: trace.CauseStart, Budget: trace.Budget{Cap: -1}}
}
func (l endedLive) Log() *trace.Log    { return l.log }
func (l endedLive) Run() trace.Run     { return l.run }
func (l endedLive) Send(trace.Command) {}

func longTrace(n int) endedLive {
	log := trace.NewLog()
	for i := range n {
		s := endless(i)
		log.Append(trace.Event{Kind: trace.EventToken, Token: trace.Token{
			Index: i, ID: int32(i % 997), Bytes: []byte(s), Text: s, Phase: trace.PhaseThinking, Counted: true,
			Logprob: -.1, Entropy: float32(i%29) / 10, EndProb: float32(i%13) / 100,
		}})
	}
	log.Append(trace.Event{Kind: trace.EventEnd, Receipt: &trace.Receipt{Closed: trace.ClosedNatural, ThinkingTokens: n, Outcome: "answered"}})
	return endedLive{log: log, run: trace.Run{ID: "r0", Prompt: question}}
}

const longTokens = 100_000

// opened opens a trace from the list of sessions, with all side panes.
func opened(b testing.TB, live app.Live) *tuitest.Driver {
	s := sessionsOf(1)
	s.Lives = []app.Live{live}
	d := tuitest.Start(b, explorable(), 160, 48, func(o *app.Options) { o.Library = s }).Press("ctrl+s").Pull().Pull()
	return d
}

// Budget: opening a trace of 100,000 tokens, up to the first frame that shows it: under 200 ms.
func BenchmarkOpenALongTrace(b *testing.B) {
	live := longTrace(longTokens)
	b.ResetTimer()
	for range b.N {
		b.StopTimer()
		d := opened(b, live)
		b.StartTimer()
		d.Press("enter")
		b.StopTimer()
		d.Expect(fmt.Sprint(longTokens))
		b.StartTimer()
	}
}

// Budget: one move of the cursor in a trace of 100,000 tokens, with signals, token and tree: under 2 ms. A jump, which sorts all
// entropies, may take a frame: under 16 ms.
func BenchmarkCursorMove(b *testing.B) {
	for name, key := range map[string]string{"token": "h", "word": "ctrl+left", "jump": "J"} {
		b.Run(name, func(b *testing.B) {
			d := opened(b, longTrace(longTokens)).Press("enter", "1", "2", "3")
			for range 200 {
				d.Pull() // let the lines settle
			}
			b.ResetTimer()
			for range b.N {
				d.Press(key)
			}
		})
	}
}

// Budget: what the screen keeps of a token of a long trace, the trace itself not counted: under 200 bytes.
func BenchmarkMemoryPerToken(b *testing.B) {
	live := longTrace(longTokens)
	heap := func() float64 {
		runtime.GC()
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return float64(m.HeapAlloc)
	}
	for range b.N {
		d := opened(b, live)
		before := heap()
		d.Press("enter", "1", "2", "3")
		for range 200 {
			d.Pull()
		}
		b.ReportMetric((heap()-before)/longTokens, "B/token")
		runtime.KeepAlive(d)
	}
	runtime.KeepAlive(live)
}

// BenchmarkEightLiveBranches runs the real program, renderer included, on eight scripted branches of 100 tokens/s each with all side
// panes for five seconds. Budget: under 15 % of one core, the scripted model included.
func BenchmarkEightLiveBranches(b *testing.B) {
	const live = 8
	for range b.N {
		x := explorable()
		x.Script.Endless, x.Rate, x.Top = endless, 100, 0
		ctx, cancel := context.WithTimeout(context.Background(), 7*time.Second)
		m := app.New(ctx, app.Options{
			Open:  func(context.Context, func(string)) (app.Thinker, error) { return x, nil },
			Model: "mini", Prompt: question, Budget: trace.Budget{Cap: -1, AnswerCap: 10},
		})
		p := tea.NewProgram(m, tea.WithContext(ctx), tea.WithInput(nil), tea.WithOutput(io.Discard), tea.WithAltScreen(), tea.WithoutSignals())
		var used, wall time.Duration
		go func() {
			p.Send(tea.WindowSizeMsg{Width: 160, Height: 48})
			time.Sleep(100 * time.Millisecond) // the model opens beside it
			press := func(t tea.KeyType, r ...rune) { p.Send(tea.KeyMsg{Type: t, Runes: r}) }
			press(tea.KeyEnter)
			for range live - 1 {
				time.Sleep(100 * time.Millisecond)
				press(tea.KeyRunes, 'n')
				press(tea.KeyEnter)
			}
			time.Sleep(100 * time.Millisecond)
			for _, r := range "x123h" {
				press(tea.KeyRunes, r)
			}
			before, start := cpuTime(b), time.Now()
			time.Sleep(5 * time.Second)
			used, wall = cpuTime(b)-before, time.Since(start)
			cancel()
		}()
		_, _ = p.Run()
		if n := x.Last().Branch().ID; n != trace.BranchID(fmt.Sprint(live-1)) {
			b.Fatalf("the newest branch is %s, want %d of them", n, live)
		}
		cancel()
		b.ReportMetric(100*used.Seconds()/max(wall.Seconds(), 1e-9), "%core")
	}
}
