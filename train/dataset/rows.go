package dataset

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"sync"

	"s1/engine/tokenizer"
)

// RowsOptions says which rows are read and how they become documents.
type RowsOptions struct {
	Files        []string           // JSONL, plain or gzip: messages, prompt and completion, or s1's text
	HeldOutFile  string             // rows to measure on, or
	HeldOutShare float64            // a share of the rows, drawn by Seed and kept from training
	Block        int                // most tokens of a document
	OverLong     string             // a document with more: refuse, drop, or cut from the right
	ThinkFormat  string             // of package think
	Template     string             // auto, or none = bare text
	System       string             // of rows without a system message; empty = the template's own
	Turns        string             // of several assistant turns: last, or all (a document each)
	TokenWeights map[string]float64 // of trained tokens by their exact text; the others have 1
	AllowLost    bool               // rows with bytes for which there is no token: they are left out and counted, else the row is refused
	Seed         uint64             // of the order and of what is held out
}

// maxTokens bounds what is kept in memory, 8 bytes a token.
const maxTokens = 1 << 29

// Rows is documents made from files. They are in memory, as ids; epoch by epoch they come in another order, which is a
// function of seed and epoch.
type Rows struct {
	train   []Example
	heldOut []Example
	report  Report
	seed    uint64
	hash    string

	mu    sync.Mutex // the order of the epoch asked for last
	epoch int64
	order []int
}

// OverLongError says that documents are longer than the block and that nothing was said about such ones.
type OverLongError struct {
	Documents, Of, Block int
	Longest              string // where it is from
	Tokens               int    // it has
}

func (e *OverLongError) Error() string {
	return fmt.Sprintf("%d of %d rows have more than %d tokens, the longest %d (%s): raise block, or say over_long = \"drop\" or \"cut\"",
		e.Documents, e.Of, e.Block, e.Tokens, e.Longest)
}

// OpenRows reads all rows. With an *OverLongError it returns the others as well, for looking at them.
func OpenRows(ctx context.Context, t *tokenizer.Tokenizer, o RowsOptions) (*Rows, error) {
	if o.Block < 2 {
		return nil, fmt.Errorf("read rows: a block of %d tokens, want at least 2", o.Block)
	}
	if len(o.Files) == 0 {
		return nil, errors.New("read rows: no file is named")
	}
	p, err := newPreparer(t, &o)
	if err != nil {
		return nil, fmt.Errorf("read rows: %w", err)
	}
	r := &Rows{seed: o.Seed, epoch: -1}
	var groups [][]Example // by row, so that no row is on both sides
	for _, f := range o.Files {
		more, err := r.read(ctx, p, f)
		if err != nil {
			return nil, err
		}
		groups = append(groups, more...)
	}
	out := r.split(groups, o.HeldOutShare)
	if o.HeldOutFile != "" {
		more, err := r.read(ctx, p, o.HeldOutFile)
		if err != nil {
			return nil, err
		}
		for _, g := range more {
			r.heldOut = append(r.heldOut, g...)
		}
	}
	r.train = out
	r.report.Examples, r.report.HeldOut = len(r.train), len(r.heldOut)
	r.hash = r.sum()
	switch long := &r.report; {
	case o.OverLong == "refuse" && len(long.OverLong) > 0:
		most := long.longest()
		return r, &OverLongError{len(long.OverLong), long.Rows, o.Block, most.Name, most.Tokens}
	case long.Rows == 0:
		return nil, fmt.Errorf("read rows: %s: there is no row in it, only blank lines or nothing at all", strings.Join(o.Files, ", "))
	case len(r.train) == 0:
		return nil, fmt.Errorf("read rows: %d rows in %v leave nothing to train on (%d marked bad, %d over-long dropped, %d held out)", long.Rows, o.Files, long.Bad, long.Dropped, long.HeldOut)
	}
	return r, nil
}

// read makes the documents of a file, a group for each row. A row that is marked bad makes none: to train on it is to learn it.
func (r *Rows) read(ctx context.Context, p *preparer, file string) ([][]Example, error) {
	var groups [][]Example
	err := eachRow(ctx, file, func(in row) error {
		if in.bad {
			r.report.Rows++
			r.report.Bad++
			return nil
		}
		documents, err := p.documents(in)
		if err != nil {
			return err
		}
		r.report.Rows++
		var group []Example
		for _, d := range documents {
			kept, err := r.report.fit(&d, p.o)
			if err != nil {
				return err
			}
			if kept {
				group = append(group, d.Example)
			}
		}
		if r.report.Tokens > maxTokens {
			return fmt.Errorf("the rows up to here have %d tokens, and at most %d fit into memory", r.report.Tokens, maxTokens)
		}
		if len(group) > 0 {
			groups = append(groups, group)
		}
		return nil
	})
	return groups, err
}

// split keeps a share of the rows from training; the others are returned.
func (r *Rows) split(groups [][]Example, share float64) (train []Example) {
	n := 0
	if share > 0 && len(groups) > 1 {
		n = min(max(int(math.Round(share*float64(len(groups)))), 1), len(groups)-1)
	}
	held := make([]bool, len(groups))
	for _, i := range permutation(r.seed, -1, len(groups))[:n] {
		held[i] = true
	}
	for i, g := range groups {
		if held[i] {
			r.heldOut = append(r.heldOut, g...)
		} else {
			train = append(train, g...)
		}
	}
	return train
}

// sum is of what every example is, in order, so of the data and of all that was done to it.
func (r *Rows) sum() string {
	h := sha256.New()
	var b []byte
	for _, list := range [][]Example{r.train, r.heldOut} {
		b = binary.LittleEndian.AppendUint64(b[:0], uint64(len(list)))
		h.Write(binary.LittleEndian.AppendUint64(b, r.seed))
		for _, e := range list {
			b = binary.LittleEndian.AppendUint64(b[:0], uint64(len(e.IDs)))
			for i, id := range e.IDs {
				b = binary.LittleEndian.AppendUint32(b, uint32(id))
				b = binary.LittleEndian.AppendUint32(b, math.Float32bits(e.Weights[i]))
			}
			h.Write(b)
		}
	}
	return hex.EncodeToString(h.Sum(nil))
}

// At gives example i: every example once in an epoch, in the epoch's own order. It is safe for several goroutines.
func (r *Rows) At(_ context.Context, i int64) (Example, error) {
	n := int64(len(r.train))
	if i < 0 || n == 0 {
		return Example{}, fmt.Errorf("rows: example %d of %d does not exist", i, n)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.epoch != i/n {
		r.epoch, r.order = i/n, permutation(r.seed, i/n, int(n))
	}
	return r.train[r.order[i%n]], nil
}

// Epoch is the number of examples of one pass.
func (r *Rows) Epoch() int64 { return int64(len(r.train)) }

// Hash identifies the data and how it is prepared and ordered.
func (r *Rows) Hash() string { return r.hash }

// Train is the examples in the order of the files.
func (r *Rows) Train() []Example { return r.train }

// HeldOut is the examples to measure on, in the order of their file.
func (r *Rows) HeldOut() []Example { return r.heldOut }

// Report is what was counted.
func (r *Rows) Report() Report { return r.report }

// permutation of 0..n-1 is a function of its arguments. Epoch -1 is what is held out.
func permutation(seed uint64, epoch int64, n int) []int {
	return rand.New(rand.NewPCG(seed, mix(uint64(epoch)))).Perm(n)
}
