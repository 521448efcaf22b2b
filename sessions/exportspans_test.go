package sessions

import (
	"bytes"
	"strings"
	"testing"

	"s1/engine/trace"
)

func TestTokensThatWereFedTogetherStandInOneBracket(t *testing.T) {
	t.Parallel()
	var tokens []trace.Token
	say := func(phase trace.Phase, origin trace.Origin, texts ...string) {
		for _, s := range texts {
			tokens = append(tokens, trace.Token{Index: len(tokens), Bytes: []byte(s), Text: s, Phase: phase, Origin: origin})
		}
	}
	say(trace.PhaseThinking, trace.OriginSampled, "1+1", "=3")
	say(trace.PhaseThinking, trace.OriginInjected, " Wait", ",", " no")
	say(trace.PhaseThinking, trace.OriginForced, "</", "think>")
	say(trace.PhaseAnswer, trace.OriginForced, "Final")
	say(trace.PhaseAnswer, trace.OriginSampled, " 2")
	var out bytes.Buffer
	s := Session{Run: trace.Run{ID: "a", Prompt: "1+1"}, Branches: []Kept{{Branch: trace.Branch{ID: "a.1"}, Tokens: tokens}}}
	if err := ExportMarkdown(&out, s); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"1+1=3[injected: Wait, no][forced:</think>]\n", "[forced:Final] 2\n"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is not in\n%s", want, out.String())
		}
	}
}
