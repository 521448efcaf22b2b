package curate

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/klauspost/compress/zstd"
)

// Browser reads pages of rows out of the folder of a run, with what the stages said of them. It keeps where each row begins
// and what became of it, a few bytes a row, and reads all else when it is asked. Its methods may be called from any goroutine.
type Browser struct {
	dir string

	mu   sync.Mutex
	last *rowIndex // as of the newest look
}

// Browse opens the folder of a run. It need not have come to its end.
func Browse(dir string) *Browser { return &Browser{dir: dir} }

// Query says which rows. Stage "" is all that were loaded.
type Query struct {
	Stage, Rule, Text string
	Kept, Dropped     bool
	Limit             int
	After             string // Next of the page before
}

// Found is a row on a page, with what the page's stage said of it. Dropped and By say which stage dropped it and by which rule, "" when
// no stage has.
type Found struct {
	N int // its number among the rows that were loaded, -1 = it could not be read
	Decision
	Question    string
	Dropped, By string
}

// Page is some of the rows; Next is "" on the last page.
type Page struct {
	Rows []Found
	Next string
}

// Page reads a page: first the rows that were dropped, in their order, then those that were kept.
func (b *Browser) Page(ctx context.Context, q Query) (p Page, err error) {
	x, err := b.index()
	if err != nil {
		return p, err
	}
	parts, err := b.parts(q)
	if err != nil {
		return p, err
	}
	part, offset := 0, int64(0)
	if q.After != "" {
		if n, _ := fmt.Sscanf(q.After, "%d:%d", &part, &offset); n != 2 || part < 0 || offset < 0 {
			return p, fmt.Errorf("%q is no place in the rows of %s", q.After, b.dir)
		}
	}
	for ; part < len(parts); part, offset = part+1, 0 {
		err := b.lines(ctx, parts[part], offset, func(d *decision, whole *head, next int64) (bool, error) {
			if q.Rule != "" && d.Rule != q.Rule {
				return true, nil
			}
			f := Found{N: d.N, Decision: d.Decision}
			switch {
			case d.N < 0:
			case whole != nil:
				f.Question = whole.Question
			default:
				h, err := b.head(x, d.N)
				if err != nil {
					return false, err
				}
				f.Question = h.Question
			}
			end := x.fate(d.N)
			if f.Dropped, f.By = end.stage, end.rule; f.Dropped == "" && d.Rule != "" {
				f.Dropped, f.By = parts[part].stage, d.Rule
			}
			if q.Text != "" && !strings.Contains(strings.ToLower(f.ID+"\n"+f.Question+"\n"+f.Rule+"\n"+f.Detail), strings.ToLower(q.Text)) {
				return true, nil
			}
			p.Rows = append(p.Rows, f)
			p.Next = fmt.Sprintf("%d:%d", part, next)
			return len(p.Rows) < q.Limit, nil
		})
		if err != nil {
			return p, err
		}
		if len(p.Rows) >= q.Limit {
			return p, nil
		}
	}
	p.Next = ""
	return p, nil
}

// lineFile is a file of a stage; heads has whole heads in it.
type lineFile struct {
	stage, path string
	heads       bool
}

func (b *Browser) parts(q Query) (parts []lineFile, err error) {
	if q.Stage == "" || q.Stage == "load" {
		dir := filepath.Join(b.dir, loadDir)
		if q.Dropped {
			parts = append(parts, lineFile{stage: "load", path: filepath.Join(dir, droppedFile)})
		}
		if q.Kept {
			parts = append(parts, lineFile{stage: "load", path: filepath.Join(dir, headsFile), heads: true})
		}
		return parts, nil
	}
	names, err := StageDirs(b.dir)
	if err != nil {
		return nil, err
	}
	for _, n := range names {
		if n[strings.IndexByte(n, '-')+1:] != q.Stage {
			continue
		}
		if q.Dropped {
			parts = append(parts, lineFile{stage: q.Stage, path: filepath.Join(b.dir, n, droppedFile)})
		}
		if q.Kept {
			parts = append(parts, lineFile{stage: q.Stage, path: filepath.Join(b.dir, n, keptFile)})
		}
		return parts, nil
	}
	return nil, fmt.Errorf("stage %s has not ended yet: its rows are there when it has", q.Stage)
}

// lines visits the decisions of a file from a place on, with the place behind each, until visit says no.
func (b *Browser) lines(ctx context.Context, file lineFile, from int64, visit func(d *decision, whole *head, next int64) (bool, error)) error {
	f, err := os.Open(file.path)
	if err != nil {
		return fmt.Errorf("read stage %s: %w", file.stage, err)
	}
	defer f.Close()
	if _, err := f.Seek(from, io.SeekStart); err != nil {
		return fmt.Errorf("read stage %s: %w", file.stage, err)
	}
	in := bufio.NewReaderSize(f, 256<<10)
	for at, n := from, 0; ; n++ {
		if n%256 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		line, err := in.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read %s: %w", file.path, err)
		}
		at += int64(len(line))
		var d decision
		var h *head
		if file.heads {
			h = &head{}
			err = json.Unmarshal(line, h)
			d = decision{N: h.N, Decision: Decision{ID: h.ID}}
		} else {
			err = json.Unmarshal(line, &d)
		}
		if err != nil {
			return fmt.Errorf("read %s before byte %d: %w", file.path, at, err)
		}
		if on, err := visit(&d, h, at); err != nil || !on {
			return err
		}
	}
}

// Row is a row as it was loaded, long texts and all, with what each stage said of it up to the one that dropped it, and how many have
// its id. n is its number, as Found has it: -1 is the first one of the id. One that could not be read has verdicts, and no texts.
func (b *Browser) Row(ctx context.Context, id string, n int) (row Row, of Copy, copies int, err error) {
	list, err := Why(b.dir, id)
	if err != nil {
		return row, of, 0, err
	}
	i := 0
	if n >= 0 {
		if i = slices.IndexFunc(list, func(c Copy) bool { return c.N == n }); i < 0 {
			return row, of, 0, fmt.Errorf("row %d of %s is not %.40q", n, b.dir, id)
		}
	}
	of = list[i]
	if of.N < 0 {
		row.ID = id
		return row, of, len(list), nil
	}
	row, err = b.whole(ctx, id, of.N)
	return row, of, len(list), err
}

// whole reads a row that was loaded.
func (b *Browser) whole(ctx context.Context, id string, n int) (row Row, err error) {
	path := filepath.Join(b.dir, loadDir, shardFile(n))
	f, err := os.Open(path)
	if err != nil {
		return row, fmt.Errorf("read row %s: %w", id, err)
	}
	defer f.Close()
	z, err := zstd.NewReader(f, zstd.WithDecoderConcurrency(1))
	if err != nil {
		return row, fmt.Errorf("read %s: %w", path, err)
	}
	defer z.Close()
	in := bufio.NewReaderSize(z, 1<<20)
	for i := range n%shardRows + 1 {
		if i%256 == 0 && ctx.Err() != nil {
			return row, ctx.Err()
		}
		line, err := in.ReadBytes('\n')
		if err != nil {
			return row, fmt.Errorf("read row %s in %s: %w", id, path, err)
		}
		if i == n%shardRows {
			if err := json.Unmarshal(line, &row); err != nil || row.ID != id {
				return row, fmt.Errorf("read row %s in %s: it has row %q there (%v)", id, path, row.ID, err) //nolint:errorlint // for people
			}
			return row, nil
		}
	}
	return row, nil
}
