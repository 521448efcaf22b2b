package hub

import (
	"context"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/gofrs/flock"
)

const (
	lockPoll     = 200 * time.Millisecond
	progressStep = 100 * time.Millisecond
	copyBytes    = 256 << 10
)

// meter adds up the bytes of a pull and reports them a few times a second.
type meter struct {
	report func(Progress)
	file   string
	done   int64
	total  int64
	last   time.Time
}

func (m *meter) add(n int64) {
	m.done += n
	if now := time.Now(); now.Sub(m.last) >= progressStep {
		m.last = now
		m.say("")
	}
}

func (m *meter) say(message string) {
	if m.report != nil {
		m.report(Progress{File: m.file, Done: m.done, Total: m.total, Message: message})
	}
}

// fetchBlob makes sure that the blob of a file is in the cache, under a lock that other processes honour.
func (h *Hub) fetchBlob(ctx context.Context, repo, commit string, f remoteFile, m *meter) (string, error) {
	blob := filepath.Join(h.repoDir(repo), blobsDir, f.etag)
	m.file = f.name
	lockPath := filepath.Join(h.Cache, locksDir, folderOf(repo), f.etag+".lock")
	unlock, err := lock(ctx, lockPath, func() { m.say("waiting for another process that fetches " + f.name) })
	if err != nil {
		return "", err
	}
	defer unlock()
	if info, err := os.Stat(blob); err == nil && info.Size() == f.size {
		m.add(f.size)
		return blob, nil
	}
	if err := os.MkdirAll(filepath.Dir(blob), 0o755); err != nil {
		return "", err
	}
	d := &download{hub: h, url: h.fileURL(repo, commit, f.name), ref: Ref{Repo: repo, Revision: commit, File: f.name}, want: f, meter: m}
	if err := d.run(ctx, blob+partSuffix, blob); err != nil {
		return "", fmt.Errorf("fetch %s: %w", f.name, diskFull(err, filepath.Dir(blob)))
	}
	return blob, nil
}

// lock takes a lock file; wait is called once if it is not free.
func lock(ctx context.Context, path string, wait func()) (unlock func(), err error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, err
	}
	l := flock.New(path, flock.SetPermissions(0o644)) // the cache may be shared
	ok, err := l.TryLock()
	if err == nil && !ok {
		wait()
		_, err = l.TryLockContext(ctx, lockPoll)
	}
	if err != nil {
		return nil, fmt.Errorf("lock %s: %w", path, err)
	}
	return func() { _ = l.Unlock() }, nil
}

func diskFull(err error, dir string) error {
	if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
		return fmt.Errorf("the disk that holds %s is full; what has come is kept, free some space and run it again: %w", dir, err)
	}
	return err
}

// download is the transfer of one file. It may be taken up again, in this process or a later one.
type download struct {
	hub   *Hub
	url   string
	ref   Ref
	want  remoteFile
	meter *meter

	file *os.File // the part that has come
	have int64
	sums sums
}

// errBroken marks a transfer that can be taken up again.
var errBroken = errors.New("the transfer broke off")

func (d *download) run(ctx context.Context, part, blob string) (err error) {
	d.file, err = os.OpenFile(part, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return err
	}
	defer d.file.Close()
	if err := d.takeUp(); err != nil {
		return err
	}
	for again := d.have > 0; ; again = false {
		if err := d.transfer(ctx); err != nil {
			return err
		}
		got, ok := d.sums.match(d.want.etag)
		if ok {
			break
		}
		if !again {
			_ = os.Remove(part)
			return fmt.Errorf("its checksum is %s, the server announced %s; the download was thrown away", got, d.want.etag)
		}
		d.meter.say("the part from an earlier run does not fit; starting again")
		if err := d.restart(); err != nil {
			return err
		}
	}
	if err := d.file.Sync(); err != nil {
		return err
	}
	return os.Rename(part, blob)
}

// takeUp hashes what an earlier run left.
func (d *download) takeUp() error {
	info, err := d.file.Stat()
	if err != nil {
		return err
	}
	d.sums = newSums(d.want.size)
	if info.Size() > d.want.size {
		return d.restart()
	}
	d.have, err = io.Copy(d.sums, d.file)
	d.meter.add(d.have)
	return err
}

func (d *download) restart() error {
	d.meter.add(-d.have)
	d.have, d.sums = 0, newSums(d.want.size)
	if err := d.file.Truncate(0); err != nil {
		return err
	}
	_, err := d.file.Seek(0, io.SeekStart)
	return err
}

