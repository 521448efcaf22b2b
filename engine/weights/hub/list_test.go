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

func TestAnAdapterIsFetchedListedAndRemoved(t *testing.T) {
	t.Parallel()
	all := modelFiles(t)
	s := newServer(t, map[string][]byte{
		"adapter_config.json": []byte(`{"peft_type":"LORA"}`), "adapter_model.safetensors": all["model.safetensors"], "tokenizer.json": all["tokenizer.json"],
		"adapter_model.bin": []byte("a pickle"), "README.md": []byte("# an adapter"), "checkpoint-1/config.json": []byte(`{}`),
	})
	h := s.client(t)
	path, err := h.Pull(t.Context(), "org/name", nil)
	if err != nil {
		t.Fatal(err)
	}
	if got := words(t, h); !slices.Equal(got, []string{"org/name"}) {
		t.Errorf("listed %v", got)
	}
	if e, _ := h.List(); e[0].Kind != KindAdapter || e[0].Path != path || blobs(t, h) != 3 {
		t.Errorf("%+v, in %d files, at %s", e[0], blobs(t, h), path)
	}
	if err := os.Remove(filepath.Join(path, "adapter_model.safetensors")); err != nil {
		t.Fatal(err)
	}
	if _, err := h.Resolve(t.Context(), "org/name"); err == nil || !strings.Contains(err.Error(), "not completely") {
		t.Errorf("half an adapter: %v", err)
	}
	if err := h.Remove("org/name"); err != nil || words(t, h) != nil {
		t.Errorf("%v; still listed: %v", err, words(t, h))
	}
}
