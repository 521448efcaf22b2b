package checkpoint

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"

	"s1/engine/weights"
	"s1/kernels"
)

// ErrDamaged marks a checkpoint whose content is not what was written; an earlier one of List may still be good.
var ErrDamaged = errors.New("the checkpoint is damaged")

// Match says what Load compares.
type Match struct {
	Want      Identity
	AllowCode bool // another code version gives a warning in place of an error
}

// Loaded is a checkpoint whose every byte has been checked. The caller must Close it.
type Loaded struct {
	Dir     string
	State   State
	Warning string // of another code version, else ""
	file    *weights.Model
}

// Load opens a checkpoint to go on from it. A damaged one is refused with ErrDamaged, one of another run with a
// *ForeignError that names the field that differs.
func Load(dir string, m Match) (*Loaded, error) {
	l, err := Open(dir)
	if err != nil {
		return nil, err
	}
	for _, d := range l.State.Identity.differences(dir, m.Want) {
		if d.Field != "code" || !m.AllowCode {
			_ = l.Close()
			return nil, d
		}
		l.Warning = fmt.Sprintf("checkpoint %s was made by code version %q, this is %q: the weights may differ from an uninterrupted run", dir, d.Saved, d.Want)
	}
	return l, nil
}

// Open is Load for readers that do not go on training, such as an export: any identity will do.
func Open(dir string) (*Loaded, error) {
	l, err := open(dir)
	if err != nil {
		return nil, fmt.Errorf("load checkpoint %s: %w", dir, err)
	}
	return l, nil
}

func open(dir string) (*Loaded, error) {
	done, err := readSmall(filepath.Join(dir, doneFile), maxManifestBytes)
	if err != nil {
		return nil, fmt.Errorf("it is no complete checkpoint: %w", err)
	}
	text, err := readSmall(filepath.Join(dir, manifestFile), maxManifestBytes)
	if err != nil {
		return nil, damaged(err)
	}
	if sum := sha256.Sum256(text); string(done) != hex.EncodeToString(sum[:])+"\n" {
		return nil, damaged(fmt.Errorf("%s is not the one that %s was made for", manifestFile, doneFile))
	}
	m, err := parseManifest(string(text))
	if err != nil {
		return nil, damaged(fmt.Errorf("%s: %w", manifestFile, err))
	}
	for _, e := range m {
		if err := e.check(dir); err != nil {
			return nil, damaged(fmt.Errorf("%s: %w", e.name, err))
		}
	}
	l := &Loaded{Dir: dir}
	state, err := readSmall(filepath.Join(dir, stateFile), maxStateBytes)
	if err == nil {
		l.State, err = parseState(state)
	}
	if err != nil {
		return nil, damaged(fmt.Errorf("%s: %w", stateFile, err))
	}
	if l.file, err = weights.OpenSafetensors(filepath.Join(dir, arraysFile)); err != nil {
		return nil, damaged(err)
	}
	return l, nil
}

func damaged(err error) error { return fmt.Errorf("%w: %w", ErrDamaged, err) }

// check compares a file with its line in the manifest.
func (e entry) check(dir string) error {
	path := filepath.Join(dir, e.name)
	info, err := os.Lstat(path)
	if err != nil {
		return err
	}
	if !info.Mode().IsRegular() || info.Size() != e.size {
		return fmt.Errorf("it is %s of %d bytes, %d bytes were written", kind(info), info.Size(), e.size)
	}
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return err
	}
	if sum := hex.EncodeToString(h.Sum(nil)); sum != e.sum {
		return fmt.Errorf("its SHA-256 is %s, %s was written", sum, e.sum)
	}
	return nil
}

func kind(info os.FileInfo) string {
	if info.Mode().IsRegular() {
		return "a file"
	}
	return "no regular file (" + info.Mode().Type().String() + ")"
}

// parseState reads state.json; an unknown member is an error, as it would be lost by the next save.
func parseState(text []byte) (State, error) {
	var v struct {
		Format int `json:"format"`
		State
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&v); err != nil {
		return State{}, err
	}
	if _, err := d.Token(); err != io.EOF {
		return State{}, errors.New("something follows the object")
	}
	if v.Format != formatVersion {
		return State{}, fmt.Errorf("format %d, this program reads format %d", v.Format, formatVersion)
	}
	return v.State, v.State.validate()
}

// Names returns the names of the arrays, sorted.
func (l *Loaded) Names() []string { return slices.Sorted(maps.Keys(l.file.Tensors)) }

// Shape returns the shape of an array, nil where there is none of that name.
func (l *Loaded) Shape(name string) []int { return l.file.Tensors[name].Shape }

// Read copies an array into dst, which must have its length.
func (l *Loaded) Read(name string, dst []float32) error {
	t, ok := l.file.Tensors[name]
	switch {
	case !ok:
		return fmt.Errorf("checkpoint %s has no array %q", l.Dir, name)
	case t.Type != kernels.F32:
		return fmt.Errorf("checkpoint %s: array %q is %s, want %s", l.Dir, name, t.Type, kernels.F32)
	case t.Elements() != int64(len(dst)):
		return fmt.Errorf("checkpoint %s: array %q %v has %d elements, want %d", l.Dir, name, t.Shape, t.Elements(), len(dst))
	}
	for i := range dst {
		dst[i] = math.Float32frombits(binary.LittleEndian.Uint32(t.Data[4*i:]))
	}
	return nil
}

// Close releases the arrays.
func (l *Loaded) Close() error { return l.file.Close() }

// readSmall reads a regular file of at most limit bytes.
func readSmall(path string, limit int64) ([]byte, error) {
	info, err := os.Lstat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() || info.Size() > limit {
		return nil, fmt.Errorf("%s is %s of %d bytes, want a file of at most %d", filepath.Base(path), kind(info), info.Size(), limit)
	}
	return os.ReadFile(path)
}
