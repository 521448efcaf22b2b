package cli

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"s1/sessions/jobs"
)

func TestAJobIsFoundByItsNameWhereNoOtherHasIt(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for id, name := range map[string]string{"train-1": "tiny", "train-2": "two", "train-3": "two", "sweep-1": "train-2"} {
		if err := os.Mkdir(filepath.Join(dir, id), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, id, "spec.json"), fmt.Appendf(nil, `{"kind":"train","name":%q,"argv":["s1"]}`, name), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for word, want := range map[string]string{
		"train-1": "train-1", "tiny": "train-1", "train-2": "train-2", // an id goes before a name
		"two": "2 jobs are called \"two\"", "three": "no job \"three\"", "": "no job",
	} {
		j, err := findJob(jobs.Open(dir, nil), word)
		got := fmt.Sprint(err)
		if err == nil {
			got = j.ID
		}
		if !strings.HasPrefix(got, want) {
			t.Errorf("%q: %s, want %s", word, got, want)
		}
	}
}
