package launch

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"

	"s1/train"
	"s1/train/dataset"
)

// trainable refuses documents that a mask of 0 and 1 does not say: other loss weights, and targets that are not the next token.
func trainable(h *train.Handover) error {
	for _, list := range [][]dataset.Example{h.Rows().Train(), h.Rows().HeldOut()} {
		for _, e := range list {
			if e.Targets != nil {
				return fmt.Errorf("%s: it is to be taught other tokens than it has, which TRL cannot; use the own trainer", e.Name)
			}
			for _, w := range e.Weights {
				if w != 0 && w != 1 {
					return fmt.Errorf("%s: a token has the loss weight %g (data.token_weights), and TRL knows 0 and 1; leave them out, or use the own trainer", e.Name, w)
				}
			}
		}
	}
	return nil
}

// rowOf is one line of the rows: what TRL trains on, and beside it what it says, for people. Prompt ends where the first trained
// token begins.
type rowOf struct {
	InputIDs       []int32 `json:"input_ids"`
	CompletionMask []int   `json:"completion_mask"` // 1 = has a loss
	Prompt         string  `json:"prompt"`
	Completion     string  `json:"completion"`
	Name           string  `json:"name"`
}

func rowsOf(h *train.Handover, name string, list []dataset.Example) File {
	tokens, trained := 0, 0
	lines := make([]rowOf, len(list))
	for i, e := range list {
		tokens, trained = tokens+len(e.IDs), trained+e.Trained()
		lines[i] = line(h, e)
	}
	return File{
		Name: name,
		Text: fmt.Sprintf("%d rows, %d tokens, %d of them trained: input_ids and completion_mask, with prompt and completion as text", len(list), tokens, trained),
		Write: func(w io.Writer) error {
			out := bufio.NewWriterSize(w, 1<<20)
			enc := json.NewEncoder(out)
			enc.SetEscapeHTML(false)
			for _, l := range lines {
				if err := enc.Encode(l); err != nil {
					return err
				}
			}
			return out.Flush()
		},
	}
}

func line(h *train.Handover, e dataset.Example) rowOf {
	r := rowOf{InputIDs: e.IDs, CompletionMask: make([]int, len(e.IDs)), Name: e.Name}
	first := len(e.IDs)
	for i, w := range e.Weights {
		if w > 0 {
			r.CompletionMask[i] = 1
			first = min(first, i)
		}
	}
	r.Prompt, r.Completion = h.Text(e.IDs[:first]), h.Text(e.IDs[first:])
	return r
}
