package hub

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"s1/engine/weights"
)

func TestPullFetchesWhatAModelNeedsAndResolveFindsIt(t *testing.T) {
	t.Parallel()
	s := newServer(t, modelFiles(t))
	h := s.client(t)
	if _, err := h.Resolve(t.Context(), "org/name"); err == nil || !strings.Contains(err.Error(), "`s1 models pull org/name`") {
		t.Errorf("before: %v", err)
	}
	var last Progress
	path, err := h.Pull(t.Context(), "org/name", func(p Progress) { last = p })
	if err != nil {
		t.Fatal(err)
	}
	if want := filepath.Join(h.Cache, "models--org--name", "snapshots", commitA); path != want {
		t.Errorf("path %s, want %s", path, want)
	}
	var names []string
	found, _ := os.ReadDir(path)
	for _, d := range found {
		names = append(names, d.Name())
		if link, err := os.Readlink(filepath.Join(path, d.Name())); err != nil || !strings.HasPrefix(link, "../../blobs/") {
			t.Errorf("%s links to %q, %v", d.Name(), link, err)
		}
	}
	want := []string{"chat_template.jinja", "config.json", "generation_config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"}
	if !slices.Equal(names, want) {
		t.Errorf("fetched %v, want %v", names, want)
	}
	if ref, _ := os.ReadFile(filepath.Join(h.repoDir("org/name"), "refs", "main")); string(ref) != commitA {
		t.Errorf("refs/main is %q", ref)
	}
	if last.Done != last.Total || last.Total < 800_000 {
		t.Errorf("the last progress is %d of %d bytes", last.Done, last.Total)
	}
	m, err := weights.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	if m.Name != "org/name" {
		t.Errorf("the model is named %q", m.Name)
	}
	m.Close()
	for _, word := range []string{"org/name", "org/name@main", "org/name@" + commitA} {
		if got, err := h.Resolve(t.Context(), word); err != nil || got != path {
			t.Errorf("Resolve(%q) = %s, %v", word, got, err)
		}
	}
	if !slices.Contains(s.tokens, "Bearer hf_secret") || slices.ContainsFunc(s.leaked, func(a string) bool { return a != "" }) {
		t.Errorf("tokens at the hub %q, at the store %q", s.tokens, s.leaked)
	}
}

func TestPullDoesNotFetchTwiceAndWorksWithoutTheServer(t *testing.T) {
	t.Parallel()
	s := newServer(t, modelFiles(t))
	h := s.client(t)
	path, err := h.Pull(t.Context(), "org/name", nil)
	if err != nil {
		t.Fatal(err)
	}
	again, err := h.Pull(t.Context(), "org/name", nil)
	if err != nil || again != path {
		t.Fatalf("again: %s, %v", again, err)
	}
	for name, n := range s.gets {
		if n != 1 {
			t.Errorf("%s was fetched %d times", name, n)
		}
	}
	h.Offline = true
	if again, err = h.Pull(t.Context(), "org/name", nil); err != nil || again != path {
		t.Errorf("offline: %s, %v", again, err)
	}
	if _, err = h.Pull(t.Context(), "org/other", nil); err == nil || !strings.Contains(err.Error(), "HF_HUB_OFFLINE") {
		t.Errorf("offline, another: %v", err)
	}
	h.Offline = false
	s.Server.Close()
	message := ""
	if again, err = h.Pull(t.Context(), "org/name", func(p Progress) { message += p.Message }); err != nil || again != path {
		t.Errorf("without the server: %s, %v", again, err)
	}
	if !strings.Contains(message, "the copy on this machine is used") {
		t.Errorf("said %q", message)
	}
	if _, err = h.Pull(t.Context(), "org/other", nil); err == nil || !strings.Contains(err.Error(), "cannot be reached") {
		t.Errorf("without the server, another: %v", err)
	}
}

