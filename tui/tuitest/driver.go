package tuitest

import (
	"context"
	"path/filepath"
	"strings"
	"testing"
	"time"

	tea "github.com/charmbracelet/bubbletea"
	"github.com/charmbracelet/x/ansi"

	"s1/tui/app"
	"s1/tui/keys"
	"s1/tui/theme"
	"s1/tui/tuitest/frames"
)

// Driver is a screen driven by hand: no timers, no goroutines. What a test does not bring about does not happen.
type Driver struct {
	T     testing.TB
	Fake  *Fake
	Model *app.Model
	Quit  bool // the screen wants to quit
	Slept bool // the screen wants to be suspended
	w, h  int

	behind bool // commands run beside the driver
	late   chan tea.Msg
}

// lateMost is how many messages may come back from commands that run beside the driver.
const lateMost = 64

// Scripted is a scripted model: a *Fake, or an *Explorer around one.
type Scripted interface {
	app.Thinker
	fake() *Fake
}

func (f *Fake) fake() *Fake { return f }

// Start opens a screen of w by h cells on a scripted model. change, if not nil, alters the options first.
func Start(t testing.TB, f Scripted, w, h int, change func(*app.Options)) *Driver {
	t.Helper()
	opt := app.Options{
		Open:   func(context.Context, func(string)) (app.Thinker, error) { return f, nil },
		Model:  "mini",
		Budget: f.fake().defaultBudget(),
		Theme:  theme.Options{NoColor: true},
		Manual: true,
	}
	if change != nil {
		change(&opt)
	}
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(cancel)
	d := Drive(t, f, app.New(ctx, opt), w, h)
	d.Begin()
	return d
}

// Drive takes over a screen that was made elsewhere, before anything has happened to it.
func Drive(t testing.TB, f Scripted, m *app.Model, w, h int) *Driver {
	d := &Driver{T: t, Fake: f.fake(), Model: m, w: w, h: h, late: make(chan tea.Msg, lateMost)}
	return d.Resize(w, h)
}

// Begin opens the model.
func (d *Driver) Begin() *Driver {
	d.do(d.Model.Init())
	return d
}

// do runs a command to its end, and what follows from it.
func (d *Driver) do(cmd tea.Cmd) {
	if cmd == nil {
		return
	}
	if d.behind {
		go func() { d.late <- cmd() }()
		return
	}
	d.take(cmd())
}

// take takes what a command came back with.
func (d *Driver) take(msg tea.Msg) {
	switch msg := msg.(type) {
	case nil:
	case tea.BatchMsg:
		for _, c := range msg {
			d.do(c)
		}
	case tea.QuitMsg:
		d.Quit = true
	case tea.SuspendMsg:
		d.Slept = true
	default:
		d.send(msg)
	}
}

func (d *Driver) send(msg tea.Msg) {
	_, cmd := d.Model.Update(msg)
	d.do(cmd)
}

// Send brings a message to the screen.
func (d *Driver) Send(msg tea.Msg) *Driver {
	d.send(msg)
	return d
}

// Beside presses keys whose commands take their time: they run beside the driver, and Pull brings what came of them.
func (d *Driver) Beside(names ...string) *Driver {
	d.T.Helper()
	d.behind = true
	d.Press(names...)
	d.behind = false
	return d
}

// Await pulls until the screen is as it should be. It is for what runs beside the driver, which has a clock of its own.
func (d *Driver) Await(what string, ok func(frame string) bool) *Driver {
	d.T.Helper()
	glance := time.NewTicker(glanceEvery)
	defer glance.Stop()
	for deadline := time.Now().Add(tmuxPatience); !ok(d.Pull().Frame()); <-glance.C {
		if time.Now().After(deadline) {
			d.T.Fatalf("the screen never %s:\n%s", what, d.Frame())
		}
	}
	return d
}

// glanceEvery is how often Await looks.
const glanceEvery = time.Millisecond

// Resize changes the size of the terminal.
func (d *Driver) Resize(w, h int) *Driver {
	d.w, d.h = w, h
	d.send(tea.WindowSizeMsg{Width: w, Height: h})
	return d
}

// Type types a text, as one paste.
func (d *Driver) Type(s string) *Driver {
	d.send(tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune(s), Paste: true})
	return d
}

// Together sends letters as one read of the terminal brings them when they are pressed quickly.
func (d *Driver) Together(letters string) *Driver {
	d.send(tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune(letters)})
	return d
}

