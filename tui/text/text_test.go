package text

import (
	"math/rand/v2"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/charmbracelet/x/ansi"

	"s1/tui/theme"
)

var mono = theme.New(theme.Options{NoColor: true})

func draw(d *Doc, l Line, width int) string {
	r := NewRow(mono, width)
	d.Draw(r, l, width, nil)
	return ansi.Strip(r.b.String())
}

func all(d *Doc, width int) []string {
	var lay Layout
	lay.Set(d, width)
	for !lay.Sync(SliceBytes) {
	}
	var out []string
	for _, l := range lay.lines {
		out = append(out, draw(d, l, width))
	}
	return out
}

func TestWrapShowsTextInLines(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, in string
		width    int
		want     []string
	}{
		{"words move whole", "one two three", 7, []string{"one two", "three"}},
		{"spaces at an edge hang", "one two    three", 7, []string{"one two", "three"}},
		{"a long word is cut", "abcdefghij", 4, []string{"abcd", "efgh", "ij"}},
		{"newlines end lines", "a\n\nb\n", 9, []string{"a", "", "b"}},
		{"tabs go to stops", "a\tb", 9, []string{"a   b"}},
		{"wide characters break anywhere", "日本語日本", 5, []string{"日本", "語日", "本"}},
		{"a wide character in one column", "日", 1, []string{"?"}},
		{"escapes are shown", "\x1b[31mred\x00", 20, []string{"␛[31mred␀"}},
		{"carriage returns are shown", "a\rb", 20, []string{"a␍b"}},
		{"c1 controls are shown", "a\u009b31m", 20, []string{"a<9b>31m"}},
		{"bidi controls are shown", "a\u202eb", 20, []string{"a<202e>b"}},
		{"zero width is shown", "a\u200bb\ufeff", 20, []string{"a<200b>b<feff>"}},
		{"tag characters are shown", "a\U000e0041b", 20, []string{"a<e0041>b"}},
		{"broken bytes are shown", "a\xffb\xe6\x97", 20, []string{"a<ff>b<e6><97>"}},
		{"combining marks stay on their letter", "e\u0301e\u0301", 1, []string{"e\u0301", "e\u0301"}},
		{"a lone combining mark is shown", "\u0301", 20, []string{"<301>"}},
		{"emoji families are two cells", "👨‍👩‍👧x", 2, []string{"👨‍👩‍👧", "x"}},
		{"nothing", "", 5, nil},
	} {
		d := NewDoc(false)
		d.Append(c.in, theme.Text)
		if got := all(d, c.width); strings.Join(got, "|") != strings.Join(c.want, "|") || len(got) != len(c.want) {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
}

func TestBreakStartsALineWithoutChangingTheText(t *testing.T) {
	t.Parallel()
	d := NewDoc(false)
	d.Append("is 84.", theme.Text)
	d.Break()
	d.Append("Wait", theme.Accent)
	if got, want := strings.Join(all(d, 40), "|"), "is 84.|Wait"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got, want := d.String(), "is 84.Wait"; got != want {
		t.Errorf("text: got %q, want %q", got, want)
	}
}

func TestMarksStandOnTheLineOfTheirByte(t *testing.T) {
	t.Parallel()
	d := NewDoc(false)
	d.Append("ab\ncd\n\n", theme.Text)
	d.Mark(Mark{At: d.LastInk(), Role: theme.Wish})
	d.Mark(Mark{At: d.Len(), Role: theme.Accent})
	d.Append("Wait", theme.Accent)
	var got []theme.Role
	var lay Layout
	lay.Set(d, 10)
	lay.Sync(100)
	for _, l := range lay.lines {
		r := theme.Text
		if m := d.MarksIn(l); len(m) > 0 {
			r = m[0].Role
		}
		got = append(got, r)
	}
	want := []theme.Role{theme.Text, theme.Wish, theme.Text, theme.Accent}
	for i := range want {
		if i >= len(got) || got[i] != want[i] {
			t.Fatalf("got %v, want %v", got, want)
		}
	}
}

// checkWrap holds the invariants of wrapping for a text that arrives in pieces.
func checkWrap(t *testing.T, s string, width int, cuts func() int) {
	t.Helper()
	whole := NewDoc(false)
	whole.Append(s, theme.Text)
	var want Layout
	want.Set(whole, width)
	want.Sync(len(s) + 1)

	grown := NewDoc(false)
	var got Layout
	got.Set(grown, width)
	for i := 0; i < len(s); {
		n := min(len(s), i+max(1, cuts()))
		grown.Append(s[i:n], theme.Text)
		got.Sync(1 + cuts()*8)
		i = n
	}
	for !got.Sync(64) {
	}
	if len(got.lines) != len(want.lines) {
		t.Fatalf("width %d, %q: grown has %d lines, from scratch %d", width, s, len(got.lines), len(want.lines))
	}
	var joined strings.Builder
	for i, l := range want.lines {
		if got.lines[i] != l {
			t.Fatalf("width %d, %q: line %d grown %v, from scratch %v", width, s, i, got.lines[i], l)
		}
		joined.WriteString(s[l.Start:l.End])
		out := draw(whole, l, width)
		if w := ansi.StringWidth(out); w > width {
			t.Fatalf("width %d, %q: line %q is %d cells", width, s, out, w)
		}
		checkSafe(t, out)
	}
	if joined.String() != s {
		t.Fatalf("lines joined give %q, want %q", joined.String(), s)
	}
}

func checkSafe(t *testing.T, out string) {
	t.Helper()
	if !utf8.ValidString(out) {
		t.Fatalf("%q is not UTF-8", out)
	}
	for _, r := range out {
		if r < 0x20 || r >= 0x7f && r <= 0x9f || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069 {
			t.Fatalf("%q holds the control %U", out, r)
		}
	}
}

var pieces = []string{
	"a", "word ", " ", "  ", "\n", "\t", "\r", "\x1b[2J", "\x1b]0;x\a", "\x00", "\x7f", "\u009b", "日", "本語", "e\u0301", "\u0301", "\u200d",
	"👨", "👩‍👧", "🇩", "🇪", "\u202e", "\ufe0f", "\ufe0e", "❤", "\xff", "\xe6", "\xe6\x97", "한", "\u1112", "\u0e33", "\u0600", "🏴", "\U000e0067", "\U000e007f", "longerwordthanany",
}

func TestWrapGrownEqualsWrapFromScratch(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(7, 11))
	for range 3000 {
		var s strings.Builder
		for range rng.IntN(60) {
			s.WriteString(pieces[rng.IntN(len(pieces))])
		}
		checkWrap(t, s.String(), 1+rng.IntN(24), func() int { return rng.IntN(7) })
	}
	// The last character becomes narrower when its second byte comes, so that a long word fits the line before.
	checkWrap(t, strings.Repeat("w ", 24)+strings.Repeat("x", 150)+"é", 200, func() int { return 199 })
	checkWrap(t, "e"+strings.Repeat("\u0301", 300)+"x", 9, func() int { return 3 })
}

