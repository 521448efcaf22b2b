package sessions

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"

	"s1/engine/trace"
)

func putRun(ctx context.Context, tx *sql.Tx, r trace.Run) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO runs (id, created, model, model_sha256, template_sha256, think_format, backend, system, prompt, rendered, prompt_ids)
		VALUES (?,?,?,?,?,?,?,?,?,?,?)`, r.ID, r.Created.UnixMicro(), r.Model, r.ModelSHA256, r.TemplateSHA256, r.ThinkFormat, r.Backend, r.System, r.Prompt, r.Rendered, packIDs(r.PromptIDs))
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO library (run, created, model, question, expected) VALUES (?,?,?,?,?)`,
		r.ID, r.Created.UnixMicro(), r.Model, r.Prompt, r.Expected)
	return err
}

func putBranch(ctx context.Context, tx *sql.Tx, run string, b trace.Branch) error {
	budget, err := json.Marshal(b.Budget)
	if err != nil {
		return err
	}
	sampling, err := json.Marshal(b.Sampling)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO branches (run, id, parent, at, cause, note, budget, sampling, created) VALUES (?,?,?,?,?,?,?,?,?)`,
		run, b.ID, b.Parent, b.At, b.Cause, b.Note, string(budget), string(sampling), b.Created.UnixMicro())
	if err != nil {
		return err
	}
	if b.Parent != "" { // who goes on from a branch wants it back
		if err := unbinPath(ctx, tx, run, b.Parent); err != nil {
			return err
		}
	}
	return putPending(ctx, tx, run, b.ID)
}

// putPending notes that the texts of a branch are not searchable yet.
func putPending(ctx context.Context, tx *sql.Tx, run string, branch trace.BranchID) error {
	_, err := tx.ExecContext(ctx, `INSERT OR IGNORE INTO pending SELECT run, id, created, 0 FROM branches WHERE run = ? AND id = ?`, run, branch)
	return err
}

func putReceipt(ctx context.Context, tx *sql.Tx, run string, branch trace.BranchID, r *trace.Receipt, cause string) error {
	var text any
	if r != nil {
		b, err := json.Marshal(r)
		if err != nil {
			return err
		}
		text = string(b)
	}
	_, err := tx.ExecContext(ctx, `UPDATE branches SET receipt = ?, error = ? WHERE run = ? AND id = ?`, text, cause, run, branch)
	return err
}

func putNotice(ctx context.Context, tx *sql.Tx, run string, branch trace.BranchID, seq int, n Notice) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO notices (run, branch, seq, at, text) VALUES (?,?,?,?,?)`, run, branch, seq, n.At, n.Text)
	return err
}

// putTokens appends tokens of one branch with one prepared statement.
func putTokens(ctx context.Context, tx *sql.Tx, run string, branch trace.BranchID, tokens []trace.Token) error {
	if len(tokens) == 0 {
		return nil
	}
	stmt, err := tx.PrepareContext(ctx, `INSERT INTO tokens (run, branch, idx, id, bytes, text, phase, origin, flags, logprob, entropy, end_prob, end_rank, top, time)
		VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)`)
	if err != nil {
		return err
	}
	defer stmt.Close()
	for _, t := range tokens {
		var text any
		if t.Text != string(t.Bytes) {
			text = t.Text
		}
		bytes := t.Bytes
		if bytes == nil {
			bytes = []byte{}
		}
		if _, err := stmt.ExecContext(ctx, run, branch, t.Index, t.ID, bytes, text, t.Phase, t.Origin, flags(t),
			real(t.Logprob), real(t.Entropy), real(t.EndProb), t.EndRank, packTop(t.Top), t.Time.Microseconds()); err != nil {
			return fmt.Errorf("token %d: %w", t.Index, err)
		}
	}
	if _, err := tx.ExecContext(ctx, `UPDATE branches SET tokens = tokens + ? WHERE run = ? AND id = ?`, len(tokens), run, branch); err != nil {
		return err
	}
	return putPending(ctx, tx, run, branch)
}
