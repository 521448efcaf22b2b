package metrics

import (
	"strings"
	"testing"
	"time"
)

type fakeClock struct{ t time.Time }

func (c *fakeClock) now() time.Time          { return c.t }
func (c *fakeClock) advance(d time.Duration) { c.t = c.t.Add(d) }

func TestTheTimeLeftFollowsRecentStepsAndCountsWhatLiesBetween(t *testing.T) {
	t.Parallel()
	c := &fakeClock{t: time.Unix(1e9, 0)}
	p := NewPace(c.now)
	c.advance(30 * time.Second) // the first step warms up
	p.Step()
	for range 10 {
		if p.steps < leastPaceSteps && p.ETASeconds(100) != nil {
			t.Errorf("a time to the end after %d steps", p.steps)
		}
		c.advance(2 * time.Second)
		if got := p.Step(); got != 2*time.Second {
			t.Errorf("a step took %s, want 2s", got)
		}
	}
	if got := p.ETASeconds(100); got == nil || *got != 200 {
		t.Errorf("100 steps of 2 s: got %v", got)
	}
	for i := range paceSteps { // longer documents; every 16th step is followed by an evaluation of 8 s
		c.advance(5 * time.Second)
		if i%16 == 15 {
			c.advance(8 * time.Second)
		}
		p.Step()
	}
	if got := p.ETASeconds(10); got == nil || *got != 55 {
		t.Errorf("10 steps of 5.5 s: got %v", *got)
	}
	if got := p.ETASeconds(0); got == nil || *got != 0 {
		t.Errorf("nothing remains: got %v", got)
	}
}

func TestALogGetsALineEveryFewSecondsAndTheLastStep(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	c := &fakeClock{t: time.Unix(1e9, 0)}
	p := &Progress{Out: &out, Now: c.now, Total: 12}
	for n := 1; n <= 12; n++ {
		s := Step{Step: n, Loss: Number(2), GradNorm: Number(0.5), LR: 1e-5, TokensPerSecond: 1234}
		if n == 2 {
			s.HeldOut, s.Probe, s.Skipped = Number(2.5), &Probe{N: 10, CapA: .1, CapB: .4, Wait: .6}, SkippedSpike
		}
		p.Step(s)
		c.advance(time.Second)
	}
	p.Say("saved step-00000012")
	p.End()
	whole := Probe{N: 10, CapA: .1, CapB: .4, Wait: .6, Natural: Number(.55), Caps: []ProbeAt{{16, .1}, {32, .4}, {-1, .55}}, Waits: []ProbeAt{{1, .6}, {2, .7}}, Fixed: new(int), Broken: new(int), Detection: Number(.98)}
	*whole.Fixed = 1
	if got, want := whole.String(), "cap 16 10%, 32 40%, end 55%, wait 60% (+1 -0), 2 waits 70%, found 98%"; got != want {
		t.Errorf("a probe is %q, want %q", got, want)
	}
	base := "  loss 2.0000  lr 1.00e-05  grad 0.50  1234 tok/s\n"
	rare := "  loss 2.0000  held-out 2.5000  lr 1.00e-05  grad 0.50  1234 tok/s  cap 10%/40% wait 60%  1 skipped\n"
	want := "step 1/12" + base + "step 6/12" + rare + "step 11/12" + rare + "saved step-00000012\nstep 12/12" + rare
	if out.String() != want {
		t.Errorf("got\n%swant\n%s", out.String(), want)
	}
}

func TestATerminalsLineIsRewrittenAndNeverWraps(t *testing.T) {
	t.Parallel()
	for _, width := range []int{0, 20, 40, 80} {
		var out strings.Builder
		c := &fakeClock{t: time.Unix(1e9, 0)}
		p := &Progress{Out: &out, Now: c.now, Terminal: true, Width: func() int { return width }}
		for n := 1; n <= 3; n++ {
			p.Step(Step{Step: n, Loss: Number(2), LR: 1e-5, ETASeconds: Number(3661)})
			c.advance(terminalEvery)
		}
		p.Say("saved")
		p.End()
		lines := strings.Split(out.String(), "\n")
		if len(lines) != 3 || lines[2] != "" || !strings.HasSuffix(lines[0], "\r\x1b[Ksaved") {
			t.Errorf("width %d: %q", width, out.String())
		}
		for _, part := range strings.Split(out.String(), "\r") {
			part = strings.TrimSuffix(strings.TrimSuffix(part, "\n"), "\x1b[K")
			if width > 0 && len(part) >= width {
				t.Errorf("width %d: %q has %d columns", width, part, len(part))
			}
		}
	}
}

func TestTimeLeftInWords(t *testing.T) {
	t.Parallel()
	for seconds, want := range map[float64]string{0: "0s", 59.6: "60s", 90: "2m", 3600: "60m", 5400: "1h30m", 86400: "24h00m", 200000: "2d07h", 1e12: "years"} {
		if got := Left(seconds); got != want {
			t.Errorf("%g s: got %s, want %s", seconds, got, want)
		}
	}
}
