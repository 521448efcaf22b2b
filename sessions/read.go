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

// Session is everything that is kept of one run.
type Session struct {
	Run      trace.Run
	Branches []Kept
}

// Kept is a branch with its own tokens (those after Branch.At).
type Kept struct {
	trace.Branch
	Tokens  []trace.Token
	Receipt *trace.Receipt // nil when the branch never ended (a crash, or it still runs)
	Error   string
	Notices []Notice
	// Resampled is what the user changed while it ran: other sampling parameters, from a token on.
	Resampled []trace.Resampled
}

// Notice is a sentence that the engine said to the user.
type Notice struct {
	At   int    `json:"at"` // tokens of the branch when it was said
	Text string `json:"text"`
}

// Summary is one line of the list of runs.
type Summary struct {
	ID       string       `json:"id"`
	Created  time.Time    `json:"created"`
	Model    string       `json:"model"`
	Prompt   string       `json:"prompt"`
	Branches int          `json:"branches"`
	Tokens   int          `json:"tokens"`
	Closed   trace.Closed `json:"closed"`
	Answer   string       `json:"answer"`
	Ended    bool         `json:"-"` // the latest branch has a receipt: Closed is empty also where there was no thought to close
}

// List returns the newest n runs (all when n <= 0), newest first. Closed and Answer are those of the latest branch.
func (s *Store) List(ctx context.Context, n int) ([]Summary, error) {
	if n <= 0 {
		n = math.MaxInt32
	}
	rows, err := s.db.QueryContext(ctx, `
		SELECT id, created, model, prompt,
		       (SELECT count(*) FROM branches b WHERE b.run = r.id),
		       (SELECT count(*) FROM tokens t WHERE t.run = r.id)
		FROM runs r ORDER BY created DESC, id DESC LIMIT ?`, n)
	if err != nil {
		return nil, fmt.Errorf("list sessions: %w", err)
	}
	defer rows.Close()
	var list []Summary
	for rows.Next() {
		var m Summary
		var created int64
		if err := rows.Scan(&m.ID, &created, &m.Model, &m.Prompt, &m.Branches, &m.Tokens); err != nil {
			return nil, fmt.Errorf("list sessions: %w", err)
		}
		m.Created = time.UnixMicro(created).UTC()
		list = append(list, m)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("list sessions: %w", err)
	}
	for i := range list {
		if err := s.lastAnswer(ctx, &list[i]); err != nil {
			return nil, fmt.Errorf("list sessions: run %s: %w", list[i].ID, err)
		}
	}
	return list, nil
}

func (s *Store) lastAnswer(ctx context.Context, m *Summary) error {
	var branch string
	var receipt sql.NullString
	err := s.db.QueryRowContext(ctx, `SELECT id, receipt FROM branches WHERE run = ? ORDER BY created DESC, id DESC LIMIT 1`, m.ID).Scan(&branch, &receipt)
	if errors.Is(err, sql.ErrNoRows) {
		return nil
	}
	if err != nil {
		return err
	}
	var r trace.Receipt
	if receipt.Valid {
		if err := json.Unmarshal([]byte(receipt.String), &r); err != nil {
			return fmt.Errorf("receipt of branch %s: %w", branch, err)
		}
	}
	m.Closed, m.Ended = r.Closed, receipt.Valid
	rows, err := s.db.QueryContext(ctx, `SELECT coalesce(text, CAST(bytes AS TEXT)) FROM tokens WHERE run = ? AND branch = ? AND phase = ? ORDER BY idx`,
		m.ID, branch, trace.PhaseAnswer)
	if err != nil {
		return err
	}
	defer rows.Close()
	var b strings.Builder
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			return err
		}
		b.WriteString(text)
	}
	m.Answer = b.String()
	return rows.Err()
}

// Load returns one run whole.
func (s *Store) Load(ctx context.Context, id string) (Session, error) {
	sess, err := s.load(ctx, id)
	if err != nil {
		return Session{}, fmt.Errorf("load session %s: %w", id, err)
	}
	return sess, nil
}

