package curate

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"strings"

	"s1/engine/records"
)

const (
	shardRows = 50_000
	headsFile = "heads.jsonl"
)

// head is what all stages see of a row: the long texts stay in the shards, their lengths in words are features.
type head struct {
	N int `json:"n"` // of the row among those loaded, from 0
	Row
}

func shardFile(n int) string { return fmt.Sprintf("rows-%05d.jsonl.zst", n/shardRows) }

// loading is a row on its way from a file to the folder, or what is wrong with it.
type loading struct {
	row   Row
	words int // of the trace
	bad   *Decision
}

// load reads the files of the recipe into dir: shards of whole rows, and their heads. It says what features it left out. One goroutine
// reads and another writes, since packing takes as long as taking apart; two rows at most wait between them.
func (r *run) load(ctx context.Context, dir string, files []source, say func(decision) error) (left string, err error) {
	more, err := readFeatures(r.recipe.Load.Features, dir)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, more.close()) }()
	parent := ctx
	ctx, stop := context.WithCancelCause(ctx)
	rows := make(chan loading, 2)
	m := r.recipe.Load.mapped(r.recipe.needs())
	go func() {
		defer close(rows)
		if err := r.recipe.Load.read(ctx, files, m, more, rows); err != nil {
			stop(err)
		}
	}()
	w := &loadWriter{dir: dir}
	if w.heads, err = createLines(filepath.Join(dir, headsFile), false); err != nil {
		stop(err)
	}
	for l := range rows { // to its end, so that the reader has ended too
		if ctx.Err() != nil {
			continue
		}
		d := decision{N: -1}
		if l.bad != nil {
			d.Decision = *l.bad
		} else {
			d.N, d.ID = w.n, l.row.ID
			err = w.write(l)
		}
		if err == nil {
			err = say(d)
		}
		if err != nil {
			stop(err)
		}
	}
	if err = parent.Err(); err == nil {
		err = context.Cause(ctx)
	}
	stop(nil)
	return m.cut.note(), errors.Join(err, w.close())
}

// read gives all rows of the files, and closes nothing. A file that is damaged gives the rows before the place, and one that says so.
func (l Load) read(ctx context.Context, files []source, m *fields, more *features, rows chan<- loading) error {
	give := func(one loading) error {
		select {
		case rows <- one:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	for _, f := range files {
		// unread gives what cannot be read as a row with its reason; another error it hands back.
		unread := func(err error) error {
			var bad *records.BadRow
			var lost *records.Damaged
			d := Decision{Rule: "unreadable"}
			switch {
			case errors.As(err, &bad):
				d.ID, d.Detail = fmt.Sprintf("%s:%d", f.Name, bad.Line), bad.Cause.Error()
			case errors.As(err, &lost):
				d.ID, d.Detail = fmt.Sprintf("%s:%d", f.Name, lost.Line), fmt.Sprintf("the file is damaged, and nothing of it from here on is read: %v", lost.Cause)
			default:
				return err
			}
			return give(loading{bad: &d})
		}
		in, err := records.OpenWith(f.Path, records.Options{MaxLine: l.MaxLine})
		if err != nil {
			if err := unread(err); err != nil {
				return err
			}
			continue
		}
		for {
			raw, err := in.Next()
			if errors.Is(err, io.EOF) {
				break
			}
			if err == nil {
				var one loading
				if one, err = m.one(raw, f.Name, more); err == nil {
					err = give(one)
				}
			} else {
				err = unread(err)
			}
			if err != nil {
				return errors.Join(err, in.Close())
			}
		}
		if err := in.Close(); err != nil {
			return err
		}
	}
	return nil
}

// one makes a row of ours.
func (m *fields) one(raw records.Row, name string, more *features) (loading, error) {
	row, rule, detail := m.row(raw)
	row.File = name
	if rule != "" {
		return loading{bad: &Decision{ID: fmt.Sprintf("%s:%d", row.File, row.Index+1), Rule: rule, Detail: detail}}, nil
	}
	id, _ := parseID(row.ID)
	known, err := more.of(id)
	if err != nil {
		return loading{}, err
	}
	maps.Copy(row.Features, known)
	return loading{row: row, words: countWords(row.Trace)}, nil
}

// loadWriter writes the loaded rows.
type loadWriter struct {
	dir   string
	n     int // rows up to now
	heads *lineWriter
	shard *lineWriter
}

func (w *loadWriter) write(l loading) (err error) {
	if w.n%shardRows == 0 {
		if w.shard != nil {
			if err := w.shard.close(); err != nil {
				return err
			}
		}
		if w.shard, err = createLines(filepath.Join(w.dir, shardFile(w.n)), true); err != nil {
			return err
		}
	}
	if err := w.shard.write(l.row); err != nil {
		return err
	}
	h := head{w.n, l.row}
	h.Features["has_solution"] = l.row.Solution != ""
	h.Features["has_answer"] = strings.TrimSpace(l.row.Attempt) != ""
	h.Features["trace_words"] = float64(l.words)
	h.Solution, h.Metadata, h.Trace, h.Attempt = "", "", "", ""
	w.n++
	return w.heads.write(h)
}

func (w *loadWriter) close() (err error) {
	for _, l := range []*lineWriter{w.heads, w.shard} {
		if l != nil {
			err = errors.Join(err, l.close())
		}
	}
	return err
}
