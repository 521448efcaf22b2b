// Package record writes what a terminal shows as an asciicast, version 2, which asciinema and the players on web pages
// open: a header, then one JSON line for each output and each change of size, with its time. Only output is written, never
// what was typed, so that nothing is kept that was not on the screen. It knows bytes and times; it does not know what
// they show.
package record

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync"
	"time"
	"unicode/utf8"
)

// Recorder writes one recording. Every event is handed to the system as it comes, so that a recording is complete up to
// the last event when the program is killed. It is safe for concurrent use.
type Recorder struct {
	mu    sync.Mutex
	file  *os.File
	now   func() time.Time
	begun time.Time
	w, h  int
	half  []byte // the beginning of a character whose end has not come
	err   error  // the first that happened; nothing is written after it
}

// header is the first line. The environment that others put into it (SHELL, TERM) is nobody's business.
type header struct {
	Version   int   `json:"version"`
	Width     int   `json:"width"`
	Height    int   `json:"height"`
	Timestamp int64 `json:"timestamp"`
}

// Create begins a recording of a screen of w by h cells in a new file. An existing file is refused. now is time.Now
// outside tests.
func Create(path string, w, h int, now func() time.Time) (*Recorder, error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return nil, fmt.Errorf("record to %s: the file is there already, and a recording never replaces one", path)
	}
	if err != nil {
		return nil, fmt.Errorf("record: %w", err)
	}
	r := &Recorder{file: f, now: now, begun: now(), w: w, h: h}
	r.line(header{Version: 2, Width: w, Height: h, Timestamp: r.begun.Unix()})
	if r.err != nil {
		return nil, errors.Join(fmt.Errorf("record to %s: %w", path, r.err), f.Close())
	}
	return r, nil
}

// Output records bytes that went to the terminal. A character that is broken over two calls is written as a whole.
func (r *Recorder) Output(p []byte) {
	r.mu.Lock()
	defer r.mu.Unlock()
	p = append(r.half, p...)
	n := whole(p)
	r.half = bytes.Clone(p[n:])
	if n > 0 {
		r.event("o", string(p[:n]))
	}
}

// Resize records a new size of the terminal.
func (r *Recorder) Resize(w, h int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if w != r.w || h != r.h {
		r.w, r.h = w, h
		r.event("r", fmt.Sprintf("%dx%d", w, h))
	}
}

// Close ends the recording and says what could not be written. It may be called twice.
func (r *Recorder) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.file == nil {
		return r.err
	}
	if len(r.half) > 0 {
		r.event("o", string(r.half))
	}
	name := r.file.Name()
	err := r.file.Close()
	r.file = nil
	if r.err = errors.Join(r.err, err); r.err != nil {
		r.err = fmt.Errorf("record to %s: %w", name, r.err)
	}
	return r.err
}

// event writes one line: seconds since the beginning, to the microsecond, what happened, and its text.
func (r *Recorder) event(kind, text string) {
	r.line([]any{r.now().Sub(r.begun).Round(time.Microsecond).Seconds(), kind, text})
}

func (r *Recorder) line(v any) {
	if r.err != nil || r.file == nil {
		return
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if r.err = enc.Encode(v); r.err == nil {
		_, r.err = r.file.Write(b.Bytes())
	}
}

// whole returns how many bytes of p come before a character at its end that has only begun.
func whole(p []byte) int {
	for i := len(p) - 1; i >= 0 && i >= len(p)-utf8.UTFMax; i-- {
		if utf8.RuneStart(p[i]) {
			if utf8.FullRune(p[i:]) {
				return len(p)
			}
			return i
		}
	}
	return len(p)
}
