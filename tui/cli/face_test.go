package cli

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"
	"syscall"
	"testing"
)

// What a person sees and types: the demo, recordings, themes, keys of one's own, lines instead of a screen.

func TestJourneyDemoTellsTheStoryAndHandsOver(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		w, h int
		env  []string
		args []string
	}{
		{110, 30, nil, []string{"--record", "demo.cast"}},
		{80, 24, []string{"NO_COLOR=1"}, nil},
	} {
		b := newBox(t).set(c.env...)
		s := b.open(c.w, c.h, append([]string{"demo", "--fast", "--seed", "3"}, c.args...)...)
		s.Until("that was the story", "C of 3").Satisfies("shows both verdicts", func(f string) bool { return c.w < 100 || strings.Contains(f, "wrong") && strings.Contains(f, "right") })
		if len(c.env) > 0 {
			if m := regexp.MustCompile(`\x1b\[[0-9;]*(3[0-7]|4[0-7]|38|48|9[0-7])[0-9;]*m`).FindString(s.Styled()); m != "" {
				t.Errorf("NO_COLOR shows a colour: %q", m)
			}
		}
		s.Keys("w").Until("D of 4", "▌ Wait").Keys("C-c", "C-c")
		s.left(0)
		// The story was played on the engine, and only what was played is kept: not what was tried to find it.
		got := s.branches()
		if len(s.sessions()) != 1 || len(got) != 4 || got[0].Receipt.Closed != "natural" || got[1].Receipt.Closed != "cap" || got[2].injected != "Wait" {
			t.Errorf("%d sessions; kept are %+v", len(s.sessions()), got)
		}
		if c.args != nil {
			replay(t, s.read("demo.cast"), "that was the story")
			b.run("demo", "--record", "demo.cast").wants(2, "a recording is of the screen, and here is none")
		}
	}
}

// replay checks a recording: its header, its times, and that what it shows includes a text.
func replay(t *testing.T, cast, text string) {
	t.Helper()
	lines := strings.Split(strings.TrimSpace(cast), "\n")
	var head struct{ Version, Width, Height int }
	if err := json.Unmarshal([]byte(lines[0]), &head); err != nil || head.Version != 2 || head.Width != 110 || head.Height != 30 {
		t.Errorf("the header is %s (%v)", lines[0], err)
	}
	if strings.Contains(lines[0], "env") || strings.Contains(lines[0], "SHELL") {
		t.Errorf("the header tells of the user: %s", lines[0])
	}
	shown, last := "", 0.0
	for _, l := range lines[1:] {
		var e []any
		if err := json.Unmarshal([]byte(l), &e); err != nil {
			t.Fatalf("%q: %v", l, err)
		}
		if at := e[0].(float64); at < last {
			t.Errorf("the time goes back from %v to %v", last, at)
		} else {
			last = at
		}
		shown += fmt.Sprint(e[2])
	}
	if !strings.Contains(shown, text) {
		t.Errorf("the recording never shows %q", text)
	}
}

func TestJourneyAKeyTakesTheDemoOver(t *testing.T) {
	t.Parallel()
	s := newBox(t).open(80, 24, "demo", "--seed", "3", "--pace", "5")
	s.Until("tried just now: example").Until("begins to think", "thinking").Keys("p").Until("you have it now").Keys("p").Until("paused").Keys("C-c", "C-c")
	s.left(0)
}

func TestTheDemoInLines(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	b.run("demo", "--seed", "3").wants(0, "[story] tried just now: example", "[cap]", "wrong (expected", "[yours] Wait", "one Wait repaired the answer", ", right")
	if n := len(b.sessions()); n != 1 {
		t.Errorf("%d sessions are kept, want the one that was told", n)
	}
	// A model that knows nothing gets no moral that was not seen.
	r := b.run("demo", "-m", model(t), "--seed", "3", "--cap", "20", "--answer-cap", "6").wants(0, "[story] nobody has tried this before", "[receipt]")
	if strings.Contains(r.out, "repaired") || !strings.Contains(r.out, "nothing changed") && !strings.Contains(r.out, "not known here") {
		t.Errorf("the moral is not what was seen: %q", r.out)
	}
}

