package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// patience is the longest any program under test may take: far above what is needed, so that a busy machine fails nothing.
const patience = 90 * time.Second

// ready is what the tests share: a folder, the program built once, the model made once.
var ready struct {
	dir         string // removed at the end
	built, made sync.Once
	path        string // of the program
	err         error
	modelErr    error
}

// slots lets two programs run at a time: more would only wait for the cores.
var slots = make(chan struct{}, 2)

func TestMain(m *testing.M) {
	if len(os.Args) == 3 && os.Args[1] == jobWord {
		os.Exit(countAsJob(os.Args[2]))
	}
	dir, err := os.MkdirTemp("", "s1-cli-")
	if err != nil {
		panic(err)
	}
	ready.dir = dir
	code := m.Run()
	os.RemoveAll(dir)
	os.Exit(code)
}

// program is the s1 under test: built once for all tests, or the one that S1_BINARY names.
func program(t testing.TB) string {
	t.Helper()
	ready.built.Do(func() {
		if ready.path = os.Getenv("S1_BINARY"); ready.path != "" {
			ready.path, ready.err = filepath.Abs(ready.path)
			return
		}
		ready.path = filepath.Join(ready.dir, "s1")
		cmd := exec.Command("go", "build", "-tags", "sqlite_fts5", "-o", ready.path, "s1")
		if out, err := cmd.CombinedOutput(); err != nil {
			ready.err = errors.New("go build: " + err.Error() + "\n" + string(out))
		}
	})
	if ready.err != nil {
		t.Fatal(ready.err)
	}
	return ready.path
}

// box is a user's home with nothing of anybody else's in it.
type box struct {
	t   testing.TB
	dir string
	env []string
}

func newBox(t testing.TB) *box {
	t.Helper()
	b := &box{t: t, dir: t.TempDir()}
	t.Cleanup(b.endJobs) // before its folder goes
	b.env = []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + b.dir, "TERM=xterm-256color", "LANG=C.UTF-8", "LC_ALL=C.UTF-8",
		"XDG_CONFIG_HOME=" + b.at("config"), "XDG_DATA_HOME=" + b.at("data"), "HF_HOME=" + b.at("hf"), "HF_HUB_OFFLINE=1",
		"XDG_CACHE_HOME=" + filepath.Join(ready.dir, "cache"), // one for all: it holds the measured bandwidth, which takes a second
	}
	return b
}

func (b *box) at(parts ...string) string { return filepath.Join(append([]string{b.dir}, parts...)...) }

// set adds to the environment.
func (b *box) set(pairs ...string) *box {
	b.env = append(b.env, pairs...)
	return b
}

// write puts a file into the box and returns its path.
func (b *box) write(name, text string) string {
	b.t.Helper()
	path := b.at(name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		b.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		b.t.Fatal(err)
	}
	return path
}

// result is what a program left behind.
type result struct {
	t        testing.TB
	args     string
	out, err string
	code     int
}

// run runs s1 to its end, with nothing on stdin.
func (b *box) run(args ...string) result {
	b.t.Helper()
	return b.feed("", args...)
}

// feed runs s1 to its end with text on stdin.
func (b *box) feed(stdin string, args ...string) result {
	b.t.Helper()
	path := program(b.t) // which may have to be built: that, and waiting for a place, are not its time
	slots <- struct{}{}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, path, args...)
	var out, errs bytes.Buffer
	cmd.Env, cmd.Dir, cmd.Stdin, cmd.Stdout, cmd.Stderr = b.env, b.dir, strings.NewReader(stdin), &out, &errs
	err := cmd.Run()
	<-slots
	if ctx.Err() != nil {
		b.t.Fatalf("s1 %q did not end within %s\nstdout: %.2000s\nstderr: %.2000s", args, patience, out.String(), errs.String())
	}
	return b.judge(args, err, out.String(), errs.String())
}

// judge holds what is true of every run: no panic, no stack, no raw control character where there is no terminal.
func (b *box) judge(args []string, err error, out, errs string) result {
	b.t.Helper()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		b.t.Fatalf("s1 %q: %v", args, err)
	}
	r := result{b.t, strings.Join(args, " "), out, errs, 0}
	if exit != nil {
		r.code = exit.ExitCode()
	}
	for _, s := range []string{"panic:", "goroutine ", "SIGSEGV", "SIGABRT", "runtime error"} {
		if strings.Contains(errs, s) {
			b.t.Errorf("s1 %.200s crashed (%s):\n%.3000s", r.args, s, errs)
		}
	}
	for _, s := range []string{out, errs} {
		if i := strings.IndexFunc(s, func(c rune) bool { return c < 0x20 && c != '\n' && c != '\t' || c == 0x7f || c >= 0x80 && c < 0xa0 }); i >= 0 {
			b.t.Errorf("s1 %.200s wrote a raw control character %#x: %.200q", r.args, s[i], s[max(0, i-80):min(len(s), i+80)])
		}
	}
	return r
}

