package app

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	tea "github.com/charmbracelet/bubbletea"

	"s1/engine/trace"
	"s1/tui/keys"
	"s1/tui/overlay"
	"s1/tui/text"
)

// Talk is the screen as a conversation in lines, for screen readers and dumb terminals. It is the same Model, with the same
// actions: a line is a key and what its dialog would ask for ("c 64"), or a question. What happens is said in words, in
// brackets, when it happens; nothing is drawn and nothing ticks.
type Talk struct {
	*Model
	out *bufio.Writer

	ready  bool     // the greeting has been said
	ended  bool     // there will be no more lines
	lines  []string // typed and not yet heard
	about  string   // the question, as last said
	shown  *branch
	told   map[*branch]*plainer
	state  trace.State     // of shown, as last said
	notice string          // as last said
	asked  overlay.Overlay // as last said
	fault  string
	failed error
}

// NewTalk returns a conversation before anything has happened.
func NewTalk(ctx context.Context, w io.Writer, opt Options) *Talk {
	return &Talk{Model: New(ctx, opt), out: bufio.NewWriter(w), told: map[*branch]*plainer{}}
}

// Init opens the model.
func (t *Talk) Init() tea.Cmd {
	t.say("[loading] %s", orElse(t.opt.Model, "the model"))
	return tea.Batch(t.Model.Init(), t.flush())
}

// View draws nothing.
func (t *Talk) View() string { return "" }

// Line is what a typed line does, for drivers.
func (t *Talk) Line(s string) tea.Cmd { _, cmd := t.Update(lineTyped{s}); return cmd }

// Pull takes what the logs have, at once, for drivers.
func (t *Talk) Pull() tea.Cmd { return tea.Batch(t.Model.Pull(), t.tell()) }

// Update takes a message and says what follows from it.
func (t *Talk) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	var cmd tea.Cmd
	switch msg := msg.(type) {
	case lineTyped:
		t.lines = append(t.lines, strings.TrimSpace(msg.text))
		if !t.ready && t.lines[len(t.lines)-1] == quitWord {
			return t, t.quit()
		}
	case linesEnded:
		t.ended = true
	case interrupted:
		cmd = t.interrupt()
	case tea.WindowSizeMsg, tea.KeyMsg, tea.MouseMsg: // there is no screen
	default:
		cmd = t.take(msg)
	}
	cmd = tea.Batch(cmd, t.tell())
	// Lines that came before the model did, or while a branch was being made, are heard when it is there.
	for t.ready && !t.busy && len(t.lines) > 0 {
		line := t.lines[0]
		t.lines = t.lines[1:]
		t.Model.notice, t.notice, t.quitArmed = "", "", false
		cmd = tea.Batch(cmd, t.line(line), t.tell())
	}
	if t.ended && t.ready && !t.busy && len(t.lines) == 0 && !t.anyRunning() {
		cmd = tea.Batch(cmd, t.quit())
	}
	return t, cmd
}

// say writes a line of its own.
func (t *Talk) say(format string, args ...any) {
	if p := t.told[t.shown]; p != nil {
		p.newline()
	}
	fmt.Fprintln(t.out, strings.TrimRight(text.Clean(fmt.Sprintf(format, args...), false), " "))
}

// flush shows what was said; a reader that has gone away ends the conversation.
func (t *Talk) flush() tea.Cmd {
	if err := t.out.Flush(); err != nil {
		if !gone(err) {
			t.failed = err
		}
		return t.quit()
	}
	return nil
}

// tell says what is new: the model, faults and notices, the branch in view, its tokens, its state.
func (t *Talk) tell() tea.Cmd {
	if t.broken != "" {
		t.failed = errors.New(t.broken)
		return tea.Batch(t.flush(), t.quit())
	}
	if t.thinker != nil && !t.ready {
		t.ready = true
		t.say("[ready] %s, %s", orElse(t.info.Name, t.opt.Model), t.info.Backend)
		t.invite()
	}
	if t.Model.fault != t.fault {
		if t.fault = t.Model.fault; t.fault != "" {
			t.say("[error] %s", oneLine(strings.TrimSuffix(t.fault, "  (esc)")))
			t.Model.fault, t.fault = "", "" // there is no screen on which it would stay
		}
	}
	b := t.now()
	if b != t.shown && b != nil {
		t.turnTo(b)
	}
	if b != nil {
		t.follow(b)
	}
	if t.Model.notice != t.notice {
		if t.notice = t.Model.notice; t.notice != "" {
			t.say("[%s]", oneLine(t.notice))
		}
	}
	if t.over != t.asked {
		if t.asked = t.over; t.asked != nil {
			t.showOver()
		}
	}
	return t.flush()
}

