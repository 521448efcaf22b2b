package hub

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// dataServer speaks for the data set org/name.
func dataServer(t *testing.T, page string) *server {
	t.Helper()
	s := newServer(t, map[string][]byte{"main/test.parquet": []byte("PAR1 some rows PAR1"), "README.md": []byte(page), "other.zip": []byte("x")})
	s.data = true
	return s
}

const page = "---\npretty_name: x\nlicense: mit\ntags:\n- math\n---\n# A set\nlicense: no\n"

func TestADataSetIsFetchedWithItsLicenceAndFoundAgain(t *testing.T) {
	t.Parallel()
	s := dataServer(t, page)
	h := s.client(t)
	got, err := h.PullData(t.Context(), "org/name", "", "main/test.parquet", nil)
	if err != nil {
		t.Fatal(err)
	}
	want := Data{
		Path:   filepath.Join(h.Cache, "datasets--org--name", "snapshots", commitA, "main", "test.parquet"),
		Commit: commitA, Home: s.URL + "/datasets/org/name", Licence: "mit",
	}
	if got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if b, err := os.ReadFile(got.Path); err != nil || string(b) != "PAR1 some rows PAR1" {
		t.Errorf("the file holds %q, %v", b, err)
	}
	if s.gets["other.zip"] != 0 || s.gets["main/test.parquet"] != 1 {
		t.Errorf("fetched were %v", s.gets)
	}
	if list, err := h.List(); err != nil || len(list) != 0 {
		t.Errorf("it is listed as a model: %v, %v", list, err)
	}
	if _, err := h.Resolve(t.Context(), "datasets/org"); err == nil {
		t.Error("a model's word found it")
	}
	// A commit is not asked for again; nor is anything when offline; and a hub that is down is told.
	for _, name := range []string{"commit", "offline", "down"} {
		revision := ""
		switch name {
		case "commit":
			revision = commitA
		case "offline":
			h.Offline = true
		case "down":
			h.Offline = false
			s.Server.Close()
		}
		asked, said := len(s.tokens), ""
		again, err := h.PullData(t.Context(), "org/name", revision, "main/test.parquet", func(p Progress) { said += p.Message })
		if err != nil || again != want || len(s.tokens) != asked || (name == "down") != strings.Contains(said, "the copy on this machine is used") {
			t.Errorf("%s: %+v, %v; %d requests; said %q", name, again, err, len(s.tokens)-asked, said)
		}
	}
	outside(t, h)
}

func TestWhatKeepsADataSetAwayIsSaid(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		file  string
		set   func(*server, *Hub)
		wants []string
	}{
		{"gated, no token", "main/test.parquet", func(s *server, h *Hub) { s.gated, h.Token = true, "" }, []string{"is gated: accept its conditions at", "/datasets/org/name, then set HF_TOKEN"}},
		{"gated, not accepted", "main/test.parquet", func(s *server, _ *Hub) { s.gated = true }, []string{"is gated", "the HF_TOKEN in use does not open it"}},
		{"offline", "main/test.parquet", func(_ *server, h *Hub) { h.Offline = true }, []string{"org/name is not on this machine", "main/test.parquet is missing", "HF_HUB_OFFLINE"}},
		{"no such file", "train.parquet", func(*server, *Hub) {}, []string{`has no file "train.parquet"`}},
		{"no such set", "main/test.parquet", func(s *server, _ *Hub) { s.status, s.code = 401, "RepoNotFound" }, []string{"does not exist"}},
		{"too large", "main/test.parquet", func(s *server, _ *Hub) { s.sizes["main/test.parquet"] = maxDataBytes + 1 }, []string{"more than 1073741824"}},
		{"outside", "../x", func(*server, *Hub) {}, []string{"names no file"}},
	} {
		s := dataServer(t, page)
		h := s.client(t)
		tt.set(s, h)
		_, err := h.PullData(t.Context(), "org/name", "", tt.file, nil)
		for _, want := range tt.wants {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %v, want %q", tt.name, err, want)
			}
		}
	}
	s := dataServer(t, page)
	s.gated = true
	h := s.client(t)
	h.Token = "hf_accepted"
	if got, err := h.PullData(t.Context(), "org/name", "", "main/test.parquet", nil); err != nil || got.Licence != "mit" {
		t.Errorf("with an accepted token: %+v, %v", got, err)
	}
}

func TestTheLicenceIsReadFromTheHeadOfThePageOnly(t *testing.T) {
	t.Parallel()
	for content, want := range map[string]string{
		page: "mit",
		"---\nlicense:\n- cc-by-4.0\n- \"mit\"\ntags:\n- x\n---\n": "cc-by-4.0, mit",
		"---\r\nlicense: 'apache-2.0'\r\n---\r\n":                  "apache-2.0",
		"---\ntags: x\n---\nlicense: mit\n":                        "",
		"license: mit\n":                                           "",
		"---\nlicense: mit\n":                                      "",
		"---\nlicense: \x1b[31mred\n---\n":                         "",
		"":                                                         "",
	} {
		path := filepath.Join(t.TempDir(), "README.md")
		if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
		if got := licenceOn(path); got != want {
			t.Errorf("of %q: %q, want %q", content, got, want)
		}
	}
}
