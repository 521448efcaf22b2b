package dataset

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"

	"s1/engine/builtin/tape"
)

// Draft is what a model wrote as its first thought for a problem: from behind <think> to before </think>.
type Draft struct {
	Problem tape.Problem
	IDs     []int32
}

// DraftCounts says what became of a set of drafts.
type DraftCounts struct {
	Kept      int
	Wrong     int // of those kept, with an error
	Malformed int // dropped: not one line for each step, in order
	Reserved  int // dropped: of a problem kept for tests
}

// lines reads the draft; ok is false where it is not one line for each operation of the problem, in order.
func (d Draft) lines() (lines []line, wrong bool, ok bool) {
	rest := d.IDs
	x := d.Problem.Start
	for _, o := range d.Problem.Ops {
		want := append(tape.AppendOp(nil, o), tape.Equals)
		if len(rest) < len(want) {
			return nil, false, false
		}
		for i, id := range want {
			if rest[i] != id {
				return nil, false, false
			}
		}
		rest = rest[len(want):]
		value, n := 0, 0
		for n < len(rest) && rest[n] >= tape.Digit && rest[n] < tape.Digit+10 {
			value = value*10 + int(rest[n]-tape.Digit)
			if n++; n > tape.MaxDigits {
				return nil, false, false
			}
		}
		if n == 0 || rest[0] == tape.Digit || n == len(rest) || rest[n] != tape.Newline {
			return nil, false, false
		}
		rest = rest[n+1:]
		exact, fits := o.Apply(x)
		wrong = wrong || !fits || exact != value
		lines = append(lines, line{o, value})
		x = value
	}
	return lines, wrong, len(rest) == 0
}

// WithDrafts gives the same source, with share of the examples from index from on drawn from a model's own drafts: its
// wrong values have no weight, and the generator writes the checks. Drafts that are malformed are dropped.
func (s *Tape) WithDrafts(drafts []Draft, share float64, from int64) (*Tape, DraftCounts, error) {
	var n DraftCounts
	if !(share >= 0 && share <= 1) || from < 0 {
		return nil, n, fmt.Errorf("tape: own drafts: share %g is not within 0..1, or from %d is below 0", share, from)
	}
	if !s.c.Checks {
		return nil, n, fmt.Errorf("tape: own drafts are for checks, and this source has none (checks = false)")
	}
	kept := make([]Draft, 0, len(drafts))
	for _, d := range drafts {
		_, wrong, ok := d.lines()
		switch {
		case !ok || d.Problem.Check() != nil:
			n.Malformed++
			continue
		case d.Problem.Reserved():
			n.Reserved++
			continue
		case wrong:
			n.Wrong++
		}
		kept = append(kept, d)
	}
	n.Kept = len(kept)
	return &Tape{c: s.c, drafts: kept, share: share, from: from}, n, nil
}

// own writes an example with checks over a model's draft; what is redone may err as in any other example.
func (t *tapeTrace) own(d Draft) {
	t.put(0, tape.Encode(d.Problem)...)
	t.drawRate()
	lines, _, _ := d.lines()
	x := d.Problem.Start
	for _, l := range lines {
		weight := 0.0
		if exact, ok := l.op.Apply(x); ok && exact == l.claim {
			weight = t.c.Weights.Draft
		}
		t.terse(weight, l.op, l.claim)
		x = l.claim
	}
	t.verify(d.Problem.Start, d.Problem.Ops, lines)
	t.sure(t.extra())
	t.finish(1, 1, d.Problem.Answer())
}

// draftRow is a draft in a file.
type draftRow struct {
	Start int       `json:"start"`
	Ops   []tape.Op `json:"ops"`
	IDs   []int32   `json:"ids"`
}

// WriteDrafts writes one JSON object a line.
func WriteDrafts(w io.Writer, drafts []Draft) error {
	out := bufio.NewWriter(w)
	enc := json.NewEncoder(out)
	for _, d := range drafts {
		if err := enc.Encode(draftRow{d.Problem.Start, d.Problem.Ops, d.IDs}); err != nil {
			return fmt.Errorf("write drafts: %w", err)
		}
	}
	if err := out.Flush(); err != nil {
		return fmt.Errorf("write drafts: %w", err)
	}
	return nil
}

// ReadDrafts reads what WriteDrafts wrote.
func ReadDrafts(r io.Reader) ([]Draft, error) {
	dec := json.NewDecoder(r)
	var drafts []Draft
	for {
		var row draftRow
		err := dec.Decode(&row)
		if err == io.EOF {
			return drafts, nil
		}
		if err != nil {
			return nil, fmt.Errorf("read drafts: object %d: %w", len(drafts)+1, err)
		}
		drafts = append(drafts, Draft{tape.Problem{Start: row.Start, Ops: row.Ops}, row.IDs})
	}
}
