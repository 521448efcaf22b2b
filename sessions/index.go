package sessions

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"
	"unicode/utf8"

	"s1/engine/trace"
)

// Limits of what is made searchable, and how it is done in pieces.
const (
	maxSearchable = 4 << 20 // bytes of one branch's thought, or answer; what is beyond is kept but not found
	batchBranches = 200     // branches indexed in one transaction ...
	batchWork     = 50_000  // ... or tokens: about a tenth of a second, in which no other s1 can write
	keysPerMicro  = 1024    // numbers in docs for one microsecond
	keyMicros     = 1 << 52 // the last microsecond that has numbers: the year 2112
)

// Hit columns, in the order of the table texts.
const (
	inQuestion = iota
	inThought
	inAnswer
	inNotes
	textColumns
)

// markOpen and markShut stand around what was found. searchable keeps them out of texts.
const markOpen, markShut = "\x01", "\x02"

// searchable is a text as it goes into the index: of the same length, so that places in it are places in the text,
// without what SQLite or the marks could stumble over.
func searchable(text string) string {
	if len(text) > maxSearchable {
		text = text[:maxSearchable]
	}
	clean := utf8.ValidString(text) && !strings.ContainsAny(text, "\x00\x01\x02")
	if clean {
		return text
	}
	b := []byte(text)
	for i := 0; i < len(b); {
		r, n := utf8.DecodeRune(b[i:])
		if r == utf8.RuneError && n <= 1 || r <= 2 {
			b[i] = ' '
		}
		i += n
	}
	return string(b)
}

// index makes the texts of a branch searchable and brings its columns up to date. The thought is the branch's own: what it
// shares with its parent is found there. The answer is the whole one.
func (s *Store) index(ctx context.Context, tx *sql.Tx, run string, branch trace.BranchID) error {
	answer, err := s.measure(ctx, tx, run, branch)
	if err != nil {
		return err
	}
	thought, err := thoughtOf(ctx, tx, run, branch, math.MaxInt32)
	if err != nil {
		return err
	}
	var question string
	var created int64
	if err := tx.QueryRowContext(ctx, `SELECT question, created FROM library WHERE run = ?`, run).Scan(&question, &created); err != nil {
		return err
	}
	notes, err := notesOf(ctx, tx, run, branch)
	if err != nil {
		return err
	}
	key, err := docKey(ctx, tx, run, branch, created)
	if err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, `INSERT OR REPLACE INTO texts (rowid, question, thought, answer, notes) VALUES (?,?,?,?,?)`,
		key, searchable(question), searchable(thought), searchable(answer), searchable(notes)); err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `DELETE FROM pending WHERE run = ? AND branch = ?`, run, branch)
	return err
}

