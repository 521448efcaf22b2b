package sessions

import (
	"bufio"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"slices"
	"strings"

	"s1/engine/trace"
)

// Good and Bad are the tags with which people say what a trace is worth to them. A branch has at most one of the two.
const (
	Good = "good"
	Bad  = "bad"
)

// Mark tags a branch as Good or Bad, or with "" takes either away.
func (s *Store) Mark(ctx context.Context, run string, branch trace.BranchID, mark string) error {
	var add []string
	switch mark {
	case Good, Bad:
		add = []string{mark}
	case "":
	default:
		return fmt.Errorf("mark %q: %s, %s or nothing", clip(mark), Good, Bad)
	}
	_, err := s.ChangeTags(ctx, run, branch, add, slices.DeleteFunc([]string{Good, Bad}, func(t string) bool { return t == mark }))
	return err
}

// Worth is what tags say of their branch: Good, Bad, or "" for neither or both.
func Worth(tags []string) string {
	good, bad := slices.Contains(tags, Good), slices.Contains(tags, Bad)
	switch {
	case good && !bad:
		return Good
	case bad && !good:
		return Bad
	}
	return ""
}

// worthOf is what people say of a branch: its own mark, or where it has none, that of its run.
func (s Session) worthOf(k Kept) string {
	if slices.Contains(k.Tags, Good) || slices.Contains(k.Tags, Bad) {
		return Worth(k.Tags)
	}
	return Worth(s.Tags)
}

// rowTags are the tags of a branch and of its run; of good and bad only what the branch is worth.
func (s Session) rowTags(k Kept) []string {
	tags := append(slices.Clone(s.Tags), k.Tags...)
	tags = slices.DeleteFunc(tags, func(t string) bool { return t == Good || t == Bad })
	if worth := s.worthOf(k); worth != "" {
		tags = append(tags, worth)
	}
	slices.Sort(tags)
	return slices.Compact(tags)
}

// RowFilter says which branches become rows to train on: those that have all of what is named.
type RowFilter struct {
	IDs     []string // runs; none = all that are not in the bin
	Tag     string   // of the branch or of its run; a branch's own good or bad wins over its run's
	Verdict trace.Verdict
}

// RowCounts says what became of the branches that a RowFilter looked at.
type RowCounts struct {
	Written    int `json:"written"`
	Bad        int `json:"bad"`        // of those written, labelled false: supervised training leaves them out
	Other      int `json:"other"`      // without the tag or the verdict, of the runs named or with the tag somewhere
	Unanswered int `json:"unanswered"` // no receipt, or no answer: there is nothing to train on
	Repeated   int `json:"repeated"`   // question, thought and answer were written already
}

// row is a line to train on: a conversation that ends with the thought and the answer, and where it comes from.
type row struct {
	Messages   []rowMessage `json:"messages"`
	Label      *bool        `json:"label,omitempty"` // true good, false bad; not there where nobody said
	Provenance provenance   `json:"provenance"`
}

type rowMessage struct {
	Role      string `json:"role"`
	Content   string `json:"content"`
	Reasoning string `json:"reasoning_content,omitempty"`
}

type provenance struct {
	Session     string         `json:"session"`
	Branch      trace.BranchID `json:"branch"`
	Cause       trace.Cause    `json:"cause"`
	Model       string         `json:"model"`
	ModelSHA256 string         `json:"model_sha256"`
	ThinkFormat string         `json:"think_format"`
	Tags        []string       `json:"tags,omitempty"`
	Note        string         `json:"note,omitempty"`
	Expected    string         `json:"expected,omitempty"`
	Verdict     trace.Verdict  `json:"verdict,omitempty"`
	Thinking    int            `json:"thinking_tokens"`
	Cap         int            `json:"cap"`
	Waits       int            `json:"waits"`
	Closed      trace.Closed   `json:"closed"`
	Forced      int            `json:"forced_tokens"`   // fed by the budget
	Injected    int            `json:"injected_tokens"` // fed by a Wait or by the user
	Seed        uint64         `json:"seed"`
	Budget      trace.Budget   `json:"budget"`   // with which it can be asked again from the question on; what the user did by hand is in its Waits and cap alone
	Sampling    trace.Sampling `json:"sampling"` // as the branch began
}

