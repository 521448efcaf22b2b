package hub

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"s1/engine/weights"
)

func words(t *testing.T, h *Hub) []string {
	t.Helper()
	entries, err := h.List()
	if err != nil {
		t.Fatal(err)
	}
	var w []string
	for _, e := range entries {
		if got, err := h.Resolve(t.Context(), e.Word); err != nil || got != e.Path {
			t.Errorf("%s is listed at %s, Resolve says %s, %v", e.Word, e.Path, got, err)
		}
		if e.Bytes == 0 || e.Modified.IsZero() {
			t.Errorf("%s has %d bytes, changed %v", e.Word, e.Bytes, e.Modified)
		}
		w = append(w, e.Word)
	}
	return w
}

func blobs(t *testing.T, h *Hub) int {
	t.Helper()
	found, err := os.ReadDir(filepath.Join(h.repoDir("org/name"), blobsDir))
	if err != nil {
		t.Fatal(err)
	}
	return len(found)
}

func TestListAndRemoveKnowRevisionsAndSharedBlobs(t *testing.T) {
	t.Parallel()
	s := newServer(t, modelFiles(t))
	h := s.client(t)
	if got := words(t, h); got != nil {
		t.Errorf("an empty cache lists %v", got)
	}
	other := maps.Clone(s.files[commitA]) // the same weights, another config
	other["config.json"] = []byte(`{"model_type":"qwen2"}`)
	other["q-Q8_0.gguf"] = []byte("GGUF q")
	s.files[commitB], s.refs["v2"] = other, commitB
	for _, word := range []string{"org/name", "org/name@v2", "org/name@v2:q-Q8_0.gguf"} {
		if _, err := h.Pull(t.Context(), word, nil); err != nil {
			t.Fatal(err)
		}
	}
	if got, want := words(t, h), []string{"org/name", "org/name@v2", "org/name@v2:q-Q8_0.gguf"}; !slices.Equal(got, want) {
		t.Errorf("listed %v, want %v", got, want)
	}
	all := blobs(t, h)
	if err := h.Remove("org/name@v2:q-Q8_0.gguf"); err != nil {
		t.Fatal(err)
	}
	if got := blobs(t, h); got != all-1 {
		t.Errorf("%d blobs after the file, want %d", got, all-1)
	}
	if err := h.Remove("org/name@v2"); err != nil {
		t.Fatal(err)
	}
	if got := blobs(t, h); got != all-2 { // its own config only: the weights are shared
		t.Errorf("%d blobs after the revision, want %d", got, all-2)
	}
	path, err := h.Resolve(t.Context(), "org/name")
	if err != nil {
		t.Fatal(err)
	}
	m, err := weights.Open(path)
	if err != nil {
		t.Fatalf("the other revision is damaged: %v", err)
	}
	m.Close()
	if got, want := words(t, h), []string{"org/name"}; !slices.Equal(got, want) {
		t.Errorf("listed %v, want %v", got, want)
	}
	if err := h.Remove("org/name"); err != nil {
		t.Fatal(err)
	}
	if got := words(t, h); got != nil {
		t.Errorf("after the end %v is listed", got)
	}
	for word, want := range map[string]string{
		"org/name": "it is not on this machine", "smollm2": "it is not on this machine", t.TempDir(): "delete it yourself", "x": "names no model",
	} {
		if err := h.Remove(word); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Remove(%q): %v, want it to say %q", word, err, want)
		}
	}
}

func TestACommitWithoutARefIsListedByItsCommit(t *testing.T) {
	t.Parallel()
	s := newServer(t, modelFiles(t))
	h := s.client(t)
	if _, err := h.Pull(t.Context(), "org/name@"+commitA, nil); err != nil {
		t.Fatal(err)
	}
	if got, want := words(t, h), []string{"org/name@" + commitA}; !slices.Equal(got, want) {
		t.Errorf("listed %v, want %v", got, want)
	}
}

func TestInspectDescribesAModel(t *testing.T) {
	t.Setenv("XDG_CACHE_HOME", t.TempDir())
	s := newServer(t, modelFiles(t))
	h := s.client(t)
	if _, err := h.Pull(t.Context(), "org/name", nil); err != nil {
		t.Fatal(err)
	}
	i, err := h.Inspect(t.Context(), "org/name")
	if err != nil {
		t.Fatal(err)
	}
	if i.Architecture != "llama" || i.Layers != 2 || i.KVHeads != 4 || i.Parameters != 200_000 || i.Types["F32"] != 1 || len(i.SHA256) != 64 {
		t.Errorf("got %+v", i)
	}
	shape := weights.SynthShapes()[0]
	path := filepath.Join(t.TempDir(), "x.gguf")
	if err := weights.Synth(path, shape, 0, 1); err != nil {
		t.Fatal(err)
	}
	i, err = h.Inspect(t.Context(), path)
	if err != nil || i.Architecture != "llama" || i.Layers != shape.Layers || i.Vocab != shape.Vocab || i.Context != shape.Context {
		t.Errorf("got %+v, %v", i, err)
	}
}
