package cli

import (
	"bytes"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// studyFiles are the files of a study that its seed alone decides, by name.
func studyFiles(b *box, dir string) map[string][]byte {
	b.t.Helper()
	files := map[string][]byte{}
	for _, pattern := range []string{"*.jsonl", "*.toml", "design.json", "report.md", "results.csv", "rows/*.jsonl", "eval/*/items.jsonl", "difficulty/items.jsonl", "train/*/model/model.safetensors"} {
		found, err := filepath.Glob(b.at(dir, pattern))
		if err != nil || len(found) == 0 {
			b.t.Fatalf("%s: %d files, %v", pattern, len(found), err)
		}
		for _, path := range found {
			text, err := os.ReadFile(path)
			if err != nil {
				b.t.Fatal(err)
			}
			name, err := filepath.Rel(b.at(dir), path)
			if err != nil {
				b.t.Fatal(err)
			}
			files[name] = text
		}
	}
	return files
}

func TestAStudyOfSubsetsThatWasKilledEndsInTheSameBytes(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	words := []string{"curate", "study", "--tiny", "--seed", "3", "--out"}
	r := b.run(append(words, "whole")...).wants(0, "19 of 19: measure s1", "The whole report is whole/report.md", "50.0 / 93.0 / 57.6")
	if !bytes.Contains([]byte(r.out), []byte("n = 12")) {
		t.Errorf("the table has no n:\n%s", r.out)
	}
	want := studyFiles(b, "whole")
	for _, part := range []string{"difficulty", "train diverse", "measure random"} {
		after := `"part":"` + part + `"`
		b.start(append(words, "killed", "--json")...).until(1, after).signal(syscall.SIGKILL).end()
	}
	b.run(append(words, "killed")...).wants(0, "19 of 19: measure s1")
	got := studyFiles(b, "killed")
	if len(got) != len(want) {
		t.Errorf("%d files, want %d", len(got), len(want))
	}
	for name, text := range want {
		if !bytes.Equal(got[name], text) {
			t.Errorf("%s has other bytes after kills", name)
		}
	}
	b.run("curate", "study", "--tiny", "--seed", "4", "--out", "whole").wants(1, "holds a study of another design", "--out")
	b.run("curate", "study", "-m", "mini").wants(2, "solves the task already")
}
