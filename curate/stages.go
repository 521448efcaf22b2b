package curate

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"time"

	"s1/engine/records"
)

// StageNames lists the stages that need no model, in their usual order.
func StageNames() []string {
	return []string{"complete", "clean", "decontaminate", "dedup", "difficulty", "select"}
}

// step is one of our own stages.
type step struct {
	name     string
	settings any
	decide   func(ctx context.Context, rows []*Row, say func(int, Decision)) error
}

func (s step) Name() string  { return s.name }
func (s step) Version() int  { return 1 }
func (s step) Settings() any { return s.settings }
func (s step) Decide(ctx context.Context, rows []*Row, say func(int, Decision)) error {
	return s.decide(ctx, rows, say)
}

// stages builds the recipe's list. What was decided by hand comes first, so that all after it know it.
func (r *run) stages() (list []Stage, err error) {
	if r.byHand {
		list = append(list, step{"hand", r.hand, byRow(r.handRule)})
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
			s.settings = []any{rec.Decontaminate, sums}
			s.decide = func(ctx context.Context, rows []*Row, say func(int, Decision)) error {
				tests, err := openTests(rec.Decontaminate.Tests, rec.Decontaminate)
				if err != nil {
					return err
				}
				return parallel(ctx, rows, say, func(row *Row) Decision {
					rule, hit := tests.find(row.Question)
					d := Decision{Rule: rule, Hit: hit}
					if hit != nil {
						d.Detail = fmt.Sprintf("%s, item %d", hit.Set, hit.Index)
					}
					return d
				})
			}
		case "dedup":
			s.settings, s.decide = rec.Dedup, rec.Dedup.decide
		case "difficulty":
			s.settings = []any{rec.Difficulty}
			if rec.Difficulty.Exempt { // then what the selection takes first matters here
				s.settings = []any{rec.Difficulty, rec.Select.Length, rec.Select.Correct, rec.Select.LongMath}
			}
			s.decide = byRow(func(row *Row) Decision { return rec.Difficulty.rule(row, rec.Select) })
		case "select":
			s.settings = []any{rec.Select, rec.Seed}
			s.decide = func(_ context.Context, rows []*Row, say func(int, Decision)) error {
				return rec.Select.decide(rows, rec.Seed, say)
			}
		default:
			return nil, fmt.Errorf("recipe %s: no stage %q was given", rec.Source, name)
		}
		list = append(list, s)
	}
	return list, nil
}

// byRow makes a stage of a rule that looks at one row.
func byRow(rule func(*Row) Decision) func(context.Context, []*Row, func(int, Decision)) error {
	return func(ctx context.Context, rows []*Row, say func(int, Decision)) error {
		for i, row := range rows {
			if i%1024 == 0 && ctx.Err() != nil {
				return ctx.Err()
			}
			say(i, rule(row))
		}
		return nil
	}
}

// parallel asks the rule on all cores.
func parallel(ctx context.Context, rows []*Row, say func(int, Decision), rule func(*Row) Decision) error {
	const chunk = 256
	var wait sync.WaitGroup
	next := make(chan int)
	for range runtime.GOMAXPROCS(0) {
		wait.Go(func() {
			for from := range next {
				for i := from; i < min(from+chunk, len(rows)); i++ {
					say(i, rule(rows[i]))
				}
			}
		})
	}
	for from := 0; from < len(rows) && ctx.Err() == nil; from += chunk {
		next <- from
	}
	close(next)
	wait.Wait()
	return ctx.Err()
}

func (c Complete) rule(row *Row) Decision {
	for _, name := range c.Features {
		missing := false
		switch name {
		case "solution":
			missing = !flag(row, "has_solution")
		case "trace":
			n, _ := number(row, "trace_words")
			missing = n == 0
		default:
			_, ok := row.Features[name]
			missing = !ok
		}
		if missing {
			return Decision{Rule: "missing", Detail: name}
		}
	}
	return Decision{}
}

