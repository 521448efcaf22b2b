package schedule

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"s1/engine/enginetest"
	"s1/engine/think"
	"s1/engine/trace"
	"s1/kernels"
)

// rig is a scheduler on a scripted model.
type rig struct {
	t     testing.TB
	v     *enginetest.Vocab
	model *enginetest.Model
	s     *Scheduler
	clock *enginetest.Clock // nil = the wall clock
}

type rigOptions struct {
	script                  enginetest.Script
	context, pages, maxRows int
	clock                   *enginetest.Clock
	before                  func(context.Context, *kernels.Batch) error
}

func newRig(t testing.TB, o rigOptions) *rig {
	t.Helper()
	r := &rig{t: t, v: enginetest.NewVocab(), clock: o.clock}
	if o.script == nil {
		o.script = enginetest.Random(r.v, 1)
	}
	if o.context == 0 {
		o.context = 1000
	}
	if o.pages == 0 {
		o.pages = 400
	}
	if o.maxRows == 0 {
		o.maxRows = 128
	}
	r.model = enginetest.NewModel(o.script, r.v.Size(), o.context, o.pages, o.maxRows)
	r.model.BeforeStep = o.before
	so := Options{
		Model: r.model, Vocab: r.v.Size(), Context: o.context, Pages: o.pages, Piece: r.v.Piece,
		NewDecoder: func() Decoder { return &enginetest.Decoder{} },
	}
	if o.clock != nil {
		so.Clock = o.clock
	}
	s, err := New(so)
	if err != nil {
		t.Fatal(err)
	}
	r.s = s
	t.Cleanup(s.Close)
	return r
}

func (r *rig) encode(text string) []int32 {
	ids, err := r.v.Encode(text, true)
	if err != nil {
		r.t.Fatal(err)
	}
	return ids
}

// spec is a question in the <think> format.
func (r *rig) spec(prompt string, b trace.Budget, p trace.Sampling) Spec {
	r.t.Helper()
	ids := r.encode(prompt)
	f, err := think.ResolveFormat("think", r.v, ids)
	if err != nil {
		r.t.Fatal(err)
	}
	return Spec{Branch: trace.Branch{ID: "b", Budget: b, Sampling: p}, Prompt: ids, Format: f}
}

func (r *rig) start(spec Spec) *Live {
	r.t.Helper()
	l, err := r.s.Start(r.t.Context(), spec)
	if err != nil {
		r.t.Fatal(err)
	}
	return l
}

// end waits for the end of a branch and returns its tokens and its last event.
func (r *rig) end(l *Live) ([]trace.Token, trace.Event) {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(r.t.Context(), 30*time.Second)
	defer cancel()
	for n := 0; ; {
		if err := l.Log().Wait(ctx, n); err != nil {
			r.t.Fatalf("branch does not end: %v; last events %v", err, last(l))
		}
		events, ended := l.Log().Since(0)
		if n = len(events); ended {
			return tokensOf(events), events[n-1]
		}
	}
}

// until waits for an event and returns its position.
func (r *rig) until(l *Live, what string, is func(trace.Event) bool) int {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(r.t.Context(), 30*time.Second)
	defer cancel()
	for n := 0; ; {
		if err := l.Log().Wait(ctx, n); err != nil {
			r.t.Fatalf("no %s: %v; last events %v", what, err, last(l))
		}
		events, ended := l.Log().Since(n)
		if i := slices.IndexFunc(events, is); i >= 0 {
			return n + i
		}
		if n += len(events); ended {
			r.t.Fatalf("the branch ended without %s", what)
		}
	}
}

func last(l *Live) string {
	events, _ := l.Log().Since(0)
	var b strings.Builder
	for _, e := range events[max(0, len(events)-5):] {
		fmt.Fprintf(&b, "%+v ", e)
	}
	return b.String()
}

func tokensOf(events []trace.Event) []trace.Token {
	var out []trace.Token
	for _, e := range events {
		if e.Kind == trace.EventToken {
			out = append(out, e.Token)
		}
	}
	return out
}

func text(tokens []trace.Token) string {
	var b strings.Builder
	for _, t := range tokens {
		b.WriteString(t.Text)
	}
	return b.String()
}

// same compares what does not depend on time.
func same(a, b []trace.Token) error {
	for i := range max(len(a), len(b)) {
		if i >= len(a) || i >= len(b) {
			return fmt.Errorf("%d and %d tokens", len(a), len(b))
		}
		x, y := a[i], b[i]
		x.Time, y.Time = 0, 0
		if fmt.Sprintf("%+v", x) != fmt.Sprintf("%+v", y) {
			return fmt.Errorf("token %d: %+v and %+v", i, x, y)
		}
	}
	return nil
}

func (r *rig) used() int {
	r.t.Helper()
	n, err := r.s.Used(r.t.Context())
	if err != nil {
		r.t.Fatal(err)
	}
	return n
}

// lse is the normaliser of a script's row.
func lse(script map[int32]float32, vocab int) float32 {
	sum := float64(vocab-len(script)) * math.Exp(enginetest.Floor)
	for _, l := range script {
		sum += math.Exp(float64(l))
	}
	return float32(math.Log(sum))
}

func diff(a, b float32) float64 { return math.Abs(float64(a) - float64(b)) }
