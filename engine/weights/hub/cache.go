package hub

import (
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"s1/engine/adapter"
	"s1/engine/bounded"
	"s1/engine/weights"
	"s1/engine/whole"
)

// The cache's layout is huggingface_hub's, so that Python and s1 share what either fetched:
//
//	models--org--name/blobs/<etag>               the bytes
//	models--org--name/snapshots/<commit>/<file>  a relative link to its blob
//	models--org--name/refs/<revision>            the commit a revision stands for
//	.locks/models--org--name/<etag>.lock         held while a blob is fetched
//
// and datasets--org--name for a data set.
const (
	blobsDir     = "blobs"
	snapshotsDir = "snapshots"
	refsDir      = "refs"
	locksDir     = ".locks"
	partSuffix   = ".incomplete"
)

const maxRefBytes = 256

func (h *Hub) repoDir(repo string) string {
	return filepath.Join(h.Cache, folderOf(repo))
}

func folderOf(repo string) string {
	if isData(repo) {
		return strings.ReplaceAll(repo, "/", "--")
	}
	return "models--" + strings.ReplaceAll(repo, "/", "--")
}

// isData tells datasets/org/name from org/name.
func isData(repo string) bool {
	return strings.HasPrefix(repo, dataPrefix) && strings.Count(repo, "/") == 2
}

// repoOf is the inverse of folderOf, for models.
func repoOf(folder string) (string, bool) {
	name, ok := strings.CutPrefix(folder, "models--")
	org, name, two := strings.Cut(name, "--")
	return org + "/" + name, ok && two
}

// commitOf says which commit a revision stands for in the cache; "" when that is not known.
func (h *Hub) commitOf(r Ref) string {
	b, err := bounded.File(filepath.Join(h.repoDir(r.Repo), refsDir, filepath.FromSlash(r.Revision)), maxRefBytes)
	if c := strings.TrimSpace(string(b)); err == nil && commitName.MatchString(c) {
		return c
	}
	if commitName.MatchString(r.Revision) {
		return r.Revision
	}
	return ""
}

func (h *Hub) snapshot(repo, commit string) string {
	return filepath.Join(h.repoDir(repo), snapshotsDir, commit)
}

// errNotHere says that a model is not, or not completely, on this machine.
var errNotHere = errors.New("not on this machine")

// cached returns the path of a repository's model in the cache, or errNotHere.
func (h *Hub) cached(r Ref) (string, error) {
	commit := h.commitOf(r)
	if commit == "" {
		return "", errNotHere
	}
	dir := h.snapshot(r.Repo, commit)
	if r.File != "" {
		path := filepath.Join(dir, filepath.FromSlash(r.File))
		if info, err := os.Stat(path); err != nil || !info.Mode().IsRegular() {
			return "", errNotHere
		}
		return path, nil
	}
	return modelIn(dir)
}

// modelIn finds the model of a folder: the folder itself when it has a config and all its weights, or is an adapter; or its only GGUF file.
func modelIn(dir string) (string, error) {
	if completeModel(dir) || completeAdapter(dir) {
		return dir, nil
	}
	files, err := ggufIn(dir)
	switch {
	case err != nil || len(files) == 0:
		return "", errNotHere
	case len(files) > 1:
		return "", fmt.Errorf("there are %d GGUF files; name one: %s", len(files), strings.Join(files, ", "))
	}
	return filepath.Join(dir, files[0]), nil
}

func isFile(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

func completeModel(dir string) bool {
	return isFile(filepath.Join(dir, "config.json")) && completeWeights(dir)
}

func completeAdapter(dir string) bool {
	return adapter.Is(dir) && isFile(filepath.Join(dir, adapter.WeightsFile))
}

func completeWeights(dir string) bool {
	if isFile(filepath.Join(dir, singleWeights)) {
		return true
	}
	b, err := bounded.File(filepath.Join(dir, indexWeights), maxIndexBytes)
	if err != nil {
		return false
	}
	shards, err := weights.IndexShards(b)
	return err == nil && !slices.ContainsFunc(shards, func(s string) bool { return !isFile(filepath.Join(dir, s)) })
}

// ggufIn lists the GGUF files of a folder and those below it, with slashes, sorted.
func ggufIn(dir string) ([]string, error) {
	var files []string
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !isGGUF(path) || !isFile(path) {
			return err
		}
		name, err := filepath.Rel(dir, path)
		files = append(files, filepath.ToSlash(name))
		return err
	})
	return files, err
}

func isGGUF(name string) bool { return strings.EqualFold(filepath.Ext(name), ".gguf") }

// link enters a blob into a snapshot under its name: as a relative symbolic link, or a hard one where those cannot be made.
func link(blob, name string) error {
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	target, err := filepath.Rel(filepath.Dir(name), blob)
	if err != nil {
		return err
	}
	if have, err := os.Readlink(name); err == nil && have == target {
		return nil
	}
	part := fmt.Sprintf("%s.%x%s", name, rand.Uint64(), partSuffix) // another pull may be at the same file
	if err := os.Symlink(target, part); err != nil {
		if err := os.Link(blob, part); err != nil {
			return err
		}
	}
	if err := os.Rename(part, name); err != nil {
		return errors.Join(err, os.Remove(part))
	}
	return nil
}

// writeRef records which commit a revision stands for. A commit needs no record.
func (h *Hub) writeRef(r Ref, commit string) error {
	if r.Revision == commit {
		return nil
	}
	path := filepath.Join(h.repoDir(r.Repo), refsDir, filepath.FromSlash(r.Revision))
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	return whole.WriteBytes(path, 0o644, []byte(commit))
}
