package app

import (
	"sync"

	tea "github.com/charmbracelet/bubbletea"
)

// news brings what experiments found to the screen, merged to one batch a wake-up. Those who post never wait.
type news struct {
	mu    sync.Mutex
	queue []func(*Model) tea.Cmd
	wake  chan struct{}
}

// newsArrived carries what was posted; the screen carries it out itself, so that nothing else touches its state.
type newsArrived struct{ queue []func(*Model) tea.Cmd }

func newNews() *news { return &news{wake: make(chan struct{}, 1)} }

// post hands over what is to be done on the screen.
func (n *news) post(f func(*Model)) {
	n.postThen(func(m *Model) tea.Cmd { f(m); return nil })
}

// postThen hands over what is to be done on the screen and returns what is to be done beside it after that.
func (n *news) postThen(f func(*Model) tea.Cmd) {
	n.mu.Lock()
	n.queue = append(n.queue, f)
	n.mu.Unlock()
	select {
	case n.wake <- struct{}{}:
	default:
	}
}

func (n *news) take() []func(*Model) tea.Cmd {
	n.mu.Lock()
	defer n.mu.Unlock()
	q := n.queue
	n.queue = nil
	return q
}

func (m *Model) awaitNews() tea.Cmd {
	if m.opt.Manual {
		return nil
	}
	ctx, n := m.ctx, m.news
	return func() tea.Msg {
		select {
		case <-n.wake:
			return newsArrived{n.take()}
		case <-ctx.Done():
			return nil
		}
	}
}

// tell carries out what was posted. What follows from it is a command like any other: the program runs it and waits for it.
func (m *Model) tell(queue []func(*Model) tea.Cmd) tea.Cmd {
	var cmds []tea.Cmd
	for _, f := range queue {
		if cmd := f(m); cmd != nil {
			cmds = append(cmds, cmd)
		}
	}
	return tea.Batch(cmds...)
}
