package app_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"sync/atomic"
	"testing"

	tea "github.com/charmbracelet/bubbletea"

	"s1/engine/trace"
	"s1/tui/app"
	"s1/tui/keys"
	"s1/tui/tuitest"
)

// talker is a conversation driven by hand.
type talker struct {
	t    *testing.T
	talk *app.Talk
	fake *tuitest.Fake
	out  bytes.Buffer
	from int // what was said before the last line
	quit bool
}

func talkWith(t *testing.T, f *tuitest.Fake, change func(*app.Options)) *talker {
	t.Helper()
	opt := app.Options{
		Open: func(context.Context, func(string)) (app.Thinker, error) { return f, nil }, Model: "mini", Manual: true,
		Budget: trace.Budget{Cap: 160, WaitText: "Wait", AnswerCap: 64},
	}
	if change != nil {
		change(&opt)
	}
	x := &talker{t: t, fake: f}
	x.talk = app.NewTalk(t.Context(), &x.out, opt)
	x.do(x.talk.Init())
	return x
}

func (x *talker) do(cmd tea.Cmd) {
	if cmd == nil {
		return
	}
	switch msg := cmd().(type) {
	case nil:
	case tea.BatchMsg:
		for _, c := range msg {
			x.do(c)
		}
	case tea.QuitMsg:
		x.quit = true
	default:
		_, cmd := x.talk.Update(msg)
		x.do(cmd)
	}
}

// line types a line, lets the newest branch say n tokens, and returns what was said since.
func (x *talker) line(s string, n int) string {
	x.from = x.out.Len()
	x.do(x.talk.Line(s))
	x.fake.Advance(n)
	x.do(x.talk.Pull())
	return x.out.String()[x.from:]
}

func TestAConversationHasTheActionsOfTheScreen(t *testing.T) {
	t.Parallel()
	type step struct {
		line string
		n    int      // tokens after it
		want []string // parts of what is said, in this order
	}
	for about, steps := range map[string][]step{
		"wait, and the end": {
			{question, 6, []string{"[thinking]", "start 37", "*5"}},
			{"w", 9999, []string{`becomes "Wait"`, "[wished to stop]", "[yours] Wait", "5c3", "[answer]", "The result is 79.", "[receipt]", "[done] w wait, c cap"}},
		},
		"wait after the end": {
			{question, 9999, []string{"The result is 84.", "[receipt]"}},
			{"w", 9999, []string{"[branch B of 2] wait, from token", "[yours] Wait", "The result is 79.", "[receipt]"}},
			{"x", 0, []string{"[A] cap 160", "84.", "[B] wait", "79.", "parts from A at token"}},
			{"b", 0, []string{"[branch A of 2] cap 160", "The result is 84."}},
		},
		"pause, one token, answer": {
			{question, 3, nil},
			{"p", 0, []string{"[paused] p go on", "a answer now"}},
			{".", 1, nil},
			{"p", 1, []string{"[going on]"}},
			{"a", 9999, []string{"[forced]", "The result is 84.", "closed by you, answer now"}},
		},
		"a cap in one line": {
			{question, 3, nil},
			{"c 5", 9999, []string{"[cap]", "The result is 84.", "5 thinking tokens, cap 5"}},
			{"c none", 0, []string{"[branch B of 2]"}},
		},
		"a cap that is asked for": {
			{question, 3, nil},
			{"c", 0, []string{"[cap on thinking tokens]", `Enter alone takes "160"`}},
			{"many", 0, []string{"[many] a cap is a whole number"}},
			{"6", 9999, []string{"6 thinking tokens, cap 6"}},
		},
		"back from a dialog": {{question, 3, nil}, {"c", 0, []string{"[cap on"}}, {"esc", 0, []string{"[back]"}}, {"c", 0, nil}, {"", 9999, []string{"cap 160"}}},
		"a text of one's own": {
			{question, 3, nil},
			{"I but what if", 9999, []string{"[yours] but what if"}},
			{"I think so", 3, []string{"[thinking]"}},
		},
		"by name":       {{question, 3, nil}, {"pause", 0, []string{"[paused]"}}, {"pause", 0, nil}, {"answer-now", 9999, []string{"The result is 84."}}},
		"with a colon":  {{question, 9999, nil}, {"W: Hmm", 9999, []string{"[branch B of 2]", "[yours] Hmm"}}},
		"second answer": {{question, 9999, nil}, {"n 4 1", 9999, []string{"[branch B of 2] cap 4", "cap 4"}}},
		"why not":       {{"w", 0, []string{"[nothing has been asked yet"}}, {question, 9999, nil}, {"p", 0, []string{"[this branch has ended: w thinks on"}}},
		"no command":    {{question, 3, nil}, {"hello", 0, []string{"[no command is called hello; ? lists them"}}, {"k", 0, []string{"[no command is called k"}}},
		"the sheet":     {{"?", 0, []string{"Steer the thinking", "  w: Wait:", "(not now: nothing has been asked", "q quits"}}},
		"stop":          {{question, 3, nil}, {"stop", 9999, []string{"[receipt]", "[stopped]"}}},
		"nothing":       {{"", 0, nil}, {"   ", 0, nil}},
		"sessions":      {{"recent", 0, []string{"[nothing is being saved"}}},
	} {
		x := talkWith(t, tuitest.NewFake(tuitest.Tape()), nil)
		if got := x.out.String(); !strings.Contains(got, "[ready] mini, cpu avx2") || !strings.Contains(got, "w wait, a answer now, c cap") || !strings.Contains(got, "q quits") {
			t.Fatalf("%s: it begins with %q", about, got)
		}
		for _, s := range steps {
			got := x.line(s.line, s.n)
			rest := got
			for _, part := range s.want {
				_, after, ok := strings.Cut(rest, part)
				if !ok {
					t.Errorf("%s: after %q, %q is missing (or too early) in\n%s", about, s.line, part, got)
				}
				rest = after
			}
		}
		if x.line("q", 0); !x.quit {
			t.Errorf("%s: q does not quit", about)
		}
	}
}

