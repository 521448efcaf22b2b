package sessions

import (
	"context"
	"errors"
	"fmt"
)

// minPrefix is the fewest characters that may stand for an id.
const minPrefix = 4

// ErrAmbiguous is returned for the beginning of more than one id.
var ErrAmbiguous = errors.New("more than one run begins with this")

// Resolve finds the run that an id, or the only one that the beginning of an id, stands for. binned looks in the bin instead.
func (s *Store) Resolve(ctx context.Context, id string, binned bool) (string, error) {
	// Ids are ASCII: what sorts between id and id + the last byte begins with id.
	list, err := stringsOf(s.db.QueryContext(ctx, `SELECT run FROM library WHERE (run = ?1 OR length(?1) >= ?2 AND run >= ?1 AND run < ?1 || char(127)) AND (binned > 0) = ?3 ORDER BY run LIMIT 2`,
		id, minPrefix, binned))
	switch {
	case err != nil:
		return "", fmt.Errorf("find session %s: %w", clip(id), err)
	case len(list) == 0:
		return "", fmt.Errorf("find session %s: %w", clip(id), ErrNotFound)
	case list[0] == id || len(list) == 1:
		return list[0], nil
	}
	return "", fmt.Errorf("find session %s: %w: %s, %s", clip(id), ErrAmbiguous, list[0], list[1])
}
