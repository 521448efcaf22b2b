package records

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// tree makes empty files.
func tree(t *testing.T, names ...string) string {
	t.Helper()
	dir := t.TempDir()
	for _, n := range names {
		path := filepath.Join(dir, n)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestOfSeveralSplitsTheOneAskedForIsTaken(t *testing.T) {
	t.Parallel()
	hub := []string{"README.md", "data/train-00000-of-00002.parquet", "data/train-00001-of-00002.parquet", "data/test-00000-of-00001-a1b2.parquet"}
	saved := []string{"dataset_dict.json", "train/data-00000-of-00001.arrow", "train/state.json", "train/dataset_info.json", "held/data-00000-of-00001.arrow", "held/state.json", "notes/x.arrow"}
	chat := []string{"data/train_sft-00000-of-00001.parquet", "data/train_gen-00000-of-00001.parquet", "data/test_sft-00000-of-00001.parquet"}
	for _, c := range []struct {
		name  string
		files []string
		want  string // split
		got   string // base names, with what is left; or the error
	}{
		{"train before test", hub, "", "[train-00000-of-00002.parquet train-00001-of-00002.parquet] train [{test 1}]"},
		{"another one", hub, "test", "[test-00000-of-00001-a1b2.parquet] test [{train 2}]"},
		{"all", hub, AllSplits, "[test-00000-of-00001-a1b2.parquet train-00000-of-00002.parquet train-00001-of-00002.parquet]  []"},
		{"none of that name", hub, "dev", `has no split "dev"; it has test, train`},
		{"folders of splits", saved, "", "[data-00000-of-00001.arrow] train [{held 1}]"},
		{"a folder by its own name", saved, "held", "[data-00000-of-00001.arrow] held [{train 1}]"},
		{"one split, whatever it is", []string{"data/test-00000-of-00001.parquet"}, "", "[test-00000-of-00001.parquet]  []"},
		{"no train", chat, "", "has the splits test_sft, train_gen, train_sft, and none of them is train"},
		{"words in names", []string{"gsm8k_test.jsonl", "gsm8k_train.jsonl", "more.jsonl", "val.jsonl"}, "", "[gsm8k_train.jsonl more.jsonl] train [{test 1} {validation 1}]"},
		{"no word of a split", []string{"contest.jsonl", "trainer.jsonl"}, "", "[contest.jsonl trainer.jsonl]  []"},
		{"JSON last, and not what describes it", []string{"dataset_info.json", "a.json"}, "", "[a.json]  []"},
	} {
		found, err := Find(tree(t, c.files...), c.want)
		if err != nil {
			if !strings.Contains(err.Error(), c.got) {
				t.Errorf("%s: %v, want %s", c.name, err, c.got)
			}
			continue
		}
		for i, f := range found.Files {
			found.Files[i] = filepath.Base(f)
		}
		if got := fmt.Sprint(found.Files, " ", found.Split, " ", found.Left); got != c.got {
			t.Errorf("%s: %s, want %s", c.name, got, c.got)
		}
	}
	dir := tree(t, hub...)
	if files, err := Files(dir); err != nil || len(files) != 3 || !slices.Contains(files, filepath.Join(dir, "data", "test-00000-of-00001-a1b2.parquet")) {
		t.Errorf("all files are %v, %v", files, err)
	}
}
