package curate

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/gofrs/flock"
)

// Files of a stage's folder. DONE is written last, so a folder without it is of a stage that was cut off.
const (
	keptFile    = "kept.jsonl"
	droppedFile = "dropped.jsonl"
	countsFile  = "counts.json"
	doneFile    = "DONE"
	journalFile = "journal.jsonl"
	eventsFile  = "events.jsonl"
	recipeFile  = "recipe.json"
)

// Stage decides over the rows that the stages before it kept. Rows it says nothing of are kept. say may be called from
// several goroutines and in any order, once a row; i is the place in rows.
type Stage interface {
	Name() string
	Version() int  // raised when equal settings decide otherwise
	Settings() any // as JSON: all that the decisions depend on, beside the rows
	Decide(ctx context.Context, rows []*Row, say func(i int, d Decision)) error
}

// Journaled is a Stage whose decisions are worth keeping one by one, because a model made them: a run that was cut off asks it
// only for the rows it has not decided. It must say something of every row.
type Journaled interface {
	Stage
	Journaled()
}

// Reader is a Stage that needs the long texts too. Before it decides it is given a way to visit its rows with all their texts, one at
// a time, each with its place in rows.
type Reader interface {
	Stage
	Read(whole func(visit func(i int, whole *Row) error) error)
}

// Count is what became of the rows in a stage.
type Count struct {
	Stage   string         `json:"stage"`
	Version int            `json:"version"`
	In      int            `json:"in"`
	Kept    int            `json:"kept"`
	Dropped map[string]int `json:"dropped"` // by rule
	Key     string         `json:"key"`     // of rows, rules and seed: equal keys, equal decisions
	Cached  bool           `json:"-"`       // read, not computed
}

// Event is a line of events.jsonl.
type Event struct {
	Time    time.Time      `json:"time"`
	Stage   string         `json:"stage"`
	State   string         `json:"state"` // begin, progress, end, cached
	In      int            `json:"in"`    // rows to decide; of load, 0 until its end
	Decided int            `json:"decided"`
	Kept    int            `json:"kept"`
	Dropped map[string]int `json:"dropped,omitempty"`
	Rate    float64        `json:"rate,omitempty"` // rows a second
}

// Options of a run.
type Options struct {
	Dir    string
	Resume bool             // go on in a folder with a run in it
	Event  func(Event)      // nil = nobody looks on; called one at a time
	Insert map[string]Stage // stages of others, by the name that they have in the recipe's list or "before:NAME"
	Now    func() time.Time // nil = time.Now
}

// decision with the row's number among those loaded, -1 of one that never became a row.
type decision struct {
	N int `json:"n"`
	Decision
}

// run is one recipe under way.
type run struct {
	recipe Recipe
	o      Options
	write  bool // to the folder; else only counted
	events *os.File

	mu    sync.Mutex
	heads []head
	alive []int    // numbers of the rows that all stages up to now kept, in order
	made  []string // folders of the stages up to now that made texts
	asked []string // of each stage that asks a model, its name and settings as JSON, for the card
	hand  map[string]Handed

	byHand bool // there is a file of decisions
}

// Run carries a recipe out in a folder. What is done there under the same settings is read, not computed again.
func Run(ctx context.Context, recipe Recipe, o Options) ([]Count, error) {
	if len(recipe.Load.Files) == 0 {
		return nil, fmt.Errorf("recipe %s: load.files names no file with rows", recipe.Source)
	}
	if err := os.MkdirAll(o.Dir, 0o755); err != nil {
		return nil, onDisk(err, o.Dir)
	}
	lock := flock.New(filepath.Join(o.Dir, ".lock"))
	if ok, err := lock.TryLock(); err != nil {
		return nil, onDisk(err, o.Dir)
	} else if !ok {
		return nil, fmt.Errorf("another curation is writing to %s", o.Dir)
	}
	defer lock.Close()
	path := filepath.Join(o.Dir, recipeFile)
	if _, err := os.Stat(path); err == nil && !o.Resume {
		return nil, fmt.Errorf("%s holds a curation already; --resume goes on with it, --out names another folder", o.Dir)
	}
	text, err := json.MarshalIndent(recipe, "", "  ")
	if err != nil {
		return nil, err
	}
	if err := replace(path, append(text, '\n')); err != nil {
		return nil, err
	}
	r := &run{recipe: recipe, o: o, write: true}
	if r.events, err = openEvents(filepath.Join(o.Dir, eventsFile)); err != nil {
		return nil, err
	}
	defer r.events.Close()
	counts, err := r.all(ctx)
	if err != nil {
		return counts, err
	}
	return counts, r.export(ctx, counts)
}

// Recount answers what a changed recipe would keep in a folder, from its cached stages: only those from the first changed one
// on are computed, in memory, and nothing is written.
func Recount(ctx context.Context, recipe Recipe, o Options) ([]Count, error) {
	return (&run{recipe: recipe, o: o}).all(ctx)
}

