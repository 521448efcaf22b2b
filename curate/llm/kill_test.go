package llm

import (
	"bufio"
	"context"
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"testing"

	"s1/engine/remote"
)

// TestMain lets the test binary be the run that is killed.
func TestMain(m *testing.M) {
	if dir := os.Getenv("S1_TEST_ASK_DIR"); dir != "" {
		os.Exit(askUntilKilled(dir, os.Getenv("S1_TEST_ASK_AT")))
	}
	os.Exit(m.Run())
}

func askUntilKilled(dir, at string) int {
	caller, err := remote.NewCaller(at, remote.Options{Concurrency: 4})
	if err != nil {
		fmt.Println(err)
		return 1
	}
	c, err := Open(named{Server(caller)}, Options{Dir: dir, Concurrency: 4})
	if err != nil {
		fmt.Println(err)
		return 1
	}
	for i := range 2000 {
		if _, err := c.Ask(context.Background(), question(i)); err != nil {
			fmt.Println(err)
			return 1
		}
		fmt.Println("answered", i)
	}
	return 0
}

func TestAKilledRunPaysAgainOnlyForWhatWasInFlight(t *testing.T) {
	t.Parallel()
	f := &faulty{asked: map[string]int{}}
	s := httptest.NewServer(f)
	defer s.Close()
	dir := t.TempDir()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "S1_TEST_ASK_DIR="+dir, "S1_TEST_ASK_AT="+s.URL+"/v1#m")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for lines, n := bufio.NewScanner(out), 0; n < 30 && lines.Scan(); n++ {
		if got, want := lines.Text(), fmt.Sprint("answered ", n); got != want {
			t.Fatalf("%q, want %q", got, want)
		}
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // it was killed
	f.mu.Lock()
	before := f.billed
	f.mu.Unlock()
	caller, err := remote.NewCaller(s.URL+"/v1#m", remote.Options{})
	if err != nil {
		t.Fatal(err)
	}
	c, err := Open(named{Server(caller)}, Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if s := c.Spent(); s.Tokens < int64(before) {
		t.Errorf("%d tokens are in the books, %d were billed before the kill", s.Tokens, before)
	}
	n := max(60, before/15+10)
	for i := range n {
		if _, err := c.Ask(t.Context(), question(i)); err != nil {
			t.Fatal(err)
		}
	}
	twice := 0
	for q, n := range f.asked {
		if n > 2 {
			t.Errorf("%s was answered %d times", q, n)
		}
		twice += n - 1
	}
	if twice > 1 {
		t.Errorf("%d requests were paid for twice; one was in flight", twice)
	}
}
