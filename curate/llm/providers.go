package llm

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"s1/engine/remote"
	"s1/engine/trace"
)

// server is a model of an OpenAI-compatible server, on its chat route: one request, one answer. Thinking and answer share one limit
// there; the engine's own rule (Waits, an exact cap) over a server is remote.Model's, through Local.
type server struct{ c *remote.Caller }

// Server makes a provider of a caller.
func Server(c *remote.Caller) Provider { return server{c} }

// Identity implements Provider. A server does not tell which weights it has.
func (s server) Identity() Identity { return Identity{Provider: "server", Model: s.c.Word()} }

// Ready says whether the server is there, without asking it anything that costs.
func (s server) Ready(ctx context.Context) error { return s.c.Ready(ctx) }

// Generate implements Provider.
func (s server) Generate(ctx context.Context, r Request) (Reply, error) {
	if r.Waits > 0 {
		return Reply{}, errors.New("a request to a server's chat route cannot suppress ends of thinking (waits)")
	}
	a, err := s.c.Call(ctx, remote.Call{
		System: r.System, Prompt: r.Prompt, Most: max(0, r.most()), Temperature: r.Temperature, TopP: r.TopP, Seed: r.seed(),
	})
	reply := Reply{Thinking: a.Thinking, Text: a.Text, Finish: a.Finish, Usage: Usage{Prompt: a.Prompt, Completion: a.Completion}}
	if !a.Counted { // counted upwards, so that a cap holds
		reply.Usage = Usage{Prompt: r.promptBound(), Completion: max(a.Pieces, r.most()), Estimated: true}
	}
	if reply.Thinking == "" {
		if thought, answer, ok := strings.Cut(reply.Text, "</think>"); ok {
			reply.Thinking, reply.Text = strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(thought), "<think>")), strings.TrimSpace(answer)
		}
	}
	return reply, err
}

// seed of a try.
func (r Request) seed() uint64 { return r.Seed + uint64(r.Try)*0x9e3779b9 }

// Live is a branch that runs.
type Live interface {
	Log() *trace.Log
	Run() trace.Run
}

// Thinker is a model under the engine's own budget rule; its methods are those of engine.Model and remote.Model.
type Thinker[L Live] interface {
	Info() trace.ModelInfo
	Ask(ctx context.Context, a trace.Ask) (L, error)
}

type local[L Live] struct {
	m      Thinker[L]
	forget func(run string)
}

// Local makes a provider of an opened model. forget drops a run that has ended; nil = the model keeps none.
func Local[L Live](m Thinker[L], forget func(run string)) Provider { return local[L]{m, forget} }

// Identity implements Provider.
func (l local[L]) Identity() Identity {
	i := l.m.Info()
	return Identity{Provider: "engine", Model: i.Name, SHA256: i.SHA256}
}

// Generate implements Provider.
func (l local[L]) Generate(ctx context.Context, r Request) (Reply, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	live, err := l.m.Ask(ctx, trace.Ask{
		System: r.System, Prompt: r.Prompt, ThinkFormat: r.Format,
		Budget:   trace.Budget{Cap: r.Thinking, AnswerCap: r.Answer, Waits: r.Waits, WaitText: r.WaitText},
		Sampling: trace.Sampling{Temperature: r.Temperature, TopP: r.TopP, Seed: r.seed()},
	})
	if err != nil {
		return Reply{}, err
	}
	<-live.Log().Done()
	if l.forget != nil {
		defer l.forget(live.Run().ID)
	}
	var thinking, text strings.Builder
	var reply Reply
	events, _ := live.Log().Since(0)
	for i := range events {
		switch e := &events[i]; e.Kind {
		case trace.EventToken:
			switch {
			case e.Token.Phase == trace.PhaseAnswer:
				text.WriteString(e.Token.Text)
			case e.Token.Counted:
				thinking.WriteString(e.Token.Text)
			}
		case trace.EventEnd:
			reply.Usage = Usage{Prompt: e.Receipt.PromptTokens, Completion: e.Receipt.ThinkingTokens + e.Receipt.AnswerTokens, Thinking: e.Receipt.ThinkingTokens}
			reply.Finish = string(e.Receipt.Closed) + " " + e.Receipt.Outcome
			err = e.Err
		}
	}
	reply.Thinking, reply.Text = strings.TrimSpace(thinking.String()), strings.TrimSpace(text.String())
	if err == nil && ctx.Err() != nil {
		err = ctx.Err()
	}
	if err != nil {
		err = fmt.Errorf("think about %.40q: %w", r.Prompt, err)
	}
	return reply, err
}
