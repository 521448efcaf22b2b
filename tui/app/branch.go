package app

import (
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

// offset returns how long the text of a phase is before token at.
func (b *branch) offset(at int, phase trace.Phase) int {
	for _, k := range b.tokens[at:] {
		if k.phase == phase {
			return int(k.at)
		}
	}
	return b.doc(phase).Len()
}

func (b *branch) doc(phase trace.Phase) *text.Doc {
	if phase == trace.PhaseAnswer {
		return b.answer
	}
	return b.thought
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
		doc.Break()
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

// noteClose sees whether the model closes its thought by itself: it draws the first word of the close, or another end
// of its turn after which the close is written for it. Nothing is forced then.
func (b *branch) noteClose(k trace.Token) {
	switch {
	case k.Counted || k.Origin == trace.OriginInjected:
		b.ownClose = false
	case (k.Origin == trace.OriginSampled || k.Wished) && !b.ownClose:
		b.ownClose = true
		b.thought.Break()
	}
}

// token returns all that is known of token i, nil where the log has not said it.
func (b *branch) token(i int) *trace.Token {
	if i < 0 || i >= len(b.tokens) || b.tokens[i].event < 0 {
		return nil
	}
	events, _ := b.live.Log().Since(int(b.tokens[i].event))
	if len(events) == 0 || events[0].Kind != trace.EventToken {
		return nil
	}
	return &events[0].Token
}

func (b *branch) roleOf(k trace.Token) theme.Role {
	switch {
	case k.Origin == trace.OriginInjected:
		return theme.Accent
	case k.Origin == trace.OriginForced && b.ownClose && k.Phase == trace.PhaseThinking:
		return theme.Dim // the model closed by itself; what is left of the close is only completed
	case k.Origin == trace.OriginForced && (b.spent > 0 || b.injected > 0 || k.Phase == trace.PhaseAnswer):
		return theme.Warn
	case k.Phase == trace.PhaseThinking && !k.Counted:
		return theme.Dim // the words that open and close a thought
	}
	return theme.Text
}

func (b *branch) noteOf(k trace.Token) string {
	switch {
	case k.Origin == trace.OriginInjected && k.Wished:
		return fmt.Sprintf("yours, %d of %d", b.waits, max(b.waits, b.budget.Waits))
	case k.Origin == trace.OriginInjected:
		return "yours"
	case k.Phase == trace.PhaseAnswer:
		return "forced"
	case b.budget.Cap >= 0 && b.spent >= b.budget.Cap:
		return "the cap  " + prob(k.EndProb)
	}
	return "answer now  " + prob(k.EndProb)
}

func (b *branch) measure(k trace.Token) {
	b.times = tail(append(b.times, k.Time), speedTokens)
	if k.Phase == trace.PhaseThinking {
		b.ends.Append(k.EndProb)
		b.entropies.Append(k.Entropy)
		b.markSignal(k)
	}
}

// markSignal notes what was wished, injected or forced, for the signals.
func (b *branch) markSignal(k trace.Token) {
	at := b.entropies.Len() - 1
	switch {
	case k.Wished:
		b.marks = append(b.marks, signals.Mark{At: at, Role: theme.Wish})
		fallthrough
	case k.Origin == trace.OriginInjected:
		if k.Origin == trace.OriginInjected {
			b.marks = append(b.marks, signals.Mark{At: at, Role: theme.Accent})
		}
	case k.Origin == trace.OriginForced && !b.ownClose && b.spent > 0:
		b.marks = append(b.marks, signals.Mark{At: at, Role: theme.Warn})
	}
}

func tail[T any](s []T, n int) []T {
	if len(s) > 2*n {
		copy(s, s[len(s)-n:])
		s = s[:n]
	}
	return s
}

// speed returns tokens per second: of the whole run once it has ended, of the last moments while it runs.
func (b *branch) speed() float64 {
	if b.receipt != nil && b.receipt.TokensPerSecond > 0 {
		return b.receipt.TokensPerSecond
	}
	n := len(b.times)
	if n < 2 {
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

// thinking says whether the thought is still open, so that it can be made longer or closed.
func (b *branch) thinking() bool {
	return b.running() && b.state != trace.StateAnswering && !b.closed
}

// closeAt returns the index of the first token of the close of thinking, where a Wait after the end has to branch:
// back from the answer (or from the end of a thought that was stopped) over what does not count as thought.
func (b *branch) closeAt() (int, bool) {
	if b.spent == 0 {
		return 0, false
	}
	i := len(b.tokens)
	for j, k := range b.tokens {
		if k.phase == trace.PhaseAnswer {
			i = j
			break
		}
	}
	for i > 0 && !b.tokens[i-1].counted && b.tokens[i-1].origin != trace.OriginInjected {
		i--
	}
	return i, true
}

// countedAt returns the index right after the nth thinking token.
func (b *branch) countedAt(n int) int {
	for i, k := range b.tokens {
		if !k.counted {
			continue
		}
		if n == 0 {
			return i
		}
		n--
	}
	i, _ := b.closeAt()
	return i
}

// below returns how many thinking tokens start at or after a byte of the thought.
func (b *branch) below(at int) int {
	end := len(b.tokens)
	for end > 0 && b.tokens[end-1].phase == trace.PhaseAnswer {
		end--
	}
	return end - sort.Search(end, func(i int) bool { return int(b.tokens[i].at) >= at })
}

// parts returns the first token at which two branches differ. One that still runs may yet follow the longer one: until
// then they do not differ.
func parts(a, b *branch) (int, bool) {
	n := min(len(a.tokens), len(b.tokens))
	for i := range n {
		if a.tokens[i].id != b.tokens[i].id {
			return i, true
		}
	}
	shorter := a
	if len(b.tokens) < len(a.tokens) {
		shorter = b
	}
	return n, len(a.tokens) != len(b.tokens) && !shorter.running()
}

// span returns the bytes of token i in the text of its phase.
func (b *branch) span(i int) (phase trace.Phase, from, to int) {
	if i >= len(b.tokens) {
		return trace.PhaseThinking, -1, -1
	}
	k := b.tokens[i]
	return k.phase, int(k.at), b.offset(i+1, k.phase)
}

func prob(p float32) string {
	if p != p { // a server need not tell it
		return "p ?"
	}
	s := fmt.Sprintf("%.2f", p)
	return "p " + strings.TrimPrefix(s, "0")
}