// docKey is the number of a branch in docs; it gets one when it has none.
func docKey(ctx context.Context, tx *sql.Tx, run string, branch trace.BranchID, created int64) (key int64, err error) {
	err = tx.QueryRowContext(ctx, `SELECT key FROM docs WHERE run = ? AND branch = ?`, run, branch).Scan(&key)
	if !errors.Is(err, sql.ErrNoRows) {
		return key, err
	}
	base := firstKey(created)
	// One more than the highest of this microsecond; when those are used up, the first gap after them.
	if err := tx.QueryRowContext(ctx, `SELECT coalesce(max(key) + 1, ?) FROM docs WHERE key >= ? AND key < ?`, base, base, base+keysPerMicro).Scan(&key); err != nil {
		return 0, err
	}
	if key == base+keysPerMicro {
		if err := tx.QueryRowContext(ctx, `SELECT key + 1 FROM docs d WHERE key >= ? AND NOT EXISTS (SELECT 1 FROM docs e WHERE e.key = d.key + 1) ORDER BY key LIMIT 1`,
			key-1).Scan(&key); err != nil {
			return 0, err
		}
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO docs (key, run, branch) VALUES (?,?,?)`, key, run, branch)
	return key, err
}

// firstKey is the lowest number of a microsecond. Times that a hostile import invents are moved to the ends.
func firstKey(micros int64) int64 { return min(max(micros, 0), keyMicros) * keysPerMicro }

// Pending returns how many branches of older files, or cut by a crash, cannot be found yet. CatchUp reads them in.
func (s *Store) Pending(ctx context.Context) (int, error) {
	var n int
	if err := s.db.QueryRowContext(ctx, `SELECT count(*) FROM pending`).Scan(&n); err != nil {
		return 0, fmt.Errorf("index sessions: %w", err)
	}
	return n, nil
}

// CatchUp makes searchable what is not yet, newest first, and empties the bin of what is older than BinDays. It works in
// transactions of about a tenth of a second, so that others can write in between, and may be cancelled at any time: what
// is done stays done. report, when not nil, hears how many branches are left.
func (s *Store) CatchUp(ctx context.Context, report func(left int)) error {
	if _, err := s.Purge(ctx, time.Now().AddDate(0, 0, -BinDays)); err != nil {
		return err
	}
	// Each branch once: one that grows meanwhile is soon pending again.
	done := map[branchRef]bool{}
	for last := int64(math.MaxInt64); ; {
		n, next, err := s.indexBatch(ctx, last, done)
		if err != nil {
			return fmt.Errorf("index sessions: %w", err)
		}
		if n == 0 {
			return nil
		}
		last = next
		if report != nil {
			left, err := s.Pending(ctx)
			if err != nil {
				return err
			}
			report(left)
		}
	}
}

type branchRef struct {
	run     string
	branch  trace.BranchID
	created int64
}

// indexBatch indexes the newest pending branches up to the time last that are not done, and returns how many it did and
// the time of the oldest.
func (s *Store) indexBatch(ctx context.Context, last int64, done map[branchRef]bool) (n int, oldest int64, err error) {
	var now []branchRef
	err = s.write(ctx, func(tx *sql.Tx) error {
		refs, err := pendingRefs(ctx, tx, `SELECT run, branch, created FROM pending INDEXED BY pending_created WHERE created <= ? ORDER BY created DESC LIMIT ?`, last, batchBranches)
		if err != nil {
			return err
		}
		work := 0
		touched := map[string]bool{}
		for _, r := range refs {
			if done[r] {
				continue
			}
			if work >= batchWork {
				break
			}
			var tokens int
			if err := s.index(ctx, tx, r.run, r.branch); err != nil {
				return fmt.Errorf("run %s branch %s: %w", r.run, r.branch, err)
			}
			if err := tx.QueryRowContext(ctx, `SELECT tokens FROM branches WHERE run = ? AND id = ?`, r.run, r.branch).Scan(&tokens); err != nil {
				return err
			}
			work += tokens
			touched[r.run] = true
			now, oldest = append(now, r), r.created
		}
		for run := range touched {
			if err := refresh(ctx, tx, run); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return 0, 0, err
	}
	for _, r := range now {
		done[r] = true
	}
	return len(now), oldest, nil
}

func pendingRefs(ctx context.Context, tx *sql.Tx, query string, args ...any) ([]branchRef, error) {
	rows, err := tx.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var refs []branchRef
	for rows.Next() {
		var r branchRef
		if err := rows.Scan(&r.run, &r.branch, &r.created); err != nil {
			return nil, err
		}
		refs = append(refs, r)
	}
	return refs, rows.Err()
}

// measureOld fills in what lists show of branches of older files, for the newest n runs. Their texts stay pending.
func (s *Store) measureOld(ctx context.Context, n int) error {
	const some = `SELECT p.run, p.branch, p.created FROM pending p WHERE p.old = 1 AND p.run IN (SELECT run FROM library WHERE binned = 0 ORDER BY created DESC, run DESC LIMIT ?)`
	var any bool
	if err := s.db.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM pending WHERE old = 1) AND EXISTS (`+some+`)`, n).Scan(&any); err != nil || !any {
		return err
	}
	return s.write(ctx, func(tx *sql.Tx) error {
		refs, err := pendingRefs(ctx, tx, some, n)
		if err != nil {
			return err
		}
		touched := map[string]bool{}
		for _, r := range refs {
			if _, err := s.measure(ctx, tx, r.run, r.branch); err != nil {
				return fmt.Errorf("run %s branch %s: %w", r.run, r.branch, err)
			}
			if _, err := tx.ExecContext(ctx, `UPDATE pending SET old = 0 WHERE run = ? AND branch = ?`, r.run, r.branch); err != nil {
				return err
			}
			touched[r.run] = true
		}
		for run := range touched {
			if err := refresh(ctx, tx, run); err != nil {
				return err
			}
		}
		return nil
	})
}
