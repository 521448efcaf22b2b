package cli

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// llama starts a real llama.cpp server with SmolLM2, or finds one at S1_LLAMA_SERVER.
func llama(t *testing.T) string {
	t.Helper()
	if at := os.Getenv("S1_LLAMA_SERVER"); at != "" {
		return at
	}
	python, model := os.Getenv("S1_PYTHON"), os.Getenv("S1_SMOLLM2")
	if python == "" || model == "" {
		t.Skip("SKIPPED: needs S1_PYTHON (a Python with xllamacpp) and S1_SMOLLM2; make test-real sets them")
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := l.Addr().(*net.TCPAddr).Port
	l.Close()
	cmd := exec.Command(python, "../../engine/remote/testdata/llama.py", model, fmt.Sprint(port))
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
	t.Cleanup(func() {
		in.Close()
		stop := time.AfterFunc(10*time.Second, func() { _ = cmd.Process.Kill() })
		_ = cmd.Wait() // it was told to end
		stop.Stop()
	})
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if strings.Contains(lines.Text(), "ready") {
			return fmt.Sprintf("http://127.0.0.1:%d/v1", port)
		}
	}
	t.Fatal("the llama.cpp server ended before it was ready")
	return ""
}

// TestARealServerIsAskedByARecipe lets SmolLM2 on a llama.cpp server try sums: each row is decided, and a second run sends nothing.
func TestARealServerIsAskedByARecipe(t *testing.T) {
	word := llama(t)
	b := newBox(t)
	var rows strings.Builder
	for i := range 3 {
		fmt.Fprintf(&rows, `{"question":"What is %d plus 30?","solution":"%d"}`+"\n", i+2, i+32)
	}
	b.write("q.jsonl", rows.String())
	b.write("r.toml", fmt.Sprintf(`
preset = "full"
stages = ["trace", "grade", "difficulty", "domain"]
[load]
files = ["q.jsonl"]
[trace]
model = %[1]q
thinking = 0
answer = 32
[grade]
model = %[1]q
thinking = 0
answer = 24
[difficulty]
models = [{ model = %[1]q, thinking = 0, answer = 4 }]
[domain]
model = %[1]q
thinking = 0
answer = 24
[ask]
cache = "answers"
batch = 2
max_tokens = 400000
`, word))
	r := b.run("curate", "r.toml", "--out", "a").wants(0, "requests were sent")
	t.Log(r.out, r.err)
	if all := b.decided("a", "01-trace"); len(all) != 3 || byRule(all)[""] != 3 {
		t.Errorf("%d rows were traced: %v", len(all), byRule(all))
	}
	if all := b.decided("a", "02-grade"); len(all) != 3 {
		t.Errorf("%d rows were graded", len(all))
	}
	b.run("curate", "r.toml", "--out", "b").wants(0, "\n0 requests were sent")
	b.sameFiles("b", "a")
}
