package curate

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
)

// remembered counts a stage that asks a model over other rows than those it decided over, from what it said of each then: that
// depends on the row and the settings alone. Of a row that it was not asked about nothing is known; it counts as kept, and as Unasked.
func (r *run) remembered(s Stage, c Count) (Count, error) {
	dir, ok := r.knows(c)
	if !ok {
		return c, fmt.Errorf("count again: stage %s asks a model, and has no results under these settings yet; run the recipe", s.Name())
	}
	kept, err := openSaid(filepath.Join(dir, keptFile))
	if err != nil {
		return c, err
	}
	defer kept.l.close()
	dropped, err := openSaid(filepath.Join(dir, droppedFile))
	if err != nil {
		return c, err
	}
	defer dropped.l.close()
	c.In, c.Dropped = len(r.alive), map[string]int{}
	out, err := r.outcome(dir, &c, true) // what it learnt is on disk
	if err != nil {
		return c, err
	}
	for _, n := range r.alive {
		d, known := out.hand(n)
		for _, said := range []*saidLines{kept, dropped} {
			if known {
				break
			}
			line, err := said.row(n)
			if err != nil {
				return c, err
			}
			if line == nil {
				continue
			}
			if err := json.Unmarshal(line, &d); err != nil {
				return c, fmt.Errorf("read what %s said of row %d: %w", s.Name(), n, err)
			}
			_, byHand := d.Features["by_hand"]
			known = !byHand // a hand kept it then, and nobody was asked
		}
		if !known {
			d = Decision{}
			c.Unasked++
		}
		if err := out.take(n, d); err != nil {
			return c, err
		}
	}
	out.settle(dir)
	if out.learns {
		r.learnt = append(r.learnt, dir)
	}
	return c, nil
}

// knows finds the finished folder of a stage with these settings of its own, whatever rows it decided over. A place in the list more
// or less is no matter.
func (r *run) knows(c Count) (dir string, ok bool) {
	names, err := StageDirs(r.o.Dir)
	if err != nil {
		return "", false
	}
	for _, name := range names {
		if _, stage, _ := strings.Cut(name, "-"); stage != c.Stage {
			continue
		}
		dir := filepath.Join(r.o.Dir, name)
		if was, ok := finished(dir); ok && was.Own == c.Own {
			return dir, true
		}
	}
	return "", false
}
