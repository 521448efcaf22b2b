package enginetest

import (
	"bufio"
	_ "embed"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"
)

//go:embed llama.py
var llamaScript string

// Llama starts a real llama.cpp server with SmolLM2 that ends with the test, and returns its address; or it finds the one at
// S1_LLAMA_SERVER. Without a Python that has xllamacpp the test is skipped.
func Llama(t testing.TB) string {
	t.Helper()
	if at := os.Getenv("S1_LLAMA_SERVER"); at != "" {
		return at
	}
	at, _ := llama(t, "shared")
	return at
}

// MortalLlama is Llama with a server of the test's own, which it may kill: it is gone when kill has returned. Kill may be called
// twice, and from any goroutine. The server answers one request after the other, on one thread, and keeps nothing between them:
// whatever it was asked before and whoever asks beside, equal requests have equal answers to the bit.
func MortalLlama(t testing.TB) (at string, kill func()) {
	t.Helper()
	return llama(t, "alone")
}

func llama(t testing.TB, way string) (at string, kill func()) {
	t.Helper()
	python, model := os.Getenv("S1_PYTHON"), os.Getenv("S1_SMOLLM2")
	if python == "" || model == "" {
		t.Skip("SKIPPED: needs S1_PYTHON (a Python with xllamacpp) and S1_SMOLLM2; make test-real sets them")
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := l.Addr().(*net.TCPAddr).Port
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(python, "-c", llamaScript, model, fmt.Sprint(port), way)
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	wait := sync.OnceFunc(func() { _ = cmd.Wait() })
	t.Cleanup(func() {
		_ = in.Close() // which tells it to end
		stop := time.AfterFunc(10*time.Second, func() { _ = cmd.Process.Kill() })
		wait()
		stop.Stop()
	})
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if strings.Contains(lines.Text(), "ready") {
			return fmt.Sprintf("http://127.0.0.1:%d/v1", port), func() {
				_ = cmd.Process.Kill() // it may have ended
				wait()
			}
		}
	}
	t.Fatal("the llama.cpp server ended before it was ready")
	return "", nil
}