func TestTailKeepsTheEnd(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		in   string
		w    int
		want string
	}{
		{"short", 9, "short"},
		{"The result is 79.", 9, "…t is 79."},
		{"日本語", 5, "…本語"},
		{"日本語", 4, "…語"},
		{"abc", 1, "…"},
		{"abc", 0, ""},
		{strings.Repeat("x", 5000) + "y", 3, "…xy"},
		{"a\x1b[2J", 4, "…[2J"},
	} {
		if got := Tail(c.in, c.w, mono); got != c.want {
			t.Errorf("%.20q in %d: got %q, want %q", c.in, c.w, got, c.want)
		}
	}
}

func FuzzWrap(f *testing.F) {
	f.Add("a \x1b[31mb\u202e日本 e\u0301", 7, uint8(3))
	f.Add(strings.Join(pieces, ""), 5, uint8(1))
	f.Fuzz(func(t *testing.T, s string, width int, step uint8) {
		if len(s) > 2000 {
			return
		}
		checkWrap(t, s, 1+int(uint(width)%120), func() int { return int(step) })
		c := Clean(s, false)
		checkSafe(t, c)
		row := NewRow(mono, int(uint(width)%50)).Add(theme.Text, s).String()
		if w := ansi.StringWidth(row); w != int(uint(width)%50) {
			t.Fatalf("a row of %d cells is %d wide: %q", uint(width)%50, w, row)
		}
	})
}

