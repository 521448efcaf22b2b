package ask

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"s1/curate"
	"s1/curate/llm"
)

const (
	usualBatch    = 8
	usualThinking = 4096 // tokens
	usualAnswer   = 1024 // tokens
)

// Opener makes a provider of a model word, and says how it is ended.
type Opener func(ctx context.Context, word string, concurrency int) (llm.Provider, func() error, error)

// Plan is what the model stages of a recipe ask, opened: one client a model, one set of books for all.
type Plan struct {
	recipe  curate.Recipe
	batch   int
	books   *llm.Books
	byWord  map[string]*llm.Client
	clients []*llm.Client
	ends    []func() error
	say     func(stage string, f llm.Forecast)

	mu    sync.Mutex
	waits func(string) // of the stage that runs, nil between them
	asked bool         // the models were asked whether they are there
}

// Open opens the models of a recipe. dir is where the replies are kept if the recipe names no folder. say is told what a stage will
// come to at most before it sends anything; o holds what is the same for all clients, as tests set it.
func Open(ctx context.Context, rec curate.Recipe, dir string, open Opener, o llm.Options, say func(stage string, f llm.Forecast)) (_ *Plan, err error) {
	dir = cmp.Or(rec.Ask.Cache, dir)
	p := &Plan{recipe: rec, batch: cmp.Or(rec.Ask.Batch, usualBatch), byWord: map[string]*llm.Client{}, say: say}
	defer func() {
		if err != nil {
			err = errors.Join(err, p.Close())
		}
	}()
	if p.books, err = llm.OpenBooks(dir, llm.Cap{Tokens: rec.Ask.MaxTokens, Cost: rec.Ask.MaxCost}); err != nil {
		return nil, err
	}
	o.Waiting = func(w llm.Waiting) { p.waiting(w.String()) }
	o.Books, o.Concurrency, o.Seed = p.books, p.batch, rec.Seed
	o.RequestsPerMinute, o.TokensPerMinute = rec.Ask.RequestsPerMinute, rec.Ask.TokensPerMinute
	for _, word := range rec.Models() {
		provider, end, err := open(ctx, word, p.batch)
		if err != nil {
			return nil, err
		}
		p.ends = append(p.ends, end)
		id := provider.Identity()
		if i := slices.IndexFunc(p.clients, func(c *llm.Client) bool { return c.Identity() == id }); i >= 0 {
			p.byWord[word] = p.clients[i] // two words for one model
			continue
		}
		o := o
		o.Dir = filepath.Join(dir, folderOf(id))
		if price := rec.Ask.Prices[word]; len(price) == 2 {
			o.Prices = llm.Prices{Prompt: price[0], Completion: price[1]}
		}
		c, err := llm.Open(provider, o)
		if err != nil {
			return nil, err
		}
		p.clients, p.byWord[word] = append(p.clients, c), c
	}
	return p, p.possible()
}

// possible refuses what a server cannot do, before any row is asked for.
func (p *Plan) possible() error {
	for _, a := range slices.Concat([]curate.Asking{p.recipe.Trace.Asking, p.recipe.Grade.Asking, p.recipe.Domain.Asking}, p.recipe.Difficulty.Models) {
		if c := p.byWord[a.Model]; c != nil && a.Waits > 0 && c.Identity().Provider == "server" {
			return fmt.Errorf("recipe %s: waits is %d for %s: a server's chat route cannot suppress ends of thinking; a model that runs here can", p.recipe.Source, a.Waits, a.Model)
		}
	}
	return nil
}

// folderOf names the folder of a model's replies: what of the name may stand in a path, and its hash.
func folderOf(id llm.Identity) string {
	b, err := json.Marshal(id)
	if err != nil {
		panic(err) // three strings
	}
	sum := sha256.Sum256(b)
	name := strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '-' {
			return r
		}
		return '-'
	}, id.Model)
	return name[max(0, len(name)-24):] + "-" + hex.EncodeToString(sum[:6])
}

// Spent is what was spent from the cache, and how many requests this run sent.
func (p *Plan) Spent() llm.Spent { return p.books.Spent() }

// Fits says whether what a forecast names stays within the cap.
func (p *Plan) Fits(f llm.Forecast) bool { return p.books.Fits(f) }

// Close ends the clients, the models and the books.
func (p *Plan) Close() (err error) {
	for _, c := range p.clients {
		err = errors.Join(err, c.Close())
	}
	for _, end := range p.ends {
		err = errors.Join(err, end())
	}
	if p.books != nil {
		err = errors.Join(err, p.books.Close())
	}
	return err
}

// request is what an asking comes to, without prompt and seed.
func request(a curate.Asking) llm.Request {
	r := llm.Request{Thinking: usualThinking, Answer: cmp.Or(a.Answer, usualAnswer), Waits: a.Waits, WaitText: a.WaitText, Format: cmp.Or(a.Format, "auto"), Temperature: a.Temperature, TopP: a.TopP}
	if a.Thinking != nil {
		r.Thinking = *a.Thinking
	}
	return r
}

func (p *Plan) grader() Grader {
	g := Grader{Judge: p.byWord[p.recipe.Grade.Model], Request: request(p.recipe.Grade.Asking)}
	g.Request.Seed = p.recipe.Seed
	return g
}

// Insert gives the stages that a run of the recipe needs.
func (p *Plan) Insert() map[string]curate.Stage {
	all := map[string]curate.Stage{}
	for _, name := range p.recipe.Stages {
		if s := p.stage(name); s != nil {
			all[place(name)] = s
		}
	}
	return all
}

func place(name string) string {
	if name == "difficulty" {
		return "before:difficulty"
	}
	return name
}

// stage builds one of the model stages, or nothing where the recipe's stage asks nobody.
func (p *Plan) stage(name string) *stage {
	rec := p.recipe
	switch name {
	case "trace":
		c, base := p.byWord[rec.Trace.Model], request(rec.Trace.Asking)
		return &stage{p: p, name: name, of: Trace(c, base, 1, rec.Seed), found: traced, ahead: func(r Row) []pending {
			return []pending{{c, drawn(base, c, r, rec.Seed, 0)}}
		}}
	case "grade":
		g := p.grader()
		return &stage{p: p, name: name, of: Grades(g, rec.Seed), found: graded(rec.Grade.Drop), ahead: func(r Row) []pending { return g.pending(r) }}
	case "domain":
		c, base := p.byWord[rec.Domain.Model], request(rec.Domain.Asking)
		return &stage{p: p, name: name, of: Domain(c, base, rec.Seed), found: domained, ahead: func(r Row) []pending {
			return []pending{{c, domainRequest(base, r, rec.Seed)}}
		}}
	case "difficulty":
		if len(rec.Difficulty.Models) == 0 {
			return nil
		}
		var tries []Try
		for _, m := range rec.Difficulty.Models {
			tries = append(tries, Try{p.byWord[m.Model], request(m)})
		}
		g := p.grader()
		if !slices.Contains(rec.Stages, "grade") {
			g = Grader{}
		}
		return &stage{p: p, name: curate.AttemptsStage, of: Difficulty(tries, 1, g, rec.Seed), found: attempted, ahead: func(r Row) (all []pending) {
			for _, t := range tries {
				all = append(all, pending{t.Client, drawn(t.Request, t.Client, r, rec.Seed, 0)})
				if r.Attempt = strings.Repeat("?", t.Request.Answer); g.Judge != nil { // the most an attempt comes to, at a byte a token
					all = append(all, g.ask(r, r.Attempt))
				}
			}
			return all
		}}
	}
	return nil
}
