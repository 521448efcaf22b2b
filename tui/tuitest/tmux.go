package tuitest

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// How long a real program may take to show something, and how often it is looked at.
const (
	tmuxPatience = 20 * time.Second
	tmuxGlance   = 30 * time.Millisecond
)

var tmuxCount atomic.Int64

// Tmux is a real terminal with a real program in it.
type Tmux struct {
	t      testing.TB
	socket string
}

// StartTmux runs a shell command in a terminal of w by h cells, with its own tmux server that ends with the test.
// env holds NAME=value pairs beside the environment of the test.
func StartTmux(t testing.TB, w, h int, env []string, shell string) *Tmux {
	t.Helper()
	if _, err := exec.LookPath("tmux"); err != nil {
		t.Skip("needs tmux to drive a real terminal: install the package tmux")
	}
	x := &Tmux{t: t, socket: fmt.Sprintf("s1test-%d-%d", os.Getpid(), tmuxCount.Add(1))}
	args := []string{"-f", "/dev/null", "new-session", "-d", "-s", "s1", "-x", fmt.Sprint(w), "-y", fmt.Sprint(h)}
	for _, e := range env {
		args = append(args, "-e", e)
	}
	x.run(append(args, shell)...)
	t.Cleanup(func() { _ = exec.Command("tmux", "-L", x.socket, "kill-server").Run() })
	return x
}

func (x *Tmux) run(args ...string) string {
	x.t.Helper()
	cmd := exec.Command("tmux", append([]string{"-L", x.socket}, args...)...)
	cmd.Env = append(os.Environ(), "LC_ALL=C.UTF-8")
	out, err := cmd.CombinedOutput()
	if err != nil {
		x.t.Fatalf("tmux %s: %v: %s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

// Close closes the terminal as its window's button does: what runs in it hears SIGHUP.
func (x *Tmux) Close() {
	x.t.Helper()
	x.run("kill-session", "-t", "s1")
}

// Keys presses keys by tmux's names: Enter, Escape, C-c, w, ...
func (x *Tmux) Keys(names ...string) *Tmux {
	x.t.Helper()
	for _, n := range names {
		x.run("send-keys", "-t", "s1", n)
	}
	return x
}

// Type types a text.
func (x *Tmux) Type(s string) *Tmux {
	x.t.Helper()
	x.run("send-keys", "-t", "s1", "-l", "--", s)
	return x
}

// Resize changes the size of the terminal.
func (x *Tmux) Resize(w, h int) *Tmux {
	x.t.Helper()
	x.run("resize-window", "-t", "s1", "-x", fmt.Sprint(w), "-y", fmt.Sprint(h))
	return x
}

// Frame returns what the terminal shows, without trailing spaces.
func (x *Tmux) Frame() string { return trimRows(x.run("capture-pane", "-p", "-t", "s1")) }

// Styled returns what the terminal shows with its colours and attributes.
func (x *Tmux) Styled() string { return x.run("capture-pane", "-p", "-e", "-t", "s1") }

// Format returns what tmux makes of a format such as #{alternate_on}.
func (x *Tmux) Format(f string) string {
	return strings.TrimSpace(x.run("display-message", "-p", "-t", "s1", f))
}

// Until waits until the terminal shows every text.
func (x *Tmux) Until(texts ...string) *Tmux {
	x.t.Helper()
	return x.Satisfies(fmt.Sprintf("shows %q", texts), func(frame string) bool {
		for _, s := range texts {
			if !strings.Contains(frame, s) {
				return false
			}
		}
		return true
	})
}

// UntilGone waits until the terminal no longer shows a text.
func (x *Tmux) UntilGone(s string) *Tmux {
	x.t.Helper()
	return x.Satisfies(fmt.Sprintf("no longer shows %q", s), func(frame string) bool { return !strings.Contains(frame, s) })
}

// Satisfies waits until a frame is as it should be.
func (x *Tmux) Satisfies(what string, ok func(frame string) bool) *Tmux {
	x.t.Helper()
	deadline := time.Now().Add(tmuxPatience)
	for {
		frame := x.Frame()
		if ok(frame) {
			return x
		}
		if time.Now().After(deadline) {
			x.t.Fatalf("the terminal never %s; it shows:\n%s", what, frame)
		}
		time.Sleep(tmuxGlance)
	}
}
