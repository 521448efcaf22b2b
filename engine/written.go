package engine

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"unicode/utf8"

	"s1/engine/tokenizer"
	"s1/engine/trace"
)

// Written makes a run, with its one branch, of a thought and an answer that were written elsewhere: the prompt as this model's
// template has it, the texts in this model's tokens. Nobody drew them here, so they are injected and no probability is known
// (NaN). Special tokens spelled in the texts stay prose. What the model's tokens would make another text of is Unspelt, and so is a
// question that it would read as another. No right answer is known: it is the caller's to say. The run is not the model's until Restore.
func (m *Model) Written(a trace.Ask, thought, answer string) (trace.Run, trace.Saved, error) {
	asked := strings.TrimSpace(a.Prompt)
	r, format, err := m.begin(a)
	var unsuitable *trace.Unsuitable
	switch {
	case errors.As(err, &unsuitable):
		return trace.Run{}, trace.Saved{}, &Unspelt{Model: m.parts.Info.Name, What: "question"}
	case err != nil:
		return trace.Run{}, trace.Saved{}, err
	case strings.TrimSpace(r.Prompt) != asked:
		return trace.Run{}, trace.Saved{}, &Unspelt{Model: m.parts.Info.Name, What: "question", Becomes: r.Prompt}
	}
	r.Expected = ""
	if thought = strings.TrimSpace(thought); thought != "" && !format.Thinks() {
		return trace.Run{}, trace.Saved{}, fmt.Errorf("%s has no form for a thought (think format %s)", m.parts.Info.Name, format.Name)
	}
	var tokens []trace.Token
	add := func(ids []int32, phase trace.Phase, origin trace.Origin, counted bool) {
		nan := float32(math.NaN())
		for _, id := range ids {
			piece := m.parts.Vocabulary.Piece(id)
			tokens = append(tokens, trace.Token{
				Index: len(tokens), ID: id, Bytes: piece, Text: string(piece), Phase: phase, Origin: origin, Counted: counted, Logprob: nan, Entropy: nan, EndProb: nan,
			})
		}
	}
	say := func(what, text string, phase trace.Phase, counted bool) (n int, err error) {
		ids, err := m.spell(what, text)
		if err != nil {
			return 0, err
		}
		add(ids, phase, trace.OriginInjected, counted)
		return len(ids), nil
	}
	receipt := &trace.Receipt{
		Cap: a.Budget.Cap, Closed: trace.ClosedNatural, Outcome: "answered", Enforcement: "exact", PromptTokens: len(r.PromptIDs), Model: r.Model, ModelSHA256: r.ModelSHA256,
		TemplateSHA256: r.TemplateSHA256, ThinkFormat: format.Name, Backend: r.Backend,
	}
	if format.Thinks() {
		add(format.Open, trace.PhaseThinking, trace.OriginForced, false)
		if receipt.ThinkingTokens, err = say("thought", thought, trace.PhaseThinking, true); err != nil {
			return trace.Run{}, trace.Saved{}, err
		}
		add(format.Close, trace.PhaseThinking, trace.OriginForced, false)
		receipt.Forced = len(format.Open) + len(format.Close)
	}
	if receipt.AnswerTokens, err = say("answer", answer, trace.PhaseAnswer, false); err != nil {
		return trace.Run{}, trace.Saved{}, err
	}
	if receipt.AnswerTokens == 0 {
		receipt.Outcome = "empty"
	}
	if receipt.Injected = receipt.ThinkingTokens + receipt.AnswerTokens; receipt.Injected == 0 {
		return trace.Run{}, trace.Saved{}, errors.New("neither a thought nor an answer is written there")
	}
	if room := m.parts.Context - len(r.PromptIDs); len(tokens) > room {
		return trace.Run{}, trace.Saved{}, fmt.Errorf("the texts have %d tokens in %s, whose context has room for %d behind the question", len(tokens), r.Model, room)
	}
	b := trace.Branch{ID: trace.BranchID(r.ID + ".1"), Cause: trace.CauseStart, Budget: a.Budget, Sampling: a.Sampling, Created: r.Created}
	return r.Run, trace.Saved{Branch: b, Tokens: tokens, Receipt: receipt}, nil
}

// Unspelt says that a model's tokens do not hold a text: with them it would be another one.
type Unspelt struct {
	Model   string
	What    string // question, thought, answer
	Becomes string // the beginning of what it would be, "" = nothing
}

func (e *Unspelt) Error() string {
	if e.Becomes == "" {
		return fmt.Sprintf("%s has no tokens for the %s", e.Model, e.What)
	}
	return fmt.Sprintf("%s has no tokens for all of the %s, which would become %q", e.Model, e.What, e.Becomes)
}

const mostUnspelt = 60 // bytes of a text that an error shows

// spell gives the ids of a text, which are that text to the byte.
func (m *Model) spell(what, text string) ([]int32, error) {
	ids, err := m.parts.Vocabulary.Encode(text, false)
	switch {
	case errors.Is(err, tokenizer.ErrBadText) && utf8.ValidString(text) && len(text) <= tokenizer.MaxText:
		return nil, &Unspelt{Model: m.parts.Info.Name, What: what}
	case err != nil:
		return nil, fmt.Errorf("encode the %s, %d bytes: %w", what, len(text), err)
	}
	same, rest := true, text
	for _, id := range ids {
		piece := string(m.parts.Vocabulary.Piece(id))
		if rest, same = strings.CutPrefix(rest, piece); !same {
			break
		}
	}
	if same && rest == "" {
		return ids, nil
	}
	var becomes []byte
	for _, id := range ids {
		if becomes = append(becomes, m.parts.Vocabulary.Piece(id)...); len(becomes) > mostUnspelt {
			becomes = append(becomes[:mostUnspelt], "..."...)
			break
		}
	}
	return nil, &Unspelt{Model: m.parts.Info.Name, What: what, Becomes: strings.ToValidUTF8(string(becomes), "")}
}