func TestPullTakesABrokenDownloadUpAgain(t *testing.T) {
	t.Parallel()
	files := modelFiles(t)
	s := newServer(t, files)
	s.onCDN = func(w http.ResponseWriter, r *http.Request, content []byte) bool {
		var from int
		fmt.Sscanf(r.Header.Get("Range"), "bytes=%d-", &from)
		to := min(from+300_000, len(content))
		if from > 0 {
			w.Header().Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", from, len(content)-1, len(content)))
		}
		w.Header().Set("Content-Length", fmt.Sprint(len(content)-from))
		if from > 0 {
			w.WriteHeader(http.StatusPartialContent)
		}
		w.Write(content[from:to]) // fewer than announced: the connection is cut
		return true
	}
	h := s.client(t)
	messages := ""
	path, err := h.Pull(t.Context(), "org/name", func(p Progress) { messages += p.Message })
	if err != nil {
		t.Fatal(err)
	}
	if got, _ := os.ReadFile(filepath.Join(path, "model.safetensors")); !bytes.Equal(got, files["model.safetensors"]) {
		t.Error("the file differs from the server's")
	}
	if want := []string{"", "bytes=300000-", "bytes=600000-"}; !slices.Equal(s.ranges, want) {
		t.Errorf("asked for %q, want %q", s.ranges, want)
	}
	if !strings.Contains(messages, "trying again") {
		t.Errorf("said %q", messages)
	}
}

func TestPullGoesOnWithWhatAnEarlierRunLeft(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		part   func(content []byte) []byte
		ranges []string
	}{
		"a true part":   {func(b []byte) []byte { return b[:500_000] }, []string{"bytes=500000-"}},
		"a wrong part":  {func(b []byte) []byte { return make([]byte, 500_000) }, []string{"bytes=500000-", ""}},
		"all of it":     {func(b []byte) []byte { return b }, nil},
		"more than all": {func(b []byte) []byte { return append(bytes.Clone(b), 1) }, []string{""}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			files := modelFiles(t)
			s := newServer(t, files)
			h := s.client(t)
			f, err := h.head(t.Context(), Ref{Repo: "org/name", Revision: "main"}, commitA, "model.safetensors")
			if err != nil {
				t.Fatal(err)
			}
			blobs := filepath.Join(h.repoDir("org/name"), "blobs")
			if err := os.MkdirAll(blobs, 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(blobs, f.etag+".incomplete"), c.part(files["model.safetensors"]), 0o644); err != nil {
				t.Fatal(err)
			}
			path, err := h.Pull(t.Context(), "org/name", nil)
			if err != nil {
				t.Fatal(err)
			}
			if got, _ := os.ReadFile(filepath.Join(path, "model.safetensors")); !bytes.Equal(got, files["model.safetensors"]) {
				t.Error("the file differs from the server's")
			}
			if !slices.Equal(s.ranges, c.ranges) {
				t.Errorf("asked for %q, want %q", s.ranges, c.ranges)
			}
		})
	}
}

func TestPullRefusesWhatDoesNotFitItsAnnouncement(t *testing.T) {
	t.Parallel()
	const weightsFile = "model.safetensors"
	n := int64(len(modelFiles(t)[weightsFile]))
	for name, c := range map[string]struct {
		set  func(s *server)
		want string
	}{
		"checksum":       {func(s *server) { s.etags[weightsFile] = strings.Repeat("0", 64) }, "its checksum is"},
		"git checksum":   {func(s *server) { s.etags["config.json"] = strings.Repeat("0", 40) }, "fetch config.json: its checksum is"},
		"longer":         {func(s *server) { s.sizes[weightsFile] = n - 10 }, fmt.Sprintf("announced %d bytes and sends %d", n-10, n)},
		"shorter":        {func(s *server) { s.sizes[weightsFile] = n + 10 }, fmt.Sprintf("announced %d bytes and sends %d", n+10, n)},
		"no size":        {func(s *server) { s.sizes[weightsFile] = -1 }, "does not say how large model.safetensors is"},
		"no disk":        {func(s *server) { s.sizes[weightsFile] = 1 << 41 }, "free some space"},
		"tag with path":  {func(s *server) { s.etags[weightsFile] = "../../../../evil" }, "cannot name a file"},
		"tag of a part":  {func(s *server) { s.etags[weightsFile] = "x.incomplete" }, "cannot name a file"},
		"name above":     {func(s *server) { s.listed = []string{"../../evil.json"} }, `lists a file named "../../evil.json"`},
		"absolute name":  {func(s *server) { s.listed = []string{"/tmp/evil.json"} }, "nothing was fetched"},
		"commit":         {func(s *server) { s.refs["main"] = "../../x" }, "as the commit"},
		"endless stream": {func(s *server) { s.onCDN = stream }, "sends more"},
		"other range":    {func(s *server) { s.onCDN = otherRange }, `sends "bytes 5-9/10"`},
		"never whole":    {func(s *server) { s.onCDN = nothing }, "0 of"},
		"stalls":         {func(s *server) { s.onCDN = stall }, "nothing came for 50ms"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newServer(t, modelFiles(t))
			c.set(s)
			h := s.client(t)
			h.Stall = 50 * time.Millisecond
			if name != "stalls" {
				h.Stall = 10 * time.Second
			}
			_, err := h.Pull(t.Context(), "org/name", nil)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("got %v, want it to say %q", err, c.want)
			}
			if _, err := h.Resolve(t.Context(), "org/name"); err == nil {
				t.Error("Resolve finds it all the same")
			}
			outside(t, h)
		})
	}
}

