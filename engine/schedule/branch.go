package schedule

import (
	"time"

	"s1/engine/kv"
	"s1/engine/sample"
	"s1/engine/think"
	"s1/engine/trace"
)

// branch is one path through the model. It belongs to the scheduler's goroutine.
//
// Invariants: seq covers the first positions of ids followed by ahead; of those the first valid ones have been through the
// model. held means that row is the row of logits after the last of ids, kept for later.
type branch struct {
	s       *Scheduler
	log     *trace.Log
	machine *think.Machine
	sampler *sample.Sampler
	decoder Decoder
	end     int32         // first id of the close of thinking, -1
	base    trace.Receipt // what was known at the start
	forget  func() bool   // takes the watch off the branch's context

	ids    []int32 // prompt, tokens, and shadow ids if any
	ahead  []int32 // ids that will very likely be fed next
	prompt int     // ids of the prompt
	tokens int     // tokens of the branch, inherited ones included
	seq    *kv.Seq
	valid  int
	used   uint64 // the step that last ran it

	held   bool
	row    sample.Row
	pacing bool // held because of the pace, not by the machine
	hurry  bool // a command came: the pace does not hold the next token back
	due    time.Time
	pace   time.Duration // between two tokens, 0 = none

	shadows int         // drawn ids that will be rewound
	side    bool        // see Spec.Side
	follow  *follow     // a stored path that is carried out again; nil = the machine decides
	ending  trace.Token // the end of turn that ended the answer

	read    bool // the prompt has been through the model once
	parked  bool // its pages went to an older branch; it waits for room
	dead    bool
	state   trace.State
	budget  trace.Budget
	began   time.Time
	decoded int           // ids that went through the model after the prompt
	busy    time.Duration // the steps they took
}

func (b *branch) setPace(perSecond int) {
	b.pace = 0
	if perSecond > 0 {
		b.pace = time.Second / time.Duration(perSecond)
	}
}

// pending is the number of ids that the model has to read before the branch can go on.
func (b *branch) pending() int { return len(b.ids) + len(b.ahead) - b.seq.Len() }

// rewind shortens the key/value cache to n positions.
func (b *branch) rewind(n int) {
	b.seq.Rewind(n)
	b.valid = min(b.valid, b.seq.Len())
}

func (b *branch) release() { b.rewind(0) }

// command is Live.Send on the goroutine's side.
func (b *branch) command(c trace.Command) {
	if b.dead {
		return
	}
	if err := b.apply(c); err != nil {
		b.log.Append(trace.Event{Kind: trace.EventNotice, Notice: err.Error()})
	}
	b.notices()
	b.hurry = true
	b.stopIfEnded()
	b.sayState()
}

func (b *branch) apply(c trace.Command) error {
	switch c.Kind {
	case trace.CommandPace:
		b.setPace(c.N)
		return nil
	case trace.CommandSampling:
		if c.Sampling == nil {
			return nil
		}
		if err := b.sampler.Set(*c.Sampling); err != nil {
			return err
		}
		now := b.sampler.Params()
		b.log.Append(trace.Event{Kind: trace.EventSampling, Sampling: &now})
		return nil
	}
	note, err := b.machine.Command(c)
	if note != "" {
		b.log.Append(trace.Event{Kind: trace.EventNotice, Notice: note})
	}
	b.sayBudget()
	return err
}

func (b *branch) notices() {
	for _, n := range b.machine.Notices() {
		b.log.Append(trace.Event{Kind: trace.EventNotice, Notice: n.Text, Loop: n.Loop})
	}
}

// sayBudget logs the budget where it has changed.
func (b *branch) sayBudget() {
	if now := b.machine.Budget(); now != b.budget {
		b.budget = now
		b.log.Append(trace.Event{Kind: trace.EventBudget, Budget: &now})
	}
}

// sayState logs the machine's state where it has changed. A branch that still reads says so by itself.
func (b *branch) sayState() {
	if now := b.machine.State(); !b.dead && b.read && now != b.state {
		b.state = now
		b.log.Append(trace.Event{Kind: trace.EventState, State: now})
	}
}

// stopIfEnded ends a branch whose machine has ended without needing the model.
func (b *branch) stopIfEnded() {
	if !b.dead && b.machine.State() == trace.StateEnded {
		b.finish(nil)
	}
}

// fail ends the branch because of an error.
func (b *branch) fail(err error) {
	if !b.dead {
		b.finish(err)
	}
}

func (b *branch) finish(err error) {
	b.notices()
	r := b.machine.Receipt()
	r.PromptTokens, r.Model, r.ModelSHA256, r.TemplateSHA256 = b.base.PromptTokens, b.base.Model, b.base.ModelSHA256, b.base.TemplateSHA256
	r.Backend, r.Seed = b.base.Backend, b.base.Seed
	if b.busy > 0 {
		r.TokensPerSecond = float64(b.decoded) / b.busy.Seconds()
	}
	if err != nil {
		r.Outcome = "error"
	}
	b.log.Append(trace.Event{Kind: trace.EventState, State: trace.StateEnded})
	b.log.Append(trace.Event{Kind: trace.EventEnd, Receipt: &r, Err: err, Token: b.ending})
	if b.forget != nil {
		b.forget()
	}
	b.rewind(len(b.ids)) // what was read ahead is nobody's
	b.dead, b.held, b.row, b.ahead = true, false, sample.Row{}, nil
	if b.side {
		b.release()
	}
}

// append adds an id that was chosen at row to the branch and to its log.
func (b *branch) append(t trace.Token, row sample.Row, shadow bool) {
	b.ids = append(b.ids, t.ID)
	if shadow {
		return
	}
	now := b.s.o.Clock.Now()
	t.Index, t.Time = b.tokens, now.Sub(b.began)
	t.Bytes = b.s.o.Piece(t.ID)
	t.Text = b.decoder.Push(t.Bytes)
	t.Top = row.Top()
	b.tokens++
	b.due = beat(b.due, now, b.pace)
	b.hurry = false
	b.log.Append(trace.Event{Kind: trace.EventToken, Token: t})
}

// restAfter is how late a token may be for the beat to go on; a first token, or one after a pause, starts it anew.
const restAfter = 250 * time.Millisecond

// beat is when the next token is due: a pace after the last one was due, so that a step's own time is not waited for twice.
// What a slow step missed is not made up for.
func beat(due, now time.Time, pace time.Duration) time.Time {
	switch next := due.Add(pace); {
	case now.Sub(next) > restAfter:
		return now.Add(pace)
	case next.Before(now):
		return now
	default:
		return next
	}
}

// hold keeps a row of logits that belongs to the backend's last result.
func (b *branch) hold(row sample.Row) {
	if b.held {
		return // it is the copy already
	}
	stats := *row.Stats
	b.row = sample.Row{Logits: append(b.row.Logits[:0], row.Logits...), Stats: &stats, InvT: row.InvT}
	b.held = true
}
