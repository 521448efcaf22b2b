package sessions

import (
	"context"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"s1/engine/trace"
)

// Filter says which runs to list. The zero value is all of them.
type Filter struct {
	Text    string // words looked for in questions, thoughts, answers and notes; see match
	Model   string // a part of its name, without regard to case
	Closed  string // natural, cap, ...; "open": the latest branch has not ended; "none": it had no thought
	Verdict trace.Verdict
	Tag     string    // of the run or one of its branches
	From    time.Time // created at or after; zero = no bound
	To      time.Time // created before
	Limit   int       // most runs of a page, 0 = all
	After   string    // the Cursor of the last hit of the page before
	Binned  bool      // what is in the bin instead of what is not
}

// Hit is a run that was found, and with a Text the place where: the newest indexed branch that has all the words.
type Hit struct {
	Summary
	Branch  trace.BranchID `json:"branch,omitempty"`
	Where   string         `json:"where,omitempty"` // question, thought, answer, note
	Token   int            `json:"token"`           // in a thought: the token of the branch's path; else -1
	Snippet string         `json:"snippet,omitempty"`
	Marks   [][2]int       `json:"marks,omitempty"` // byte ranges of Snippet that were looked for
	Cursor  string         `json:"-"`
}

// Query returns runs newest first. With a Text that has no letter or digit it finds nothing.
func (s *Store) Query(ctx context.Context, f Filter) ([]Hit, error) {
	if f.Limit <= 0 {
		f.Limit = math.MaxInt32
	}
	if err := s.measureOld(ctx, f.Limit); err != nil {
		return nil, fmt.Errorf("list sessions: %w", err)
	}
	var hits []Hit
	var err error
	if strings.TrimSpace(f.Text) == "" {
		hits, err = s.newest(ctx, f)
	} else if expr := match(f.Text); expr != "" {
		hits, err = s.search(ctx, f, expr)
	}
	if err != nil {
		return nil, fmt.Errorf("search sessions: %w", err)
	}
	for i := range hits {
		if hits[i].Tags, err = s.tagsOf(ctx, hits[i].ID, ""); err != nil {
			return nil, fmt.Errorf("search sessions: %w", err)
		}
	}
	return hits, nil
}

// where is the SQL of everything but the text, over the table library as l.
func (f *Filter) where() (sql string, args []any) {
	parts := []string{"l.binned = 0"}
	if f.Binned {
		parts[0] = "l.binned > 0"
	}
	add := func(part string, values ...any) {
		parts = append(parts, part)
		args = append(args, values...)
	}
	if f.Model != "" {
		add("instr(lower(l.model), ?) > 0", strings.ToLower(f.Model))
	}
	switch f.Closed {
	case "":
	case "open":
		add("l.ended = 0")
	case "none":
		add("l.ended = 1 AND l.closed = ''")
	default:
		add("l.ended = 1 AND l.closed = ?", f.Closed)
	}
	if f.Verdict != "" {
		add("l.verdict = ?", string(f.Verdict))
	}
	if f.Tag != "" {
		add("l.run IN (SELECT run FROM tags WHERE tag = ?)", f.Tag)
	}
	if !f.From.IsZero() {
		add("l.created >= ?", f.From.UnixMicro())
	}
	if !f.To.IsZero() {
		add("l.created < ?", f.To.UnixMicro())
	}
	return strings.Join(parts, " AND "), args
}