func TestARecordingSurvivesAKillAndReplacesNothing(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	s := b.open(110, 30, "-m", model(t), "--record", "a.cast", "--pace", "50", "--seed", "1", "--temp", "0")
	s.Until("ready").Type("go on").Keys("Enter").Satisfies("thinks", func(f string) bool { return spent(f) > 10 })
	s.kill(syscall.SIGKILL)
	s.Until("left with 137")
	s.done()
	replay(t, s.read("a.cast"), "go on")
	s = b.open(110, 30, "--record", "a.cast")
	s.Until("a.cast: the file is there already", "left with 1")
	s.done()
}

func TestOnesOwnKeysAndThemeFromTheSettings(t *testing.T) {
	t.Parallel()
	b := newBox(t).set("COLORTERM=truecolor", "TERM=xterm-256color")
	b.write("config/s1/config.toml", "[screen]\ntheme = \"dark\"\nmouse = true\n\n[keys]\nwait = [\"f5\", \"Z\"]\n")
	s := b.open(110, 30, "--seed", "3", "--pace", "200")
	s.Until("ready", "enter asks it").Keys("Enter").Until("receipt").Until("f5 wait").Keys("w").Until("w does nothing here").Keys("Z").Until("B of 2", "▌ Wait").Until("receipt")
	if got := s.Styled(); !regexp.MustCompile(`38[;:]2[;:]+95[;:]215[;:]255`).MatchString(got) && !strings.Contains(got, "38;5;81") {
		t.Errorf("the dark theme's accent is not on the screen: %q", got)
	}
	if got := s.Format("#{mouse_any_flag}"); got != "1" {
		t.Errorf("mouse = true: the terminal's mouse flag is %q", got)
	}
	s.Keys("?").Until("f5 Z").Type("wait").Until("Wait: suppress").Keys("Escape", "Escape").UntilGone("Wait: suppress").Keys("C-c", "C-c")
	s.left(0)
	b.write("config/s1/config.toml", "cap = 3\n[keys]\nwait = \"p\"\n")
	b.run("run", "2+3*4").wants(2, "line 3", `"p" would be both wait and pause`)
	b.write("config/s1/config.toml", "[screen]\ntheme = \"drak\"\n")
	b.run().wants(2, "drak", `"dark"`)
}

func TestWhatTheKeysCommandPrintsIsTakenAsSettings(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	b.write("config/s1/config.toml", "[keys]\nwait = [\"f5\", \"space\"]\npause = []\n")
	first := b.run("keys").wants(0, "[keys]", `wait = ["f5", "space"]`, "pause = []", "# Steer the thinking", `page-up = ["page up", "ctrl+b"]`)
	b.write("config/s1/config.toml", first.out)
	if again := b.run("keys").wants(0); again.out != first.out {
		t.Errorf("the keys that were printed, taken as settings, print\n%s\nwant\n%s", again.out, first.out)
	}
	for _, l := range b.run("keys", "--json").wants(0).lines() {
		if l["action"] == "wait" && fmt.Sprint(l["keys"]) != "[f5  ]" {
			t.Errorf("as JSON: %v", l)
		}
	}
}

func TestADumbTerminalGetsLines(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	s := b.terminal(80, 24, `echo before; TERM=dumb "$S1" --seed 3 --pace max; echo "left with $?"; stty -a | grep -o ' icanon'; sleep 100`)
	s.Until("[ready] mini", "Enter alone asks").Type("29,-16,+65").Keys("Enter").Until("[receipt]").Type("q").Keys("Enter").Until("left with 0", "icanon")
	s.done()
	s = b.terminal(80, 24, `TERM=dumb "$S1" demo --fast --seed 3; echo "left with $?"; sleep 100`)
	s.Until("one Wait repaired the answer", "left with 0")
	s.done()
}

func TestJourneyInLines(t *testing.T) {
	t.Parallel()
	s := newBox(t).set("S1_PLAIN=1").open(80, 24, "--seed", "3", "--pace", "20")
	s.Until("[ready] mini", "Enter alone asks").Type("43,+28,*7,-46,*3,+3859,-206,/2").Keys("Enter").Until("[thinking]")
	s.Type("p").Keys("Enter").Until("[paused]").Type("c 30").Keys("Enter").Type("p").Keys("Enter").Until("[cap]", "[receipt] 30 thinking tokens", "wrong (expected 2503)")
	s.Type("w").Keys("Enter").Until("[branch B of 2] wait", "[yours] Wait").Type("q").Keys("Enter").Until("left with 0", "icanon")
	s.done()
	got := s.branches()
	if len(got) != 2 || got[0].Receipt.ThinkingTokens != 30 || got[1].Receipt.Closed != "stopped" {
		t.Errorf("kept are %+v", got)
	}
}
