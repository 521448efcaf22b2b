package curate

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"testing"
)

func TestFeaturesOfManyLinesAddUpAndLeaveNoFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	a, b := ID("a"), ID("b")
	path := filepath.Join(dir, "f.jsonl")
	text := fmt.Sprintf(`{"id":%q,"x":1,"y":"old","all_wrong":false,"solved":false}
{"id":"no hash","x":2}
{"id":%q,"grade":{"verdict":"incorrect"},"key":"k"}
{"id":%q,"y":"new","z":true}
`, a, b, a)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	out := filepath.Join(dir, "out")
	if err := os.Mkdir(out, 0o700); err != nil {
		t.Fatal(err)
	}
	all, err := readFeatures([]string{path}, out)
	if err != nil {
		t.Fatal(err)
	}
	for id, want := range map[string]map[string]any{
		a:       {"x": 1.0, "y": "new", "z": true, "all_wrong": false, "solved": true},
		b:       {"correct": false},
		ID("c"): nil,
	} {
		n, _ := parseID(id)
		if got, err := all.of(n); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("row %s has %v, %v; want %v", id, got, err, want)
		}
	}
	if err := all.close(); err != nil {
		t.Fatal(err)
	}
	if left, err := os.ReadDir(out); err != nil || len(left) != 0 {
		t.Errorf("%v are left (%v)", left, err)
	}
}
