package app_test

import (
	"errors"
	"slices"
	"testing"

	"s1/tui/app"
	"s1/tui/tuitest"
)

// What is marked good becomes a file of rows, from the list of sessions and from a thought; what came of it is said.
func TestRowsToTrainOnAreWrittenFromTheListAndFromAThought(t *testing.T) {
	t.Parallel()
	s := sessionsOf(3)
	d := listed(t, s)
	d.Press("T").Expect("rows to train on", "marked good of all sessions").Press("ctrl+u").Type("rows.txt").Press("enter").Expect("the name ends in .jsonl")
	d.Press("ctrl+u").Type("a.jsonl").Press("enter").Pull().Expect("no row was written: M marks a branch good; none left out")
	s.Made = app.RowsMade{Written: 1, Other: 4, Repeated: 2}
	d.Press("down").Pull().Press(" ").Press("T").Expect("marked good of 1 session").Press("enter").Pull().Expect("1 row is in rows.jsonl; left out: 4 not marked good, 2 said before")
	d.Press("T", "ctrl+u").Type("taken.jsonl").Press("enter").Pull().Expect("could not write the rows: taken.jsonl is there already")
	if want := []string{`rows [] a.jsonl`, `rows ["r1"] rows.jsonl`}; !slices.Equal(s.Did, want) {
		t.Errorf("did %q, want %q", s.Did, want)
	}

	other := sessionsOf(0)
	other.Made = app.RowsMade{Written: 2}
	e := tuitest.Start(t, explorable(), 80, 24, func(o *app.Options) { o.Library = other }).Ask(question).Advance(999)
	e.Press("T").Expect("marked good of all sessions").Press("enter").Pull().Expect("2 rows are in rows.jsonl; none left out")
	other.Fails = errors.New("the disk is full")
	e.Press("T", "enter").Pull().Expect("could not write the rows: the disk is full")
	none := tuitest.Start(t, explorable(), 80, 24, func(o *app.Options) { o.Library = nil }).Ask(question).Advance(999)
	none.Press("T").Expect("nothing is being saved")
}
