package text

import (
	"strings"
	"testing"

	"s1/tui/theme"
)

// roles draws a text in one line and names the role of every byte by a letter.
func roles(d *Doc, v View) string {
	over := v.Over(d)
	var b strings.Builder
	for i := range d.Len() {
		r := theme.Text
		if over != nil {
			r = over(i, r)
		}
		b.WriteByte(map[theme.Role]byte{theme.Text: '.', theme.Cursor: 'C', theme.Found: 'f', theme.Heat0: '0', theme.Heat4: '4'}[r])
	}
	return b.String()
}

func TestViewShowsCursorBeforeHitsBeforeColours(t *testing.T) {
	t.Parallel()
	d := docOf("abcabcabc")
	hot := func(at int) int { return []int{-1, 0, 99}[at%3] }
	for _, c := range []struct {
		name string
		v    View
		want string
	}{
		{"nothing", View{}, "........."},
		{"a cursor", View{Cursor: true, From: 3, To: 5}, "...CC...."},
		{"a cursor on a token that shows nothing", View{Cursor: true, From: 3, To: 3}, "...C....."},
		{"no cursor", View{From: 3, To: 5}, "........."},
		{"hits", View{Hits: d.All("bc"), Long: 2}, ".ff.ff.ff"},
		{"colours", View{Shade: hot}, ".04.04.04"},
		{"all of them", View{Cursor: true, From: 0, To: 2, Hits: []int{1, 4}, Long: 2, Shade: hot}, "CCf.ff.04"},
	} {
		if got := roles(d, c.v); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
	forced := View{Shade: func(int) int { return 4 }}
	if r := forced.Over(d)(0, theme.Warn); r != theme.Warn {
		t.Errorf("a colouring hides what was forced: role %d", r)
	}
}

func TestTheCursorStandsInOneLine(t *testing.T) {
	t.Parallel()
	d := docOf("one\ntwo\nthree")
	lines := []Line{{0, 4}, {4, 8}, {8, 13}}
	for _, c := range []struct {
		name     string
		from, to int
		want     string
	}{
		{"inside", 5, 6, ".x."},
		{"first byte of a line", 4, 7, ".x."},
		{"shows nothing, between two lines", 4, 4, ".x."},
		{"shows nothing, at the end", 13, 13, "..x"},
		{"a line break", 3, 4, "x.."},
	} {
		v := View{Cursor: true, From: c.from, To: c.to}
		got := ""
		for _, l := range lines {
			got += map[bool]string{true: "x", false: "."}[v.In(d, l)]
		}
		if got != c.want {
			t.Errorf("%s: in the lines %s, want %s", c.name, got, c.want)
		}
	}
	off := View{From: 5, To: 6}
	if off.In(d, lines[1]) {
		t.Error("a cursor that is off stands in a line")
	}
}

func TestWithoutColourEveryStepStillLooksDifferent(t *testing.T) {
	t.Parallel()
	seen := map[string]theme.Role{}
	for _, r := range []theme.Role{theme.Cursor, theme.Heat0, theme.Heat1, theme.Heat2, theme.Heat3, theme.Heat4} {
		open, _ := mono.Around(r)
		if other, ok := seen[open]; ok {
			t.Errorf("roles %d and %d look the same: %q", other, r, open)
		}
		seen[open] = r
	}
}

func TestALineSaysWhetherSomeOfItWasFedIn(t *testing.T) {
	t.Parallel()
	d := NewDoc(false)
	d.Append("drawn, ", theme.Text)
	d.Append("yours\nmore", theme.Accent)
	d.Append(" drawn\n", theme.Text)
	d.Append("\n", theme.Accent) // shows nothing
	d.Append("forced", theme.Warn)
	d.Append("yours", theme.Accent)
	for at, want := range map[[2]int]theme.Role{
		{0, 7}: theme.Text, {0, 13}: theme.Accent, {13, 24}: theme.Accent, {17, 24}: theme.Text, {24, 25}: theme.Text, {25, 31}: theme.Warn, {25, 36}: theme.Accent,
	} {
		if got := d.Fed(Line{at[0], at[1]}); got != want {
			t.Errorf("%q: role %d, want %d", d.Slice(at[0], at[1]), got, want)
		}
	}
}