// transfer gets the rest of the file, as often as it takes while each attempt brings something.
func (d *download) transfer(ctx context.Context) error {
	tries, pause := 0, d.hub.Pause
	for d.have < d.want.size {
		before := d.have
		err := d.attempt(ctx)
		switch {
		case err == nil:
			continue
		case ctx.Err() != nil:
			return ctx.Err()
		case !errors.Is(err, errBroken) && !errors.Is(err, errUnreachable):
			return err
		}
		if d.have > before {
			tries, pause = 0, d.hub.Pause
		}
		if tries++; tries > d.hub.Retries {
			return fmt.Errorf("%w (%d of %d bytes are kept; run it again to go on)", err, d.have, d.want.size)
		}
		d.meter.say(fmt.Sprintf("%v; trying again", err))
		select {
		case <-time.After(pause):
		case <-ctx.Done():
			return ctx.Err()
		}
		pause *= 2
	}
	return nil
}

// attempt makes one request for what is missing.
func (d *download) attempt(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	header := http.Header{}
	if d.have > 0 {
		header.Set("Range", fmt.Sprintf("bytes=%d-", d.have))
	}
	resp, err := d.hub.send(ctx, http.MethodGet, d.url, header)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	switch resp.StatusCode {
	case http.StatusOK: // from the start, whatever was asked for
		if d.have > 0 {
			if err := d.restart(); err != nil {
				return err
			}
		}
		if resp.ContentLength >= 0 && resp.ContentLength != d.want.size {
			return fmt.Errorf("the server announced %d bytes and sends %d", d.want.size, resp.ContentLength)
		}
	case http.StatusPartialContent:
		if want := fmt.Sprintf("bytes %d-%d/%d", d.have, d.want.size-1, d.want.size); resp.Header.Get("Content-Range") != want {
			return fmt.Errorf("the server was asked for %q and sends %q", want, resp.Header.Get("Content-Range"))
		}
	case http.StatusRequestedRangeNotSatisfiable:
		err := fmt.Errorf("%w: the server does not have byte %d", errBroken, d.have)
		return errors.Join(err, d.restart())
	default:
		return d.hub.refusal(resp, d.ref)
	}
	return d.copy(ctx, resp.Body, cancel)
}

// copy writes the body to the part, and gives up on one that stalls or is longer than announced.
func (d *download) copy(ctx context.Context, body io.Reader, cancel context.CancelCauseFunc) error {
	watch := time.AfterFunc(d.hub.Stall, func() { cancel(fmt.Errorf("nothing came for %v", d.hub.Stall)) })
	defer watch.Stop()
	buf := make([]byte, copyBytes)
	for {
		n, err := body.Read(buf)
		watch.Reset(d.hub.Stall)
		if d.have+int64(n) > d.want.size {
			_ = d.restart()
			return fmt.Errorf("the server announced %d bytes and sends more", d.want.size)
		}
		if n > 0 {
			if _, err := d.file.Write(buf[:n]); err != nil {
				return err
			}
			_, _ = d.sums.Write(buf[:n])
			d.have += int64(n)
			d.meter.add(int64(n))
		}
		switch {
		case errors.Is(err, io.EOF) && d.have == d.want.size:
			return nil
		case errors.Is(err, io.EOF):
			return fmt.Errorf("%w after %d of %d bytes", errBroken, d.have, d.want.size)
		case err != nil:
			if cause := context.Cause(ctx); cause != nil {
				err = cause
			}
			return fmt.Errorf("%w after %d of %d bytes: %w", errBroken, d.have, d.want.size, err)
		}
	}
}

// sums hashes a file in the three ways in which a tag may name its content.
type sums struct {
	sha256, plain, git hash.Hash
	io.Writer
}

func newSums(size int64) sums {
	s := sums{sha256: sha256.New(), plain: sha1.New(), git: sha1.New()}
	fmt.Fprintf(s.git, "blob %d\x00", size) // as git names a blob
	s.Writer = io.MultiWriter(s.sha256, s.plain, s.git)
	return s
}

// match compares with a tag. A tag that is no hash at all (some mirrors) cannot be checked and matches.
func (s sums) match(tag string) (got string, ok bool) {
	hex256, hexGit, hexPlain := hexSum(s.sha256), hexSum(s.git), hexSum(s.plain)
	if _, err := hex.DecodeString(tag); err == nil {
		switch len(tag) {
		case len(hex256):
			return hex256, strings.EqualFold(tag, hex256)
		case len(hexGit):
			return hexGit, strings.EqualFold(tag, hexGit) || strings.EqualFold(tag, hexPlain)
		}
	}
	return "", true
}

func hexSum(h hash.Hash) string { return hex.EncodeToString(h.Sum(nil)) }
