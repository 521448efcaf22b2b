package app

import (
	"fmt"
	"strings"

	tea "github.com/charmbracelet/bubbletea"

	"s1/tui/overlay"
)

// inputExpected asks for the right answer.
func (m *Model) inputExpected() {
	in := overlay.Input{
		Title: "the right answer",
		Hint:  "every branch of this question shows right or wrong by it, to the character; empty = unknown",
	}
	in.Editor.Set(m.now().expected)
	m.input(in, func(s string) tea.Cmd {
		s = strings.TrimSpace(s)
		for _, b := range m.branches {
			b.judge(s)
		}
		run := m.now().live.Run().ID
		if e := m.explorer(m.now()); e != nil {
			e.Expect(run, s)
		}
		return m.keep("the right answer", func(sh Shelf) error { return sh.SetExpected(m.ctx, run, s) })
	})
}

// kept is where the library has the branch.
func (b *branch) kept() ShelfPlace {
	return ShelfPlace{Run: b.live.Run().ID, Branch: b.info.ID, Token: -1}
}

// judge holds the answer to another expectation.
func (b *branch) judge(expected string) {
	b.expected = expected
	b.verdict = b.same.Judge(b.expected, b.answer.Last(answerBytes), b.receipt)
}

// mark bookmarks the token under the cursor, else the place at which the branch begins, or takes the bookmark away.
func (m *Model) mark() tea.Cmd {
	b := m.branches[m.chosenBranch()]
	at := ShelfPlace{Run: b.live.Run().ID, Branch: b.info.ID, Token: b.info.At}
	if b == m.now() && b.at >= 0 && m.focus != onTree {
		at.Token = b.at
	}
	on := !b.bookmarks[at.Token]
	if b.bookmarks == nil {
		b.bookmarks = map[int]bool{}
	}
	if delete(b.bookmarks, at.Token); on {
		b.bookmarks[at.Token] = true
	}
	m.say(fmt.Sprintf("token %d of branch %s is %s", at.Token, b.label, map[bool]string{true: "bookmarked", false: "no longer bookmarked"}[on]))
	return m.keep("the bookmark", func(s Shelf) error { return s.Bookmark(m.ctx, at, on) })
}

// noted is the branch's note behind what it is worth.
func (b *branch) noted() string {
	if b.worth == "" || b.note == "" {
		return b.worth + b.note
	}
	return b.worth + ": " + b.note
}

// markWorth says that the branch is good, then bad, then neither.
func (m *Model) markWorth() tea.Cmd {
	b := m.branches[m.chosenBranch()]
	b.worth = map[string]string{"": Good, Good: Bad, Bad: ""}[b.worth]
	m.margin.tree = true
	said := b.worth
	if said == "" {
		said = "neither good nor bad"
	}
	m.say("branch " + b.label + " is " + said)
	at, worth := b.kept(), b.worth
	return m.keep("the mark", func(s Shelf) error { return s.Mark(m.ctx, at, worth) })
}

func (m *Model) inputNote() {
	b := m.branches[m.chosenBranch()]
	in := overlay.Input{Title: "note on branch " + b.label, Hint: "stands in the tree and is found by a search; empty takes it away"}
	in.Editor.Set(b.note)
	m.input(in, func(s string) tea.Cmd {
		b.note = s
		m.margin.tree = true
		return m.keep("the note", func(sh Shelf) error { return sh.SetNote(m.ctx, b.kept(), s) })
	})
}
