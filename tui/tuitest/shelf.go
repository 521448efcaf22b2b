package tuitest

import (
	"context"
	"errors"
	"fmt"

	"s1/tui/app"
)

// Shelf is a Library in memory.
type Shelf struct {
	Kept   []app.Kept
	Reason string // why not all is saved
	Behind bool   // not all is saved yet
	Lives  []app.Live
}

// Saved says whether all is kept.
func (s *Shelf) Saved() (bool, string) { return s.Reason == "" && !s.Behind, s.Reason }

// Recent lists what is kept.
func (s *Shelf) Recent(_ context.Context, n int) ([]app.Kept, error) {
	return s.Kept[:min(n, len(s.Kept))], nil
}

// Reopen brings back the branches on the shelf.
func (s *Shelf) Reopen(_ context.Context, id string) (string, []app.Live, error) {
	for _, k := range s.Kept {
		if k.ID == id {
			if len(s.Lives) == 0 {
				return "", nil, errors.New("the file is damaged")
			}
			return k.Prompt, s.Lives, nil
		}
	}
	return "", nil, fmt.Errorf("no session %q", id)
}

var _ app.Reopener = (*Shelf)(nil)
