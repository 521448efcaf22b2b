package think

import (
	"fmt"
	"slices"

	"s1/engine/trace"
)

// stage is where a branch is in its life; the diagram is in doc.go.
type stage uint8

const (
	opening stage = iota
	thinking
	closing
	answering
	ended
)

const (
	reserveDefault = 512 // positions kept for an answer without a cap of its own
	graceTokens    = 4   // how many more tokens an intervention waits for a character to be complete; four bytes are the longest
)

// feed is one id that will be appended without drawing.
type feed struct {
	id      int32
	origin  trace.Origin
	phase   trace.Phase
	counted bool
	shadow  bool
	now     bool // does not wait for a whole character: it stands where an end was drawn, or where the user chose it
	ends    bool // an end of thinking that the user chose
}

// Machine is one branch. It is not safe for concurrent use.
type Machine struct {
	f       Format
	b       trace.Budget
	o       Options
	reserve int     // positions kept for the answer
	wait    []int32 // Budget.WaitText in ids

	stage   stage
	next    Action
	queue   []feed // opening, close, retry: goes before everything else
	insert  []feed // Wait texts and users' texts
	texts   [][]int32
	paused  bool
	steps   int // tokens that may still appear while paused
	outcome string

	used     int // positions taken after the prompt, shadow tokens included
	counted  int // thinking tokens
	answered int // answer tokens, sampled and injected
	forced   int
	injected int

	waitsDone int
	waiting   bool // an end was suppressed here; done as soon as a token follows
	keep      bool // the next sampled token may not end the thought
	wished    bool // an end of thinking was drawn and suppressed at this position
	draw      int  // draws refused at this position
	atClose   bool // nothing happened since a Replay that ended where the thought closed

	closeAsked trace.Closed // answer now, or the loop guard; waits for a whole character
	grace      int          // tokens sampled since something waits for a whole character
	closed     trace.Closed
	closeFrom  int     // position of the first id of the close
	skipped    bool    // the opening is the template's no-think form
	price      bool    // the ids now fed are a forced close: their price is added up
	nats       float64 // its price
	endSeen    bool
	endProb    float32
	endRank    int32

	masked    bool // start and end tags may not be drawn in the answer
	reentered bool
	retried   bool
	said      bool // the answer has something other than white space

	end, start matcher
	text       text
	guard      guard
	rounds     *rounds // a preset's own rule; nil = the exact one
	replaying  bool
	notices    []Notice
}

// New starts a branch right after its prompt. It refuses a budget that cannot be kept, with the numbers.
func New(f Format, b trace.Budget, o Options) (*Machine, error) {
	m, err := build(f, b, o)
	if err != nil {
		return nil, err
	}
	m.begin()
	m.plan()
	return m, nil
}

func build(f Format, b trace.Budget, o Options) (*Machine, error) {
	if f.vocab == nil {
		return nil, fmt.Errorf("budget: the think format has no tokenizer; make it with ResolveFormat")
	}
	m := &Machine{f: f, b: b, o: o}
	if err := m.validate(); err != nil {
		return nil, err
	}
	wait, err := f.encode(b.WaitText)
	if err != nil {
		return nil, fmt.Errorf("budget: the Wait text: %w", err)
	}
	m.wait = wait
	m.end, m.start = newMatcher(f.End), newMatcher(f.Start)
	m.text.last = f.after
	if m.rounds, err = newRounds(m); err != nil {
		return nil, err
	}
	return m, nil
}

// begin sets the branch at its very start, under the budget as it is.
func (m *Machine) begin() {
	m.queue, m.skipped = nil, false
	if !m.f.Thinks() {
		m.stage = answering
		return
	}
	m.stage = opening
	open := m.f.Open
	if m.b.Cap == 0 && m.rounds == nil && m.f.Skip != nil {
		open, m.skipped = m.f.Skip, true
	}
	m.price = m.skipped
	m.queue = forcedIDs(open, len(open))
}

// forcedIDs are ids to feed, of which the first delim belong to the thought and the rest to the answer.
func forcedIDs(ids []int32, delim int) []feed {
	q := make([]feed, len(ids))
	for i, id := range ids {
		q[i] = feed{id: id, origin: trace.OriginForced, phase: trace.PhaseThinking}
		if i >= delim {
			q[i].phase = trace.PhaseAnswer
		}
	}
	return q
}

// Next says what the next token is. It changes nothing: asked twice, it answers the same.
func (m *Machine) Next() Action {
	if m.paused && m.steps == 0 && m.stage != ended {
		return Action{Kind: Hold}
	}
	return m.next
}

