package curate

import (
	"context"
	"fmt"
	"slices"
)

// StageNames lists the stages that need no model, in their usual order.
func StageNames() []string {
	return []string{"complete", "clean", "decontaminate", "dedup", "difficulty", "select"}
}

// Stages that other code knows by their names.
const (
	handStage  = "hand"
	dedupStage = "dedup"
)

// dedupVersion is 2 where there are decisions by hand: the first version hid rows that a hand keeps from the stage.
func (r *run) dedupVersion() int {
	switch {
	case r.recipe.Dedup.Near:
		return strictVersion
	case r.byHand:
		return 2
	}
	return 1
}

// strictVersion is that of the stages that go by strictWords. The first lost words behind several commands of LaTeX in a row; the
// second missed near-duplicates, under low thresholds most of them.
const strictVersion = 3

// step is one of our own stages.
type step struct {
	name     string
	version  int // 0 = 1
	settings any
	decide   func(ctx context.Context, rows *Rows, say func(int, Decision)) error
	card     any // settings in the words of a recipe, for the card
}

func (s step) Name() string  { return s.name }
func (s step) Version() int  { return max(1, s.version) }
func (s step) Settings() any { return s.settings }
func (s step) Decide(ctx context.Context, rows *Rows, say func(int, Decision)) error {
	return s.decide(ctx, rows, say)
}

// stages builds the recipe's list. What was decided by hand comes first, so that all after it know it.
func (r *run) stages() (list []Stage, err error) {
	if r.byHand {
		list = append(list, step{name: handStage, settings: r.hand, decide: byRow(r.handRule), card: map[string]any{handStage: r.handCounts()}})
	}
	for _, name := range r.recipe.Stages {
		if s := r.o.Insert["before:"+name]; s != nil {
			list = append(list, s)
		}
		if s := r.o.Insert[name]; s != nil {
			list = append(list, s)
			continue
		}
		s := step{name: name}
		switch rec := r.recipe; name {
		case "complete":
			s.settings, s.decide = rec.Complete, byRow(rec.Complete.rule)
			s.card = map[string]any{name: rec.Complete}
		case "clean":
			s.decide = byRow(func(row *Row) Decision {
				rule, detail := unclean(row.Question, row.SourceType)
				return Decision{Rule: rule, Detail: detail}
			})
		case "decontaminate":
			sums, err := fileSums(rec.Decontaminate.Tests)
			if err != nil {
				return nil, err
			}
			s.settings, s.card = []any{rec.Decontaminate, sums}, map[string]any{name: rec.Decontaminate.card()}
			if rec.Decontaminate.Strict {
				s.version = strictVersion
			}
			s.decide = func(ctx context.Context, rows *Rows, say func(int, Decision)) error {
				tests, err := openTests(rec.Decontaminate.Tests, rec.Decontaminate)
				if err != nil {
					return err
				}
				return byRow(tests.rule)(ctx, rows, say)
			}
		case dedupStage:
			s.version, s.settings, s.decide = r.dedupVersion(), rec.Dedup, rec.Dedup.decide
			s.card = map[string]any{name: rec.Dedup}
		case "difficulty":
			s.settings, s.card = []any{rec.Difficulty}, map[string]any{name: rec.Difficulty}
			if rec.Difficulty.Exempt { // then what the selection takes first matters here
				s.settings = []any{rec.Difficulty, rec.Select.Length, rec.Select.Correct, rec.Select.LongMath}
			}
			s.decide = byRow(func(row *Row) Decision { return rec.Difficulty.rule(row, rec.Select) })
		case "select":
			s.settings, s.card = []any{rec.Select, rec.Seed}, map[string]any{"seed": rec.Seed, name: rec.Select}
			s.decide = func(ctx context.Context, rows *Rows, say func(int, Decision)) error {
				return rec.Select.decide(ctx, rows, rec.Seed, say)
			}
		default:
			return nil, fmt.Errorf("recipe %s: no stage %q was given", rec.Source, name)
		}
		list = append(list, s)
	}
	return append(list, r.trainable()), nil
}

// byRow makes a stage of a rule that looks at one row, on all cores.
func byRow(rule func(*Row) Decision) func(context.Context, *Rows, func(int, Decision)) error {
	return func(ctx context.Context, rows *Rows, say func(int, Decision)) error {
		return ordered(ctx, rows, false, rule, func(i int, _ *Row, d Decision) error { say(i, d); return nil })
	}
}

func (c Complete) rule(row *Row) Decision {
	for _, name := range c.Features {
		var missing bool
		switch name {
		case "solution":
			missing = !flag(row, "has_solution")
		case "answer":
			missing = !flag(row, "has_answer")
		case "trace":
			n, _ := number(row, "trace_words")
			missing = n == 0
		default:
			_, ok := row.Features[name]
			missing = !ok
		}
		if missing {
			return Decision{Rule: missingRule, Detail: name}
		}
	}
	return Decision{}
}

func (d Difficulty) rule(row *Row, s Select) Decision {
	if d.Exempt && s.first(row) {
		return Decision{Features: map[string]any{"exempt": true}}
	}
	for _, name := range d.Solved {
		if flag(row, name) {
			return Decision{Rule: "too-easy", Detail: name}
		}
	}
	return Decision{}
}

// needs are the features that the recipe's stages go by, of those that files may bring.
func (r Recipe) needs() []string {
	list := append(slices.Concat(r.Complete.Features, r.Difficulty.Solved), "domain", r.Select.Length, r.Select.Correct)
	slices.Sort(list)
	return slices.Compact(list)
}
