package text

// Keep scrolls just enough for the bytes from..to to be in view. The end of the text keeps being followed; any other place
// ends following.
func (s *Scroll) Keep(from, to int) {
	if s.lay.doc == nil || s.lay.doc.Len() == 0 || from < 0 {
		return
	}
	from = min(from, s.lay.doc.Len()-1)
	visible := s.Lines()
	if len(visible) == 0 {
		return
	}
	top, end := visible[0].Start, visible[len(visible)-1].End
	if from >= top && from < end {
		return
	}
	if from < top {
		lines, at := s.lay.around(from, 0, 1)
		s.free, s.anchor = true, lines[at].Start
		return
	}
	lines, at := s.lay.around(from, s.rows-1, 1)
	s.free, s.anchor = true, lines[max(0, at-s.rows+1)].Start
	if at < len(lines) && lines[at].End >= s.lay.doc.Len() {
		s.free = false
	}
}

// Hold keeps the place that is in view where it is, also while the text grows.
func (s *Scroll) Hold() {
	if v := s.Lines(); len(v) > 0 {
		s.free, s.anchor = true, v[0].Start
	}
}
