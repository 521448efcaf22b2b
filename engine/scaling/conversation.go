package scaling

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"s1/engine/records"
	"s1/engine/trace"
)

// Limits of what a row says of the budget that it was thought under.
const (
	maxOwnWaits = 10_000
	maxOwnText  = 4 << 10 // bytes of a Wait text
	maxOwnTemp  = 100
)

// Own is what a question was asked under before, and is asked under again by the method own.
type Own struct {
	Model    string         `json:"model,omitempty"` // that thought it
	Budget   trace.Budget   `json:"budget"`
	Sampling trace.Sampling `json:"sampling"`
}

// origin is the part of a row's provenance that says how it was asked.
type origin struct {
	Session  string          `json:"session"`
	Branch   string          `json:"branch"`
	Model    string          `json:"model"`
	Expected string          `json:"expected"`
	Budget   *trace.Budget   `json:"budget"`
	Sampling *trace.Sampling `json:"sampling"`
}

// converse takes the question out of a row of messages, the shape of rows to train on: what the user said, and what stands before
// it as the system's text. Where the row says who thought it, its id is the session's and the branch's, its gold answer the one
// that was expected there, and its own budget the one that held there.
func (f Fields) converse(it *Item, row records.Row) error {
	var list []struct {
		Role    string `json:"role"`
		Content any    `json:"content"`
	}
	if err := again(row.Fields["messages"], &list); err != nil {
		return fmt.Errorf("its messages are not a list of role and content: %w", err)
	}
	turns := 0
	for _, m := range list {
		text, _ := m.Content.(string)
		switch m.Role {
		case "user":
			it.Prompt = text
			turns++
		case "system":
			it.System = text
		}
	}
	if turns != 1 || strings.TrimSpace(it.Prompt) == "" {
		return fmt.Errorf("its messages have %d turns of the user, and a question is one turn with a text", turns)
	}
	var from origin
	if p := row.Fields["provenance"]; p != nil {
		if err := again(p, &from); err != nil {
			return fmt.Errorf("its provenance: %w", err)
		}
	}
	if it.Gold == "" {
		it.Gold = strings.TrimSpace(from.Expected)
	}
	if given, _ := row.Text(f.ID); given == "" && from.Session != "" && from.Branch != "" {
		it.ID = from.Session + "/" + from.Branch
	}
	if f.Own {
		return it.bring(from)
	}
	return nil
}

// bring takes over the budget of where a row is from. It comes from a file: a number that no run could have had is refused here,
// and not by every run.
func (it *Item) bring(from origin) error {
	if from.Budget == nil || from.Sampling == nil {
		return errors.New("its provenance has no budget and sampling to ask it under again: write the rows anew with s1 sessions rows")
	}
	b, s := *from.Budget, *from.Sampling
	switch {
	case b.Cap < -1 || b.AnswerCap < -1 || b.Waits < 0 || b.Waits > maxOwnWaits || b.SoftLanding < 0:
		return fmt.Errorf("its budget is a cap of %d, %d Waits, an answer of %d and a landing of %d tokens: none below -1, and at most %d Waits", b.Cap, b.Waits, b.AnswerCap, b.SoftLanding, maxOwnWaits)
	case len(b.WaitText) > maxOwnText || !utf8.ValidString(b.WaitText):
		return fmt.Errorf("its Wait text has %d bytes or is no UTF-8, at most %d", len(b.WaitText), maxOwnText)
	case s.Temperature < 0 || s.Temperature > maxOwnTemp || s.TopP < 0 || s.TopP > 1 || s.TopK < 0 || s.MinP < 0 || s.MinP > 1:
		return fmt.Errorf("its sampling is temperature %g, top-k %d, top-p %g, min-p %g, which no draw has", s.Temperature, s.TopK, s.TopP, s.MinP)
	}
	it.Own = &Own{Model: from.Model, Budget: b, Sampling: s}
	return nil
}

// again decodes what a reader of records has decoded into something with a shape.
func again(from, into any) error {
	b, err := json.Marshal(from)
	if err == nil {
		err = json.Unmarshal(b, into)
	}
	return err
}

// broughtAll refuses the method own where a question has no budget of its own.
func (p Plan) broughtAll(items []Item) error {
	if !p.has(MethodOwn) {
		return nil
	}
	for i, it := range items {
		if it.Own == nil {
			return fmt.Errorf("method %s asks every question under the budget that its row was thought under, and question %d (%.80q) has none: rows of s1 sessions rows have one", MethodOwn, i+1, it.ID)
		}
	}
	return nil
}

// ungraded are the ids of the questions whose right answer nobody knows.
func ungraded(items []Item) map[string]bool {
	ids := map[string]bool{}
	for _, it := range items {
		if it.Gold == "" {
			ids[it.ID] = true
		}
	}
	return ids
}
