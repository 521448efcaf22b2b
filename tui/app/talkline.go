package app

import (
	"fmt"
	"strconv"
	"strings"

	tea "github.com/charmbracelet/bubbletea"

	"s1/tui/keys"
	"s1/tui/overlay"
	"s1/tui/text"
)

// What leaves a conversation or a dialog of it, beside the keys of the table.
const (
	quitWord = "q"
	backWord = "esc"
)

// line does what a typed line means: the answer to a dialog, a command, or a question.
func (t *Talk) line(s string) tea.Cmd {
	if t.over != nil {
		return t.reply(s)
	}
	word, rest, _ := strings.Cut(s, " ")
	rest = strings.TrimSpace(rest)
	switch {
	case s == quitWord:
		return t.quit()
	case s == "" && t.thinker != nil && !t.anyRunning():
		return t.question(orElse(strings.TrimSpace(t.promptPane.Editor.Value()), t.examples.offer()))
	case s == "":
		return nil
	}
	b, ok := t.command(word, rest)
	switch {
	case ok:
		return t.do(b, strings.TrimSuffix(word, ":"), rest)
	case t.anyRunning():
		t.say("[no command is called %s; %s lists them, and a question waits until this has ended]", word, orElse(t.keys.Of(keys.Help).Shown(), "help"))
		return nil
	}
	return t.question(s)
}

// question asks, as enter in the prompt does.
func (t *Talk) question(q string) tea.Cmd {
	if q == "" {
		return nil
	}
	t.promptPane.Editor.Set(q)
	t.focus = onPrompt
	return t.try(t.keys.Of(keys.Send), "")
}

// speaks says whether an action means something in a conversation: not what moves on a screen.
func speaks(b keys.Binding) bool {
	switch b.Action {
	case keys.LineUp, keys.LineDown, keys.PageUp, keys.PageDown, keys.HalfUp, keys.HalfDown, keys.Top, keys.Bottom, keys.Focus, keys.FocusBack,
		keys.Ask, keys.Send, keys.Newline, keys.Older, keys.Newer, keys.Example, keys.Suspend, keys.Quit, keys.QuitEmpty:
		return false
	}
	return true
}

// command finds the binding that a line names, by a key or by the action's own name. While something runs, every line is a
// command. After that a line of more words is one only if it could not be a question: a number where one is wanted, or a
// colon after the key ("I: but what if").
func (t *Talk) command(word, rest string) (keys.Binding, bool) {
	name, colon := strings.CutSuffix(word, ":")
	b, ok := t.keys.Find(keys.State{}, name)
	if !ok {
		for _, row := range t.keys.Table() {
			if string(row.Action) == name {
				b, ok = row, true
			}
		}
	}
	if !ok || !speaks(b) {
		return keys.Binding{}, false
	}
	if rest == "" || colon || t.anyRunning() {
		return b, true
	}
	_, _, why := parseSecond(rest)
	return b, why == "" && (b.Action == keys.Cap || b.Action == keys.Second)
}

// do carries out a command; rest is what its dialog would be told.
func (t *Talk) do(b keys.Binding, key, rest string) tea.Cmd {
	if t.now() != nil {
		t.focus = onThought
	}
	switch b.Action {
	case keys.Help, keys.Palette:
		t.sheet()
		return nil
	case keys.Compare:
		t.compare()
		return nil
	}
	cmd := t.try(b, key)
	if t.over != nil && rest != "" {
		cmd = tea.Batch(cmd, t.reply(rest))
	}
	if b.Action == keys.Another {
		t.say("Enter alone asks: %s", oneLine(t.examples.offer()))
	}
	return cmd
}

// reply answers the dialog that is open.
func (t *Talk) reply(s string) tea.Cmd {
	switch o := t.over.(type) {
	case *overlay.Input:
		if s == backWord {
			break
		}
		if s != "" {
			o.Editor.Set(s)
		}
		if o.Check != nil {
			if why := o.Check(o.Editor.Value()); why != "" {
				t.say("[%s] %s", text.Clean(o.Editor.Value(), false), why)
				return nil
			}
		}
		return t.pressOver("enter", "")
	case *overlay.List:
		if s == "" || s == backWord {
			break
		}
		n, err := strconv.Atoi(s)
		if err != nil || n < 1 || n > len(o.Rows) {
			t.say("[%s] a number from 1 to %d", text.Clean(s, false), len(o.Rows))
			return nil
		}
		o.Press("home", "")
		for range n - 1 {
			o.Press("down", "")
		}
		return t.pressOver("enter", "")
	}
	t.over, t.chosen = nil, nil
	t.say("[back]")
	return nil
}

// sheet lists the commands by task; what cannot be done now says why.
func (t *Talk) sheet() {
	names, of := t.keys.Groups()
	for _, g := range names {
		var rows []string
		for _, b := range of[g] {
			if !speaks(b) {
				continue
			}
			name := b.AllShown()
			if b.Shown() == "" {
				name = string(b.Action)
			}
			row := fmt.Sprintf("  %s: %s", name, b.Help)
			s := t.Model.state()
			s.Prompt = false
			if why, ok := b.Enabled(s); !ok {
				row += " (not now: " + why + ")"
			}
			rows = append(rows, row)
		}
		if len(rows) > 0 {
			t.say("%s", g)
			for _, r := range rows {
				t.say("%s", r)
			}
		}
	}
	t.say("A key may be followed by what it asks for: %s 64, %s: but what if. %s quits.", t.keys.Of(keys.Cap).Shown(), t.keys.Of(keys.Inject).Shown(), quitWord)
}

// compare says of each branch what the comparison would show.
func (t *Talk) compare() {
	if why, ok := t.keys.Of(keys.Compare).Enabled(t.Model.state()); !ok {
		t.say("[%s]", why)
		return
	}
	for i, b := range t.branches {
		line := fmt.Sprintf("[%s] %s, %s, %d + %d tokens, answer %s %s", b.label, t.causeOf(b), t.word(b), b.spent, b.answered,
			orElse(oneLine(b.answer.Last(answerBytes)), "none yet"), besideAnswer(b))
		if i > 0 {
			if at, differ := parts(t.branches[i-1], b); differ {
				line += fmt.Sprintf("; parts from %s at token %d", t.branches[i-1].label, at)
			}
		}
		t.say("%s", line)
	}
}
