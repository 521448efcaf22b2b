package curate

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/klauspost/compress/zstd"
)

// Browser reads pages of rows out of the folder of a run, with what the stages said of them. It keeps where each row begins
// and what became of it, a few bytes a row, and reads all else when it is asked. Its methods may be called from any goroutine.
type Browser struct {
	dir string

	mu    sync.Mutex
	key   string  // of the last finished stage, when at and fates were read
	at    []int64 // place in heads.jsonl of the row with this number, and the end
	fates []fate  // by number
	names []string
}

// fate is where a row ended: the place of the stage's name, 0 = it was not dropped.
type fate struct{ stage uint16 }

// Browse opens the folder of a run. It need not have come to its end.
func Browse(dir string) *Browser { return &Browser{dir: dir} }

// Query says which rows. Stage "" is all that were loaded.
type Query struct {
	Stage, Rule, Text string
	Kept, Dropped     bool
	Limit             int
	After             string // Next of the page before
}

// Found is a row on a page. Dropped says by which stage, "" when no stage has; its decision is that stage's.
type Found struct {
	Decision
	Question string
	Dropped  string
}

// Page is some of the rows; Next is "" on the last page.
type Page struct {
	Rows []Found
	Next string
}

// Page reads a page: first the rows that were dropped, in their order, then those that were kept.
func (b *Browser) Page(ctx context.Context, q Query) (p Page, err error) {
	if err := b.index(); err != nil {
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
			f := Found{Decision: d.Decision}
			switch {
			case d.N < 0:
			case whole != nil:
				f.Question = whole.Question
			default:
				h, err := b.head(d.N)
				if err != nil {
					return false, err
				}
				f.Question = h.Question
			}
			if d.N >= 0 && d.N < len(b.fates) && b.fates[d.N].stage > 0 {
				f.Dropped = b.names[b.fates[d.N].stage]
			} else if d.Rule != "" {
				f.Dropped = parts[part].stage
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
		dir := filepath.Join(b.dir, "00-load")
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

// index reads where the rows are and what became of them, anew after each stage that has ended.
func (b *Browser) index() error {
	b.mu.Lock()
	defer b.mu.Unlock()
	names, err := StageDirs(b.dir)
	if err != nil {
		return err
	}
	key := ""
	for _, n := range names {
		mark, err := os.ReadFile(filepath.Join(b.dir, n, doneFile))
		if err != nil {
			return fmt.Errorf("read stage: %w", err)
		}
		key += n + string(mark)
	}
	if key == b.key {
		return nil
	}
	at, err := lineStarts(filepath.Join(b.dir, "00-load", headsFile))
	if err != nil {
		return err
	}
	fates, stages := make([]fate, len(at)-1), []string{""}
	for _, n := range names[1:] {
		stages = append(stages, n[strings.IndexByte(n, '-')+1:])
		if err := readLines(filepath.Join(b.dir, n, droppedFile), func(d *struct{ N int }) error {
			if d.N < 0 || d.N >= len(fates) {
				return fmt.Errorf("%s names row %d of %d", n, d.N, len(fates))
			}
			fates[d.N].stage = uint16(len(stages) - 1) //nolint:gosec // fewer than a hundred stages
			return nil
		}); err != nil {
			return err
		}
	}
	b.key, b.at, b.fates, b.names = key, at, fates, stages
	return nil
}

// lineStarts is where each line of a file begins, and its end.
func lineStarts(path string) ([]int64, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("read rows: %w", err)
	}
	defer f.Close()
	starts, buf := []int64{0}, make([]byte, 1<<20)
	for at := int64(0); ; {
		n, err := f.Read(buf)
		for i := 0; i < n; {
			k := bytes.IndexByte(buf[i:n], '\n')
			if k < 0 {
				break
			}
			i += k + 1
			starts = append(starts, at+int64(i))
		}
		at += int64(n)
		if errors.Is(err, io.EOF) {
			return starts, nil
		}
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", path, err)
		}
	}
}

// head reads what the stages see of a row.
func (b *Browser) head(n int) (h head, err error) {
	if n < 0 || n+1 >= len(b.at) {
		return h, fmt.Errorf("%s has no row %d", b.dir, n)
	}
	f, err := os.Open(filepath.Join(b.dir, "00-load", headsFile))
	if err != nil {
		return h, fmt.Errorf("read rows: %w", err)
	}
	defer f.Close()
	line := make([]byte, b.at[n+1]-b.at[n])
	if _, err := f.ReadAt(line, b.at[n]); err != nil {
		return h, fmt.Errorf("read row %d: %w", n, err)
	}
	return h, json.Unmarshal(line, &h)
}

// Row is a row as it was loaded, long texts and all, and what each stage said of it up to the one that dropped it.
func (b *Browser) Row(ctx context.Context, id string) (row Row, said []Verdict, err error) {
	if err := b.index(); err != nil {
		return row, nil, err
	}
	if said, err = Why(b.dir, id); err != nil {
		return row, nil, err
	}
	n := -1
	if err := linesOf(filepath.Join(b.dir, "00-load", headsFile), id, func(d *decision) {
		if n < 0 { // of equal questions the first
			n = d.N
		}
	}); err != nil || n < 0 { // a row that could not be read has a verdict and no texts
		row.ID = id
		return row, said, err
	}
	path := filepath.Join(b.dir, "00-load", fmt.Sprintf("rows-%05d.jsonl.zst", n/shardRows))
	f, err := os.Open(path)
	if err != nil {
		return row, said, fmt.Errorf("read row %s: %w", id, err)
	}
	defer f.Close()
	z, err := zstd.NewReader(f, zstd.WithDecoderConcurrency(1))
	if err != nil {
		return row, said, fmt.Errorf("read %s: %w", path, err)
	}
	defer z.Close()
	in := bufio.NewReaderSize(z, 1<<20)
	for i := range n%shardRows + 1 {
		if i%256 == 0 && ctx.Err() != nil {
			return row, said, ctx.Err()
		}
		line, err := in.ReadBytes('\n')
		if err != nil {
			return row, said, fmt.Errorf("read row %s in %s: %w", id, path, err)
		}
		if i == n%shardRows {
			if err := json.Unmarshal(line, &row); err != nil || row.ID != id {
				return row, said, fmt.Errorf("read row %s in %s: it has row %q there (%v)", id, path, row.ID, err) //nolint:errorlint // for people
			}
			return row, said, nil
		}
	}
	return row, said, nil
}

// Bin is a class of a histogram: how many of the loaded rows are in it, and how many of those that are left.
type Bin struct {
	Name          string
	Before, After int
}

// Shape counts domains, the most frequent first and at most most of them, and lengths by doublings. The length of a row is
// what the recipe's selection goes by.
func (b *Browser) Shape(ctx context.Context, s Select, most int) (domains, lengths []Bin, err error) {
	if err := b.index(); err != nil {
		return nil, nil, err
	}
	count := newShape()
	err = b.lines(ctx, lineFile{stage: "load", path: filepath.Join(b.dir, "00-load", headsFile), heads: true}, 0, func(_ *decision, h *head, _ int64) (bool, error) {
		left := h.N < len(b.fates) && b.fates[h.N].stage == 0
		count.add(word(&h.Row, "domain"), s.length(&h.Row), left)
		return true, nil
	})
	if err != nil {
		return nil, nil, err
	}
	return count.domainBins(most), count.lengthBins(), nil
}

// ReadRecipe is the recipe that a run's folder was made by.
func ReadRecipe(dir string) (r Recipe, err error) {
	text, err := os.ReadFile(filepath.Join(dir, recipeFile))
	if err != nil {
		return r, fmt.Errorf("%s holds no curation: %w", dir, err)
	}
	if err := json.Unmarshal(text, &r); err != nil {
		return r, fmt.Errorf("read %s: %w", filepath.Join(dir, recipeFile), err)
	}
	return r, r.Validate()
}

// Counts are those of the finished stages of a run's folder, in order, and whether its rows were exported.
func Counts(dir string) (counts []Count, exported bool, err error) {
	names, err := StageDirs(dir)
	if err != nil {
		return nil, false, err
	}
	for _, n := range names {
		var c Count
		text, err := os.ReadFile(filepath.Join(dir, n, countsFile))
		if err == nil {
			err = json.Unmarshal(text, &c)
		}
		if err != nil {
			return nil, false, fmt.Errorf("read the counts of %s: %w", n, err)
		}
		counts = append(counts, c)
	}
	_, err = os.Stat(filepath.Join(dir, exportDir, doneFile))
	return counts, err == nil, nil
}

// LastEvent is the newest line of a run's events, and whether there is one.
func LastEvent(dir string) (e Event, ok bool) {
	const tail = 16 << 10
	f, err := os.Open(filepath.Join(dir, eventsFile))
	if err != nil {
		return e, false
	}
	defer f.Close()
	end, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		return e, false
	}
	text := make([]byte, min(end, tail))
	if _, err := f.ReadAt(text, end-int64(len(text))); err != nil && !errors.Is(err, io.EOF) {
		return e, false
	}
	text = text[:bytes.LastIndexByte(text, '\n')+1] // what is behind it is being written
	lines := bytes.Split(bytes.TrimSpace(text), []byte("\n"))
	return e, json.Unmarshal(lines[len(lines)-1], &e) == nil
}
