package hub

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"s1/engine/weights"
)

// KindAdapter is an adapter, which opens on its base.
const KindAdapter = "adapter"

// Entry is a model on this machine.
type Entry struct {
	Word     string // names it in a command
	Path     string // what Resolve gives for Word
	Kind     string // weights.KindSafetensors, weights.KindGGUF or KindAdapter
	Bytes    int64  // on disk, shared files counted in each entry
	Modified time.Time
	Commit   string // "" for smollm2
}

// List names what is in the hub cache and in our own folder, in order of Word. Repositories without weights that s1 reads, or
// not wholly fetched, are left out.
func (h *Hub) List() ([]Entry, error) {
	var entries []Entry
	if info, err := os.Stat(h.smolPath()); err == nil {
		entries = append(entries, Entry{Word: smolWord, Path: h.smolPath(), Kind: weights.KindGGUF, Bytes: info.Size(), Modified: info.ModTime()})
	}
	repos, err := os.ReadDir(h.Cache)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("list models: %w", err)
	}
	for _, d := range repos {
		repo, ok := repoOf(d.Name())
		if !ok || !repoName.MatchString(repo) {
			continue
		}
		for _, r := range h.revisions(repo) {
			entries = append(entries, h.entries(r)...)
		}
	}
	slices.SortFunc(entries, func(a, b Entry) int { return strings.Compare(a.Word, b.Word) })
	return entries, nil
}

// revisions are the refs of a repository, and the commits that no ref stands for.
func (h *Hub) revisions(repo string) []Ref {
	var refs []Ref
	named := map[string]bool{}
	for revision, commit := range h.refs(repo) {
		named[commit] = true
		refs = append(refs, Ref{Repo: repo, Revision: revision})
	}
	for _, commit := range h.commits(repo) {
		if !named[commit] {
			refs = append(refs, Ref{Repo: repo, Revision: commit})
		}
	}
	return refs
}

// refs maps the revisions that are recorded to their commits.
func (h *Hub) refs(repo string) map[string]string {
	dir := filepath.Join(h.repoDir(repo), refsDir)
	refs := map[string]string{}
	_ = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() || strings.HasPrefix(d.Name(), ".") {
			return nil
		}
		if name, err := filepath.Rel(dir, path); err == nil && safePath(filepath.ToSlash(name)) {
			name = filepath.ToSlash(name)
			if commit := h.commitOf(Ref{Repo: repo, Revision: name}); commit != "" {
				refs[name] = commit
			}
		}
		return nil
	})
	return refs
}

// commits are the snapshots of a repository.
func (h *Hub) commits(repo string) []string {
	var commits []string
	found, _ := os.ReadDir(filepath.Join(h.repoDir(repo), snapshotsDir))
	for _, d := range found {
		if d.IsDir() && commitName.MatchString(d.Name()) {
			commits = append(commits, d.Name())
		}
	}
	return commits
}

// entries are the models of one revision: the folder, or each GGUF file.
func (h *Hub) entries(r Ref) []Entry {
	commit := h.commitOf(r)
	dir := h.snapshot(r.Repo, commit)
	var entries []Entry
	if adapted := completeAdapter(dir); adapted || completeModel(dir) {
		e := Entry{Word: r.String(), Path: dir, Kind: weights.KindSafetensors, Commit: commit}
		if adapted {
			e.Kind = KindAdapter
		}
		found, _ := os.ReadDir(dir)
		for _, d := range found {
			if info, err := os.Stat(filepath.Join(dir, d.Name())); err == nil && info.Mode().IsRegular() {
				e.Bytes += info.Size()
				if info.ModTime().After(e.Modified) {
					e.Modified = info.ModTime()
				}
			}
		}
		entries = append(entries, e)
	}
	files, _ := ggufIn(dir)
	for _, name := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if info, err := os.Stat(path); err == nil {
			word := Ref{Repo: r.Repo, Revision: r.Revision, File: name}.String()
			entries = append(entries, Entry{Word: word, Path: path, Kind: weights.KindGGUF, Bytes: info.Size(), Modified: info.ModTime(), Commit: commit})
		}
	}
	return entries
}
