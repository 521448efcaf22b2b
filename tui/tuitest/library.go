package tuitest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"s1/engine/trace"
	"s1/tui/app"
)

// Sessions is a Shelf that can be searched and changed, in memory. A search finds the rows whose question holds the words.
type Sessions struct {
	Shelf
	Rows    []app.ShelfRow // newest first
	Fails   error          // what every change and search ends with, if not nil
	Asked   []app.ShelfQuery
	Did     []string // every change, in words
	PerPage int      // 0 = as many as are asked for
	Note    string   // of a page
	Made    app.RowsMade

	gone map[string]bool
}

// Find returns the rows that fit, a page at a time; a cursor is the number of the row it begins with.
func (s *Sessions) Find(_ context.Context, q app.ShelfQuery) (app.ShelfPage, error) {
	s.Asked = append(s.Asked, q)
	if s.Fails != nil {
		return app.ShelfPage{}, s.Fails
	}
	var found []app.ShelfRow
	for _, r := range s.Rows {
		if !s.gone[r.ID] && strings.Contains(r.Prompt, q.Text) && (q.Verdict == "" || q.Verdict == r.Verdict) && (q.Tag == "" || slices.Contains(r.Tags, q.Tag)) {
			found = append(found, r)
		}
	}
	from, n := 0, q.Limit
	if s.PerPage > 0 {
		n = s.PerPage
	}
	if q.After != "" {
		if _, err := fmt.Sscan(q.After, &from); err != nil {
			return app.ShelfPage{}, err
		}
	}
	to := min(from+n, len(found))
	page := app.ShelfPage{Rows: found[from:to], Total: len(found), Note: s.Note}
	if to < len(found) {
		page.Next = fmt.Sprint(to)
	}
	return page, nil
}

// Preview shows what a row says.
func (s *Sessions) Preview(_ context.Context, id string, branch trace.BranchID) (app.ShelfPreview, error) {
	for _, r := range s.Rows {
		if r.ID == id {
			return app.ShelfPreview{ID: id, Branch: branch, Question: r.Prompt, Thought: "the thought of " + id, Answer: r.Answer, Facts: "facts of " + id, Tags: r.Tags}, nil
		}
	}
	return app.ShelfPreview{}, fmt.Errorf("no session %q", id)
}

// Marked is Preview: nothing is marked.
func (s *Sessions) Marked(ctx context.Context, id string, branch trace.BranchID, _ string) (app.ShelfPreview, error) {
	return s.Preview(ctx, id, branch)
}

func (s *Sessions) did(format string, args ...any) error {
	if s.Fails == nil {
		s.Did = append(s.Did, fmt.Sprintf(format, args...))
	}
	return s.Fails
}

// SetTags keeps the tags of a row.
func (s *Sessions) SetTags(_ context.Context, id string, tags []string) error {
	for i := range s.Rows {
		if s.Rows[i].ID == id && s.Fails == nil {
			s.Rows[i].Tags = tags
		}
	}
	return s.did("tags %s %q", id, tags)
}

// SetNote is only noted.
func (s *Sessions) SetNote(_ context.Context, at app.ShelfPlace, note string) error {
	return s.did("note %s/%s/%d %q", at.Run, at.Branch, at.Token, note)
}

// Bookmark is only noted.
func (s *Sessions) Bookmark(_ context.Context, at app.ShelfPlace, on bool) error {
	return s.did("bookmark %s/%s/%d %v", at.Run, at.Branch, at.Token, on)
}

// Mark is only noted.
func (s *Sessions) Mark(_ context.Context, at app.ShelfPlace, worth string) error {
	return s.did("worth %s/%s %q", at.Run, at.Branch, worth)
}

// SetExpected is only noted.
func (s *Sessions) SetExpected(_ context.Context, id, expected string) error {
	return s.did("expected %s %q", id, expected)
}

// Bin takes a run out of what is found.
func (s *Sessions) Bin(_ context.Context, at app.ShelfPlace) error {
	return s.move(at, "bin", true)
}

// Restore brings it back.
func (s *Sessions) Restore(_ context.Context, at app.ShelfPlace) error {
	return s.move(at, "restore", false)
}

func (s *Sessions) move(at app.ShelfPlace, what string, gone bool) error {
	if s.gone == nil {
		s.gone = map[string]bool{}
	}
	if at.Branch == "" && s.Fails == nil {
		s.gone[at.Run] = gone
	}
	return s.did("%s %s/%s", what, at.Run, at.Branch)
}

// ExportTo writes nothing, and refuses a file that is called taken.
func (s *Sessions) ExportTo(_ context.Context, ids []string, format, path string) error {
	if strings.HasPrefix(path, "taken") {
		return errors.New(path + " is there already")
	}
	return s.did("export %s %q %s", format, ids, path)
}

// RowsTo writes nothing, says that Made was made, and refuses a file that is called taken.
func (s *Sessions) RowsTo(_ context.Context, ids []string, path string) (app.RowsMade, error) {
	if strings.HasPrefix(path, "taken") {
		return app.RowsMade{}, errors.New(path + " is there already")
	}
	return s.Made, s.did("rows %q %s", ids, path)
}

var _ app.Shelf = (*Sessions)(nil)