func stream(w http.ResponseWriter, _ *http.Request, _ []byte) bool { // no Content-Length, no end
	for {
		if _, err := w.Write(make([]byte, 1<<16)); err != nil {
			return true
		}
	}
}

func otherRange(w http.ResponseWriter, _ *http.Request, _ []byte) bool {
	w.Header().Set("Content-Range", "bytes 5-9/10")
	w.WriteHeader(http.StatusPartialContent)
	return true
}

func nothing(w http.ResponseWriter, _ *http.Request, content []byte) bool {
	w.Header().Set("Content-Length", fmt.Sprint(len(content)))
	return true
}

func stall(w http.ResponseWriter, r *http.Request, content []byte) bool {
	w.Header().Set("Content-Length", fmt.Sprint(len(content)))
	w.(http.Flusher).Flush()
	<-r.Context().Done()
	return true
}

func TestPullSaysWhatARefusalMeans(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		status int
		code   string
		token  string
		want   string
	}{
		{401, "RepoNotFound", "", "does not exist at"},
		{401, "", "", "set HF_TOKEN"},
		{401, "GatedRepo", "", "org/name is gated: accept its conditions at"},
		{403, "GatedRepo", "hf_x", "the HF_TOKEN in use does not open it"},
		{403, "", "hf_x", "may not be read (status 403)"},
		{404, "RepoNotFound", "", "check the name"},
		{404, "RevisionNotFound", "", `has no revision "main"`},
		{404, "", "", "at revision main does not exist"},
		{429, "", "", "slow down"},
		{500, "", "", "status 500"},
		{418, "", "", "answers with status 418"},
	} {
		s := newServer(t, modelFiles(t))
		s.status, s.code = c.status, c.code
		h := s.client(t)
		h.Token = c.token
		_, err := h.Pull(t.Context(), "org/name", nil)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%d %s: got %v, want it to say %q", c.status, c.code, err, c.want)
		}
	}
	s := newServer(t, modelFiles(t))
	if _, err := s.client(t).Pull(t.Context(), "org/name@v9", nil); err == nil || !strings.Contains(err.Error(), `no revision "v9"`) {
		t.Errorf("a wrong revision: %v", err)
	}
	if _, err := s.client(t).Pull(t.Context(), "org/name:x.gguf", nil); err == nil || !strings.Contains(err.Error(), `no file "x.gguf"`) {
		t.Errorf("a wrong file: %v", err)
	}
}

