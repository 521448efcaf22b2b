package sessions

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"time"

	"s1/engine/trace"
)

// Reading is one branch of a run as texts, without the numbers of its tokens.
type Reading struct {
	Summary
	Branch    trace.BranchID // "" when the run has none
	Inherited string         // the thought that it shares with its parent
	Thought   string         // its own
	Whole     string         // its answer; Summary.Answer is that of the latest branch
	Budget    trace.Budget
	Receipt   *trace.Receipt
	Right     trace.Verdict // of this branch
	Note      string        // the user's, on the run
	Comment   string        // the user's, on the branch
}

// Read returns a branch to read; "" is the latest one.
func (s *Store) Read(ctx context.Context, run string, branch trace.BranchID) (Reading, error) {
	var r Reading
	if err := s.view(ctx, func(q querier) error { return read(ctx, q, run, branch, &r) }); err != nil {
		return Reading{}, fmt.Errorf("read session %s: %w", clip(run), err)
	}
	return r, nil
}

func read(ctx context.Context, q querier, run string, branch trace.BranchID, r *Reading) error {
	var created int64
	err := q.QueryRowContext(ctx, `SELECT `+summaryColumns+` FROM library l WHERE l.run = ? AND l.binned = 0`, run).Scan(r.scan(&created)...)
	if errors.Is(err, sql.ErrNoRows) {
		return ErrNotFound
	}
	if err != nil {
		return err
	}
	r.Created = time.UnixMicro(created).UTC()
	if r.Tags, err = tagsIn(ctx, q, run, ""); err != nil {
		return err
	}
	if r.Note, err = noteIn(ctx, q, run, ""); err != nil {
		return err
	}
	var parent trace.BranchID
	var at int
	var budget string
	var receipt sql.NullString
	err = q.QueryRowContext(ctx, `SELECT id, parent, at, budget, receipt, verdict FROM branches WHERE run = ?1 AND binned = 0 AND (?2 = '' OR id = ?2) ORDER BY created DESC, id DESC LIMIT 1`,
		run, branch).Scan(&r.Branch, &parent, &at, &budget, &receipt, &r.Right)
	if errors.Is(err, sql.ErrNoRows) {
		if branch == "" {
			return nil
		}
		return fmt.Errorf("branch %q: %w", clip(string(branch)), ErrNoBranch)
	}
	if err != nil {
		return err
	}
	if err := json.Unmarshal([]byte(budget), &r.Budget); err != nil {
		return err
	}
	if receipt.Valid {
		r.Receipt = new(trace.Receipt)
		if err := json.Unmarshal([]byte(receipt.String), r.Receipt); err != nil {
			return fmt.Errorf("receipt of branch %s: %w", r.Branch, err)
		}
	}
	if r.Comment, err = noteIn(ctx, q, run, r.Branch); err != nil {
		return err
	}
	if r.Whole, err = answerOf(ctx, q, run, r.Branch); err != nil {
		return err
	}
	if r.Thought, err = thoughtOf(ctx, q, run, r.Branch, math.MaxInt32); err != nil {
		return err
	}
	for cut := at; parent != "" && cut > 0; cut = min(cut, at) {
		text, err := thoughtOf(ctx, q, run, parent, cut)
		if err != nil {
			return err
		}
		r.Inherited = text + r.Inherited
		if err := q.QueryRowContext(ctx, `SELECT parent, at FROM branches WHERE run = ? AND id = ?`, run, parent).Scan(&parent, &at); err != nil {
			return err
		}
	}
	return nil
}

// thoughtOf is the thought in a branch's own tokens before a place.
func thoughtOf(ctx context.Context, q querier, run string, branch trace.BranchID, before int) (string, error) {
	rows, err := q.QueryContext(ctx, `SELECT coalesce(text, CAST(bytes AS TEXT)) FROM tokens WHERE run = ? AND branch = ? AND idx < ? AND phase <> ? ORDER BY idx`,
		run, branch, before, trace.PhaseAnswer)
	if err != nil {
		return "", err
	}
	return joined(rows)
}

func noteIn(ctx context.Context, q querier, run string, branch trace.BranchID) (string, error) {
	list, err := stringsOf(q.QueryContext(ctx, `SELECT text FROM notes WHERE run = ? AND branch = ? AND idx = -1`, run, branch))
	if err != nil || len(list) == 0 {
		return "", err
	}
	return list[0], nil
}
