// Package trials shows an experiment while it runs: the arms that go on from one state, what they answer as bars, what they
// mended and what they spoilt with its interval, and every sample in a list from which one can be opened.
//
// It draws a report. It counts nothing, judges nothing, and does not know how the samples were drawn.
package trials

import (
	"s1/engine/trace"
	"s1/tui/theme"
)

// Kind says what the experiment asks.
type Kind uint8

const (
	Lab     Kind = iota // which arm mends more than it spoils
	Vote                // which answer most samples give
	Anchors             // how far the answers shift when a sentence is gone
)

// Pane shows one experiment.
type Pane struct {
	Theme   *theme.Theme
	Focused bool
	Kind    Kind
	Title   string // "wait lab", "votes", ...
	Empty   string // what would fill it, and which key does that
	Report  *trace.TrialsReport
	Samples int // of each arm, as asked for; 0 = as many as the report has
	Cursor  int // index into Report.Trials

	top int // first trial of the list that is drawn
}

// Move moves the cursor over the samples.
func (p *Pane) Move(d int) {
	if p.Report == nil {
		return
	}
	p.Cursor = max(min(p.Cursor+d, len(p.Report.Trials)-1), 0)
}

// Trial returns the sample under the cursor.
func (p *Pane) Trial() (trace.Trial, bool) {
	if p.Report == nil || p.Cursor < 0 || p.Cursor >= len(p.Report.Trials) {
		return trace.Trial{}, false
	}
	return p.Report.Trials[p.Cursor], true
}

// of returns how many samples an arm has been asked for.
func (p *Pane) of(arm int) int {
	if p.Samples > 0 {
		return p.Samples
	}
	n := 0
	for i := range p.Report.Trials {
		if p.Report.Trials[i].Arm == arm {
			n++
		}
	}
	return max(n, p.Report.Tallies[arm].Done+p.Report.Tallies[arm].Running)
}

// armName returns the name of an arm, its number when it has none.
func (p *Pane) armName(arm int) string {
	if arm >= 0 && arm < len(p.Report.Tallies) {
		return nameOf(p.Report.Tallies[arm].Name)
	}
	return "?"
}

func nameOf(s string) string {
	if s == "" {
		return "nothing"
	}
	return s
}
