package hub

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"s1/engine/adapter"
	"s1/engine/weights"
)

const (
	singleWeights = "model.safetensors"
	indexWeights  = "model.safetensors.index.json"
)

// maxIndexBytes is the largest index that is read to learn the names of the weight files.
const maxIndexBytes = 64 << 20

// Pull fetches what a word names and returns its path; what is here already is not fetched again.
func (h *Hub) Pull(ctx context.Context, word string, progress func(Progress)) (string, error) {
	if word == smolWord {
		return h.pullSmol(ctx, progress)
	}
	if _, isPath, _ := localPath(word); isPath || strings.Contains(word, "://") || word == "" {
		return h.Resolve(ctx, word)
	}
	r, err := parseRef(word)
	if err != nil {
		return "", err
	}
	here, cacheErr := h.cached(r)
	if cacheErr == nil && commitName.MatchString(r.Revision) {
		return here, nil // a commit never changes
	}
	if h.Offline {
		if cacheErr == nil {
			return here, nil
		}
		return "", fmt.Errorf("model %s is not on this machine and HF_HUB_OFFLINE forbids to fetch it; unset HF_HUB_OFFLINE", word)
	}
	path, err := h.pullRef(ctx, r, &meter{report: progress})
	if err != nil && cacheErr == nil && errors.Is(err, errUnreachable) {
		if progress != nil {
			progress(Progress{Message: fmt.Sprintf("%v; the copy on this machine is used", err)})
		}
		return here, nil
	}
	if err != nil {
		return "", fmt.Errorf("pull %s: %w", word, err)
	}
	return path, nil
}

func (h *Hub) pullRef(ctx context.Context, r Ref, m *meter) (string, error) {
	m.say("asking " + h.Endpoint + " for " + r.String())
	commit, listed, err := h.listing(ctx, r)
	if err != nil {
		return "", err
	}
	names, err := choose(r, listed)
	if err != nil {
		return "", err
	}
	files, err := h.describe(ctx, r, commit, names, m)
	if err != nil {
		return "", err
	}
	if slices.Contains(names, indexWeights) {
		shards, err := h.pullIndex(ctx, r, commit, files, m)
		if err != nil {
			return "", err
		}
		more, err := h.describe(ctx, r, commit, shards, m)
		if err != nil {
			return "", err
		}
		files = append(files, more...)
	}
	if err := h.checkRoom(r.Repo, files); err != nil {
		return "", err
	}
	m.done = 0
	for _, f := range files {
		if err := h.pullFile(ctx, r.Repo, commit, f, m); err != nil {
			return "", err
		}
	}
	m.say("")
	if err := h.writeRef(r, commit); err != nil {
		return "", fmt.Errorf("record the revision: %w", err)
	}
	dir := h.snapshot(r.Repo, commit)
	if r.File != "" {
		return filepath.Join(dir, filepath.FromSlash(r.File)), nil
	}
	return modelIn(dir)
}

// describe asks for tag and size of each file and adds the sizes to the total.
func (h *Hub) describe(ctx context.Context, r Ref, commit string, names []string, m *meter) ([]remoteFile, error) {
	var files []remoteFile
	for _, name := range names {
		f, err := h.head(ctx, r, commit, name)
		if err != nil {
			return nil, err
		}
		files = append(files, f)
		m.total += f.size
	}
	return files, nil
}

// pullIndex fetches the index alone, because it names the other weight files.
func (h *Hub) pullIndex(ctx context.Context, r Ref, commit string, files []remoteFile, m *meter) ([]string, error) {
	i := slices.IndexFunc(files, func(f remoteFile) bool { return f.name == indexWeights })
	if files[i].size > maxIndexBytes {
		return nil, fmt.Errorf("%s has %d bytes, more than %d", indexWeights, files[i].size, maxIndexBytes)
	}
	if err := h.pullFile(ctx, r.Repo, commit, files[i], m); err != nil {
		return nil, err
	}
	b, err := os.ReadFile(filepath.Join(h.snapshot(r.Repo, commit), indexWeights))
	if err != nil {
		return nil, err
	}
	return weights.IndexShards(b)
}

func (h *Hub) pullFile(ctx context.Context, repo, commit string, f remoteFile, m *meter) error {
	blob, err := h.fetchBlob(ctx, repo, commit, f, m)
	if err != nil {
		return err
	}
	if err := link(blob, filepath.Join(h.snapshot(repo, commit), filepath.FromSlash(f.name))); err != nil {
		return fmt.Errorf("enter %s into the cache: %w", f.name, diskFull(err, h.Cache))
	}
	return nil
}

// checkRoom refuses to begin what the disk cannot hold.
func (h *Hub) checkRoom(repo string, files []remoteFile) error {
	var need int64
	for _, f := range files {
		blob := filepath.Join(h.repoDir(repo), blobsDir, f.etag)
		if info, err := os.Stat(blob); err == nil && info.Size() == f.size {
			continue
		}
		need += f.size
		if info, err := os.Stat(blob + partSuffix); err == nil {
			need -= min(info.Size(), f.size)
		}
	}
	return room(h.Cache, need)
}

// room says whether a folder's disk has the bytes free; a system that does not tell is believed to have them.
func room(dir string, need int64) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	free, ok := freeBytes(dir)
	if ok && need > free {
		return fmt.Errorf("%d MB are to be fetched, the disk that holds %s has %d MB free; free some space, or set HF_HOME to another disk",
			need>>20, dir, free>>20)
	}
	return nil
}

// choose picks the files of a repository that make a model.
func choose(r Ref, listed []string) ([]string, error) {
	has := func(name string) bool { return slices.Contains(listed, name) }
	if r.File != "" {
		if !has(r.File) {
			return nil, fmt.Errorf("%s has no file %q at revision %s", r.Repo, r.File, r.Revision)
		}
		return []string{r.File}, nil
	}
	var names, ggufs []string
	for _, name := range listed {
		switch {
		case isGGUF(name):
			ggufs = append(ggufs, name)
		case supporting(name):
			names = append(names, name)
		}
	}
	switch {
	case has("config.json") && has(singleWeights):
		return append(names, singleWeights), nil
	case has("config.json") && has(indexWeights):
		return append(names, indexWeights), nil
	case has(adapter.ConfigFile) && has(adapter.WeightsFile):
		return append(names, adapter.ConfigFile, adapter.WeightsFile), nil
	case len(ggufs) == 1:
		return ggufs, nil
	case len(ggufs) > 1:
		slices.Sort(ggufs)
		return nil, fmt.Errorf("%s has %d GGUF files; name one, as in %s:%s (there are %s)", r.Repo, len(ggufs), r.Repo, ggufs[0], shorten(ggufs))
	}
	return nil, fmt.Errorf("%s has neither %s nor an adapter's %s nor a GGUF file; s1 cannot use it", r.Repo, singleWeights, adapter.WeightsFile)
}

func shorten(names []string) string {
	const most = 12
	if len(names) > most {
		return strings.Join(names[:most], ", ") + fmt.Sprintf(" and %d more", len(names)-most)
	}
	return strings.Join(names, ", ")
}

// supporting says that a file beside the weights is needed: config, tokenizer, template.
func supporting(name string) bool {
	switch name {
	case "config.json", "generation_config.json", "special_tokens_map.json":
		return true
	}
	return !strings.Contains(name, "/") && (strings.HasPrefix(name, "tokenizer") || strings.HasPrefix(name, "chat_template"))
}
