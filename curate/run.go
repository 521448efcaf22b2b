package curate

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/gofrs/flock"

	"s1/engine/records"
)

// Files of a stage's folder. DONE is written last, so a folder without it is of a stage that was cut off.
const (
	keptFile    = "kept.jsonl"
	droppedFile = "dropped.jsonl"
	countsFile  = "counts.json"
	doneFile    = "DONE"
	journalFile = "journal.jsonl"
	eventsFile  = "events.jsonl"
	loadDir     = "00-load"
	recipeFile  = "recipe.json"
)

// Stage decides over the rows that the stages before it kept. Rows it says nothing of are kept. It says each row's decision once, in
// the order of the rows, so that a decision is written and forgotten; i is the place in rows.
type Stage interface {
	Name() string
	Version() int  // raised when equal settings decide otherwise
	Settings() any // as JSON: all that the decisions depend on, beside the rows
	Decide(ctx context.Context, rows *Rows, say func(i int, d Decision)) error
}

// Journaled is a Stage whose decisions are worth keeping one by one, because a model made them: a run that was cut off asks it
// only for the rows it has not decided. It must say something of every row, in any order and from any goroutine, and what it says
// of one depends on that row and the settings alone.
type Journaled interface {
	Stage
	Journaled()
}

// Count is what became of the rows in a stage.
type Count struct {
	Stage   string            `json:"stage"`
	Version int               `json:"version"`
	In      int               `json:"in"`
	Kept    int               `json:"kept"`
	Dropped map[string]int    `json:"dropped"`           // by rule
	Missing map[string]int    `json:"missing,omitempty"` // of those dropped as missing, by what is missing
	Notes   []string          `json:"notes,omitempty"`   // of load: what of the files it left out
	Key     string            `json:"key"`               // of rows, rules and seed: equal keys, equal decisions, but where a request failed
	Own     string            `json:"own"`               // of the stage's version and settings alone
	Cached  bool              `json:"-"`                 // read, not computed
	Unasked int               `json:"-"`                 // counted again: rows that its model was not asked about, which count as kept
	Causes  map[string]string `json:"causes,omitempty"`  // by rule of requests that came to nothing: the most frequent cause
	ByHand  int               `json:"by_hand,omitempty"` // rows that a hand keeps
}

// Event is a line of events.jsonl.
type Event struct {
	Time    time.Time      `json:"time"`
	Stage   string         `json:"stage"`
	State   string         `json:"state"` // begin, progress, waiting, end, cached
	In      int            `json:"in"`    // rows to decide; of load, 0 until its end
	Decided int            `json:"decided"`
	Kept    int            `json:"kept"`
	Dropped map[string]int `json:"dropped,omitempty"`
	Rate    float64        `json:"rate,omitempty"`  // rows a second
	Notes   []string       `json:"notes,omitempty"` // as of Count, at the end
	Waits   string         `json:"waits,omitempty"` // state waiting: for whom, how long and why
}

// Options of a run.
type Options struct {
	Dir    string
	Resume bool             // go on in a folder with a run in it
	Retry  bool             // ask models again about the rows whose request failed
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

	files  []source // that rows and features come from
	splits []string // a note of each folder of which splits are left
	heads  *heads
	alive  []int    // numbers of the rows that all stages up to now kept, in order
	learnt []string // folders of the stages up to now that learnt something about rows or made texts, in order
	picked []int    // of those, the numbers before the last stage: the rows that are selected, trainable or not
	cards  []string // settings of the stages, for the card
	hand   map[string]Handed

	// counted is what stages learnt about rows, by number, where nothing is written: few rows in the stages that may run so, but for
	// the last one, whose are not kept.
	counted map[int]map[string]any

	byHand bool // there is a file of decisions
}

// Check says what would refuse a run from the start: files that are not there or are no rows, and a folder that holds a run. It
// writes nothing.
func Check(recipe Recipe, o Options) error {
	_, err := newRun(recipe, o)
	return err
}

