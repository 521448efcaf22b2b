package app_test

import (
	"context"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"s1/engine/trace"
	"s1/tui/app"
	"s1/tui/tuitest"
)

func endless(i int) string {
	if i%13 == 12 {
		return ".\n"
	}
	return fmt.Sprintf(" word%d", i%97)
}

func long(b testing.TB, n, w, h int) *tuitest.Driver {
	f := tuitest.NewFake(tuitest.Tape())
	f.Script.Endless = endless
	d := tuitest.Start(b, f, w, h, func(o *app.Options) { o.Budget.Cap = -1 })
	d.Ask(question).Advance(n)
	for range 200 {
		d.Pull() // let the lines settle
	}
	return d
}

// Budget: one frame at 1,000 tokens/s (33 tokens) over 100,000 tokens, 160x48: under 3.3 ms, which is 10 % of one core at
// 30 frames a second.
func BenchmarkFrameAtThousandTokensPerSecond(b *testing.B) {
	d := long(b, 100_000, 160, 48)
	b.ResetTimer()
	for range b.N {
		b.StopTimer()
		d.Fake.Advance(33)
		b.StartTimer()
		d.Pull()
	}
}

// Budget: a scroll key over 100,000 tokens: under 16 ms.
func BenchmarkScrollKey(b *testing.B) {
	d := long(b, 100_000, 160, 48)
	d.Press("home")
	b.ResetTimer()
	for i := range b.N {
		if i%2000 == 1999 {
			d.Press("home")
		}
		d.Press("pgdown")
	}
}

// Budget: a resize over 100,000 tokens, first frame and every one until all is wrapped: under 16 ms each.
func BenchmarkResizeFrame(b *testing.B) {
	d := long(b, 100_000, 160, 48)
	b.ResetTimer()
	worst := time.Duration(0)
	for i := range b.N {
		start := time.Now()
		if i%20 == 0 {
			d.Resize(110+i%50, 48)
		} else {
			d.Pull()
		}
		worst = max(worst, time.Since(start))
	}
	b.ReportMetric(float64(worst.Microseconds())/1000, "worst-ms")
}

// Budget: View after nothing has changed: under 1 µs.
func BenchmarkView(b *testing.B) {
	d := long(b, 1000, 160, 48)
	b.ResetTimer()
	for range b.N {
		_ = d.Model.View()
	}
}

// BenchmarkWholeScreen runs the real program, renderer included, on a scripted model of 1,000 tokens/s for five seconds.
// Budget: under 10 % of one core, under 60 MB of heap beyond what the scripted model keeps.
func BenchmarkWholeScreen(b *testing.B) {
	for range b.N {
		f := tuitest.NewFake(tuitest.Tape())
		f.Script.Endless = endless
		f.Rate = 1000
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		m := app.New(ctx, app.Options{
			Open:  func(context.Context, func(string)) (app.Thinker, error) { return f, nil },
			Model: "mini", Prompt: question, Budget: trace.Budget{Cap: -1, AnswerCap: 10},
		})
		p := tea.NewProgram(m, tea.WithContext(ctx), tea.WithInput(nil), tea.WithOutput(io.Discard), tea.WithAltScreen(), tea.WithoutSignals())
		go func() {
			p.Send(tea.WindowSizeMsg{Width: 160, Height: 48})
			time.Sleep(50 * time.Millisecond)
			p.Send(tea.KeyMsg{Type: tea.KeyEnter})
		}()
		before, start := cpuTime(b), time.Now()
		_, _ = p.Run()
		used, wall := cpuTime(b)-before, time.Since(start)
		cancel()
		var mem runtime.MemStats
		runtime.ReadMemStats(&mem)
		b.ReportMetric(100*used.Seconds()/wall.Seconds(), "%core")
		b.ReportMetric(float64(mem.HeapInuse)/(1<<20), "MB-heap")
	}
}

// cpuTime reads this process's user and system time from /proc, in ticks of 10 ms.
func cpuTime(b *testing.B) time.Duration {
	raw, err := os.ReadFile(filepath.Join("/proc", "self", "stat"))
	if err != nil {
		b.Skip("needs /proc/self/stat to read the processor time: run it on Linux")
	}
	var utime, stime int64
	fields := string(raw[lastParen(raw)+2:])
	var skip string
	if _, err := fmt.Sscan(fields, &skip, &skip, &skip, &skip, &skip, &skip, &skip, &skip, &skip, &skip, &skip, &utime, &stime); err != nil {
		b.Fatalf("read processor time: %v", err)
	}
	return time.Duration(utime+stime) * 10 * time.Millisecond
}

func lastParen(raw []byte) int {
	for i := len(raw) - 1; i >= 0; i-- {
		if raw[i] == ')' {
			return i
		}
	}
	return 0
}
