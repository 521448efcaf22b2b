package ask

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"s1/curate"
	"s1/curate/llm"
)

// pending is a request that a row may need, and whom it goes to.
type pending struct {
	client *llm.Client
	llm.Request
}

// stage is a Stage of this package in a curation: it turns what is found of a row into a decision.
type stage struct {
	p     *Plan
	name  string
	of    Stage
	found func(Result) curate.Decision
	ahead func(Row) []pending // what a row may need at most, for the forecast
}

// Name implements curate.Stage.
func (s *stage) Name() string { return s.name }

// Version implements curate.Stage.
func (s *stage) Version() int { return s.of.Manifest.Version }

// Journaled implements curate.Journaled.
func (s *stage) Journaled() {}

// Settings implements curate.Stage: the provenance, with the batch, since what some servers say depends on it.
func (s *stage) Settings() any {
	settings := struct {
		Manifest
		Batch int      `json:"batch"`
		Drop  []string `json:"drop,omitempty"`
	}{Manifest: s.of.Manifest, Batch: s.p.batch}
	if s.name == "grade" {
		settings.Drop = s.p.recipe.Grade.Drop
	}
	return settings
}

func rowOf(r *curate.Row) Row {
	return Row{ID: r.ID, Question: r.Question, Solution: r.Solution, Attempt: r.Attempt}
}

// Decide implements curate.Stage. A row whose own request comes to nothing is dropped with the cause; a failure that would meet every
// row ends the run, and the rows without a decision are asked for when it goes on.
func (s *stage) Decide(ctx context.Context, rows *curate.Rows, say func(int, curate.Decision)) error {
	f, needs, err := s.forecast(ctx, rows, "")
	if err != nil {
		return err
	}
	if len(needs) > 0 {
		if err := s.p.ready(ctx, needs); err != nil {
			return err
		}
	}
	if s.p.say != nil && f.Requests > 0 {
		s.p.say(s.name, f)
	}
	s.p.tellsOf(rows.Waits)
	defer s.p.tellsOf(nil)
	// No row begins after a failure of every row; those under way come to their end, because they are paid for.
	open, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	var wait sync.WaitGroup
	defer wait.Wait()
	places := make(chan struct{}, s.p.batch)
	err = rows.EachWhole(ctx, func(i int, row *curate.Row) error {
		select {
		case places <- struct{}{}:
		case <-open.Done():
		}
		if open.Err() != nil {
			return context.Cause(open)
		}
		r := rowOf(row)
		wait.Go(func() {
			defer func() { <-places }()
			result, err := s.of.Of(ctx, r)
			if ctx.Err() != nil {
				return // the run ends: the row is asked for again
			}
			if failed := (*llm.Failed)(nil); errors.As(err, &failed) && failed.Every() {
				stop(failed.Err)
				return
			}
			if err != nil {
				result = failedAs(result, err)
			}
			if result.Failed != "" {
				say(i, curate.Decision{Rule: "failed-" + result.Failed, Detail: result.Says})
				return
			}
			say(i, s.found(result))
		})
		return nil
	})
	wait.Wait()
	if cause := context.Cause(open); cause != nil {
		return cause
	}
	return err
}

// forecast goes through the rows without asking for any, and finds whom there is something to ask. attempt, if any, stands for those of
// the rows.
func (s *stage) forecast(ctx context.Context, rows *curate.Rows, attempt string) (total llm.Forecast, needs []*llm.Client, err error) {
	err = rows.EachWhole(ctx, func(_ int, row *curate.Row) error {
		if attempt != "" {
			row.Attempt = attempt
		}
		for _, q := range s.ahead(rowOf(row)) {
			f := q.client.Forecast(slices.Values([]llm.Request{q.Request}))
			if total.Add(f); f.Requests > f.Cached && !slices.Contains(needs, q.client) {
				needs = append(needs, q.client)
			}
		}
		return nil
	})
	total.Fits = s.p.Fits(total)
	return total, needs, err
}

func traced(r Result) curate.Decision {
	a := r.Samples[0]
	if a.Thinking == "" && a.Attempt == "" {
		return curate.Decision{Rule: "failed-empty", Detail: fmt.Sprintf("the model said nothing; it ended by %.60q", a.Finish)}
	}
	d := curate.Decision{Made: &curate.Made{Trace: a.Thinking, Attempt: a.Attempt}, Features: map[string]any{
		"trace_words": float64(len(strings.Fields(a.Thinking))), "trace_tokens": float64(a.Usage.Completion), "trace_finish": a.Finish, "trace_key": a.Key,
	}}
	if a.Usage.Thinking > 0 {
		d.Features["thinking_tokens"] = float64(a.Usage.Thinking)
	}
	return d
}

func graded(drop []string) func(Result) curate.Decision {
	return func(r Result) curate.Decision {
		g := r.Grade
		if slices.Contains(drop, g.Verdict) {
			return curate.Decision{Rule: g.Verdict, Detail: fmt.Sprintf("by %s: %.300s", g.By, g.Why)}
		}
		d := curate.Decision{Features: map[string]any{"grade": g.Verdict, "graded_by": g.By}}
		if g.Verdict != "undecided" {
			d.Features["correct"] = g.Verdict == "correct"
		}
		return d
	}
}

func domained(r Result) curate.Decision {
	return curate.Decision{Features: map[string]any{"domain": r.Domain, "domain_key": r.Key}}
}

// attempted says solved where one attempt is right, and not solved where all are wrong. Where none is right and some are undecided,
// it says nothing of it: the row is kept.
func attempted(r Result) curate.Decision {
	d := curate.Decision{Features: map[string]any{"attempts": float64(len(r.Samples)), "attempts_undecided": float64(r.Undecided)}}
	if r.AllWrong != nil {
		d.Features["solved"] = !*r.AllWrong
	}
	for i, a := range r.Samples {
		if a.Grade != nil {
			d.Features[fmt.Sprintf("attempt_%d", i+1)] = a.Grade.Verdict
		}
	}
	return d
}

// Forecasts goes through a recipe with its model stages put out of action: each takes all its rows, so what it comes to is a bound.
// dir is a folder of its own for the rows, which the caller removes.
func (p *Plan) Forecasts(ctx context.Context, dir string) (list []Expected, err error) {
	insert := map[string]curate.Stage{}
	thinks := false
	for _, name := range p.recipe.Stages {
		if s := p.stage(name); s != nil {
			insert[place(name)] = &expecting{s, thinks, &list}
		}
		thinks = thinks || name == "trace"
	}
	_, err = curate.Run(ctx, p.recipe, curate.Options{Dir: dir, Insert: insert})
	return list, err
}

// Expected is what a stage comes to at most: rows that reach it, and requests. Repeated requests after a failure come on top.
type Expected struct {
	Stage string
	Rows  int
	llm.Forecast
}

// expecting stands in for a stage and only counts. thinks: a trace stage before it makes the attempts, which are not known yet.
type expecting struct {
	s      *stage
	thinks bool
	list   *[]Expected
}

func (e *expecting) Name() string  { return e.s.name }
func (e *expecting) Version() int  { return e.s.Version() }
func (e *expecting) Settings() any { return e.s.Settings() }

// Decide says nothing of the rows, so that all go on.
func (e *expecting) Decide(ctx context.Context, rows *curate.Rows, _ func(int, curate.Decision)) error {
	attempt := ""
	if e.thinks {
		attempt = strings.Repeat("?", request(e.s.p.recipe.Trace.Asking).Answer)
	}
	f, _, err := e.s.forecast(ctx, rows, attempt)
	*e.list = append(*e.list, Expected{e.s.name, rows.Len(), f})
	return err
}
