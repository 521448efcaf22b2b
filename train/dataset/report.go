package dataset

import (
	"errors"
	"fmt"
	"strings"
)

// Report counts what became of rows; nothing is dropped or cut that is not in it.
type Report struct {
	Rows           int       `json:"rows"`            // read
	Bad            int       `json:"bad"`             // of them, left out because their label is false
	Examples       int       `json:"examples"`        // documents to train on
	HeldOut        int       `json:"held_out"`        // documents to measure on
	Tokens         int64     `json:"tokens"`          // of both
	Trained        int64     `json:"trained_tokens"`  // of them with a loss weight
	Longest        int       `json:"longest"`         // tokens
	WithoutThought int       `json:"without_thought"` // documents with an answer alone
	OverLong       []LongRow `json:"over_long"`       // documents beyond the block: refused, dropped or cut
	Dropped        int       `json:"dropped"`         // of them, documents left out
	Cut            int       `json:"cut"`             // of them, documents cut
	CutTokens      int64     `json:"cut_tokens"`      // tokens lost by that
	CutAnswers     int       `json:"cut_answers"`     // cut documents without any of their answer
	CutAway        int       `json:"cut_away"`        // documents whose prompt alone fills the block: cut, then left out
	LostBytes      int       `json:"lost_bytes"`      // of text, for which the vocabulary has no token
}

// String says the counts in one line; what is 0 and may be is left out.
func (r Report) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d rows: %d documents to train on, %d held out; %d tokens, %d trained, the longest %d",
		r.Rows, r.Examples, r.HeldOut, r.Tokens, r.Trained, r.Longest)
	for _, c := range []struct {
		n    int64
		what string
	}{
		{int64(r.Bad), "left out because they are marked bad"},
		{int64(r.WithoutThought), "without a thought"},
		{int64(len(r.OverLong)), "over-long"},
		{int64(r.Dropped), "dropped"},
		{int64(r.Cut), "cut"},
		{r.CutTokens, "tokens cut off"},
		{int64(r.CutAnswers), "without any of their answer after the cut"},
		{int64(r.CutAway), "left out because the prompt fills the block"},
		{int64(r.LostBytes), "bytes without a token"},
	} {
		if c.n > 0 {
			fmt.Fprintf(&b, "; %d %s", c.n, c.what)
		}
	}
	return b.String()
}

// LongRow is a document with more tokens than the block.
type LongRow struct {
	Name   string `json:"name"`
	Tokens int    `json:"tokens"`
}

func (r *Report) longest() LongRow {
	var most LongRow
	for _, l := range r.OverLong {
		if l.Tokens > most.Tokens {
			most = l
		}
	}
	return most
}

// fit holds a document to the block and counts it; kept is false when it is left out.
func (r *Report) fit(d *document, o *RowsOptions) (kept bool, err error) {
	if len(d.lost) > 0 && !o.AllowLost {
		return false, unfit(d.lost)
	}
	if d.Trained() == 0 {
		return false, errors.New("every token of its answer has the loss weight 0")
	}
	if n := len(d.IDs); n > o.Block {
		r.OverLong = append(r.OverLong, LongRow{d.Name, n})
		switch o.OverLong {
		case "cut":
			d.IDs, d.Weights = d.IDs[:o.Block:o.Block], d.Weights[:o.Block:o.Block]
			if d.Trained() == 0 {
				r.CutAway++
				return false, nil
			}
			r.Cut++
			r.CutTokens += int64(n - o.Block)
			if d.answer >= o.Block {
				r.CutAnswers++
			}
		case "drop":
			r.Dropped++
			return false, nil
		default:
			return false, nil
		}
	}
	r.Tokens += int64(len(d.IDs))
	r.Trained += int64(d.Trained())
	r.Longest = max(r.Longest, len(d.IDs))
	r.LostBytes += len(d.lost)
	if !d.thought {
		r.WithoutThought++
	}
	return true, nil
}
