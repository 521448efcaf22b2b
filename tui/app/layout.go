package app

// Breakpoints and sizes of the screen, in cells.
const (
	minWidth, minHeight = 40, 10 // below: one sentence
	twoFrom             = 60     // thought above answer
	threeFrom           = 100    // thought beside answer, costs and branches
	airFrom             = 16     // rows from which there is air under the top line
	sideMin, sideMax    = 40, 60
)

// rect is a part of the screen.
type rect struct{ x, y, w, h int }

// layout says where everything is. A part with no cells is not shown.
type layout struct {
	tooSmall                                bool
	status, thoughts, answer, side, compare rect
	budget, notice, prompt, keys            rect
	one                                     bool // one pane at a time: thoughts and answer share their place
}

// arrange divides a screen. promptRows is how many rows the prompt would like, sideRows the margin below the answer.
func arrange(w, h, promptRows, sideRows int, comparing bool) layout {
	if w < minWidth || h < minHeight {
		return layout{tooSmall: true}
	}
	l := layout{status: rect{0, 0, w, 1}}
	top := 1
	if h >= airFrom {
		top = 2
	}
	prompt := min(max(promptRows, 1), max(h/4, 1))
	bottom := h
	take := func(rows int) rect {
		bottom -= rows
		return rect{0, bottom, w, rows}
	}
	l.keys = take(1)
	l.prompt = take(prompt)
	l.notice = take(1)
	l.budget = take(1)
	if h >= 20 {
		bottom-- // air above the budget
	}
	main := rect{0, top, w, bottom - top}
	switch {
	case comparing:
		l.compare = main
	case w >= threeFrom:
		side := min(max(w*36/100, sideMin), sideMax)
		l.thoughts = rect{0, main.y, w - side - 1, main.h}
		sideRows = min(sideRows, main.h-4)
		l.answer = rect{w - side, main.y, side, main.h - max(sideRows, 0)}
		if sideRows > 0 {
			l.side = rect{w - side, main.y + l.answer.h, side, sideRows}
		}
	case w >= twoFrom && main.h >= 6:
		rows := min(max(main.h/3, 2), 8)
		l.thoughts = rect{0, main.y, w, main.h - rows}
		l.answer = rect{0, main.y + main.h - rows, w, rows}
	default:
		l.one = true
		l.thoughts, l.answer = main, main
	}
	return l
}
