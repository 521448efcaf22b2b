package remote

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
)

// stream is one generation that a server sends. A goroutine reads it and is held back by whoever takes the pieces.
type stream struct {
	pieces chan piece
	cancel context.CancelCauseFunc
	done   chan struct{} // closed when the goroutine has ended

	// Valid once pieces is closed.
	finish string // why the server ended it; "" with err
	usage  usage
	err    error
	first  time.Duration // until the first piece
}

// errDropped ends a stream that nobody wants any more.
var errDropped = errors.New("the stream was dropped")

// open sends a request whose answer is a stream. What fails before the first piece is tried again.
func (c *client) open(ctx context.Context, path string, body map[string]any) *stream {
	ctx, cancel := context.WithCancelCause(ctx)
	s := &stream{pieces: make(chan piece, 16), cancel: cancel, done: make(chan struct{})}
	go func() {
		defer close(s.done)
		defer close(s.pieces)
		defer cancel(nil)
		began := time.Now()
		for try := 0; ; try++ {
			came, err := s.read(ctx, c, path, body, began)
			s.err = err
			var f *Failure
			if err == nil || came || ctx.Err() != nil || !errors.As(err, &f) || !f.again || try >= c.o.Retries {
				return
			}
			if err := c.o.Sleep(ctx, c.pause(try, f.after)); err != nil {
				return
			}
		}
	}()
	return s
}

// drop ends the stream and waits until nothing more is read for it.
func (s *stream) drop() {
	s.cancel(errDropped)
	for range s.pieces {
	}
	<-s.done
}

// reading is one answer on its way.
type reading struct {
	*stream
	c      *client
	ctx    context.Context // of this answer; its cause says why it was given up
	giveUp context.CancelCauseFunc
	doing  string // for errors
	began  time.Time
	watch  *time.Timer // gives up where nothing comes

	came   bool   // pieces of it have been handed on
	total  int    // bytes of text
	finish string // why it ends, once that has come
}

func (r *reading) fail(again bool, format string, args ...any) error {
	return &Failure{Doing: r.doing, Says: r.c.secret(fmt.Sprintf(format, args...)), again: again}
}

// late gives the answer up after a while, unless the timer is stopped.
func (r *reading) late(what string, d time.Duration) *time.Timer {
	return time.AfterFunc(d, func() { r.giveUp(r.fail(true, "%s for %v", what, d)) })
}

// read takes one answer to its end. came says that pieces of it have been handed on.
func (s *stream) read(ctx context.Context, c *client, path string, body map[string]any, began time.Time) (came bool, err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	r := &reading{stream: s, c: c, ctx: ctx, giveUp: cancel, doing: "POST " + c.at.Base + path, began: began}
	free, err := c.slot(ctx) // before the watch: waiting for one's turn is no fault of the server's
	if err != nil {
		return false, err
	}
	r.watch = r.late("nothing came", c.o.FirstByte)
	defer func() { r.watch.Stop() }()
	resp, release, err := c.send(ctx, free, "POST", c.at.Base+path, body)
	if err != nil {
		if cause := context.Cause(ctx); cause != nil {
			err = cause
		}
		return false, err
	}
	defer release()
	if t := contentType(resp); t != "text/event-stream" {
		return false, r.fail(false, "a stream was asked for and %s came: %s", t, errorText(resp.Body))
	}
	for ev := newEvents(resp.Body); ; {
		data, err := ev.next()
		if err != nil {
			return r.came, r.ended(err)
		}
		if strings.TrimSpace(string(data)) == "[DONE]" {
			if r.finish == "" {
				return r.came, r.fail(true, "the answer ended without a reason")
			}
			s.finish = r.finish
			return r.came, nil
		}
		if err := r.chunk(data); err != nil {
			return r.came, err
		}
	}
}

// ended says what the end of the events means.
func (r *reading) ended(err error) error {
	switch {
	case context.Cause(r.ctx) != nil:
		return context.Cause(r.ctx)
	case errors.Is(err, io.EOF) && r.finish != "": // [DONE] is often missing
		r.stream.finish = r.finish
		return nil
	case errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF):
		return r.fail(true, "the connection ended in the middle of the answer, after %d bytes of text", r.total)
	case errors.Is(err, errTooLong):
		return r.fail(false, "%v", err)
	}
	return r.c.failure(r.doing, err)
}

// chunk hands on what one event brings.
func (r *reading) chunk(data []byte) error {
	ch, err := decodeChunk(data)
	if err != nil {
		return r.fail(true, "%v", err)
	}
	if ch.Usage != nil {
		r.usage = *ch.Usage
	}
	for i := range ch.Choices {
		if ch.Choices[i].Index != 0 {
			continue
		}
		for _, p := range ch.Choices[i].pieces() {
			if err := r.deliver(p); err != nil {
				return err
			}
		}
		if f := ch.Choices[i].Finish; f != nil && *f != "" {
			r.finish = *f
		}
	}
	return nil
}

// deliver waits until somebody takes the piece.
func (r *reading) deliver(p piece) error {
	if r.total += len(p.bytes); r.total > maxTotal {
		return r.fail(false, "the answer has over %d bytes", maxTotal)
	}
	if !r.came {
		r.first = time.Since(r.began)
	}
	r.came = true
	r.watch.Stop() // whoever takes the pieces may pause for as long as it likes
	select {
	case r.pieces <- p:
	case <-r.ctx.Done():
		return context.Cause(r.ctx)
	}
	r.watch = r.late("the stream stood still", r.c.o.Idle)
	return nil
}
