package app

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	tea "github.com/charmbracelet/bubbletea"

	"s1/engine/trace"
	"s1/tui/keys"
	"s1/tui/overlay"
	"s1/tui/pane/trials"
	"s1/tui/text"
)

// Sizes of the experiments.
const (
	scrubStops   = 16 // at most
	scrubAnswer  = 32 // tokens of an answer, at most
	settleStay   = 3  // equal guesses in a row that settle an answer
	labSamples   = 8
	voteSamples  = 32
	anchorSample = 12
	mostSamples  = 512
)

// scrubbing is the answers along one trace.
type scrubbing struct {
	of      *branch
	stops   []int
	guesses []trace.Guess // by Spent
	running bool
	cost    int
	cancel  context.CancelFunc
}

// ticking is the guesses of one branch while it thinks.
type ticking struct {
	guesses []trace.Guess
	extra   int // tokens generated for them
	running bool
	stay    int
	cancel  context.CancelFunc
}

// experiment is the one that stands in the trials pane.
type experiment struct {
	title   string
	of      *branch
	report  *trace.TrialsReport
	kind    trials.Kind
	opened  map[trace.BranchID]trace.BranchID // samples that became branches: their names then
	failed  string                            // why it ended
	hidden  bool                              // a sample was opened, and is looked at
	running bool
	cancel  context.CancelFunc
}

// explorer is the model as one that can be asked about a trace, nil where it can not.
func (m *Model) explorer() Explorer {
	e, _ := m.thinker.(Explorer)
	return e
}

// scrub opens the scrubber over the branch in view, or closes it.
func (m *Model) scrub() tea.Cmd {
	b := m.now()
	if m.scrubber != nil {
		seen := m.scrubbing()
		if m.closeScrub(); seen {
			return nil
		}
	}
	if m.comparing = false; m.experimenting() { // they have the whole page
		m.trials.hidden = true
	}
	stops := stopsOf(b.spent)
	if len(stops) == 0 {
		m.warn("there is no thought to cut")
		return nil
	}
	ctx, cancel := context.WithCancel(m.ctx)
	s := &scrubbing{of: b, stops: stops, running: true, cancel: cancel}
	m.scrubber = s
	if b.at < 0 {
		b.at = max(m.nearest(b), 0)
	}
	e, n, id := m.explorer(), m.news, b.info.ID
	m.say(fmt.Sprintf("%d answers along the thought, at most %d tokens each", len(stops), scrubAnswer))
	return func() tea.Msg {
		err := e.Scrub(ctx, id, stops, func(g trace.Guess) {
			n.post(func(*Model) { s.add(g) })
		})
		n.post(func(m *Model) { m.experimentEnded("scrub", &s.running, err) })
		return nil
	}
}

func (s *scrubbing) add(g trace.Guess) {
	i, _ := slices.BinarySearchFunc(s.guesses, g.Spent, func(o trace.Guess, spent int) int { return o.Spent - spent })
	s.guesses = slices.Insert(s.guesses, i, g)
	s.cost += g.Tokens
}

// scrubbing says whether the scrubber is that of the branch in view.
func (m *Model) scrubbing() bool {
	b := m.now()
	return m.scrubber != nil && b != nil && (m.scrubber.of == b || m.scrubber.of == b.original)
}

func (m *Model) closeScrub() {
	m.scrubber.cancel()
	m.scrubber = nil
}

// stopsOf spreads the stops evenly over a thought.
func stopsOf(spent int) []int {
	n := min(scrubStops, spent)
	var stops []int
	for i := range n {
		stops = append(stops, spent*(i+1)/n)
	}
	return stops
}

// experimentEnded says how one ended, unless it was cancelled.
func (m *Model) experimentEnded(what string, running *bool, err error) {
	*running = false
	if err != nil && !errors.Is(err, context.Canceled) {
		m.warn("the " + what + " failed: " + oneLine(err.Error()))
	}
}

// guess starts or ends the guessing of the branch in view. stay above 0 closes its thought once the answer has settled.
func (m *Model) guess(stay int) tea.Cmd {
	b := m.now()
	if t := b.ticker; t != nil && t.running {
		t.cancel()
		t.running = false
		if stay == 0 || t.stay > 0 {
			m.say("no more guesses")
			return nil
		}
	}
	if !b.running() || b.original != nil {
		m.warn(m.keys.Text("it has ended: {scrub} shows the answers along the thought"))
		return nil
	}
	ctx, cancel := context.WithCancel(m.ctx)
	t := &ticking{running: true, cancel: cancel, stay: stay}
	if b.ticker != nil {
		t.guesses, t.extra = b.ticker.guesses, b.ticker.extra
	}
	b.ticker = t
	m.margin.signals = true
	say := "its answer is guessed as it thinks, for one guess and a tenth more tokens"
	if stay > 0 {
		say = fmt.Sprintf("its answer is guessed; %d equal guesses in a row close the thought", stay)
	}
	m.say(say)
	e, n, id := m.explorer(), m.news, b.info.ID
	return func() tea.Msg {
		err := e.Tick(ctx, id, trace.Ticker{Stay: stay}, func(g trace.Guess) {
			n.post(func(*Model) {
				t.guesses = append(t.guesses, g)
				t.extra += g.Tokens
			})
		})
		n.post(func(m *Model) { m.experimentEnded("ticker", &t.running, err) })
		return nil
	}
}

