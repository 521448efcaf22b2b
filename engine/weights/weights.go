// Package weights opens model files: a Hugging Face folder (config.json, safetensors) or a GGUF file. It maps them into
// memory, checks every number in them against the file before anything is used, and hands out named tensors.
//
// It knows file formats and nothing of architectures: which tensors a model must have is engine/arch's business, how
// blocks are decoded is kernels/ref's, where files come from is weights/hub's.
//
//	path -> map -> header -> checks (counts, offsets, overlaps, sizes, types) -> Model.Tensors -> Matrix, Vector
package weights

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"s1/kernels"
)

// Kinds of model files.
const (
	KindSafetensors = "safetensors"
	KindGGUF        = "gguf"
)

// Limits on what a file may claim. They are far above any real model and keep a hostile file from costing memory.
const (
	maxConfigBytes = 16 << 20 // config.json, generation_config.json
	maxDims        = 4
	maxNameBytes   = 512
)

// Tensor is a named array as it lies in its file. Data may be a read-only mapping that ends with Model.Close.
type Tensor struct {
	Name  string
	Type  kernels.DType
	Shape []int // outermost first: a matrix is {rows, cols}
	Data  []byte
}

// Elements is the number of elements, the product of Shape.
func (t Tensor) Elements() int64 {
	n := int64(1)
	for _, d := range t.Shape {
		n *= int64(d)
	}
	return n
}

// Model is an opened model. It is read-only and safe for concurrent readers until Close.
type Model struct {
	Path       string // as opened, absolute
	Name       string // for people: general.name, or the file's or folder's name
	Kind       string // KindSafetensors or KindGGUF
	Files      fs.FS  // a folder's files, the tokenizer's among them; nil for GGUF
	Config     []byte // config.json; nil for GGUF
	Generation []byte // generation_config.json, or nil
	Meta       *Meta  // GGUF metadata; nil for a folder, and then every getter says "absent"
	Tensors    map[string]Tensor
	Metadata   map[string]string // texts in the header of a file of OpenSafetensors

	memory bool // Files are no files of this machine: they are read, not mapped
	maps   []*mapping
	at     string   // where its own files lie: Path, but for an Overlay
	hashed []string // files that SHA256 covers, in order of name
	over   []string // files of an Overlay
}

// Open maps and checks a Hugging Face folder or a .gguf file. The caller must Close the model. A file that another program
// shortens while it is open ends the process, as with every mapping; one that is short already is refused.
func Open(path string) (*Model, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("open model %s: %w", path, err)
	}
	info, err := os.Stat(abs)
	if err != nil {
		return nil, fmt.Errorf("open model: %w", err)
	}
	m := &Model{Path: abs, at: abs, Tensors: map[string]Tensor{}}
	switch {
	case info.IsDir():
		m.Kind, m.Files, m.Name = KindSafetensors, os.DirFS(abs), folderName(abs)
		err = m.openFolder()
	case info.Mode().IsRegular() && strings.EqualFold(filepath.Ext(abs), ".safetensors"):
		err = errors.New("a model is the folder that holds config.json and the safetensors files; give that folder")
	case info.Mode().IsRegular():
		m.Kind, m.Name = KindGGUF, strings.TrimSuffix(filepath.Base(abs), filepath.Ext(abs))
		err = m.openGGUF()
	default:
		err = fmt.Errorf("neither a folder nor a regular file (%s)", info.Mode().Type())
	}
	if err != nil {
		m.Close()
		return nil, fmt.Errorf("open model %s: %w", path, err)
	}
	return m, nil
}

// OpenFS checks a Hugging Face folder that lies in fsys, as one embedded in the program does: the weights are read into
// memory. name is what people call it.
func OpenFS(fsys fs.FS, name string) (*Model, error) {
	m := &Model{Path: name, at: name, Name: name, Kind: KindSafetensors, Files: fsys, memory: true, Tensors: map[string]Tensor{}}
	if err := m.openFolder(); err != nil {
		m.Close()
		return nil, fmt.Errorf("open model %s: %w", name, err)
	}
	return m, nil
}

// folderName names a model folder; a snapshot in the Hugging Face cache is named by its repository, not by its commit.
func folderName(abs string) string {
	snapshots := filepath.Dir(abs)
	repo := filepath.Base(filepath.Dir(snapshots))
	if name, ok := strings.CutPrefix(repo, "models--"); ok && filepath.Base(snapshots) == "snapshots" {
		return strings.ReplaceAll(name, "--", "/")
	}
	return filepath.Base(abs)
}

// mapFile maps one file of the folder.
func (m *Model) mapFile(name string) (*mapping, error) {
	open := func() (*mapping, error) { return openMapping(filepath.Join(m.at, name)) }
	if m.memory {
		open = func() (*mapping, error) { return readMapping(m.Files, name) }
	}
	return m.keep(open())
}

// keep remembers an opened file for Drop and Close.
func (m *Model) keep(f *mapping, err error) (*mapping, error) {
	if err != nil {
		return nil, err
	}
	m.maps = append(m.maps, f)
	return f, nil
}

// Bytes is the size of all tensors as stored.
func (m *Model) Bytes() int64 {
	var n int64
	for _, t := range m.Tensors {
		n += int64(len(t.Data))
	}
	return n
}

// Parameters is the number of elements of all tensors.
func (m *Model) Parameters() int64 {
	var n int64
	for _, t := range m.Tensors {
		n += t.Elements()
	}
	return n
}

// Drop tells the system that the mapped pages are not needed for now, after a backend has repacked them.
// The tensors stay valid: the next access reads the file again.
func (m *Model) Drop() {
	for _, f := range m.maps {
		f.drop()
	}
}

// Close unmaps the files. No Tensor's Data may be used afterwards.
func (m *Model) Close() error {
	var errs []error
	for _, f := range m.maps {
		errs = append(errs, f.close())
	}
	m.maps, m.Tensors = nil, nil
	return errors.Join(errs...)
}
