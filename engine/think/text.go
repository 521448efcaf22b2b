package think

import "unicode/utf8"

// text remembers of the bytes that went by only what decisions need: an unfinished character, the last byte, and
// whether maths or code is open. It is a value: copying it copies its state.
type text struct {
	last    byte
	pending [utf8.UTFMax]byte // an unfinished character, its first n bytes
	n       int

	ticks   int  // backquotes in a row
	fence   bool // inside a ``` fence
	dollars int  // dollar signs in a row
	maths   bool // inside $ or $$
	escaped bool // the last byte was a backslash that escapes the next
	stop    bool // the last visible byte ended a sentence or a line
}

func (t *text) write(p []byte) {
	for _, b := range p {
		t.character(b)
		t.marks(b)
		t.last = b
	}
}

// character keeps the bytes of a character that is not complete.
func (t *text) character(b byte) {
	if t.n > 0 && utf8.RuneStart(b) {
		t.n = 0 // the character before was broken off: it will never be complete
	}
	if t.n == 0 && b < utf8.RuneSelf {
		return
	}
	t.pending[t.n] = b
	t.n++
	if t.missing() == 0 {
		t.n = 0
	}
}

// missing is how many more bytes the unfinished character needs; 0 = the text ends on a whole character, or on bytes
// that no more bytes can make one.
func (t *text) missing() int {
	if t.n == 0 || utf8.FullRune(t.pending[:t.n]) {
		return 0
	}
	switch b := t.pending[0]; {
	case b >= 0xF0:
		return 4 - t.n
	case b >= 0xE0:
		return 3 - t.n
	default:
		return 2 - t.n
	}
}

// marks follows code fences, maths and sentence ends. It is a heuristic, used only to choose a good place to stop.
func (t *text) marks(b byte) {
	if b == '`' {
		if t.ticks++; t.ticks == 3 {
			t.fence = !t.fence
		}
	} else {
		t.ticks = 0
	}
	if b == '$' && !t.fence && !t.escaped {
		if t.dollars++; t.dollars == 1 {
			t.maths = !t.maths
		}
	} else {
		t.dollars = 0
	}
	t.escaped = b == '\\' && !t.escaped
	t.stop = b == '.' || b == '!' || b == '?' || b == '\n'
}

// boundary says whether a cut here falls between sentences or lines, outside maths and code.
func (t *text) boundary() bool { return t.stop && !t.fence && !t.maths && t.n == 0 }

// open names what a cut here would leave open, "" for nothing.
func (t *text) open() string {
	switch {
	case t.fence:
		return "a code block"
	case t.maths:
		return "a formula"
	}
	return ""
}

// with is t after p.
func (t text) with(p []byte) text {
	t.write(p)
	return t
}
