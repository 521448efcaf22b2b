package curate

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"s1/engine/records"
)

// features are what the recipe's feature files say of rows, by id: in a file that is removed again, of which the places are in memory.
type features struct {
	f       *os.File
	w       *bufio.Writer
	end     int64 // of what is written, flushed or not
	flushed int64
	at      map[uint64]span
}

// readFeatures reads files whose rows have an id and what was found out about it: our own model stages' results, or any other. Of
// several lines about a row the later ones go over the earlier ones.
func readFeatures(files []string, dir string) (*features, error) {
	all := &features{at: map[uint64]span{}}
	if len(files) == 0 {
		return all, nil
	}
	var err error
	if all.f, err = os.CreateTemp(dir, ".features-*"); err != nil {
		return nil, onDisk(err, dir)
	}
	all.w = bufio.NewWriterSize(all.f, 256<<10)
	for _, path := range files {
		if err := all.read(path); err != nil {
			return nil, errors.Join(err, all.close())
		}
	}
	if err := all.flush(); err != nil {
		return nil, errors.Join(err, all.close())
	}
	return all, nil
}

func (s *features) read(path string) error {
	in, err := records.Open(path)
	if err != nil {
		return fmt.Errorf("features: %w", err)
	}
	for {
		raw, err := in.Next()
		if errors.Is(err, io.EOF) {
			return in.Close()
		}
		if err != nil {
			return errors.Join(fmt.Errorf("features: %w", err), in.Close())
		}
		text, ok := raw.Text("id")
		if !ok {
			return errors.Join(fmt.Errorf("features: %s:%d has no id; its fields are %s", raw.File, raw.Index+1, raw.Names()), in.Close())
		}
		id, ok := parseID(text)
		if !ok {
			continue // the id of no row that can be loaded
		}
		if err := s.add(id, found(raw)); err != nil {
			return errors.Join(err, in.Close())
		}
	}
}

// found are the features in a row of a file, with those that follow from what our own stages write.
func found(raw records.Row) map[string]any {
	all := map[string]any{}
	for k, v := range raw.Fields {
		if f, ok := feature(v); ok && k != "id" && k != "key" {
			all[k] = f
		}
	}
	if v := raw.Fields["all_wrong"]; v != nil { // of stage difficulty: one model at least was right
		wrong, _ := v.(bool)
		all["solved"] = !wrong
	}
	if m, ok := raw.Fields["grade"].(map[string]any); ok { // of stage grade
		if verdict, _ := m["verdict"].(string); verdict == "correct" || verdict == "incorrect" {
			all["correct"] = verdict == "correct"
		}
	}
	return all
}

func (s *features) add(id uint64, more map[string]any) error {
	all, err := s.of(id)
	if err != nil {
		return err
	}
	for k, v := range more {
		if all == nil {
			all = map[string]any{}
		}
		all[k] = v
	}
	b, err := json.Marshal(all)
	if err != nil {
		return err
	}
	if _, err := s.w.Write(b); err != nil {
		return onDisk(err, filepath.Dir(s.f.Name()))
	}
	s.at[id] = span{s.end, int32(len(b))} //nolint:gosec // a line of a file has at most 64 MiB
	s.end += int64(len(b))
	return nil
}

func (s *features) flush() error {
	s.flushed = s.end
	return onDisk(s.w.Flush(), filepath.Dir(s.f.Name()))
}

// of gives what is known of a row.
func (s *features) of(id uint64) (all map[string]any, err error) {
	at, ok := s.at[id]
	if !ok {
		return nil, nil
	}
	if at.from+int64(at.length) > s.flushed {
		if err := s.flush(); err != nil {
			return nil, err
		}
	}
	b := make([]byte, at.length)
	if _, err := s.f.ReadAt(b, at.from); err != nil {
		return nil, fmt.Errorf("read features again: %w", err)
	}
	return all, json.Unmarshal(b, &all)
}

func (s *features) close() error {
	if s.f == nil {
		return nil
	}
	return errors.Join(s.f.Close(), os.Remove(s.f.Name()))
}
