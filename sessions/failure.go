package sessions

import (
	"errors"

	"github.com/mattn/go-sqlite3"
)

// plain says in one sentence, to the user, why saving stopped and what to do.
func plain(err error) string {
	var e sqlite3.Error
	if errors.As(err, &e) {
		switch e.Code {
		case sqlite3.ErrFull:
			return "the disk is full: free some space and start s1 again; this run goes on unsaved"
		case sqlite3.ErrReadonly:
			return "the sessions file is read-only: give write permission (s1 paths shows where it is); this run goes on unsaved"
		case sqlite3.ErrIoErr:
			return "the disk reported an error: " + e.Error() + "; this run goes on unsaved"
		case sqlite3.ErrBusy, sqlite3.ErrLocked:
			return "another program has held the sessions file locked for too long; this run goes on unsaved"
		case sqlite3.ErrCorrupt, sqlite3.ErrNotADB:
			return "the sessions file is damaged: move it away (s1 paths shows where it is); this run goes on unsaved"
		}
	}
	return err.Error() + "; this run goes on unsaved"
}
