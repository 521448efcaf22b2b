package text

// Scroll is what of a Doc is visible. It is anchored on a byte, not on a row, so that a resize, a growing text and a
// change to a branch with the same beginning keep the place.
type Scroll struct {
	lay    Layout
	free   bool // not following the end
	anchor int  // first byte of the top line, when free
	rows   int
}

// Following says whether the end is kept in view.
func (s *Scroll) Following() bool { return !s.free }

// Place points the view at a doc for a size. It wraps at most a slice; Settled says whether more is to do.
func (s *Scroll) Place(d *Doc, width, rows int) {
	s.lay.Set(d, width)
	s.rows = max(rows, 1)
	s.lay.Sync(SliceBytes)
}

// Settled says whether the line index is complete; until then Place should be called once a frame.
func (s *Scroll) Settled() bool { return s.lay.Ready() }

// Lines returns the visible lines, at most as many as there are rows.
func (s *Scroll) Lines() []Line {
	if s.lay.doc == nil || s.lay.doc.Len() == 0 {
		return nil
	}
	if !s.free {
		lines, at := s.lay.around(s.lay.doc.Len()-1, s.rows-1, 1)
		return lines[max(0, at+1-s.rows) : at+1]
	}
	return s.lay.below(s.anchor, s.rows)
}

// By moves n lines down (up when negative). An upward move ends following; reaching the end takes it up again.
func (s *Scroll) By(n int) {
	visible := s.Lines()
	if len(visible) == 0 || n == 0 {
		return
	}
	top := visible[0].Start
	if n < 0 {
		lines, at := s.lay.around(top, -n, 1)
		i := max(0, at+n)
		if lines[i].Start == top {
			return // at the top already
		}
		s.free, s.anchor = true, lines[i].Start
		return
	}
	if !s.free {
		return
	}
	lines, at := s.lay.around(top, 0, n+s.rows+1)
	if len(lines)-at <= n+s.rows { // the last screen
		s.free = false
		return
	}
	s.anchor = lines[at+n].Start
}

// Page moves n screens, less one line for the eye.
func (s *Scroll) Page(n int) { s.By(n * max(1, s.rows-1)) }

// Top goes to the beginning.
func (s *Scroll) Top() {
	if s.lay.doc == nil || s.lay.doc.Len() == 0 {
		return
	}
	if v := s.Lines(); len(v) > 0 && v[0].Start == 0 {
		return // all of it is in view
	}
	s.free, s.anchor = true, 0
}

// Bottom goes to the end and follows it.
func (s *Scroll) Bottom() { s.free = false }

// Show brings a byte into view, a third from the top, and ends following.
func (s *Scroll) Show(at int) {
	lines, i := s.lay.around(at, s.rows/3, 1)
	if len(lines) == 0 {
		return
	}
	s.free, s.anchor = true, lines[max(0, i-s.rows/3)].Start
	if after, at := s.lay.around(s.anchor, 0, s.rows+1); len(after)-at <= s.rows {
		s.free = false // the rest fits: that is the end
	}
}

// End returns the position after the last visible byte.
func (s *Scroll) End() int {
	if v := s.Lines(); len(v) > 0 {
		return v[len(v)-1].End
	}
	return 0
}

// Clamp keeps the anchor inside a doc that may be shorter than the one seen before.
func (s *Scroll) Clamp(d *Doc) {
	if s.free && s.anchor >= d.Len() {
		s.free = false
	}
}

// Half moves n half screens.
func (s *Scroll) Half(n int) { s.By(n * max(1, s.rows/2)) }
