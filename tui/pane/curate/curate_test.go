package curate

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

// running is a curation in the middle of a stage that asks a model.
func running(t *theme.Theme) *Pane {
	return &Pane{Theme: t, Focused: true, Cursor: 3, Run: &Run{
		Title: "s1-code", Folder: "curated", State: Running, Facts: "seed 7, resumed", LengthUnit: "characters",
		Stages: []Stage{
			{Name: "load", State: Done, In: 59029, Kept: 59029, Would: Unknown},
			{Name: "clean", About: "drops rows without a trace, or with what the quality rules name", State: Done, In: 59029, Kept: 51607, Would: Unknown, Rules: []Rule{
				{Name: "no trace", Count: 4913, Would: Unknown}, {Name: "[asy]", Count: 1604, Would: Unknown}, {Name: "image", Count: 212, Would: Unknown}, {Name: "numbered", Count: 693, Would: Unknown},
			}},
			{Name: "difficulty", State: Running, In: 12311, Of: 27090, Kept: 9012, Would: Unknown, Rate: 38.4, Left: "6 min", Money: "cost 0.1200 of 5.0000", Bill: [][2]string{{"spend", "of all runs of this folder"}, {"requests", "12,311"}, {"tokens", "1,204,113, no cap"}, {"cost", "0.1200 of 5.0000, 0.0031 held"}}, Rules: []Rule{{Name: "too easy", Count: 3299, Would: Unknown}}},
			{Name: "select", State: Waiting, In: Unknown, Kept: Unknown, Would: Unknown},
		},
		Domains: []Bin{{"algebra", 12040, 0}, {"number theory", 9021, 0}, {"combinatorics", 4021, 0}, {"physics", 310, 0}},
		Lengths: []Bin{{"under 1k", 2400, 0}, {"1k to 2k", 9210, 0}, {"2k to 4k", 20010, 0}, {"4k to 8k", 11210, 0}, {"over 8k", 210, 0}},
	}}
}

func finished(t *theme.Theme) *Pane {
	p := running(t)
	r := p.Run
	r.State, r.Facts = Done, "seed 7"
	r.Stages[2].State, r.Stages[2].In, r.Stages[2].Kept, r.Stages[2].Rate = Done, 51607, 24496, 0
	r.Stages[3] = Stage{Name: "select", State: Done, In: 24496, Kept: 1000, Would: Unknown, Rules: []Rule{
		{Name: "not drawn", Count: 23497, Would: Unknown}, {Name: "by hand", Count: 2, Would: Unknown, Hand: true}, {Name: "by hand", Count: 1, Would: Unknown, Hand: true, Keeps: true},
	}}
	for i := range r.Domains {
		r.Domains[i].After = 400 / (i + 1)
	}
	for i := range r.Lengths {
		r.Lengths[i].After = 100 * (i + 1)
	}
	return p
}

// tried is a finished one with another threshold.
func tried(t *theme.Theme) *Pane {
	p := finished(t)
	p.Cursor, p.Run.Tried = 1, "ngram 10 in place of 8"
	s := &p.Run.Stages[1]
	s.Would, s.Thresholds = 52001, []Threshold{{"ngram", "8", "10"}, {"similarity", "0.8", ""}}
	s.Rules[0].Would, s.Rules[1].Would = 4913, 1210
	p.Run.Stages[3].Would = 990
	return p
}

func rowsOf(t *theme.Theme) *Pane {
	p := finished(t)
	item := "A tape reads 37, times 5, plus 61. What is the last number?"
	p.Rows = &Rows{Title: "decontaminate, ngram: dropped", Total: 79, Cursor: 2, Preview: []Part{
		{Title: "dropped by decontaminate, ngram", Text: "8 words stand in item 12 of AIME 2024", Role: theme.Warn},
		{Title: "question", Text: "Now: " + item, Hits: [][2]int{{5, 33}}},
		{Title: "AIME 2024, item 12", Text: item, Hits: [][2]int{{0, 28}}, Beside: true},
		{Title: "solution", Text: "246", Role: theme.Text},
		{Title: "thought", Text: strings.Repeat("37*5=185 and then +61=246 which is right. ", 40)},
	}}
	for i := range 30 {
		p.Rows.List = append(p.Rows.List, Row{
			ID: fmt.Sprintf("%016x", 0x9e3779b97f4a7c15*uint64(i+1)), Question: fmt.Sprintf("A tape reads %d, times 5, plus 61. What is the last number?", 37+i),
			Stage: "decontaminate", Rule: "ngram", Reason: fmt.Sprintf("8 words of AIME 2024, item %d", i), Kept: i == 4, Hand: i == 4 || i == 6,
		})
	}
	return p
}

