package dataset

import (
	"context"
	"fmt"
	"math"
)

// Batch says how many examples an optimizer step takes: one of the two is set.
type Batch struct {
	Rows   int // so many examples
	Tokens int // examples as long as their rows (Example.Used) together stay within it, at least one
}

// Take gives the examples of the step that begins at example from, and where the next one begins. A step never goes over
// the end of an epoch: its last step may be smaller, as in the trainers people compare with.
func (b Batch) Take(ctx context.Context, s Source, from int64) (examples []Example, next int64, err error) {
	if (b.Rows > 0) == (b.Tokens > 0) {
		return nil, from, fmt.Errorf("take examples from %d on: %d rows or %d tokens, want exactly one of them above 0", from, b.Rows, b.Tokens)
	}
	end := int64(math.MaxInt64)
	if n := s.Epoch(); n > 0 {
		end = (from/n + 1) * n
	}
	tokens := 0
	for next = from; next < end && (b.Rows == 0 || len(examples) < b.Rows); next++ {
		e, err := s.At(ctx, next)
		if err != nil {
			return nil, from, fmt.Errorf("take example %d: %w", next, err)
		}
		tokens += e.Used()
		if b.Tokens > 0 && tokens > b.Tokens && len(examples) > 0 {
			break
		}
		examples = append(examples, e)
	}
	return examples, next, nil
}

// Steps counts the optimizer steps of so many epochs of a source that ends.
func (b Batch) Steps(ctx context.Context, s Source, epochs int) (int64, error) {
	n := s.Epoch()
	if n == 0 {
		return 0, fmt.Errorf("count the steps of %d epochs: the data never ends, so the recipe must give steps", epochs)
	}
	if b.Rows > 0 {
		return int64(epochs) * ((n + int64(b.Rows) - 1) / int64(b.Rows)), nil
	}
	steps := int64(0)
	for at := int64(0); at < int64(epochs)*n; steps++ {
		_, next, err := b.Take(ctx, s, at)
		if err != nil {
			return 0, err
		}
		at = next
	}
	return steps, nil
}
