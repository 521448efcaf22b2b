package curate

import (
	"context"
	"fmt"
)

// ExactRule is the rule by which copies of a row go.
const ExactRule = "exact"

// decide keeps the first of equal questions, and of those that are like one another the first that is like none that is kept. What a
// hand keeps comes before all others, and is like nobody: its near-duplicates go, wherever they stand. Copies of it have its id, so that
// the hand keeps them all, and one of them is enough.
func (d Dedup) decide(ctx context.Context, rows *Rows, say func(int, Decision)) error {
	// Of a question all that is kept here is its id: a number in place of a text. A row is read again only to say what it is like.
	first := make(map[uint64]int32, rows.Len())
	for i := range rows.Len() {
		if _, ok := first[rows.id(i)]; !ok {
			first[rows.id(i)] = int32(i) //nolint:gosec // rows are counted in 31 bits
		}
	}
	var near *twins
	if d.Near {
		var err error
		if near, err = d.twins(ctx, rows, func(i int) bool { return int(first[rows.id(i)]) == i }); err != nil {
			return err
		}
		for i := range rows.Len() {
			if rows.byHand(i) && int(first[rows.id(i)]) == i {
				near.keep(i)
			}
		}
	}
	for i := range rows.Len() {
		if i%1024 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		if j := int(first[rows.id(i)]); j != i {
			of, err := rows.at(j)
			if err != nil {
				return err
			}
			say(i, Decision{Rule: ExactRule, Detail: place(of), Hit: &Hit{ID: of.ID, Index: of.Index, Similarity: 1, Text: of.Question}})
			continue
		}
		if d.Near && !rows.byHand(i) {
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

// twins lets the rows meet that are the first of their questions. The signatures take the time; what they mean is decided in order.
func (d Dedup) twins(ctx context.Context, rows *Rows, first func(i int) bool) (*twins, error) {
	near := newTwins(rows.Len(), d.Jaccard)
	if err := ordered(ctx, rows, false, func(row *Row) []uint32 { return near.sign(shingles(row.Question)) }, func(i int, _ *Row, s []uint32) error {
		if first(i) {
			near.set(i, s)
		} else {
			near.leave(i)
		}
		return nil
	}); err != nil {
		return nil, err
	}
	return near, near.meet()
}

func place(r *Row) string { return fmt.Sprintf("%s:%d", r.File, r.Index+1) }
