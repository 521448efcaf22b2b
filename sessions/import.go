package sessions

import (
	"bufio"
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strings"

	"s1/engine/trace"
)

// Limits of an import: what comes from outside is hostile.
const (
	maxLine     = 16 << 20 // bytes; a prompt of a million ids fits
	maxRuns     = 10_000
	maxBranches = 10_000 // of one run
	maxTokens   = 20_000_000
	maxTop      = 64
	maxNotices  = 10_000
	batchTokens = 4096 // tokens held in memory at a time
)

// idPattern is what a run's or branch's id may be: it is used in file names and on terminals.
var idPattern = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)

// ImportJSONL reads what ExportJSONL wrote, one run after the other, in one transaction: a bad file changes nothing. It
// returns the runs' ids.
func (s *Store) ImportJSONL(ctx context.Context, r io.Reader) ([]string, error) {
	im := importer{store: s, lines: bufio.NewReaderSize(r, 1<<16)}
	err := s.write(ctx, func(tx *sql.Tx) error { return im.all(ctx, tx) })
	if err != nil {
		return nil, fmt.Errorf("import session: line %d: %w", im.line, err)
	}
	return im.runs, nil
}

type importer struct {
	store    *Store
	lines    *bufio.Reader
	line     int
	runs     []string // begun so far, the last one is read
	run      string
	branch   trace.BranchID
	branches map[trace.BranchID]int // id -> tokens of the whole branch so far
	tokens   int
	batch    []trace.Token

	notes     []TokenNote // of the branch that is read
	bookmarks []int
}

func (im *importer) all(ctx context.Context, tx *sql.Tx) error {
	for {
		text, err := im.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		if len(bytes.TrimSpace(text)) == 0 {
			continue
		}
		var kind struct {
			Type string `json:"type"`
		}
		if err := json.Unmarshal(text, &kind); err != nil {
			return fmt.Errorf("not JSON: %w", err)
		}
		switch {
		case im.run == "" && kind.Type != "run":
			return fmt.Errorf("an export starts with a line of type \"run\", this is %q", clip(kind.Type))
		case kind.Type == "run":
			if err = im.endRun(ctx, tx); err == nil {
				err = im.putRun(ctx, tx, text)
			}
		case kind.Type == "branch":
			err = im.putBranch(ctx, tx, text)
		case kind.Type == "token":
			err = im.putToken(ctx, tx, text)
		default:
			err = fmt.Errorf("unknown type %q", clip(kind.Type))
		}
		if err != nil {
			return err
		}
	}
	if im.run == "" {
		return errors.New("the file is empty")
	}
	return im.endRun(ctx, tx)
}

// endRun makes the run that was read complete.
func (im *importer) endRun(ctx context.Context, tx *sql.Tx) error {
	if im.run == "" {
		return nil
	}
	if err := im.endBranch(ctx, tx); err != nil {
		return err
	}
	return refresh(ctx, tx, im.run)
}

// endBranch makes the branch that was read complete: its marks are on tokens that it has, and its texts can be found.
func (im *importer) endBranch(ctx context.Context, tx *sql.Tx) error {
	if err := im.flush(ctx, tx); err != nil || im.branch == "" {
		return err
	}
	for _, n := range im.notes {
		if n.At < 0 || n.At >= im.branches[im.branch] {
			return fmt.Errorf("branch %s: a note at token %d of %d", im.branch, n.At, im.branches[im.branch])
		}
		if err := putNote(ctx, tx, im.run, im.branch, n.At, n.Text); err != nil {
			return fmt.Errorf("branch %s: %w", im.branch, err)
		}
	}
	for _, at := range im.bookmarks {
		if at < 0 || at >= im.branches[im.branch] {
			return fmt.Errorf("branch %s: a bookmark at token %d of %d", im.branch, at, im.branches[im.branch])
		}
		if _, err := tx.ExecContext(ctx, `INSERT OR IGNORE INTO bookmarks VALUES (?,?,?)`, im.run, im.branch, at); err != nil {
			return err
		}
	}
	return im.store.index(ctx, tx, im.run, im.branch)
}

// next reads a line of at most maxLine bytes without holding more than that.
func (im *importer) next() ([]byte, error) {
	im.line++
	var text []byte
	for {
		part, err := im.lines.ReadSlice('\n')
		if len(text)+len(part) > maxLine {
			return nil, fmt.Errorf("longer than %d bytes", maxLine)
		}
		text = append(text, part...)
		switch {
		case err == nil:
			return text, nil
		case errors.Is(err, bufio.ErrBufferFull):
		case errors.Is(err, io.EOF) && len(text) > 0:
			return text, nil
		default:
			return nil, err
		}
	}
}

// strict decodes with unknown fields refused.
func strict(text []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	return d.Decode(v)
}

