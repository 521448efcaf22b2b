package engine

import (
	"errors"
	"fmt"
	"math"
	"strings"

	"s1/engine/trace"
)

// Written makes a run, with its one branch, of a thought and an answer that were written elsewhere: the prompt as this model's
// template has it, the texts in this model's tokens. Nobody drew them here, so they are injected and no probability is known
// (NaN). Special tokens spelled in the texts stay prose. The run is not the model's until Restore.
func (m *Model) Written(a trace.Ask, thought, answer string) (trace.Run, trace.Saved, error) {
	r, format, err := m.begin(a)
	if err != nil {
		return trace.Run{}, trace.Saved{}, err
	}
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
	say := func(text string, phase trace.Phase, counted bool) (n int, err error) {
		ids, err := m.parts.Vocabulary.Encode(text, false)
		if err != nil {
			return 0, fmt.Errorf("encode %d bytes: %w", len(text), err)
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
		if receipt.ThinkingTokens, err = say(thought, trace.PhaseThinking, true); err != nil {
			return trace.Run{}, trace.Saved{}, err
		}
		add(format.Close, trace.PhaseThinking, trace.OriginForced, false)
		receipt.Forced = len(format.Open) + len(format.Close)
	}
	if receipt.AnswerTokens, err = say(answer, trace.PhaseAnswer, false); err != nil {
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
