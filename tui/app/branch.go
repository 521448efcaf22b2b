package app

import (
	"errors"
	"fmt"
	"sort"
	"strings"
	"time"

	"s1/engine/trace"
	"s1/tui/pane/signals"
	"s1/tui/plot"
	"s1/tui/text"
	"s1/tui/theme"
)

// Sizes of what is remembered of a running branch for its figures.
const (
	speedWindow = 2 * time.Second // over which tokens per second are counted
	speedTokens = 256
)

// token is what the screen keeps of a trace.Token: where it stands in its text, and what decides how it is shown. The rest
// stays in the log.
type token struct {
	id      int32
	at      int32 // first byte in the text of its phase
	event   int32 // its place in the log, -1 = not said yet
	phase   trace.Phase
	origin  trace.Origin
	counted bool
	wished  bool

	logprob, entropy, endProb float32 // NaN = unknown
}

// branch is one branch as the screen sees it, built from its events and nothing else.
type branch struct {
	live   Live
	source int // in the feed
	info   trace.Branch
	label  string

	expected string        // the right answer, "" = unknown
	same     trace.Same    // whether an answer is it
	verdict  trace.Verdict // once there is an answer
	tokens   []token
	events   int // taken from the log
	at       int // the token under the cursor, -1 = none
	thought  *text.Doc
	answer   *text.Doc
	pending  *text.Mark // a mark that waits for the first visible byte

	ownClose    bool // a close that the model drew itself is being written
	closed      bool // the answer has begun
	state       trace.State
	done, total int // prompt tokens read
	budget      trace.Budget
	receipt     *trace.Receipt
	err         error
	seen        bool // the error was shown and sent away
	notice      string
	loop        bool
	pauses      []int // token positions

	folded, binned bool         // in the tree
	bookmarks      map[int]bool // tokens
	note           string       // on the branch
	worth          string       // Good, Bad or ""
	ticker         *ticking
	original       *branch // what this one plays again, nil = it thinks itself

	spent, waits, answered, injected int
	times                            []time.Duration
	drawn                            int         // tokens of its own that the model chose
	ends, entropies                  plot.Series // of the thought, a number a token
	marks                            []signals.Mark
	turned                           []int // reflection words of the thought, by token, as far as it was read
	turnedOf                         int   // bytes of it
}

func newBranch(live Live, label string, t *theme.Theme, same trace.Same) *branch {
	b := &branch{live: live, info: live.Branch(), label: label, expected: live.Run().Expected, same: same, at: -1}
	b.budget = b.info.Budget
	b.thought, b.answer = text.NewDoc(t.ASCII), text.NewDoc(t.ASCII)
	return b
}

// inherit takes over the parent's first tokens, so that they are there before the new branch says anything.
func (b *branch) inherit(parent *branch, at int) {
	at = min(at, len(parent.tokens))
	b.thought = parent.thought.Prefix(parent.offset(at, trace.PhaseThinking))
	b.answer = parent.answer.Prefix(parent.offset(at, trace.PhaseAnswer))
	if at < len(parent.tokens) && parent.tokens[at].wished {
		b.thought.Unmark(theme.Wish, b.thought.LastInk()) // that wish was the parent's
	}
	for _, k := range parent.tokens[:at] {
		k.event = -1
		if k.phase == trace.PhaseThinking {
			b.ends.Append(k.endProb)
			b.entropies.Append(k.entropy)
		}
		b.tokens = append(b.tokens, k)
		b.account(k)
	}
	for _, k := range parent.marks {
		if k.At < at {
			b.marks = append(b.marks, k)
		}
	}
}

func (b *branch) account(k token) {
	if k.counted {
		b.spent++
	}
	if k.wished && k.origin != trace.OriginForced {
		b.waits++
	}
	if k.phase == trace.PhaseAnswer {
		b.closed = true
		if k.origin != trace.OriginForced {
			b.answered++
		}
	}
	if k.origin == trace.OriginInjected {
		b.injected++
	}
}