// all runs or reads the stages.
func (r *run) all(ctx context.Context) (counts []Count, err error) {
	decisions := r.recipe.HandFile(r.o.Dir)
	if r.hand, err = readHand(decisions); err != nil {
		return nil, err
	}
	_, missing := os.Stat(decisions)
	r.byHand = r.recipe.Hand != "" || missing == nil
	key, err := r.recipe.Load.key()
	if err != nil {
		return nil, err
	}
	count, err := r.first(ctx, key)
	if err != nil {
		return nil, err
	}
	counts = append(counts, count)
	list, err := r.stages()
	if err != nil {
		return nil, err
	}
	if r.write {
		if err := r.tidy(list); err != nil {
			return counts, err
		}
	}
	for i, s := range list {
		settings, err := json.Marshal(s.Settings())
		if err != nil {
			return nil, err
		}
		key = keyOf(key, s.Name(), fmt.Sprint(s.Version()), string(settings))
		if _, asks := s.(Journaled); asks {
			r.asked = append(r.asked, s.Name(), string(settings))
		}
		if count, err = r.stage(ctx, s, filepath.Join(r.o.Dir, stageDir(i, s)), key); err != nil {
			return counts, err
		}
		counts = append(counts, count)
	}
	return counts, nil
}

func stageDir(i int, s Stage) string { return fmt.Sprintf("%02d-%s", i+1, s.Name()) }

// tidy removes the folders of stages that an earlier list had at other places.
func (r *run) tidy(list []Stage) error {
	entries, err := os.ReadDir(r.o.Dir)
	if err != nil {
		return onDisk(err, r.o.Dir)
	}
	for _, e := range entries {
		n := e.Name()
		var at int
		var name string
		if k, _ := fmt.Sscanf(n, "%02d-%s", &at, &name); k != 2 || at == 0 || !e.IsDir() {
			continue
		}
		if at <= len(list) && stageDir(at-1, list[at-1]) == n {
			continue
		}
		if err := os.RemoveAll(filepath.Join(r.o.Dir, n)); err != nil {
			return onDisk(err, r.o.Dir)
		}
	}
	return nil
}

