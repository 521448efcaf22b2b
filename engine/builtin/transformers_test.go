package builtin

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"

	"s1/engine/builtin/tape"
	"s1/engine/trace"
)

// The folder in the program is a Hugging Face folder like any other: what transformers makes of its tokenizer, template and
// weights is, token for token, what the engine makes of them.
func TestTransformersThinksTheSameWithTheFolder(t *testing.T) {
	python := os.Getenv("S1_PYTHON")
	if python == "" {
		t.Skip("needs S1_PYTHON, a Python with torch and transformers: run `make test-real`")
	}
	var questions []string
	for _, p := range tape.Examples(tape.ExamplesSeed, 8) {
		questions = append(questions, p.String())
	}
	cmd := exec.CommandContext(t.Context(), python, append([]string{filepath.Join("testdata", "generate.py"), "mini"}, questions...)...)
	cmd.Env = append(os.Environ(), "HF_HUB_OFFLINE=1", "TOKENIZERS_PARALLELISM=false")
	var log bytes.Buffer
	cmd.Stderr = &log
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("generate.py: %v\n%s", err, log.Bytes()[max(0, log.Len()-2000):])
	}
	m := open(t)
	lines := json.NewDecoder(bytes.NewReader(out))
	for _, q := range questions {
		var theirs struct {
			Prompt, IDs []int32
			Text        string
		}
		if err := lines.Decode(&theirs); err != nil {
			t.Fatal(err)
		}
		live, events := run(t, m, trace.Ask{Prompt: q, ThinkFormat: "auto", Budget: trace.Budget{Cap: -1, AnswerCap: -1}})
		var ours []int32
		for _, e := range events {
			if e.Kind == trace.EventToken {
				ours = append(ours, e.Token.ID)
			}
		}
		ours = append(ours, tape.End) // which is drawn, and not part of what was said
		if prompt := live.Run().PromptIDs; !slices.Equal(prompt, theirs.Prompt) || !slices.Equal(ours, theirs.IDs) {
			t.Errorf("%s: ours %v %v, theirs %v %v (%s)", q, prompt, ours, theirs.Prompt, theirs.IDs, theirs.Text)
		}
	}
}
