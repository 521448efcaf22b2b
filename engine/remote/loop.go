package remote

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"s1/engine/think"
	"s1/engine/trace"
)

// loop asks the machine what comes next, and gets it from the server or feeds it. Whatever ends ctx stops the branch, which
// keeps what it has.
func (b *branch) loop(ctx context.Context) {
	b.log.Append(trace.Event{Kind: trace.EventState, State: trace.StateReading})
	for {
		for _, c := range b.commands() {
			if err := b.apply(c); err != nil {
				b.notice("%v", err)
			}
		}
		if ctx.Err() != nil {
			_ = b.apply(trace.Command{Kind: trace.CommandStop}) // the machine may have ended: then it has
		}
		b.notices()
		if b.tokens > b.branch.At || b.machine.State() != trace.StateThinking {
			b.sayState()
		}
		switch a := b.machine.Next(); a.Kind {
		case think.End:
			b.finish(nil)
			return
		case think.Hold:
			select {
			case <-b.wake:
			case <-ctx.Done():
			}
		case think.Rewind:
			b.rewind(a.N)
		case think.Feed:
			if err := b.feed(a); err != nil {
				b.end(err)
				return
			}
		case think.Sample:
			if !b.beat(ctx) {
				continue
			}
			if err := b.sample(ctx, a); err != nil {
				b.end(err)
				return
			}
		}
	}
}

// errEnded ends a branch that cannot go on, without being an error.
var errEnded = errors.New("the branch cannot go on")

func (b *branch) end(err error) {
	if errors.Is(err, errEnded) {
		err = nil
	}
	b.finish(err)
}

// beat waits for the pace. false: a command came, or the end.
func (b *branch) beat(ctx context.Context) bool {
	n := b.pace.Load()
	wait := time.Until(b.due)
	if n <= 0 || wait <= 0 {
		return true
	}
	t := time.NewTimer(wait)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-b.wake:
	case <-ctx.Done():
	}
	return false
}

// feed appends an id that the machine chose. The stream, if there is one, does not know of it: another one goes on from there.
// What opens a thought that the server opens by itself stands already.
func (b *branch) feed(a think.Action) error {
	own := b.tokens < b.open
	if !own && !b.steers {
		b.cut = b.cut || !b.machineSaid()
		return errEnded
	}
	if !own {
		b.dropStream()
	}
	piece := b.run.v.Piece(a.ID)
	if !a.Shadow {
		b.append(trace.Token{
			ID: a.ID, Phase: a.Phase, Origin: a.Origin, Counted: a.Counted, Wished: a.Wished,
			Logprob: nan, Entropy: nan, EndProb: nan,
		}, piece)
	} else {
		b.ids = append(b.ids, a.ID)
		b.text.Write(piece)
	}
	b.machine.Fed(unknown())
	return nil
}

// machineSaid says whether anything of an answer came.
func (b *branch) machineSaid() bool { return b.machine.Receipt().AnswerTokens > 0 }

// rewind drops shadow tokens.
func (b *branch) rewind(n int) {
	b.dropStream()
	b.ids = b.ids[:len(b.ids)-n]
	b.text.Reset()
	for _, id := range b.ids {
		b.text.Write(b.run.v.Piece(id))
	}
	b.machine.Rewound()
}

// sample takes one token from the server.
func (b *branch) sample(ctx context.Context, a think.Action) error {
	if b.src != nil && b.run.route == RouteIDs && !slices.Equal(b.src.mask, a.Mask) {
		b.dropStream() // what may not come has changed
	}
	if b.src == nil {
		b.src = b.connect(ctx, a.Mask)
	}
	if len(b.src.queue) == 0 {
		if done, err := b.receive(ctx); done || err != nil {
			return err
		}
	}
	if len(b.src.queue) == 0 {
		return b.src.lost
	}
	d := b.src.queue[0]
	b.src.queue = b.src.queue[1:]
	if len(b.src.again) > 0 {
		b.repeated(d)
		return nil
	}
	if d.end != "" {
		return b.serverEnded(d.end)
	}
	b.take(d, a)
	return nil
}

