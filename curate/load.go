package curate

import (
	"bufio"
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

	"github.com/klauspost/compress/zstd"

	"s1/engine/records"
)

const (
	shardRows   = 50_000
	headsFile   = "heads.jsonl"
	maxFeature  = 200     // bytes of a text that becomes a feature
	maxQuestion = 1 << 20 // bytes; a longer question is dropped, because all questions are in memory
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

// head is what all stages see of a row, in memory: the long texts stay in the shards, their lengths in words are features.
type head struct {
	N int `json:"n"` // of the row among those loaded, from 0
	Row
}

// load reads the files of the recipe into dir: shards of whole rows, and their heads.
func (r *run) load(ctx context.Context, dir string, say func(decision)) (err error) {
	features, err := readFeatures(r.recipe.Load.Features)
	if err != nil {
		return err
	}
	heads, err := createLines(filepath.Join(dir, headsFile), false)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, heads.close()) }()
	var shard *lineWriter
	defer func() {
		if shard != nil {
			err = errors.Join(err, shard.close())
		}
	}()
	n := 0
	for _, path := range r.recipe.Load.Files {
		in, err := records.OpenWith(path, records.Options{MaxLine: r.recipe.Load.MaxLine})
		if err != nil {
			return err
		}
		for {
			if err := ctx.Err(); err != nil {
				return errors.Join(err, in.Close())
			}
			raw, err := in.Next()
			if errors.Is(err, io.EOF) {
				break
			}
			var bad *records.BadRow
			if errors.As(err, &bad) {
				say(decision{N: -1, Decision: Decision{ID: fmt.Sprintf("%s:%d", filepath.Base(bad.File), bad.Line), Rule: "unreadable", Detail: bad.Cause.Error()}})
				continue
			}
			if err != nil {
				return errors.Join(err, in.Close())
			}
			row, rule, detail := r.recipe.Load.row(raw)
			if rule != "" {
				say(decision{N: -1, Decision: Decision{ID: fmt.Sprintf("%s:%d", row.File, row.Index+1), Rule: rule, Detail: detail}})
				continue
			}
			for k, v := range features[row.ID] {
				row.Features[k] = v
			}
			if n%shardRows == 0 {
				if shard != nil {
					if err := shard.close(); err != nil {
						return errors.Join(err, in.Close())
					}
				}
				if shard, err = createLines(filepath.Join(dir, fmt.Sprintf("rows-%05d.jsonl.zst", n/shardRows)), true); err != nil {
					return errors.Join(err, in.Close())
				}
			}
			if err := shard.write(row); err != nil {
				return errors.Join(err, in.Close())
			}
			h := head{n, row}
			h.Features["has_solution"] = row.Solution != ""
			h.Features["trace_words"] = float64(len(strings.Fields(row.Trace)))
			h.Solution, h.Metadata, h.Trace, h.Attempt = "", "", "", ""
			if err := heads.write(h); err != nil {
				return errors.Join(err, in.Close())
			}
			n++
			say(decision{N: n - 1, Decision: Decision{ID: row.ID}})
		}
		if err := in.Close(); err != nil {
			return err
		}
	}
	return nil
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

// readFeatures reads files whose rows have an id and what was found out about it: our own model stages' results, or any other.
func readFeatures(files []string) (map[string]map[string]any, error) {
	all := map[string]map[string]any{}
	for _, path := range files {
		in, err := records.Open(path)
		if err != nil {
			return nil, fmt.Errorf("features: %w", err)
		}
		for {
			raw, err := in.Next()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				return nil, errors.Join(fmt.Errorf("features: %w", err), in.Close())
			}
			id, ok := raw.Text("id")
			if !ok {
				return nil, errors.Join(fmt.Errorf("features: %s:%d has no id; its fields are %s", raw.File, raw.Index+1, raw.Names()), in.Close())
			}
			if all[id] == nil {
				all[id] = map[string]any{}
			}
			for k, v := range raw.Fields {
				if f, ok := feature(v); ok && k != "id" && k != "key" {
					all[id][k] = f
				}
				if k == "all_wrong" && v != nil { // of stage difficulty: one model at least was right
					wrong, _ := v.(bool)
					all[id]["solved"] = !wrong
				}
				if m, ok := v.(map[string]any); ok && k == "grade" { // of stage grade
					if verdict, _ := m["verdict"].(string); verdict == "correct" || verdict == "incorrect" {
						all[id]["correct"] = verdict == "correct"
					}
				}
			}
		}
		if err := in.Close(); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// lineWriter writes JSON lines, packed or not.
type lineWriter struct {
	f   *os.File
	buf *bufio.Writer
	z   *zstd.Encoder
	enc *json.Encoder
}

func createLines(path string, packed bool) (*lineWriter, error) {
	f, err := os.Create(path)
	if err != nil {
		return nil, onDisk(err, filepath.Dir(path))
	}
	w := &lineWriter{f: f, buf: bufio.NewWriterSize(f, 256<<10)}
	var to io.Writer = w.buf
	if packed {
		// One goroutine, so that the bytes do not depend on the machine.
		if w.z, err = zstd.NewWriter(w.buf, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1)); err != nil {
			return nil, errors.Join(err, f.Close())
		}
		to = w.z
	}
	w.enc = json.NewEncoder(to)
	w.enc.SetEscapeHTML(false)
	return w, nil
}

func (w *lineWriter) write(v any) error {
	return onDisk(w.enc.Encode(v), filepath.Dir(w.f.Name()))
}

func (w *lineWriter) close() error {
	var err error
	if w.z != nil {
		err = w.z.Close()
	}
	return onDisk(errors.Join(err, w.buf.Flush(), w.f.Sync(), w.f.Close()), filepath.Dir(w.f.Name()))
}

// readLines reads JSON lines of our own back, packed or not.
func readLines[T any](path string, visit func(*T) error) error {
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("read stage: %w", err)
	}
	defer f.Close()
	var r io.Reader = bufio.NewReaderSize(f, 256<<10)
	if strings.HasSuffix(path, ".zst") {
		z, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1))
		if err != nil {
			return fmt.Errorf("read %s: %w", path, err)
		}
		defer z.Close()
		r = z
	}
	for dec := json.NewDecoder(r); ; {
		v := new(T)
		if err := dec.Decode(v); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return fmt.Errorf("read %s: %w", path, err)
		}
		if err := visit(v); err != nil {
			return err
		}
	}
}

// Names are, for each field of ours, the names under which a row may have it; the first that is there counts.
func (l Load) Names() map[string][]string {
	names := maps.Clone(usual)
	for ours, theirs := range l.Fields {
		names[ours] = []string{theirs}
	}
	return names
}
