package curate

import (
	"bytes"
	"context"
	"path/filepath"
	"runtime"
	"sync"
)

const (
	chunkRows  = 128
	chunkBytes = 256 << 10
	mostCores  = 16 // that take rows apart; it bounds the chunks in memory as well
)

// chunk is a few rows on their way: raw at first, then taken apart and worked on.
type chunk[T any] struct {
	from  int // place of the first row
	raw   []rawRow
	bytes int
	cost  int
	rows  []*Row
	out   []T
	err   error
	ready chan struct{} // closed when rows, out and err are there
}

// ordered goes through rows: one goroutine reads them from disk, all cores take them apart and work on them, and the caller's goroutine
// is given what came of it in the order of the rows. A few chunks are in memory at a time, a very long row alone.
func ordered[T any](parent context.Context, rows *Rows, whole bool, work func(*Row) T, take func(i int, row *Row, t T) error) error {
	ctx, stop := context.WithCancelCause(parent)
	var all sync.WaitGroup
	defer all.Wait()
	defer stop(nil)
	cores := min(runtime.GOMAXPROCS(0), mostCores)
	room := make(chan struct{}, 4*cores) // a place for each chunkBytes under way
	order, todo := make(chan *chunk[T], cap(room)), make(chan *chunk[T], cap(room))
	all.Go(func() {
		defer close(order)
		defer close(todo)
		err := rows.raw(ctx, whole, func(from int, raw []rawRow, bytes int) error {
			c := &chunk[T]{from: from, raw: raw, bytes: bytes, cost: min(1+bytes/chunkBytes, cap(room)), ready: make(chan struct{})}
			for range c.cost {
				select {
				case room <- struct{}{}:
				case <-ctx.Done():
					return ctx.Err()
				}
			}
			order <- c // these have a place for every chunk that room has
			todo <- c
			return nil
		})
		if err != nil {
			stop(err)
		}
	})
	for range cores {
		all.Go(func() {
			for c := range todo {
				for i := 0; i < len(c.raw) && c.err == nil && ctx.Err() == nil; i++ {
					var row *Row
					if row, c.err = rows.row(c.from+i, c.raw[i], whole); c.err == nil {
						c.rows, c.out = append(c.rows, row), append(c.out, work(row))
					}
				}
				c.raw = nil
				close(c.ready)
			}
		})
	}
	for c := range order {
		<-c.ready
		for i := range c.rows {
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			if err := take(c.from+i, c.rows[i], c.out[i]); err != nil {
				return err
			}
		}
		if c.err != nil {
			return c.err
		}
		for range c.cost {
			<-room
		}
	}
	if parent.Err() != nil {
		return parent.Err()
	}
	return context.Cause(ctx)
}

// raw reads the rows from disk, a few at a time, side by side with what the stages before said of them.
func (r *Rows) raw(ctx context.Context, whole bool, give func(from int, raw []rawRow, bytes int) error) error {
	lines := &rowLines{dir: filepath.Join(r.r.o.Dir, loadDir), whole: whole}
	defer lines.close()
	var over []*saidLines
	for _, dir := range r.r.learnt {
		s, err := openSaid(filepath.Join(dir, keptFile))
		if err != nil {
			return err
		}
		defer s.l.close()
		over = append(over, s)
	}
	var raw []rawRow
	from, size := 0, 0
	for i, n := range r.numbers {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		line, err := lines.row(n)
		if err != nil {
			return err
		}
		one := rawRow{line: bytes.Clone(line)}
		size += len(line)
		for _, s := range over {
			said, err := s.row(n)
			if err != nil {
				return err
			}
			if said != nil {
				one.over = append(one.over, bytes.Clone(said))
				size += len(said)
			}
		}
		if raw = append(raw, one); len(raw) < chunkRows && size < chunkBytes && i+1 < len(r.numbers) {
			continue
		}
		if err := give(from, raw, size); err != nil {
			return err
		}
		raw, from, size = nil, i+1, 0
	}
	return nil
}

// row takes one apart, with what a stage of this count learnt about it.
func (r *Rows) row(i int, raw rawRow, whole bool) (*Row, error) {
	row, err := raw.row(whole)
	if err != nil {
		return nil, err
	}
	for k, v := range r.r.counted[r.numbers[i]] {
		row.Features[k] = v
	}
	return row, nil
}
