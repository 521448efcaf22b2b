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

// read takes one answer to its end. came says that pieces of it have been handed on.
func (s *stream) read(ctx context.Context, c *client, path string, body map[string]any, began time.Time) (came bool, err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	doing := "POST " + c.at.Base + path
	free, err := c.slot(ctx) // before the watch: waiting for one's turn is no fault of the server's
	if err != nil {
		return false, err
	}
	late := func(what string, d time.Duration) *time.Timer {
		return time.AfterFunc(d, func() {
			cancel(&Failure{Doing: doing, Says: fmt.Sprintf("%s for %v", what, d), again: true})
		})
	}
	watch := late("nothing came", c.o.FirstByte)
	defer func() { watch.Stop() }()
	resp, release, err := c.send(ctx, free, "POST", c.at.Base+path, body)
	if err != nil {
		if cause := context.Cause(ctx); cause != nil {
			err = cause
		}
		return false, err
	}
	defer release()
	if t := contentType(resp); t != "text/event-stream" {
		return false, &Failure{Doing: doing, Says: fmt.Sprintf("a stream was asked for and %s came: %s", t, c.secret(errorText(resp.Body)))}
	}
	ev := newEvents(resp.Body)
	finish, total := "", 0
	for {
		data, err := ev.next()
		switch {
		case err != nil && context.Cause(ctx) != nil:
			return came, context.Cause(ctx)
		case errors.Is(err, io.EOF) && finish != "": // [DONE] is often missing
			s.finish = finish
			return came, nil
		case errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF):
			return came, &Failure{Doing: doing, Says: fmt.Sprintf("the connection ended in the middle of the answer, after %d bytes of text", total), again: true}
		case errors.Is(err, errTooLong):
			return came, &Failure{Doing: doing, Says: err.Error()}
		case err != nil:
			return came, c.failure(doing, err)
		}
		if strings.TrimSpace(string(data)) == "[DONE]" {
			if finish == "" {
				return came, &Failure{Doing: doing, Says: "the answer ended without a reason", again: true}
			}
			s.finish = finish
			return came, nil
		}
		ch, err := decodeChunk(data)
		if err != nil {
			return came, &Failure{Doing: doing, Says: c.secret(err.Error()), again: true}
		}
		if ch.Usage != nil {
			s.usage = *ch.Usage
		}
		for i := range ch.Choices {
			if ch.Choices[i].Index != 0 {
				continue
			}
			for _, p := range ch.Choices[i].pieces() {
				total += len(p.bytes)
				if total > maxTotal {
					return came, &Failure{Doing: doing, Says: fmt.Sprintf("the answer has over %d bytes", maxTotal)}
				}
				if !came {
					s.first = time.Since(began)
				}
				came = true
				watch.Stop() // whoever takes the pieces may pause for as long as it likes
				select {
				case s.pieces <- p:
				case <-ctx.Done():
					return came, context.Cause(ctx)
				}
				watch = late("the stream stood still", c.o.Idle)
			}
			if f := ch.Choices[i].Finish; f != nil && *f != "" {
				finish = *f
			}
		}
	}
}
