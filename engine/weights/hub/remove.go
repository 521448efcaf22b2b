package hub

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Remove deletes what a word names: org/name with everything of it, org/name@revision with the files no other revision
// shares, org/name:file with its blob unless that is shared, or smollm2. A path is never removed: s1 did not put it there.
func (h *Hub) Remove(word string) error {
	if word == smolWord {
		if err := os.Remove(h.smolPath()); errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("remove %s: it is not on this machine", word)
		} else if err != nil {
			return fmt.Errorf("remove %s: %w", word, err)
		}
		return nil
	}
	r, err := parseRef(word)
	if err != nil {
		if _, isPath, _ := localPath(word); isPath {
			return fmt.Errorf("remove %s: it is a path, and only what was fetched by name is removed; delete it yourself", word)
		}
		return err
	}
	dir := h.repoDir(r.Repo)
	if _, err := os.Stat(dir); err != nil {
		return fmt.Errorf("remove %s: it is not on this machine", word)
	}
	whole := r.File == "" && !strings.Contains(word, "@")
	switch {
	case whole:
		err = errors.Join(os.RemoveAll(dir), os.RemoveAll(filepath.Join(h.Cache, locksDir, folderOf(r.Repo))))
	default:
		err = h.removePart(r)
	}
	if err != nil {
		return fmt.Errorf("remove %s: %w", word, err)
	}
	return nil
}

// removePart deletes a revision or a file of one, then the blobs that nothing names any more.
func (h *Hub) removePart(r Ref) error {
	commit := h.commitOf(r)
	if commit == "" {
		return errors.New("that revision is not on this machine")
	}
	dir := h.snapshot(r.Repo, commit)
	if r.File != "" {
		name := filepath.Join(dir, filepath.FromSlash(r.File))
		if _, err := os.Lstat(name); err != nil {
			return errors.New("that file is not on this machine")
		}
		if err := os.Remove(name); err != nil {
			return err
		}
	} else {
		if _, err := os.Stat(dir); err != nil {
			return errors.New("that revision is not on this machine")
		}
		refs := h.refs(r.Repo)
		if _, ok := refs[r.Revision]; ok {
			if err := os.Remove(filepath.Join(h.repoDir(r.Repo), refsDir, filepath.FromSlash(r.Revision))); err != nil {
				return err
			}
			delete(refs, r.Revision)
		}
		for _, other := range refs {
			if other == commit {
				return nil // another name still stands for this commit
			}
		}
		if err := os.RemoveAll(dir); err != nil {
			return err
		}
	}
	return h.sweepBlobs(r.Repo)
}

// sweepBlobs deletes the blobs that no snapshot links to. Parts of downloads stay: another process may be at them.
func (h *Hub) sweepBlobs(repo string) error {
	used := map[string]bool{}
	snapshots := filepath.Join(h.repoDir(repo), snapshotsDir)
	err := filepath.WalkDir(snapshots, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.Type()&fs.ModeSymlink == 0 {
			return err
		}
		target, err := os.Readlink(path)
		used[filepath.Base(target)] = true
		return err
	})
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	dir := filepath.Join(h.repoDir(repo), blobsDir)
	blobs, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, b := range blobs {
		if used[b.Name()] || strings.HasSuffix(b.Name(), partSuffix) {
			continue
		}
		if err := os.Remove(filepath.Join(dir, b.Name())); err != nil {
			return err
		}
	}
	return nil
}
