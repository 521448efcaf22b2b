package llm

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A file that grows is read on, whatever it looks like at any moment; one that is another one or has become shorter is read anew.
func TestAGrowingFileIsReadOnAndAnew(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, spendFile)
	var r SpendReader
	for _, step := range []struct {
		write    string // in place of all, where it begins with !
		requests int
		tokens   int64
		held     int64
	}{
		{"", 0, 0, 0},
		{`{"id":1,"tokens":100,"cost":1}` + "\n" + `{"id":2,"tok`, 1, 0, 100},
		{`ens":50,"cost":0.5}` + "\n", 2, 0, 150},
		{`{"id":1,"settled":true,"tokens":40,"cost":0.25}` + "\n", 2, 40, 50},
		{"no JSON\n\x00\n{}\n", 3, 40, 50}, // {} is a reservation of nothing
		{"!" + `{"id":1,"tokens":9}` + "\n", 1, 0, 9},
		{`{"id":1,"settled":true,"tokens":7}` + "\n", 1, 7, 0},
	} {
		if all, whole := strings.CutPrefix(step.write, "!"); whole {
			if err := os.WriteFile(path, []byte(all), 0o600); err != nil {
				t.Fatal(err)
			}
		} else if step.write != "" {
			f, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := f.WriteString(step.write); err != nil {
				t.Fatal(err)
			}
			if err := f.Close(); err != nil {
				t.Fatal(err)
			}
		}
		s, err := r.Read(dir)
		if err != nil {
			t.Fatal(err)
		}
		if s.Requests != step.requests || s.Tokens != step.tokens || s.HeldTokens != step.held {
			t.Errorf("after %q: %+v, want %d requests, %d tokens, %d held", step.write, s, step.requests, step.tokens, step.held)
		}
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	if s, err := r.Read(dir); err != nil || s != (Spent{}) {
		t.Errorf("without its file: %+v, %v", s, err)
	}
}
