package sessions

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"s1/engine/trace"
)

// Limits of what people add to a run, and of what an import says they did.
const (
	maxTags      = 32
	maxTagRunes  = 40
	maxNote      = 64 << 10 // bytes
	maxPlaces    = 10_000   // notes, or bookmarks, of one branch
	maxExpected  = 4 << 10  // bytes; also of a title
	wholeBranch  = -1       // the place of a note that is on no token
	theRunItself = trace.BranchID("")
)

// ErrNoBranch is returned for a branch that is not in the run, or a token that is not in the branch.
var ErrNoBranch = errors.New("no such place in the run")

// there checks that a run, a branch of it (unless it is "") and a token (unless it is -1) are kept and not binned.
func there(ctx context.Context, tx *sql.Tx, run string, branch trace.BranchID, token int) error {
	var ok bool
	if err := tx.QueryRowContext(ctx, `SELECT count(*) > 0 FROM library WHERE run = ? AND binned = 0`, run).Scan(&ok); err != nil {
		return err
	}
	if !ok {
		return ErrNotFound
	}
	if branch == theRunItself {
		if token != wholeBranch {
			return fmt.Errorf("token %d of no branch: %w", token, ErrNoBranch)
		}
		return nil
	}
	var end int
	err := tx.QueryRowContext(ctx, `SELECT at + (SELECT count(*) FROM tokens t WHERE t.run = b.run AND t.branch = b.id) FROM branches b WHERE b.run = ? AND b.id = ? AND b.binned = 0`, run, branch).Scan(&end)
	if errors.Is(err, sql.ErrNoRows) {
		return fmt.Errorf("branch %q: %w", clip(string(branch)), ErrNoBranch)
	}
	if err == nil && (token < wholeBranch || token >= end) {
		return fmt.Errorf("token %d of %d: %w", token, end, ErrNoBranch)
	}
	return err
}

// change runs f on a place that is there, brings the searchable notes up to date, and names the run in errors.
func (s *Store) change(ctx context.Context, what, run string, branch trace.BranchID, token int, f func(*sql.Tx) error) error {
	err := s.write(ctx, func(tx *sql.Tx) error {
		if err := there(ctx, tx, run, branch, token); err != nil {
			return err
		}
		return f(tx)
	})
	if err != nil {
		return fmt.Errorf("%s session %s: %w", what, clip(run), err)
	}
	return nil
}

// CheckTag says what is wrong with a tag, nil = nothing: it is one word, and does not begin with + or -, which commands
// put before it.
func CheckTag(tag string) error {
	bad := func(r rune) bool {
		return unicode.IsSpace(r) || unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || r == ','
	}
	switch {
	case tag == "" || strings.ContainsFunc(tag, bad) || !utf8.ValidString(tag) || strings.HasPrefix(tag, "-") || strings.HasPrefix(tag, "+"):
		return fmt.Errorf("tag %q: one word, without commas, and not beginning with + or -", clip(tag))
	case utf8.RuneCountInString(tag) > maxTagRunes:
		return fmt.Errorf("tag %q: longer than %d characters", clip(tag), maxTagRunes)
	}
	return nil
}

// SetTags replaces the tags of a run (branch "") or of a branch.
func (s *Store) SetTags(ctx context.Context, run string, branch trace.BranchID, tags []string) error {
	return s.change(ctx, "tag", run, branch, wholeBranch, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, `DELETE FROM tags WHERE run = ? AND branch = ?`, run, branch); err != nil {
			return err
		}
		return putTags(ctx, tx, run, branch, tags)
	})
}

// ChangeTags adds and removes tags of a run or branch, and returns those it then has.
func (s *Store) ChangeTags(ctx context.Context, run string, branch trace.BranchID, add, remove []string) (now []string, err error) {
	err = s.change(ctx, "tag", run, branch, wholeBranch, func(tx *sql.Tx) error {
		for _, t := range remove {
			if _, err := tx.ExecContext(ctx, `DELETE FROM tags WHERE run = ? AND branch = ? AND tag = ?`, run, branch, t); err != nil {
				return err
			}
		}
		if err := putTags(ctx, tx, run, branch, add); err != nil {
			return err
		}
		var err error
		now, err = tagsIn(ctx, tx, run, branch)
		return err
	})
	return now, err
}

