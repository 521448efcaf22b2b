package sessions

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"

	"s1/engine/trace"
)

func putResampled(ctx context.Context, tx *sql.Tx, run string, branch trace.BranchID, seq int, c trace.Resampled) error {
	text, err := json.Marshal(c.Sampling)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO resampled (run, branch, seq, at, sampling) VALUES (?,?,?,?,?)`, run, branch, seq, c.At, string(text))
	return err
}

func (s *Store) resampled(ctx context.Context, run string, branch trace.BranchID) ([]trace.Resampled, error) {
	rows, err := s.db.QueryContext(ctx, `SELECT at, sampling FROM resampled WHERE run = ? AND branch = ? ORDER BY seq`, run, branch)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var list []trace.Resampled
	for rows.Next() {
		var c trace.Resampled
		var text string
		if err := rows.Scan(&c.At, &text); err != nil {
			return nil, err
		}
		if err := json.Unmarshal([]byte(text), &c.Sampling); err != nil {
			return nil, fmt.Errorf("sampling from token %d on: %w", c.At, err)
		}
		list = append(list, c)
	}
	return list, rows.Err()
}
