package app

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"syscall"
	"time"

	"s1/engine/trace"
	"s1/tui/text"
)

// lastWords is how long a branch that was told to stop may take to say how it ended.
const lastWords = 5 * time.Second

// Plain writes branches one after the other as a linear stream, for pipes, dumb terminals and screen readers: what is
// injected or forced is said in words in brackets, a receipt ends each. A reader that has gone away ends it quietly,
// and so does ctx, after the branch was told to stop.
func Plain(ctx context.Context, w io.Writer, same trace.Same, lives ...Live) error {
	out := bufio.NewWriter(w)
	for i, live := range lives {
		if i > 0 {
			fmt.Fprintln(out)
		}
		err := plainOne(ctx, out, same, live)
		if err == nil {
			err = out.Flush()
		}
		if gone(err) {
			live.Send(trace.Command{Kind: trace.CommandStop})
			return nil
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func gone(err error) bool {
	return errors.Is(err, syscall.EPIPE) || errors.Is(err, io.ErrClosedPipe)
}

// plainer is the state of one stream.
type plainer struct {
	out    *bufio.Writer
	phase  trace.Phase
	origin trace.Origin
	spent  int
	pos    int // events of the log that were taken, for who reads it in pieces
	begun  bool
	line   bool // something stands on the current line
	asked  trace.Budget

	expected string // the right answer, "" = unknown
	same     trace.Same
	answer   strings.Builder
}

func plainOne(ctx context.Context, out *bufio.Writer, same trace.Same, live Live) error {
	p := plainer{out: out, same: same, origin: trace.OriginSampled, asked: live.Branch().Budget, expected: live.Run().Expected}
	log, pos, stopped := live.Log(), 0, false
	wait := ctx
	for {
		if err := log.Wait(wait, pos); err != nil {
			if stopped {
				return err
			}
			// Told to stop, the branch still says how it ended; that is waited for.
			live.Send(trace.Command{Kind: trace.CommandStop})
			var cancel context.CancelFunc
			wait, cancel = context.WithTimeout(context.WithoutCancel(ctx), lastWords)
			defer cancel()
			stopped = true
			continue
		}
		events, ended := log.Since(pos)
		pos += len(events)
		for _, e := range events {
			if err := p.event(e); err != nil {
				return err
			}
		}
		if err := out.Flush(); err != nil {
			return err
		}
		if ended {
			return nil
		}
	}
}

func (p *plainer) event(e trace.Event) error {
	switch e.Kind {
	case trace.EventToken:
		p.token(e.Token)
	case trace.EventBudget:
		p.asked = *e.Budget
	case trace.EventNotice:
		p.word("[note: " + oneLine(text.Clean(e.Notice, false)) + "]")
	case trace.EventEnd:
		if e.Err != nil {
			p.newline()
			fmt.Fprintf(p.out, "[error: %s]\n", oneLine(text.Clean(e.Err.Error(), false)))
			return nil
		}
		p.receipt(*e.Receipt)
	}
	return nil
}

func (p *plainer) token(k trace.Token) {
	if k.Phase == trace.PhasePrompt {
		return
	}
	if k.Phase != p.phase {
		p.newline()
		if k.Phase == trace.PhaseAnswer {
			fmt.Fprint(p.out, "[answer]\n")
		} else {
			fmt.Fprint(p.out, "[thinking]\n")
		}
		p.phase, p.line, p.begun = k.Phase, false, false
	}
	if k.Wished {
		p.word("[wished to stop]")
	}
	if k.Origin != p.origin || k.Wished {
		switch {
		case k.Origin == trace.OriginInjected:
			p.word("[yours]")
		case k.Origin == trace.OriginForced && p.asked.Cap >= 0 && p.spent >= p.asked.Cap && p.spent > 0:
			p.word("[cap]")
		case k.Origin == trace.OriginForced && (p.spent > 0 || k.Phase == trace.PhaseAnswer):
			p.word("[forced]")
		}
		p.origin = k.Origin
	}
	if k.Counted {
		p.spent++
	}
	if k.Phase == trace.PhaseAnswer && p.expected != "" {
		p.answer.WriteString(k.Text)
	}
	s := text.Plain(k.Text, false)
	if !p.begun {
		s = strings.TrimLeft(s, " \n")
	}
	if s == "" {
		return
	}
	p.begun = true
	fmt.Fprint(p.out, s)
	p.line = !strings.HasSuffix(s, "\n")
}

// word writes a mark on a line of its own before what it is about.
func (p *plainer) word(s string) {
	p.newline()
	fmt.Fprintf(p.out, "%s ", s)
	p.line = true
}

func (p *plainer) newline() {
	if p.line {
		fmt.Fprintln(p.out)
		p.line = false
	}
}

func (p *plainer) receipt(r trace.Receipt) {
	p.newline()
	limit := "no cap"
	if r.Cap >= 0 {
		limit = fmt.Sprintf("cap %d", r.Cap)
	}
	closed := ""
	if r.Closed != "" { // there was a thought to close
		closed = ", closed " + closedBy(r.Closed)
	}
	fmt.Fprintf(p.out, "[receipt] %d thinking tokens, %s%s, %d of %d waits, %d answer tokens", r.ThinkingTokens, limit,
		closed, r.WaitsDone, max(r.WaitsAsked, r.WaitsDone), r.AnswerTokens)
	if r.TokensPerSecond > 0 {
		fmt.Fprintf(p.out, ", %.1f tokens/s", r.TokensPerSecond)
	}
	if r.Model != "" {
		fmt.Fprintf(p.out, ", %s", text.Clean(r.Model, false))
	}
	if r.Enforcement != "" && r.Enforcement != "exact" {
		fmt.Fprintf(p.out, ", budget %s", text.Clean(r.Enforcement, false))
	}
	if v := p.same.Judge(p.expected, p.answer.String(), &r); v != trace.VerdictNone {
		fmt.Fprintf(p.out, ", %s (expected %s)", v, text.Clean(p.expected, false))
	}
	fmt.Fprintln(p.out)
}
