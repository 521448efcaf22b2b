package app_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"s1/engine/trace"
	"s1/tui/app"
	"s1/tui/tuitest"
)

// sessionsOf are n kept sessions, newest first.
func sessionsOf(n int) *tuitest.Sessions {
	s := &tuitest.Sessions{}
	for i := range n {
		r := app.ShelfRow{
			ID: fmt.Sprintf("r%d", i), Created: fmt.Sprintf("2026-11-%02d 10:00", 28-i%28), Model: "mini", Prompt: fmt.Sprintf("question %d", i),
			Answer: fmt.Sprint(i), Branches: 1, Tokens: 20 + i, Closed: "natural", Verdict: trace.VerdictWrong, Token: -1,
		}
		if i%2 == 0 {
			r.Verdict = trace.VerdictRight
		}
		s.Rows = append(s.Rows, r)
		s.Kept = append(s.Kept, app.Kept{ID: r.ID, Prompt: r.Prompt})
	}
	return s
}

func listed(t testing.TB, s *tuitest.Sessions) *tuitest.Driver {
	t.Helper()
	d := tuitest.Start(t, explorable(), 110, 30, func(o *app.Options) { o.Library = s })
	return d.Press("ctrl+s").Pull().Pull()
}

func TestTheListOfSessionsIsReadWalkedAndLeft(t *testing.T) {
	t.Parallel()
	s := sessionsOf(3)
	d := listed(t, s).Expect("question 0", "question 2", "facts of r0", "the thought of r0", "enter open", "esc close")
	d.Press("down").Pull().Expect("facts of r1").Press("end").Pull().Expect("facts of r2").Press("down").Pull().Expect("facts of r2").Press("home").Pull().Expect("facts of r0")
	d.Press("esc").Refute("question 2").Expect("› ").Press("ctrl+s").Pull().Expect("question 2").Press("ctrl+s").Refute("question 2")
	if q := s.Asked[0]; q.Limit != 100 || q.Text != "" || q.After != "" {
		t.Errorf("asked for %+v", q)
	}
	empty := listed(t, sessionsOf(0))
	for _, key := range []string{"enter", " ", "t", "N", "e", "D"} {
		empty.Press(key).Expect("there is no session here")
	}
	empty.Press("U").Expect("nothing was deleted").Press("down", "up", "end").Pull().Press("w").Expect("w does nothing here")
}

func TestASearchAndAFilterAskTheLibrary(t *testing.T) {
	t.Parallel()
	s := sessionsOf(5)
	d := listed(t, s).Press("/").Type(" question 3 ").Press("enter").Pull().Pull()
	d.Expect("question 3", "facts of r3").Refute("question 2")
	d.Press("f").Type("verdict:right").Press("enter").Pull().Pull().Expect("verdict:right", "nothing found")
	if q := s.Asked[len(s.Asked)-1]; q.Text != "question 3" || q.Verdict != trace.VerdictRight {
		t.Errorf("asked for %+v", q)
	}
	d.Press("/", "ctrl+u", "enter").Pull().Pull().Expect("question 0", "question 4").Refute("question 1")
	d.Press("f", "ctrl+u", "enter").Pull().Pull().Expect("question 1")
	for _, c := range []struct {
		typed string
		want  app.ShelfQuery
		why   string
	}{
		{"", app.ShelfQuery{}, ""},
		{"model:mini verdict:wrong tag:a closed:cap since:7d", app.ShelfQuery{Model: "mini", Verdict: trace.VerdictWrong, Tag: "a", Closed: "cap", Since: "7d"}, ""},
		{"tag:a:b", app.ShelfQuery{Tag: "a:b"}, ""},
		{"tag:a tag:b", app.ShelfQuery{Tag: "b"}, ""},
		{"mini", app.ShelfQuery{}, `"mini": a filter is one of model: verdict: tag: closed: since:`},
		{"model:", app.ShelfQuery{}, `"model:": a filter is one of`},
		{"colour:red", app.ShelfQuery{}, `"colour:red": a filter is one of`},
		{"verdict:maybe", app.ShelfQuery{}, "verdict:maybe: right or wrong"},
	} {
		n := len(s.Asked)
		d.Press("f", "ctrl+u").Type(c.typed).Press("enter").Pull()
		if c.why != "" {
			if d.Expect(c.why).Press("esc"); len(s.Asked) != n {
				t.Errorf("%q was asked for", c.typed)
			}
			continue
		}
		q := s.Asked[len(s.Asked)-1]
		q.Limit = 0
		if q != c.want {
			t.Errorf("%q: %+v, want %+v", c.typed, q, c.want)
		}
	}
}

func TestTagsNotesDeletionsAndExportsReachTheLibrary(t *testing.T) {
	t.Parallel()
	s := sessionsOf(4)
	d := listed(t, s).Press("down").Pull()
	d.Press("t").Type("good  hard").Press("enter").Pull().Pull().Pull().Expect("good", "facts of r1")
	d.Press("t").Expect("good hard").Press("esc")
	d.Press("N").Type("look again").Press("enter").Pull().Pull().Pull().Expect("facts of r1")
	d.Press("D").Expect("deleted; U brings it back").Pull().Pull().Pull().Refute("question 1").Expect("facts of r2")
	d.Press("U").Expect("brought back").Pull().Pull().Pull().Expect("question 1").Press("U").Expect("nothing was deleted")
	d.Press("home", "e").Expect("1 session into a new file", "s1-r0.html").Press("esc")
	d.Press(" ", " ", "e").Expect("2 sessions into a new file").Press("ctrl+u").Type("out.doc").Press("enter").Expect("the name ends in .jsonl, .md or .html")
	d.Press("ctrl+u").Type("out.md").Press("enter").Pull().Expect("2 sessions are in out.md")
	d.Press("e").Type("taken.jsonl").Press("enter").Pull().Expect("could not export: taken.jsonl is there already")
	d.Press("up", " ", "home", " ", "e").Expect("1 session into a new file").Press("esc")
	want := []string{`tags r1 ["good" "hard"]`, `note r1//-1 "look again"`, "bin r1/", "restore r1/", `export md ["r0" "r1"] out.md`}
	if !slices.Equal(s.Did, want) {
		t.Errorf("did %q, want %q", s.Did, want)
	}
}

