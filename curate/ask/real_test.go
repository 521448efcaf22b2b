package ask

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"s1/curate/llm"
	"s1/engine/remote"
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

func TestRealServerTracesAndGrades(t *testing.T) {
	word := llama(t)
	names, err := remote.List(t.Context(), word, remote.Options{})
	if err != nil || len(names) == 0 {
		t.Fatal(names, err)
	}
	caller, err := remote.NewCaller(word+"#"+names[0], remote.Options{})
	if err != nil {
		t.Fatal(err)
	}
	c, err := llm.Open(llm.Server(caller), llm.Options{Dir: t.TempDir(), Concurrency: 2})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	var rows []Row
	for i := range 5 {
		rows = append(rows, Row{ID: strconv.Itoa(i), Question: "What is " + strconv.Itoa(i+2) + " plus 30?", Solution: strconv.Itoa(i + 32)})
	}
	dir, graded := t.TempDir(), t.TempDir()
	if n, err := Run(t.Context(), Trace(c, llm.Request{Thinking: 64, Answer: 64}, 1, 1), seq(rows), dir, 2); err != nil || n.Decided != 5 {
		t.Fatal(n, err)
	}
	for id, r := range results(t, dir) {
		i, _ := strconv.Atoi(id)
		rows[i].Attempt = r.Samples[0].Attempt
	}
	n, err := Run(t.Context(), Grades(Grader{}, 1), seq(rows), graded, 2)
	if err != nil || n.Decided != 5 {
		t.Fatal(n, err)
	}
	t.Logf("%+v; spent %+v", n, c.Spent())
}
