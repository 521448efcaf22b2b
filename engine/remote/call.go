package remote

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// Again says whether another try may help.
func (f *Failure) Again() bool { return f.again }

// After is how long the server asked to be left alone; 0 = it did not say.
func (f *Failure) After() time.Duration { return f.after }

// Caller asks a server for whole answers, one try at a time and unprobed: for whoever has a rule of its own for what is
// tried again, when, and what it may cost.
type Caller struct{ c *client }

// Call is one question to the chat route.
type Call struct {
	System, Prompt string
	Most           int // tokens; 0 = the server's own limit
	Temperature    float64
	TopP           float64 // 0 or 1 = off
	Seed           uint64
}

// Called is a whole answer. What came of it before a failure is there as well.
type Called struct {
	Thinking, Text     string
	Finish             string
	Prompt, Completion int  // tokens as the server counts them
	Counted            bool // it told them
	Pieces             int  // that came: about as many tokens
}

// NewCaller makes a caller for the named model of a server. Retries of o are left out.
func NewCaller(word string, o Options) (*Caller, error) {
	at, err := Parse(word)
	if err != nil {
		return nil, err
	}
	if at.Name == "" {
		return nil, fmt.Errorf("server address %s: it names no model; write %s#name", at.Base, at.Base)
	}
	o.Retries = -1
	return &Caller{newClient(at, o)}, nil
}

// Word is the model as it is written in a MODEL.
func (c *Caller) Word() string { return c.c.at.Word() }

// readyIn is how long a server may take over the list of its models.
const readyIn = 20 * time.Second

// Ready asks the server once for the list of its models, to learn whether it is there and takes the key. Any other answer, also a
// refusal of the list, is one of a server that is there.
func (c *Caller) Ready(ctx context.Context) error {
	to := c.c.at.Base + "/models"
	ctx, cancel := context.WithTimeoutCause(ctx, readyIn, &Failure{Doing: "GET " + to, Says: fmt.Sprintf("no answer in %v", readyIn)})
	defer cancel()
	resp, err := c.c.once(ctx, http.MethodGet, to, nil)
	if err == nil {
		return resp.Body.Close()
	}
	if f := (*Failure)(nil); errors.As(err, &f) && f.Status != 0 && f.Status != http.StatusUnauthorized && f.Status != http.StatusForbidden {
		return nil
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

// Call sends one question and reads the answer to its end.
func (c *Caller) Call(ctx context.Context, q Call) (Called, error) {
	messages := []map[string]string{}
	if q.System != "" {
		messages = append(messages, map[string]string{"role": "system", "content": q.System})
	}
	messages = append(messages, map[string]string{"role": "user", "content": q.Prompt})
	body := map[string]any{
		"model": c.c.at.Name, "messages": messages, "stream": true, "stream_options": map[string]any{"include_usage": true},
		"temperature": q.Temperature, "seed": q.Seed & 0x7fffffff,
	}
	if q.Most > 0 {
		body["max_tokens"] = q.Most
	}
	if q.TopP > 0 && q.TopP < 1 {
		body["top_p"] = q.TopP
	}
	s := c.c.open(ctx, "/chat/completions", body)
	defer s.drop()
	var thinking, text strings.Builder
	var a Called
	for p := range s.pieces {
		a.Pieces++
		if p.thought {
			thinking.Write(p.bytes)
		} else {
			text.Write(p.bytes)
		}
	}
	a.Thinking, a.Text, a.Finish = valid(thinking.String()), valid(text.String()), s.finish
	if u := s.usage; u.Prompt > 0 || u.Completion > 0 {
		a.Prompt, a.Completion, a.Counted = u.Prompt, u.Completion, true
	}
	if s.err != nil && ctx.Err() != nil {
		return a, context.Cause(ctx)
	}
	if s.err == nil && a.Pieces == 0 && a.Completion == 0 {
		return a, &Failure{Doing: "POST " + c.c.at.Base + "/chat/completions", Says: "the answer is empty", again: true}
	}
	return a, s.err
}

func valid(s string) string { return strings.ToValidUTF8(s, "\uFFFD") }

// Unbilled says whether a failure came before the server began an answer, so that it cost nothing.
func Unbilled(err error) bool {
	var f *Failure
	return errors.As(err, &f) && f.Status != 0
}
