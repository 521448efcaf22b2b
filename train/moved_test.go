package train

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"s1/train/recipe"
)

// Where files lie, and how their paths were typed, makes no other run: what is in them does.
func TestAResumeTakesTheSameFilesByAnotherPath(t *testing.T) {
	t.Parallel()
	rec, o := fineTune(t, "")
	rec.Train.Steps, rec.Checkpoint.Every = 4, 1
	whole := o
	whole.Dir += "-whole"
	_, want := trained(t, rec, whole)
	o.Stop = &after{2}
	trained(t, rec, o)

	there := t.TempDir()
	for _, name := range []string{"base.gguf", "rows.jsonl"} {
		if err := os.Rename(filepath.Join(filepath.Dir(o.Dir), name), filepath.Join(there, name)); err != nil {
			t.Fatal(err)
		}
	}
	rec.Data.Files, rec.Model.Base = []string{filepath.Join(there, "rows.jsonl")}, filepath.Join(there, "base.gguf")
	o.Stop, o.Resume = nil, true
	if _, got := trained(t, rec, o); !bytes.Equal(got, want) {
		t.Error("a resume with the files elsewhere gave other weights")
	}

	refused := func(name string, rec recipe.Recipe, want ...string) {
		t.Helper()
		_, err := Run(context.Background(), rec, o)
		for _, w := range want {
			if err == nil || !strings.Contains(err.Error(), w) {
				t.Errorf("%s: %v; want %q", name, err, w)
			}
		}
	}
	rows, err := os.ReadFile(rec.Data.Files[0])
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(rec.Data.Files[0], bytes.Replace(rows, []byte("It is 2"), []byte("It is 4"), 1), 0o600); err != nil {
		t.Fatal(err)
	}
	refused("other rows", rec, "its data", rec.Data.Files[0])
	if err := os.WriteFile(rec.Data.Files[0], rows, 0o600); err != nil {
		t.Fatal(err)
	}
	other, _ := fineTune(t, "")
	text, err := os.ReadFile(other.Model.Base)
	if err != nil {
		t.Fatal(err)
	}
	text[len(text)-5] ^= 1 // the mantissa of a weight
	if err := os.WriteFile(rec.Model.Base, text, 0o600); err != nil {
		t.Fatal(err)
	}
	refused("another base", rec, "its base", rec.Model.Base)
}
