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

// Session is everything that is kept of one run.
type Session struct {
	Run      trace.Run
	Title    string
	Note     string // the user's, on the run
	Tags     []string
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

	Verdict   trace.Verdict
	Comment   string // the user's note on the branch; Branch.Note is why it exists
	Tags      []string
	Notes     []TokenNote // ascending by place
	Bookmarks []int       // tokens of the path, ascending
}

// TokenNote is the user's note on one token.
type TokenNote struct {
	At   int    `json:"at"` // token of the branch's path
	Text string `json:"text"`
}

// Notice is a sentence that the engine said to the user.
type Notice struct {
	At   int    `json:"at"` // tokens of the branch when it was said
	Text string `json:"text"`
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
	err := s.db.QueryRowContext(ctx, `SELECT r.id, r.created, r.model, r.model_sha256, r.template_sha256, r.think_format, r.backend, r.system, r.prompt, r.rendered, r.prompt_ids, l.expected, l.title
		FROM runs r JOIN library l ON l.run = r.id WHERE r.id = ? AND l.binned = 0`, id).Scan(&r.ID, &created, &r.Model, &r.ModelSHA256, &r.TemplateSHA256, &r.ThinkFormat, &r.Backend, &r.System, &r.Prompt, &r.Rendered, &ids, &r.Expected, &sess.Title)
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
	rows, err := s.db.QueryContext(ctx, `SELECT id, parent, at, cause, note, budget, sampling, created, receipt, error, verdict FROM branches WHERE run = ? AND binned = 0 ORDER BY created, id`, id)
	if err != nil {
		return sess, err
	}
	defer rows.Close()
	for rows.Next() {
		var k Kept
		var budget, sampling string
		var receipt sql.NullString
		if err := rows.Scan(&k.ID, &k.Parent, &k.At, &k.Cause, &k.Note, &budget, &sampling, &created, &receipt, &k.Error, &k.Verdict); err != nil {
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
	return sess, s.loadMarks(ctx, &sess)
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