func TestPullOfShardsFollowsTheIndexAndNothingElse(t *testing.T) {
	t.Parallel()
	files := modelFiles(t)
	files["model-00001-of-00001.safetensors"] = files["model.safetensors"]
	files["consolidated.safetensors"] = []byte("the same again")
	delete(files, "model.safetensors")
	files["model.safetensors.index.json"] = []byte(`{"weight_map":{"x":"model-00001-of-00001.safetensors"}}`)
	s := newServer(t, files)
	h := s.client(t)
	path, err := h.Pull(t.Context(), "org/name", nil)
	if err != nil {
		t.Fatal(err)
	}
	m, err := weights.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	m.Close()
	if s.gets["consolidated.safetensors"] != 0 {
		t.Error("a file that the index does not name was fetched")
	}
	if err := os.Remove(filepath.Join(path, "model-00001-of-00001.safetensors")); err != nil {
		t.Fatal(err)
	}
	if _, err := h.Resolve(t.Context(), "org/name"); err == nil {
		t.Error("a model without its shard was resolved")
	}
	files["model.safetensors.index.json"] = []byte(`{"weight_map":{"x":"../../../evil.safetensors"}}`)
	h = s.client(t)
	if _, err := h.Pull(t.Context(), "org/name", nil); err == nil || !strings.Contains(err.Error(), "not a safetensors file beside the index") {
		t.Errorf("an index that points outside: %v", err)
	}
	outside(t, h)
}

func TestPullOfGGUFRepositories(t *testing.T) {
	t.Parallel()
	s := newServer(t, map[string][]byte{"a-Q8_0.gguf": []byte("GGUF a"), "README.md": nil})
	h := s.client(t)
	path, err := h.Pull(t.Context(), "org/name", nil)
	if err != nil || filepath.Base(path) != "a-Q8_0.gguf" {
		t.Fatalf("the only file: %s, %v", path, err)
	}
	s.files[commitA]["sub/b-Q4_0.gguf"] = []byte("GGUF b")
	if _, err := h.Pull(t.Context(), "org/name", nil); err == nil || !strings.Contains(err.Error(), "2 GGUF files; name one, as in org/name:a-Q8_0.gguf") {
		t.Errorf("two files: %v", err)
	}
	path, err = h.Pull(t.Context(), "org/name:sub/b-Q4_0.gguf", nil)
	if err != nil {
		t.Fatal(err)
	}
	if b, _ := os.ReadFile(path); string(b) != "GGUF b" {
		t.Errorf("got %q", b)
	}
	if got, err := h.Resolve(t.Context(), "org/name:sub/b-Q4_0.gguf"); err != nil || got != path {
		t.Errorf("Resolve: %s, %v", got, err)
	}
}

func TestTwoPullsAtOnceFetchEachFileOnce(t *testing.T) {
	t.Parallel()
	s := newServer(t, modelFiles(t))
	a, b := s.client(t), s.client(t)
	b.Cache = a.Cache
	var wg sync.WaitGroup
	for _, h := range []*Hub{a, b} {
		wg.Go(func() {
			if _, err := h.Pull(t.Context(), "org/name", nil); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	for name, n := range s.gets {
		if n != 1 {
			t.Errorf("%s was fetched %d times", name, n)
		}
	}
}

func TestACancelledPullStopsAndKeepsItsPart(t *testing.T) {
	t.Parallel()
	s := newServer(t, modelFiles(t))
	ctx, cancel := context.WithCancel(t.Context())
	h := s.client(t)
	parts := func() []string {
		found, _ := filepath.Glob(filepath.Join(h.repoDir("org/name"), "blobs", "*.incomplete"))
		return found
	}
	s.onCDN = func(w http.ResponseWriter, r *http.Request, content []byte) bool {
		w.Header().Set("Content-Length", fmt.Sprint(len(content)))
		w.Write(content[:400_000])
		w.(http.Flusher).Flush()
		for range time.Tick(time.Millisecond) { // until it has been written
			if found := parts(); len(found) == 1 {
				if info, err := os.Stat(found[0]); err == nil && info.Size() == 400_000 {
					break
				}
			}
		}
		cancel()
		<-r.Context().Done()
		return true
	}
	_, err := h.Pull(ctx, "org/name", nil)
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("got %v", err)
	}
	if found := parts(); len(found) != 1 {
		t.Errorf("parts: %v", found)
	}
}

func TestAFullDiskIsSaidInASentence(t *testing.T) {
	t.Parallel()
	err := diskFull(&os.PathError{Op: "write", Path: "x", Err: syscall.ENOSPC}, "/cache")
	if !strings.HasPrefix(err.Error(), "the disk that holds /cache is full; what has come is kept") || !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("got %v", err)
	}
}
