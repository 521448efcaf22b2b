package app_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/charmbracelet/x/ansi"

	"s1/tui/app"
	"s1/tui/tuitest"
)

// curated is a run of two stages that has ended, of n rows of which every second one was dropped.
func curated(n int) *tuitest.Curator {
	c := &tuitest.Curator{State: app.CurationState{
		Recipe: "s1-code", State: "done", Facts: "seed 7",
		Stages: []app.CurationStage{
			{Name: "load", State: "done", In: n, Of: -1, Kept: n},
			{
				Name: "decontaminate", State: "done", In: n, Of: -1, Kept: n - n/2,
				Rules: []app.CurationRule{{Name: "ngram", Count: n / 2}}, Numbers: []app.CurationNumber{{Name: "words", Value: "8"}},
			},
		},
		Domains: []app.CurationBin{{Name: "sums", Before: n, After: n / 2}},
	}}
	for i := range n {
		r := app.CurationRow{ID: fmt.Sprintf("%016x", i), Question: fmt.Sprintf("question %d of the tape", i), Thought: fmt.Sprintf("thought %d", i), Kept: true}
		if i%2 == 1 {
			r.Kept, r.Stage, r.Rule, r.Reason = false, "decontaminate", "ngram", "question of the tape"
			r.Hit = &app.CurationHit{Title: "AIME 2024, item 3", Text: "the test item of the tape", InRow: [][2]int{{0, 8}}, InItem: [][2]int{{4, 13}}}
		}
		c.List = append(c.List, r)
	}
	return c
}

func curating(t testing.TB, c *tuitest.Curator, change ...func(*app.Options)) *tuitest.Driver {
	t.Helper()
	return tuitest.Start(t, explorable(), 120, 30, func(o *app.Options) {
		o.Curator = c
		for _, f := range change {
			f(o)
		}
	})
}

// opened has the folder of the run open.
func opened(t testing.TB, c *tuitest.Curator) *tuitest.Driver {
	t.Helper()
	return curating(t, c).Press("ctrl+g").Expect("n starts one").Press("o").Type("out").Press("enter").Pull().Expect("s1-code", "decontaminate", "ngram", "seed 7")
}

func TestACurationIsStartedStoppedAndGoesOn(t *testing.T) {
	t.Parallel()
	c := curated(10)
	d := curating(t, c).Press("ctrl+g").Press("s").Expect("no curation is open").Press("n").Pull().Expect("s1-paper", "as the code does", "a file")
	d.Press("down", "enter").Expect("JSON lines, Parquet").Type("rows.jsonl").Press("enter").Expect("s1-code puts its stages").Press("ctrl+u").Type("my run").Press("enter").Pull().Pull().Expect("s1-code", "running", "my run")
	d.Press("r").Expect("it runs").Press("s").Pull()
	c.State.State = "stopped"
	d.Press("r").Pull().Pull().Expect("s1-code")
	d.Press("n").Pull().Press("end", "enter").Type("own.toml").Press("enter").Press("ctrl+u").Type("here").Press("enter").Pull().Pull().Expect("own.toml")
	want := []string{"start s1-code rows.jsonl my run", "watch my run", "stop my run", "start own.toml  here", "watch here"}
	if got := slices.DeleteFunc(slices.Clone(c.Did), func(s string) bool { return s == "resume my run" }); !slices.Equal(got, want) {
		t.Errorf("did %q, want %q", c.Did, want)
	}
	d.Press("esc").Refute("decontaminate").Press("ctrl+g").Expect("decontaminate").Press("ctrl+g").Refute("decontaminate")
}

func TestModelsAreAskedAgainOnlyWhereARowFailed(t *testing.T) {
	t.Parallel()
	c := curated(10)
	d := opened(t, c).Press("R").Expect("no row of it failed")
	c.State.Stages = append(c.State.Stages, app.CurationStage{Name: "domain", State: "done", In: 10, Of: 10, Kept: 8, Rules: []app.CurationRule{{Name: "failed-server", Count: 2}}})
	d.Press("o", "enter").Pull().Expect("failed-server").Press("R").Pull().Pull()
	if !slices.Contains(c.Did, "ask again out") {
		t.Errorf("did %q, want it to ask again", c.Did)
	}
}

