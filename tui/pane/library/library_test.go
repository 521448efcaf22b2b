package library

import (
	"fmt"
	"strings"
	"testing"
	"unicode"

	"github.com/charmbracelet/x/ansi"

	"s1/tui/text"
	"s1/tui/theme"
	"s1/tui/tuitest/frames"
)

// filled is a library with everything in use.
func filled(t *theme.Theme) *Pane {
	p := &Pane{Theme: t, Focused: true, Millis: 12, Total: 1234, More: true, Cursor: 1, Query: "carry*", Filters: "wrong, #class", Selected: map[string]bool{"r0": true, "r2": true}, Note: "120 branches are not searchable yet"}
	for i := range 40 {
		p.Rows = append(p.Rows, Row{
			ID: fmt.Sprint("r", i), When: fmt.Sprintf("2026-01-%02d 10:00", 1+i%28), Model: "mini", Question: fmt.Sprintf("%d,*5,+61,-88,/2", 37+i), Answer: fmt.Sprint(79 + i),
			Verdict: []string{"right", "wrong", ""}[i%3], Closed: []string{"natural", "cap", "open"}[i%3], Tags: [][]string{nil, {"class"}, {"class", "odd"}}[i%3],
			Snippet: "185+61=246? 6 4 carry 1 2 =246 ok", Hits: [][2]int{{17, 22}}, Where: fmt.Sprint("thought at token ", 61+i),
		})
	}
	thought := strings.Repeat("one line of a thought\n", 60) + "then carry 1\n" + strings.Repeat("and more of it\n", 9)
	at := strings.Index(thought, "carry")
	p.Preview = []Part{
		{Text: "2026-01-02 10:00, mini, thinking 188, closed cap, 2 branches", Quiet: true},
		{Title: "question", Text: "38,*5,+61,-88,/2"},
		{Title: "thought", Text: thought, Hits: [][2]int{{at, at + 5}}},
		{Title: "answer", Text: "79"},
		{Title: "note", Text: "shown to the class"},
	}
	return p
}

var scenes = map[string]func(*theme.Theme) *Pane{
	"filled": filled,
	"all": func(t *theme.Theme) *Pane {
		p := filled(t)
		p.Query, p.Filters, p.Note, p.Selected = "", "", "", nil
		return p
	},
	"empty": func(t *theme.Theme) *Pane { return &Pane{Theme: t, Millis: -1} },
	"nothing found": func(t *theme.Theme) *Pane {
		return &Pane{Theme: t, Query: "hippopotamus", Millis: 3, Focused: true}
	},
}

func TestFrames(t *testing.T) {
	t.Parallel()
	for name, scene := range scenes {
		frames.Sizes(t, name, func(th *theme.Theme, w, h int) []string { return scene(th).Render(w, h) })
	}
}

func TestEverySizeHoldsItsShape(t *testing.T) {
	t.Parallel()
	th := theme.New(theme.Options{})
	for name, scene := range scenes {
		p := scene(th)
		for w := range 81 {
			for h := range 31 {
				for _, cursor := range []int{-3, 99} {
					p.Cursor = cursor
					rows := p.Render(w, h)
					if w > 0 && len(rows) != h {
						t.Fatalf("%s %dx%d: %d rows", name, w, h, len(rows))
					}
					for _, r := range rows {
						if text.Cells(r) != w {
							t.Fatalf("%s %dx%d: a row of %d cells: %q", name, w, h, text.Cells(r), r)
						}
					}
				}
			}
		}
	}
}

func TestTheCursorsRunAndTheHitAreInView(t *testing.T) {
	t.Parallel()
	p := filled(theme.New(theme.Options{NoColor: true}))
	for _, size := range [][2]int{{40, 12}, {80, 24}, {120, 24}, {200, 50}} {
		for _, cursor := range []int{0, 39, 20, 3} {
			p.Cursor = cursor
			frame := ansi.Strip(strings.Join(p.Render(size[0], size[1]), "\n"))
			if !strings.Contains(frame, p.Rows[cursor].Question[:4]) {
				t.Errorf("%v: run %d is not in view:\n%s", size, cursor, frame)
			}
			if row := p.found(p.Rows[cursor], size[0]); !strings.Contains(ansi.Strip(row), "carry") {
				t.Errorf("%v: the hit is not in view: %q", size, row)
			}
			if size[1] >= 24 && !strings.Contains(frame, "then carry 1") {
				t.Errorf("%v: the hit of the preview is not in view:\n%s", size, frame)
			}
		}
	}
}

func TestHostileTextIsHarmless(t *testing.T) {
	t.Parallel()
	for _, s := range []string{
		"\x1b[2J\x1b]52;c;aGk=\x07", "\u202e turned \u2066", "zero\u200bwidth\u2060", strings.Repeat("e\u0301\u0302", 500), strings.Repeat("long", 1<<16), "\x00\u009b31m\x7f", "\xff\xfe", "多字节 🏳️‍🌈", "a\nb\tc\r",
	} {
		p := filled(theme.New(theme.Options{NoColor: true}))
		p.Query, p.Filters, p.Note = s, s, s
		for i := range p.Rows {
			p.Rows[i] = Row{ID: s, When: s, Model: s, Question: s, Answer: s, Verdict: s, Closed: s, Tags: []string{s, s}, Snippet: s, Where: s, Hits: [][2]int{{1, 3}, {2, 99}, {-4, 1}}}
		}
		for i := range p.Preview {
			p.Preview[i] = Part{Title: s, Text: s, Hits: [][2]int{{1, 2}, {0, 1}, {5, 1 << 30}}}
		}
		for _, size := range [][2]int{{1, 1}, {40, 12}, {80, 24}, {120, 24}} {
			for _, row := range p.Render(size[0], size[1]) {
				if text.Cells(row) != size[0] {
					t.Errorf("%.20q %v: a row of %d cells", s, size, text.Cells(row))
				}
				for _, r := range ansi.Strip(row) {
					if unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || r == '\u200b' {
						t.Errorf("%.20q %v: %U reaches the terminal", s, size, r)
					}
				}
			}
		}
	}
}
