package cli

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"

	"s1/engine/weights"
	"s1/kernels"
	"s1/tui/tuitest"
)

// The screen as a user has it: the built program, on the tiny model, in a real terminal.

var eager struct {
	once sync.Once
	err  error
}

// eagerModel has the smallest vocabulary there is, so that at a high temperature it wishes to stop every hundred tokens or so.
func eagerModel(t testing.TB) string {
	t.Helper()
	path := filepath.Join(ready.dir, "eager.gguf")
	eager.once.Do(func() {
		shape, err := weights.SynthShapeNamed(tinyShape)
		if err == nil {
			shape.Name, shape.Vocab = "eager-llama", 259
			err = weights.Synth(path, shape, kernels.Q8_0, 1)
		}
		eager.err = err
	})
	if eager.err != nil {
		t.Fatal(eager.err)
	}
	return path
}

// screens lets two terminals be open at a time. They are not slots: a journey runs commands while its screen is open.
var screens = make(chan struct{}, 2)

// screen is a terminal with the program in it.
type screen struct {
	*tuitest.Tmux
	*box
	done func() // another may open
}

// open starts s1 with args in a terminal of w by h cells. What follows it says how it left and whether the line discipline
// is back.
func (b *box) open(w, h int, args ...string) screen {
	b.t.Helper()
	quoted := ""
	for _, a := range args {
		quoted += " '" + strings.ReplaceAll(a, "'", `'\''`) + "'"
	}
	script := fmt.Sprintf(`echo before; sh -c 'echo $$ > pid; exec "$S1" "$@"' s1%s; echo "left with $?"; stty -a | grep -o ' icanon'; sleep 100`, quoted)
	return b.terminal(w, h, script)
}

func (b *box) terminal(w, h int, script string) screen {
	b.t.Helper()
	env := append([]string{"S1=" + program(b.t), "NO_COLOR="}, b.env...)
	screens <- struct{}{}
	done := sync.OnceFunc(func() { <-screens })
	b.t.Cleanup(done)
	return screen{tuitest.StartTmux(b.t, w, h, env, "cd '"+b.dir+"'; "+script), b, done}
}

// kill sends a signal to the program.
func (s screen) kill(sig syscall.Signal) {
	s.t.Helper()
	pid, err := strconv.Atoi(strings.TrimSpace(s.read("pid")))
	if err == nil {
		err = syscall.Kill(pid, sig)
	}
	if err != nil {
		s.t.Fatal(err)
	}
}

// left waits until the program has ended with this code and the terminal is as it was before.
func (s screen) left(code int) {
	s.t.Helper()
	s.Until("before", fmt.Sprintf("left with %d", code), "icanon")
	if got := s.Format("#{alternate_on} #{cursor_flag} #{mouse_any_flag} #{keypad_flag}"); got != "0 1 0 0" {
		s.t.Errorf("alternate screen, cursor, mouse and keypad after leaving: %q, want 0 1 0 0", got)
	}
	s.done()
}

// branches are the kept branches of the newest run, from its export: what the screen did is on disk.
func (s screen) branches() []kept {
	s.t.Helper()
	list := s.sessions()
	if len(list) == 0 {
		s.t.Fatal("nothing is kept")
	}
	var all []kept
	for _, line := range strings.Split(strings.TrimSpace(s.run("sessions", "export", list[0]["id"].(string)).wants(0).out), "\n") {
		var k kept
		if err := json.Unmarshal([]byte(line), &k); err != nil {
			s.t.Fatal(err)
		}
		switch {
		case k.Type == "branch":
			all = append(all, k)
		case k.Type == "token" && k.Origin == "injected":
			// A character that was broken off by the injection comes out with it, as U+FFFD.
			all[len(all)-1].injected += strings.ReplaceAll(k.Text, "\ufffd", "")
		}
	}
	return all
}

type kept struct {
	Type, Parent, Cause, Origin, Text string
	Receipt                           struct {
		Cap            int
		Closed         string
		ThinkingTokens int `json:"thinking_tokens"`
		WaitsDone      int `json:"waits_done"`
	}
	injected string
}

// spent is the number of thinking tokens in the budget line.
func spent(frame string) int {
	m := regexp.MustCompile(`(?m)^ budget .*?(\d+)(?: of|, no cap)`).FindStringSubmatch(frame)
	if m == nil {
		return -1
	}
	n, _ := strconv.Atoi(m[1])
	return n
}

