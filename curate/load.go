package curate

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"s1/engine/records"
)

const (
	shardRows   = 50_000
	headsFile   = "heads.jsonl"
	maxFeature  = 200     // bytes of a text that becomes a feature
	maxQuestion = 1 << 20 // bytes; a longer question is dropped
)

// usual are the names under which other files keep our fields; the first that a row has is taken.
var usual = map[string][]string{
	"question":    {"question", "problem", "prompt"},
	"solution":    {"solution", "answer", "gold"},
	"cot_type":    {"cot_type"},
	"source_type": {"source_type", "source"},
	"metadata":    {"metadata"},
	"trace":       {"trace", "thinking_trajectories", "deepseek_thinking_trajectory", "gemini_thinking_trajectory", "thinking", "reasoning"},
	"attempt":     {"attempt", "deepseek_attempt", "gemini_attempt"},
}

func rowFields() []string { return slices.Sorted(maps.Keys(usual)) }

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

// load reads the files of the recipe into dir: shards of whole rows, and their heads. One goroutine reads and another writes, since
// packing takes as long as taking apart; two rows at most wait between them.
func (r *run) load(ctx context.Context, dir string, say func(decision) error) (err error) {
	more, err := readFeatures(r.recipe.Load.Features, dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, more.close()) }()
	parent := ctx
	ctx, stop := context.WithCancelCause(ctx)
	rows := make(chan loading, 2)
	go func() {
		defer close(rows)
		if err := r.recipe.Load.read(ctx, more, rows); err != nil {
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
	return errors.Join(err, w.close())
}

// read gives all rows of the files, and closes nothing.
func (l Load) read(ctx context.Context, more *features, rows chan<- loading) error {
	give := func(one loading) error {
		select {
		case rows <- one:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	for _, path := range l.Files {
		in, err := records.OpenWith(path, records.Options{MaxLine: l.MaxLine})
		if err != nil {
			return err
		}
		for {
			raw, err := in.Next()
			if errors.Is(err, io.EOF) {
				break
			}
			var bad *records.BadRow
			switch {
			case errors.As(err, &bad):
				err = give(loading{bad: &Decision{ID: fmt.Sprintf("%s:%d", filepath.Base(bad.File), bad.Line), Rule: "unreadable", Detail: bad.Cause.Error()}})
			case err == nil:
				var one loading
				if one, err = l.one(raw, more); err == nil {
					err = give(one)
				}
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
func (l Load) one(raw records.Row, more *features) (loading, error) {
	row, rule, detail := l.row(raw)
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

// row maps the fields. What is left over and short becomes a feature.
func (l Load) row(raw records.Row) (row Row, rule, detail string) {
	row = Row{File: filepath.Base(raw.File), Index: raw.Index, Features: map[string]any{}}
	taken := map[string]bool{}
	field := func(ours string, to *string) {
		names := usual[ours]
		if theirs, ok := l.Fields[ours]; ok {
			names = []string{theirs}
		}
		for _, name := range names {
			v, there := raw.Fields[name]
			if !there || v == nil {
				continue
			}
			taken[name] = true
			text, ok := raw.Text(name)
			if list, isList := v.([]any); isList && ours == "trace" { // s1K has a list of one
				parts := make([]string, len(list))
				ok = true
				for i, p := range list {
					s, isText := p.(string)
					parts[i], ok = s, ok && isText
				}
				text = strings.Join(parts, "\n")
			}
			if ours == "metadata" && !ok {
				b, err := json.Marshal(v)
				text, ok = string(b), err == nil
			}
			if !ok {
				rule, detail = "wrong-type", fmt.Sprintf("the field %q is a %s, want text", name, kind(v))
				return
			}
			*to = text
			return
		}
	}
	for _, f := range []struct {
		ours string
		to   *string
	}{{"question", &row.Question}, {"solution", &row.Solution}, {"cot_type", &row.CotType}, {"source_type", &row.SourceType}, {"metadata", &row.Metadata}, {"trace", &row.Trace}, {"attempt", &row.Attempt}} {
		if field(f.ours, f.to); rule != "" {
			return row, rule, detail
		}
	}
	switch {
	case strings.TrimSpace(row.Question) == "":
		return row, "no-question", "there is no question in it; its fields are " + raw.Names()
	case len(row.Question) > maxQuestion:
		return row, "long-question", fmt.Sprintf("the question has %d bytes, at most %d are taken", len(row.Question), maxQuestion)
	}
	row.ID = ID(row.Question)
	for k, v := range raw.Fields {
		if f, ok := feature(v); ok && !taken[k] && k != "id" && len(row.Features) < 64 {
			row.Features[k] = f
		}
	}
	return row, "", ""
}

func kind(v any) string {
	switch v.(type) {
	case bool:
		return "truth value"
	case []any:
		return "list"
	case map[string]any:
		return "object"
	}
	return "number"
}

// feature is a value small enough to be one.
func feature(v any) (any, bool) {
	switch v := v.(type) {
	case bool:
		return v, true
	case json.Number:
		f, err := v.Float64()
		return f, err == nil
	case int64:
		return float64(v), true
	case float64:
		return v, v == v
	case string:
		return v, len(v) <= maxFeature
	}
	return nil, false
}

// Names are, for each field of ours, the names under which a row may have it; the first that is there counts.
func (l Load) Names() map[string][]string {
	names := maps.Clone(usual)
	for ours, theirs := range l.Fields {
		names[ours] = []string{theirs}
	}
	return names
}

// key of what is loaded: names, sizes and times of change of the files, and how they are read.
func (l Load) key() (string, error) {
	b, err := json.Marshal(l)
	if err != nil {
		return "", err
	}
	parts := []string{"load", "1", string(b)}
	for _, f := range slices.Concat(l.Files, l.Features) {
		info, err := os.Stat(f)
		if err != nil {
			return "", fmt.Errorf("open rows: %w", err)
		}
		parts = append(parts, fmt.Sprint(f, info.Size(), info.ModTime().UnixNano()))
	}
	return keyOf(parts...), nil
}
