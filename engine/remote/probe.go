package remote

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"path"
	"slices"
	"strings"

	"s1/engine/think"
	"s1/engine/trace"
)

// Badge says how a budget is kept.
type Badge string

const (
	Exact    Badge = "exact"    // by ids, or by the server itself as was seen from what came
	Emulated Badge = "emulated" // the stream is stopped at the cap and gone on from as text; counts are of deltas
	Hint     Badge = "hint"     // asked for, and nothing is known of the effect
	Ignored  Badge = "ignored"  // asked for in the probe without an effect, or there is nothing to ask for
)

// Ability is one thing that a server can do, and how that is known.
type Ability struct {
	Name  string
	Badge Badge
	Why   string
}

// Probe is what was found out about a model of a server, by what came back.
type Probe struct {
	Name     string // as it is shown; a name that is a path is only its end
	Server   string // what it says it is, "" = nothing
	Format   string // think format that auto means
	Thinks   bool   // it was seen to think by itself on the chat route
	Thinking string // how its thoughts come
	Logprobs bool   // it tells log-probabilities
	Context  int    // tokens, 0 = unknown
	Vocab    int    // 0 = unknown
	Default  trace.Sampling
	// TemplateSHA256 is of the prompt that the server's template makes of a question of the probe, in ids where it tells them;
	// "" = unknown. Two servers with different ones have not the same model.
	TemplateSHA256 string

	Route Route
	Badge Badge // of a cap on that route

	IDs, Text, GoOn, Native Ability

	name        string // as the server wants it
	kind        tokenizeKind
	v           *served
	goOn        map[string]any // fields that make the chat route go on from the last message; nil = it cannot
	echo        bool           // it says that message again before it goes on
	nativeField string
	chatPrompt  int // tokens of the prompt that the chat route made of the first question
}

// CannotSteer says why nothing can be put into a running thought, "" where it can.
func (p *Probe) CannotSteer() string {
	if p.Route != RouteChat || p.goOn != nil {
		return ""
	}
	return p.GoOn.Why
}

// Abilities lists what was tried.
func (p *Probe) Abilities() []Ability { return []Ability{p.IDs, p.Text, p.GoOn, p.Native} }

// The questions of the probe: one that makes a reasoning model think for a while, one whose continuation is known.
const (
	probeQuestion = "How many times does the letter e occur in the sentence: The three bees were never seen there?"
	probeCount    = "Count from 1 to 12. Write only the numbers with commas."
	probePrefix   = "1, 2, 3, 4, 5, 6,"
	probeNext     = "7"
	probeShort    = 8  // tokens: enough to see whether a thought opens
	probeLong     = 64 // tokens: a thought that is longer than the budget that is tried
	probeBudget   = 16 // tokens
)

func probe(ctx context.Context, c *client) (*Probe, error) {
	p := &Probe{
		IDs:    Ability{Name: string(RouteIDs), Badge: Ignored},
		Text:   Ability{Name: string(RouteText), Badge: Ignored},
		GoOn:   Ability{Name: "chat, stopped and gone on from", Badge: Ignored},
		Native: Ability{Name: "chat, a budget of the server's own", Badge: Ignored, Why: "no thought was seen that it could limit"},
	}
	if err := p.find(ctx, c); err != nil {
		return nil, err
	}
	c.at.Name = p.name
	p.props(ctx, c)
	if err := p.look(ctx, c); err != nil {
		return nil, err
	}
	for _, f := range []func(context.Context, *client) error{p.tokenizer, p.tryIDs, p.tryGoOn, p.tryNative} {
		if err := f(ctx, c); err != nil {
			return nil, err
		}
	}
	if n := c.o.Context; n > 0 && (p.Context <= 0 || n < p.Context) {
		p.Context = n
	}
	return p, p.choose(c.o)
}

// models is the answer of /v1/models.
type models struct {
	Data []struct {
		ID      string   `json:"id"`
		Aliases []string `json:"aliases"`
		OwnedBy string   `json:"owned_by"`
		MaxLen  int      `json:"max_model_len"`
		Meta    struct {
			Context int `json:"n_ctx"`
			Vocab   int `json:"n_vocab"`
		} `json:"meta"`
	} `json:"data"`
}

// List is the names of the models of a server.
func List(ctx context.Context, word string, o Options) ([]string, error) {
	at, err := Parse(word)
	if err != nil {
		return nil, err
	}
	var m models
	if err := newClient(at, o).json(ctx, "GET", at.Base+"/models", nil, &m); err != nil {
		return nil, err
	}
	return m.names(), nil
}

