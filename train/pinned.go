package train

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"s1/engine"
	"s1/engine/builtin/tape"
	"s1/engine/grade"
	"s1/engine/trace"
	"s1/train/metrics"
	"s1/train/recipe"
)

// keptBytes bounds each text of an answer: all of them stand in the line of their step.
const keptBytes = 300

// Pinnable refuses pinned questions that the model of a recipe could never be asked.
func Pinnable(rec recipe.Recipe) error {
	_, err := pinsOf(rec)
	return err
}

// pinsOf are the pinned questions of a recipe as they are asked. Of the tape the right answer is known.
func pinsOf(rec recipe.Recipe) ([]recipe.Question, error) {
	pins := slices.Clone(rec.Pinned.Questions)
	if rec.Data.Kind != recipe.Tape {
		return pins, nil
	}
	for i, q := range pins {
		problem, err := tape.Parse(q.Ask)
		if err != nil {
			return nil, fmt.Errorf("the pinned question %q is none that this model is trained for: %w", q.Ask, err)
		}
		pins[i].Ask = problem.String()
		if q.Expected == "" {
			pins[i].Expected = strconv.Itoa(problem.Answer())
		}
	}
	return pins, nil
}

// pinnable takes the pinned questions, before the first step.
func (r *run) pinnable() (err error) {
	if r.pins, err = pinsOf(r.rec); err != nil || len(r.pins) == 0 {
		return err
	}
	p := r.rec.Pinned
	r.o.Say("%d pinned questions under %d budgets each: at most %d tokens at each of %d checkpoints", len(p.Questions), len(p.Caps), p.Cost(), r.rec.Checkpoints(r.total))
	return nil
}

// pinned asks the model as it is now all pinned questions under every budget, greedy. An answer that cannot be had says why: the
// training goes on. The error is that of a request to stop.
func (r *run) pinned(ctx context.Context, m *metrics.Step) error {
	if len(r.pins) == 0 {
		return nil
	}
	began := time.Now()
	var all []metrics.Answer
	err := r.think(ctx, func(ctx context.Context, model *engine.Model) error {
		for i, q := range r.pins {
			for _, limit := range r.rec.Pinned.Caps {
				a := metrics.Answer{N: i + 1, Question: head(q.Ask), Cap: limit}
				if err := r.answer(ctx, model, q, &a); err != nil {
					if ctx.Err() != nil {
						return ctx.Err()
					}
					a.Failed = head(err.Error())
				}
				all = append(all, a)
			}
		}
		return nil
	})
	switch {
	case r.interrupted(ctx, err):
		return nil // the run ends here and saves: a half of the answers compares with nothing
	case ctx.Err() != nil:
		return err
	case err != nil:
		r.o.Say("the pinned questions were not answered after step %d: %v", r.at.step, err)
		return nil
	}
	m.Answers, m.AnswersSeconds = all, time.Since(began).Seconds()
	for _, a := range all {
		r.o.Say("step %d, pinned %d, %s", r.at.step, a.N, a)
	}
	return nil
}

// answer asks one question under the cap of a.
func (r *run) answer(ctx context.Context, m *engine.Model, q recipe.Question, a *metrics.Answer) error {
	p := r.rec.Pinned
	l, err := m.Ask(ctx, trace.Ask{
		System: r.rec.Data.System, Prompt: q.Ask, ThinkFormat: r.rec.Data.ThinkFormat,
		Budget: trace.Budget{Cap: p.Thinks(a.Cap), WaitText: "Wait", AnswerCap: p.AnswerCap},
	})
	if err != nil {
		return err
	}
	defer m.Forget(l.Run().ID)
	var text strings.Builder
	for n, ended := 0, false; !ended; {
		if err := l.Log().Wait(ctx, n); err != nil {
			return err
		}
		var events []trace.Event
		events, ended = l.Log().Since(n)
		n += len(events)
		for _, e := range events {
			switch e.Kind {
			case trace.EventToken:
				if e.Token.Phase == trace.PhaseAnswer {
					text.WriteString(e.Token.Text)
				}
			case trace.EventEnd:
				if e.Err != nil {
					return e.Err
				}
				a.Tokens, a.Closed = e.Receipt.ThinkingTokens, string(e.Receipt.Closed)
				if e.Receipt.Outcome == "stopped" {
					return errors.Join(ctx.Err(), errors.New("the answer was stopped"))
				}
			}
		}
	}
	whole := strings.TrimSpace(text.String())
	if q.Expected != "" {
		right := grade.Grade(whole, q.Expected, grade.Default()).Verdict == grade.Correct
		a.Right = &right
	}
	a.Answer, a.Expected = head(whole), head(q.Expected)
	return nil
}

// head is as much of a text as is kept, in whole characters.
func head(s string) string {
	most := keptBytes
	if len(s) <= most {
		return s
	}
	for most > 0 && !utf8.RuneStart(s[most]) {
		most--
	}
	return s[:most]
}
