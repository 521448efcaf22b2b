package text

// Keep scrolls just enough for the bytes from..to to be in view, the first of them in any case. The end of the text keeps
// being followed; any other place ends following. It costs what is shown, also before the line index is complete.
func (s *Scroll) Keep(from, to int) {
	if s.lay.doc == nil || s.lay.doc.Len() == 0 || from < 0 {
		return
	}
	n := s.lay.doc.Len()
	from = min(from, n-1)
	last := min(max(to-1, from), n-1)
	visible := s.Lines()
	if len(visible) == 0 {
		return
	}
	top, end := visible[0].Start, visible[len(visible)-1].End
	if from >= top && last < end || from == top {
		return // all of it, or as much of it as there is room for
	}
	lines, at := s.lay.around(from, 0, 1)
	own := lines[at].Start // of the line with the first byte
	if from < top || last-from > s.rows*max(s.lay.width, 1)*clusterMax {
		s.free, s.anchor = true, own
		return
	}
	lines, at = s.lay.around(last, s.rows-1, 1)
	anchor := lines[max(0, at-s.rows+1)].Start
	if anchor > from {
		anchor = own
	}
	if lines[at].End >= n {
		// The end is in view with it. Unless the lines of an incomplete index fall otherwise, seen from there.
		s.free = false
		if v := s.Lines(); v[0].Start <= from {
			return
		}
	}
	s.free, s.anchor = true, anchor
}

// Hold keeps the place that is in view where it is, also while the text grows.
func (s *Scroll) Hold() {
	if v := s.Lines(); len(v) > 0 {
		s.free, s.anchor = true, v[0].Start
	}
}
