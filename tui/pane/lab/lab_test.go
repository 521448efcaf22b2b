package lab

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/charmbracelet/x/ansi"

	"s1/tui/text"
	"s1/tui/theme"
	"s1/tui/tuitest/frames"
)

func point(series string, budget int, tokens float64, right, n int) Point {
	share := float64(right) / float64(n)
	half := 196 * math.Sqrt(share*(1-share)/float64(n))
	return Point{
		Name: fmt.Sprint(series, " ", budget), Series: series, Tokens: tokens, Percent: 100 * share, Low: max(100*share-half, 0), High: min(100*share+half, 100), N: n,
		Right: right, Wrong: n - right - 3, Cut: 2, Unparsed: 1,
	}
}

// running is a sweep under way.
func running(t *theme.Theme) *Pane {
	r := &Report{
		Model: "mini", Data: "tape", Folder: "s1-sweep", Seed: 7, State: "running", Done: 620, Items: 1000, TokensPerSecond: 5231.4, Left: 72 * time.Second,
		Saved: "shared traces saved 71 %", Licence: "apache-2.0",
		Metrics: []Metric{{"bf", "100", "18.2", "84.9"}, {"wait", "100", "9.1", "84.9"}, {"majority", "-", "2.0", "51.0"}},
	}
	for i, right := range []int{12, 75, 188, 350, 510} {
		r.Points = append(r.Points, point("bf", 16<<i, 15*math.Exp2(float64(i)), right, 620))
	}
	for i, right := range []int{340, 480, 526} {
		r.Points = append(r.Points, point("wait", i, float64(120+40*i), right, 620))
	}
	r.Points[6].Difference = "22.6 [19.1, 26.0] points, p < 0.0001"
	m := point("majority", 8, 960, 316, 620)
	m.Coverage = "71.0 [67.3, 74.4]"
	r.Points = append(r.Points, m)
	return &Pane{Theme: t, Focused: true, View: Curve, Report: r, Point: 6}
}

func form(t *theme.Theme) *Pane {
	return &Pane{
		Theme: t, Focused: true, Field: 1, Keys: "f says what it will cost, s starts it",
		Fields: []Field{
			{"data", "tape", "a file of questions, a name, or tape", ""},
			{"methods", "none,bf,wait", "none, bf, wait, majority, rs, exit", ""},
			{"caps", "0,16,32,64", "thinking tokens, of bf", ""},
			{"waits", "0,1,two", "numbers of Waits", `"two" is no number`},
			{"votes", "1,2,4,8", "", ""},
			{"limits", "64,128", "", ""},
			{"questions", "200", "0 = all", ""},
			{"seed", "1", "", ""},
			{"folder", "s1-sweep", "where it is kept", ""},
		},
	}
}

// found is servers of every kind.
func found() []Server {
	return []Server{
		{Name: "10.0.0.7:8000", Model: "deep", Badge: "exact", Route: "completions by ids"},
		{Name: "10.0.0.8:8000", Model: "deep", Badge: "emulated", Route: "completions by text", Fault: "not one model for a sweep: how budgets are kept is another here"},
		{Name: "10.0.0.9:8000", Fault: "not there: connection refused; taken in when it is"},
		{Name: "10.0.0.10:8000", Model: "deep", Badge: "hint", Route: "chat"},
	}
}

func items(t *theme.Theme) *Pane {
	p := running(t)
	p.View, p.Item = Items, 17
	for i := range 40 {
		p.Items = append(p.Items, Item{
			Index: i, ID: fmt.Sprint(i), Question: fmt.Sprintf("%d,*5,+61,-88,/2", 30+i), Answer: fmt.Sprint(79 + i%3), Gold: "79", Closed: "natural",
			Outcome: []string{"right", "wrong", "unparsed", "cut", "empty", "error"}[i%6], Tokens: 100 + i,
		})
	}
	return p
}