// receive waits for what comes first: a piece, the end of the stream, a command. done says that there is nothing to take yet.
func (b *branch) receive(ctx context.Context) (done bool, err error) {
	began := time.Now()
	defer func() { b.busy += time.Since(began) }()
	s := b.src
	select {
	case p, ok := <-s.stream.pieces:
		if ok {
			s.push(p)
			return false, nil
		}
	case <-b.wake:
		return true, nil
	case <-ctx.Done():
		return true, nil
	}
	if u := s.stream.usage; u.Prompt > 0 && b.prompt == 0 {
		b.prompt = u.Prompt
	}
	if s.stream.err == nil {
		s.ended(s.stream.finish)
		return false, nil
	}
	if ctx.Err() != nil {
		return true, nil
	}
	return true, b.broken(ctx, s.stream.err)
}

// broken goes on from what stands after a stream that broke off, where that can be done.
func (b *branch) broken(ctx context.Context, err error) error {
	began := b.src.count > 0
	b.repeat = b.repeatable(b.src)
	b.dropStream()
	var f *Failure
	switch {
	case !errors.As(err, &f) || !f.again || !began: // before the first piece the stream itself has tried again
		return err
	case !b.steers:
		return fmt.Errorf("%w; %s begins every answer anew, so it cannot be gone on from", err, b.m.word())
	case b.fails >= b.m.c.o.Retries:
		return err
	}
	b.fails++
	b.broke = b.took
	b.notice("%v: going on from what came (try %d of %d)", err, b.fails, b.m.c.o.Retries)
	if b.m.c.o.Sleep(ctx, b.m.c.pause(b.fails, f.after)) != nil {
		return nil // the loop sees the end of ctx
	}
	return nil
}

// take hands a drawn token to the machine.
func (b *branch) take(d drawn, a think.Action) {
	if slices.Contains(a.Mask, d.id) {
		b.unforbidden()
		return
	}
	v := b.machine.Took(d.id, d.sig)
	if !v.Accepted {
		b.dropStream() // it goes on from a token that does not stand here
		return
	}
	b.took++
	if b.took-b.broke >= progress {
		b.fails = 0
	}
	if n := b.pace.Load(); n > 0 {
		now := time.Now()
		if b.due = b.due.Add(time.Second / time.Duration(n)); b.due.Before(now) {
			b.due = now.Add(time.Second / time.Duration(n))
		}
	}
	if v.Shadow {
		b.ids = append(b.ids, d.id)
		b.text.Write(d.bytes)
		return
	}
	b.append(trace.Token{
		ID: d.id, Phase: v.Phase, Origin: trace.OriginSampled, Counted: v.Counted, Wished: v.Wished,
		Logprob: d.sig.Logprob, Entropy: d.sig.Entropy, EndProb: d.sig.EndProb, EndRank: d.sig.EndRank, Top: d.top,
	}, d.bytes)
}

// unforbidden: what the machine does not allow has come, from a server that can be forbidden nothing. In an answer a tag
// is left out. A thought that ends again right after a Wait is let go.
func (b *branch) unforbidden() {
	if b.machine.State() != trace.StateThinking {
		return
	}
	b.quick = true
	b.notice("the model ended its thought again right after the Wait, and this server cannot be told not to: the thought closes")
	if _, err := b.machine.Command(trace.Command{Kind: trace.CommandAnswerNow}); err != nil {
		b.notice("%v", err)
	}
}

