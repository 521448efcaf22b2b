package cli

import (
	"testing"

	"s1/curate/llm"
)

func TestAModelWordBecomesAProvider(t *testing.T) {
	t.Parallel()
	a := &app{quiet: true}
	p, end, err := a.openAsked(t.Context(), "mini", 1)
	if err != nil {
		t.Fatal(err)
	}
	r, err := p.Generate(t.Context(), llm.Request{Prompt: "2+3*4", Thinking: 64, Answer: 8, Format: "auto"})
	if err != nil || r.Text == "" || r.Thinking == "" || p.Identity().SHA256 == "" {
		t.Errorf("%+v, %v", r, err)
	}
	if err := end(); err != nil {
		t.Error(err)
	}
	if _, _, err := a.openAsked(t.Context(), "http://user:key@host/v1#m", 1); err == nil {
		t.Error("an address with a key was taken")
	}
}
