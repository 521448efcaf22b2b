package metrics

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func numbers(steps []Step) string {
	var b strings.Builder
	for _, s := range steps {
		fmt.Fprintf(&b, "%d ", s.Step)
	}
	return strings.TrimSpace(b.String())
}

func TestATailGivesEachStepOnceAsTheFileGrows(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), FileName)
	tail := NewTail(path)
	long := `{"step":9,"junk":"` + strings.Repeat("x", 3*maxLineBytes) + `"}`
	for i, c := range []struct {
		write string // "" = nothing new; a first < begins the file anew
		want  string
		again bool
	}{
		{"", "", false},
		{"{\"step\":1,\"loss\":2.5}\n{\"step\":2", "1", false},
		{",\"loss\":null}\n", "2", false},
		{"", "", false},
		{"nonsense\n\n[1]\n{\"loss\":1}\n{\"step\":\"x\"}\n{\"step\":3,\"lr\":1e999}\n{\"step\":-4}\n{\"step\":4}\n", "4", false},
		{long + "\n{\"step\":5}\n", "5", false},
		{"<{\"step\":1,\"loss\":2.5}\n", "1", true},
		{"{\"step\":2,\"loss\":9}\n", "2", false},
		{"<{\"step\":1}\n{\"step\":2}\n{\"step\":3}\n{\"step\":4}\n{\"step\":5}\n", "1 2 3 4 5", true}, // as long, another text
		{"<", "", true},
	} {
		if rest, anew := strings.CutPrefix(c.write, "<"); anew {
			if err := os.WriteFile(path, []byte(rest), 0o644); err != nil {
				t.Fatal(err)
			}
		} else if c.write != "" {
			f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
			if err == nil {
				_, err = f.WriteString(c.write)
				f.Close()
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		steps, again, more, err := tail.Read(0)
		if err != nil || more || again != c.again || numbers(steps) != c.want {
			t.Errorf("read %d: steps %q, again %v, more %v, %v; want %q, %v", i, numbers(steps), again, more, err, c.want, c.again)
		}
		if i == 4 && tail.Broken != 6 {
			t.Errorf("%d lines were no steps, want 6", tail.Broken)
		}
	}
}

func TestATailGivesALongFileInPieces(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	for i := range 1000 {
		fmt.Fprintf(&b, "{\"step\":%d,\"pad\":%q}\n", i+1, strings.Repeat("p", 500))
	}
	path := filepath.Join(t.TempDir(), FileName)
	if err := os.WriteFile(path, b.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	tail, got := NewTail(path), 0
	for {
		steps, again, more, err := tail.Read(64)
		if err != nil || again || len(steps) > 64 {
			t.Fatalf("%d steps, again %v, %v", len(steps), again, err)
		}
		for _, s := range steps {
			if got++; s.Step != got {
				t.Fatalf("step %d came as %d", got, s.Step)
			}
		}
		if !more {
			break
		}
	}
	if got != 1000 {
		t.Errorf("%d steps, want 1000", got)
	}
}
