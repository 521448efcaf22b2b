package bounded

import (
	"bufio"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestAFileIsReadUpToItsBound(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "f")
	if err := os.WriteFile(path, []byte("12345"), 0o600); err != nil {
		t.Fatal(err)
	}
	if b, err := File(path, 5); err != nil || string(b) != "12345" {
		t.Errorf("%q, %v", b, err)
	}
	if b, err := File(path, 4); err == nil || b != nil || !strings.Contains(err.Error(), "longer than 4 bytes") {
		t.Errorf("%q, %v", b, err)
	}
	if _, err := File(path+"x", 4); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
}

// endless is a line without an end that counts what is taken of it.
type endless struct{ n int }

func (e *endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'x'
	}
	e.n += len(p)
	return len(p), nil
}

func TestALineIsReadUpToItsBound(t *testing.T) {
	t.Parallel()
	const most = 40
	r := bufio.NewReaderSize(strings.NewReader("a\n"+strings.Repeat("b", most-1)+"\n\ntorn"), 16)
	for _, want := range []string{"a\n", strings.Repeat("b", most-1) + "\n", "\n"} {
		if got, err := Line(r, most); err != nil || string(got) != want {
			t.Errorf("%q, %v; want %q", got, err, want)
		}
	}
	if got, err := Line(r, most); !errors.Is(err, io.EOF) || got != nil {
		t.Errorf("a torn line is %q, %v", got, err)
	}
	e := &endless{}
	if _, err := Line(bufio.NewReaderSize(e, 16), most); err == nil || e.n > 2*most {
		t.Errorf("%d bytes were read of a line without end: %v", e.n, err)
	}
}
