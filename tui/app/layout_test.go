package app

import "testing"

func TestArrangeFoldsPanesByWidth(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		w, h                               int
		comparing                          bool
		small, one, beside, side, comparer bool
	}{
		{39, 24, false, true, false, false, false, false},
		{80, 9, false, true, false, false, false, false},
		{40, 10, false, false, true, false, false, false},
		{59, 24, false, false, true, false, false, false},
		{60, 24, false, false, false, false, false, false},
		{99, 24, false, false, false, false, false, false},
		{100, 24, false, false, false, true, true, false},
		{200, 60, false, false, false, true, true, false},
		{80, 24, true, false, false, false, false, true},
		{80, 10, false, false, true, false, false, false},
	} {
		l := arrange(c.w, c.h, wants{prompt: 1, side: 8, whole: c.comparing})
		if l.tooSmall != c.small {
			t.Errorf("%dx%d: too small = %v", c.w, c.h, l.tooSmall)
		}
		if c.small {
			continue
		}
		if got := l.one; got != c.one {
			t.Errorf("%dx%d: one pane = %v, want %v", c.w, c.h, got, c.one)
		}
		if got := l.answer.x > 0; got != c.beside {
			t.Errorf("%dx%d: answer beside = %v, want %v", c.w, c.h, got, c.beside)
		}
		if got := l.side.h > 0; got != c.side {
			t.Errorf("%dx%d: margin = %v, want %v", c.w, c.h, got, c.side)
		}
		if got := l.whole.h > 0; got != c.comparer {
			t.Errorf("%dx%d: compare = %v, want %v", c.w, c.h, got, c.comparer)
		}
	}
}

// edges are widths at which something changes, with their neighbours: where panes fold, and where the margin ends to grow.
var edges = []int{minWidth, minWidth + 1, twoFrom - 1, twoFrom, threeFrom - 1, threeFrom, 111, 112, 166, 167, 219}

func TestArrangeNeverOverlaps(t *testing.T) {
	t.Parallel()
	for _, w := range edges {
		for h := minHeight; h < 80; h++ {
			for _, prompt := range []int{1, 4, 99} {
				for _, side := range []int{0, 9, 40} {
					for panes := range 1 << 7 {
						some := func(bit, rows int) int { return rows * (panes >> bit & 1) }
						l := arrange(w, h, wants{
							prompt: prompt, side: side, whole: panes&1 != 0, token: some(1, 14), tree: some(2, side+2), signals: some(3, 4), scrub: some(4, 8), jobs: panes>>5&1 != 0, room: panes>>6&1 != 0,
						})
						parts := []rect{l.status, l.thoughts, l.side, l.whole, l.budget, l.notice, l.prompt, l.keys, l.signals, l.scrub, l.jobs}
						if !l.one {
							parts = append(parts, l.answer, l.token, l.tree)
						}
						for i, r := range parts {
							if r.x < 0 || r.y < 0 || r.w < 0 || r.h < 0 || r.x+r.w > w || r.y+r.h > h {
								t.Fatalf("%dx%d: part %d %+v lies outside", w, h, i, r)
							}
							for j, o := range parts[:i] {
								if max(r.x, o.x) < min(r.x+r.w, o.x+o.w) && max(r.y, o.y) < min(r.y+r.h, o.y+o.h) {
									t.Fatalf("%dx%d: part %d %+v overlaps part %d %+v", w, h, i, r, j, o)
								}
							}
						}
						main := l.thoughts.h + l.whole.h
						if main < 3 {
							t.Fatalf("%dx%d prompt %d: the page has %d rows", w, h, prompt, main)
						}
					}
				}
			}
		}
	}
}