// inputLab asks for the words of a Wait lab.
func (m *Model) inputLab() {
	b := m.now()
	at, where := b.at, fmt.Sprintf("token %d", b.at)
	if at < 0 {
		var ok bool
		if at, ok = b.closeAt(); !ok {
			m.warn(m.keys.Text("there is no close of a thought to go back to; {token-back} chooses a token"))
			return
		}
		where = "where the thought closed"
	}
	in := overlay.Input{
		Title: "Wait lab",
		Hint: fmt.Sprintf("words apart by commas, - for nothing, a number for how often: from %s each is tried so often at temperature %s",
			where, m.temperature()),
		Check: func(s string) string { _, _, why := parseLab(s); return why },
	}
	words := m.info.Words
	if words == nil {
		words = []string{m.waitText(), "Hmm", "Alternatively"}
	}
	in.Editor.Set(fmt.Sprintf("-, %s, %d", strings.Join(words, ", "), labSamples))
	m.input(in, func(s string) tea.Cmd {
		words, n, _ := parseLab(s)
		closed, ok := b.closeAt()
		return m.tryOut(trials.Lab, "Wait lab, from "+where, b, trace.Trials{
			From: b.info.ID, Samples: n, Sampling: m.spread(), Arms: LabArms(words, at, ok && closed == at, b.budget),
		})
	})
}

// LabArms are the arms of a Wait lab from token at: a word each, "" = nothing. Where the thought closed (closes), a word takes the
// place of the close, as a Wait does; anywhere else it goes in before the token. The cap is lifted: the thought goes on.
func LabArms(words []string, at int, closes bool, b trace.Budget) []trace.Arm {
	b.Cap = -1
	kind := trace.CommandInject
	if closes {
		kind = trace.CommandWait
	}
	arms := make([]trace.Arm, len(words))
	for i, w := range words {
		arms[i] = trace.Arm{Name: w, At: at, Budget: b, First: []trace.Command{{Kind: kind, Text: w}}}
		if w == "" {
			arms[i].Name, arms[i].First = "nothing", nil
		}
	}
	return arms
}

// parseLab reads words apart by commas, and a last number.
func parseLab(s string) (words []string, n int, why string) {
	n = labSamples
	for _, f := range strings.Split(s, ",") {
		w := strings.TrimSpace(f)
		if k, ok := wholeNumber(w); ok {
			n = k
			continue
		}
		if w == "-" {
			w = ""
		}
		words = append(words, w)
	}
	switch {
	case len(words) == 0 || len(words) > 8:
		return nil, 0, "one to eight words, apart by commas: -, Wait, Hmm, 8"
	case n < 1 || n*len(words) > mostSamples:
		return nil, 0, fmt.Sprintf("1 to %d samples of each", mostSamples/len(words))
	}
	return words, n, ""
}

func wholeNumber(s string) (n int, ok bool) {
	if s == "" {
		return 0, false
	}
	for _, r := range s {
		if r < '0' || r > '9' || n > mostSamples {
			return 0, false
		}
		n = n*10 + int(r-'0')
	}
	return n, true
}

// spread is the sampling of many samples: greedy ones would all be the same.
func (m *Model) spread() trace.Sampling {
	s := m.sampling
	if s.Temperature == 0 {
		s.Temperature = forkTemperature
	}
	return s
}

func (m *Model) temperature() string { return fmt.Sprintf("%.1f", m.spread().Temperature) }

// inputVote asks how many samples are to vote.
func (m *Model) inputVote() {
	b := m.now()
	in := overlay.Input{
		Title: "vote",
		Hint: fmt.Sprintf("how often the question is asked at temperature %s; at about %d tokens each; it stops when the lead is decided",
			m.temperature(), max(len(b.tokens), 1)),
		Check: func(s string) string {
			if n, ok := wholeNumber(strings.TrimSpace(s)); !ok || n < 2 || n > mostSamples {
				return fmt.Sprintf("a whole number from 2 to %d", mostSamples)
			}
			return ""
		},
	}
	in.Editor.Set(fmt.Sprint(voteSamples))
	m.input(in, func(s string) tea.Cmd {
		n, _ := wholeNumber(strings.TrimSpace(s))
		budget := m.opt.Budget
		budget.Cap, budget.Waits = b.budget.Cap, b.budget.Waits
		return m.tryOut(trials.Vote, "votes", b, trace.Trials{
			From: b.info.ID, Samples: n, Sampling: m.spread(), Decided: true,
			Arms: []trace.Arm{{Name: "asked again", Budget: budget}},
		})
	})
}