func putTags(ctx context.Context, tx *sql.Tx, run string, branch trace.BranchID, tags []string) error {
	for _, t := range tags {
		if err := CheckTag(t); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `INSERT OR IGNORE INTO tags VALUES (?,?,?)`, run, branch, t); err != nil {
			return err
		}
	}
	var n int
	if err := tx.QueryRowContext(ctx, `SELECT count(*) FROM tags WHERE run = ? AND branch = ?`, run, branch).Scan(&n); err != nil {
		return err
	}
	if n > maxTags {
		return fmt.Errorf("%d tags; at most %d", n, maxTags)
	}
	return nil
}

func (s *Store) tagsOf(ctx context.Context, run string, branch trace.BranchID) ([]string, error) {
	return tagsIn(ctx, s.db, run, branch)
}

func tagsIn(ctx context.Context, q querier, run string, branch trace.BranchID) ([]string, error) {
	return stringsOf(q.QueryContext(ctx, `SELECT tag FROM tags WHERE run = ? AND branch = ? ORDER BY tag`, run, branch))
}

func stringsOf(rows *sql.Rows, err error) ([]string, error) {
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var list []string
	for rows.Next() {
		var s string
		if err := rows.Scan(&s); err != nil {
			return nil, err
		}
		list = append(list, s)
	}
	return list, rows.Err()
}

// SetNote replaces the note on a run (branch "", token -1), a branch (token -1) or a token of a branch's path. "" removes it.
func (s *Store) SetNote(ctx context.Context, run string, branch trace.BranchID, token int, text string) error {
	return s.change(ctx, "note", run, branch, token, func(tx *sql.Tx) error {
		if err := putNote(ctx, tx, run, branch, token, text); err != nil {
			return err
		}
		return indexNotes(ctx, tx, run)
	})
}

func putNote(ctx context.Context, tx *sql.Tx, run string, branch trace.BranchID, token int, text string) error {
	if len(text) > maxNote {
		return fmt.Errorf("a note of %d bytes; at most %d", len(text), maxNote)
	}
	if text == "" {
		_, err := tx.ExecContext(ctx, `DELETE FROM notes WHERE run = ? AND branch = ? AND idx = ?`, run, branch, token)
		return err
	}
	_, err := tx.ExecContext(ctx, `INSERT OR REPLACE INTO notes VALUES (?,?,?,?)`, run, branch, token, text)
	return err
}

// notesOf is what is searched as the notes of a branch: the run's title and note, and those on the branch and its tokens.
func notesOf(ctx context.Context, tx *sql.Tx, run string, branch trace.BranchID) (string, error) {
	list, err := stringsOf(tx.QueryContext(ctx, `SELECT title FROM library WHERE run = ?1 AND title <> '' UNION ALL
		SELECT text FROM (SELECT text FROM notes WHERE run = ?1 AND branch IN ('', ?2) ORDER BY branch, idx)`, run, branch))
	return strings.Join(list, "\n"), err
}

// indexNotes brings the searchable notes of a run's indexed branches up to date.
func indexNotes(ctx context.Context, tx *sql.Tx, run string) error {
	branches, err := stringsOf(tx.QueryContext(ctx, `SELECT branch FROM docs WHERE run = ?`, run))
	if err != nil {
		return err
	}
	for _, b := range branches {
		text, err := notesOf(ctx, tx, run, trace.BranchID(b))
		if err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `UPDATE texts SET notes = ? WHERE rowid = (SELECT key FROM docs WHERE run = ? AND branch = ?)`, searchable(text), run, b); err != nil {
			return err
		}
	}
	return nil
}

