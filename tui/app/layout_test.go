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
		l := arrange(c.w, c.h, 1, 8, c.comparing)
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
		if got := l.compare.h > 0; got != c.comparer {
			t.Errorf("%dx%d: compare = %v, want %v", c.w, c.h, got, c.comparer)
		}
	}
}

func TestArrangeNeverOverlaps(t *testing.T) {
	t.Parallel()
	for w := minWidth; w < 220; w += 7 {
		for h := minHeight; h < 80; h++ {
			for _, prompt := range []int{1, 4, 99} {
				for _, side := range []int{0, 9, 40} {
					for _, comparing := range []bool{false, true} {
						l := arrange(w, h, prompt, side, comparing)
						cells := make([]int, w*h)
						parts := map[string]rect{
							"status": l.status, "thoughts": l.thoughts, "side": l.side, "compare": l.compare,
							"budget": l.budget, "notice": l.notice, "prompt": l.prompt, "keys": l.keys,
						}
						if !l.one {
							parts["answer"] = l.answer
						}
						for name, r := range parts {
							if r.x < 0 || r.y < 0 || r.w < 0 || r.h < 0 || r.x+r.w > w || r.y+r.h > h {
								t.Fatalf("%dx%d: %s %+v lies outside", w, h, name, r)
							}
							for y := r.y; y < r.y+r.h; y++ {
								for x := r.x; x < r.x+r.w; x++ {
									if cells[y*w+x]++; cells[y*w+x] > 1 {
										t.Fatalf("%dx%d: %s %+v overlaps", w, h, name, r)
									}
								}
							}
						}
						main := l.thoughts.h + l.compare.h
						if main < 3 {
							t.Fatalf("%dx%d prompt %d: the page has %d rows", w, h, prompt, main)
						}
					}
				}
			}
		}
	}
}
