package hub

import (
	"bytes"
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"s1/engine/weights"
	"s1/kernels"
)

const (
	commitA = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	commitB = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
)

// server speaks the hub's routes for one repository, org/name, and a second host that stores the large files.
type server struct {
	*httptest.Server
	cdn *httptest.Server

	mu     sync.Mutex
	refs   map[string]string            // revision -> commit
	files  map[string]map[string][]byte // commit -> name -> content
	listed []string                     // names added to every listing
	etags  map[string]string            // name -> a tag other than the true one
	sizes  map[string]int64             // name -> a size other than the true one
	status int                          // answer to everything
	code   string                       // X-Error-Code of it
	data   bool                         // the repository is a data set's
	gated  bool                         // its files want a token, its listing does not
	onCDN  func(w http.ResponseWriter, r *http.Request, content []byte) bool
	ranges []string // Range headers of requests for large files, "" = whole
	tokens []string // Authorization headers at the hub
	leaked []string // and at the store
	gets   map[string]int
}

func newServer(t *testing.T, files map[string][]byte) *server {
	t.Helper()
	s := &server{
		refs: map[string]string{"main": commitA}, files: map[string]map[string][]byte{commitA: files},
		etags: map[string]string{}, sizes: map[string]int64{}, gets: map[string]int{},
	}
	s.Server = httptest.NewServer(http.HandlerFunc(s.hub))
	s.cdn = httptest.NewServer(http.HandlerFunc(s.store))
	t.Cleanup(s.Server.Close)
	t.Cleanup(s.cdn.Close)
	return s
}

func large(name string) bool {
	return strings.HasSuffix(name, ".safetensors") || strings.HasSuffix(name, ".parquet") || isGGUF(name)
}

func (s *server) hub(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tokens = append(s.tokens, r.Header.Get("Authorization"))
	if s.status != 0 {
		w.Header().Set("X-Error-Code", s.code)
		w.WriteHeader(s.status)
		return
	}
	revision, ok := strings.CutPrefix(r.URL.Path, "/api/models/org/name/revision/")
	if s.data {
		revision, ok = strings.CutPrefix(r.URL.Path, "/api/datasets/org/name/revision/")
	}
	if ok {
		commit := s.refs[revision]
		if s.files[revision] != nil {
			commit = revision
		}
		if commit == "" {
			w.Header().Set("X-Error-Code", "RevisionNotFound")
			w.WriteHeader(http.StatusNotFound)
			return
		}
		type sibling struct {
			Name string `json:"rfilename"`
		}
		var list []sibling
		for name := range s.files[commit] {
			list = append(list, sibling{name})
		}
		for _, name := range s.listed {
			list = append(list, sibling{name})
		}
		json.NewEncoder(w).Encode(map[string]any{"sha": commit, "siblings": list, "id": "org/name"})
		return
	}
	if s.gated && r.Header.Get("Authorization") != "Bearer hf_accepted" {
		w.Header().Set("X-Error-Code", "GatedRepo")
		w.WriteHeader(map[bool]int{true: http.StatusUnauthorized, false: http.StatusForbidden}[r.Header.Get("Authorization") == ""])
		return
	}
	path := r.URL.Path
	if s.data {
		path = strings.TrimPrefix(path, "/datasets")
	}
	rest, ok := strings.CutPrefix(path, "/org/name/resolve/")
	commit, name, _ := strings.Cut(rest, "/")
	if c, isRef := s.refs[commit]; isRef {
		commit = c
	}
	content, exists := s.files[commit][name]
	if !ok || !exists {
		w.Header().Set("X-Error-Code", map[bool]string{true: "EntryNotFound", false: "RepoNotFound"}[ok])
		w.WriteHeader(http.StatusNotFound)
		return
	}
	w.Header().Set("X-Repo-Commit", commit)
	if large(name) {
		sum := sha256.Sum256(content)
		w.Header().Set("X-Linked-Etag", fmt.Sprintf("%q", orElse(s.etags[name], hex.EncodeToString(sum[:]))))
		size := int64(len(content))
		if lie, ok := s.sizes[name]; ok {
			size = lie
		}
		w.Header().Set("X-Linked-Size", fmt.Sprint(size))
		http.Redirect(w, r, fmt.Sprintf("%s/%s/%s?signature=secret", s.cdn.URL, commit, name), http.StatusFound)
		return
	}
	sum := sha1.Sum(append(fmt.Appendf(nil, "blob %d\x00", len(content)), content...))
	w.Header().Set("ETag", fmt.Sprintf("%q", orElse(s.etags[name], hex.EncodeToString(sum[:]))))
	if r.Method == http.MethodGet {
		s.gets[name]++
	}
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(content))
}

func (s *server) store(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	commit, name, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	content := s.files[commit][name]
	s.ranges = append(s.ranges, r.Header.Get("Range"))
	s.leaked = append(s.leaked, r.Header.Get("Authorization"))
	s.gets[name]++
	on := s.onCDN
	s.mu.Unlock()
	if on == nil || !on(w, r, content) {
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(content))
	}
}

func orElse(a, b string) string { return first(a, b) }

// client is a Hub that uses the server and folders of its own.
func (s *server) client(t *testing.T) *Hub {
	t.Helper()
	dir := t.TempDir()
	return &Hub{
		Endpoint: s.URL, Cache: filepath.Join(dir, "hub"), Models: filepath.Join(dir, "models"), Token: "hf_secret",
		Client: &http.Client{}, Retries: 3, Pause: time.Millisecond, Stall: 10 * time.Second,
	}
}

// modelFiles are a small but true model folder, with files that s1 does not need.
func modelFiles(t *testing.T) map[string][]byte {
	t.Helper()
	var b bytes.Buffer
	x := weights.Tensor{Name: "x", Type: kernels.F32, Shape: []int{400, 500}, Data: make([]byte, 800_000)}
	for i := range x.Data {
		x.Data[i] = byte(i * i >> 3)
	}
	if err := weights.WriteSafetensors(&b, nil, []weights.Tensor{x}); err != nil {
		t.Fatal(err)
	}
	return map[string][]byte{
		"config.json":            []byte(`{"model_type":"llama","num_hidden_layers":2,"num_attention_heads":4}`),
		"generation_config.json": []byte(`{}`),
		"tokenizer.json":         []byte(`{"model":{}}`),
		"tokenizer_config.json":  []byte(`{}`),
		"chat_template.jinja":    []byte(`{{ messages }}`),
		"model.safetensors":      b.Bytes(),
		"README.md":              []byte("# a model"),
		"pytorch_model.bin":      []byte("a pickle"),
		"onnx/model.onnx":        []byte("a graph"),
		"odd:name\\.txt":         []byte("harmless"),
	}
}

// outside fails the test when anything was written beside the hub's own folders.
func outside(t *testing.T, h *Hub) {
	t.Helper()
	found, err := os.ReadDir(filepath.Dir(h.Cache))
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range found {
		if d.Name() != "hub" && d.Name() != "models" {
			t.Errorf("%s was written outside the cache", d.Name())
		}
	}
}
