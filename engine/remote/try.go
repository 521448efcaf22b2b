package remote

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"

	"s1/engine/think"
)

// tokenizer finds out whether texts can be encoded on the server, and in whose form.
func (p *Probe) tokenizer(ctx context.Context, c *client) error {
	for _, kind := range []tokenizeKind{tokenizeLlama, tokenizeVLLM} {
		v := newServed(quiet(c), p.name, kind)
		if ids, err := v.tokenize("one two", false, false); err == nil && len(ids) > 0 {
			v.c = c
			p.kind, p.v = kind, v
			break
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
	}
	if p.v == nil {
		return nil
	}
	p.v.ends = p.endIDs(ctx, c)
	return nil
}

// turnEnds are the special tokens that end a turn in the families that are met.
var turnEnds = []string{"<|im_end|>", "<|eot_id|>", "<|end|>", "<|return|>", "<end_of_turn>", "<｜end▁of▁sentence｜>", "<|endoftext|>", "</s>"}

func (p *Probe) endIDs(ctx context.Context, c *client) []int32 {
	var props struct {
		EOS string `json:"eos_token"`
	}
	_ = quiet(c).json(ctx, "GET", c.at.root()+"/props", nil, &props) // without it the usual ones are looked for
	var ends []int32
	for _, s := range append([]string{props.EOS}, turnEnds...) {
		if s == "" {
			continue
		}
		if id, ok := p.v.ID(s); ok {
			ends = append(ends, id)
		}
	}
	return ends
}

// render makes a prompt as the server's template does.
func (p *Probe) render(ctx context.Context, c *client, route Route, system, question, format string) (text string, ids []int32, err error) {
	messages := []map[string]string{}
	if system != "" {
		messages = append(messages, map[string]string{"role": "system", "content": system})
	}
	messages = append(messages, map[string]string{"role": "user", "content": question})
	if p.kind == tokenizeVLLM {
		body := map[string]any{"model": p.name, "messages": messages, "add_generation_prompt": true}
		if format == think.None {
			body["chat_template_kwargs"] = map[string]any{"enable_thinking": false}
		}
		var a struct {
			Tokens []int32 `json:"tokens"`
		}
		if err := c.json(ctx, "POST", c.at.root()+"/tokenize", body, &a); err != nil {
			return "", nil, err
		}
		if len(a.Tokens) == 0 {
			return "", nil, errors.New("the server makes no tokens of the messages")
		}
		return "", a.Tokens, nil
	}
	body := map[string]any{"messages": messages}
	if format == think.None {
		body["chat_template_kwargs"] = map[string]any{"enable_thinking": false}
	}
	var a struct {
		Prompt string `json:"prompt"`
	}
	if err := c.json(ctx, "POST", c.at.root()+"/apply-template", body, &a); err != nil {
		return "", nil, err
	}
	if a.Prompt == "" {
		return "", nil, errors.New("the server's template makes nothing of the messages")
	}
	if route == RouteText {
		return a.Prompt, nil, nil
	}
	ids, err = p.v.tokenize(a.Prompt, true, true)
	return a.Prompt, ids, err
}

// tryIDs finds out whether /v1/completions takes ids, tells ids, and is given the prompt that the chat route makes; and
// whether it goes on from a text.
func (p *Probe) tryIDs(ctx context.Context, c *client) error {
	if p.v == nil || len(p.v.ends) == 0 {
		p.IDs.Why = "the server encodes no texts (/tokenize), so a prompt cannot be made in ids"
		p.Text.Why = "the server's template cannot be had, so a prompt cannot be made"
		return nil
	}
	q := quiet(c)
	rendered, ids, err := p.render(ctx, q, RouteIDs, "", probeQuestion, "")
	if err != nil {
		p.IDs.Why = fmt.Sprintf("a prompt cannot be made: %v", err)
		p.Text.Why = p.IDs.Why
		return ctx.Err()
	}
	p.TemplateSHA256 = fmt.Sprintf("%x", sha256.Sum256(fmt.Append(nil, rendered, ids)))
	prefix, err := p.v.Encode(probePrefix, false)
	if err != nil {
		p.IDs.Why = err.Error()
		return ctx.Err()
	}
	countText, count, err := p.render(ctx, q, RouteIDs, "", probeCount, "")
	if err != nil {
		p.IDs.Why = err.Error()
		return ctx.Err()
	}
	got, err := p.ask(ctx, q, &request{route: RouteIDs, prompt: count, ids: prefix, most: 4}, nil)
	known := len(got.pieces) > 0
	for _, x := range got.pieces {
		known = known && (x.known || len(x.ids) > 0)
	}
	switch {
	case err != nil:
		p.IDs.Why = fmt.Sprintf("ids as a prompt are refused: %v", err)
	case !known:
		p.IDs.Why = "ids as a prompt are taken, but the ids of the answer are not told"
	case got.usage.Prompt > 0 && got.usage.Prompt != len(count)+len(prefix):
		p.IDs.Why = fmt.Sprintf("a prompt of %d ids became %d tokens", len(count)+len(prefix), got.usage.Prompt)
	case !strings.HasPrefix(strings.TrimSpace(got.content), probeNext):
		p.IDs.Why = fmt.Sprintf("after %q came %.20q", probePrefix, got.content)
	case p.chatPrompt > 0 && p.chatPrompt != len(ids):
		p.IDs.Why = fmt.Sprintf("the chat route makes %d tokens of a question and the template %d", p.chatPrompt, len(ids))
	default:
		p.IDs.Badge = Exact
		p.IDs.Why = "a prompt of ids is taken as it is, every id of the answer is told, and a count goes on where it stopped"
	}
	if rendered == "" {
		p.Text.Why = "the server tells its prompts in ids alone"
		return ctx.Err()
	}
	got, err = p.ask(ctx, q, &request{route: RouteText, rendered: countText, prefix: probePrefix, most: 4}, nil)
	switch {
	case err != nil:
		p.Text.Why = fmt.Sprintf("refused: %v", err)
	case !strings.HasPrefix(strings.TrimSpace(got.content), probeNext):
		p.Text.Why = fmt.Sprintf("after %q came %.20q", probePrefix, got.content)
	default:
		p.Text.Badge, p.Text.Why = Emulated, "a count goes on where it stopped; the text is encoded anew at every join"
	}
	return ctx.Err()
}

// tryGoOn finds out whether the chat route goes on from the last message, or begins anew.
func (p *Probe) tryGoOn(ctx context.Context, c *client) error {
	plain := map[string]any{"continue_final_message": true, "add_generation_prompt": false}
	still := map[string]any{
		"continue_final_message": true, "add_generation_prompt": false, "chat_template_kwargs": map[string]any{"enable_thinking": false},
	}
	ways := []map[string]any{plain, still, {}}
	if !p.Thinks {
		ways = []map[string]any{plain, {}}
	}
	for _, fields := range ways {
		p.goOn = fields
		got, err := p.ask(ctx, quiet(c), &request{route: RouteChat, question: probeCount, prefix: probePrefix, most: probeShort}, nil)
		text := strings.TrimSpace(got.content + got.thought)
		echoed := strings.HasPrefix(text, probePrefix)
		if echoed {
			text = strings.TrimSpace(text[len(probePrefix):])
		}
		switch {
		case err != nil:
			p.GoOn.Why = fmt.Sprintf("refused: %v", err)
		case strings.HasPrefix(text, probeNext):
			p.echo = echoed
			p.GoOn.Badge, p.GoOn.Why = Emulated, "a count goes on where it stopped; the text is encoded anew at every join"
			return nil
		default:
			p.GoOn.Why = fmt.Sprintf("after %q came %.20q", probePrefix, got.content+got.thought)
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
	}
	p.goOn = nil
	return nil
}

// tryNative finds out whether a budget of the server's own has an effect: a thought that went on without it must end with it.
func (p *Probe) tryNative(ctx context.Context, c *client) error {
	if !p.Thinks {
		return nil
	}
	long := &request{route: RouteChat, question: probeQuestion, most: probeLong}
	free, err := p.ask(ctx, quiet(c), long, nil)
	if err != nil {
		p.Native.Why = fmt.Sprintf("not tried: %v", err)
		return ctx.Err()
	}
	before, ended := p.thoughtOf(free)
	if ended || before <= probeBudget+overrun {
		p.Native.Badge, p.Native.Why = Hint, fmt.Sprintf("the thought of the probe ended after %d deltas by itself, so nothing could be seen of a limit of %d", before, probeBudget)
		return nil
	}
	for _, field := range nativeFields {
		got, err := p.ask(ctx, quiet(c), long, map[string]any{field: probeBudget})
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err != nil {
			p.Native.Why = fmt.Sprintf("%s is refused: %v", field, err)
			continue
		}
		if n, ended := p.thoughtOf(got); ended && n <= probeBudget+overrun {
			p.nativeField = field
			p.Native.Badge, p.Native.Why = Exact, fmt.Sprintf("%s %d ended a thought after %d deltas that had gone on past %d without it", field, probeBudget, n, before)
			return nil
		}
		p.Native.Why = fmt.Sprintf("%v are taken and change nothing: a thought went on past %d deltas under a limit of %d", nativeFields, before, probeBudget)
	}
	return nil
}

// thoughtOf is how many deltas of thought came, and whether the thought ended within the answer.
func (p *Probe) thoughtOf(got seen) (n int, ended bool) {
	if got.thoughts > 0 {
		return got.thoughts, strings.TrimSpace(got.content) != ""
	}
	tags := think.Specials(p.Format)
	if len(tags) < 2 {
		return 0, false
	}
	text := ""
	for i, x := range got.pieces {
		if text += string(x.bytes); strings.Contains(text, tags[1]) {
			return i, true
		}
	}
	return len(got.pieces), false
}