var scenes = map[string]func(*theme.Theme) *Pane{
	"running": running, "finished": finished, "tried": tried, "rows": rowsOf,
	"empty": func(t *theme.Theme) *Pane {
		return &Pane{Theme: t, Empty: "a curation stands here: n starts one, o opens the folder of one"}
	},
	"failed": func(t *theme.Theme) *Pane {
		p := running(t)
		p.Run.State, p.Run.Fault, p.Run.Stages[2].State = Failed, "write shard 12 of difficulty: no space left on device; free some and resume with r", Failed
		return p
	},
	"no rows": func(t *theme.Theme) *Pane {
		p := rowsOf(t)
		p.Rows = &Rows{Title: "clean: dropped", Query: "hippopotamus"}
		return p
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
		for _, w := range []int{0, 1, 2, 3, 4, 5, 7, 9, 12, 17, 23, 31, 39, 40, 49, 50, 59, 60, 69, 71, 80, 99, 100, 101, 121} {
			for _, h := range []int{0, 1, 2, 3, 4, 5, 6, 7, 9, 11, 13, 17, 24} {
				for _, cursor := range []int{-3, 99} {
					p.Cursor = cursor
					if p.Rows != nil {
						p.Rows.Cursor = cursor
					}
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

func TestTheLineOfTheCursorIsInViewAndSaysWhatItIs(t *testing.T) {
	t.Parallel()
	p := finished(theme.New(theme.Options{NoColor: true}))
	for _, size := range [][2]int{{40, 12}, {80, 24}, {120, 24}, {200, 50}} {
		for i, l := range p.Run.Lines() {
			p.Cursor = i
			frame := ansi.Strip(strings.Join(p.Render(size[0], size[1]), "\n"))
			ok := false
			for _, row := range strings.Split(frame, "\n") {
				ok = ok || strings.HasPrefix(row, p.Theme.Glyphs.Pick) && strings.Contains(row, strings.TrimSpace(p.label(l)))
			}
			if !ok {
				t.Errorf("%v: line %d (%+v, %q) is not marked:\n%s", size, i, l, p.label(l), frame)
			}
			if got, ok := p.At(); !ok || got != l {
				t.Errorf("the cursor %d is at %+v, want %+v", i, got, l)
			}
		}
	}
}

func TestAThresholdThatIsTriedShowsBothCounts(t *testing.T) {
	t.Parallel()
	frame := ansi.Strip(strings.Join(tried(theme.New(theme.Options{NoColor: true})).Render(120, 24), "\n"))
	for _, want := range []string{"tried: ngram 10", "would be 7,028", "would be 1,210", "would be 990"} {
		if !strings.Contains(frame, want) {
			t.Errorf("%q is missing:\n%s", want, frame)
		}
	}
	if strings.Contains(frame, "would be 4,913") {
		t.Error("a rule with the same count shows it twice")
	}
}

func TestHostileTextIsHarmless(t *testing.T) {
	t.Parallel()
	for _, s := range []string{
		"\x1b[2J\x1b]52;c;aGk=\x07", "\u202e turned \u2066", "zero\u200bwidth\u2060", strings.Repeat("e\u0301\u0302", 500), strings.Repeat("long", 10<<20/4),
		"\x00\u009b31m\x7f", "\xff\xfe", "多字节 🏳️‍🌈", "a\nb\tc\r", "",
	} {
		p := rowsOf(theme.New(theme.Options{NoColor: true}))
		v, r := p.Rows, p.Run
		r.Title, r.Folder, r.Facts, r.Fault, r.Tried, r.LengthUnit = s, s, s, s, s, s
		for i := range r.Stages {
			st := &r.Stages[i]
			st.Name, st.About, st.Left, st.Money, st.Bill = s, s, s, s, [][2]string{{s, s}}
			st.Thresholds = []Threshold{{s, s, s}, {s, s, "x"}}
			for k := range st.Rules {
				st.Rules[k].Name = s
			}
		}
		for i := range r.Domains {
			r.Domains[i].Name, r.Lengths[i].Name = s, s
		}
		v.Title, v.Query, v.Note = s, s, s
		for i := range v.List {
			v.List[i].ID, v.List[i].Question, v.List[i].Stage, v.List[i].Rule, v.List[i].Reason = s, s, s, s, s
		}
		for i := range v.Preview {
			v.Preview[i].Title, v.Preview[i].Text, v.Preview[i].Hits = s, s, [][2]int{{1, 2}, {0, 1}, {-4, 1}, {5, 1 << 30}}
		}
		for _, view := range []*Rows{v, nil} {
			p.Rows = view
			for _, size := range [][2]int{{1, 1}, {40, 12}, {80, 24}, {120, 24}, {200, 50}} {
				for _, row := range p.Render(size[0], size[1]) {
					if text.Cells(row) != size[0] {
						t.Errorf("%.20q %v: a row of %d cells", s, size, text.Cells(row))
					}
					for _, c := range ansi.Strip(row) {
						if unicode.IsControl(c) || unicode.Is(unicode.Bidi_Control, c) || c == '\u200b' {
							t.Errorf("%.20q %v: %U reaches the terminal", s, size, c)
						}
					}
				}
			}
		}
	}
}