// wants fails unless the exit code is code and stdout and stderr together show every text.
func (r result) wants(code int, texts ...string) result {
	r.t.Helper()
	if r.code != code {
		r.t.Errorf("s1 %.300s: exit %d, want %d\nstdout: %.1500s\nstderr: %.1500s", r.args, r.code, code, r.out, r.err)
	}
	for _, s := range texts {
		if !strings.Contains(r.out+"\n"+r.err, s) {
			r.t.Errorf("s1 %.300s: nothing says %q\nstdout: %.1500s\nstderr: %.1500s", r.args, s, r.out, r.err)
		}
	}
	return r
}

// lines parses stdout as JSON lines.
func (r result) lines() []map[string]any {
	r.t.Helper()
	var all []map[string]any
	for _, line := range strings.Split(strings.TrimSuffix(r.out, "\n"), "\n") {
		if line == "" {
			continue
		}
		var m map[string]any
		if err := json.Unmarshal([]byte(line), &m); err != nil {
			r.t.Fatalf("s1 %.300s: a line is not JSON: %v: %.300q", r.args, err, line)
		}
		all = append(all, m)
	}
	return all
}

// process is an s1 that is running.
type process struct {
	b    *box
	args []string
	cmd  *exec.Cmd
	out  *watched
	errs *watched
	stop func()
}

// prepare makes an s1 that begin starts; end must be called.
func (b *box) prepare(args ...string) *process {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	p := &process{b: b, args: args, out: newWatched(), errs: newWatched(), stop: cancel}
	p.cmd = exec.CommandContext(ctx, program(b.t), args...)
	p.cmd.Env, p.cmd.Dir, p.cmd.Stdout, p.cmd.Stderr = b.env, b.dir, p.out, p.errs
	return p
}

func (p *process) begin() *process {
	p.b.t.Helper()
	slots <- struct{}{}
	if err := p.cmd.Start(); err != nil {
		<-slots
		p.b.t.Fatal(err)
	}
	return p
}

// start starts s1; end must be called.
func (b *box) start(args ...string) *process {
	b.t.Helper()
	return b.prepare(args...).begin()
}

// shell runs a line of shell in which $S1 is the program.
func (b *box) shell(line string) result {
	b.t.Helper()
	cmd := exec.Command("/bin/sh", "-c", line)
	var out, errs bytes.Buffer
	cmd.Env, cmd.Dir, cmd.Stdout, cmd.Stderr = append(b.env, "S1="+program(b.t)), b.dir, &out, &errs
	slots <- struct{}{}
	err := cmd.Run()
	<-slots
	return b.judge([]string{line}, err, out.String(), errs.String())
}

// signal sends a signal.
func (p *process) signal(s os.Signal) *process {
	p.b.t.Helper()
	if err := p.cmd.Process.Signal(s); err != nil {
		p.b.t.Fatalf("signal %v: %v", s, err)
	}
	return p
}

// until waits until stdout holds n times text.
func (p *process) until(n int, text string) *process {
	p.b.t.Helper()
	if !p.out.until(func(s string) bool { return strings.Count(s, text) >= n }) {
		p.b.t.Fatalf("s1 %q did not print %d times %q\nstdout: %.1500s\nstderr: %.1500s", p.args, n, text, p.out.String(), p.errs.String())
	}
	return p
}

// end waits for the end.
func (p *process) end() result {
	p.b.t.Helper()
	err := p.cmd.Wait()
	<-slots
	p.stop()
	return p.b.judge(p.args, err, p.out.String(), p.errs.String())
}

// most watches a process of Linux until it ends, and then says the most memory it had, in MB. Its rusage does not know that: it begins
// with what the process had that started it.
func (p *process) most() func() float64 {
	status, most, ended := fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid), 0.0, make(chan struct{})
	go func() {
		defer close(ended)
		for tick := time.Tick(2 * time.Millisecond); ; <-tick {
			text, err := os.ReadFile(status)
			_, rest, there := strings.Cut(string(text), "VmHWM:")
			if err != nil || !there {
				return // it has ended
			}
			var kB float64
			if _, err := fmt.Sscan(rest, &kB); err == nil {
				most = kB / 1e3
			}
		}
	}()
	return func() float64 {
		<-ended
		return most
	}
}

// watched is a buffer one can wait for.
type watched struct {
	mu   sync.Mutex
	b    bytes.Buffer
	more chan struct{} // closed and replaced with each write
}

func newWatched() *watched { return &watched{more: make(chan struct{})} }

func (w *watched) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	close(w.more)
	w.more = make(chan struct{})
	return w.b.Write(p)
}

func (w *watched) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.b.String()
}

func (w *watched) until(done func(string) bool) bool {
	deadline := time.After(patience)
	for {
		w.mu.Lock()
		s, more := w.b.String(), w.more
		w.mu.Unlock()
		if done(s) {
			return true
		}
		select {
		case <-more:
		case <-deadline:
			return false
		}
	}
}

var _ io.Writer = (*watched)(nil)