// apply takes one event.
func (b *branch) apply(e trace.Event) {
	defer func() { b.events++ }()
	switch e.Kind {
	case trace.EventToken:
		b.add(e.Token)
	case trace.EventState:
		if e.State == trace.StatePaused && b.state != trace.StatePaused && b.phase() == trace.PhaseThinking {
			b.pausedHere()
		}
		b.state, b.done, b.total = e.State, e.Done, e.Total
	case trace.EventBudget:
		b.budget = *e.Budget
	case trace.EventNotice:
		b.notice, b.loop = e.Notice, e.Loop
	case trace.EventEnd:
		b.state, b.err = trace.StateEnded, e.Err
		b.loop = false
		if e.Err == nil || e.Receipt.Outcome != "" {
			r := *e.Receipt
			b.receipt = &r
			b.verdict = b.same.Judge(b.expected, b.answer.Last(answerBytes), b.receipt)
		}
	}
}

func (b *branch) pausedHere() {
	if n := len(b.pauses); n > 0 && b.pauses[n-1] == len(b.tokens) {
		return
	}
	b.pauses = append(b.pauses, len(b.tokens))
	b.thought.Mark(text.Mark{At: b.thought.LastInk(), Role: theme.Pause, Note: "paused here"})
}

func (b *branch) phase() trace.Phase {
	if n := len(b.tokens); n > 0 {
		return b.tokens[n-1].phase
	}
	return trace.PhaseThinking
}

func (b *branch) add(k trace.Token) {
	if k.Index < len(b.tokens) {
		if k.Index >= 0 {
			b.tokens[k.Index].event = int32(b.events) // inherited: it is here already
		}
		return
	}
	phase := k.Phase
	if phase == trace.PhasePrompt {
		return
	}
	doc := b.doc(phase)
	shown := k.Text
	if phase == trace.PhaseAnswer && doc.Len() == 0 {
		shown = strings.TrimLeft(shown, " \n\t")
	}
	if phase == trace.PhaseThinking {
		b.noteClose(k)
	}
	role := b.roleOf(k)
	was := theme.Text
	if n := len(b.tokens); n > 0 && b.tokens[n-1].phase == phase && b.tokens[n-1].origin == k.Origin {
		was = role // it goes on in the same hand
	}
	if k.Wished && !b.ownClose {
		doc.Mark(text.Mark{At: doc.LastInk(), Role: theme.Wish, Note: "wished to stop  " + prob(k.EndProb)})
	}
	t := token{
		id: k.ID, event: int32(b.events), phase: phase, origin: k.Origin, counted: k.Counted, wished: k.Wished,
		logprob: k.Logprob, entropy: k.Entropy, endProb: k.EndProb,
	}
	b.account(t)
	if (role == theme.Accent || role == theme.Warn) && (was != role || k.Wished) {
		waits := b.info.Cause == trace.CauseWait && len(b.tokens) == b.info.At // in place of the close of the branch before
		if k.Wished || role == theme.Warn || waits {
			doc.Break() // the thought ended here, or was to; anything else stands where it was put
		}
		b.pending = &text.Mark{Role: role, Note: b.noteOf(k)}
	}
	t.at = int32(doc.Len())
	b.tokens = append(b.tokens, t)
	if ink := strings.IndexFunc(shown, func(r rune) bool { return r != '\n' && r != ' ' && r != '\t' && r != '\r' }); b.pending != nil && ink >= 0 {
		b.pending.At = doc.Len() + ink
		doc.Mark(*b.pending)
		b.pending = nil
	}
	doc.Append(shown, role)
	b.measure(k)
}

// speed returns tokens per second: of the whole run once it has ended, of the last moments while it runs.
func (b *branch) speed() float64 {
	if b.receipt != nil && b.receipt.TokensPerSecond > 0 {
		return b.receipt.TokensPerSecond
	}
	n := len(b.times)
	if n < 2 || b.drawn < 2 { // what is fed in comes at once, and says nothing of the model
		return 0
	}
	last := b.times[n-1]
	first := sort.Search(n, func(i int) bool { return b.times[i] >= last-speedWindow })
	if d := last - b.times[first]; d > 0 {
		return float64(n-1-first) / d.Seconds()
	}
	return 0
}

func (b *branch) running() bool { return b.state != trace.StateEnded }

// interrupted says that the branch never ended: what was kept of it stops somewhere, and can be gone on with from there.
func (b *branch) interrupted() bool {
	var i *trace.Interrupted
	return errors.As(b.err, &i)
}

// thinking says whether the thought is still open, so that it can be made longer or closed.
func (b *branch) thinking() bool {
	return b.running() && b.state != trace.StateAnswering && !b.closed
}

func prob(p float32) string {
	if p != p { // a server need not tell it
		return "p ?"
	}
	s := fmt.Sprintf("%.2f", p)
	return "p " + strings.TrimPrefix(s, "0")
}
