package cli

import (
	"fmt"
	"math"
	"sync/atomic"
	"time"

	"s1/engine/scaling"
	tuiapp "s1/tui/app"
)

// telling turns what a sweep says into reports, as many as a screen can show.
type telling struct {
	report func(tuiapp.LabReport)
	r      tuiapp.LabReport
	so     scaling.Result // the items that are known
	whole  bool           // it has ended: what takes time to work out may be worked out
	next   time.Time
	note   atomic.Pointer[string] // what was last said of a server
}

// said takes in what a user should know of the servers, from any goroutine.
func (t *telling) said(s string) { t.note.Store(&s) }

func (t *telling) finished(_ int, rows []scaling.Row) { t.so.Items = append(t.so.Items, rows) }

func (t *telling) progress(p scaling.Progress) {
	t.r.Done, t.r.Items, t.r.Left = p.Done, p.Items, p.Left
	t.r.Servers = healthOf(p.Servers)
	if s := p.Elapsed.Seconds(); s > 0 {
		t.r.TokensPerSecond = float64(p.Tokens) / s
	}
	if now := time.Now(); now.After(t.next) {
		t.last()
		t.next = time.Now().Add(max(reportEvery, 20*time.Since(now))) // a long list of points must not slow the sweep
	}
}

// last reports what is known now.
func (t *telling) last() {
	r := t.r
	if note := t.note.Load(); note != nil {
		r.Note = *note
	}
	if len(t.so.Items) > 0 {
		fillReport(&r, &t.so, t.whole)
	}
	t.report(r)
}

// fillReport works out the points of the items that are there.
func fillReport(r *tuiapp.LabReport, so *scaling.Result, whole bool) {
	points := so.Points()
	first := scaling.Baseline(points)
	r.Points, r.Metrics = nil, nil
	bySeries := map[string][]scaling.Point{}
	var series []string
	for _, p := range points {
		name := p.Arm.Method
		if p.Arm.Text != "" {
			name += " " + p.Arm.Text
		}
		if bySeries[name] == nil {
			series = append(series, name)
		}
		bySeries[name] = append(bySeries[name], p)
		a := p.Accuracy
		q := tuiapp.LabPoint{
			Name: p.Arm.String(), Series: name, Tokens: p.Tokens, Percent: a.Percent, Low: a.Low, High: a.High, N: a.N,
			Right: p.Outcomes[scaling.OutcomeRight], Wrong: p.Outcomes[scaling.OutcomeWrong], Empty: p.Outcomes[scaling.OutcomeEmpty],
			Cut: p.Outcomes[scaling.OutcomeCut], Unparsed: p.Outcomes[scaling.OutcomeUnparsed], Failed: p.Outcomes[scaling.OutcomeError],
		}
		if len(p.Badges) > 0 {
			q.Kept = p.Kept()
		}
		if p.Coverage != nil {
			q.Coverage = p.Coverage.String()
		}
		if whole && p.Arm != first.Arm {
			c := p.Against(first, so.Plan.Seed)
			q.Difference = fmt.Sprintf("%s points to %s, p %.2g", c, first.Arm, c.P)
		}
		r.Points = append(r.Points, q)
	}
	for _, name := range series {
		some := bySeries[name]
		m := scaling.MetricsOf(some[0].Arm.Method, some)
		one := tuiapp.LabMetric{Method: name, Control: "-", Scaling: "-", Performance: fmt.Sprintf("%.1f", m.Performance)}
		if m.Control != nil {
			one.Control = fmt.Sprintf("%.0f", *m.Control)
		}
		if !math.IsNaN(m.Scaling) {
			one.Scaling = fmt.Sprintf("%.1f", m.Scaling)
		}
		r.Metrics = append(r.Metrics, one)
	}
	own, alone := 0, 0
	for _, rows := range so.Items {
		for i := range rows {
			own, alone = own+rows[i].Own, alone+rows[i].Alone
		}
	}
	if alone > own && own > 0 {
		r.Saved = fmt.Sprintf("shared traces saved %.0f %%", 100*(1-float64(own)/float64(alone)))
	}
}