// anchor goes on many times with and without the sentence under the cursor.
func (m *Model) anchor() tea.Cmd {
	b := m.now()
	k := b.tokens[b.at]
	if k.phase == trace.PhaseAnswer {
		m.warn("an anchor is a sentence of the thought")
		return nil
	}
	kind := text.Sentence
	from := b.thought.PrevBoundary(kind, int(k.at)+1)
	to := b.thought.NextBoundary(kind, int(k.at))
	without := max(b.tokenAt(trace.PhaseThinking, from), 0)
	with := len(b.tokens[:b.firstAnswer()])
	if to < b.thought.Len() {
		with = max(b.tokenAt(trace.PhaseThinking, to), without+1)
	} else if at, ok := b.closeAt(); ok {
		with = at
	}
	budget := b.budget
	budget.Cap = -1
	sentence := strings.TrimSpace(oneLine(b.thought.Slice(from, min(to, b.thought.Len()))))
	return m.tryOut(trials.Anchors, fmt.Sprintf("with and without %q", sentence), b, trace.Trials{
		From: b.info.ID, Samples: anchorSample, Sampling: m.spread(),
		Arms: []trace.Arm{{Name: "without it", At: without, Budget: budget}, {Name: "with it", At: with, Budget: budget}},
	})
}

// tryOut carries out an experiment and shows it.
func (m *Model) tryOut(kind trials.Kind, title string, b *branch, t trace.Trials) tea.Cmd {
	m.endTrials()
	ctx, cancel := context.WithCancel(m.ctx)
	x := &experiment{opened: map[trace.BranchID]trace.BranchID{}, kind: kind, title: title, of: b, running: true, cancel: cancel, report: &trace.TrialsReport{}}
	m.trials = x
	m.trialsPane.Cursor = 0
	m.trialsPane.Samples, m.trialsPane.Kind = t.Samples, kind
	m.focus = onTrials
	e, n := m.explorer(), m.news
	return func() tea.Msg {
		err := e.Try(ctx, t, func(r trace.TrialsReport) {
			n.post(func(*Model) { x.report = &r })
		})
		n.post(func(m *Model) {
			m.experimentEnded("experiment", &x.running, err)
			if err != nil {
				x.failed = err.Error()
			}
		})
		return nil
	}
}

// experimenting says whether an experiment has the page.
func (m *Model) experimenting() bool { return m.trials != nil && !m.trials.hidden }

// again shows an experiment that was left for one of its samples, and says whether there was one.
func (m *Model) again(k trials.Kind) bool {
	x := m.trials
	if x == nil || !x.hidden || x.kind != k {
		return false
	}
	x.hidden = false
	m.focus = onTrials
	m.say("esc leaves it for good")
	return true
}

func (m *Model) endTrials() {
	if m.trials != nil {
		m.trials.cancel()
		m.trials = nil
	}
}

// openTrial makes the chosen sample a branch of the tree.
func (m *Model) openTrial() tea.Cmd {
	x := m.trials
	i := m.trialsPane.Cursor
	if i < 0 || i >= len(x.report.Trials) || x.report.Trials[i].Branch == "" {
		m.warn("that sample has not begun")
		return nil
	}
	if m.busy {
		m.warn("a branch is being made already")
		return nil
	}
	trial := x.report.Trials[i]
	for k, b := range m.branches {
		switch id, ok := x.opened[trial.Branch]; { // a sample gets another name when it is opened
		case !ok || b.info.ID != id:
		case b.binned:
			m.warn(m.keys.Text("that sample was opened before, and deleted: {undo} brings it back"))
			return nil
		default:
			m.switchTo(k)
			x.hidden, m.focus = true, onThought
			return nil
		}
	}
	m.busy = true
	ctx, e, n := m.ctx, m.explorer(), m.news
	return func() tea.Msg {
		live, err := e.Open(ctx, trial.Branch)
		if err == nil {
			n.post(func(*Model) { x.opened[trial.Branch] = live.Branch().ID })
		}
		return branchStarted{live: live, err: err, what: "open that sample", parent: x.of, at: parted(live, err)}
	}
}

func parted(l Live, err error) int {
	if err != nil {
		return 0
	}
	return l.Branch().At
}

// spentAt is how many thinking tokens stand before token i.
func (b *branch) spentAt(i int) int {
	n := 0
	for _, k := range b.tokens[:min(max(i, 0), len(b.tokens))] {
		if k.counted {
			n++
		}
	}
	return n
}

// walkOrScrub moves the cursor; while the scrubber is open a word is a stop.
func (m *Model) walkOrScrub(a keys.Action) {
	b := m.now()
	if s := m.scrubber; s != nil && s.of == b && (a == keys.WordBack || a == keys.WordNext) {
		m.fillScrub()
		moved := a == keys.WordNext && m.scrubPane.Next() || a == keys.WordBack && m.scrubPane.Prev()
		if moved {
			b.at = min(b.countedAt(m.scrubPane.At), len(b.tokens)-1)
			m.seen(b)
		}
		return
	}
	m.walk(a)
	m.pick = -1
}

func (m *Model) fillScrub() {
	s, p := m.scrubber, &m.scrubPane
	p.Guesses, p.Stops, p.Length, p.Expected, p.Running, p.Cost = s.guesses, s.stops, s.of.spent, s.of.expected, s.running, s.cost
	p.CostLimit = len(s.stops) * scrubAnswer
	p.At = s.of.spentAt(s.of.at)
}