func TestJourneyCapPauseStepAnswer(t *testing.T) {
	t.Parallel()
	s := newBox(t).open(110, 30, "-m", model(t), "--pace", "50", "--seed", "1", "--temp", "0", "--answer-cap", "12")
	s.Until("ready", "Type a question").Type("what is thinking?").Until("what is thinking?").Keys("Enter").Until("thinking", "no cap", "pace 50")
	s.Keys("c").Until("cap on thinking tokens").Keys("C-u").Type("abc").Keys("Enter").Until("whole number").Keys("C-u").Type("400").Keys("Enter").Until("of 400")
	s.Keys("+").Until("of 500").Keys("-").Until("of 400")
	s.Keys("p").Until("paused")
	at := spent(s.Frame())
	for i := range 3 {
		s.Keys(".").Satisfies(fmt.Sprintf("has spent %d", at+1+i), func(f string) bool { return spent(f) == at+1+i })
	}
	s.Until("paused").Keys("p").Satisfies("goes on", func(f string) bool { return spent(f) > at+5 })
	s.Keys("a").Until("answer now").Until("after", "receipt")
	s.Keys("C-c").Until("ctrl+c again quits").Keys("C-c")
	s.left(0)
	got := s.branches()
	if len(got) != 1 || got[0].Receipt.Closed != "answer_now" || got[0].Receipt.Cap != 400 || got[0].Receipt.ThinkingTokens <= at+3 {
		t.Errorf("kept are %+v", got)
	}
}

func TestJourneyWaitTwiceAndAfterTheEnd(t *testing.T) {
	t.Parallel()
	s := newBox(t).open(110, 30, "-m", eagerModel(t), "--pace", "2", "--seed", "3", "--temp", "50", "--answer-cap", "8")
	s.Until("ready").Type("why?").Keys("Enter").Until("thinking", "no cap")
	s.Keys("w").Until(`becomes "Wait"`).Keys("w")
	for range 7 {
		s.Keys(">")
	}
	s.Until("waits 2 of 2", "wished to stop").Satisfies("marks the Wait", marks("Wait")).Until("receipt")
	s.Keys("w").Until("B of 2").Until("receipt", "B  ")
	s.Keys("W").Until("wait with").Keys("C-u").Type("Hmm").Keys("Enter").Until("C of 3").Until("receipt").Satisfies("marks the Hmm", marks("Hmm"))
	s.Keys("C-c", "C-c")
	s.left(0)
	got := s.branches()
	if len(got) != 3 || got[0].injected != "WaitWait" || got[0].Receipt.WaitsDone != 2 || got[1].Parent == "" || got[1].injected != "Wait" || got[2].injected != "Hmm" {
		t.Errorf("kept are %+v", got)
	}
}

// marks says whether a frame has a text of the user's own, which begins with what the model left of a character it did not end.
func marks(text string) func(frame string) bool {
	return regexp.MustCompile("▌ \uFFFD?" + text).MatchString
}

func TestJourneyCompareAndResize(t *testing.T) {
	t.Parallel()
	s := newBox(t).open(110, 30, "-m", model(t), "--pace", "200", "--seed", "1", "--temp", "0", "--cap", "60", "--answer-cap", "20")
	s.Until("ready").Type("compare").Keys("Enter").Until("receipt", "of 60")
	s.Keys("n").Until("second answer").Keys("C-u").Type("5").Keys("Enter").Until("they part at token", "cap 60", "cap 5")
	s.Satisfies("shows two ended branches", func(f string) bool { return strings.Count(f, "+ 20 tokens") == 2 })
	s.Resize(60, 20).Until("they part at token").Resize(40, 10).Until("they part").Resize(20, 5).Until("s1 needs 40")
	s.Resize(110, 30).Until("they part at token", "cap 60").Keys("x").UntilGone("they part").Until("B of 2", "branches")
	s.Keys("x").Until("they part").Keys("x").UntilGone("they part")
	s.Resize(60, 20).Until("of 5").Resize(40, 10).Until("of 5").Resize(20, 5).Until("s1 needs 40").Resize(1, 1).Resize(200, 60).Until("B of 2", "receipt")
	s.Resize(110, 30).Until("branches")
	// While it runs, too.
	s.Keys("n").Until("second answer").Keys("C-u").Type("none").Keys("Enter").Until("C of 3", "thinking")
	for _, size := range [][2]int{{60, 20}, {40, 10}, {20, 5}, {100, 24}, {110, 30}} {
		s.Resize(size[0], size[1])
	}
	s.Until("C of 3").Keys("Escape").Until("stopped").Keys("C-c", "C-c")
	s.left(0)
}

func TestJourneyQuitAndFindTheSessionAgain(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	args := []string{"-m", model(t), "--pace", "100", "--seed", "1", "--temp", "0", "--cap", "20", "--answer-cap", "8"}
	s := b.open(100, 28, args...)
	s.Until("ready").Type("remember me").Keys("Enter").Until("after ", "thinking tokens", "saved").Keys("C-c", "C-c")
	s.left(0)
	id := s.sessions()[0]["id"].(string)
	s = b.open(100, 28, args...)
	s.Until("ready").Keys("C-s").Until("all runs", "remember me").Keys("Enter").Until("thinking tokens", "remember me")
	s.Keys("w").Until("B of 2", "thinking").Keys("a").Until("B of 2", "by you, answer now").Keys("C-c", "C-c")
	s.left(0)
	if list := s.sessions(); len(list) != 1 || list[0]["id"] != id || integer(list[0]["branches"]) != 2 {
		t.Errorf("kept are %v; the branch made after the reopening belongs to run %s", list, id)
	}
}