// invite says how to ask.
func (t *Talk) invite() {
	t.say("Type a question, then enter. While it thinks, type one of these, then enter: %s.", t.can(keys.State{Asked: true, Running: true, Thinking: true, Branches: 1}))
	t.say("%s lists all, q quits.", orElse(t.keys.Of(keys.Help).Shown(), "?"))
	if q := orElse(strings.TrimSpace(t.promptPane.Editor.Value()), t.examples.offer()); q != "" {
		t.say("Enter alone asks: %s", oneLine(q))
	}
}

// can lists what acts in a state, as on the bottom line.
func (t *Talk) can(s keys.State) string {
	s.Prompt, s.Following = false, true
	var out []string
	for _, b := range t.keys.Line(s) {
		if speaks(b) && b.Action != keys.Help {
			out = append(out, t.keys.Pair(b)+" "+b.Short)
		}
	}
	return strings.Join(out, ", ")
}

// turnTo begins to follow another branch. One that was told already is summed up.
func (t *Talk) turnTo(b *branch) {
	if p := t.told[b]; p != nil {
		t.say("[branch %s of %d] %s, %d thinking tokens, answer %s %s", b.label, len(t.branches), t.causeOf(b), b.spent,
			orElse(oneLine(b.answer.Last(answerBytes)), "none yet"), besideAnswer(b))
		t.shown, t.state = b, b.state
		return
	}
	if t.Model.question != t.about {
		t.about = t.Model.question
		t.say("[question] %s", oneLine(t.about))
	}
	if len(t.branches) > 1 {
		t.say("[branch %s of %d] %s, from token %d on", b.label, len(t.branches), t.causeOf(b), b.info.At)
	}
	p := &plainer{out: t.out, same: b.same, origin: trace.OriginSampled, asked: b.info.Budget, expected: b.expected}
	for _, k := range b.tokens[:min(b.info.At, len(b.tokens))] {
		if k.counted {
			p.spent++
		}
	}
	t.told[b], t.shown, t.state = p, b, trace.StateThinking
}

// follow says what the branch in view has come to.
func (t *Talk) follow(b *branch) {
	p := t.told[b]
	events, _ := b.live.Log().Since(p.pos)
	p.pos += len(events)
	for _, e := range events {
		if e.Kind == trace.EventToken && e.Token.Index < b.info.At {
			continue // inherited: it was said with the branch it comes from
		}
		if e.Kind == trace.EventState && e.State == trace.StatePaused && t.state != trace.StatePaused {
			p.newline()
		}
		_ = p.event(e) // its errors are the buffer's, which flush reports
	}
	if b.state == t.state {
		return
	}
	was := t.state
	t.state = b.state
	switch {
	case b.state == trace.StatePaused:
		t.say("[paused] %s", t.can(t.Model.state()))
	case b.state == trace.StateReading:
		t.say("[reading the question]")
	case b.state == trace.StateEnded:
		t.say("[%s] %s; or another question", t.word(b), t.can(t.Model.state()))
	case was == trace.StatePaused:
		t.say("[going on]")
	}
}

func (t *Talk) word(b *branch) string {
	word, _, _ := t.stateWord(b)
	return word
}

// showOver says what an overlay would ask.
func (t *Talk) showOver() {
	switch o := t.over.(type) {
	case *overlay.Input:
		t.say("[%s] %s", o.Title, o.Hint)
		if o.Cost != nil {
			t.say("%s", o.Cost(o.Editor.Value()))
		}
		t.say("Type it, then enter. Enter alone takes %q, esc then enter goes back.", o.Editor.Value())
	case *overlay.List:
		t.say("[%s]", o.Title)
		if len(o.Rows) == 0 {
			t.say("%s", o.Empty)
			t.over, t.chosen = nil, nil
			return
		}
		for i, r := range o.Rows {
			t.say("%d. %s, %s, %s", i+1, oneLine(r[0]), oneLine(r[1]), oneLine(r[2]))
		}
		t.say("Type a number, then enter. Enter alone goes back.")
	case nil:
	default:
		t.say("[that is shown on the screen only]")
		t.over, t.chosen = nil, nil
	}
}
