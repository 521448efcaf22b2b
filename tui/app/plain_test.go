package app_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"strings"
	"syscall"
	"testing"

	"s1/engine/trace"
	"s1/tui/app"
	"s1/tui/tuitest"
)

func played(t *testing.T, s tuitest.Script, b trace.Budget) (*tuitest.Fake, app.Live) {
	t.Helper()
	f := tuitest.NewFake(s)
	live, err := f.Ask(t.Context(), trace.Ask{Budget: b})
	if err != nil {
		t.Fatal(err)
	}
	f.Advance(9999)
	return f, live
}

func TestPlainSaysInWordsWhatWasForcedAndInjected(t *testing.T) {
	t.Parallel()
	_, live := played(t, tuitest.Tape(), trace.Budget{Cap: 16, Waits: 2, WaitText: "Wait", AnswerCap: 9})
	var out bytes.Buffer
	if err := app.Plain(t.Context(), &out, nil, live); err != nil {
		t.Fatal(err)
	}
	tuitest.Golden(t, "cap_and_wait", strings.TrimRight(out.String(), "\n"))
}

func TestPlainNeverWritesAControl(t *testing.T) {
	t.Parallel()
	const evil = "\x1b]0;x\a\x1b[2J\u009b\u202e\xff\r"
	s := tuitest.Script{Thoughts: [][]string{{evil}}, Close: []string{"</think>"}, Answers: [][]string{{evil + "ok"}}, LoopAt: 1}
	f, live := played(t, s, trace.Budget{Cap: -1, AnswerCap: 9})
	f.About.Name = evil
	var out bytes.Buffer
	if err := app.Plain(t.Context(), &out, nil, live); err != nil {
		t.Fatal(err)
	}
	for _, r := range out.String() {
		if r < 0x20 && r != '\n' || r >= 0x7f && r < 0xa0 || r == 0x202e {
			t.Fatalf("%U in %q", r, out.String())
		}
	}
	if !strings.Contains(out.String(), "ok") {
		t.Errorf("the answer is missing: %q", out.String())
	}
}

type brokenPipe struct{ after int }

func (w *brokenPipe) Write(p []byte) (int, error) {
	if w.after--; w.after < 0 {
		return 0, &os.PathError{Op: "write", Path: "|1", Err: syscall.EPIPE}
	}
	return len(p), nil
}

func TestPlainEndsQuietlyWhenNobodyReads(t *testing.T) {
	t.Parallel()
	f := tuitest.NewFake(tuitest.Tape())
	live, _ := f.Ask(t.Context(), trace.Ask{Budget: trace.Budget{Cap: -1, AnswerCap: 9}})
	f.Advance(8)
	if err := app.Plain(t.Context(), &brokenPipe{}, nil, live); err != nil {
		t.Errorf("got %v, want a quiet end", err)
	}
	if got := f.Last().Sent(); len(got) != 1 || got[0].Kind != trace.CommandStop {
		t.Errorf("sent %+v, want stop", got)
	}
}

func TestPlainStopsTheBranchWithItsContextAndShowsTheReceipt(t *testing.T) {
	t.Parallel()
	f := tuitest.NewFake(tuitest.Tape())
	f.Script.Endless = endless
	f.Rate = 500
	ctx, cancel := context.WithCancel(t.Context())
	live, _ := f.Ask(t.Context(), trace.Ask{Budget: trace.Budget{Cap: -1, AnswerCap: 9}})
	w := &cancelOn{text: "word5", cancel: cancel}
	if err := app.Plain(ctx, w, nil, live); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(w.out.String(), "[receipt]") || !strings.Contains(w.out.String(), "closed by you, stopped") {
		t.Errorf("no receipt: %q", w.out.String())
	}
}

type cancelOn struct {
	out    bytes.Buffer
	text   string
	cancel func()
}

func (c *cancelOn) Write(p []byte) (int, error) {
	c.out.Write(p)
	if strings.Contains(c.out.String(), c.text) {
		c.cancel()
	}
	return len(p), nil
}

func TestPlainReportsAnErrorOfTheRun(t *testing.T) {
	t.Parallel()
	f := tuitest.NewFake(tuitest.Tape())
	live, _ := f.Ask(t.Context(), trace.Ask{Budget: trace.Budget{Cap: -1}})
	f.Advance(5)
	f.Fail(errors.New("out of memory"))
	var out bytes.Buffer
	if err := app.Plain(t.Context(), &out, nil, live); err != nil || !strings.Contains(out.String(), "[error: out of memory]") {
		t.Errorf("%v: %q", err, out.String())
	}
}
