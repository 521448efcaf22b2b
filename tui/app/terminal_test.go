package app_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"s1/tui/tuitest"
)

// screenEnv makes this test binary the screen on a scripted model instead of the tests.
const screenEnv = "S1_TEST_SCREEN"

func TestMain(m *testing.M) {
	if args, ok := os.LookupEnv(screenEnv); ok {
		os.Exit(tuitest.Demo(strings.Fields(args)))
	}
	os.Exit(m.Run())
}

// terminal runs the screen in a real terminal; what follows it says how it left, and whether the line discipline is back.
func terminal(t *testing.T, w, h int, args string) (*tuitest.Tmux, string) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	pid := filepath.Join(t.TempDir(), "pid")
	script := fmt.Sprintf(`echo before; sh -c 'echo $$ > %s; exec %s'; echo "left with $?"; stty -a | grep -o ' icanon'; sleep 100`, pid, self)
	return tuitest.StartTmux(t, w, h, []string{screenEnv + "=" + args, "LC_ALL=C.UTF-8", "NO_COLOR="}, script), pid
}

func TestJourneyInARealTerminal(t *testing.T) {
	t.Parallel()
	x, _ := terminal(t, 110, 28, "-rate 40 -load 100ms")
	x.Until("ready", "Type a question")
	x.Type(question).Until("› "+question).Keys("Enter").Until("thinking", "*5=185")
	x.Keys("w").Until(`becomes "Wait"`).Until("◆ /2=84", "▌ Wait", "wished to stop  p .81").Until("done", "The result is 79.")
	x.Keys("w").Until("B of 2").Until("done", "158/2=79?")
	x.Keys("n", "C-u").Type("5").Keys("Enter").Until("they part at token", "capped", "The result is 84.")
	x.Resize(60, 20).Until("they part").Keys("x").UntilGone("they part").Resize(40, 10).Until("capped")
	x.Resize(30, 8).Until("s1 needs 40 by 10 cells").Resize(110, 30).Until("branches", "C  cap 5")
	x.Keys("?").Until("Steer the thinking").Keys("Escape").UntilGone("Steer the thinking")
	x.Keys("C-c").Until("ctrl+c again quits").Keys("C-c").Until("before", "left with 0", "icanon")
	if got := x.Format("#{alternate_on} #{cursor_flag}"); got != "0 1" {
		t.Errorf("alternate screen and cursor after leaving: %q, want 0 1", got)
	}
}

func TestTerminationRestoresTheTerminal(t *testing.T) {
	t.Parallel()
	for name, sig := range map[string]syscall.Signal{"SIGTERM": syscall.SIGTERM, "SIGINT": syscall.SIGINT} {
		x, pid := terminal(t, 80, 24, "-endless -rate 100 -cap -1")
		x.Until("ready").Type("go").Keys("Enter").Until("word5")
		raw, err := os.ReadFile(pid)
		if err != nil {
			t.Fatal(err)
		}
		n, err := strconv.Atoi(strings.TrimSpace(string(raw)))
		if err != nil {
			t.Fatal(err)
		}
		if err := syscall.Kill(n, sig); err != nil {
			t.Fatal(err)
		}
		x.Until("before", "left with 0", "icanon")
		if got := x.Format("#{alternate_on} #{cursor_flag}"); got != "0 1" {
			t.Errorf("%s: alternate screen and cursor %q, want 0 1", name, got)
		}
	}
}

func TestAFaultOfTheScreenRestoresTheTerminalAndIsSaid(t *testing.T) {
	t.Parallel()
	x, _ := terminal(t, 80, 24, "-crash")
	x.Until("ready").Type("go").Keys("Enter")
	x.Until("before", "the screen failed: a fault on purpose", "left with 1", "icanon")
	if got := x.Format("#{alternate_on} #{cursor_flag}"); got != "0 1" {
		t.Errorf("alternate screen and cursor %q, want 0 1", got)
	}
}

func TestCtrlZSuspendsAndFgReturns(t *testing.T) {
	t.Parallel()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	env := []string{screenEnv + "=-rate 30", "LC_ALL=C.UTF-8"}
	x := tuitest.StartTmux(t, 80, 24, env, "bash --norc --noprofile -i")
	x.Type(self).Keys("Enter").Until("ready", "Type a question")
	x.Type("hello").Until("› hello").Keys("C-z").Until("Stopped")
	if got := x.Format("#{alternate_on} #{cursor_flag}"); got != "0 1" {
		t.Errorf("while suspended: alternate screen and cursor %q, want 0 1", got)
	}
	x.Type("fg").Keys("Enter").Until("ready", "› hello").Keys("C-c", "C-c").UntilGone("› hello").Type("echo back$((1+1))").Keys("Enter").Until("back2")
}