func (m *models) names() []string {
	var names []string
	for _, d := range m.Data {
		names = append(names, short(d.ID))
	}
	return names
}

// short is the name of a model as it is shown: a server that serves a file gives its path.
func short(id string) string {
	if strings.HasPrefix(id, "/") {
		return path.Base(id)
	}
	return id
}

// find chooses the model.
func (p *Probe) find(ctx context.Context, c *client) error {
	var m models
	first := quiet(c)
	first.o.Retries = min(1, c.o.Retries) // whoever mistyped an address should not wait long
	err := first.json(ctx, "GET", c.at.Base+"/models", nil, &m)
	var f *Failure
	if errors.As(err, &f) && f.Status == 404 && c.at.Name != "" { // a server without the list still has the model
		p.Name, p.name = c.at.Name, c.at.Name
		return nil
	}
	if err != nil {
		return err
	}
	names := m.names()
	if c.at.Name == "" && len(names) == 1 {
		c.at.Name = names[0]
	}
	for _, d := range m.Data {
		if d.ID == c.at.Name || short(d.ID) == c.at.Name || slices.Contains(d.Aliases, c.at.Name) {
			p.Name, p.name, p.Server, p.Vocab = short(d.ID), d.ID, d.OwnedBy, d.Meta.Vocab
			p.Context = max(d.MaxLen, d.Meta.Context)
			return nil
		}
	}
	list := strings.Join(names[:min(len(names), 20)], ", ")
	if len(names) > 20 {
		list += fmt.Sprintf(", and %d more", len(names)-20)
	}
	switch {
	case len(names) == 0:
		return fmt.Errorf("%s lists no models", c.at.Base)
	case c.at.Name == "":
		return fmt.Errorf("%s has %d models; name one of them: %s#NAME. They are %s", c.at.Base, len(names), c.at.Base, list)
	}
	return fmt.Errorf("%s has no model %q; it has %s", c.at.Base, c.at.Name, list)
}

// props reads llama.cpp's description of itself.
func (p *Probe) props(ctx context.Context, c *client) {
	p.Default = trace.Sampling{Temperature: 1, TopP: 1} // what the API says of a request that sets neither
	var a struct {
		Settings struct {
			Params struct {
				Temperature   float64 `json:"temperature"`
				TopK          int     `json:"top_k"`
				TopP          float64 `json:"top_p"`
				MinP          float64 `json:"min_p"`
				RepeatPenalty float64 `json:"repeat_penalty"`
			} `json:"params"`
			Context int `json:"n_ctx"`
		} `json:"default_generation_settings"`
	}
	if quiet(c).json(ctx, "GET", c.at.root()+"/props", nil, &a) != nil {
		return // only one kind of server has it
	}
	if n := a.Settings.Context; n > 0 {
		p.Context = n
	}
	if s := a.Settings.Params; s.Temperature > 0 {
		round := func(x float64) float64 { return math.Round(x*1e4) / 1e4 } // they are 32-bit numbers written in full
		p.Default = trace.Sampling{Temperature: round(s.Temperature), TopK: s.TopK, TopP: round(s.TopP), MinP: round(s.MinP), RepeatPenalty: round(s.RepeatPenalty)}
	}
}

// quiet is a client that does not try again: a route that is not there is an answer too.
func quiet(c *client) *client {
	q := &client{at: c.at, o: c.o, http: c.http, slots: c.slots, jitter: rand.New(rand.NewPCG(c.o.Seed, 0x9e11))}
	q.o.Retries = 0
	return q
}

// seen is what came of a short generation.
type seen struct {
	thought, content string
	thoughts         int // pieces in a field for thoughts
	pieces           []piece
	finish           string
	usage            usage
}

// ask carries out one short generation of the probe.
func (p *Probe) ask(ctx context.Context, c *client, q *request, extra map[string]any) (seen, error) {
	m := &Model{at: c.at, c: c, probe: p}
	to, body := m.body(q)
	for k, v := range extra {
		body[k] = v
	}
	s := c.open(ctx, to, body)
	var got seen
	for x := range s.pieces {
		if x.thought {
			got.thought += string(x.bytes)
			got.thoughts++
		} else {
			got.content += string(x.bytes)
		}
		got.pieces = append(got.pieces, x)
		if len(got.pieces) > 4*probeLong { // it does not keep to max_tokens
			s.drop()
			break
		}
	}
	<-s.done
	got.finish, got.usage = s.finish, s.usage
	if errors.Is(s.err, errDropped) {
		return got, nil
	}
	return got, s.err
}

