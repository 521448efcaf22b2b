package curate

import (
	"context"
	"fmt"
)

// decide keeps the first of equal questions, and of those that are like one another the first that is like none that is kept.
func (d Dedup) decide(ctx context.Context, rows *Rows, say func(int, Decision)) error {
	var near *twins
	if d.Near { // the signatures take the time; what they mean is decided in order
		near = newTwins(rows.Len())
		if err := ordered(ctx, rows, false, func(row *Row) signature { return sign(shingles(row.Question)) },
			func(i int, _ *Row, s signature) error { near.set(i, s); return nil }); err != nil {
			return err
		}
		near.meet()
	}
	// Of a question all that is kept here is its id: a number in place of a text. A row is read again only to say what it is like.
	first := make(map[uint64]int32, rows.Len())
	for i := range rows.Len() {
		if i%1024 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		if j, ok := first[rows.id(i)]; ok {
			of, err := rows.at(int(j))
			if err != nil {
				return err
			}
			say(i, Decision{Rule: "exact", Detail: place(of), Hit: &Hit{ID: of.ID, Index: of.Index, Similarity: 1, Text: of.Question}})
			continue
		}
		first[rows.id(i)] = int32(i) //nolint:gosec // rows are counted in 31 bits
		if d.Near {
			of, similarity, err := near.nearest(rows, i, d.Jaccard)
			if err != nil {
				return err
			}
			if of != nil {
				say(i, Decision{Rule: "near", Detail: fmt.Sprintf("%s, similarity %.3f", place(of), similarity), Hit: &Hit{ID: of.ID, Index: of.Index, Similarity: similarity, Text: of.Question}})
				continue
			}
			near.keep(i)
		}
		say(i, Decision{})
	}
	return nil
}

func place(r *Row) string { return fmt.Sprintf("%s:%d", r.File, r.Index+1) }
