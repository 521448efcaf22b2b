package curate

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"s1/engine/records"
)

const (
	sourcesFile = "sources.json"
	loadVersion = 2
	smallSource = 64 << 20  // bytes: a file up to this is told by its bytes, a larger one by its size and time of change
	allSmall    = 512 << 20 // bytes of such files together
)

// source is a file that rows or features come from, and how it is told from another state of it.
type source struct {
	Name string `json:"name"` // as rows of it are named: its base name, with folders where two have the same
	Path string `json:"path"`
	Size int64  `json:"size"`
	Sum  string `json:"sha256,omitempty"`
	Time int64  `json:"time,omitempty"` // of change, in nanoseconds, where there is no sum
	Rows bool   `json:"rows"`           // not features
}

// sources are the files that are loaded as they are now, with a note of each split that is left.
func (l Load) sources() (list []source, notes []string, err error) {
	for _, path := range l.Files {
		found, err := records.Find(path, l.Split)
		if err != nil {
			return nil, nil, err
		}
		for _, f := range found.Files {
			list = append(list, source{Path: f, Rows: true})
		}
		if len(found.Left) > 0 {
			var left []string
			for _, s := range found.Left {
				left = append(left, fmt.Sprintf("%s (files: %d)", s.Name, s.Files))
			}
			notes = append(notes, fmt.Sprintf("of the folder %s the split %s is read, and left are %s; load.split chooses another, or %s", filepath.Base(path), found.Split, strings.Join(left, ", "), records.AllSplits))
		}
	}
	names := distinct(list)
	for i := range list {
		list[i].Name = names[i]
	}
	for _, path := range l.Features {
		files, err := records.Files(path)
		if err != nil {
			return nil, nil, fmt.Errorf("features: %w", err)
		}
		for _, f := range files {
			list = append(list, source{Path: f, Name: filepath.Base(f)})
		}
	}
	budget := int64(allSmall)
	for i := range list {
		if err := list[i].look(&budget); err != nil {
			return nil, nil, err
		}
	}
	return list, notes, nil
}

// look finds out how the file is now. budget is what may be read of small files.
func (s *source) look(budget *int64) error {
	info, err := os.Stat(s.Path)
	if err != nil {
		return fmt.Errorf("open rows: %w", err)
	}
	s.Size = info.Size()
	if !info.Mode().IsRegular() || s.Size > min(smallSource, *budget) {
		s.Time = info.ModTime().UnixNano()
		return nil
	}
	*budget -= s.Size
	s.Sum, err = fileSum(s.Path)
	return err
}

// check opens the files whose forms can be looked at without being used up, so that what is no file of rows is refused in time.
func (l Load) check(list []source) error {
	for _, s := range list {
		if info, err := os.Stat(s.Path); err != nil || !info.Mode().IsRegular() {
			continue
		}
		r, err := records.OpenWith(s.Path, records.Options{MaxLine: l.MaxLine})
		if lost := (*records.Damaged)(nil); err != nil && !(s.Rows && errors.As(err, &lost)) {
			return err
		}
		if r != nil {
			if err := r.Close(); err != nil {
				return fmt.Errorf("open rows %s: %w", s.Path, err)
			}
		}
	}
	return nil
}

// distinct are names for files: the base name, and of those that have the same one as many folders before it as tell them apart. One
// file given twice has its number behind it.
func distinct(list []source) []string {
	names, parts := make([]string, len(list)), make([]int, len(list))
	for i := range parts {
		parts[i] = 1
	}
	for range 64 { // folders
		places := map[string][]int{}
		for i, s := range list {
			words := strings.Split(filepath.ToSlash(filepath.Clean(s.Path)), "/")
			names[i] = strings.Join(words[max(0, len(words)-parts[i]):], "/")
			places[names[i]] = append(places[names[i]], i)
		}
		again := false
		for _, same := range places {
			paths := map[string]bool{}
			for _, i := range same {
				paths[filepath.Clean(list[i].Path)] = true
			}
			for _, i := range same {
				if len(paths) > 1 {
					parts[i]++
					again = true
				}
			}
		}
		if !again {
			break
		}
	}
	seen := map[string]int{}
	for i, n := range names {
		if seen[n]++; seen[n] > 1 {
			names[i] = fmt.Sprintf("%s#%d", n, seen[n])
		}
	}
	return names
}

// key of what is loaded: the files as they are, and how they are read.
func (l Load) key(list []source) (string, error) {
	b, err := json.Marshal(l)
	if err != nil {
		return "", err
	}
	parts := []string{"load", fmt.Sprint(loadVersion), string(b)}
	for _, s := range list {
		parts = append(parts, fmt.Sprint(s.Path, " ", s.Name, " ", s.Size, " ", s.Time, " ", s.Sum))
	}
	return keyOf(parts...), nil
}

// changed says in what the files differ from those that a folder's rows were loaded from.
func changed(dir string, now []source) string {
	var before []source
	text, err := os.ReadFile(filepath.Join(dir, sourcesFile))
	if err != nil || json.Unmarshal(text, &before) != nil {
		return "none were loaded there"
	}
	for _, s := range now {
		i := slices.IndexFunc(before, func(b source) bool { return b.Path == s.Path && b.Name == s.Name })
		switch {
		case i < 0:
			return s.Name + " is not among those that were loaded"
		case before[i].Size != s.Size:
			return fmt.Sprintf("%s has %d bytes now, and had %d", s.Name, s.Size, before[i].Size)
		case before[i].Sum != s.Sum && s.Sum != "":
			return s.Name + " has other bytes now"
		case before[i].Time != s.Time:
			return fmt.Sprintf("%s was written to or touched at %s; of a file above %d MiB the time tells", s.Name, time.Unix(0, s.Time).UTC().Format(time.RFC3339), smallSource>>20)
		}
	}
	if len(before) != len(now) {
		return fmt.Sprintf("%d files were loaded, and it names %d", len(before), len(now))
	}
	return "the recipe's load or the features that it needs are others now"
}

// fileSum is the SHA-256 of a file.
func fileSum(name string) (string, error) {
	f, err := os.Open(name)
	if err != nil {
		return "", err
	}
	h := sha256.New()
	_, err = io.Copy(h, f)
	if err = errors.Join(err, f.Close()); err != nil {
		return "", fmt.Errorf("read %s: %w", name, err)
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// fileSums are those of files, folders' by their files.
func fileSums(paths []string) (sums []string, err error) {
	for _, p := range paths {
		files, err := records.Files(p)
		if err != nil {
			return nil, err
		}
		for _, name := range files {
			sum, err := fileSum(name)
			if err != nil {
				return nil, err
			}
			sums = append(sums, sum)
		}
	}
	return sums, nil
}
