package text

import (
	"math/rand/v2"
	"strings"
	"testing"

	"s1/tui/theme"
)

// shows says whether the lines in view hold a byte.
func shows(s *Scroll, at int) bool {
	v := s.Lines()
	return len(v) > 0 && v[0].Start <= at && at < v[len(v)-1].End
}

// long texts of all kinds: none is wrapped completely in the first frame.
func longTexts() map[string]string {
	return map[string]string{
		"one word":       strings.Repeat("x", 300_000),
		"one line":       strings.Repeat("some words of a thought ", 15_000),
		"lines":          strings.Repeat("some words of a thought\n", 15_000),
		"rare lines":     strings.Repeat(strings.Repeat("abc de ", 2000)+"\n", 25),
		"wide signs":     strings.Repeat("日本語 ", 30_000),
		"controls":       strings.Repeat("\x00\u202e ", 60_000),
		"combining":      strings.Repeat("e\u0301\u0302", 60_000),
		"marks for ever": "e" + strings.Repeat("\u0301", 150_000),
		"broken bytes":   strings.Repeat("\xff\xe6", 100_000),
		"short":          "short",
		"empty lines":    strings.Repeat("\n", 200_000),
	}
}

func TestKeepHoldsAPlaceInViewAtEverySize(t *testing.T) {
	t.Parallel()
	for name, s := range longTexts() {
		for seed := range uint64(2) {
			r := rand.New(rand.NewPCG(seed, 5))
			d := docOf(s)
			var v Scroll
			for step := range 8 {
				width, rows := 1+r.IntN(100), 1+r.IntN(30)
				at := r.IntN(d.Len())
				v.Place(d, width, rows)
				v.Keep(at, at+1)
				if !shows(&v, at) {
					t.Fatalf("%s, seed %d, step %d: byte %d is not in view at %dx%d: %v", name, seed, step, at, width, rows, v.Lines())
				}
				if n := len(v.Lines()); n > rows {
					t.Fatalf("%s: %d lines in %d rows", name, n, rows)
				}
				// A frame that changes nothing moves nothing, and a resize keeps the place.
				before := v.Lines()[0]
				if v.Keep(at, at+1); v.Lines()[0] != before {
					t.Fatalf("%s, seed %d: the second frame moved the view from %v to %v", name, seed, before, v.Lines()[0])
				}
			}
		}
	}
}

func TestKeepMovesNoMoreThanItMust(t *testing.T) {
	t.Parallel()
	d := NewDoc(false)
	for range 100 {
		d.Append("123456789\n", theme.Text) // line i begins at byte 10 i
	}
	for _, c := range []struct {
		name     string
		top      int // first line in view before; -1 = the end is followed
		from, to int
		want     int // first line in view after
		follows  bool
	}{
		{"in view already", 20, 250, 251, 20, false},
		{"above", 20, 100, 101, 10, false},
		{"just above", 20, 199, 200, 19, false},
		{"below", 20, 400, 401, 31, false},
		{"just below", 20, 300, 301, 21, false},
		{"a token over the last line", 20, 298, 302, 21, false},
		{"a token longer than the screen shows its beginning", 20, 305, 600, 30, false},
		{"the end", 20, 999, 1000, 90, true},
		{"in view while following", -1, 950, 951, 90, true},
		{"above while following", -1, 500, 501, 50, false},
		{"no place", 20, -1, -1, 20, false},
		{"past the end", 20, 5000, 5001, 90, true},
	} {
		var s Scroll
		s.Place(d, 40, 10)
		for !s.Settled() {
			s.Place(d, 40, 10)
		}
		if c.top >= 0 {
			s.Pin(c.top * 10)
		}
		s.Keep(c.from, c.to)
		if got := s.Lines()[0].Start / 10; got != c.want || s.Following() != c.follows {
			t.Errorf("%s: line %d on top, following %v; want %d, %v", c.name, got, s.Following(), c.want, c.follows)
		}
	}
	var s Scroll
	s.Keep(3, 4) // a view of nothing
}

// Budget: 1 ms in a text of 10 MB in one line that is not wrapped yet: what is shown, not what there is.
func BenchmarkKeep10MB(b *testing.B) {
	for name, s := range map[string]string{"one word": strings.Repeat("x", 10<<20), "one line": strings.Repeat("words of it ", 10<<20/12)} {
		d := docOf(s)
		b.Run(name, func(b *testing.B) {
			var v Scroll
			v.lay.Set(d, 80)
			v.rows = 50
			for i := range b.N {
				at := i * 7919 * 131 % d.Len()
				v.Keep(at, at+5)
				if !shows(&v, at) {
					b.Fatalf("byte %d is not in view", at)
				}
			}
		})
	}
}
