package app

import (
	"context"

	"s1/engine/trace"
)

// Shelf is a Library that can be searched and changed. Every change is kept before the call returns.
type Shelf interface {
	Library
	// Find returns a page of runs, newest first.
	Find(ctx context.Context, q ShelfQuery) (ShelfPage, error)
	// Preview returns one run to read: the branch that was found, or the newest one when branch is "".
	Preview(ctx context.Context, id string, branch trace.BranchID) (ShelfPreview, error)
	// Marked is Preview with the places where a text stands.
	Marked(ctx context.Context, id string, branch trace.BranchID, text string) (ShelfPreview, error)
	// SetTags replaces the tags of a run.
	SetTags(ctx context.Context, id string, tags []string) error
	// SetNote replaces the note on a place; "" removes it.
	SetNote(ctx context.Context, at ShelfPlace, note string) error
	// Bookmark sets or removes a bookmark on a token.
	Bookmark(ctx context.Context, at ShelfPlace, on bool) error
	// Mark says what a branch is worth: Good, Bad, or "" for neither.
	Mark(ctx context.Context, at ShelfPlace, worth string) error
	// SetExpected says what the right answer of a run is, "" = unknown. All its branches are judged again.
	SetExpected(ctx context.Context, id, expected string) error
	// Bin puts a run (Branch "") or a branch with what grew from it away; Restore undoes it for 30 days.
	Bin(ctx context.Context, at ShelfPlace) error
	Restore(ctx context.Context, at ShelfPlace) error
	// ExportTo writes runs into a new file: format is jsonl, md or html. A file that is there is not overwritten.
	ExportTo(ctx context.Context, ids []string, format, path string) error
	// RowsTo writes the branches marked good of some runs (none = all) into a new file as rows to train on. Where no branch is
	// marked good there is no file. A file that is there is not overwritten.
	RowsTo(ctx context.Context, ids []string, path string) (RowsMade, error)
}

// RowsMade says what became of branches.
type RowsMade struct {
	Written    int
	Other      int // not marked good, of the runs that were looked at
	Unanswered int
	Repeated   int // question, thought and answer were written already
}

// ShelfQuery is what to look for. The zero value is everything.
type ShelfQuery struct {
	Text    string // words; a trailing * finds beginnings, "a phrase" stays together
	Model   string // a part of the model's name
	Closed  string // natural, cap, ..., or "open" for a run that never ended
	Verdict trace.Verdict
	Tag     string
	Since   string // a date (2006-01-02) or an age (36h, 7d)
	Limit   int    // rows of a page, 0 = 50
	After   string // Next of the page before
}

// ShelfPage is some of what was found.
type ShelfPage struct {
	Rows  []ShelfRow
	Next  string // "" = this was the last page
	Total int    // runs found in all
	More  bool   // Total is where counting ended: there are more
	Note  string // what is not complete, in a sentence: older runs are still being read in
}

// ShelfRow is one run.
type ShelfRow struct {
	ID, Created, Model, Prompt, Answer, Title string
	Branches, Tokens                          int
	Closed                                    string // how the newest branch closed; "open", "no thought"
	Verdict                                   trace.Verdict
	Expected                                  string
	Tags                                      []string
	Branch                                    trace.BranchID // where the text was found
	Where                                     string         // question, thought, answer, note
	Token                                     int            // in a thought: the token of the branch's path, else -1
	Snippet                                   ShelfText
}

// ShelfText is text with the byte ranges [from, to) that were looked for.
type ShelfText struct {
	Text string
	Hits [][2]int
}

// ShelfPreview is a run to read.
type ShelfPreview struct {
	ID       string
	Branch   trace.BranchID
	Question string
	Thought  string // of the branch's whole path
	Answer   string
	Facts    string // when, model, cap, spent, how it closed: one line
	Expected string
	Verdict  trace.Verdict
	Tags     []string
	Note     string

	QuestionHits, ThoughtHits, AnswerHits [][2]int // byte ranges, with Marked
}

// ShelfPlace is a run, one of its branches, or a token of that branch.
type ShelfPlace struct {
	Run    string
	Branch trace.BranchID // "" = the run
	Token  int            // index on the branch's path; -1 = the branch, or run, as a whole
}
