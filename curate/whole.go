package curate

import (
	"errors"
	"iter"
	"path/filepath"
)

// errEnough ends the visit of the shards early.
var errEnough = errors.New("all rows are visited")

// whole visits the rows with these numbers, which rise, with all their texts: those that stages made lie over the loaded ones. Rows
// and decisions lie in the order of the numbers, so both are read once, side by side, and one row is in memory at a time.
func (r *run) whole(numbers []int, visit func(i int, row *Row) error) error {
	if len(numbers) == 0 {
		return nil
	}
	type reader struct {
		next func() (decision, error, bool)
		at   decision
		more bool
	}
	var over []*reader
	for _, dir := range r.made {
		next, stop := iter.Pull2(decisions(filepath.Join(dir, keptFile)))
		defer stop()
		over = append(over, &reader{next: next, at: decision{N: -1}, more: true})
	}
	n, i := -1, 0
	err := EachRow(r.o.Dir, func(row *Row) error {
		if n++; n != numbers[i] {
			return nil
		}
		for _, o := range over {
			for o.more && o.at.N < n {
				var err error
				if o.at, err, o.more = o.next(); err != nil {
					return err
				}
			}
			if o.more && o.at.N == n && o.at.Made != nil {
				row.Trace, row.Attempt = o.at.Made.Trace, o.at.Made.Attempt
			}
		}
		if err := visit(i, row); err != nil {
			return err
		}
		if i++; i == len(numbers) {
			return errEnough
		}
		return nil
	})
	if errors.Is(err, errEnough) {
		return nil
	}
	return err
}

// decisions are those of a file, in its order; an error is the last element.
func decisions(path string) iter.Seq2[decision, error] {
	return func(yield func(decision, error) bool) {
		if err := readLines(path, func(d *decision) error {
			if !yield(*d, nil) {
				return errEnough
			}
			return nil
		}); err != nil && !errors.Is(err, errEnough) {
			yield(decision{}, err)
		}
	}
}