// waiting is a terminal on which nobody types.
type waiting struct {
	cancelled chan struct{}
	over      atomic.Bool
}

func (r *waiting) Read([]byte) (int, error) {
	<-r.cancelled
	r.over.Store(true)
	return 0, io.EOF
}

func (r *waiting) Cancel() bool { close(r.cancelled); return true }

func TestABranchIsNotToldFromItsBeginningAgain(t *testing.T) {
	t.Parallel()
	f := tuitest.NewFake(tuitest.Tape())
	f.Replay = true // as the engine does: the log of a branch begins with what it inherited
	x := talkWith(t, f, nil)
	x.line(question, 9999)
	if got := x.line("w", 9999); strings.Contains(got, "start 37") || !strings.Contains(got, "[yours] Wait") {
		t.Errorf("the new branch says %q", got)
	}
}

func TestAConversationHearsAUsersKeys(t *testing.T) {
	t.Parallel()
	m, err := keys.New(keys.Overrides{"wait": {"Z"}, "compare": {}})
	if err != nil {
		t.Fatal(err)
	}
	x := talkWith(t, tuitest.NewFake(tuitest.Tape()), func(o *app.Options) { o.Keys = m })
	x.line(question, 3)
	if got := x.line("Z", 9999); !strings.Contains(got, "[yours] Wait") {
		t.Errorf("Z: %q", got)
	}
	if got := x.line("?", 0); !strings.Contains(got, "  Z: Wait:") || !strings.Contains(got, "  compare: Compare two") {
		t.Errorf("the sheet: %q", got)
	}
}

func TestAConversationOpensAKeptSessionByItsNumber(t *testing.T) {
	t.Parallel()
	_, live := played(t, tuitest.Tape(), trace.Budget{Cap: -1, AnswerCap: 9})
	x := talkWith(t, tuitest.NewFake(tuitest.Tape()), func(o *app.Options) {
		o.Library = &tuitest.Shelf{Lives: []app.Live{live}, Kept: []app.Kept{{ID: "1", Created: "today", Prompt: "first?"}, {ID: "2", Created: "before", Prompt: "second?"}}}
	})
	if got := x.line("recent", 0); !strings.Contains(got, "1. today, first?") || !strings.Contains(got, "2. before, second?") {
		t.Fatalf("the list: %q", got)
	}
	if got := x.line("3", 0); !strings.Contains(got, "a number from 1 to 2") {
		t.Errorf("3: %q", got)
	}
	if got := x.line("2", 0); !strings.Contains(got, "[question] second?") || !strings.Contains(got, "The result is 84.") || !strings.Contains(got, "w wait") {
		t.Errorf("the session opens with %q", got)
	}
}

func TestAConversationSaysNothingThatDrivesATerminal(t *testing.T) {
	t.Parallel()
	const evil = "\x1b]0;x\a\x1b[2J\u009b\u202e\r"
	s := tuitest.Script{Thoughts: [][]string{{evil}}, Close: []string{"</think>"}, Answers: [][]string{{evil + "ok"}}, LoopAt: 1}
	f := tuitest.NewFake(s)
	f.About.Name, f.About.Backend, f.About.Examples, f.About.Warning = evil, evil, []string{evil}, evil
	x := talkWith(t, f, nil)
	for _, l := range []string{evil, "?", "zz" + evil, "c", evil, "esc", "", "x", "w", "b"} {
		x.line(l, 99)
	}
	f.Refuse = errors.New(evil)
	x.line("again"+evil, 0)
	for _, r := range x.out.String() {
		if r < 0x20 && r != '\n' || r >= 0x7f && r < 0xa0 || r == 0x202e {
			t.Fatalf("%U in %q", r, x.out.String())
		}
	}
}

func TestAConversationOverPipesEndsWithItsLinesAndItsReader(t *testing.T) {
	t.Parallel()
	f := tuitest.NewFake(tuitest.Tape())
	f.Rate = 2000
	opt := app.Options{Open: func(context.Context, func(string)) (app.Thinker, error) { return f, nil }, Model: "mini", Budget: trace.Budget{Cap: -1, WaitText: "Wait", AnswerCap: 64}}
	var out bytes.Buffer
	if err := app.RunTalk(t.Context(), strings.NewReader(question+"\n"), &out, opt); err != nil {
		t.Fatal(err)
	}
	if got := out.String(); !strings.Contains(got, "The result is 84.") || !strings.Contains(got, "[receipt]") {
		t.Errorf("a question from a pipe says %q", got)
	}
	// A reader that can be called back is, and nothing reads from it afterwards.
	r := &waiting{cancelled: make(chan struct{})}
	ctx, cancel := context.WithCancel(t.Context())
	w := &cancelOn{text: "[ready]", cancel: cancel}
	if err := app.RunTalk(ctx, r, w, opt); err != nil || !r.over.Load() {
		t.Errorf("ended with its context: %v, reader has returned: %v", err, r.over.Load())
	}
	opt.Open = func(context.Context, func(string)) (app.Thinker, error) { return nil, errors.New("no such file") }
	if err := app.RunTalk(t.Context(), strings.NewReader(""), io.Discard, opt); err == nil || !strings.Contains(err.Error(), "no such file") {
		t.Errorf("without a model: %v", err)
	}
}
