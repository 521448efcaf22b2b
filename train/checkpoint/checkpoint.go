// Package checkpoint keeps the exact state of a training run on disk. It knows folders, hashes and the order in which a
// disk must be told things; it knows neither models nor optimisers: arrays have names, and what else a run has to remember
// is JSON.
//
//	ROOT/step-00000120/            complete once DONE is there, never changed after
//	    arrays.safetensors         F32, in the order given
//	    state.json                 State
//	    MANIFEST                   size and SHA-256 of the two
//	    DONE                       SHA-256 of MANIFEST; made last
//	ROOT/best-00000080/            the same, under a name of its own: kept beside the steps
//
// Save writes into a temporary folder, syncs each file and the folder, renames it, and then makes DONE. A folder without DONE
// is a save that was cut off: nobody reads it, and the next Save removes it. A complete one is removed only after a newer one
// is complete. One process at a time may save into a root: see Lock.
package checkpoint

import (
	"cmp"
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
)

// StepName is the name of the ordinary checkpoints of a run.
const StepName = "step"

// BestName is the name for the best model so far.
const BestName = "best"

// Limits on what a folder may hold; far above any real run.
const (
	maxStateBytes    = 16 << 20
	maxManifestBytes = 4 << 10
	maxNameBytes     = 32
	formatVersion    = 1
)

// The files of a checkpoint.
const (
	arraysFile   = "arrays.safetensors"
	stateFile    = "state.json"
	manifestFile = "MANIFEST"
	doneFile     = "DONE"
)

// State is everything a run must remember but its arrays.
type State struct {
	Step     int               `json:"step"`               // optimizer steps done
	Micro    int               `json:"micro"`              // micro-batches done of the next step
	Cursor   int64             `json:"cursor"`             // next example of the data
	Seed     uint64            `json:"seed"`               // of the run
	Counters map[string]uint64 `json:"counters,omitempty"` // position of each named random stream
	Extra    json.RawMessage   `json:"extra,omitempty"`    // the trainer's own: spike statistics, best loss, sums of the step
	Identity Identity          `json:"identity"`
}

// Identity is what must be the same for a resume to give the same bits. Each field is a hash or a version.
type Identity struct {
	Data      string `json:"data"`
	Recipe    string `json:"recipe"`
	Tokenizer string `json:"tokenizer"`
	Shape     string `json:"shape"` // of the model: names and sizes of its parameters
	Precision string `json:"precision,omitempty"`
	Code      string `json:"code"`
}

// ForeignError says that a checkpoint belongs to another run: Field is the part of its identity that differs.
type ForeignError struct {
	Dir, Field  string
	Saved, Want string
}

func (e *ForeignError) Error() string {
	hint := "resume with what it was made with, or begin a new run in another folder"
	if e.Field == "code" {
		hint = "the weights may differ from an uninterrupted run; allow another code version to resume all the same"
	}
	return fmt.Sprintf("checkpoint %s belongs to another run: its %s is %q, this run's is %q; %s", e.Dir, e.Field, e.Saved, e.Want, hint)
}

// AheadError says that a root holds a checkpoint further on than the one to be saved, which Latest would go on finding: a new
// run in an old folder, or one resumed from an earlier checkpoint. Whoever means it calls SetAside on the later ones.
type AheadError struct{ Root, Folder string }

func (e *AheadError) Error() string {
	return fmt.Sprintf("%s already holds %s, which is further on; resume from it, or choose another folder", e.Root, e.Folder)
}

// differences returns the fields that differ, the code last.
func (saved Identity) differences(dir string, want Identity) []*ForeignError {
	var out []*ForeignError
	for _, f := range []struct{ name, saved, want string }{
		{"data", saved.Data, want.Data},
		{"recipe", saved.Recipe, want.Recipe},
		{"tokenizer", saved.Tokenizer, want.Tokenizer},
		{"shape", saved.Shape, want.Shape},
		{"precision", saved.Precision, want.Precision},
		{"code", saved.Code, want.Code},
	} {
		if f.saved != f.want {
			out = append(out, &ForeignError{Dir: dir, Field: f.name, Saved: f.saved, Want: f.want})
		}
	}
	return out
}

func (s State) validate() error {
	if s.Step < 0 || s.Micro < 0 || s.Cursor < 0 {
		return fmt.Errorf("step %d, micro %d, cursor %d: none may be negative", s.Step, s.Micro, s.Cursor)
	}
	return nil
}

// place is what the name of a checkpoint's folder says. A second save at the same position is take 2: nothing is ever replaced.
type place struct {
	name        string
	step, micro int
	take        int // from 1
}

// folderForm is NAME-STEP[.mMICRO][.tTAKE].
var folderForm = regexp.MustCompile(`^([a-z][a-z0-9]*)-([0-9]{8,18})(?:\.m([0-9]{1,18}))?(?:\.t([0-9]{1,18}))?$`)

var nameForm = regexp.MustCompile(`^[a-z][a-z0-9]*$`)

func (p place) String() string {
	s := fmt.Sprintf("%s-%08d", p.name, p.step)
	if p.micro > 0 {
		s += ".m" + strconv.Itoa(p.micro)
	}
	if p.take > 1 {
		s += ".t" + strconv.Itoa(p.take)
	}
	return s
}

// parsePlace reads a folder's name; only names that String writes are ours.
func parsePlace(folder string) (place, bool) {
	m := folderForm.FindStringSubmatch(folder)
	if m == nil {
		return place{}, false
	}
	number := func(s string, absent int) int {
		if s == "" {
			return absent
		}
		n, _ := strconv.Atoi(s) // at most 18 digits
		return n
	}
	p := place{name: m[1], step: number(m[2], 0), micro: number(m[3], 0), take: number(m[4], 1)}
	return p, len(p.name) <= maxNameBytes && p.String() == folder
}

// compare orders places by progress.
func (p place) compare(q place) int {
	return cmp.Or(cmp.Compare(p.step, q.step), cmp.Compare(p.micro, q.micro), cmp.Compare(p.take, q.take))
}

// after says whether p is further on than q; takes do not matter.
func (p place) after(q place) bool {
	p.take, q.take = 1, 1
	return p.compare(q) > 0
}
