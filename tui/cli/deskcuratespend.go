package cli

import (
	"cmp"
	"path/filepath"
	"slices"
	"time"

	"s1/curate"
	tuiapp "s1/tui/app"
)

// What the models of a curation take is in files that its run only adds to: the books of its replies, and a journal of each stage
// that asks. The screen reads on where it stopped, so that a look costs what has come since.

// journaled says whether a stage is of those that may ask a model, and are decided a row at a time.
func journaled(stage string) bool {
	return stage == curate.AttemptsStage || slices.Contains(curate.ModelStageNames(), stage)
}

// asks says whether a stage asks a model: to grade there may be none, and the rule alone decides.
func asks(rec curate.Recipe, stage string) bool {
	return journaled(stage) && (stage != "grade" || rec.Grade.Model != "")
}

// spent is what the models of a run took, nil where it asks none. What a kill left open counts in full, as the next run counts it.
func (l *looked) spent(rec curate.Recipe, folder string, running bool) *tuiapp.CurationSpend {
	if !rec.Asks() {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	s, _ := l.spend.Read(cmp.Or(rec.Ask.Cache, filepath.Join(folder, askedDir))) // what cannot be read is not shown
	if !running {
		s.Tokens, s.Cost, s.HeldTokens, s.HeldCost = s.Tokens+s.HeldTokens, s.Cost+s.HeldCost, 0, 0
	}
	return &tuiapp.CurationSpend{
		Requests: s.Requests, Tokens: s.Tokens, Held: s.HeldTokens, Cost: s.Cost, HeldCost: s.HeldCost,
		TokenCap: rec.Ask.MaxTokens, CostCap: rec.Ask.MaxCost, Priced: len(rec.Ask.Prices) > 0,
	}
}

// underway is the stage that asks right now, as its journal says: a row a line, as they are decided.
type underway struct {
	curate.JournalReader
	stage string
	from  int       // decided when it was first looked at
	since time.Time // and when that was
}

// rateFrom is how long rows are counted before their rate is worth a number.
const rateFrom = time.Second

// follow puts what the journal of a stage that asks says over what its last event said: a model takes longer over a few rows than
// events lie apart.
func (l *looked) follow(stages []tuiapp.CurationStage, e curate.Event, folder string, now time.Time) {
	i := slices.IndexFunc(stages, func(s tuiapp.CurationStage) bool { return s.Name == e.Stage && s.State == "running" })
	if i < 0 || !journaled(e.Stage) {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	u := &l.asked
	if u.stage != e.Stage {
		*u = underway{stage: e.Stage}
	}
	decided, droppedBy, again, ok, err := u.Read(folder, e.Stage)
	if err != nil || !ok {
		return
	}
	if again {
		u.from, u.since = decided, now
	}
	s := &stages[i]
	s.In, s.Rules = decided, rulesOf(droppedBy)
	s.Kept = s.In
	for _, n := range droppedBy {
		s.Kept -= n
	}
	s.Left = ""
	if took := now.Sub(u.since); decided > u.from && took >= rateFrom {
		s.Rate = float64(decided-u.from) / took.Seconds()
	}
	if left := s.Of - s.In; left > 0 && s.Rate > 0 {
		s.Left = time.Duration(float64(left) / s.Rate * float64(time.Second)).Round(time.Second).String()
	}
}
