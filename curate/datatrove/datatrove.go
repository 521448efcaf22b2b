// Package datatrove writes the stages of a recipe that need no model as a pipeline of datatrove, for a cluster. It knows our recipe and
// the script beside this file, which holds the rules in Python; it runs nothing.
package datatrove

import (
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"s1/curate"
	"s1/engine/records"
)

// Version is the release of datatrove that the script is written for and tested with.
const Version = "0.10.1"

//go:embed pipeline.py
var script []byte

// Executors lists where a pipeline can run.
func Executors() []string { return []string{"local", "slurm", "ray"} }

// Write puts pipeline.py, recipe.json and requirements.txt into a folder that holds no pipeline yet, and names the stages that are left
// to s1. A rule that the script cannot carry out to the same rows is refused, rather than replaced by a similar one.
func Write(dir string, rec curate.Recipe, executor string) (left []string, err error) {
	if !slices.Contains(Executors(), executor) {
		return nil, fmt.Errorf("there is no executor %.40q; datatrove has %s", executor, strings.Join(Executors(), ", "))
	}
	files, err := absolute(rec.Load.Files, rec.Load.Split)
	if err != nil {
		return nil, fmt.Errorf("recipe %s: load.files: %w", rec.Source, err)
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("recipe %s: load.files names no file with rows", rec.Source)
	}
	if len(rec.Load.Features) > 0 || rec.Hand != "" {
		return nil, fmt.Errorf("recipe %s: load.features and hand are not carried over to datatrove; s1 curate carries them out", rec.Source)
	}
	stages, left, err := stages(rec)
	if err != nil {
		return nil, err
	}
	text, err := json.MarshalIndent(map[string]any{"files": files, "fields": rec.Load.Names(), "pairs": rec.Load.Pairs(), "stages": stages, "executor": executor}, "", "  ")
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("make the folder of the pipeline: %w", err)
	}
	for _, f := range []struct {
		name string
		text []byte
	}{{"recipe.json", append(text, '\n')}, {"pipeline.py", script}, {"requirements.txt", []byte("datatrove==" + Version + "\norjson\nregex\n")}} {
		out, err := os.OpenFile(filepath.Join(dir, f.name), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
		if errors.Is(err, fs.ErrExist) {
			return nil, fmt.Errorf("%s holds a pipeline already; --datatrove names another folder", dir)
		}
		if err != nil {
			return nil, fmt.Errorf("write the pipeline: %w", err)
		}
		_, err = out.Write(f.text)
		if err = errors.Join(err, out.Close()); err != nil {
			return nil, fmt.Errorf("write the pipeline: %w", err)
		}
	}
	return left, nil
}

// stages are those that the script carries out. Nothing after one that is left to s1 can be, since it would see other rows.
func stages(rec curate.Recipe) (list []map[string]any, left []string, err error) {
	refuse := func(format string, args ...any) error {
		return fmt.Errorf("recipe %s: %s; s1 curate carries it out", rec.Source, fmt.Sprintf(format, args...))
	}
	for i, name := range rec.Stages {
		s := map[string]any{"name": name}
		switch name {
		case "complete":
			s["features"] = append([]string{}, rec.Complete.Features...)
		case "clean":
		case "decontaminate":
			if rec.Decontaminate.Strict {
				return nil, nil, refuse("decontaminate.strict is not carried over to datatrove")
			}
			tests, err := absolute(rec.Decontaminate.Tests, records.AllSplits)
			if err != nil {
				return nil, nil, fmt.Errorf("recipe %s: decontaminate.tests: %w", rec.Source, err)
			}
			s["tests"], s["ngram"] = tests, rec.Decontaminate.NGram
		case "dedup":
			if rec.Dedup.Near {
				return nil, nil, refuse("dedup.near is not carried over to datatrove")
			}
		case "difficulty":
			if rec.Difficulty.Exempt {
				return nil, nil, refuse("difficulty.exempt is not carried over to datatrove")
			}
			if len(rec.Difficulty.Models) > 0 {
				return list, rec.Stages[i:], nil
			}
			s["solved"] = append([]string{}, rec.Difficulty.Solved...)
		default: // it asks a model, or draws rows by our own random numbers
			return list, rec.Stages[i:], nil
		}
		list = append(list, s)
	}
	return list, nil, nil
}

// absolute gives the files, those of folders too, by whole paths. The script reads JSON lines only.
func absolute(paths []string, split string) (all []string, err error) {
	all = []string{}
	for _, p := range paths {
		found, err := records.Find(p, split)
		if err != nil {
			return nil, err
		}
		for _, f := range found.Files {
			if f, err = filepath.Abs(f); err != nil {
				return nil, err
			}
			if !strings.HasSuffix(f, ".jsonl") {
				return nil, fmt.Errorf("%s does not end in .jsonl, the one form that is carried over to datatrove", f)
			}
			all = append(all, f)
		}
	}
	return all, nil
}