var special = map[string]tea.KeyType{
	"enter": tea.KeyEnter, "esc": tea.KeyEsc, "tab": tea.KeyTab, "shift+tab": tea.KeyShiftTab, "up": tea.KeyUp, "down": tea.KeyDown,
	"left": tea.KeyLeft, "right": tea.KeyRight, "home": tea.KeyHome, "end": tea.KeyEnd, "pgup": tea.KeyPgUp, "pgdown": tea.KeyPgDown,
	"backspace": tea.KeyBackspace, "delete": tea.KeyDelete, " ": tea.KeySpace, "ctrl+c": tea.KeyCtrlC, "ctrl+d": tea.KeyCtrlD,
	"ctrl+j": tea.KeyCtrlJ, "ctrl+n": tea.KeyCtrlN, "ctrl+p": tea.KeyCtrlP, "ctrl+s": tea.KeyCtrlS, "ctrl+z": tea.KeyCtrlZ, "ctrl+u": tea.KeyCtrlU,
	"ctrl+left": tea.KeyCtrlLeft, "ctrl+right": tea.KeyCtrlRight, "ctrl+b": tea.KeyCtrlB, "ctrl+l": tea.KeyCtrlL, "ctrl+g": tea.KeyCtrlG,
	"ctrl+t": tea.KeyCtrlT, "ctrl+f": tea.KeyCtrlF, "ctrl+w": tea.KeyCtrlW, "ctrl+a": tea.KeyCtrlA, "ctrl+e": tea.KeyCtrlE, "ctrl+k": tea.KeyCtrlK, "ctrl+o": tea.KeyCtrlO,
}

// Press presses keys by the names the key table uses.
func (d *Driver) Press(names ...string) *Driver {
	d.T.Helper()
	for _, k := range names {
		if t, ok := special[k]; ok {
			msg := tea.KeyMsg{Type: t}
			if t == tea.KeySpace {
				msg.Runes = []rune{' '}
			}
			d.send(msg)
			continue
		}
		alt := strings.HasPrefix(k, "alt+")
		k = strings.TrimPrefix(k, "alt+")
		if t, ok := special[k]; ok && alt {
			d.send(tea.KeyMsg{Type: t, Alt: true})
			continue
		}
		if len([]rune(k)) != 1 {
			d.T.Fatalf("tuitest: no key is called %q", k)
		}
		d.send(tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune(k), Alt: alt})
	}
	return d
}

// Do presses the key of an action.
func (d *Driver) Do(actions ...keys.Action) *Driver {
	d.T.Helper()
	for _, a := range actions {
		b := d.Model.Keys().Of(a)
		if len(b.Keys) == 0 {
			d.T.Fatalf("tuitest: %s has no key", a)
		}
		d.Press(b.Keys[0])
	}
	return d
}

// Advance lets the newest branch say up to n tokens and brings them to the screen.
func (d *Driver) Advance(n int) *Driver {
	d.Fake.Advance(n)
	return d.Pull()
}

// Pull brings what the branches said to the screen.
func (d *Driver) Pull() *Driver {
	for {
		select {
		case msg := <-d.late:
			d.take(msg)
			continue
		default:
		}
		break
	}
	d.do(d.Model.Pull())
	return d
}

// Ask types a question and sends it.
func (d *Driver) Ask(q string) *Driver {
	return d.Type(q).Press("enter").Pull()
}

// Frame returns the screen as plain text, without trailing spaces.
func (d *Driver) Frame() string { return trimRows(ansi.Strip(d.Model.View())) }

// Raw returns the screen as it goes to the terminal.
func (d *Driver) Raw() string { return d.Model.View() }

// Expect fails unless every text is on the screen.
func (d *Driver) Expect(texts ...string) *Driver {
	d.T.Helper()
	f := d.Frame()
	for _, s := range texts {
		if !strings.Contains(f, s) {
			d.T.Fatalf("the screen does not show %q:\n%s", s, f)
		}
	}
	return d
}

// Refute fails if one of the texts is on the screen.
func (d *Driver) Refute(texts ...string) *Driver {
	d.T.Helper()
	f := d.Frame()
	for _, s := range texts {
		if strings.Contains(f, s) {
			d.T.Fatalf("the screen shows %q:\n%s", s, f)
		}
	}
	return d
}

// Golden compares the screen with testdata/<test>/<name>.golden; -update writes it.
func (d *Driver) Golden(name string) *Driver {
	d.T.Helper()
	Golden(d.T, name, d.Frame())
	return d
}

// Golden compares a text with testdata/<test>/<name>.golden; -update writes it.
func Golden(t testing.TB, name, got string) {
	t.Helper()
	top, _, _ := strings.Cut(t.Name(), "/")
	frames.Same(t, filepath.Join("testdata", top, name+".golden"), got+"\n")
}