func TestTheRowsBehindALineSayWhyAndShowTheTestItem(t *testing.T) {
	t.Parallel()
	c := curated(250)
	d := opened(t, c).Press("end", "up", "enter").Pull().Pull().Expect("decontaminate, ngram: dropped", "125 rows", "question 1 of the tape", "AIME 2024, item 3", "the test item of the tape")
	if q := c.Asked[0]; q.Stage != "decontaminate" || q.Rule != "ngram" || q.Side != app.CurationDropped || q.Limit != 100 {
		t.Errorf("asked for %+v", q)
	}
	d.Press("end").Pull().Pull().Press("end").Pull().Expect("question 249 of the tape")
	d.Press("tab").Pull().Pull().Expect("decontaminate: kept", "thought 0").Press("tab").Pull().Pull().Expect("decontaminate: all", "250 rows").Press("tab").Pull().Pull().Expect("decontaminate: dropped")
	d.Press("/").Type("question 7 of").Press("enter").Pull().Pull().Expect("1 row", "question 7 of the tape").Refute("question 9")
	d.Press("w").Press("ctrl+u").Type("0000000000000003").Press("enter").Pull().Expect("0000000000000003 dropped: decontaminate, ngram", "thought 3")
	d.Press("w").Press("ctrl+u").Type("nope").Press("enter").Pull().Expect(`no row has the id "nope"`)
	d.Press("esc").Expect("load").Press("home", "enter").Pull().Pull().Expect("all of the data: all").Press("esc", "G", "enter").Pull().Pull().Expect("decontaminate: kept")
}

func TestRowsThatAreOnTheirWayAreNotSaidToBeNone(t *testing.T) {
	t.Parallel()
	opened(t, curated(10)).Press("end", "enter", "enter").Expect("the rows are being read").Pull().Expect("question 0 of the tape").
		Press("/").Type("no such row").Press("enter").Pull().Press("+").Expect("there is no row here")
}

func TestANumberThatIsTriedShowsTheNewCountsAtOnce(t *testing.T) {
	t.Parallel()
	c := curated(100)
	d := opened(t, c).Press("t").Expect("decontaminate: words", "the recipe says 8").Press("ctrl+u").Type("13").Press("enter").Pull()
	d.Expect("tried: decontaminate words 13", "would be 49", "would be 51")
	d.Press("esc").Refute("would be").Expect("the recipe's own numbers", "decontaminate")
	c.Fails = errors.New("words 0: at least 2")
	d.Press("t").Press("ctrl+u").Type("0").Press("enter").Pull().Expect("could not count with words 0", "at least 2").Refute("would be")
}

func TestADecisionByHandIsANoteAndCanBeTakenBack(t *testing.T) {
	t.Parallel()
	c := curated(10)
	d := opened(t, c).Press("home", "enter").Pull().Pull().Press("U").Expect("was not decided by hand")
	d.Press("-").Type("too plain").Press("enter").Pull().Pull().Pull().Expect("dropped by hand", "note: too plain")
	d.Press("+").Press("ctrl+u").Type("fine").Press("enter").Pull().Pull().Pull().Expect("kept by hand", "note: fine")
	d.Press("U").Pull().Pull().Pull().Refute("note:")
	var decided []string
	for _, s := range c.Did {
		if strings.HasPrefix(s, "decide") {
			decided = append(decided, s)
		}
	}
	id := fmt.Sprintf("%016x", 0)
	if want := []string{"decide " + id + ` keep false undo false "too plain"`, "decide " + id + ` keep true undo false "fine"`, "decide " + id + ` keep false undo true ""`}; !slices.Equal(decided, want) {
		t.Errorf("decided %q, want %q", decided, want)
	}
}

func TestTheTraceOfARowOpensInTheExplorer(t *testing.T) {
	t.Parallel()
	c := curated(4)
	x := explorable()
	s := sessionsOf(1)
	s.Kept[0].ID, s.Rows[0].ID = "row-0000000000000000", "row-0000000000000000"
	d := tuitest.Start(t, x, 120, 30, func(o *app.Options) { o.Curator, o.Library = c, s }).Ask(question).Advance(999)
	s.Lives = []app.Live{x.Last()}
	d.Press("ctrl+g", "o").Type("out").Press("enter").Pull().Press("home", "enter").Pull().Pull().Press("enter").Pull().Pull()
	d.Refute("all of the data").Expect("question 0", "The result is")
	if got := c.Did[len(c.Did)-1]; got != "trace 0000000000000000" {
		t.Errorf("did %q", c.Did)
	}
}

