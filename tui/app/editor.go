package app

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"slices"
	"strings"
	"syscall"

	tea "github.com/charmbracelet/bubbletea"

	"s1/engine/trace"
)

// maxEdited bounds what is read back from an editor, in bytes.
const maxEdited = 1 << 20

// edited is what came back from the editor.
type edited struct {
	branch *branch
	was    string // what the editor got
	is     string // what it gave back
	kept   string // where the file still is, because it holds what could not be taken; "" = it is gone
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
	e := &editor{words: strings.Fields(orElse(os.Getenv("VISUAL"), orElse(os.Getenv("EDITOR"), "vi"))), was: b.written()}
	if len(e.words) == 0 {
		e.words = []string{"vi"}
	}
	return tea.Exec(e, func(err error) tea.Msg { return edited{b, e.was, e.is, e.kept, err} })
}

// editor lends a text to a program by way of a file. The file lives only while Run does, unless it holds something that was written
// and could not be taken.
type editor struct {
	words    []string // the program and its arguments, the file comes behind them
	was, is  string
	kept     string
	dir      string // "" = that of temporary files
	in       io.Reader
	out, log io.Writer
}

func (e *editor) SetStdin(r io.Reader)  { e.in = r }
func (e *editor) SetStdout(w io.Writer) { e.out = w }
func (e *editor) SetStderr(w io.Writer) { e.log = w }

// Run writes the file, runs the program on it, reads it back and removes it. A terminal that closes meanwhile ends both, after that.
func (e *editor) Run() error {
	gone := make(chan os.Signal, 1)
	if !signal.Ignored(syscall.SIGHUP) {
		signal.Notify(gone, syscall.SIGHUP)
		defer func() {
			signal.Stop(gone)
			if len(gone) > 0 {
				_ = syscall.Kill(os.Getpid(), syscall.SIGHUP)
			}
		}()
	}
	f, err := os.CreateTemp(e.dir, "s1-thought-*.txt")
	if err != nil {
		return fmt.Errorf("the thought could not be written for the editor: %w", err)
	}
	path := f.Name()
	defer func() {
		if e.kept == "" {
			_ = os.Remove(path)
		}
	}()
	_, err = f.WriteString(e.was)
	if err = errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("the thought could not be written for the editor: %w", err)
	}
	c := exec.Command(e.words[0], append(slices.Clone(e.words[1:]), path)...)
	c.Stdin, c.Stdout, c.Stderr = e.in, e.out, e.log
	failed := c.Run()
	now, err := readBack(path)
	switch {
	case failed != nil:
		if err == nil && string(now) != e.was || errors.Is(err, errLarge) {
			e.kept = path
		}
		return fmt.Errorf("the editor failed: %w", failed)
	case err != nil:
		if !errors.Is(err, os.ErrNotExist) {
			e.kept = path
		}
		return fmt.Errorf("what the editor wrote could not be read: %w", err)
	}
	e.is = string(now)
	return nil
}

// errLarge is why a file is not read.
var errLarge = errors.New("is too large")

func readBack(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var b bytes.Buffer
	if n, err := io.Copy(&b, io.LimitReader(f, maxEdited+1)); err != nil {
		return nil, err
	} else if n > maxEdited {
		return nil, fmt.Errorf("the file %w, at most %d bytes", errLarge, maxEdited)
	}
	return b.Bytes(), nil
}

// tookEdit makes a branch of what came back: it goes on from the first changed token, with all that was written from there on.
func (m *Model) tookEdit(msg edited) tea.Cmd {
	if msg.err != nil {
		s := oneLine(msg.err.Error())
		if msg.kept != "" {
			s = "what you wrote is kept in " + msg.kept + ", because " + s
		}
		m.warn(s)
		return nil
	}
	b := msg.branch
	was, is := msg.was, msg.is
	if !strings.HasSuffix(was, "\n") {
		is = strings.TrimSuffix(is, "\n") // which editors add
	}
	if was == is {
		m.say("nothing was changed")
		return nil
	}
	i := slices.Index(m.branches, b)
	if i < 0 || m.busy {
		m.warn("something else was begun meanwhile")
		return m.keepWritten(is)
	}
	m.switchTo(i)
	same := 0
	for same < len(was) && same < len(is) && was[same] == is[same] {
		same++
	}
	at := b.tokenAt(trace.PhaseThinking, same)
	if same == b.thought.Len() { // something was added behind it
		var closes bool
		if at, closes = b.closeAt(); !closes {
			at = b.firstAnswer()
		}
	}
	at = max(at, 0)
	var grow tea.Cmd
	if rest := is[min(b.offset(at, trace.PhaseThinking), len(is)):]; rest == "" {
		grow = m.grow(at, b.budget, "go on from there", false)
	} else {
		grow = m.rewrite(at, rest)
	}
	return func() tea.Msg {
		msg := grow()
		if s, ok := msg.(branchStarted); ok {
			s.wrote = is
			return s
		}
		return msg
	}
}

// keepWritten puts what came back from an editor, and could not be used, into a file, and says where it is.
func (m *Model) keepWritten(text string) tea.Cmd {
	n := m.news
	return func() tea.Msg {
		f, err := os.CreateTemp("", "s1-written-*.txt")
		if err == nil {
			_, err = f.WriteString(text)
			if err = errors.Join(err, f.Close()); err != nil {
				_ = os.Remove(f.Name())
			}
		}
		n.post(func(m *Model) {
			if err != nil {
				m.warn("could not keep what you wrote: " + oneLine(err.Error()))
				return
			}
			m.warn("what you wrote is kept in " + f.Name())
		})
		return nil
	}
}
