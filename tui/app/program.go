package app

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"sync"
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"s1/engine/trace"
	"s1/tui/keys"
	"s1/tui/record"
	"s1/tui/theme"
)

// framesPerSecond is how often the renderer looks for a new frame; the feed decides how often there is one.
const framesPerSecond = 60

// Options is everything the screen depends on.
type Options struct {
	// Open brings the model; the screen is there before it is. progress takes a line such as "reading weights, 40 %".
	Open    func(ctx context.Context, progress func(string)) (Thinker, error)
	Library Library            // nil: nothing is kept
	Trainer Trainer            // nil: nothing is trained here
	Curator Curator            // nil: nothing is curated here
	Jobs    Jobs               // nil: there are none here
	Copy    func(string) error // hands a text to the clipboard; nil: the terminal's own, where there is one

	Model         string // its name, shown while it loads
	Prompt        string // put into the prompt, not sent
	Session       string // a kept run to open as soon as the model is there; Library must be a Reopener
	Replay        bool   // and to be played from its beginning, at Pace
	System        string
	ThinkFormat   string
	Budget        trace.Budget
	Sampling      trace.Sampling
	ModelSampling bool // take the model's own default sampling, only the seed from Sampling
	Pace          int  // tokens per second for people, 0 = as fast as it goes, PaceByModel

	Same       trace.Same    // whether an answer is the right one; nil = to the character
	Theme      theme.Options // theme.Detect(os.Getenv)
	Keys       *keys.Map     // nil: the built-in ones
	Mouse      bool          // the wheel scrolls, a click focuses; the terminal's own selection needs shift then
	Reflection []string      // words that count as a reflection; nil = the built-in list
	First      bool          // nothing has been set or kept yet: three lines say what there is
	Record     *record.Recorder

	// Story brings the steps of a story to play once the model is there; nil: none. It runs in the background.
	Story         func(ctx context.Context, t Thinker) ([]Step, error)
	Fast          bool             // no step is held longer than it takes
	Now           func() time.Time // nil: time.Now
	Input, Output *os.File         // nil: the standard ones

	Manual bool // for drivers: no timers and no waiting; Pull brings what has arrived
}

// Run shows the screen until the user quits, ctx ends, or SIGTERM or SIGINT arrives. The terminal is as it was afterwards,
// also after a panic, which is returned as an error.
func Run(ctx context.Context, opt Options) (err error) {
	in, out := opt.Input, opt.Output
	if in == nil {
		in = os.Stdin
	}
	if out == nil {
		out = os.Stdout
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	// A line of the standard logger would tear the screen; whoever wants logs has pointed it at a file before.
	if w := log.Writer(); w == os.Stderr || w == os.Stdout {
		log.SetOutput(io.Discard)
		defer log.SetOutput(w)
	}
	screen := &frames{File: out, record: opt.Record}
	if opt.Copy == nil {
		opt.Copy = screen.copy
	}
	m := New(ctx, opt)
	with := []tea.ProgramOption{
		tea.WithContext(ctx), tea.WithAltScreen(), tea.WithFPS(framesPerSecond),
		tea.WithInput(in), tea.WithOutput(screen),
		tea.WithoutCatchPanics(), // guarded catches them: the library's way prints a stack over the screen
	}
	if opt.Mouse {
		with = append(with, tea.WithMouseCellMotion())
	}
	p := tea.NewProgram(guarded{m}, with...)
	final, err := p.Run()
	if g, ok := final.(guarded); ok {
		for _, b := range g.branches {
			if b.running() {
				b.live.Send(trace.Command{Kind: trace.CommandStop})
			}
		}
		if f := g.failure(); f != nil {
			return f
		}
	}
	if errors.Is(err, tea.ErrInterrupted) || errors.Is(err, tea.ErrProgramKilled) && ctx.Err() != nil {
		return nil
	}
	return err
}

// guarded keeps a fault of the screen from leaving the terminal unusable: it quits, and Run returns the fault.
type guarded struct{ *Model }

type screenFailed struct{ cause any }

func (g guarded) Update(msg tea.Msg) (_ tea.Model, cmd tea.Cmd) {
	defer func() {
		if cause := recover(); cause != nil {
			g.failed(cause)
			cmd = tea.Quit
		}
	}()
	if f, ok := msg.(screenFailed); ok {
		g.failed(f.cause)
		return g, tea.Quit
	}
	_, cmd = g.Model.Update(msg)
	return g, guard(cmd)
}

func (g guarded) Init() tea.Cmd { return guard(g.Model.Init()) }

// guard turns a panic inside a command into a message. Batches are opened so that each command is guarded.
func guard(cmd tea.Cmd) tea.Cmd {
	if cmd == nil {
		return nil
	}
	return func() (msg tea.Msg) {
		defer func() {
			if cause := recover(); cause != nil {
				msg = screenFailed{cause}
			}
		}()
		msg = cmd()
		if batch, ok := msg.(tea.BatchMsg); ok {
			for i, c := range batch {
				batch[i] = guard(c)
			}
		}
		return msg
	}
}

func (m *Model) failed(cause any) { m.crash = fmt.Errorf("the screen failed: %v", cause) }

func (m *Model) failure() error { return m.crash }

// frames brackets each write of the renderer as one synchronized update (mode 2026), so that a terminal never shows
// half a frame. It embeds the file so that the renderer still sees a terminal.
type frames struct {
	*os.File
	record *record.Recorder // nil: nothing is recorded
	mu     sync.Mutex
	buf    bytes.Buffer
}

const (
	syncBegin = "\x1b[?2026h"
	syncEnd   = "\x1b[?2026l"
)

func (f *frames) Write(p []byte) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.buf.Reset()
	f.buf.WriteString(syncBegin)
	f.buf.Write(p)
	f.buf.WriteString(syncEnd)
	if _, err := f.File.Write(f.buf.Bytes()); err != nil {
		return 0, err
	}
	if f.record != nil {
		f.record.Output(f.buf.Bytes())
	}
	return len(p), nil
}

// copy asks the terminal to put a text on the clipboard (OSC 52). A terminal that does not know that ignores it.
func (f *frames) copy(s string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	_, err := fmt.Fprintf(f.File, "\x1b]52;c;%s\a", base64.StdEncoding.EncodeToString([]byte(s)))
	return err
}

// WriteString goes the same way as Write.
func (f *frames) WriteString(s string) (int, error) { return f.Write([]byte(s)) }