// look asks a question on the chat route and sees what comes. A server that refuses log-probabilities is asked without.
func (p *Probe) look(ctx context.Context, c *client) error {
	p.Logprobs = true
	q := &request{route: RouteChat, question: probeQuestion, most: probeShort}
	got, err := p.ask(ctx, c, q, nil)
	var f *Failure
	if errors.As(err, &f) && f.Status == 400 {
		p.Logprobs = false
		got, err = p.ask(ctx, c, q, nil)
	}
	if err != nil {
		return err
	}
	p.Logprobs = slices.ContainsFunc(got.pieces, func(x piece) bool { return x.logprob == x.logprob })
	p.chatPrompt = got.usage.Prompt
	p.Format, p.Thinking = think.None, "none seen"
	text := strings.TrimSpace(got.content)
	switch {
	case got.thoughts > 0:
		p.Thinks, p.Format, p.Thinking = true, "think", "in a field of their own"
	default:
		for _, name := range []string{"think", "mistral", "gemma", "gpt-oss"} {
			if tag := think.Specials(name)[0]; strings.HasPrefix(text, tag) {
				p.Thinks, p.Format, p.Thinking = true, name, fmt.Sprintf("in the text, after %s", tag)
				break
			}
		}
	}
	return nil
}

// choose takes the best route, or the one that was asked for.
func (p *Probe) choose(o Options) error {
	chat := Ignored
	switch {
	case p.GoOn.Badge == Emulated:
		chat = Emulated
	case p.Native.Badge == Exact:
		chat = Exact
	case p.Thinks && p.Native.Badge == Hint:
		chat = Hint
	}
	ways := []struct {
		route Route
		badge Badge
	}{{RouteIDs, p.IDs.Badge}, {RouteText, p.Text.Badge}, {RouteChat, chat}}
	for _, w := range ways {
		if o.Route == w.route || o.Route == "" && (w.badge != Ignored || w.route == RouteChat) {
			p.Route, p.Badge = w.route, w.badge
			break
		}
	}
	if p.Route == "" {
		return fmt.Errorf("there is no route %q; there are %q, %q and %q", o.Route, RouteIDs, RouteText, RouteChat)
	}
	if p.Route != RouteChat && p.Badge == Ignored {
		return fmt.Errorf("the route %q cannot be used here: ids: %s; text: %s", p.Route, p.IDs.Why, p.Text.Why)
	}
	switch {
	case o.Format != "" && o.Format != "auto":
		p.Format = o.Format
	case p.Route == RouteIDs:
		err := p.v.told(func() error {
			f, err := think.ResolveFormat("auto", p.v, nil)
			if err == nil {
				p.Format = f.Name
			}
			return nil
		})
		if err != nil {
			return fmt.Errorf("find the think format: %w", err)
		}
	}
	return nil
}

// warning is what a user has to know of budgets here, in a sentence.
func (p *Probe) warning() string {
	switch p.Badge {
	case Emulated:
		return "budgets are emulated on this server: the stream is stopped at the cap and gone on from as text, and what is counted are deltas, an estimate of tokens"
	case Hint:
		return "budgets are a hint to this server: it is asked to keep them, and the receipt says what came of it"
	case Ignored:
		return "budgets have no effect on this server: a cap is only compared with what came, and nothing can be put into a running thought"
	}
	return ""
}

// native is the fields that ask a server to keep a budget itself.
func (p *Probe) native(b trace.Budget, steers bool) map[string]any {
	if b.Cap < 0 {
		return nil
	}
	if p.nativeField != "" && b.Waits == 0 {
		return map[string]any{p.nativeField: b.Cap}
	}
	if steers {
		return nil
	}
	fields := map[string]any{}
	for _, f := range nativeFields {
		fields[f] = b.Cap
	}
	if b.Cap == 0 {
		fields["chat_template_kwargs"] = map[string]any{"enable_thinking": false}
	}
	return fields
}

// nativeFields are the names of a native budget: llama.cpp's, vLLM's.
var nativeFields = []string{"thinking_budget_tokens", "thinking_token_budget"}
