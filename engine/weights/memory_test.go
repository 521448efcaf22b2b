package weights

import (
	"io/fs"
	"maps"
	"os"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
)

func inMemory(files map[string]string) fstest.MapFS {
	m := fstest.MapFS{}
	for name, text := range files {
		m[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return m
}

func TestAFolderInMemoryIsTheSameModel(t *testing.T) {
	t.Parallel()
	files := map[string]string{"config.json": `{"hidden_size":3}`, "model.safetensors": string(safetensors(t, halves()))}
	disk, err := Open(folder(t, files))
	if err != nil {
		t.Fatal(err)
	}
	defer disk.Close()
	m, err := OpenFS(inMemory(files), "mini")
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	m.Drop()
	if diff := cmp.Diff(disk.Tensors, m.Tensors); diff != "" {
		t.Errorf("tensors (-disk +memory):\n%s", diff)
	}
	want, err := disk.SHA256()
	if err != nil {
		t.Fatal(err)
	}
	if got, err := m.SHA256(); err != nil || got != want {
		t.Errorf("SHA256 %s, %v; on disk %s", got, err, want)
	}
	if m.Name != "mini" || m.Kind != KindSafetensors || string(m.Config) != files["config.json"] {
		t.Errorf("got %+v", m)
	}
}

func TestAFolderInMemoryIsCheckedAsOneOnDisk(t *testing.T) {
	t.Parallel()
	good := map[string]string{"config.json": "{}", "model.safetensors": string(safetensors(t, halves()))}
	for name, c := range map[string]struct {
		file, text, says string
	}{
		"no config":      {"config.json", "", "no config.json"},
		"config no JSON": {"config.json", "{", "not valid JSON"},
		"no weights":     {"model.safetensors", "", "neither model.safetensors nor"},
		"half a header":  {"model.safetensors", good["model.safetensors"][:12], "model.safetensors"},
		"data cut":       {"model.safetensors", good["model.safetensors"][:len(good["model.safetensors"])-1], "model.safetensors"},
	} {
		files := maps.Clone(good)
		files[c.file] = c.text
		if c.text == "" {
			delete(files, c.file)
		}
		if m, err := OpenFS(inMemory(files), "mini"); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, %v; want an error with %q", name, m, err, c.says)
		}
	}
	odd := inMemory(good)
	odd["model.safetensors"].Mode = fs.ModeNamedPipe
	if _, err := OpenFS(odd, "mini"); err == nil || !strings.Contains(err.Error(), "not a regular file") {
		t.Errorf("a pipe: %v", err)
	}
	odd["model.safetensors"] = &fstest.MapFile{}
	if _, err := OpenFS(odd, "mini"); err == nil || !strings.Contains(err.Error(), "is empty") {
		t.Errorf("an empty file: %v", err)
	}
}

func TestAMappedFolderIsNotReadWhole(t *testing.T) {
	t.Parallel()
	dir := folder(t, map[string]string{"config.json": "{}", "model.safetensors": string(safetensors(t, halves()))})
	m, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	if m.maps[0].unmap == nil && os.PathSeparator == '/' {
		t.Error("the weights are on the heap, not mapped")
	}
}
