package curate

import (
	"context"
	"strings"
)

// TrainableStage is the last one of every recipe: a row that is left and has no trace or no answer goes into none of the exports to
// train on. It goes into the s1K columns, which are also what another curation begins from: questions to be thought about.
const TrainableStage = "trainable"

// missingRule drops a row that lacks what its detail names.
const missingRule = "missing"

// trainable looks at the texts where a stage of others may have made some, and else at what loading found out about them. A row that
// a hand keeps can be trained on no more than others, so it is asked about as well.
func (r *run) trainable() Stage {
	rule := func(trace, answer bool) Decision {
		switch {
		case !trace:
			return Decision{Rule: missingRule, Detail: "trace"}
		case !answer:
			return Decision{Rule: missingRule, Detail: "answer"}
		}
		return Decision{}
	}
	if len(r.o.Insert) == 0 {
		return step{name: TrainableStage, decide: byRow(func(row *Row) Decision {
			n, _ := number(row, "trace_words")
			return rule(n > 0, flag(row, "has_answer"))
		})}
	}
	return step{name: TrainableStage, decide: func(ctx context.Context, rows *Rows, say func(int, Decision)) error {
		return ordered(ctx, rows, true, func(row *Row) Decision {
			return rule(strings.TrimSpace(row.Trace) != "", strings.TrimSpace(row.Attempt) != "")
		}, func(i int, _ *Row, d Decision) error { say(i, d); return nil })
	}}
}