var scenes = map[string]func(*theme.Theme) *Pane{
	"form": form,
	"forecast": func(t *theme.Theme) *Pane {
		p := form(t)
		p.Forecast = "forecast from 4 of 200 questions: 12 arms, about 81,000 tokens and 21s; as separate runs 240,000 tokens, 3.0 times as many"
		return p
	},
	"running": running,
	"blocks": func(t *theme.Theme) *Pane {
		p := running(t)
		p.Blocks, p.Report.State = true, "paused"
		return p
	},
	"first": func(t *theme.Theme) *Pane {
		p := running(t)
		p.Report.Points, p.Report.Done, p.Report.Metrics = nil, 0, nil
		return p
	},
	"failed": func(t *theme.Theme) *Pane {
		p := running(t)
		p.Report.State, p.Report.Fault = "failed", "write items.jsonl: no space left on device"
		return p
	},
	"servers": func(t *theme.Theme) *Pane {
		p := form(t)
		p.Fields = append([]Field{{"model", "http://10.0.0.7:8000/v1#deep http://10.0.0.8:8000/v1#deep", "the open one, or servers", ""}}, p.Fields...)
		p.Field, p.Servers = 0, found()
		return p
	},
	"servers running": func(t *theme.Theme) *Pane {
		p := running(t)
		p.Report.Kept, p.Report.Note = "completions by ids, budget exact", "10.0.0.8:8000 rests for 8 s: connection refused"
		p.Report.Servers = []Server{{Name: "10.0.0.7:8000", Done: 412}, {Name: "10.0.0.8:8000", Done: 208, Failed: 3, State: "resting"}, {Name: "10.0.0.9:8000", State: "left out"}}
		for i := range p.Report.Points {
			p.Report.Points[i].Kept = "exact"
		}
		return p
	},
	"items": items,
	"items none": func(t *theme.Theme) *Pane {
		p := items(t)
		p.Items, p.Class = nil, "error"
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
		for w := 0; w < 130; w += 3 {
			for h := 0; h < 31; h += 2 {
				for _, cursor := range []int{-3, 4, 99} {
					p.Field, p.Point, p.Item = cursor, cursor, cursor
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

func TestWhatTheCursorStandsOnIsInView(t *testing.T) {
	t.Parallel()
	th := theme.New(theme.Options{NoColor: true})
	for _, size := range [][2]int{{40, 6}, {40, 12}, {80, 24}, {120, 24}, {200, 50}} {
		p := items(th)
		for _, at := range []int{0, 39, 20, 3} {
			p.Item = at
			if frame := ansi.Strip(strings.Join(p.Render(size[0], size[1]), "\n")); !strings.Contains(frame, p.Items[at].Question[:6]) {
				t.Errorf("%v: item %d is not in view:\n%s", size, at, frame)
			}
		}
		p = running(th)
		for at := range p.Report.Points {
			p.Point = at
			if frame := ansi.Strip(strings.Join(p.Render(size[0], size[1]), "\n")); !strings.Contains(frame, p.Report.Points[at].Name[:5]) {
				t.Errorf("%v: point %d is not in view:\n%s", size, at, frame)
			}
		}
		p = form(th)
		for at := range p.Fields {
			p.Field = at
			if frame := ansi.Strip(strings.Join(p.Render(size[0], size[1]), "\n")); !strings.Contains(frame, p.Fields[at].Name) {
				t.Errorf("%v: field %d is not in view:\n%s", size, at, frame)
			}
		}
	}
}

func TestHostileTextIsHarmless(t *testing.T) {
	t.Parallel()
	for _, s := range []string{
		"\x1b[2J\x1b]52;c;aGk=\x07", "\u202e turned \u2066", "zero\u200bwidth\u2060", strings.Repeat("e\u0301\u0302", 500), strings.Repeat("long", 1<<16), "\x00\u009b31m\x7f", "\xff\xfe", "多字节 🏳️‍🌈", "a\nb\tc\r",
	} {
		for name, scene := range scenes {
			p := scene(theme.New(theme.Options{NoColor: true}))
			p.Forecast, p.Busy, p.Fault, p.Class = s, s, s, s
			for i := range p.Fields {
				p.Fields[i] = Field{s, s, s, s}
			}
			p.Servers = []Server{{s, s, s, s, s, s, 1, 1}, {Name: s, Badge: s}}
			if r := p.Report; r != nil {
				r.Servers, r.Kept, r.Note = p.Servers, s, s
				r.Model, r.Data, r.Folder, r.Licence, r.State, r.Fault, r.Saved = s, s, s, s, s, s, s
				for i := range r.Points {
					r.Points[i].Name, r.Points[i].Series, r.Points[i].Coverage, r.Points[i].Difference, r.Points[i].Kept = s, s, s, s, s
				}
				r.Metrics = []Metric{{s, s, s, s}}
			}
			for i := range p.Items {
				p.Items[i] = Item{i, s, s, s, s, s, s, 1}
			}
			for _, size := range [][2]int{{1, 1}, {40, 12}, {80, 24}, {120, 24}} {
				for _, row := range p.Render(size[0], size[1]) {
					if text.Cells(row) != size[0] {
						t.Errorf("%s %.20q %v: a row of %d cells", name, s, size, text.Cells(row))
					}
					for _, r := range ansi.Strip(row) {
						if unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || r == '\u200b' {
							t.Errorf("%s %.20q %v: %U reaches the terminal", name, s, size, r)
						}
					}
				}
			}
		}
	}
}

// Before the start every server stands there with how it keeps a budget, and while it runs none that is in trouble is left out.
func TestEveryServerStandsWithItsBadge(t *testing.T) {
	t.Parallel()
	frame := func(p *Pane, w, h int) string { return ansi.Strip(strings.Join(p.Render(w, h), "\n")) }
	p := scenes["servers"](theme.New(theme.Options{NoColor: true}))
	for _, size := range [][2]int{{80, 20}, {110, 32}, {200, 46}} {
		f := frame(p, size[0], size[1])
		for _, s := range p.Servers {
			if !strings.Contains(f, s.Name) || !strings.Contains(f, s.Badge) || s.Fault != "" && !strings.Contains(f, s.Fault[:12]) {
				t.Errorf("%v: %+v is not there:\n%s", size, s, f)
			}
		}
	}
	for range 30 {
		p.Servers = append(p.Servers, found()...)
	}
	if f := frame(p, 80, 20); !strings.Contains(f, "servers more") || !strings.Contains(f, "model") {
		t.Errorf("124 servers:\n%s", f)
	}
	p = scenes["servers running"](theme.New(theme.Options{NoColor: true}))
	for w := 60; w <= 200; w += 10 {
		f := frame(p, w, 24)
		if !strings.Contains(f, "10.0.0.8:8000 208 resting") || !strings.Contains(f, "10.0.0.9:8000 0 left out") && !strings.Contains(f, "more") || !strings.Contains(f, "budget exact") {
			t.Errorf("%d cells:\n%s", w, f)
		}
	}
}

// The columns of the questions have names, stand under them, and are as wide as what is in them.
func TestTheColumnsOfQuestionsAreNamedAndNoWiderThanTheyNeed(t *testing.T) {
	t.Parallel()
	for _, width := range []int{60, 80, 120, 200} {
		p := items(theme.New(theme.Options{NoColor: true}))
		p.Item = 0
		p.Items[0] = Item{Question: "37,*5", Answer: "185", Gold: "184", Outcome: "wrong", Tokens: 1234}
		rows := strings.Split(ansi.Strip(strings.Join(p.Render(width, 24), "\n")), "\n")
		head, first := []rune(rows[1]), []rune(rows[2])
		at := func(row []rune, s string) int {
			return len([]rune(string(row)[:max(strings.Index(string(row), s), 0)]))
		}
		for _, c := range [][2]string{{"question", "37,*5"}, {"answer", "185"}, {"expected", "184"}, {"outcome", "wrong"}} {
			if at(head, c[0]) == 0 || at(head, c[0]) != at(first, c[1]) {
				t.Errorf("%d cells: %q stands at %d, its name at %d\n%s\n%s", width, c[1], at(first, c[1]), at(head, c[0]), rows[1], rows[2])
			}
		}
		if end := at(head, "tokens") + len("tokens"); end != at(first, "1,234")+len("1,234") || end > 60 {
			t.Errorf("%d cells: the tokens end at %d\n%s\n%s", width, end, rows[1], rows[2])
		}
	}
}

func TestATableThatDoesNotFitSaysWhereItIs(t *testing.T) {
	t.Parallel()
	p := running(theme.New(theme.Options{NoColor: true}))
	frame := func(w, h int) string { return ansi.Strip(strings.Join(p.Render(w, h), "\n")) }
	// The room that a terminal of 80 by 24 leaves: nine arms are all in view, below a curve.
	if f := frame(80, 20); strings.Count(f, "620") < 9 || !strings.Contains(f, "majority 8") || strings.Contains(f, " of 9") {
		t.Errorf("80x20 does not show all nine arms, or says that it does not:\n%s", f)
	}
	for _, at := range []int{0, 4, 8} {
		p.Point = at
		f := frame(80, 15)
		if want := fmt.Sprintf("arm %d of 9", at+1); !strings.Contains(f, want) || !strings.Contains(f, p.Theme.Glyphs.Solid) {
			t.Errorf("80x15 does not say %q beside a bar:\n%s", want, f)
		}
	}
}

func TestTheBarOfATableReachesAnEndOnlyWhereThatIsInView(t *testing.T) {
	t.Parallel()
	for shown := 1; shown < 12; shown++ {
		for all := shown + 1; all < 40; all++ {
			before := 0
			for first := 0; first <= all-shown; first++ {
				from, to := thumb(first, shown, all)
				if from < before || to <= from || to > shown || first == all-shown && to != shown || first == 0 && from != 0 {
					t.Fatalf("rows %d to %d of %d: bar %d to %d of %d", first, first+shown, all, from, to, shown)
				}
				if shown-(to-from) > 1 && (first > 0 && from == 0 || first < all-shown && to == shown) {
					t.Fatalf("rows %d to %d of %d: bar %d to %d of %d says an end is in view", first, first+shown, all, from, to, shown)
				}
				before = from
			}
		}
	}
}