func (d Dedup) decide(ctx context.Context, rows []*Row, say func(int, Decision)) error {
	first := make(map[string]int, len(rows))
	type signed struct {
		sh []uint64
		s  signature
	}
	var near neighbours
	var places []int // in rows, of what near holds
	const chunk = 4096
	for from := 0; from < len(rows); from += chunk {
		part := rows[from:min(from+chunk, len(rows))]
		signs := make([]signed, len(part))
		if d.Near { // the signatures take the time; what they mean is decided in order
			at := make(map[*Row]int, len(part))
			for i, row := range part {
				at[row] = i
			}
			if err := parallel(ctx, part, func(int, Decision) {}, func(row *Row) Decision {
				sh := shingles(row.Question)
				signs[at[row]] = signed{sh, sign(sh)}
				return Decision{}
			}); err != nil {
				return err
			}
		}
		for k, row := range part {
			i := from + k
			if j, ok := first[row.Question]; ok {
				say(i, Decision{Rule: "exact", Detail: place(rows[j]), Hit: &Hit{ID: rows[j].ID, Index: rows[j].Index, Similarity: 1, Text: rows[j].Question}})
				continue
			}
			first[row.Question] = i
			if d.Near {
				if at, sim, ok := near.nearest(signs[k].sh, signs[k].s, d.Jaccard); ok {
					o := rows[places[at]]
					say(i, Decision{Rule: "near", Detail: fmt.Sprintf("%s, similarity %.3f", place(o), sim), Hit: &Hit{ID: o.ID, Index: o.Index, Similarity: sim, Text: o.Question}})
					continue
				}
				near.add(row.Question, signs[k].s)
				places = append(places, i)
			}
			say(i, Decision{})
		}
	}
	return ctx.Err()
}

func place(r *Row) string { return fmt.Sprintf("%s:%d", r.File, r.Index+1) }

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

// Handed is a decision of a person: a line of the file that the recipe's hand names.
type Handed struct {
	Keep bool   `json:"keep"`
	Note string `json:"note"`
}

// What a person can say of a row. Of several verdicts the last one holds; Undo leaves the row to the rules again.
const (
	Keep = "keep"
	Drop = "drop"
	Undo = "undo"
)

// handLine is how it is written.
type handLine struct {
	ID      string    `json:"id"`
	Verdict string    `json:"verdict"`
	Note    string    `json:"note"`
	Time    time.Time `json:"time"`
}

// readHand reads the decisions; of several for a row the last one holds. A file that is not there yet has none.
func readHand(path string) (map[string]Handed, error) {
	all := map[string]Handed{}
	if path == "" {
		return all, nil
	}
	in, err := records.Open(path)
	if errors.Is(err, os.ErrNotExist) {
		return all, nil
	}
	if err != nil {
		return nil, fmt.Errorf("decisions by hand: %w", err)
	}
	defer in.Close()
	for {
		row, err := in.Next()
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err != nil {
			return nil, fmt.Errorf("decisions by hand: %w", err)
		}
		id, _ := row.Text("id")
		verdict, _ := row.Text("verdict")
		note, _ := row.Text("note")
		switch {
		case id != "" && (verdict == Keep || verdict == Drop):
			all[id] = Handed{verdict == Keep, note}
		case id != "" && verdict == Undo:
			delete(all, id)
		default:
			return nil, fmt.Errorf("decisions by hand: %s:%d: id %.40q, verdict %.40q; want an id and keep, drop or undo", row.File, row.Index+1, id, verdict)
		}
	}
}

// HandFile is where the decisions about a run's rows are: the file that its recipe names, or one in its folder.
func (r Recipe) HandFile(dir string) string {
	if r.Hand != "" {
		return r.Hand
	}
	return filepath.Join(dir, "hand.jsonl")
}

// InHand are the decisions of a file; one that is not there has none.
func InHand(path string) (map[string]Handed, error) { return readHand(path) }

// ByHand adds a decision (Keep, Drop or Undo) to a file of them.
func ByHand(path, id, verdict, note string, when time.Time) error {
	b, err := json.Marshal(handLine{ID: id, Verdict: verdict, Note: note, Time: when})
	if err != nil {
		return err
	}
	f, err := openEvents(path) // the same form: whole lines, a torn one ended
	if err != nil {
		return err
	}
	_, err = f.Write(append(b, '\n'))
	return errors.Join(onDisk(err, path), f.Sync(), f.Close())
}

func (r *run) handRule(row *Row) Decision {
	h, ok := r.hand[row.ID]
	switch {
	case ok && h.Keep:
		return Decision{Features: map[string]any{"by_hand": h.Note}}
	case ok:
		return Decision{Rule: "by-hand", Detail: h.Note}
	}
	return Decision{}
}

// fileSums are the SHA-256 of files, folders' by their files.
func fileSums(paths []string) (sums []string, err error) {
	for _, p := range paths {
		files, err := records.Files(p)
		if err != nil {
			return nil, err
		}
		for _, name := range files {
			f, err := os.Open(name)
			if err != nil {
				return nil, err
			}
			h := sha256.New()
			_, err = io.Copy(h, f)
			if err = errors.Join(err, f.Close()); err != nil {
				return nil, fmt.Errorf("read %s: %w", name, err)
			}
			sums = append(sums, hex.EncodeToString(h.Sum(nil)))
		}
	}
	return sums, nil
}