func (s *Store) load(ctx context.Context, id string) (Session, error) {
	var sess Session
	r := &sess.Run
	var created int64
	var ids []byte
	err := s.db.QueryRowContext(ctx, `SELECT id, created, model, model_sha256, template_sha256, think_format, backend, system, prompt, rendered, prompt_ids
		FROM runs WHERE id = ?`, id).Scan(&r.ID, &created, &r.Model, &r.ModelSHA256, &r.TemplateSHA256, &r.ThinkFormat, &r.Backend, &r.System, &r.Prompt, &r.Rendered, &ids)
	if errors.Is(err, sql.ErrNoRows) {
		return sess, ErrNotFound
	}
	if err != nil {
		return sess, err
	}
	r.Created = time.UnixMicro(created).UTC()
	if r.PromptIDs, err = unpackIDs(ids); err != nil {
		return sess, err
	}
	rows, err := s.db.QueryContext(ctx, `SELECT id, parent, at, cause, note, budget, sampling, created, receipt, error FROM branches WHERE run = ? ORDER BY created, id`, id)
	if err != nil {
		return sess, err
	}
	defer rows.Close()
	for rows.Next() {
		var k Kept
		var budget, sampling string
		var receipt sql.NullString
		if err := rows.Scan(&k.ID, &k.Parent, &k.At, &k.Cause, &k.Note, &budget, &sampling, &created, &receipt, &k.Error); err != nil {
			return sess, err
		}
		k.Created = time.UnixMicro(created).UTC()
		if err := errors.Join(json.Unmarshal([]byte(budget), &k.Budget), json.Unmarshal([]byte(sampling), &k.Sampling)); err != nil {
			return sess, fmt.Errorf("branch %s: %w", k.ID, err)
		}
		if receipt.Valid {
			k.Receipt = new(trace.Receipt)
			if err := json.Unmarshal([]byte(receipt.String), k.Receipt); err != nil {
				return sess, fmt.Errorf("branch %s: receipt: %w", k.ID, err)
			}
		}
		sess.Branches = append(sess.Branches, k)
	}
	if err := rows.Err(); err != nil {
		return sess, err
	}
	for i := range sess.Branches {
		k := &sess.Branches[i]
		if k.Tokens, err = s.tokens(ctx, id, k.ID); err != nil {
			return sess, fmt.Errorf("branch %s: %w", k.ID, err)
		}
		if k.Notices, err = s.notices(ctx, id, k.ID); err != nil {
			return sess, fmt.Errorf("branch %s: %w", k.ID, err)
		}
		if k.Resampled, err = s.resampled(ctx, id, k.ID); err != nil {
			return sess, fmt.Errorf("branch %s: %w", k.ID, err)
		}
	}
	return sess, nil
}

func (s *Store) tokens(ctx context.Context, run string, branch trace.BranchID) ([]trace.Token, error) {
	rows, err := s.db.QueryContext(ctx, `SELECT idx, id, bytes, text, phase, origin, flags, logprob, entropy, end_prob, end_rank, top, time
		FROM tokens WHERE run = ? AND branch = ? ORDER BY idx`, run, branch)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var list []trace.Token
	for rows.Next() {
		var t trace.Token
		var text sql.NullString
		var flag int
		var logprob, entropy, endProb sql.NullFloat64
		var top []byte
		var micros int64
		if err := rows.Scan(&t.Index, &t.ID, &t.Bytes, &text, &t.Phase, &t.Origin, &flag, &logprob, &entropy, &endProb, &t.EndRank, &top, &micros); err != nil {
			return nil, err
		}
		t.Text = string(t.Bytes)
		if text.Valid {
			t.Text = text.String
		}
		t.Counted, t.Wished = flag&flagCounted != 0, flag&flagWished != 0
		t.Logprob, t.Entropy, t.EndProb = known(logprob), known(entropy), known(endProb)
		if t.Top, err = unpackTop(top); err != nil {
			return nil, fmt.Errorf("token %d: %w", t.Index, err)
		}
		t.Time = time.Duration(micros) * time.Microsecond
		list = append(list, t)
	}
	return list, rows.Err()
}

func known(x sql.NullFloat64) float32 {
	if !x.Valid {
		return float32(math.NaN())
	}
	return float32(x.Float64)
}

func (s *Store) notices(ctx context.Context, run string, branch trace.BranchID) ([]Notice, error) {
	rows, err := s.db.QueryContext(ctx, `SELECT at, text FROM notices WHERE run = ? AND branch = ? ORDER BY seq`, run, branch)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var list []Notice
	for rows.Next() {
		var n Notice
		if err := rows.Scan(&n.At, &n.Text); err != nil {
			return nil, err
		}
		list = append(list, n)
	}
	return list, rows.Err()
}

// Remove deletes a run with everything in it.
func (s *Store) Remove(ctx context.Context, id string) error {
	return s.write(ctx, func(tx *sql.Tx) error {
		res, err := tx.ExecContext(ctx, `DELETE FROM runs WHERE id = ?`, id)
		if err != nil {
			return fmt.Errorf("remove session %s: %w", id, err)
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			return fmt.Errorf("remove session %s: %w", id, errors.Join(err, ErrNotFound))
		}
		return nil
	})
}
