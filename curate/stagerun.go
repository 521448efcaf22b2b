package curate

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"sync"
)

// first loads the rows, or finds what was loaded. Where rows had more features than are kept, it matters which ones the recipe needs.
func (r *run) first(ctx context.Context) (c Count, err error) {
	dir := filepath.Join(r.o.Dir, loadDir)
	key, err := r.recipe.Load.key(r.files)
	if err != nil {
		return c, err
	}
	cut := keyOf(append([]string{key}, r.recipe.needs()...)...)
	c, ok := done(dir, key)
	if !ok {
		c, ok = done(dir, cut)
	}
	switch {
	case ok:
		r.watch(&c)
	case !r.write:
		return c, fmt.Errorf("count again: %s has no rows loaded from these files as they are: %s; run the recipe with --resume first", r.o.Dir, changed(dir, r.files))
	default:
		if c, err = r.loaded(ctx, dir, key, cut); err != nil {
			return c, err
		}
	}
	if r.heads, err = openHeads(filepath.Join(dir, headsFile)); err != nil {
		return c, err
	}
	r.alive = make([]int, len(r.heads.ids))
	for n := range r.alive {
		r.alive[n] = n
	}
	return c, nil
}

// loaded loads the rows. The key is cut where features of them are left out.
func (r *run) loaded(ctx context.Context, dir, key, cut string) (c Count, err error) {
	if err := fresh(dir, false); err != nil {
		return c, err
	}
	text, err := json.MarshalIndent(r.files, "", "  ")
	if err != nil {
		return c, err
	}
	if err := replace(filepath.Join(dir, sourcesFile), append(text, '\n')); err != nil {
		return c, err
	}
	w, err := createLines(filepath.Join(dir, droppedFile), false)
	if err != nil {
		return c, err
	}
	c = Count{Stage: "load", Version: loadVersion, Dropped: map[string]int{}, Key: key, Notes: r.splits}
	t := r.watch(&c)
	var rows []source
	for _, f := range r.files {
		if f.Rows {
			rows = append(rows, f)
		}
	}
	left, err := r.load(ctx, dir, rows, func(d decision) (err error) {
		c.In++
		if d.Rule == "" {
			c.Kept++
		} else {
			c.Dropped[d.Rule]++
			err = w.write(d)
		}
		t.progress()
		return err
	})
	if err = errors.Join(err, w.close()); err != nil {
		return c, err
	}
	if left != "" {
		c.Key, c.Notes = cut, append(slices.Clip(c.Notes), left)
	}
	if err = finish(dir, c); err == nil {
		t.say("end")
	}
	return c, err
}

// stage runs one, or reads it. What the last one learns about rows no other stage needs.
func (r *run) stage(ctx context.Context, s Stage, dir string, c Count, last bool) (Count, error) {
	if c, ok := done(dir, c.Key); ok {
		r.watch(&c)
		if r.write {
			if err := noJournal(dir); err != nil {
				return c, err
			}
		}
		return c, r.read(dir)
	}
	_, asks := s.(Journaled)
	if asks && !r.write {
		return r.remembered(s, c)
	}
	c.In, c.Dropped = len(r.alive), map[string]int{}
	if r.write {
		if err := fresh(dir, asks); err != nil {
			return c, err
		}
	}
	t := r.watch(&c)
	out, err := r.outcome(dir, &c, last)
	if err != nil {
		return c, err
	}
	if asks {
		err = r.askAll(ctx, s, out, t)
	} else {
		err = r.decide(ctx, s, out, t)
	}
	if err = errors.Join(err, out.close()); err != nil {
		return c, fmt.Errorf("stage %s: %w", s.Name(), err)
	}
	out.settle(dir)
	if r.write {
		if err := finish(dir, c); err != nil {
			return c, err
		}
	}
	t.say("end")
	return c, nil
}

// decide lets a stage decide over the rows that no hand keeps, or over all where it compares them, and writes as it goes.
func (r *run) decide(ctx context.Context, s Stage, out *outcome, t *watch) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	rows := &Rows{r: r, numbers: out.undecided(nil)}
	var bad error
	err := s.Decide(ctx, rows, func(i int, d Decision) {
		if bad == nil {
			if bad = out.put(rows.numbers[i], d); bad != nil {
				stop(bad) // no need to go on where nothing can be written
			}
			if d.Rule == missingRule {
				if out.c.Missing == nil {
					out.c.Missing = map[string]int{}
				}
				out.c.Missing[d.Detail]++
			}
			t.progress()
		}
	})
	if bad != nil {
		return bad
	}
	if err != nil {
		return onDisk(err, r.o.Dir)
	}
	return out.rest()
}

// askAll lets a stage decide over the rows that are not in its journal, and then writes what is there in the order of the rows.
func (r *run) askAll(ctx context.Context, s Stage, out *outcome, t *watch) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	j, err := openJournal(filepath.Join(filepath.Dir(out.kept.f.Name()), journalFile), out.c.Key, len(r.heads.ids))
	if err != nil {
		return err
	}
	defer j.f.Close()
	if r.o.Retry {
		if err := j.forgetFailed(r.alive); err != nil {
			return err
		}
	}
	var mu sync.Mutex
	rows := &Rows{r: r, numbers: out.undecided(j.has), waits: func(what string) {
		mu.Lock()
		defer mu.Unlock()
		t.waiting(what)
	}}
	var bad error
	err = s.Decide(ctx, rows, func(i int, d Decision) {
		mu.Lock()
		defer mu.Unlock()
		d.ID = r.heads.id(rows.numbers[i])
		if d.Rule != "" {
			out.c.Dropped[d.Rule]++
		}
		if bad == nil {
			if bad = j.add(decision{rows.numbers[i], d}); bad != nil {
				stop(bad) // what is asked and not written is lost
			}
		}
		t.progress()
	})
	if bad != nil {
		return bad
	}
	if err != nil {
		return onDisk(err, r.o.Dir)
	}
	out.c.Dropped = map[string]int{} // counted anew, with the rows of earlier runs
	for _, n := range r.alive {
		if _, ok := out.hand(n); ok || !j.has(n) {
			continue
		}
		d, err := j.decision(n)
		if err == nil {
			err = out.put(n, d)
		}
		if err != nil {
			return err
		}
	}
	return out.rest()
}
