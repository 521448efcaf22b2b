package app

// Breakpoints and sizes of the screen, in cells.
const (
	minWidth, minHeight = 40, 10 // below: one sentence
	twoFrom             = 60     // thought above answer
	threeFrom           = 100    // thought beside answer, costs and branches
	airFrom             = 16     // rows from which there is air under the top line
	sideMin, sideMax    = 40, 60
	answerMin           = 3  // rows of an answer beside panes
	airUnder            = 14 // rows of a page from which there is air below it, too
	stripFrom           = 18 // rows from which the signals have a strip of their own
	scrubMin            = 3  // rows of the scrubber, at least
	pageMin             = 4  // rows that panes leave to the thought
)

// rect is a part of the screen.
type rect struct{ x, y, w, h int }

// layout says where everything is. A part with no cells is not shown.
type layout struct {
	tooSmall                       bool
	status, thoughts, answer, side rect
	token, tree, signals, scrub    rect
	whole                          rect // what takes the place of thought and answer: a comparison, an experiment, the library
	budget, notice, prompt, keys   rect
	jobs                           rect // one line above the status
	one                            bool // one pane at a time: they share their place, the focus decides
}

// wants is how many rows each part would like; 0 = it is not there.
type wants struct {
	prompt, side, token, tree, signals, scrub int
	whole                                     bool
	room                                      bool // what takes the place of the page is no part of it: no budget holds there, no question is asked there
	jobs                                      bool
	last                                      focus // the side pane that has the place where there is one for one only
}

// arrange divides a screen.
func arrange(w, h int, want wants) layout {
	if w < minWidth || h < minHeight {
		return layout{tooSmall: true}
	}
	l := layout{status: rect{0, 0, w, 1}}
	top := 1
	if h >= airFrom {
		top = 2
	}
	if want.jobs { // it takes the place of the air, so that the page stays where it is
		l.jobs, l.status.y, top = rect{0, 0, w, 1}, 1, 2
	}
	prompt := min(max(want.prompt, 1), max(h/4, 1))
	bottom := h
	take := func(rows int) rect {
		bottom -= rows
		return rect{0, bottom, w, rows}
	}
	l.keys = take(1)
	if !want.room {
		l.prompt = take(prompt)
	}
	l.notice = take(1)
	if !want.room {
		l.budget = take(1)
		if h >= 20 {
			bottom-- // air above the budget
		}
	}
	room := func() int { return bottom - top }
	strips := bottom
	if want.scrub > 0 && !want.whole && !want.room {
		if rows := min(want.scrub, room()-pageMin); rows >= scrubMin {
			l.scrub = take(rows)
		}
	}
	if want.signals > 0 && !want.whole && !want.room && h >= stripFrom {
		if rows := min(want.signals, room()-2*pageMin); rows > 0 {
			l.signals = take(rows)
		}
	}
	if bottom < strips && room() >= airUnder {
		bottom-- // air between the page and its strips
	}
	main := rect{0, top, w, room()}
	switch {
	case want.whole || want.room:
		l.whole = main
	case w >= threeFrom:
		l.beside(main, want)
	case w >= twoFrom && main.h >= 6:
		l.stacked(main, want)
	default:
		l.one = true
		l.thoughts, l.answer = main, main
		if want.token > 0 {
			l.token = main
		}
		if want.tree > 0 {
			l.tree = main
		}
	}
	return l
}

// beside puts the answer and the margin to the right of the thought. Side panes take what they need from the bottom up; the
// receipt gives way first.
func (l *layout) beside(main rect, want wants) {
	side := min(max(main.w*36/100, sideMin), sideMax)
	x := main.w - side
	l.thoughts = rect{0, main.y, x - 1, main.h}
	bottom := main.y + main.h
	take := func(rows, leave int) (r rect) {
		if rows = min(rows, bottom-main.y-leave); rows > 0 {
			bottom -= rows
			r = rect{x, bottom, side, rows}
		}
		return r
	}
	if want.token+want.tree == 0 {
		l.side = take(max(want.side, 0), 4)
	} else {
		half := (main.h - answerMin) / 2
		tree := want.tree
		if want.token > 0 {
			tree = min(tree, max(half, main.h-answerMin-want.token))
		}
		l.tree = take(tree, answerMin)
		l.token = take(want.token, answerMin)
		if spare := bottom - main.y - answerMin - 2; spare >= want.side && want.side > 0 {
			l.side = take(want.side, answerMin)
		}
	}
	l.answer = rect{x, main.y, side, bottom - main.y}
}

// stacked puts the answer below the thought, and beside it, at the bottom, one side pane.
func (l *layout) stacked(main rect, want wants) {
	rows := min(max(main.h/3, 2), 8)
	if want.token+want.tree == 0 {
		l.thoughts = rect{0, main.y, main.w, main.h - rows}
		l.answer = rect{0, main.y + main.h - rows, main.w, rows}
		return
	}
	need := max(want.token, want.tree)
	rows = min(max(need, 4), max(main.h/2, 3))
	y := main.y + main.h - rows
	half := main.w / 2
	pane := rect{half, y, main.w - half, rows}
	l.thoughts = rect{0, main.y, main.w, main.h - rows}
	l.answer = rect{0, y, half - 1, rows}
	if want.tree > 0 && (want.last == onTree || want.token == 0) {
		l.tree = pane
		return
	}
	l.token = pane
}
