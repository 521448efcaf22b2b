package curate

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"
)

// journal keeps the decisions of a slow stage as they come. Its first line is the key under which they hold.
type journal struct{ f *os.File }

// openJournal reads what was decided into said. A journal of another key is begun anew; a torn end is cut off.
func openJournal(path, key string, said []*Decision) (*journal, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, onDisk(err, filepath.Dir(path))
	}
	fail := func(err error) (*journal, error) { return nil, errors.Join(onDisk(err, filepath.Dir(path)), f.Close()) }
	size := int64(0)
	for b := bufio.NewReaderSize(f, 256<<10); ; {
		line, err := b.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return fail(err)
		}
		if size == 0 {
			if string(bytes.TrimSpace(line)) != `"`+key+`"` {
				break
			}
		} else {
			var d decision
			if err := json.Unmarshal(line, &d); err != nil {
				return fail(fmt.Errorf("read %s at byte %d: %w", path, size, err))
			}
			if d.N < 0 || d.N >= len(said) {
				return fail(fmt.Errorf("%s names row %d of %d", path, d.N, len(said)))
			}
			said[d.N] = &d.Decision
		}
		size += int64(len(line))
	}
	if err := f.Truncate(size); err != nil {
		return fail(err)
	}
	if _, err := f.Seek(size, io.SeekStart); err != nil {
		return fail(err)
	}
	if size == 0 {
		if _, err := fmt.Fprintf(f, "%q\n", key); err != nil {
			return fail(err)
		}
	}
	return &journal{f}, nil
}

func (j *journal) add(d decision) error {
	b, err := json.Marshal(d)
	if err != nil {
		return err
	}
	_, err = j.f.Write(append(b, '\n'))
	return onDisk(err, filepath.Dir(j.f.Name()))
}

// openEvents opens events.jsonl to append; a torn last line ends here.
func openEvents(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, onDisk(err, filepath.Dir(path))
	}
	end, err := f.Seek(0, io.SeekEnd)
	if err == nil && end > 0 {
		last := []byte{0}
		if _, err = f.ReadAt(last, end-1); err == nil && last[0] != '\n' {
			_, err = f.WriteString("\n")
		}
	}
	if err != nil {
		return nil, errors.Join(onDisk(err, filepath.Dir(path)), f.Close())
	}
	return f, nil
}

const eventEvery = time.Second / 5

// watch says how far a stage is.
type watch struct {
	r       *run
	c       *Count
	decided int
	start   time.Time
	last    time.Time
}

func (r *run) now() time.Time {
	if r.o.Now != nil {
		return r.o.Now()
	}
	return time.Now()
}

func (r *run) watch(c *Count) *watch {
	t := &watch{r: r, c: c, start: r.now()}
	t.last = t.start
	if c.Cached {
		t.decided = c.In
		t.say("cached")
	} else {
		t.say("begin")
	}
	return t
}

// progress counts one decision; the clock is looked at now and then.
func (t *watch) progress() {
	t.decided++
	if t.decided%64 == 0 && t.r.now().Sub(t.last) >= eventEvery {
		t.say("progress")
	}
}

// say writes an event. A full disk is passed over here: the stage's own files are worth more, and say it.
func (t *watch) say(state string) {
	t.last = t.r.now()
	e := Event{Time: t.last, Stage: t.c.Stage, State: state, In: t.c.In, Decided: t.decided, Kept: t.c.Kept, Dropped: t.c.Dropped}
	if state == "end" {
		e.Decided = t.c.In
	}
	if took := t.last.Sub(t.start).Seconds(); took > 0 && !t.c.Cached {
		e.Rate = float64(e.Decided) / took
	}
	if t.r.events != nil {
		if b, err := json.Marshal(e); err == nil {
			_, _ = t.r.events.Write(append(b, '\n'))
		}
	}
	if t.r.o.Event != nil {
		t.r.o.Event(e)
	}
}