func TestScrollKeepsItsPlaceWhileTextGrowsAndWidthChanges(t *testing.T) {
	t.Parallel()
	d := NewDoc(false)
	for i := range 500 {
		d.Append(strings.Repeat("word ", i%9)+"\n", theme.Text)
	}
	var s Scroll
	s.Place(d, 40, 10)
	if !s.Following() || s.End() != d.Len() {
		t.Fatalf("a new view does not follow the end: ends at %d of %d", s.End(), d.Len())
	}
	s.By(-30)
	if s.Following() {
		t.Fatal("still following after an upward scroll")
	}
	top := s.Lines()[0].Start
	d.Append("more\n", theme.Text)
	s.Place(d, 40, 10)
	if got := s.Lines()[0].Start; got != top {
		t.Errorf("top moved from byte %d to %d as the text grew", top, got)
	}
	for _, w := range []int{12, 80, 3, 40} {
		s.Place(d, w, 10)
		if l := s.Lines()[0]; l.Start > top || l.End <= top {
			t.Errorf("width %d: top line %v does not hold byte %d", w, l, top)
		}
	}
	s.By(10_000)
	if !s.Following() {
		t.Error("reaching the end did not take up following")
	}
	s.Top()
	if s.Lines()[0].Start != 0 {
		t.Error("Top does not show the first line")
	}
}

func TestScrollBeforeTheIndexIsComplete(t *testing.T) {
	t.Parallel()
	d := NewDoc(false)
	for range 100_000 {
		d.Append("word ", theme.Text)
	}
	var s Scroll
	s.Place(d, 40, 10)
	if s.Settled() {
		t.Fatal("500 kB settled in one slice: the test tests nothing")
	}
	if n := len(s.Lines()); n != 10 {
		t.Errorf("following: %d lines, want 10", n)
	}
	s.By(-5)
	if n := len(s.Lines()); n != 10 {
		t.Errorf("after scrolling: %d lines, want 10", n)
	}
	s.Top()
	if s.Lines()[0].Start != 0 {
		t.Error("Top does not show the first line")
	}
	for n := 0; !s.Settled(); n++ {
		if s.Place(d, 40, 10); n > 100 {
			t.Fatal("never settles")
		}
	}
}

// Budget: 100,000 tokens (500 kB) after a resize under 16 ms until the first frame; one slice is what a frame pays.
func BenchmarkResizeFirstFrame(b *testing.B) {
	for name, word := range map[string]string{"ascii": "word ", "cjk": "日本"} {
		d := NewDoc(false)
		for range 100_000 {
			d.Append(word, theme.Text)
		}
		b.Run(name, func(b *testing.B) {
			var s Scroll
			for i := range b.N {
				s.Place(d, 60+i%2, 50)
				for _, l := range s.Lines() {
					r := NewRow(mono, 61)
					d.Draw(r, l, 61, nil)
				}
			}
		})
	}
}

// Budget: 33 tokens (one frame at 1,000 tokens/s) appended to 100,000 and 50 lines drawn, under 1 ms.
func BenchmarkAppendFrame(b *testing.B) {
	d := NewDoc(false)
	for range 100_000 {
		d.Append("word ", theme.Text)
	}
	var s Scroll
	for s.Place(d, 80, 50); !s.Settled(); s.Place(d, 80, 50) {
	}
	for range b.N {
		for range 33 {
			d.Append("word ", theme.Text)
		}
		s.Place(d, 80, 50)
		for _, l := range s.Lines() {
			r := NewRow(mono, 80)
			d.Draw(r, l, 80, nil)
		}
	}
}