// serverEnded takes the server's own end of a stream.
func (b *branch) serverEnded(why string) error {
	s := b.src
	switch why {
	case "stop", "eos", "end_turn", "stop_sequence":
		eos := b.run.v.EndIDs()[0]
		if slices.Contains(b.machine.Next().Mask, eos) {
			b.unforbidden()
		} else {
			b.machine.Took(eos, unknown())
		}
		b.dropStream()
		return nil
	case "length", "max_tokens":
		b.dropStream()
		if n := s.stream.usage.Completion; s.most > 0 && s.count > 0 && (n == 0 || n >= s.most) && b.steers {
			return nil // it was our own limit
		}
		b.cut = true
		if b.machine.State() == trace.StateThinking && b.steers && s.count > 0 {
			b.notice("the server stopped at a limit of its own inside the thought: it closes here")
			_, err := b.machine.Command(trace.Command{Kind: trace.CommandAnswerNow})
			return err
		}
		return errEnded
	}
	return &Failure{Doing: "POST " + b.m.at.Base, Says: fmt.Sprintf("the server ended the answer with finish_reason %q", why)}
}

// connect opens a stream that goes on from what stands.
func (b *branch) connect(ctx context.Context, mask []int32) *source {
	m, r := b.m, b.run
	thinking := b.machine.State() == trace.StateThinking
	q := &request{
		route: r.route, system: r.System, question: r.Prompt, rendered: r.Rendered, prompt: r.PromptIDs,
		ids: b.ids, sampling: b.sampling, mask: mask, prefix: b.text.String(), most: b.most(mask, thinking),
	}
	from, text := len(b.ids), b.text.Len()
	if b.repeat != nil {
		from, text = b.repeat.from, b.repeat.bytes
		q.ids, q.prefix = b.ids[:from], q.prefix[:text]
		if q.most > 0 {
			q.most += len(b.ids) - from
		}
	}
	src := &source{v: r.v, endID: r.format.EndID(), mask: slices.Clone(mask), most: q.most, chat: r.route == RouteChat, thinking: thinking}
	src.from, src.bytes, src.again = from, text, b.ids[from:len(b.ids):len(b.ids)]
	b.repeat = nil
	src.cutter.tags = nil
	if w, ok := r.v.(*words); ok {
		src.cutter.tags = w.specials
	}
	if src.chat && b.tokens <= b.open && thinking {
		q.prefix, src.fresh = "", true
		if len(r.format.Start) > 0 {
			src.start = strings.TrimSpace(string(r.v.Piece(r.format.Start[0])))
		}
	}
	if src.chat && q.prefix == "" && r.format.Thinks() {
		q.fields = m.probe.native(b.asked, b.steers)
	}
	if m.probe.echo {
		src.echo = q.prefix
	}
	path, body := m.body(q)
	src.stream = m.c.open(ctx, path, body)
	return src
}

// most is how many tokens to ask for: no more than the budget leaves, so that a server does not go on for nobody.
func (b *branch) most(mask []int32, thinking bool) int {
	if !b.steers {
		if b.asked.AnswerCap >= 0 && !b.run.format.Thinks() {
			return b.asked.AnswerCap
		}
		return 0
	}
	if thinking && len(mask) > 0 && b.run.route == RouteIDs {
		return 1 // what is forbidden right after a Wait is allowed again one token later
	}
	now, spent := b.machine.Budget(), b.machine.Receipt()
	answer := now.AnswerCap
	if !thinking && answer >= 0 {
		return max(1, answer-spent.AnswerTokens)
	}
	if thinking && now.Cap >= 0 {
		if answer < 0 {
			answer = answerRoom
		}
		return max(1, now.Cap-spent.ThinkingTokens) + answer
	}
	if b.run.route == RouteChat {
		return 0
	}
	if n := b.m.probe.Context - len(b.run.PromptIDs) - len(b.ids); b.run.route == RouteIDs && n > 0 {
		return n
	}
	return partTokens
}

const (
	progress   = 16   // tokens after a break that make it forgotten: a server that breaks after every token is given up
	answerRoom = 256  // tokens asked for beyond a cap: a thought may end before it
	partTokens = 4096 // of a part, on routes whose servers would otherwise stop after 16
)
