package curate

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"s1/engine/records"
)

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

// KeptByHand counts the rows of a run's folder that decisions keep: a decision may be about none of them, or about several.
func KeptByHand(dir string, decided map[string]Handed) (kept int, err error) {
	if len(decided) == 0 {
		return 0, nil
	}
	l, err := openLines(filepath.Join(dir, loadDir, headsFile))
	if err != nil {
		return 0, err
	}
	defer l.close()
	for {
		line, err := l.next()
		if errors.Is(err, io.EOF) {
			return kept, nil
		}
		if err != nil {
			return 0, err
		}
		_, rest, _ := numberOf(line)
		n, ok := idIn(rest)
		if !ok {
			return 0, fmt.Errorf("read %s: %.60q has no id", l.f.Name(), line)
		}
		if decided[fmt.Sprintf("%016x", n)].Keep {
			kept++
		}
	}
}

// IsID says whether a text can be the id of a row that was loaded.
func IsID(id string) bool { _, ok := parseID(id); return ok }

// Mark writes a decision about a row of a run's folder down, and gives the rows that it is about. One of a row that is not there is
// refused, but for taking back what stands in the file.
func Mark(dir, id, verdict, note string, when time.Time) (path string, rows []Copy, err error) {
	rec, err := ReadRecipe(dir)
	if err != nil {
		return "", nil, err
	}
	path = rec.HandFile(dir)
	rows, err = Why(dir, id)
	if err == nil && rows[0].N < 0 {
		err = fmt.Errorf("row %.80q was never loaded (%s), so that no hand can keep or drop it", id, rows[0].Said[0].Rule)
	}
	if err != nil && verdict == Undo {
		decided, bad := readHand(path)
		if _, there := decided[id]; bad == nil && there {
			err = nil
		}
	}
	if err != nil {
		return path, nil, err
	}
	return path, rows, ByHand(path, id, verdict, note, when)
}

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