func keyOf(parts ...string) string {
	h := sha256.New()
	for _, p := range parts {
		fmt.Fprintf(h, "%d:%s", len(p), p)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// first loads the rows, or reads what was loaded.
func (r *run) first(ctx context.Context, key string) (Count, error) {
	dir := filepath.Join(r.o.Dir, "00-load")
	c, ok := done(dir, key)
	if !ok {
		if !r.write {
			return c, fmt.Errorf("count again: %s has no rows loaded from these files; run the recipe first", r.o.Dir)
		}
		if err := fresh(dir, false); err != nil {
			return c, err
		}
		w, err := createLines(filepath.Join(dir, droppedFile), false)
		if err != nil {
			return c, err
		}
		c = Count{Stage: "load", Version: 1, Dropped: map[string]int{}, Key: key}
		t := r.watch(&c)
		var bad error
		err = r.load(ctx, dir, func(d decision) {
			c.In++
			if d.Rule == "" {
				c.Kept++
			} else {
				c.Dropped[d.Rule]++
				bad = errors.Join(bad, w.write(d))
			}
			t.progress()
		})
		if err = errors.Join(err, bad, w.close()); err == nil {
			err = r.finish(dir, c)
		}
		if err != nil {
			return c, err
		}
		t.say("end")
	} else {
		r.watch(&c)
	}
	err := readLines(filepath.Join(dir, headsFile), func(h *head) error {
		if h.Features == nil {
			h.Features = map[string]any{}
		}
		r.alive = append(r.alive, h.N)
		r.heads = append(r.heads, *h)
		return nil
	})
	return c, err
}

// stage runs one, or reads it.
func (r *run) stage(ctx context.Context, s Stage, dir, key string) (Count, error) {
	c, ok := done(dir, key)
	if ok {
		r.watch(&c)
		return c, r.read(dir)
	}
	if _, asks := s.(Journaled); asks && !r.write {
		return c, fmt.Errorf("count again: stage %s asks a model, and has no results under these settings yet; run the recipe", s.Name())
	}
	c = Count{Stage: s.Name(), Version: s.Version(), In: len(r.alive), Dropped: map[string]int{}, Key: key}
	said := make([]*Decision, len(r.heads)) // by number
	var journal *journal
	if r.write {
		_, keeps := s.(Journaled)
		if err := fresh(dir, keeps); err != nil {
			return c, err
		}
		if keeps {
			var err error
			if journal, err = openJournal(filepath.Join(dir, journalFile), key, said); err != nil {
				return c, err
			}
			defer journal.f.Close()
		}
	}
	var ask []int
	for _, n := range r.alive {
		if h, ok := r.hand[r.heads[n].ID]; ok && h.Keep && s.Name() != "hand" {
			said[n] = &Decision{ID: r.heads[n].ID, Features: map[string]any{"by_hand": h.Note}}
		}
		if said[n] == nil {
			ask = append(ask, n)
		}
	}
	rows := make([]*Row, len(ask))
	for i, n := range ask {
		rows[i] = &r.heads[n].Row
	}
	if s, ok := s.(Reader); ok {
		s.Read(func(visit func(int, *Row) error) error { return r.whole(ask, visit) })
	}
	t := r.watch(&c)
	var bad error
	err := s.Decide(ctx, rows, func(i int, d Decision) {
		r.mu.Lock()
		defer r.mu.Unlock()
		d.ID = rows[i].ID
		said[ask[i]] = &d
		if d.Rule != "" {
			c.Dropped[d.Rule]++
		}
		if journal != nil && bad == nil {
			bad = journal.add(decision{ask[i], d})
		}
		t.progress()
	})
	if err = errors.Join(err, bad); err != nil {
		return c, fmt.Errorf("stage %s: %w", s.Name(), onDisk(err, r.o.Dir))
	}
	return c, r.settle(dir, &c, said, t)
}

// settle writes what a stage decided in the order of the rows, and takes it over.
func (r *run) settle(dir string, c *Count, said []*Decision, t *watch) (err error) {
	var kept, dropped *lineWriter
	if r.write {
		if kept, err = createLines(filepath.Join(dir, keptFile), false); err != nil {
			return err
		}
		if dropped, err = createLines(filepath.Join(dir, droppedFile), false); err != nil {
			return errors.Join(err, kept.close())
		}
	}
	c.Dropped = map[string]int{}
	makes := false
	alive := r.alive[:0]
	for _, n := range r.alive {
		d := decision{N: n, Decision: Decision{ID: r.heads[n].ID}}
		if said[n] != nil {
			d.Decision = *said[n]
		}
		to := kept
		if d.Rule != "" {
			c.Dropped[d.Rule]++
			to = dropped
		} else {
			alive = append(alive, n)
			for k, v := range d.Features {
				r.heads[n].Features[k] = v
			}
			makes = makes || d.Made != nil
		}
		if to != nil && err == nil {
			err = to.write(d)
		}
	}
	r.alive, c.Kept = alive, len(alive)
	if makes {
		r.made = append(r.made, dir)
	}
	if r.write {
		if err = errors.Join(err, kept.close(), dropped.close()); err == nil {
			err = r.finish(dir, *c)
		}
	}
	if err == nil {
		t.say("end")
	}
	return err
}

// read takes over what a stage decided earlier.
func (r *run) read(dir string) error {
	r.alive = r.alive[:0]
	makes := false
	defer func() {
		if makes {
			r.made = append(r.made, dir)
		}
	}()
	return readLines(filepath.Join(dir, keptFile), func(d *decision) error {
		if d.N < 0 || d.N >= len(r.heads) {
			return fmt.Errorf("%s names row %d of %d", dir, d.N, len(r.heads))
		}
		for k, v := range d.Features {
			r.heads[d.N].Features[k] = v
		}
		makes = makes || d.Made != nil
		r.alive = append(r.alive, d.N)
		return nil
	})
}

// done says whether a folder holds a finished stage of this key.
func done(dir, key string) (c Count, ok bool) {
	if b, err := os.ReadFile(filepath.Join(dir, doneFile)); err != nil || string(b) != key+"\n" {
		return c, false
	}
	b, err := os.ReadFile(filepath.Join(dir, countsFile))
	if err != nil || json.Unmarshal(b, &c) != nil {
		return c, false
	}
	c.Cached = true
	return c, true
}

// finish writes counts, and DONE last.
func (r *run) finish(dir string, c Count) error {
	b, err := json.MarshalIndent(c, "", "  ")
	if err != nil {
		return err
	}
	if err := replace(filepath.Join(dir, countsFile), append(b, '\n')); err != nil {
		return err
	}
	if err := os.Remove(filepath.Join(dir, journalFile)); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return replace(filepath.Join(dir, doneFile), []byte(c.Key+"\n"))
}

// fresh empties a stage's folder, but for its journal where one is kept. DONE goes first.
func fresh(dir string, journal bool) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return onDisk(err, dir)
	}
	if err := os.Remove(filepath.Join(dir, doneFile)); err != nil && !errors.Is(err, os.ErrNotExist) {
		return onDisk(err, dir)
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return onDisk(err, dir)
	}
	for _, e := range entries {
		if journal && e.Name() == journalFile {
			continue
		}
		if err := os.RemoveAll(filepath.Join(dir, e.Name())); err != nil {
			return onDisk(err, dir)
		}
	}
	return nil
}

// key of what is loaded: names, sizes and times of change of the files, and how they are read.
func (l Load) key() (string, error) {
	b, err := json.Marshal(l)
	if err != nil {
		return "", err
	}
	parts := []string{"load", "1", string(b)}
	for _, f := range slices.Concat(l.Files, l.Features) {
		info, err := os.Stat(f)
		if err != nil {
			return "", fmt.Errorf("open rows: %w", err)
		}
		parts = append(parts, fmt.Sprint(f, info.Size(), info.ModTime().UnixNano()))
	}
	return keyOf(parts...), nil
}
