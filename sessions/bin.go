package sessions

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"s1/engine/trace"
)

// BinDays is how long the bin keeps what was removed.
const BinDays = 30

// descendants is a branch and all that grew from it.
const descendants = `WITH RECURSIVE down (id) AS (
	SELECT ?2 UNION SELECT b.id FROM branches b JOIN down ON b.parent = down.id WHERE b.run = ?1)`

// ancestors is a branch and all that it grew from.
const ancestors = `WITH RECURSIVE up (id) AS (
	SELECT ?2 UNION SELECT b.parent FROM branches b JOIN up ON b.id = up.id WHERE b.run = ?1 AND b.parent <> '')`

// Remove moves a run to the bin. Restore brings it back, Purge ends it.
func (s *Store) Remove(ctx context.Context, id string) error {
	return s.bin(ctx, "remove session "+clip(id), `UPDATE library SET binned = ? WHERE run = ? AND binned = 0`, time.Now().UnixMicro(), id)
}

// Restore brings a run back from the bin, as it was.
func (s *Store) Restore(ctx context.Context, id string) error {
	return s.bin(ctx, "restore session "+clip(id), `UPDATE library SET binned = 0 WHERE run = ? AND binned > 0`, id)
}

// Erase removes a run for good, binned or not.
func (s *Store) Erase(ctx context.Context, id string) error {
	return s.bin(ctx, "remove session "+clip(id), `DELETE FROM runs WHERE id = ?`, id)
}

func (s *Store) bin(ctx context.Context, what, query string, args ...any) error {
	err := s.write(ctx, func(tx *sql.Tx) error {
		res, err := tx.ExecContext(ctx, query, args...)
		if err != nil {
			return err
		}
		n, err := res.RowsAffected()
		if err == nil && n == 0 {
			err = ErrNotFound
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}

// RemoveBranch moves a branch with all that grew from it to the bin.
func (s *Store) RemoveBranch(ctx context.Context, run string, branch trace.BranchID) error {
	return s.change(ctx, "remove from", run, branch, wholeBranch, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, descendants+` UPDATE branches SET binned = ?3 WHERE run = ?1 AND binned = 0 AND id IN (SELECT id FROM down)`,
			run, branch, time.Now().UnixMicro()); err != nil {
			return err
		}
		return refresh(ctx, tx, run)
	})
}

// RestoreBranch brings a branch back, with what went to the bin together with it, and with what it grew from.
func (s *Store) RestoreBranch(ctx context.Context, run string, branch trace.BranchID) error {
	return s.change(ctx, "restore in", run, theRunItself, wholeBranch, func(tx *sql.Tx) error {
		var at int64
		err := tx.QueryRowContext(ctx, `SELECT binned FROM branches WHERE run = ? AND id = ?`, run, branch).Scan(&at)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		if at == 0 {
			return fmt.Errorf("branch %q is not in the bin: %w", clip(string(branch)), ErrNoBranch)
		}
		if _, err := tx.ExecContext(ctx, descendants+` UPDATE branches SET binned = 0 WHERE run = ?1 AND binned = ?3 AND id IN (SELECT id FROM down)`, run, branch, at); err != nil {
			return err
		}
		if err := unbinPath(ctx, tx, run, branch); err != nil {
			return err
		}
		return refresh(ctx, tx, run)
	})
}

// unbinPath brings back a branch and what it grew from: a branch is nothing without the tokens it shares.
func unbinPath(ctx context.Context, tx *sql.Tx, run string, branch trace.BranchID) error {
	var binned bool
	if err := tx.QueryRowContext(ctx, ancestors+` SELECT count(*) > 0 FROM branches WHERE run = ?1 AND binned > 0 AND id IN (SELECT id FROM up)`, run, branch).Scan(&binned); err != nil || !binned {
		return err
	}
	_, err := tx.ExecContext(ctx, ancestors+` UPDATE branches SET binned = 0 WHERE run = ?1 AND id IN (SELECT id FROM up)`, run, branch)
	return err
}

// Purge removes for good what went to the bin before a time, and returns how many runs and branches that were.
func (s *Store) Purge(ctx context.Context, before time.Time) (n int, err error) {
	// Look first: an empty bin must not make a reader wait for a writer.
	var any bool
	const old = `SELECT EXISTS (SELECT 1 FROM library WHERE binned > 0 AND binned < ?1) OR EXISTS (SELECT 1 FROM branches WHERE binned > 0 AND binned < ?1)`
	if err := s.db.QueryRowContext(ctx, old, before.UnixMicro()).Scan(&any); err != nil {
		return 0, fmt.Errorf("empty the bin: %w", err)
	}
	if !any {
		return 0, nil
	}
	err = s.write(ctx, func(tx *sql.Tx) error {
		for _, query := range []string{
			`DELETE FROM runs WHERE id IN (SELECT run FROM library WHERE binned > 0 AND binned < ?)`,
			`DELETE FROM branches WHERE binned > 0 AND binned < ?`,
		} {
			res, err := tx.ExecContext(ctx, query, before.UnixMicro())
			if err != nil {
				return err
			}
			gone, err := res.RowsAffected()
			if err != nil {
				return err
			}
			n += int(gone)
		}
		for _, table := range []string{"docs", "pending", "tags", "notes", "bookmarks"} { // what knows branches by name only
			if _, err := tx.ExecContext(ctx, `DELETE FROM `+table+` WHERE branch <> '' AND NOT EXISTS (SELECT 1 FROM branches b WHERE b.run = `+table+`.run AND b.id = `+table+`.branch)`); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("empty the bin: %w", err)
	}
	return n, nil
}
