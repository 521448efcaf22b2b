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
type journal struct {
	f    *os.File
	at   []span // by number of the row; none of a row without a decision
	size int64
}

// span is a line in the journal, in bytes.
type span struct {
	from   int64
	length int32
}

const longestDecision = 1 << 30 // bytes

// openJournal finds what was decided of this many rows. A journal of another key is begun anew; a torn end is cut off.
func openJournal(path, key string, rows int) (*journal, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, onDisk(err, filepath.Dir(path))
	}
	fail := func(err error) (*journal, error) { return nil, errors.Join(onDisk(err, filepath.Dir(path)), f.Close()) }
	j := &journal{f: f, at: make([]span, rows)}
	for b := bufio.NewReaderSize(f, 256<<10); ; {
		line, err := b.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return fail(err)
		}
		if j.size == 0 {
			if string(bytes.TrimSpace(line)) != `"`+key+`"` {
				break
			}
			j.size = int64(len(line))
			continue
		}
		n, _, ok := numberOf(line)
		if !ok || !json.Valid(line) {
			return fail(fmt.Errorf("read %s at byte %d: %.60q is no decision", path, j.size, line))
		}
		if n >= rows {
			return fail(fmt.Errorf("%s names row %d of %d", path, n, rows))
		}
		j.note(n, len(line))
	}
	if err := f.Truncate(j.size); err != nil {
		return fail(err)
	}
	if j.size == 0 {
		line := []byte(`"` + key + `"`)
		if err := j.write(line); err != nil {
			return fail(err)
		}
		j.size = int64(len(line)) + 1
	}
	return j, nil
}

func (j *journal) note(n, length int) {
	j.at[n] = span{j.size, int32(length)} //nolint:gosec // at most longestDecision
	j.size += int64(length)
}

func (j *journal) has(n int) bool { return j.at[n].length > 0 }

// decision reads one back.
func (j *journal) decision(n int) (Decision, error) {
	line := make([]byte, j.at[n].length)
	if _, err := j.f.ReadAt(line, j.at[n].from); err != nil {
		return Decision{}, fmt.Errorf("read %s: row %d: %w", j.f.Name(), n, err)
	}
	var d decision
	if err := json.Unmarshal(line, &d); err != nil {
		return Decision{}, fmt.Errorf("read %s: row %d: %w", j.f.Name(), n, err)
	}
	return d.Decision, nil
}

func (j *journal) add(d decision) error {
	b, err := json.Marshal(d)
	if err != nil {
		return err
	}
	if len(b) >= longestDecision {
		return fmt.Errorf("the decision about row %d has %d bytes, at most %d are kept", d.N, len(b), longestDecision)
	}
	if err := j.write(b); err != nil {
		return err
	}
	j.note(d.N, len(b)+1)
	return nil
}

// write puts a line at the end.
func (j *journal) write(b []byte) error {
	_, err := j.f.WriteAt(append(b, '\n'), j.size)
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
	waits   string // for what, "" = it does not wait
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
	if t.waits != "" { // it no longer does
		t.waits = ""
		t.say("progress")
		return
	}
	if t.decided%64 == 0 && t.r.now().Sub(t.last) >= eventEvery {
		t.say("progress")
	}
}

// waiting tells what is waited for; of many rows that wait at once a few are told of.
func (t *watch) waiting(what string) {
	if t.waits != "" && t.r.now().Sub(t.last) < eventEvery {
		return
	}
	t.waits = what
	t.say("waiting")
}

// say writes an event. A full disk is passed over here: the stage's own files are worth more, and say it.
func (t *watch) say(state string) {
	t.last = t.r.now()
	e := Event{Time: t.last, Stage: t.c.Stage, State: state, In: t.c.In, Decided: t.decided, Kept: t.c.Kept, Dropped: t.c.Dropped, Notes: t.c.Notes, Waits: t.waits}
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
