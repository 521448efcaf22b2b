package cli

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"s1/curate"
	"s1/engine/builtin"
	"s1/engine/trace"
	"s1/sessions"
)

// A row becomes a session where its texts come back from the model's tokens to the byte, and is judged by its own solution. Any
// other one is refused, with the place where it can be read, and nothing of it is kept.
func TestARowIsOpenedAsItIsOrNotAtAll(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	store, err := sessions.Open(t.Context(), filepath.Join(dir, "s.db"))
	if err != nil {
		t.Fatal(err)
	}
	d := &desk{flags: &runFlags{modelFlags: modelFlags{model: builtin.Name, weights: "exact"}, thinkFormat: "auto"}, seed: 3, store: store, recorder: sessions.NewRecorder(store, ""), hosts: map[trace.BranchID]thinker{}}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	if err := d.open(t.Context(), func(string) {}); err != nil {
		t.Fatal(err)
	}
	cases := []struct{ question, thought, attempt, solution, says string }{
		{"12,+5,*2", "12+5=17Wait17*2=34", "34", "34", ""},
		{"12,+5,*3", "12+5=17", "17", "no number", ""}, // judged by what the row says, whatever the model knows
		{"What is 128+54 times 7?", "128+54=182", "1274", "506", `of the question, which would become "128,+54,*7"`},
		{"8,+5,*2", "First, the sum. No, now the product: not 26.", "26", "26", "of the thought, which would become"},
		{"8,+6,*2", "[8+6]", "28", "28", "the thought"},
		{"Name a prime.", "7", "7", "7", "no tokens for the question"},
	}
	rows := ""
	for _, c := range cases {
		b, err := json.Marshal(map[string]string{"question": c.question, "thinking": c.thought, "attempt": c.attempt, "solution": c.solution})
		if err != nil {
			t.Fatal(err)
		}
		rows += string(b) + "\n"
	}
	data := filepath.Join(dir, "q.jsonl")
	if err := os.WriteFile(data, []byte(rows), 0o600); err != nil {
		t.Fatal(err)
	}
	rec := curate.Defaults()
	rec.Stages, rec.Load.Files, rec.Select.Kind = []string{"select"}, []string{data}, "full"
	folder := filepath.Join(dir, "run")
	if _, err := curate.Run(t.Context(), rec, curate.Options{Dir: folder}); err != nil {
		t.Fatal(err)
	}
	c := newCurator(d)
	kept := 0
	for i, is := range cases {
		run, err := c.Trace(t.Context(), folder, curate.ID(is.question))
		if is.says != "" {
			where := "read line " + string(rune('1'+i)) + " of q.jsonl"
			if err == nil || !strings.Contains(err.Error(), is.says) || !strings.HasPrefix(err.Error(), "mini cannot spell it: "+where) {
				t.Errorf("%q: %v, want %q and %q", is.question, err, where, is.says)
			}
			continue
		}
		if err != nil {
			t.Fatalf("%q: %v", is.question, err)
		}
		kept++
		s, err := store.Load(t.Context(), run)
		if err != nil {
			t.Fatal(err)
		}
		text := ""
		for _, x := range s.Branches[0].Tokens {
			text += string(x.Bytes)
		}
		if s.Run.Prompt != is.question || s.Run.Expected != is.solution || !strings.Contains(text, is.thought) || !strings.HasSuffix(text, is.attempt) {
			t.Errorf("%q is kept as %q with %q, expected %q", is.question, s.Run.Prompt, text, s.Run.Expected)
		}
	}
	if list, err := store.List(t.Context(), 10); err != nil || len(list) != kept {
		t.Errorf("%d runs are kept, want %d: %v", len(list), kept, err)
	}
}