func TestJourneyCtrlZAndFg(t *testing.T) {
	t.Parallel()
	s := newBox(t).terminal(80, 24, "HISTFILE=/dev/null exec bash --norc --noprofile -i")
	s.Type(fmt.Sprintf("$S1 -m %s --temp 0 --pace 10 --answer-cap 8", model(t))).Keys("Enter").Until("ready", "Type a question")
	s.Type("sleepy").Keys("Enter").Until("thinking", "no cap").Keys("C-z").Until("Stopped")
	if got := s.Format("#{alternate_on} #{cursor_flag}"); got != "0 1" {
		t.Errorf("while suspended: alternate screen and cursor %q, want 0 1", got)
	}
	s.Type("fg").Keys("Enter").Until("sleepy", "thinking", "no cap").Keys("Escape").Until("stopped").Keys("C-c", "C-c").Until("Stopped")
	s.Type("echo back$((1+1))").Keys("Enter").Until("back2")
	if got := s.branches(); len(got) != 1 || got[0].Receipt.Closed != "stopped" {
		t.Errorf("kept are %+v", got)
	}
}

func TestSignalsRestoreTheTerminalAndKeepTheRun(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		sig  syscall.Signal
		code int
	}{{syscall.SIGTERM, 0}, {syscall.SIGINT, 0}, {syscall.SIGHUP, 0}} {
		s := newBox(t).open(80, 24, "-m", model(t), "--pace", "50", "--seed", "1", "--temp", "0")
		s.Until("ready").Type("go").Keys("Enter").Satisfies("thinks", func(f string) bool { return spent(f) > 10 })
		s.kill(c.sig)
		s.left(c.code)
		if got := s.branches(); len(got) != 1 || got[0].Receipt.Closed != "stopped" || got[0].Receipt.ThinkingTokens < 10 {
			t.Errorf("%v: kept are %+v", c.sig, got)
		}
	}
}

func TestNoColourAndASCII(t *testing.T) {
	t.Parallel()
	b := newBox(t).set("NO_COLOR=1", "LC_ALL=C", "LANG=C")
	s := b.open(100, 28, "-m", model(t), "--pace", "200", "--seed", "1", "--temp", "0", "--cap", "30", "--answer-cap", "8")
	s.Until("ready").Type("plain").Keys("Enter").Until("receipt", "of 30")
	// What the model says is shown as it is, also its broken characters: U+FFFD.
	if m := regexp.MustCompile(`[^\x00-\x7f\x{fffd}]`).FindString(s.Frame()); m != "" {
		t.Errorf("an ASCII terminal shows %q:\n%s", m, s.Frame())
	}
	if m := regexp.MustCompile(`\x1b\[[0-9;]*(3[0-7]|4[0-7]|38|48|9[0-7])[0-9;]*m`).FindString(s.Styled()); m != "" {
		t.Errorf("NO_COLOR shows a colour: %q", m)
	}
	s.Keys("?").Until("Steer the thinking").Keys("Escape").UntilGone("Steer the thinking").Keys("C-c", "C-c")
	s.left(0)
}

func TestTheScreenSaysWhyThereIsNoModel(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	s := b.open(100, 28, "-m", b.write("bad.gguf", "GGUF\x1b]0;owned\x07"))
	s.Until("no model", "could not load the model", "14 bytes").Type("x").Keys("Enter").Until("there is no model").Keys("C-c", "C-c")
	s.left(0)
}

func TestRealModelJourney(t *testing.T) {
	t.Parallel()
	real := os.Getenv("S1_SMOLLM2")
	if real == "" {
		t.Skip("needs S1_SMOLLM2=the GGUF file of SmolLM2: run `make test-real`")
	}
	b := newBox(t)
	x := b.run("run", "-m", real, "--json", "--cap", "40", "--wait", "1", "--answer-cap", "60", "--seed", "1", "What is 12 plus 30?").wants(0).only()
	if n := integer(x.receipt["thinking_tokens"]); n > 40 || n == 0 {
		t.Errorf("%d thinking tokens of at most 40", n)
	}
	if x.end["answer"] == "" {
		t.Error("no answer")
	}
	s := b.open(110, 30, "-m", real, "--seed", "1", "--cap", "48", "--answer-cap", "48")
	s.Until("ready", "pace 30").Type("What is 12 plus 30?").Keys("Enter").Until("thinking", "of 48").Keys(">", ">").Until("receipt")
	s.Keys("w").Until("B of 2").Until("receipt").Keys("n").Until("second answer").Keys("C-u").Type("8").Keys("Enter").Until("they part at token", "cap 8")
	s.Keys("C-c", "C-c")
	s.left(0)
}
