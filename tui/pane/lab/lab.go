// Package lab shows a sweep: what is to be measured and what it will cost, then the curve of accuracy against thinking tokens
// while it grows, with a table beside it, and the questions behind any point of it.
//
// It draws what it is given and moves cursors. It runs nothing, counts nothing and judges nothing.
package lab

import (
	"time"

	"s1/tui/plot"
	"s1/tui/theme"
)

// View is what the pane shows.
type View uint8

// Views, from the outside in.
const (
	Setup View = iota // what is to be measured
	Curve             // the points
	Items             // the questions behind one point
)

// Field is a line of the setup.
type Field struct {
	Name  string
	Value string
	Hint  string
	Wrong string // why the value can not be taken
}

// Server is one of those that answer.
type Server struct {
	Name         string // host:port
	Model, Route string // "" = it was not seen
	Badge        string // how it keeps a budget: exact, emulated, hint, ignored
	Fault        string // why it is not there, or not to be measured with the others
	State        string // while a sweep runs: resting, left out; "" = it answers
	Done, Failed int    // questions it has answered, times that it failed
}

// Point is one arm: how often right, at which cost.
type Point struct {
	Name, Series          string // the arm; what is joined to a line
	Tokens                float64
	Percent, Low, High    float64 // right, with its interval
	N                     int
	Right, Wrong, Empty   int
	Cut, Unparsed, Failed int
	Coverage              string // of a vote: one of its samples is right; "" where there is none
	Kept                  string // how servers kept its budget; "" = this machine did, exactly
	Difference            string // to no forcing, question by question; "" for that one itself
}

// Metric is a line of the paper's three.
type Metric struct{ Method, Control, Scaling, Performance string }

// Report is how far a sweep has come.
type Report struct {
	Model, Data, Folder string
	Licence             string
	Seed                uint64
	State               string // running, paused, stopping, stopped, done, failed
	Fault               string
	Done, Items         int
	TokensPerSecond     float64
	Left                time.Duration // 0 = not known
	Saved               string        // what sharing saved, in words
	Points              []Point
	Metrics             []Metric
	Kept                string   // how servers keep budgets; "" = it is measured on this machine
	Servers             []Server // where there are any, while it runs
	Note                string   // what was last said of a server
}

// Item is a question behind a point.
type Item struct {
	Index                              int // in the sweep
	ID, Question, Answer, Gold, Closed string
	Outcome                            string
	Tokens                             int
}

// Pane is the lab.
type Pane struct {
	Theme    *theme.Theme
	Focused  bool
	View     View
	Fields   []Field
	Servers  []Server // of the form, as they were found; nil = it names none, or they were not asked yet
	Forecast string   // in words; "" = not asked for
	Busy     string   // what is under way, in words
	Fault    string
	Keys     string // what begins it, in words
	Report   *Report
	Items    []Item
	Class    string // only items of this outcome; "" = all
	Blocks   bool   // draw with blocks: some terminals have no braille

	Field, Point, Item int // cursors
	top, first         int // of the list, of the table
}

// Move moves the cursor of the view.
func (p *Pane) Move(by int) {
	at, n := p.cursor()
	*at = max(min(*at+by, n-1), 0)
}

func (p *Pane) cursor() (at *int, n int) {
	switch p.View {
	case Setup:
		return &p.Field, len(p.Fields)
	case Curve:
		return &p.Point, p.points()
	}
	return &p.Item, len(p.Items)
}

// Rows is how many things the cursor can stand on.
func (p *Pane) Rows() int {
	_, n := p.cursor()
	return n
}

func (p *Pane) points() int {
	if p.Report == nil {
		return 0
	}
	return len(p.Report.Points)
}

func (p *Pane) form() plot.Form {
	switch {
	case p.Theme.ASCII:
		return plot.ASCII
	case p.Blocks:
		return plot.Block
	}
	return plot.Braille
}

// marks are the letters of the lines, by series: its first letter where that is free.
func (p *Pane) marks() map[string]string {
	marks, taken := map[string]string{}, map[rune]bool{}
	for i := range p.Report.Points {
		s := p.Report.Points[i].Series
		if _, ok := marks[s]; ok {
			continue
		}
		for _, r := range s + "abcdefghijklmnopqrstuvwxyz" {
			if r >= 'a' && r <= 'z' && !taken[r] {
				taken[r], marks[s] = true, string(r)
				break
			}
		}
		if _, ok := marks[s]; !ok {
			marks[s] = "+" // more lines than letters
		}
	}
	return marks
}
