package llm

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/gofrs/flock"
)

const (
	shardBytes = 256 << 20 // after which a new shard begins
	maxLine    = 64 << 20  // bytes of one reply
	syncEvery  = time.Second
)

// cache keeps replies in shards of JSON lines that are only added to, and where each lies in memory (about 60 bytes a reply). A line
// that a kill tore is cut off when it is opened again.
type cache struct {
	dir  string
	lock *flock.Flock

	mu     sync.Mutex
	index  map[[32]byte]place
	shards []*os.File
	size   int64 // of the last shard
	synced time.Time
}

type place struct {
	shard, bytes int32
	at           int64
}

func openCache(dir string) (_ *cache, err error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("make the cache of replies: %w", err)
	}
	c := &cache{dir: dir, lock: flock.New(filepath.Join(dir, "lock")), index: map[[32]byte]place{}}
	got, err := c.lock.TryLock()
	if err != nil {
		return nil, fmt.Errorf("lock the cache of replies %s: %w", dir, err)
	}
	if !got {
		return nil, fmt.Errorf("the cache of replies %s is in use by another run; wait for it or give another folder", dir)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, c.close())
		}
	}()
	names, err := filepath.Glob(filepath.Join(dir, "replies-*.jsonl"))
	if err != nil {
		return nil, err
	}
	slices.Sort(names)
	for _, name := range names {
		if err := c.openShard(name); err != nil {
			return nil, err
		}
	}
	return c, nil
}

func (c *cache) openShard(name string) error {
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return fmt.Errorf("open a shard of replies: %w", err)
	}
	c.shards = append(c.shards, f)
	c.size, err = readLines(f, func(at int64, line []byte) error {
		var k struct{ Key string }
		if err := json.Unmarshal(line, &k); err != nil {
			return err
		}
		key, err := parseKey(k.Key)
		if err != nil {
			return err
		}
		c.index[key] = place{int32(len(c.shards) - 1), int32(len(line)), at}
		return nil
	})
	if err == nil {
		err = f.Truncate(c.size)
	}
	if err != nil {
		return fmt.Errorf("read replies %s: %w", filepath.Base(name), err)
	}
	return nil
}

// readLines hands over whole lines and says where the last of them ends.
func readLines(r io.Reader, do func(at int64, line []byte) error) (size int64, err error) {
	b := bufio.NewReaderSize(r, 1<<20)
	var line []byte
	for {
		part, err := b.ReadSlice('\n')
		line = append(line, part...)
		switch {
		case len(line) > maxLine:
			return size, fmt.Errorf("the line at byte %d has over %d bytes", size, maxLine)
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case errors.Is(err, io.EOF):
			return size, nil
		case err != nil:
			return size, err
		}
		if err := do(size, line); err != nil {
			return size, fmt.Errorf("the line at byte %d: %w", size, err)
		}
		size += int64(len(line))
		line = line[:0]
	}
}

func parseKey(s string) (key [32]byte, err error) {
	if len(s) != 64 {
		return key, fmt.Errorf("key %.80q is no sha256", s)
	}
	_, err = hex.Decode(key[:], []byte(s))
	return key, err
}

func (c *cache) has(key string) bool {
	k, err := parseKey(key)
	if err != nil {
		return false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	_, ok := c.index[k]
	return ok
}

func (c *cache) get(key string) (r Reply, ok bool, err error) {
	k, err := parseKey(key)
	if err != nil {
		return r, false, err
	}
	c.mu.Lock()
	p, ok := c.index[k]
	var f *os.File
	if ok {
		f = c.shards[p.shard]
	}
	c.mu.Unlock()
	if !ok {
		return r, false, nil
	}
	b := make([]byte, p.bytes)
	if _, err := f.ReadAt(b, p.at); err != nil {
		return r, false, fmt.Errorf("read reply %.16s: %w", key, err)
	}
	if err := json.Unmarshal(b, &r); err != nil {
		return r, false, fmt.Errorf("read reply %.16s: %w", key, err)
	}
	r.Cached = true
	return r, true, nil
}

func (c *cache) put(r Reply) error {
	key, err := parseKey(r.Key)
	if err != nil {
		return err
	}
	var line bytes.Buffer
	enc := json.NewEncoder(&line)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(r); err != nil {
		return fmt.Errorf("write reply %.16s: %w", r.Key, err)
	}
	if line.Len() > maxLine {
		return fmt.Errorf("reply %.16s has %d bytes, at most %d are kept", r.Key, line.Len(), maxLine)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.shards) == 0 || c.size >= shardBytes {
		if err := c.openShard(filepath.Join(c.dir, fmt.Sprintf("replies-%05d.jsonl", len(c.shards)))); err != nil {
			return err
		}
	}
	f := c.shards[len(c.shards)-1]
	if _, err := f.WriteAt(line.Bytes(), c.size); err != nil {
		return fmt.Errorf("write reply %.16s: %w", r.Key, errors.Join(err, f.Truncate(c.size)))
	}
	c.index[key] = place{int32(len(c.shards) - 1), int32(line.Len()), c.size}
	c.size += int64(line.Len())
	if now := time.Now(); now.Sub(c.synced) > syncEvery {
		c.synced = now
		return f.Sync()
	}
	return nil
}

func (c *cache) close() error {
	var errs []error
	for _, f := range c.shards {
		errs = append(errs, f.Sync(), f.Close())
	}
	return errors.Join(append(errs, c.lock.Unlock())...)
}