func (s *Store) newest(ctx context.Context, f Filter) ([]Hit, error) {
	where, args := f.where()
	if f.After != "" {
		micros, run, ok := strings.Cut(f.After, "/")
		created, err := strconv.ParseInt(micros, 10, 64)
		if !ok || err != nil {
			return nil, fmt.Errorf("no such page: %q", clip(f.After))
		}
		where += " AND (l.created, l.run) < (?, ?)"
		args = append(args, created, run)
	}
	rows, err := s.db.QueryContext(ctx, `SELECT `+summaryColumns+` FROM (SELECT l.run FROM library l INDEXED BY library_newest WHERE `+where+` ORDER BY l.created DESC, l.run DESC LIMIT ?) k
		CROSS JOIN library l ON l.run = k.run ORDER BY l.created DESC, l.run DESC`, append(args, f.Limit)...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var hits []Hit
	for rows.Next() {
		h := Hit{Token: -1}
		var created int64
		if err := rows.Scan(h.scan(&created)...); err != nil {
			return nil, err
		}
		h.Created = time.UnixMicro(created).UTC()
		h.Cursor = fmt.Sprintf("%d/%s", created, h.ID)
		hits = append(hits, h)
	}
	return hits, rows.Err()
}

// search walks the index downwards, which is from the newest run on, and stops when the page is full.
func (s *Store) search(ctx context.Context, f Filter, expr string) ([]Hit, error) {
	after := int64(math.MaxInt64)
	if f.After != "" {
		var err error
		if after, err = strconv.ParseInt(f.After, 10, 64); err != nil {
			return nil, fmt.Errorf("no such page: %q", clip(f.After))
		}
	}
	var hits []Hit
	err := s.view(ctx, func(q querier) error {
		var keys []int64
		var err error
		if hits, keys, err = page(ctx, q, f, expr, after); err != nil {
			return err
		}
		for i := range hits {
			if err := place(ctx, q, &hits[i], f.Text, keys[i]); err != nil {
				return fmt.Errorf("run %s: %w", hits[i].ID, err)
			}
		}
		return nil
	})
	return hits, err
}

// fewRuns is how many runs a filter may leave for the text to be looked for in each of them, instead of everywhere.
const fewRuns = 300

// few says whether a filter leaves so few runs.
func few(ctx context.Context, q querier, f Filter) (bool, error) {
	if f.Model == "" && f.Closed == "" && f.Verdict == "" && f.Tag == "" {
		return false, nil
	}
	where, args := f.where()
	var n int
	err := q.QueryRowContext(ctx, `SELECT count(*) FROM (SELECT 1 FROM library l INDEXED BY library_newest WHERE `+where+` LIMIT ?)`, append(args, fewRuns+1)...).Scan(&n)
	return n <= fewRuns, err
}

func searchSQL(columns string, f Filter, few bool, expr string, after int64) (string, []any) {
	where, args := f.where()
	low, high := int64(0), after
	if !f.From.IsZero() {
		low = firstKey(f.From.UnixMicro())
	}
	if !f.To.IsZero() {
		high = min(high, firstKey(f.To.UnixMicro())+keysPerMicro)
	}
	if few {
		return `SELECT ` + columns + ` FROM (SELECT l.run FROM library l INDEXED BY library_newest WHERE ` + where + ` LIMIT -1) k CROSS JOIN docs d ON d.run = k.run
			CROSS JOIN branches b ON b.run = d.run AND b.id = d.branch AND b.binned = 0 CROSS JOIN texts ON texts.rowid = d.key CROSS JOIN library l ON l.run = k.run WHERE texts MATCH ? AND d.key >= ? AND d.key < ? ORDER BY d.key DESC`,
			append(args, expr, low, high)
	}
	// CROSS JOIN keeps the order: the text first, by key, then each run that has it.
	return `SELECT ` + columns + ` FROM texts CROSS JOIN docs d ON d.key = texts.rowid CROSS JOIN branches b ON b.run = d.run AND b.id = d.branch AND b.binned = 0
		CROSS JOIN library l ON l.run = d.run WHERE texts MATCH ? AND texts.rowid >= ? AND texts.rowid < ? AND ` + where + ` ORDER BY texts.rowid DESC`,
		append([]any{expr, low, high}, args...)
}

func page(ctx context.Context, q querier, f Filter, expr string, after int64) (hits []Hit, keys []int64, err error) {
	narrow, err := few(ctx, q, f)
	if err != nil {
		return nil, nil, err
	}
	query, args := searchSQL(summaryColumns+`, d.branch, d.key`, f, narrow, expr, after)
	rows, err := q.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, nil, err
	}
	defer rows.Close()
	seen := map[string]bool{}
	for len(hits) < f.Limit && rows.Next() {
		h := Hit{Token: -1}
		var created, key int64
		if err := rows.Scan(append(h.scan(&created), &h.Branch, &key)...); err != nil {
			return nil, nil, err
		}
		if seen[h.ID] {
			continue
		}
		seen[h.ID] = true
		if f.After != "" { // a run whose newer branch was on an earlier page is not shown again
			var before bool
			if err := q.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM docs d JOIN branches b ON b.run = d.run AND b.id = d.branch AND b.binned = 0
				WHERE d.run = ? AND d.key >= ? AND d.key IN (SELECT rowid FROM texts WHERE texts MATCH ? AND rowid = d.key))`, h.ID, after, expr).Scan(&before); err != nil {
				return nil, nil, err
			}
			if before {
				continue
			}
		}
		h.Created = time.UnixMicro(created).UTC()
		h.Cursor = strconv.FormatInt(key, 10)
		hits, keys = append(hits, h), append(keys, key)
	}
	return hits, keys, rows.Err()
}

// Count returns how many runs a filter finds, counting at most to most; more says that there are others.
func (s *Store) Count(ctx context.Context, f Filter, most int) (n int, more bool, err error) {
	var query string
	var args []any
	if strings.TrimSpace(f.Text) == "" {
		where, values := f.where()
		query, args = `SELECT count(*) FROM (SELECT 1 FROM library l INDEXED BY library_newest WHERE `+where+` LIMIT ?)`, append(values, most+1)
	} else {
		expr := match(f.Text)
		if expr == "" {
			return 0, false, nil
		}
		narrow, err := few(ctx, s.db, f)
		if err != nil {
			return 0, false, fmt.Errorf("count sessions: %w", err)
		}
		inner, values := searchSQL("d.run", f, narrow, expr, math.MaxInt64)
		query, args = `SELECT count(DISTINCT run) FROM (`+inner+` LIMIT ?)`, append(values, most+1)
	}
	var counted int
	if err := s.db.QueryRowContext(ctx, query, args...).Scan(&counted); err != nil {
		return 0, false, fmt.Errorf("count sessions: %w", err)
	}
	return min(counted, most), counted > most, nil
}
