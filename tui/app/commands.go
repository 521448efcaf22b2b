package app

import (
	"context"
	"sync"
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"s1/engine/trace"
)

// Delays of the screen.
const (
	settleEvery = 8 * time.Millisecond // between two slices of wrapping
	saveEvery   = 500 * time.Millisecond
	recentRows  = 100
)

// latest holds the newest progress text; writers never wait.
type latest struct {
	mu   sync.Mutex
	text string
	wake chan struct{}
}

func newLatest() *latest { return &latest{wake: make(chan struct{}, 1)} }

func (l *latest) set(s string) {
	l.mu.Lock()
	l.text = s
	l.mu.Unlock()
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

func (l *latest) get() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text
}

func (m *Model) openModel() tea.Cmd {
	ctx, open, progress := m.ctx, m.opt.Open, m.progress
	return func() tea.Msg {
		t, err := open(ctx, progress.set)
		return modelOpened{t, err}
	}
}

func (m *Model) awaitProgress() tea.Cmd {
	if m.opt.Manual {
		return nil
	}
	ctx, progress := m.ctx, m.progress
	return func() tea.Msg {
		select {
		case <-progress.wake:
			return loadProgressed{progress.get()}
		case <-ctx.Done():
			return nil
		}
	}
}

func (m *Model) awaitFrame() tea.Cmd {
	if m.opt.Manual {
		return nil
	}
	ctx, f := m.ctx, m.feed
	return func() tea.Msg {
		if b := f.Next(ctx); b != nil {
			return framesArrived{b}
		}
		return nil
	}
}

func (m *Model) startAsk(a trace.Ask) tea.Cmd {
	ctx, t := m.ctx, m.thinker
	return func() tea.Msg {
		live, err := t.Ask(ctx, a)
		return branchStarted{live: live, err: err, what: "ask", asked: a.Prompt}
	}
}

func (m *Model) startBranch(parent *branch, at int, b trace.Budget, s trace.Sampling, what string, beside bool, first ...trace.Command) tea.Cmd {
	ctx, t, id := m.ctx, m.thinker, parent.info.ID
	return func() tea.Msg {
		live, err := t.Branch(ctx, id, at, b, s, first...)
		return branchStarted{live: live, err: err, what: what, parent: parent, at: at, beside: beside}
	}
}

func (m *Model) loadRecent() tea.Cmd {
	ctx, lib := m.ctx, m.opt.Library
	return func() tea.Msg {
		kept, err := lib.Recent(ctx, recentRows)
		return recentLoaded{kept, err}
	}
}

func reopen(ctx context.Context, lib Reopener, id string) tea.Cmd {
	return func() tea.Msg {
		q, lives, err := lib.Reopen(ctx, id)
		return runReopened{q, lives, err}
	}
}

// checkSaved asks the library whether all is on disk; one question at a time.
func (m *Model) checkSaved() tea.Cmd {
	if m.opt.Library == nil || m.checking {
		return nil
	}
	m.checking = true
	lib, begun := m.opt.Library, m.begun
	return func() tea.Msg {
		ok, reason := lib.Saved()
		return savedChecked{begun, ok, reason}
	}
}

func (m *Model) tick(d time.Duration, msg tea.Msg) tea.Cmd {
	if m.opt.Manual {
		return nil
	}
	return tea.Tick(d, func(time.Time) tea.Msg { return msg })
}