// SetTitle names a run; "" = its question is its name.
func (s *Store) SetTitle(ctx context.Context, run, title string) error {
	return s.change(ctx, "title", run, theRunItself, wholeBranch, func(tx *sql.Tx) error {
		if len(title) > maxExpected {
			return fmt.Errorf("a title of %d bytes; at most %d", len(title), maxExpected)
		}
		if _, err := tx.ExecContext(ctx, `UPDATE library SET title = ? WHERE run = ?`, title, run); err != nil {
			return err
		}
		return indexNotes(ctx, tx, run)
	})
}

// Bookmark sets or removes a bookmark on a token of a branch's path.
func (s *Store) Bookmark(ctx context.Context, run string, branch trace.BranchID, token int, on bool) error {
	return s.change(ctx, "bookmark", run, branch, token, func(tx *sql.Tx) error {
		if token == wholeBranch {
			return fmt.Errorf("a bookmark is on a token: %w", ErrNoBranch)
		}
		query := `DELETE FROM bookmarks WHERE run = ? AND branch = ? AND idx = ?`
		if on {
			query = `INSERT OR IGNORE INTO bookmarks VALUES (?,?,?)`
		}
		_, err := tx.ExecContext(ctx, query, run, branch, token)
		return err
	})
}

// SetExpected says what the right answer of a run is, "" = unknown, and judges all its ended branches again.
func (s *Store) SetExpected(ctx context.Context, run, expected string) error {
	return s.change(ctx, "judge", run, theRunItself, wholeBranch, func(tx *sql.Tx) error {
		expected = strings.TrimSpace(expected)
		if len(expected) > maxExpected {
			return fmt.Errorf("an expected answer of %d bytes; at most %d", len(expected), maxExpected)
		}
		if _, err := tx.ExecContext(ctx, `UPDATE library SET expected = ? WHERE run = ?`, expected, run); err != nil {
			return err
		}
		branches, err := stringsOf(tx.QueryContext(ctx, `SELECT id FROM branches WHERE run = ?`, run))
		if err != nil {
			return err
		}
		for _, b := range branches {
			if _, err := s.measure(ctx, tx, run, trace.BranchID(b)); err != nil {
				return err
			}
		}
		return refresh(ctx, tx, run)
	})
}

// loadMarks fills in what people added.
func (s *Store) loadMarks(ctx context.Context, sess *Session) error {
	run := sess.Run.ID
	at := map[trace.BranchID]*Kept{}
	for i := range sess.Branches {
		at[sess.Branches[i].ID] = &sess.Branches[i]
	}
	type mark struct {
		branch trace.BranchID
		idx    int
		text   string
	}
	read := func(query string) ([]mark, error) {
		rows, err := s.db.QueryContext(ctx, query, run)
		if err != nil {
			return nil, err
		}
		defer rows.Close()
		var list []mark
		for rows.Next() {
			var m mark
			if err := rows.Scan(&m.branch, &m.idx, &m.text); err != nil {
				return nil, err
			}
			list = append(list, m)
		}
		return list, rows.Err()
	}
	tags, err := read(`SELECT branch, -1, tag FROM tags WHERE run = ? ORDER BY branch, tag`)
	if err != nil {
		return err
	}
	for _, m := range tags {
		if k := at[m.branch]; k != nil {
			k.Tags = append(k.Tags, m.text)
		} else if m.branch == theRunItself {
			sess.Tags = append(sess.Tags, m.text)
		}
	}
	notes, err := read(`SELECT branch, idx, text FROM notes WHERE run = ? ORDER BY branch, idx`)
	if err != nil {
		return err
	}
	for _, m := range notes {
		k := at[m.branch]
		switch {
		case m.branch == theRunItself:
			sess.Note = m.text
		case k == nil: // of a branch in the bin
		case m.idx == wholeBranch:
			k.Comment = m.text
		default:
			k.Notes = append(k.Notes, TokenNote{m.idx, m.text})
		}
	}
	marks, err := read(`SELECT branch, idx, '' FROM bookmarks WHERE run = ? ORDER BY branch, idx`)
	if err != nil {
		return err
	}
	for _, m := range marks {
		if k := at[m.branch]; k != nil {
			k.Bookmarks = append(k.Bookmarks, m.idx)
		}
	}
	slices.Sort(sess.Tags)
	return nil
}
