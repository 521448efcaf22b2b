package weights

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"s1/engine/whole"
)

// SHA256 is the hash of the model's content, in hex: of the file for GGUF (the hash a hub shows), and for a folder of the lines
// "<hash>  <name>\n" of config.json and its weight files in order of name. Hashes are remembered in the user's cache by
// path, size and time of change, so that only the first start reads the whole model. Of an Overlay it is the hash of the lines
// "<hash>  base\n" and "<hash>  <name>\n" for its files.
func (m *Model) SHA256() (string, error) {
	sum, err := m.sum()
	if err != nil || len(m.over) == 0 {
		return sum, err
	}
	cache, all := openHashCache(), sha256.New()
	fmt.Fprintf(all, "%s  base\n", sum)
	for _, path := range m.over {
		if sum, err = cache.sum(path); err != nil {
			return "", err
		}
		fmt.Fprintf(all, "%s  %s\n", sum, filepath.Base(path))
	}
	return hex.EncodeToString(all.Sum(nil)), nil
}

// sum is the hash of its own files.
func (m *Model) sum() (string, error) {
	if m.memory {
		return m.sumInMemory()
	}
	cache := openHashCache()
	if m.Kind == KindGGUF {
		return cache.sum(m.at)
	}
	all := sha256.New()
	for _, name := range m.hashed {
		sum, err := cache.sum(filepath.Join(m.at, name))
		if err != nil {
			return "", err
		}
		fmt.Fprintf(all, "%s  %s\n", sum, name)
	}
	return hex.EncodeToString(all.Sum(nil)), nil
}

// sumInMemory is SHA256 of a model whose files are in memory: hashing them takes less time than remembering it.
func (m *Model) sumInMemory() (string, error) {
	all := sha256.New()
	for _, name := range m.hashed {
		data := m.Config
		if i := slices.IndexFunc(m.maps, func(f *mapping) bool { return f.path == name }); i >= 0 {
			data = m.maps[i].data
		}
		fmt.Fprintf(all, "%x  %s\n", sha256.Sum256(data), name)
	}
	return hex.EncodeToString(all.Sum(nil)), nil
}

// hashCache remembers hashes of files. That it cannot be read or written costs time and nothing else.
type hashCache struct {
	path    string // "" = no cache folder
	entries map[string]hashEntry
}

type hashEntry struct {
	Size   int64  `json:"size"`
	MTime  int64  `json:"mtime"` // ns since 1970
	SHA256 string `json:"sha256"`
}

const (
	maxHashCacheBytes   = 4 << 20
	maxHashCacheEntries = 4096
)

func openHashCache() hashCache {
	c := hashCache{entries: map[string]hashEntry{}}
	dir, err := os.UserCacheDir()
	if err != nil {
		return c
	}
	c.path = filepath.Join(dir, "s1", "sha256.json")
	if b, err := readSmall(os.DirFS(dir), "s1/sha256.json", maxHashCacheBytes); err == nil {
		if json.Unmarshal(b, &c.entries) != nil || c.entries == nil {
			c.entries = map[string]hashEntry{}
		}
	}
	return c
}

func (c hashCache) sum(path string) (string, error) {
	target, err := filepath.EvalSymlinks(path)
	if err != nil {
		return "", fmt.Errorf("hash %s: %w", path, err)
	}
	f, err := os.Open(target)
	if err != nil {
		return "", fmt.Errorf("hash: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return "", fmt.Errorf("hash: %w", err)
	}
	e, ok := c.entries[target]
	if ok && e.Size == info.Size() && e.MTime == info.ModTime().UnixNano() && len(e.SHA256) == 2*sha256.Size {
		return e.SHA256, nil
	}
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return "", fmt.Errorf("hash %s: %w", path, err)
	}
	sum := hex.EncodeToString(h.Sum(nil))
	if len(c.entries) >= maxHashCacheEntries {
		clear(c.entries)
	}
	c.entries[target] = hashEntry{info.Size(), info.ModTime().UnixNano(), sum}
	c.save()
	return sum, nil
}

// save replaces the file at once, so that a reader never sees half of it.
func (c hashCache) save() {
	if c.path == "" || os.MkdirAll(filepath.Dir(c.path), 0o755) != nil {
		return
	}
	b, err := json.Marshal(c.entries)
	if err != nil {
		return
	}
	_ = whole.WriteBytes(c.path, 0o600, b) // without it the next start hashes again
}