func TestALibraryThatFailsIsSaidAndLosesNothing(t *testing.T) {
	t.Parallel()
	s := sessionsOf(2)
	d := listed(t, s)
	s.Fails = errors.New("the disk is full")
	for keys, want := range map[string]string{
		"t enter": "could not keep the tags: the disk is full",
		"N enter": "could not keep the note: the disk is full",
		"D":       "could not keep the deletion: the disk is full",
		"/ enter": "could not read the sessions: the disk is full",
	} {
		d.Press(strings.Fields(keys)...).Pull().Pull().Expect(want, "question 0", "question 1")
	}
	d.Press("enter").Expect("could not open the session: the file is damaged", "question 0")
}

func TestMoreSessionsAreReadAsTheCursorNearsTheEnd(t *testing.T) {
	t.Parallel()
	s := sessionsOf(250)
	d := listed(t, s)
	if n := len(s.Asked); n != 1 {
		t.Errorf("asked %d times before anything was pressed", n)
	}
	for range 30 {
		d.Press("pgdown").Pull().Pull()
	}
	d.Expect("question 249", "facts of r249")
	if n := len(s.Asked); n != 3 || s.Asked[1].After != "100" || s.Asked[2].After != "200" {
		t.Errorf("asked %d times, %+v", n, s.Asked)
	}
	s.Note = "40 runs are not searchable yet"
	d.Press("/").Type("question").Press("enter").Pull().Pull().Expect("40 runs are not searchable yet", "facts of r0")
}

func TestASessionIsOpenedFromTheListAndTheListIsGone(t *testing.T) {
	t.Parallel()
	x := explorable()
	s := sessionsOf(2)
	d := tuitest.Start(t, x, 110, 30, func(o *app.Options) { o.Library = s }).Ask(question).Advance(8)
	d.Press("ctrl+s").Pull().Pull().Press("enter").Expect("it is still at work").Press("esc").Advance(999)
	s.Lives = []app.Live{x.Last()}
	d.Press("ctrl+s").Pull().Pull().Press("down").Pull().Press("enter").Pull().Expect("question 1", "The result is 84.", "/2=84").Refute("facts of", "question 0")
	d.Press("h", "f").Pull().Expect("B of 2")
	// After a branch was deleted, the list still knows what was deleted in it.
	d.Advance(999).Press("D").Expect("1 deleted").Press("ctrl+s").Pull().Pull().Press("U").Expect("nothing was deleted").Press("esc").Press("U").Expect("1 brought back")
	// A paste is for the prompt.
	d.Press("ctrl+s").Pull().Type("pasted question").Expect("› pasted question").Refute("facts of")
}

func TestWhatIsSaidOfABranchReachesTheLibrary(t *testing.T) {
	t.Parallel()
	x := explorable()
	s := sessionsOf(0)
	d := tuitest.Start(t, x, 110, 36, func(o *app.Options) { o.Library = s }).Ask(question).Advance(999)
	d.Press("w").Pull().Advance(999)
	d.Press("m").Pull().Expect("token 12 of branch B is bookmarked").Press("h", "m").Press("m").Pull()
	d.Press("N").Type("see here").Press("enter").Pull().Press("g").Type("79").Press("enter").Pull()
	d.Press("M").Pull().Press("M").Pull().Press("M").Pull()
	d.Press("D").Pull().Press("U").Pull()
	want := []string{
		"bookmark /1/12 true", "bookmark /1/36 true", "bookmark /1/36 false", `note /1/-1 "see here"`, `expected  "79"`,
		`worth /1 "good"`, `worth /1 "bad"`, `worth /1 ""`, "bin /1", "restore /1",
	}
	if !slices.Equal(s.Did, want) {
		t.Errorf("did %q, want %q", s.Did, want)
	}
	s.Fails = errors.New("the disk is full")
	for keys, want := range map[string]string{"m": "the bookmark", "N enter": "the note", "g enter": "the right answer", "D": "the deletion", "U": "bringing it back"} {
		if keys == "U" {
			continue // with D: the order of a map is none
		}
		d.Press(strings.Fields(keys)...).Pull().Expect("could not keep " + want + ": the disk is full")
		if keys == "D" {
			d.Press("U").Pull().Expect("could not keep bringing it back: the disk is full")
		}
	}
}

func TestTheCursorStaysFarDownWhereSomethingIsChanged(t *testing.T) {
	t.Parallel()
	d := listed(t, sessionsOf(450))
	for range 45 {
		d.Press("pgdown").Pull().Pull().Pull()
	}
	for range 100 {
		d.Press("up")
	}
	d.Pull().Expect("facts of r349").Press("t").Type("far").Press("enter").Pull().Pull().Pull().Expect("facts of r349", "far", "question 349")
	d.Press("D").Pull().Pull().Pull().Expect("facts of r350").Press("U").Pull().Pull().Pull().Expect("facts of r349")
}
