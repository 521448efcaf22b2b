package curate

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"path/filepath"
)

// outcome takes what a stage says of its rows, in their order, and writes it at once. Only the numbers of the rows that are kept stay.
type outcome struct {
	r             *run
	c             *Count
	kept, dropped *lineWriter // nil where nothing is written
	byHand        bool        // what a hand keeps is marked, and the stage is not asked about it
	compares      bool        // it is asked all the same: it compares rows with one another
	last          bool        // no stage comes after it

	failed causes
	next   int // place in r.alive of the first row of which nothing is put yet
	left   []int
	learns bool // there are features of a row that is kept, or texts

	counted map[int]map[string]any // see run
}

func (r *run) outcome(dir string, c *Count, last bool) (o *outcome, err error) {
	o = &outcome{r: r, c: c, failed: causes{}, counted: map[int]map[string]any{}, byHand: c.Stage != handStage && c.Stage != TrainableStage && len(r.hand) > 0, compares: c.Stage == dedupStage, last: last}
	if !r.write {
		return o, nil
	}
	if o.kept, err = createLines(filepath.Join(dir, keptFile), false); err != nil {
		return nil, err
	}
	if o.dropped, err = createLines(filepath.Join(dir, droppedFile), false); err != nil {
		return nil, errors.Join(err, o.kept.close())
	}
	return o, nil
}

func (o *outcome) close() error {
	if o.kept == nil {
		return nil
	}
	return errors.Join(o.kept.close(), o.dropped.close())
}

// undecided are the numbers of the rows that the stage is asked about: those that no hand keeps, unless it compares, and of which
// nothing is known.
func (o *outcome) undecided(known func(n int) bool) []int {
	if (!o.byHand || o.compares) && known == nil {
		return o.r.alive
	}
	var list []int
	for _, n := range o.r.alive {
		if _, ok := o.hand(n); !ok && (known == nil || !known(n)) {
			list = append(list, n)
		}
	}
	return list
}

// hand is the decision about a row that a hand keeps.
func (o *outcome) hand(n int) (Decision, bool) {
	if !o.byHand {
		return Decision{}, false
	}
	h, ok := o.r.hand[o.r.heads.id(n)]
	return Decision{Features: map[string]any{"by_hand": h.Note}}, ok && h.Keep
}

// put takes the decision about a row. Rows between it and the one before are kept.
func (o *outcome) put(n int, d Decision) error {
	for o.next < len(o.r.alive) && o.r.alive[o.next] < n {
		if err := o.pass(); err != nil {
			return err
		}
	}
	if o.next == len(o.r.alive) || o.r.alive[o.next] != n {
		return fmt.Errorf("it spoke of row %d twice, or after a later one", n)
	}
	if h, ok := o.hand(n); ok && o.compares && d.Rule == "" {
		d = h
	}
	return o.take(n, d)
}

// rest keeps the rows behind the last one that was put.
func (o *outcome) rest() error {
	for o.next < len(o.r.alive) {
		if err := o.pass(); err != nil {
			return err
		}
	}
	return nil
}

// pass keeps the next row, of which the stage said nothing.
func (o *outcome) pass() error {
	n := o.r.alive[o.next]
	d, _ := o.hand(n)
	return o.take(n, d)
}

func (o *outcome) take(n int, d Decision) error {
	o.next++
	d.ID = o.r.heads.id(n)
	to := o.kept
	if d.Rule != "" {
		o.c.Dropped[d.Rule]++
		o.failed.add(d)
		to = o.dropped
	} else {
		o.left = append(o.left, n)
		if _, ok := d.Features["by_hand"]; ok {
			o.c.ByHand++
		}
		o.learns = o.learns || len(d.Features) > 0 || d.Made != nil
	}
	if to != nil {
		return to.write(decision{n, d})
	}
	if d.Rule == "" && len(d.Features) > 0 && !o.last {
		o.counted[n] = d.Features
	}
	return nil
}

// settle hands what was said over to the stages behind. Until then the rows are still being read.
func (o *outcome) settle(dir string) {
	o.r.alive, o.c.Kept, o.c.Causes = o.left, len(o.left), o.failed.most()
	if o.kept != nil && o.learns {
		o.r.learnt = append(o.r.learnt, dir)
	}
	for n, features := range o.counted {
		if o.r.counted[n] == nil {
			o.r.counted[n] = map[string]any{}
		}
		maps.Copy(o.r.counted[n], features)
	}
}

// read takes over what a stage decided earlier.
func (r *run) read(dir string) error {
	l, err := openLines(filepath.Join(dir, keptFile))
	if err != nil {
		return err
	}
	defer l.close()
	left, before, learns := r.alive[:0], -1, false
	for {
		line, err := l.next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		n, rest, ok := numberOf(line)
		if !ok || n <= before || n >= len(r.heads.ids) {
			return fmt.Errorf("%s names row %d after row %d, of %d: %.60q", l.f.Name(), n, before, len(r.heads.ids), line)
		}
		left, before = append(left, n), n
		// Within a text quotes have a backslash, so that these are no one's words.
		learns = learns || bytes.Contains(rest, []byte(`,"features":{`)) || bytes.Contains(rest, []byte(`,"made":{`))
	}
	if r.alive = left; learns {
		r.learnt = append(r.learnt, dir)
	}
	return nil
}
