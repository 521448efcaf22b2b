package sessions

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"

	"s1/engine/trace"
)

// Summary is one line of the list of runs. Answer, Closed, Ended and Verdict are those of the latest branch.
type Summary struct {
	ID       string        `json:"id"`
	Created  time.Time     `json:"created"`
	Model    string        `json:"model"`
	Prompt   string        `json:"prompt"`
	Branches int           `json:"branches"`
	Tokens   int           `json:"tokens"`
	Closed   trace.Closed  `json:"closed"`
	Answer   string        `json:"answer"`
	Ended    bool          `json:"-"` // it has a receipt: Closed is empty also where there was no thought to close
	Verdict  trace.Verdict `json:"verdict"`
	Expected string        `json:"expected"`
	Title    string        `json:"title"`
	Tags     []string      `json:"tags"` // of the run
}

const summaryColumns = `l.run, l.created, l.model, l.question, l.branches, l.tokens, l.closed, l.answer, l.ended, l.verdict, l.expected, l.title`

func (m *Summary) scan(created *int64) []any {
	return []any{&m.ID, created, &m.Model, &m.Prompt, &m.Branches, &m.Tokens, &m.Closed, &m.Answer, &m.Ended, &m.Verdict, &m.Expected, &m.Title}
}

// List returns the newest n runs (all when n <= 0), newest first.
func (s *Store) List(ctx context.Context, n int) ([]Summary, error) {
	hits, err := s.Query(ctx, Filter{Limit: n})
	if err != nil {
		return nil, err
	}
	list := make([]Summary, len(hits))
	for i, h := range hits {
		list[i] = h.Summary
	}
	return list, nil
}

// refresh brings a run's line in the library up to date with its branches.
func refresh(ctx context.Context, tx *sql.Tx, run string) error {
	var id, answer, verdict string
	var receipt sql.NullString
	err := tx.QueryRowContext(ctx, `SELECT id, receipt, answer, verdict FROM branches WHERE run = ? AND binned = 0 ORDER BY created DESC, id DESC LIMIT 1`, run).
		Scan(&id, &receipt, &answer, &verdict)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	var r trace.Receipt
	if receipt.Valid {
		if err := json.Unmarshal([]byte(receipt.String), &r); err != nil {
			return fmt.Errorf("receipt of branch %s: %w", id, err)
		}
	}
	_, err = tx.ExecContext(ctx, `UPDATE library SET
		branches = (SELECT count(*) FROM branches b WHERE b.run = library.run AND b.binned = 0),
		tokens = (SELECT coalesce(sum(b.tokens), 0) FROM branches b WHERE b.run = library.run AND b.binned = 0),
		answer = ?, closed = ?, ended = ?, verdict = ? WHERE run = ?`, answer, r.Closed, receipt.Valid, verdict, run)
	return err
}

// answerOf is the answer of a branch's whole path so far.
func answerOf(ctx context.Context, q querier, run string, branch trace.BranchID) (string, error) {
	var parts []string
	cut := math.MaxInt32
	for range maxBranches { // a chain of parents is never longer
		var parent trace.BranchID
		var at int
		if err := q.QueryRowContext(ctx, `SELECT parent, at FROM branches WHERE run = ? AND id = ?`, run, branch).Scan(&parent, &at); err != nil {
			return "", err
		}
		rows, err := q.QueryContext(ctx, `SELECT coalesce(text, CAST(bytes AS TEXT)) FROM tokens WHERE run = ? AND branch = ? AND idx < ? AND phase = ? ORDER BY idx`,
			run, branch, cut, trace.PhaseAnswer)
		if err != nil {
			return "", err
		}
		own, err := joined(rows)
		if err != nil {
			return "", err
		}
		parts = append(parts, own)
		cut = min(cut, at)
		if parent == "" || cut == 0 {
			break
		}
		branch = parent
		// Only a branch that left its parent inside the answer has inherited some of it.
		var inside bool
		err = q.QueryRowContext(ctx, `SELECT phase = ? FROM tokens WHERE run = ? AND branch = ? AND idx = ?`, trace.PhaseAnswer, run, branch, cut-1).Scan(&inside)
		if err != nil && !errors.Is(err, sql.ErrNoRows) { // no row: that token is the grandparent's
			return "", err
		}
		if err == nil && !inside {
			break
		}
	}
	var b strings.Builder
	for i := len(parts) - 1; i >= 0; i-- {
		b.WriteString(parts[i])
	}
	return b.String(), nil
}

func joined(rows *sql.Rows) (string, error) {
	defer rows.Close()
	var b strings.Builder
	for rows.Next() {
		var text sql.RawBytes
		if err := rows.Scan(&text); err != nil {
			return "", err
		}
		b.Write(text)
	}
	return b.String(), rows.Err()
}

// measure counts the tokens of a branch, and reads and judges its answer, for the columns that lists show.
func (s *Store) measure(ctx context.Context, tx *sql.Tx, run string, branch trace.BranchID) (answer string, err error) {
	var expected string
	var receipt sql.NullString
	if err := tx.QueryRowContext(ctx, `SELECT l.expected, b.receipt FROM branches b JOIN library l ON l.run = b.run WHERE b.run = ? AND b.id = ?`, run, branch).
		Scan(&expected, &receipt); err != nil {
		return "", err
	}
	if answer, err = answerOf(ctx, tx, run, branch); err != nil {
		return "", err
	}
	verdict, err := judge(s.same, expected, answer, receipt)
	if err != nil {
		return "", fmt.Errorf("receipt of branch %s: %w", branch, err)
	}
	_, err = tx.ExecContext(ctx, `UPDATE branches SET answer = ?, verdict = ?, tokens = (SELECT count(*) FROM tokens t WHERE t.run = branches.run AND t.branch = branches.id)
		WHERE run = ? AND id = ?`, answer, verdict, run, branch)
	return answer, err
}

func judge(same trace.Same, expected, answer string, receipt sql.NullString) (trace.Verdict, error) {
	if !receipt.Valid {
		return trace.VerdictNone, nil
	}
	var r trace.Receipt
	if err := json.Unmarshal([]byte(receipt.String), &r); err != nil {
		return trace.VerdictNone, err
	}
	return same.Judge(expected, answer, &r), nil
}
