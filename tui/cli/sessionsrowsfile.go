package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"s1/engine/whole"
	"s1/sessions"
)

// writeRows writes the rows of a filter into a file, whole or not at all: what was there stays where there is no row, or where
// writing fails. With fresh, a file that is there already is refused.
func writeRows(ctx context.Context, s *sessions.Store, f sessions.RowFilter, file string, fresh bool) (n sessions.RowCounts, err error) {
	info, err := os.Stat(file)
	switch {
	case err == nil && fresh:
		return n, fmt.Errorf("write rows: %s is there already", file)
	case err == nil && !info.Mode().IsRegular() && !info.IsDir(): // a pipe or a device cannot be replaced, and has nothing to lose
		return writeRowsInto(ctx, s, f, file)
	case err == nil:
		if file, err = filepath.EvalSymlinks(file); err != nil { // what a link points at is replaced, not the link
			return n, fmt.Errorf("write rows: %w", err)
		}
	}
	mode := os.FileMode(0o644)
	if info != nil {
		mode = info.Mode().Perm()
	}
	err = whole.Write(file, mode, func(w io.Writer) error {
		n, err = s.Rows(ctx, w, f)
		if err == nil && n.Written == 0 {
			err = errNoRows
		}
		return err
	})
	if err != nil && !errors.Is(err, errNoRows) {
		return n, fmt.Errorf("write rows to %s: %w", file, err)
	}
	return n, nil
}

// errNoRows leaves the file as it was.
var errNoRows = errors.New("there is no row")

func writeRowsInto(ctx context.Context, s *sessions.Store, f sessions.RowFilter, file string) (n sessions.RowCounts, err error) {
	out, err := os.OpenFile(file, os.O_WRONLY, 0)
	if err != nil {
		return n, fmt.Errorf("write rows: %w", err)
	}
	n, err = s.Rows(ctx, out, f)
	return n, errors.Join(err, out.Close())
}