// newRun looks at all that a run begins from, and writes nothing.
func newRun(recipe Recipe, o Options) (r *run, err error) {
	if len(recipe.Load.Files) == 0 {
		return nil, fmt.Errorf("recipe %s: load.files names no file with rows; --data FILE gives them", recipe.Source)
	}
	r = &run{recipe: recipe, o: o, write: true}
	if r.files, r.splits, err = recipe.Load.sources(); err != nil {
		return nil, err
	}
	if err := recipe.Load.check(r.files); err != nil {
		return nil, err
	}
	if slices.Contains(recipe.Stages, "decontaminate") {
		for _, path := range recipe.Decontaminate.Tests {
			if _, err := records.Files(path); err != nil {
				return nil, fmt.Errorf("decontaminate.tests: %w", err)
			}
		}
	}
	if _, err := readHand(recipe.HandFile(o.Dir)); err != nil {
		return nil, err
	}
	return r, taken(o)
}

// taken refuses a folder with a run in it, unless that goes on. One that got through no stage has nothing to lose.
func taken(o Options) error {
	if _, err := os.Stat(filepath.Join(o.Dir, recipeFile)); err != nil || o.Resume {
		return nil //nolint:nilerr // there is no run
	}
	if _, err := StageDirs(o.Dir); err != nil {
		return nil //nolint:nilerr // it has no finished stage
	}
	return fmt.Errorf("%s holds a curation already; --resume goes on with it, --out names another folder", o.Dir)
}

// Run carries a recipe out in a folder. What is done there under the same settings is read, not computed again.
func Run(ctx context.Context, recipe Recipe, o Options) ([]Count, error) {
	r, err := newRun(recipe, o)
	if err != nil {
		return nil, err
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
	if err := taken(o); err != nil { // by one that ended meanwhile
		return nil, err
	}
	text, err := json.MarshalIndent(recipe, "", "  ")
	if err != nil {
		return nil, err
	}
	if err := replace(filepath.Join(o.Dir, recipeFile), append(text, '\n')); err != nil {
		return nil, err
	}
	defer r.close()
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
// on are computed, and nothing is written.
func Recount(ctx context.Context, recipe Recipe, o Options) ([]Count, error) {
	r := &run{recipe: recipe, o: o, counted: map[int]map[string]any{}}
	defer r.close()
	var err error
	if r.files, r.splits, err = recipe.Load.sources(); err != nil {
		return nil, err
	}
	return r.all(ctx)
}

func (r *run) close() {
	if r.heads != nil {
		_ = r.heads.f.Close() // it was only read
	}
}

// all runs or reads the stages.
func (r *run) all(ctx context.Context) (counts []Count, err error) {
	decisions := r.recipe.HandFile(r.o.Dir)
	if r.hand, err = readHand(decisions); err != nil {
		return nil, err
	}
	_, missing := os.Stat(decisions)
	r.byHand = r.recipe.Hand != "" || missing == nil
	count, err := r.first(ctx)
	if err != nil {
		return nil, err
	}
	key := count.Key
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
	keys, own := make([]string, len(list)), make([]string, len(list))
	for i, s := range list {
		settings, err := json.Marshal(s.Settings())
		if err != nil {
			return nil, err
		}
		parts := []string{s.Name(), fmt.Sprint(s.Version()), string(settings)}
		key = keyOf(append([]string{key}, parts...)...)
		keys[i], own[i] = key, keyOf(parts...)
		if r.cards = append(r.cards, ""); r.write {
			if r.cards[i], err = cardOf(s, settings); err != nil {
				return nil, err
			}
		}
	}
	if r.write && r.o.Retry {
		if err := r.reopen(list, keys); err != nil {
			return counts, err
		}
	}
	for i, s := range list {
		c := Count{Stage: s.Name(), Version: s.Version(), Key: keys[i], Own: own[i]}
		if i+1 == len(list) {
			r.picked = slices.Clone(r.alive)
		}
		// Nothing that is learnt matters behind the stage before the last one, which goes by texts.
		if count, err = r.stage(ctx, s, filepath.Join(r.o.Dir, stageDir(i, s)), c, i+2 >= len(list)); err != nil {
			return counts, err
		}
		counts = append(counts, count)
		if err := r.nothingCame(s, count); err != nil {
			return counts, err
		}
	}
	return counts, nil
}

func stageDir(i int, s Stage) string { return fmt.Sprintf("%02d-%s", i+1, s.Name()) }

func keyOf(parts ...string) string {
	h := sha256.New()
	for _, p := range parts {
		fmt.Fprintf(h, "%d:%s", len(p), p)
	}
	return hex.EncodeToString(h.Sum(nil))
}
