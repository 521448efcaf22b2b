package app

import (
	"fmt"
	"os"
	"os/exec"
	"strings"

	tea "github.com/charmbracelet/bubbletea"

	"s1/engine/trace"
	"s1/tui/overlay"
)

// forkTemperature is what a fork of a greedy branch is sampled with: greedy again would only repeat it.
const forkTemperature = 1

// fork goes on from before the token under the cursor with other draws.
func (m *Model) fork() tea.Cmd {
	b := m.now()
	s := m.sampling
	s.Seed += uint64(len(m.branches))
	note := ""
	if s.Temperature == 0 {
		s.Temperature = forkTemperature
		note = ", sampled at temperature 1 (greedy would repeat it)"
	}
	m.say(fmt.Sprintf("forked at token %d%s", b.at, note))
	return m.growAs(b.at, b.budget, s, "fork", false)
}

// takeCandidate puts the chosen candidate in place of the token under the cursor.
func (m *Model) takeCandidate() tea.Cmd {
	b := m.now()
	k := b.token(b.at)
	if k == nil || m.pick < 0 || m.pick >= len(k.Top) {
		m.warn(m.keys.Text("choose a candidate first: in the token pane ({show-token}, then {focus}) with up and down"))
		return nil
	}
	id := k.Top[m.pick].ID
	if id == k.ID {
		m.warn(m.keys.Text("that is the token which stands there; up and down choose another, {fork} draws anew"))
		return nil
	}
	return m.grow(b.at, b.budget, "take that candidate", false, trace.Command{Kind: trace.CommandTake, N: int(id)})
}

// inputEdit asks what should stand in place of the token under the cursor.
func (m *Model) inputEdit() {
	b := m.now()
	in := overlay.Input{
		Title: "write instead",
		Hint:  fmt.Sprintf("takes the place of token %d, exactly as typed; what came after it is thought anew as a new branch, the old one stays", b.at),
		Check: notEmpty,
	}
	_, from, to := b.span(b.at)
	in.Editor.Set(b.doc(b.tokens[b.at].phase).Slice(from, to))
	at := b.at
	m.input(in, func(s string) tea.Cmd { return m.rewrite(at, s) })
}

// rewrite goes on from before token at with a text in its place.
func (m *Model) rewrite(at int, s string) tea.Cmd {
	return m.grow(at, m.now().budget, "go on from there", false, trace.Command{Kind: trace.CommandEdit, Text: s})
}

func notEmpty(s string) string {
	if s == "" {
		return "type what should stand there"
	}
	return ""
}

// edited is the file that came back from the editor.
type edited struct {
	branch *branch
	was    string // what the editor got
	path   string
	err    error
}

// written is the thought without the words that close it: they are the model's to say, and most models take them from nobody.
func (b *branch) written() string {
	if at, ok := b.closeAt(); ok {
		return b.thought.Slice(0, b.offset(at, trace.PhaseThinking))
	}
	return b.thought.String()
}

// openEditor gives the thought to $EDITOR.
func (m *Model) openEditor() tea.Cmd {
	b := m.now()
	words := strings.Fields(orElse(os.Getenv("VISUAL"), orElse(os.Getenv("EDITOR"), "vi")))
	was := b.written()
	f, err := os.CreateTemp("", "s1-thought-*.txt")
	if err == nil {
		_, err = f.WriteString(was)
		if shut := f.Close(); err == nil {
			err = shut
		}
	}
	if err != nil {
		m.warn("could not write the thought for the editor: " + oneLine(err.Error()))
		return nil
	}
	path := f.Name()
	c := exec.Command(words[0], append(words[1:], path)...)
	return tea.ExecProcess(c, func(err error) tea.Msg { return edited{b, was, path, err} })
}

// maxEdited bounds what is read back, in bytes.
const maxEdited = 1 << 20

// tookEdit makes a branch of what came back: it goes on from the first changed token, with all that was written from there on.
func (m *Model) tookEdit(msg edited) tea.Cmd {
	defer os.Remove(msg.path)
	if msg.err != nil {
		m.warn("the editor failed: " + oneLine(msg.err.Error()))
		return nil
	}
	info, err := os.Stat(msg.path)
	if err == nil && info.Size() > maxEdited {
		err = fmt.Errorf("%d bytes are too many, at most %d", info.Size(), maxEdited)
	}
	var now []byte
	if err == nil {
		now, err = os.ReadFile(msg.path)
	}
	if err != nil {
		m.warn("could not read what the editor wrote: " + oneLine(err.Error()))
		return nil
	}
	b := msg.branch
	was, is := msg.was, string(now)
	if !strings.HasSuffix(was, "\n") {
		is = strings.TrimSuffix(is, "\n") // which editors add
	}
	same := 0
	for same < len(was) && same < len(is) && was[same] == is[same] {
		same++
	}
	if same == len(was) && same == len(is) {
		m.say("nothing was changed")
		return nil
	}
	at := b.tokenAt(trace.PhaseThinking, same)
	if same == b.thought.Len() { // something was added behind it
		var closes bool
		if at, closes = b.closeAt(); !closes {
			at = b.firstAnswer()
		}
	}
	at = max(at, 0)
	rest := is[min(b.offset(at, trace.PhaseThinking), len(is)):]
	for i, other := range m.branches {
		if other == b {
			m.switchTo(i)
		}
	}
	if rest == "" {
		return m.grow(at, b.budget, "go on from there", false)
	}
	return m.rewrite(at, rest)
}
