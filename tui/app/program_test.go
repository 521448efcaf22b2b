package app

import (
	"context"
	"strings"
	"testing"

	tea "github.com/charmbracelet/bubbletea"

	"s1/engine/trace"
)

type panicking struct{ fixed }

func (panicking) Send(trace.Command) { panic("a fault") }

func TestAFaultInUpdateQuitsAndIsKept(t *testing.T) {
	t.Parallel()
	m := New(t.Context(), Options{Manual: true})
	g := guarded{m}
	g.Update(tea.WindowSizeMsg{Width: 80, Height: 24})
	b := newBranch(panicking{}, "A", m.theme, nil)
	m.branches, m.focus, m.thinker = []*branch{b}, onThought, nothing{}
	_, cmd := g.Update(tea.KeyMsg{Type: tea.KeyRunes, Runes: []rune("p")})
	if cmd == nil {
		t.Fatal("the screen goes on after a fault")
	}
	if _, ok := cmd().(tea.QuitMsg); !ok {
		t.Error("the screen does not quit")
	}
	if err := g.failure(); err == nil || !strings.Contains(err.Error(), "a fault") {
		t.Errorf("got %v, want the fault", err)
	}
}

func TestAFaultInACommandQuitsAndIsKept(t *testing.T) {
	t.Parallel()
	m := New(t.Context(), Options{Manual: true, Open: func(context.Context, func(string)) (Thinker, error) { panic("a fault") }})
	g := guarded{m}
	msg := g.Init()()
	if batch, ok := msg.(tea.BatchMsg); ok {
		msg = batch[0]()
	}
	_, cmd := g.Update(msg)
	if cmd == nil || g.failure() == nil {
		t.Errorf("after %#v: command %v, failure %v", msg, cmd, g.failure())
	}
}

type nothing struct{ Thinker }

func (nothing) Info() trace.ModelInfo { return trace.ModelInfo{} }
