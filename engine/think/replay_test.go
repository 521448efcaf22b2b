package think

import (
	"testing"

	"s1/engine/trace"
)

// A run that was told not to think may be taken over by a preset, which itself never opens so.
func TestReplayTakesAnOpeningWithoutThoughtUnderAPreset(t *testing.T) {
	t.Parallel()
	f := qwen3Format(t)
	var tokens []trace.Token
	for i, id := range f.Skip {
		tokens = append(tokens, trace.Token{Index: i, ID: id, Phase: trace.PhaseThinking, Origin: trace.OriginForced})
	}
	for n := range len(tokens) + 1 {
		if _, err := Replay(f, trace.Budget{Cap: 20, AnswerCap: 5, Preset: PresetHarness, WaitText: "Wait"}, Options{Context: 300}, tokens[:n]); err != nil {
			t.Errorf("after %d tokens: %v", n, err)
		}
	}
}
