package think

import (
	"testing"

	"s1/engine/trace"
)

func TestNaturalCloseS1(t *testing.T) {
	t.Parallel()
	v := chatml()
	start(t, s1Format(t), trace.Budget{Cap: -1, AnswerCap: -1}, Options{}, play(t, v, "\nab\n<|im_start|>\n42<|im_end|>")).finish().
		want("[<|im_start|>think]\nab\n<|im_start|>[answer]|\n42")
}

func TestForcedCloseS1(t *testing.T) {
	t.Parallel()
	v := chatml()
	start(t, s1Format(t), trace.Budget{Cap: 2, AnswerCap: -1}, Options{}, play(t, v, "ab 42<|im_end|>")).finish().
		want("[<|im_start|>think]ab[\n<|im_start|>answer]|[\nFinal Answer:] 42")
}
