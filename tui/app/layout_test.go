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

func TestArrangeNeverOverlaps(t *testing.T) {
	t.Parallel()
	for w := minWidth; w < 220; w += 7 {
		for h := minHeight; h < 80; h++ {
			for _, prompt := range []int{1, 4, 99} {
				for _, side := range []int{0, 9, 40} {
					for panes := range 1 << 5 {
						some := func(bit, rows int) int { return rows * (panes >> bit & 1) }
						l := arrange(w, h, wants{
							prompt: prompt, side: side, whole: panes&1 != 0, token: some(1, 14), tree: some(2, side+2), signals: some(3, 4), scrub: some(4, 8),
						})
						cells := make([]int, w*h)
						parts := map[string]rect{
							"status": l.status, "thoughts": l.thoughts, "side": l.side, "whole": l.whole,
							"budget": l.budget, "notice": l.notice, "prompt": l.prompt, "keys": l.keys,
						}
						if !l.one {
							parts["answer"], parts["token"], parts["tree"] = l.answer, l.token, l.tree
						}
						parts["signals"], parts["scrub"] = l.signals, l.scrub
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
