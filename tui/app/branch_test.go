package app

import (
	"strings"
	"testing"
	"time"

	"s1/engine/trace"
	"s1/tui/theme"
)

// made builds a branch from a compact script: o opening, t thought, i injected, W injected after a wish, n a close the
// model drew, N a close written because it ended its turn, f forced, a answer, F forced into the answer.
func made(script string) *branch {
	th := theme.New(theme.Options{NoColor: true})
	b := newBranch(fixed{}, "A", th, nil)
	b.budget.Cap = -1
	for i, c := range script {
		k := trace.Token{Index: i, ID: c, Text: string(c) + " ", Phase: trace.PhaseThinking, Origin: trace.OriginSampled}
		switch c {
		case 'o', 'f', 'N':
			k.Origin, k.Wished = trace.OriginForced, c == 'N'
		case 't':
			k.Counted = true
		case 'i', 'W':
			k.Origin, k.Counted, k.Wished = trace.OriginInjected, true, c == 'W'
		case 'a':
			k.Phase = trace.PhaseAnswer
		case 'F':
			k.Phase, k.Origin = trace.PhaseAnswer, trace.OriginForced
		}
		b.apply(trace.Event{Kind: trace.EventToken, Token: k})
	}
	return b
}

type fixed struct{}

func (fixed) Branch() trace.Branch { return trace.Branch{} }
func (fixed) Log() *trace.Log      { return trace.NewLog() }
func (fixed) Run() trace.Run       { return trace.Run{} }
func (fixed) Send(trace.Command)   {}

func TestCloseAtIsTheFirstTokenOfTheClose(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		script string
		want   int
		ok     bool
	}{
		{"otttnaa", 4, true},   // drawn
		{"otttnfaa", 4, true},  // drawn, the rest completed
		{"otttNfaa", 4, true},  // it ended its turn, the close was written for it
		{"otttffaa", 4, true},  // forced
		{"otttfFaa", 4, true},  // forced, with words put into the answer
		{"otttWtnaa", 6, true}, // after a Wait
		{"otttWnaa", 5, true},  // the model wished again at once
		{"ottt", 4, true},      // stopped while thinking
		{"ofaa", 0, false},     // no thought at all
		{"", 0, false},
	} {
		got, ok := made(c.script).closeAt()
		if got != c.want || ok != c.ok {
			t.Errorf("%q: got %d %v, want %d %v", c.script, got, ok, c.want, c.ok)
		}
	}
}

func TestAForcedCloseIsMarkedAndANaturalOneIsNot(t *testing.T) {
	t.Parallel()
	for script, want := range map[string]string{
		"otttffaa": "┃", "otttnfaa": "", "otttNfaa": "", "otttWtNfaa": "◆▌", "otttnaa": "", "otttWttnaa": "◆▌", "otiittffaa": "▌┃", "ofaa": "",
	} {
		b := made(script)
		th := theme.New(theme.Options{NoColor: true})
		var got strings.Builder
		pane := b.thought
		for i := range pane.Len() {
			for _, m := range pane.MarksAt(i) {
				got.WriteString(th.Gutter(m.Role))
			}
		}
		if got.String() != want {
			t.Errorf("%q: marks %q, want %q", script, got.String(), want)
		}
	}
}

func TestTwoBranchesPartAtTheFirstTokenThatDiffers(t *testing.T) {
	t.Parallel()
	end := trace.Event{Kind: trace.EventEnd, Receipt: &trace.Receipt{}}
	for _, c := range []struct {
		a, b   string
		ended  bool // both
		at     int
		differ bool
	}{
		{"otttnaa", "ottfaa", false, 3, true}, {"otttnaa", "ott", false, 3, false}, {"otttnaa", "ott", true, 3, true}, {"ott", "ott", true, 3, false}, {"", "", false, 0, false},
	} {
		a, b := made(c.a), made(c.b)
		if c.ended {
			a.apply(end)
			b.apply(end)
		}
		if at, differ := parts(a, b); at != c.at || differ != c.differ {
			t.Errorf("%q and %q: %d %v, want %d %v", c.a, c.b, at, differ, c.at, c.differ)
		}
	}
}

func TestInheritedTokensLookAsInTheParent(t *testing.T) {
	t.Parallel()
	parent := made("otttWttnaa")
	for at := range len(parent.tokens) + 1 {
		b := newBranch(fixed{}, "B", theme.New(theme.Options{NoColor: true}), nil)
		b.inherit(parent, at)
		want := made("otttWttnaa"[:at])
		if b.thought.String() != want.thought.String() || b.answer.String() != want.answer.String() || b.spent != want.spent ||
			b.waits != want.waits || b.answered != want.answered || b.thought.Marks() != want.thought.Marks() {
			t.Errorf("at %d: thought %q (%d marks, %d spent), want %q (%d, %d)", at, b.thought.String(), b.thought.Marks(), b.spent,
				want.thought.String(), want.thought.Marks(), want.spent)
		}
	}
}

func TestCountedAtAndBelowCountThinkingTokens(t *testing.T) {
	t.Parallel()
	b := made("otttWttnaa")
	for n, want := range []int{1, 2, 3, 4, 5, 6, 7} {
		if got := b.countedAt(n); got != want {
			t.Errorf("after %d thinking tokens: token %d, want %d", n, got, want)
		}
	}
	if got := b.below(0); got != 8 {
		t.Errorf("below the top: %d tokens, want 8", got)
	}
	if got := b.below(b.thought.Len()); got != 0 {
		t.Errorf("below the end: %d tokens, want 0", got)
	}
}

func TestTokensThatAreFedInMakeNoSpeed(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		origin trace.Origin
		want   float64
	}{{"fed in", trace.OriginInjected, 0}, {"forced", trace.OriginForced, 0}, {"sampled", trace.OriginSampled, 100}} {
		b := newBranch(fixed{}, "A", theme.New(theme.Options{NoColor: true}), nil)
		for i := range 3 {
			k := trace.Token{Index: i, Text: "a", Phase: trace.PhaseThinking, Origin: c.origin, Time: time.Duration(i) * 10 * time.Millisecond}
			b.add(k)
		}
		if got := b.speed(); got != c.want {
			t.Errorf("%s: %.1f tokens a second, want %.1f", c.name, got, c.want)
		}
	}
}

func TestAModelIsCalledByWhatTellsItApart(t *testing.T) {
	t.Parallel()
	for _, c := range [][2]string{
		{"mini", "mini"},
		{"", ""},
		{"/root/models/SmolLM2-135M-Instruct.Q4_1.gguf", "SmolLM2-135M-Instruct.Q4_1"},
		{"models/small.gguf", "small"},
		{"/home/me/tape-run/model/", "tape-run/model"},
		{"../run/model", "run/model"},
		{"org/name", "org/name"},
		{"org/name@main:file.gguf", "org/name@main:file.gguf"},
		{"http://127.0.0.1:8080/v1#name", "http://127.0.0.1:8080/v1#name"},
	} {
		if got := Called(c[0]); got != c[1] {
			t.Errorf("%q is called %q, want %q", c[0], got, c[1])
		}
	}
}
