package metrics

import (
	"fmt"
	"io"
	"math"
	"strings"
	"sync"
	"time"
)

// Delays between two progress lines.
const (
	terminalEvery = 100 * time.Millisecond // rewritten in place
	plainEvery    = 5 * time.Second        // lines of a log
)

// leastWidth is the narrowest terminal a line is cut for; a width that is not known is 0.
const leastWidth = 20

// Progress writes a line about the newest step: rewritten in place on a terminal, else a line of its own every few seconds.
// What happens rarely (held-out loss, probe, skipped steps) is shown until it is known anew. A signal's goroutine may Say
// something in between.
type Progress struct {
	Out      io.Writer
	Terminal bool
	Width    func() int // columns of the terminal, 0 where not known; may be nil
	Now      func() time.Time
	Total    int // steps of the whole run, 0 where not known

	mu      sync.Mutex
	shown   time.Time
	pending bool // a step came that is not shown yet
	line    string
	open    bool // the terminal's line has no end yet
	heldOut *float64
	probe   *Probe
	skipped int
}

// Step shows a step, if it is time.
func (p *Progress) Step(s Step) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if s.HeldOut != nil {
		p.heldOut = s.HeldOut
	}
	if s.Probe != nil {
		p.probe = s.Probe
	}
	if s.Skipped != "" {
		p.skipped++
	}
	p.line = p.text(s)
	p.pending = true
	every := plainEvery
	if p.Terminal {
		every = terminalEvery
	}
	if now := p.Now(); p.shown.IsZero() || now.Sub(p.shown) >= every {
		p.shown = now
		p.show()
	}
}

// Say writes a sentence of its own, such as where a checkpoint was saved.
func (p *Progress) Say(sentence string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.open {
		p.print("\r\x1b[K")
		p.open, p.pending = false, true
	}
	p.print(sentence + "\n")
}

// End shows the last step, whenever the one before was shown, and ends the line.
func (p *Progress) End() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.pending {
		p.show()
	}
	if p.open {
		p.print("\n")
		p.open = false
	}
}

func (p *Progress) show() {
	p.pending = false
	if !p.Terminal {
		p.print(p.line + "\n")
		return
	}
	line := p.line // ASCII: a byte is a column
	if p.Width != nil {
		if w := p.Width(); w > 0 {
			line = line[:min(len(line), max(w, leastWidth)-1)] // the last column would wrap
		}
	}
	p.print("\r" + line + "\x1b[K")
	p.open = true
}

// print drops the error: a run does not end because nobody can read its progress.
func (p *Progress) print(s string) { _, _ = io.WriteString(p.Out, s) }

// text is one step in words.
func (p *Progress) text(s Step) string {
	var b strings.Builder
	fmt.Fprintf(&b, "step %d", s.Step)
	if p.Total > 0 {
		fmt.Fprintf(&b, "/%d", p.Total)
	}
	add := func(format string, v *float64) {
		if v != nil {
			fmt.Fprintf(&b, format, *v)
		}
	}
	if s.Loss == nil {
		b.WriteString("  loss not a number")
	}
	add("  loss %.4f", s.Loss)
	add("  held-out %.4f", p.heldOut)
	fmt.Fprintf(&b, "  lr %.2e", s.LR)
	add("  grad %.2f", s.GradNorm)
	fmt.Fprintf(&b, "  %.0f tok/s", s.TokensPerSecond)
	if s.GEMMShare != nil {
		fmt.Fprintf(&b, "  %.0f%% of peak speed", 100**s.GEMMShare)
	}
	if p.probe != nil {
		fmt.Fprintf(&b, "  %s", *p.probe)
	}
	if p.skipped > 0 {
		fmt.Fprintf(&b, "  %d skipped", p.skipped)
	}
	if s.ETASeconds != nil {
		b.WriteString("  " + Left(*s.ETASeconds) + " left")
	}
	return b.String()
}

// Left is a time to the end for people: two units at most, no more exact than it is.
func Left(seconds float64) string {
	switch {
	case !(seconds < 1e9):
		return "years"
	case seconds < 90:
		return fmt.Sprintf("%.0fs", math.Max(0, seconds))
	}
	minutes := int(math.Round(seconds / 60))
	switch {
	case minutes < 90:
		return fmt.Sprintf("%dm", minutes)
	case minutes < 48*60:
		return fmt.Sprintf("%dh%02dm", minutes/60, minutes%60)
	}
	return fmt.Sprintf("%dd%02dh", minutes/(24*60), minutes/60%24)
}
