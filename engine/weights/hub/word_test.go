package hub

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestWordsNameModels(t *testing.T) {
	t.Parallel()
	for word, want := range map[string]Ref{
		"Qwen/Qwen3-0.6B":               {"Qwen/Qwen3-0.6B", "main", ""},
		"org/name@v1.0":                 {"org/name", "v1.0", ""},
		"org/name@refs/pr/3":            {"org/name", "refs/pr/3", ""},
		"org/name:x.gguf":               {"org/name", "main", "x.gguf"},
		"org/name@main:sub/x-Q8_0.gguf": {"org/name", "main", "sub/x-Q8_0.gguf"},
	} {
		got, err := parseRef(word)
		if err != nil || got != want {
			t.Errorf("parseRef(%q) = %+v, %v; want %+v", word, got, err, want)
		}
		if back := got.String(); back != strings.Replace(word, "@main", "", 1) {
			t.Errorf("%q prints as %q", word, back)
		}
	}
	for _, word := range []string{
		"", "name", "a/b/c", "../x", "org/..", "./org", "org/name@", "org/name:", "org/name@../../x", "org/name:../x", "org/name:/etc/passwd",
		"org/name:a//b", "org/name:a/./b", "org/na me", "org/name@a\x00", "org--x/name", "org/a..b", "-x/y", ".x/y", "org/name:a:b", "org/name:a\\..\\b",
	} {
		if got, err := parseRef(word); err == nil {
			t.Errorf("parseRef(%q) = %+v", word, got)
		}
	}
}

func TestResolveOfPaths(t *testing.T) {
	t.Parallel()
	h := &Hub{Cache: t.TempDir(), Models: t.TempDir()}
	dir := t.TempDir()
	file := filepath.Join(dir, "only.gguf")
	if err := os.WriteFile(file, []byte("GGUF"), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, word := range []string{file, dir} { // a folder with one GGUF file stands for the file
		if got, err := h.Resolve(t.Context(), word); err != nil || got != file {
			t.Errorf("Resolve(%q) = %s, %v", word, got, err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "config.json"), []byte("{}"), 0o644); err != nil {
		t.Fatal(err)
	}
	if got, err := h.Resolve(t.Context(), dir); err != nil || got != dir {
		t.Errorf("a folder with a config: %s, %v", got, err)
	}
	for word, want := range map[string]string{
		"":                         "no model is named",
		"nonsense":                 "it must be a folder, file.gguf, org/name",
		"gone.gguf":                "no such file",
		filepath.Join(dir, "gone"): "no such file",
		"http://localhost:1/v1#m":  "is a server",
		"smollm2":                  "`s1 models pull smollm2`",
		"org/name@v2":              "`s1 models pull org/name@v2`",
	} {
		if got, err := h.Resolve(t.Context(), word); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Resolve(%q) = %s, %v; want it to say %q", word, got, err, want)
		}
	}
}

func TestEnvironmentIsReadAsPythonReadsIt(t *testing.T) {
	home := t.TempDir()
	for _, name := range []string{
		"HF_HOME", "HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "HF_TOKEN_PATH",
		"HF_ENDPOINT", "HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE", "XDG_CACHE_HOME",
	} {
		t.Setenv(name, "")
	}
	t.Setenv("HOME", home)
	h := FromEnv()
	if h.Cache != filepath.Join(home, ".cache/huggingface/hub") || h.Endpoint != "https://huggingface.co" || h.Offline || h.Token != "" {
		t.Errorf("without settings: %+v", h)
	}
	t.Setenv("HF_HOME", "~/hf")
	if err := os.MkdirAll(filepath.Join(home, "hf"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(home, "hf", "token"), []byte("hf_file\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("HF_ENDPOINT", "http://mirror/")
	t.Setenv("HF_HUB_OFFLINE", "yes")
	h = FromEnv()
	if h.Cache != filepath.Join(home, "hf/hub") || h.Endpoint != "http://mirror" || !h.Offline || h.Token != "hf_file" {
		t.Errorf("with settings: %+v", h)
	}
	t.Setenv("HF_HUB_CACHE", "/elsewhere")
	t.Setenv("HF_TOKEN", "hf_env")
	if h = FromEnv(); h.Cache != "/elsewhere" || h.Token != "hf_env" {
		t.Errorf("with a cache and a token: %+v", h)
	}
}

func FuzzWord(f *testing.F) {
	f.Add("org/name@refs/pr/3:sub/x.gguf")
	f.Add("org/name:../x")
	f.Fuzz(func(t *testing.T, word string) {
		r, err := parseRef(word)
		if err != nil {
			return
		}
		h := &Hub{Cache: "/cache"}
		for _, path := range []string{
			filepath.Join(h.repoDir(r.Repo), refsDir, r.Revision), filepath.Join(h.snapshot(r.Repo, commitA), r.File),
		} {
			if !strings.HasPrefix(path, "/cache/models--") {
				t.Fatalf("%q leads to %s", word, path)
			}
		}
	})
}
