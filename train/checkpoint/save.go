package checkpoint

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
)

// tempPrefix begins the names of folders that are being written, or removed.
const tempPrefix = ".part-"

// Array is one array to save. Read copies it into dst when its turn comes, so that only one is in memory a second time; it
// is how kernels.Trainer.Read gives them.
type Array struct {
	Name  string // "weight/model.norm.weight", "moment1/model.norm.weight", ...
	Shape []int
	Read  func(dst []float32)
}

// Options say what is kept.
type Options struct {
	Name string // StepName when empty; lower case letters and digits
	Keep int    // newest of this name to keep, at least 1
	// Major keeps every checkpoint whose step is a multiple of it, besides the newest; 0 keeps none so.
	Major int
}

// Save writes a checkpoint and then removes the older ones of its name that Options do not keep. After an error the earlier
// checkpoints are as they were. Cancelled between arrays it returns ctx.Err().
func Save(ctx context.Context, root string, s State, arrays []Array, o Options) (dir string, err error) {
	return save(ctx, root, s, arrays, o, realDisk{})
}

// SaveBest keeps the best model so far, apart from the steps of the run; the one before is removed once it is complete.
func SaveBest(ctx context.Context, root string, s State, arrays []Array) (dir string, err error) {
	return Save(ctx, root, s, arrays, Options{Name: BestName, Keep: 1})
}

func save(ctx context.Context, root string, s State, arrays []Array, o Options, d disk) (string, error) {
	if o.Name == "" {
		o.Name = StepName
	}
	p := place{name: o.Name, step: s.Step, micro: s.Micro, take: 1}
	if err := errors.Join(s.validate(), o.validate(), checkArrays(arrays)); err != nil {
		return "", fmt.Errorf("save checkpoint %s: %w", p, err)
	}
	w := &writing{root: root, disk: d, options: o, place: p}
	err := w.write(ctx, s, arrays)
	if err != nil {
		w.discard() // what is left here is removed by the next Save
		return "", fmt.Errorf("save checkpoint %s: %w", w.place, sentence(err, root))
	}
	return filepath.Join(root, w.place.String()), nil
}

func (o Options) validate() error {
	switch {
	case !nameForm.MatchString(o.Name) || len(o.Name) > maxNameBytes:
		return fmt.Errorf("the name %q is not 1 to %d lower case letters and digits", o.Name, maxNameBytes)
	case o.Keep < 1:
		return fmt.Errorf("keep = %d; at least 1 is kept", o.Keep)
	case o.Major < 0:
		return fmt.Errorf("major = %d, want 0 or more", o.Major)
	}
	return nil
}

// writing is one save.
type writing struct {
	root    string
	disk    disk
	options Options
	place   place
	temp    string // the folder being written
}

func (w *writing) write(ctx context.Context, s State, arrays []Array) error {
	if err := w.disk.MkdirAll(w.root); err != nil {
		return err
	}
	complete, half, err := scan(w.root, w.options.Name)
	if err != nil {
		return err
	}
	for _, name := range half {
		if err := w.disk.RemoveAll(filepath.Join(w.root, name)); err != nil {
			return err
		}
	}
	if len(complete) > 0 && complete[0].after(w.place) && w.options.Name == StepName {
		return &AheadError{Root: w.root, Folder: complete[0].String()}
	}
	for _, p := range complete {
		if p.step == s.Step && p.micro == s.Micro && p.take >= w.place.take {
			w.place.take = p.take + 1
		}
	}
	final := filepath.Join(w.root, w.place.String())
	w.temp = filepath.Join(w.root, tempPrefix+w.place.String())
	sum, err := w.fill(ctx, s, arrays)
	if err != nil {
		return err
	}
	if err := w.disk.Rename(w.temp, final); err != nil {
		return err
	}
	w.temp = final // not complete yet: an error from here on still takes it away
	if err := w.disk.SyncDir(w.root); err != nil {
		return err
	}
	// DONE appears with its content, under its own name, by a rename.
	part := filepath.Join(final, tempPrefix+doneFile)
	if _, err := writeFile(w.disk, part, func(f *summed) error { return f.text(sum + "\n") }); err != nil {
		return err
	}
	if err := w.disk.Rename(part, filepath.Join(final, doneFile)); err != nil {
		return err
	}
	if err := w.disk.SyncDir(final); err != nil {
		return err
	}
	w.prune(complete)
	return nil
}

// discard removes what a failed save has made. A folder that may have its DONE is renamed first: half removed, it must not be
// taken for a whole one.
func (w *writing) discard() {
	part := filepath.Join(w.root, tempPrefix+w.place.String())
	if w.temp == "" {
		return
	}
	if w.temp != part && w.disk.Rename(w.temp, part) != nil {
		return
	}
	_ = w.disk.RemoveAll(part)
}

// fill writes everything but DONE into the temporary folder and returns the hash of the manifest.
func (w *writing) fill(ctx context.Context, s State, arrays []Array) (string, error) {
	if err := w.disk.Mkdir(w.temp); err != nil {
		return "", err
	}
	var m manifest
	add := func(name string, content func(f *summed) error) error {
		e, err := writeFile(w.disk, filepath.Join(w.temp, name), content)
		e.name = name
		m = append(m, e)
		return err
	}
	if err := add(arraysFile, func(f *summed) error { return writeArrays(ctx, f, arrays) }); err != nil {
		return "", err
	}
	text, err := json.MarshalIndent(struct {
		Format int `json:"format"`
		State
	}{formatVersion, s}, "", "  ")
	if err != nil {
		return "", fmt.Errorf("encode the state: %w", err)
	}
	if len(text) > maxStateBytes {
		return "", fmt.Errorf("the state takes %d bytes, more than %d", len(text), maxStateBytes)
	}
	if err := add(stateFile, func(f *summed) error { return f.text(string(text) + "\n") }); err != nil {
		return "", err
	}
	e, err := writeFile(w.disk, filepath.Join(w.temp, manifestFile), func(f *summed) error { return f.text(m.String()) })
	if err != nil {
		return "", err
	}
	return e.sum, w.disk.SyncDir(w.temp)
}

// prune removes older checkpoints of the same name. Each is renamed first, so that one half removed is never taken for one
// that is whole. What cannot be removed stays: the new checkpoint is complete, and the next save tries again.
func (w *writing) prune(older []place) {
	for i, p := range older { // newest first
		same := p.step == w.place.step && p.micro == w.place.micro
		if !same && (i+1 < w.options.Keep || (w.options.Major > 0 && p.step%w.options.Major == 0 && p.micro == 0)) {
			continue
		}
		gone := filepath.Join(w.root, tempPrefix+"old-"+p.String())
		if w.disk.Rename(filepath.Join(w.root, p.String()), gone) == nil {
			_ = w.disk.RemoveAll(gone)
		}
	}
}
