// Package pool makes rows of the calculator tape whose faults, lengths and domains are known, so that what a curation keeps
// and drops, and what that is worth, can be measured on a model that trains in minutes.
//
// It knows the tape's problems, the generator of its traces and the columns of s1K. It knows no stage of a pipeline.
package pool

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"

	"s1/engine/builtin/tape"
	"s1/train/dataset"
)

// Fault is what is wrong with a row. The string rules, the grader, exact deduplication and decontamination each find theirs;
// nothing but reading finds BrokenThought.
type Fault string

// Faults.
const (
	Fine          Fault = ""
	Picture       Fault = "picture"        // the question refers to an image
	NoTrace       Fault = "no trace"       // the thought is missing
	WrongAnswer   Fault = "wrong answer"   // the attempt is not the solution
	Duplicate     Fault = "duplicate"      // an earlier row without a fault again
	Contaminated  Fault = "contaminated"   // a test question
	BrokenThought Fault = "broken thought" // a line of its draft is gone, the answer is right
)

// shares of the faults among all rows.
var shares = []struct {
	fault Fault
	share float64
}{{Picture, .04}, {NoTrace, .02}, {WrongAnswer, .10}, {Duplicate, .05}, {Contaminated, .02}, {BrokenThought, .07}}

// Row has the columns of s1K.
type Row struct {
	Question     string   `json:"question"`
	Solution     string   `json:"solution"`
	CotType      string   `json:"cot_type"`
	SourceType   string   `json:"source_type"`
	Metadata     string   `json:"metadata"` // a Truth as JSON
	Cot          *string  `json:"cot"`
	Trajectories []string `json:"thinking_trajectories"`
	Attempt      string   `json:"attempt"`
}

// Truth is what the maker knows of a row, and no stage may look at.
type Truth struct {
	Fault  Fault  `json:"fault"`
	Domain string `json:"domain"`
	Steps  int    `json:"steps"`
}

// Domains of problems, from common to rare.
const (
	Mixed      = "mixed"     // multiplies and divides
	Products   = "products"  // multiplies
	Sums       = "sums"      // adds and subtracts only
	Quotients  = "quotients" // divides
	tokenLimit = 1000        // of a thought; the model's context is 1,024
	drawSeed   = 0x706f6f6c  // of the faults
	sourceName = "s1/tape-"  // and the domain
)

// DomainOf says which domain a problem is of.
func DomainOf(p tape.Problem) string {
	times, over := false, false
	for _, o := range p.Ops {
		times, over = times || o.Kind == '*', over || o.Kind == '/'
	}
	switch {
	case times && over:
		return Mixed
	case times:
		return Products
	case over:
		return Quotients
	}
	return Sums
}

// Sizes are how large the problems of a pool may be. A pool for a model that is still learning has smaller ones.
type Sizes struct {
	StepsMax int                  `json:"steps_max"`
	Values   []dataset.TapeValues `json:"values"`
}

// Make gives n rows with problems of all sizes; tests are the questions of which some rows are copies. Equal arguments give
// equal rows.
func Make(ctx context.Context, seed uint64, n int, tests []tape.Problem) ([]Row, error) {
	return MakeWithin(ctx, Sizes{tape.MaxSteps, dataset.DefaultTape().Values}, seed, n, tests)
}