func TestACurationThatFailsIsSaidAndTheKeysOfOthersDoNothing(t *testing.T) {
	t.Parallel()
	c := curated(4)
	c.Fails = errors.New("open out: no such folder")
	d := curating(t, c).Press("ctrl+g", "o").Type("out").Press("enter").Pull().Expect("no such folder", "n starts one")
	for _, key := range []string{"enter", "tab", "/", "w", "t", "+", "-", "U", "s", "r"} {
		d.Press(key).Expect("no curation is open")
	}
	d.Press("?").Type("curation").Expect("In the curation")
	tuitest.Start(t, explorable(), 120, 30, nil).Press("ctrl+g").Expect("there is no curation in this screen").Press("ctrl+p").Type("recipe or a preset").Press("enter").Expect("there is no curation in this screen")
	curating(t, curated(4)).Press("ctrl+p").Type("recipe or a preset").Press("enter").Pull().Expect("s1-paper")
}

func TestHostileRowsAndRunsAreHarmlessOnTheWholeScreen(t *testing.T) {
	t.Parallel()
	for _, s := range []string{"\x1b[2J\x1b]52;c;aGk=\x07", "\u202e turned \u2066", "\x00\u009b31m\x7f", "\xff\xfe", strings.Repeat("long", 10<<20/4), "a\nb\tc\r"} {
		c := curated(4)
		c.State.Facts, c.State.Fault, c.State.Recipe = s, s, "s1-code"+s
		for i := range c.List {
			r := &c.List[i]
			r.Question, r.Solution, r.Thought, r.Answer, r.Reason, r.Facts, r.Source, r.Note = s, s, s, s, s, s, s, s
			if r.Hit != nil {
				r.Hit.Title, r.Hit.Text, r.Hit.Span = s, s, s
			}
		}
		d := curating(t, c).Press("ctrl+g", "o").Type("out").Press("enter").Pull()
		for range 2 {
			for _, size := range [][2]int{{120, 30}, {40, 12}, {80, 24}, {200, 50}} {
				d.Resize(size[0], size[1])
				for _, r := range ansi.Strip(d.Raw()) {
					if r != '\n' && (unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r)) {
						t.Fatalf("%.20q %v: %U reaches the terminal", s, size, r)
					}
				}
			}
			d.Press("end", "up", "enter").Pull().Pull()
		}
	}
}

// What the models of a curation take stands beside the stage that asks them, live, and no other stage has a bill.
func TestWhatModelsTakeStandsBesideTheStageThatAsks(t *testing.T) {
	t.Parallel()
	for _, x := range []struct {
		spend       app.CurationSpend
		line, facts []string
	}{
		{
			app.CurationSpend{Requests: 1234, Tokens: 81204, Held: 1200, TokenCap: 200000, Priced: true, Cost: .0312, HeldCost: .002, CostCap: 1.5},
			[]string{"12 of 31", "1.5/s", "13s left", "cost 0.0312 of 1.5000"},
			[]string{"requests    1,234", "tokens      81,204 of 200,000, 1,200 held", "cost        0.0312 of 1.5000, 0.0020 held", "of all runs of this folder"},
		},
		{
			app.CurationSpend{Requests: 3, Tokens: 999, TokenCap: 5000},
			[]string{"12 of 31", "1.5/s", "13s left", "999 of 5,000 tokens"},
			[]string{"requests    3", "tokens      999 of 5,000"},
		},
		{app.CurationSpend{}, []string{"12 of 31", "0 tokens"}, []string{"requests    0", "tokens      0, no cap"}},
	} {
		c := curated(31)
		c.State.State, c.State.Spend = "running", &x.spend
		c.State.Stages[1].State, c.State.Stages[1].Kept = "done", 31
		c.State.Stages = append(c.State.Stages, app.CurationStage{Name: "domain", State: "running", Asks: true, In: 12, Of: 31, Kept: 12, Rate: 1.5, Left: "13s"})
		d := opened(t, c).Resize(110, 36).Press("end", "up").Expect(append(slices.Clone(x.line[:1]), x.facts...)...).Resize(200, 36).Expect(x.line...)
		d.Press("home").Refute(x.facts...)
		for _, w := range []int{80, 110, 200} {
			d.Resize(w, 24).Press("end", "up").Expect(x.line[0])
			exactly(t, fmt.Sprint(w), d, w, 24)
		}
	}
}