// plan decides the next action and passes from stage to stage.
func (m *Machine) plan() {
	for {
		m.settle()
		switch {
		case m.stage == ended:
			m.next = Action{Kind: End, Outcome: m.outcome}
			return
		case m.rounds != nil && m.rounds.drop > 0:
			m.next = Action{Kind: Rewind, N: m.rounds.drop}
			return
		case len(m.queue) > 0:
			if m.used >= m.o.Context {
				m.finish("cut")
				continue
			}
			m.planFeed(m.queue[0])
			return
		case m.stage == thinking:
			if m.planThought() {
				return
			}
		case m.stage == answering:
			if m.planAnswer() {
				return
			}
		}
	}
}

// settle passes on from a stage whose ids have all been fed.
func (m *Machine) settle() {
	if len(m.queue) > 0 {
		return
	}
	switch m.stage {
	case opening:
		if m.skipped {
			m.closed, m.masked = trace.ClosedCap, true
			m.answer()
			return
		}
		m.stage = thinking
		m.end.reset()
	case closing:
		m.answer()
	}
}

func (m *Machine) planFeed(q feed) {
	m.next = Action{
		Kind: Feed, ID: q.id, Origin: q.origin, Phase: q.phase, Counted: q.counted,
		Wished: m.wished, Shadow: q.shadow,
	}
}

// planThought decides inside the thought; false means that the stage changed.
func (m *Machine) planThought() bool {
	if m.rounds != nil {
		return m.rounds.plan(m)
	}
	reason := m.limit()
	if reason == "" && m.closeAsked != "" && m.whole() {
		reason = m.closeAsked
	}
	if reason == "" && m.landing() {
		reason = trace.ClosedCap
	}
	if reason != "" {
		m.closeForced(reason)
		return false
	}
	if len(m.insert) > 0 && (m.insert[0].now || m.whole()) {
		m.planFeed(m.insert[0])
		return true
	}
	m.next = Action{Kind: Sample, Phase: trace.PhaseThinking, Draw: m.draw, Mask: m.endMask()}
	return true
}

// endMask is what may not be drawn where the thought may not end.
func (m *Machine) endMask() []int32 {
	if !m.keep {
		return nil
	}
	mask := slices.Clone(m.f.EOS)
	if id, ok := m.end.last(); ok && !slices.Contains(mask, id) {
		mask = append(mask, id)
	}
	return mask
}

// limit names the hard limit that is reached, if one is.
func (m *Machine) limit() trace.Closed {
	switch {
	case m.b.Cap >= 0 && m.counted >= m.b.Cap:
		return trace.ClosedCap
	case m.contextRoom() <= 0:
		return trace.ClosedContext
	}
	return ""
}

// room is how many thinking tokens may still come, and which limit says so.
func (m *Machine) room() (int, trace.Closed) {
	if n := m.b.Cap - m.counted; m.b.Cap >= 0 && n <= m.contextRoom() {
		return n, trace.ClosedCap
	}
	return m.contextRoom(), trace.ClosedContext
}

// contextRoom is how many positions the thought may still take so that its close and the answer's reserve fit.
func (m *Machine) contextRoom() int { return m.o.Context - m.used - m.closeLen() - m.reserve }

func (m *Machine) closeLen() int { return len(m.f.Newline) + len(m.f.Forced) }

// whole says whether a text may go in here: not inside a character, unless the model does not finish it.
func (m *Machine) whole() bool { return m.text.missing() == 0 || m.grace >= graceTokens }

// landing says whether to close here because it is a good place shortly before the cap.
func (m *Machine) landing() bool {
	return m.o.SoftLanding > 0 && m.b.Cap > 0 && m.counted > 0 && len(m.insert) == 0 && !m.keep &&
		m.b.Cap-m.counted <= m.o.SoftLanding && m.text.boundary()
}

// finish ends the branch.
func (m *Machine) finish(outcome string) {
	m.stage, m.outcome = ended, outcome
	m.queue, m.insert = nil, nil
}

func (m *Machine) notice(loop bool, format string, args ...any) {
	if !m.replaying {
		m.notices = append(m.notices, Notice{Text: fmt.Sprintf(format, args...), Loop: loop})
	}
}

// Notices returns what the user should be told, once.
func (m *Machine) Notices() []Notice {
	n := m.notices
	m.notices = nil
	return n
}

// State says what the branch is doing.
func (m *Machine) State() trace.State {
	switch {
	case m.stage == ended:
		return trace.StateEnded
	case m.paused:
		return trace.StatePaused
	case m.stage == answering:
		return trace.StateAnswering
	}
	return trace.StateThinking
}

// Budget is the budget as the commands have left it.
func (m *Machine) Budget() trace.Budget { return m.b }

// Clone is an independent copy: both go on as the original would have.
func (m *Machine) Clone() *Machine {
	c := *m
	c.queue, c.insert = slices.Clone(m.queue), slices.Clone(m.insert)
	c.texts, c.notices = slices.Clone(m.texts), slices.Clone(m.notices)
	c.next.Mask = slices.Clone(m.next.Mask)
	c.guard = m.guard.clone()
	if m.rounds != nil {
		r := *m.rounds
		c.rounds = &r
	}
	return &c
}
