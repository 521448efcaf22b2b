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
