package app_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	tea "github.com/charmbracelet/bubbletea"

	"s1/tui/app"
	"s1/tui/keys"
	"s1/tui/tuitest"
)

// rebound is a screen on which the user has other keys.
func rebound(t *testing.T, w, h int, o keys.Overrides) *tuitest.Driver {
	t.Helper()
	m, err := keys.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return tuitest.Start(t, tuitest.NewFake(tuitest.Tape()), w, h, func(o *app.Options) { o.Keys = m })
}

func TestAUsersKeysActAndAreShownEverywhere(t *testing.T) {
	t.Parallel()
	d := rebound(t, 110, 160, keys.Overrides{"wait": {"Z"}, "pause": {"w"}, "ask": {"O"}, "compare": {}, "help": {"H"}, "palette": {"ctrl+a"}, "stop": {"backspace"}})
	d.Ask(question).Advance(3).Expect("Z wait", "w pause", "H help")
	d.Press("w").Advance(0).Expect("paused").Press("w").Press("Z").Expect(`becomes "Wait"`)
	d.Press("q").Expect("q does nothing here; H shows all keys, O goes to the prompt")
	d.Press("H").Expect("Z                 Wait: suppress", "no key            Compare two answers", "w                 Pause").Press("H").Refute("Steer the thinking")
	d.Press("ctrl+a").Type("compare").Expect("compare                  there is one answer so far: n asks").Press("esc")
	d.Advance(9999).Press("w").Expect("this branch has ended: Z thinks on")
	d.Press("O").Expect("› ").Press("esc") // esc is a way back although stop has another key
	d.Do(keys.Wait).Pull().Expect("B of 2")
}

func TestTwoEscapesThatArriveTogetherAreTwo(t *testing.T) {
	t.Parallel()
	d := rebound(t, 110, 60, nil)
	d.Ask(question).Advance(9999).Press("?").Type("wait").Expect("Wait: suppress").Press("alt+esc").Refute("Wait: suppress")
	d = rebound(t, 110, 60, keys.Overrides{"pause": {"alt+esc"}})
	d.Ask(question).Advance(3).Press("alt+esc").Advance(0).Expect("paused")
}

func TestAnActionWithoutAKeyIsInThePaletteStill(t *testing.T) {
	t.Parallel()
	d := rebound(t, 110, 30, keys.Overrides{"pause": {}})
	d.Ask(question).Advance(3).Refute("p pause").Press("p").Expect("p does nothing here")
	d.Press("ctrl+p").Type("pause").Press("enter").Advance(0).Expect("paused")
}

func TestAFirstStartShowsThreeLines(t *testing.T) {
	t.Parallel()
	d := tuitest.Start(t, tuitest.NewFake(tuitest.Tape()), 80, 24, func(o *app.Options) { o.First = true })
	d.Expect("Type a question and press enter: the thought streams here.\n", "While it thinks: w thinks on, c caps it, a answers now.\n", "s1 demo")
	d.Ask(question).Advance(2).Refute("s1 demo")
	tuitest.Start(t, tuitest.NewFake(tuitest.Tape()), 80, 24, nil).Refute("s1 demo")
}

func mouse(d *tuitest.Driver, x, y int, b tea.MouseButton) {
	d.Model.Update(tea.MouseMsg{X: x, Y: y, Button: b, Action: tea.MouseActionPress})
}

func TestTheWheelScrollsThePaneUnderItAndAClickFocuses(t *testing.T) {
	t.Parallel()
	f := tuitest.NewFake(tuitest.Tape())
	f.Script.Endless = endless
	d := tuitest.Start(t, f, 110, 20, nil)
	d.Ask("go").Advance(140).Refute("new below")
	mouse(d, 5, 8, tea.MouseButtonWheelUp)
	d.Expect("new below, press G")
	mouse(d, 5, 8, tea.MouseButtonWheelDown)
	mouse(d, 5, 8, tea.MouseButtonWheelDown)
	before := d.Frame()
	mouse(d, 100, 4, tea.MouseButtonWheelUp) // the answer, of which there is none yet
	if d.Frame() != before {
		t.Errorf("the wheel over the answer moved the thought:\n%s", d.Frame())
	}
	long := tuitest.NewFake(tuitest.Tape())
	long.Script.Answers = [][]string{tuitest.Words("first\n" + strings.Repeat("more\n", 20) + "last")}
	a := tuitest.Start(t, long, 80, 20, nil)
	a.Ask("go").Advance(9999).Expect("last").Refute("first")
	for range 12 {
		mouse(a, 5, 11, tea.MouseButtonWheelUp)
	}
	a.Expect("first", "/2=84").Refute("last")
	d.Press("G")
	mouse(d, 5, 18, tea.MouseButtonLeft) // the prompt
	d.Press("z").Expect("› z")
	mouse(d, 5, 8, tea.MouseButtonLeft)
	d.Press("p").Advance(0).Expect("paused")
	mouse(d, -1, 500, tea.MouseButtonLeft)
	d.Resize(20, 5)
	mouse(d, 1, 1, tea.MouseButtonLeft)
}

// frames that were recorded are the frames that were written, byte for byte; a change of size is in it too.
func TestARecordingHoldsEveryFrame(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "a.cast")
	x, _ := terminal(t, 80, 24, "-rate 200 -record "+path)
	x.Until("ready").Type("hello").Keys("Enter").Until("done", "The result is 84.").Resize(70, 20).Until("The result is 84.", "after").Keys("C-c").Until("ctrl+c again quits")
	want := x.Frame()
	x.Keys("C-c").Until("left with 0")
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	size := ""
	for _, l := range strings.Split(strings.TrimSpace(string(raw)), "\n")[1:] {
		var e []any
		if err := json.Unmarshal([]byte(l), &e); err != nil {
			t.Fatal(err)
		}
		if e[1] == "o" {
			out.WriteString(e[2].(string))
		} else {
			size = e[2].(string)
		}
	}
	if !strings.HasPrefix(size, "70x") {
		t.Errorf("the last change of size is %q", size)
	}
	// Replayed into a terminal up to the frame that was looked at, it shows what it showed.
	all := out.String()
	at := strings.LastIndex(all, "ctrl+c again quits")
	if at < 0 || !strings.Contains(all[at:], "\x1b[?1049l") {
		t.Fatal("the recording lacks the last frame, or does not leave the screen")
	}
	const frameEnd = "\x1b[?2026l"
	shown := all[:at+strings.Index(all[at:], frameEnd)+len(frameEnd)]
	again := filepath.Join(t.TempDir(), "raw")
	if err := os.WriteFile(again, []byte(shown), 0o600); err != nil {
		t.Fatal(err)
	}
	tuitest.StartTmux(t, 70, 20, nil, "cat '"+again+"'; sleep 100").Satisfies("shows what was recorded", func(f string) bool { return f == want })
}
