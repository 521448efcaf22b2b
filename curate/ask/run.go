package ask

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"sync"

	"s1/engine/bounded"
	"s1/engine/whole"
)

// maxResult is the most bytes of a kept result.
const maxResult = 64 << 20

// Counts is what a run came to.
type Counts struct {
	Rows, Before, Decided int
	Failed                map[string]int // by cause
}

// Run carries a stage out over rows, parallel at once, and writes dir/results.jsonl as they come. A row that is there already is left
// out, also a failed one; a torn last line is done again.
func Run(ctx context.Context, s Stage, rows iter.Seq2[Row, error], dir string, parallel int) (c Counts, err error) {
	c.Failed = map[string]int{}
	if parallel < 1 {
		return c, fmt.Errorf("stage %s: %d rows at once; at least 1", s.Manifest.Stage, parallel)
	}
	file, done, err := openResults(dir, s.Manifest)
	if err != nil {
		return c, err
	}
	defer func() { err = errors.Join(err, file.Sync(), file.Close()) }()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var mu sync.Mutex
	var wait sync.WaitGroup
	defer wait.Wait()
	places := make(chan struct{}, parallel)
	for row, bad := range rows {
		if bad != nil {
			cancel(bad)
		}
		c.Rows++
		if done[row.ID] {
			c.Before++
			continue
		}
		done[row.ID] = true
		select {
		case places <- struct{}{}:
		case <-ctx.Done():
		}
		if ctx.Err() != nil {
			break
		}
		wait.Go(func() {
			defer func() { <-places }()
			r, err := s.do(ctx, row)
			if ctx.Err() != nil {
				return // the run ends: the row is done again
			}
			if err != nil {
				r = failedAs(r, err)
			}
			b, err := json.Marshal(r)
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				_, err = file.Write(append(b, '\n'))
			}
			if err != nil {
				cancel(fmt.Errorf("write the result of row %s: %w", row.ID, err))
				return
			}
			if r.Failed != "" {
				c.Failed[r.Failed]++
			} else {
				c.Decided++
			}
		})
	}
	wait.Wait()
	return c, context.Cause(ctx)
}

func openResults(dir string, m Manifest) (*os.File, map[string]bool, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, nil, fmt.Errorf("make the folder of stage %s: %w", m.Stage, err)
	}
	want, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return nil, nil, err
	}
	path := filepath.Join(dir, "manifest.json")
	switch have, err := os.ReadFile(path); {
	case errors.Is(err, os.ErrNotExist):
		if err := whole.WriteBytes(path, 0o644, want); err != nil {
			return nil, nil, err
		}
	case err != nil:
		return nil, nil, err
	case !bytes.Equal(have, want):
		return nil, nil, fmt.Errorf("the results in %s were made by another model, seed, prompt or budget; give another folder", dir)
	}
	f, err := os.OpenFile(filepath.Join(dir, "results.jsonl"), os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, nil, err
	}
	done, size := map[string]bool{}, int64(0)
	for b := bufio.NewReaderSize(f, 1<<20); ; {
		line, err := bounded.Line(b, maxResult)
		if errors.Is(err, io.EOF) {
			break
		}
		var r struct{ ID string }
		if err == nil {
			err = json.Unmarshal(line, &r)
		}
		if err != nil {
			return nil, nil, errors.Join(fmt.Errorf("read the results of stage %s at byte %d: %w", m.Stage, size, err), f.Close())
		}
		done[r.ID] = true
		size += int64(len(line))
	}
	if err := f.Truncate(size); err != nil {
		return nil, nil, errors.Join(err, f.Close())
	}
	_, err = f.Seek(size, io.SeekStart)
	return f, done, err
}