// MakeWithin is Make with problems of these sizes.
func MakeWithin(ctx context.Context, within Sizes, seed uint64, n int, tests []tape.Problem) ([]Row, error) {
	c := dataset.DefaultTape()
	c.Seed, c.StepsMax, c.Values, c.Curriculum = seed, within.StepsMax, within.Values, 0
	c.Mixture = dataset.TapeMixture{Clean: .3, Waits: .7}
	c.SureMax, c.Interrupt = 0, 0
	source, err := dataset.NewTape(c)
	if err != nil {
		return nil, fmt.Errorf("pool: %w", err)
	}
	rng := rand.New(rand.NewPCG(seed, drawSeed))
	rows := make([]Row, 0, n)
	var fine []int // rows without a fault: what others repeat
	for i := int64(0); len(rows) < n; i++ {
		e, err := source.At(ctx, i)
		if err != nil {
			return nil, fmt.Errorf("pool: %w", err)
		}
		p, thought, err := read(e.IDs)
		if err != nil {
			return nil, fmt.Errorf("pool: %s: %w", e.Name, err)
		}
		fault := drawFault(rng)
		if fault == Contaminated && len(tests) > 0 {
			p = tests[rng.IntN(len(tests))]
			thought = draft(p)
		}
		r := Row{
			Question: p.String(), Solution: strconv.Itoa(p.Answer()), CotType: "math", SourceType: sourceName + DomainOf(p),
			Trajectories: []string{thought}, Attempt: strconv.Itoa(p.Answer()),
		}
		switch fault {
		case Picture:
			r.Question += " ![Image](tape.png)"
		case NoTrace:
			r.Trajectories, r.Attempt = nil, ""
		case WrongAnswer:
			r.Attempt = strconv.Itoa(p.Answer() + 1 + rng.IntN(9))
		case Duplicate:
			if len(fine) == 0 {
				continue
			}
			r = rows[fine[rng.IntN(len(fine))]]
		case BrokenThought:
			lines := strings.SplitAfter(thought, "\n")
			at := rng.IntN(len(p.Ops))
			r.Trajectories = []string{strings.Join(slices.Delete(lines, at, at+1), "")}
		}
		if fault != Duplicate {
			fact, err := json.Marshal(Truth{Fault: fault, Domain: DomainOf(p), Steps: len(p.Ops)})
			if err != nil {
				return nil, fmt.Errorf("pool: %w", err)
			}
			r.Metadata = string(fact)
		} else if r.Metadata, err = repeated(r.Metadata); err != nil {
			return nil, fmt.Errorf("pool: %w", err)
		}
		if fault == Fine {
			fine = append(fine, len(rows))
		}
		rows = append(rows, r)
	}
	return rows, nil
}

// Write writes rows as JSON lines.
func Write(w io.Writer, rows []Row) error {
	out := bufio.NewWriter(w)
	enc := json.NewEncoder(out)
	enc.SetEscapeHTML(false)
	for i := range rows {
		if err := enc.Encode(&rows[i]); err != nil {
			return fmt.Errorf("write row %d of the pool: %w", i+1, err)
		}
	}
	if err := out.Flush(); err != nil {
		return fmt.Errorf("write the pool: %w", err)
	}
	return nil
}

func drawFault(rng *rand.Rand) Fault {
	x := rng.Float64()
	for _, s := range shares {
		if x -= s.share; x < 0 {
			return s.fault
		}
	}
	return Fine
}

// read takes an example apart.
func read(ids []int32) (p tape.Problem, thought string, err error) {
	open, end := slices.Index(ids, tape.Think), slices.Index(ids, tape.EndThink)
	if open < 0 || end < open || end-open > tokenLimit {
		return p, "", fmt.Errorf("a thought from %d to %d of %d tokens", open, end, len(ids))
	}
	p, err = tape.Parse(tape.Text(ids[:open]))
	return p, tape.Text(ids[open+1 : end]), err
}

// draft is a right thought without checks.
func draft(p tape.Problem) string {
	var b strings.Builder
	for i, v := range p.Values() {
		fmt.Fprintf(&b, "%s=%d\n", p.Ops[i], v)
	}
	return b.String()
}

// repeated marks the truth of a row as that of its copy.
func repeated(metadata string) (string, error) {
	var t Truth
	if err := json.Unmarshal([]byte(metadata), &t); err != nil {
		return "", err
	}
	t.Fault = Duplicate
	out, err := json.Marshal(t)
	return string(out), err
}