// Rows writes the branches of a filter as JSON lines that a trainer reads: messages, the thought as reasoning_content, and the
// provenance of each. It holds one run in memory at a time.
func (s *Store) Rows(ctx context.Context, w io.Writer, f RowFilter) (n RowCounts, err error) {
	ids := f.IDs
	if len(ids) == 0 {
		all, err := s.Query(ctx, Filter{Tag: f.Tag})
		if err != nil {
			return n, err
		}
		for _, h := range slices.Backward(all) { // oldest first: a later run appends rows, and does not move them
			ids = append(ids, h.ID)
		}
	}
	out := bufio.NewWriter(w)
	seen := map[[sha256.Size]byte]bool{}
	for _, id := range ids {
		sess, err := s.Load(ctx, id)
		if err != nil {
			return n, err
		}
		for _, k := range sess.Branches {
			if err := sess.writeRow(out, k, f, seen, &n); err != nil {
				return n, fmt.Errorf("rows of session %s: %w", clip(id), err)
			}
		}
	}
	return n, out.Flush()
}

func (s Session) writeRow(w io.Writer, k Kept, f RowFilter, seen map[[sha256.Size]byte]bool, n *RowCounts) error {
	tags := s.rowTags(k)
	if f.Tag != "" && !slices.Contains(tags, f.Tag) || f.Verdict != "" && k.Verdict != f.Verdict {
		n.Other++
		return nil
	}
	thought, answer := spoken(s.Path(k.ID))
	r := k.Receipt
	if r == nil || r.Outcome != "answered" || strings.TrimSpace(answer) == "" {
		n.Unanswered++
		return nil
	}
	line := row{Provenance: provenance{
		Session: s.Run.ID, Branch: k.ID, Cause: k.Cause, Model: s.Run.Model, ModelSHA256: s.Run.ModelSHA256, ThinkFormat: s.Run.ThinkFormat, Tags: tags,
		Note: k.Comment, Expected: s.Run.Expected, Verdict: k.Verdict, Thinking: r.ThinkingTokens, Cap: r.Cap, Waits: r.WaitsDone, Closed: r.Closed,
		Forced: r.Forced, Injected: r.Injected, Seed: r.Seed,
		Budget: k.Budget, Sampling: k.Sampling,
	}}
	line.Provenance.Budget.Cap, line.Provenance.Budget.Waits = r.Cap, max(k.Budget.Waits, r.WaitsDone)

	if s.Run.System != "" {
		line.Messages = append(line.Messages, rowMessage{Role: "system", Content: s.Run.System})
	}
	line.Messages = append(line.Messages, rowMessage{Role: "user", Content: s.Run.Prompt}, rowMessage{Role: "assistant", Content: answer, Reasoning: thought})
	worth := s.worthOf(k)
	if worth != "" {
		good := worth == Good
		line.Label = &good
	}
	said, err := marshal(line.Messages)
	if err != nil {
		return err
	}
	if worth == Bad {
		said = append(said, Bad...) // a bad row does not stand for the same words that are not bad
	}
	key := sha256.Sum256(said)
	if seen[key] {
		n.Repeated++
		return nil
	}
	seen[key] = true
	n.Written++
	if worth == Bad {
		n.Bad++
	}
	b, err := marshal(line)
	if err == nil {
		_, err = w.Write(b)
	}
	return err
}

// spoken is the thought and the answer of a path as text, without what opens and closes the thought and what ends the answer.
func spoken(path []trace.Token) (thought, answer string) {
	var t, a strings.Builder
	for _, k := range path {
		switch {
		case k.Phase == trace.PhaseThinking && k.Counted:
			t.WriteString(k.Text)
		case k.Phase == trace.PhaseAnswer:
			a.WriteString(k.Text)
		}
	}
	return strings.TrimSpace(t.String()), strings.TrimSpace(a.String())
}