func (im *importer) putRun(ctx context.Context, tx *sql.Tx, text []byte) error {
	var l runLine
	if err := strict(text, &l); err != nil {
		return fmt.Errorf("run: %w", err)
	}
	if l.Format > formatVersion || l.Format < 1 {
		return fmt.Errorf("export format %d; this s1 reads up to %d", l.Format, formatVersion)
	}
	if !idPattern.MatchString(l.ID) {
		return fmt.Errorf("run id %q: letters, digits, dot, dash and underscore only, at most 64", clip(l.ID))
	}
	var binned bool
	switch err := tx.QueryRowContext(ctx, `SELECT binned > 0 FROM library WHERE run = ?`, l.ID).Scan(&binned); {
	case err == nil && binned:
		return fmt.Errorf("run %s is in the bin; bring it back: s1 sessions restore %s; or empty the bin: s1 sessions rm --purge", l.ID, l.ID)
	case err == nil:
		return fmt.Errorf("run %s is already here; remove it first: s1 sessions rm %s, then s1 sessions rm --purge", l.ID, l.ID)
	case !errors.Is(err, sql.ErrNoRows):
		return err
	}
	if len(im.runs) >= maxRuns {
		return fmt.Errorf("more than %d runs", maxRuns)
	}
	if len(l.Expected) > maxExpected || len(l.Title) > maxExpected {
		return fmt.Errorf("run %s: an expected answer or a title of more than %d bytes", l.ID, maxExpected)
	}
	im.run, im.branch, im.branches = l.ID, "", map[trace.BranchID]int{}
	im.runs = append(im.runs, l.ID)
	err := putRun(ctx, tx, trace.Run{
		ID: l.ID, Created: l.Created, Model: l.Model, ModelSHA256: l.ModelSHA256, TemplateSHA256: l.TemplateSHA256,
		ThinkFormat: l.ThinkFormat, Backend: l.Backend, System: l.System, Prompt: l.Prompt, Rendered: l.Rendered, PromptIDs: l.PromptIDs,
		Expected: l.Expected,
	})
	if err != nil {
		return err
	}
	if _, err := tx.ExecContext(ctx, `UPDATE library SET title = ? WHERE run = ?`, l.Title, l.ID); err != nil {
		return err
	}
	return im.putMarks(ctx, tx, "", l.Tags, l.UserNote)
}

func (im *importer) putMarks(ctx context.Context, tx *sql.Tx, branch trace.BranchID, tags []string, note string) error {
	if len(tags) > maxTags {
		return fmt.Errorf("%d tags; at most %d", len(tags), maxTags)
	}
	if err := putTags(ctx, tx, im.run, branch, tags); err != nil {
		return err
	}
	return putNote(ctx, tx, im.run, branch, wholeBranch, note)
}

func (im *importer) putBranch(ctx context.Context, tx *sql.Tx, text []byte) error {
	if err := im.endBranch(ctx, tx); err != nil {
		return err
	}
	var l branchLine
	if err := strict(text, &l); err != nil {
		return fmt.Errorf("branch: %w", err)
	}
	if !idPattern.MatchString(string(l.ID)) {
		return fmt.Errorf("branch id %q: letters, digits, dot, dash and underscore only, at most 64", clip(string(l.ID)))
	}
	if _, ok := im.branches[l.ID]; ok {
		return fmt.Errorf("branch %s appears twice", l.ID)
	}
	if len(im.branches) >= maxBranches {
		return fmt.Errorf("more than %d branches", maxBranches)
	}
	if len(l.Notices) > maxNotices {
		return fmt.Errorf("branch %s: more than %d notices", l.ID, maxNotices)
	}
	if len(l.Resampled) > maxNotices {
		return fmt.Errorf("branch %s: more than %d changes of the sampling", l.ID, maxNotices)
	}
	if len(l.TokenNotes) > maxPlaces || len(l.Bookmarks) > maxPlaces {
		return fmt.Errorf("branch %s: more than %d notes or bookmarks", l.ID, maxPlaces)
	}
	most := 0
	if l.Parent != "" {
		n, ok := im.branches[l.Parent]
		if !ok {
			return fmt.Errorf("branch %s: its parent %q does not come before it", l.ID, clip(string(l.Parent)))
		}
		most = n
	}
	if l.At < 0 || l.At > most {
		return fmt.Errorf("branch %s: shares %d tokens with a parent of %d", l.ID, l.At, most)
	}
	im.branch, im.branches[l.ID] = l.ID, l.At
	im.notes, im.bookmarks = l.TokenNotes, l.Bookmarks
	b := trace.Branch{ID: l.ID, Parent: l.Parent, At: l.At, Cause: l.Cause, Note: l.Note, Budget: l.Budget, Sampling: l.Sampling, Created: l.Created}
	if err := putBranch(ctx, tx, im.run, b); err != nil {
		return err
	}
	if err := im.putMarks(ctx, tx, l.ID, l.Tags, l.UserNote); err != nil {
		return fmt.Errorf("branch %s: %w", l.ID, err)
	}
	for i, n := range l.Notices {
		if err := putNotice(ctx, tx, im.run, l.ID, i, n); err != nil {
			return err
		}
	}
	for i, c := range l.Resampled {
		if c.At < l.At || i > 0 && c.At < l.Resampled[i-1].At {
			return fmt.Errorf("branch %s: sampling from token %d on is out of order", l.ID, c.At)
		}
		if err := putResampled(ctx, tx, im.run, l.ID, i, c); err != nil {
			return err
		}
	}
	return putReceipt(ctx, tx, im.run, l.ID, l.Receipt, strings.ToValidUTF8(l.Error, "\uFFFD"))
}

func (im *importer) putToken(ctx context.Context, tx *sql.Tx, text []byte) error {
	var l tokenLine
	if err := strict(text, &l); err != nil {
		return fmt.Errorf("token: %w", err)
	}
	if im.branch == "" {
		return errors.New("a token before the first branch")
	}
	if want := im.branches[im.branch]; l.I != want {
		return fmt.Errorf("branch %s: token %d where %d is next", im.branch, l.I, want)
	}
	if im.tokens++; im.tokens > maxTokens {
		return fmt.Errorf("more than %d tokens", maxTokens)
	}
	t, err := l.token()
	if err != nil {
		return err
	}
	im.branches[im.branch]++
	if im.batch = append(im.batch, t); len(im.batch) >= batchTokens {
		return im.flush(ctx, tx)
	}
	return nil
}

func (im *importer) flush(ctx context.Context, tx *sql.Tx) error {
	err := putTokens(ctx, tx, im.run, im.branch, im.batch)
	im.batch = im.batch[:0]
	return err
}
