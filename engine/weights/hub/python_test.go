package hub

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func python(t *testing.T, h *Hub, code string, env ...string) string {
	t.Helper()
	cmd := exec.Command(os.Getenv("S1_PYTHON"), "-c", code)
	cmd.Env = append(os.Environ(), "HF_HUB_CACHE="+h.Cache, "HF_HUB_DISABLE_XET=1", "HF_HUB_DISABLE_TELEMETRY=1")
	cmd.Env = append(cmd.Env, env...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("python: %v\n%s", err, out)
	}
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	return lines[len(lines)-1]
}

func TestPythonOpensWhatWasPulled(t *testing.T) {
	t.Parallel()
	if os.Getenv("S1_PYTHON") == "" {
		t.Skip("needs S1_PYTHON=python with huggingface_hub: run `make test-real`")
	}
	s := newServer(t, modelFiles(t))
	h := s.client(t)
	path, err := h.Pull(t.Context(), "org/name", nil)
	if err != nil {
		t.Fatal(err)
	}
	got := python(t, h, `
from huggingface_hub import hf_hub_download, scan_cache_dir, snapshot_download
for name in ["config.json", "model.safetensors", "tokenizer.json"]:
    f = hf_hub_download("org/name", name)
info = scan_cache_dir()
assert not info.warnings, info.warnings
repo = next(iter(info.repos))
assert repo.repo_id == "org/name" and "main" in repo.refs, repo
from safetensors import safe_open
safe_open(f.replace("tokenizer.json", "model.safetensors"), "np").keys()
print(snapshot_download("org/name", allow_patterns=["*.json", "*.safetensors", "*.jinja"], local_files_only=True))
`, "HF_HUB_OFFLINE=1")
	if got != path {
		t.Errorf("Python finds %q, we %q", got, path)
	}
}

func TestWhatPythonFetchedIsOpened(t *testing.T) {
	t.Parallel()
	if os.Getenv("S1_PYTHON") == "" {
		t.Skip("needs S1_PYTHON=python with huggingface_hub: run `make test-real`")
	}
	s := newServer(t, modelFiles(t))
	h := s.client(t)
	got := python(t, h, `
from huggingface_hub import hf_hub_download
for name in ["config.json", "tokenizer.json", "model.safetensors"]:
    f = hf_hub_download("org/name", name)
print(f)
`, "HF_ENDPOINT="+s.URL, "HF_TOKEN=hf_secret")
	path, err := h.Resolve(t.Context(), "org/name")
	if err != nil || path != filepath.Dir(got) {
		t.Fatalf("we find %s, %v; Python put it at %s", path, err, got)
	}
	before := s.gets["model.safetensors"]
	if _, err := h.Pull(t.Context(), "org/name", nil); err != nil {
		t.Fatal(err)
	}
	if s.gets["model.safetensors"] != before {
		t.Error("what Python had fetched was fetched again")
	}
}
