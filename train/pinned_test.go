package train

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"s1/train/metrics"
	"s1/train/recipe"
)

// pinning puts two questions of the tape into a small recipe.
func pinning(r *recipe.Recipe) {
	r.Eval.Every = 0
	r.Pinned.Questions = []recipe.Question{{Ask: "29,-16,+65"}, {Ask: "12,*3", Expected: "36"}}
	r.Pinned.Caps, r.Pinned.Limit, r.Pinned.AnswerCap = []int{6, -1}, 40, 8
}

// Each checkpoint and the end have their answers, each within its budget; the weights are those of a run that was asked nothing,
// also after a resume, and then each step still has its answers once.
func TestPinnedQuestionsAreAnsweredAtEachCheckpointAndChangeNothing(t *testing.T) {
	t.Parallel()
	plain := quick(t, 14, func(r *recipe.Recipe) { r.Eval.Every = 0 })
	_, want := trained(t, plain, Options{Dir: t.TempDir()})
	rec := quick(t, 14, pinning)
	for name, stopAt := range map[string]int{"whole": 0, "stopped and gone on with": 7} {
		o := Options{Dir: t.TempDir()}
		if stopAt > 0 {
			o.Stop = stopAfter(stopAt)
			if r, err := Run(t.Context(), rec, o); err != nil || !r.Stopped {
				t.Fatalf("%s: %+v, %v", name, r, err)
			}
			o.Stop, o.Resume = nil, true
		}
		_, got := trained(t, rec, o)
		if !bytes.Equal(got, want) {
			t.Errorf("%s: other weights than those of a run that was asked nothing", name)
		}
		steps, _, _, err := metrics.NewTail(filepath.Join(o.Dir, metrics.FileName)).Read(0)
		if err != nil || len(steps) != 14 {
			t.Fatalf("%s: %d steps, %v", name, len(steps), err)
		}
		for _, s := range steps {
			due := s.Step%5 == 0 || s.Step == 14
			if n := len(s.Answers); due != (n == 4) || !due && n != 0 || due && !(s.AnswersSeconds > 0) {
				t.Errorf("%s: step %d has %d answers in %g s", name, s.Step, n, s.AnswersSeconds)
			}
			for i, a := range s.Answers {
				if a.N != i/2+1 || a.Cap != []int{6, -1}[i%2] || a.Tokens > []int{6, 40}[i%2] || a.Failed != "" || a.Right == nil || a.Expected != []string{"78", "36"}[i/2] {
					t.Errorf("%s: step %d, answer %d: %+v", name, s.Step, i, a)
				}
			}
		}
	}
}

// stopAfter asks a run to stop at its so-many-th micro-batch.
func stopAfter(n int) Stopper { return &countdown{n} }

type countdown struct{ left int }

func (c *countdown) Requested() bool { c.left--; return c.left < 0 }

func TestAQuestionThatTheModelCouldNeverBeAskedIsRefusedBeforeTheFirstStep(t *testing.T) {
	t.Parallel()
	rec := quick(t, 2, pinning)
	rec.Pinned.Questions[1].Ask = "what is the capital of France?"
	_, err := Run(t.Context(), rec, Options{Dir: t.TempDir(), Step: func(metrics.Step) { t.Error("a step was done") }})
	if err == nil || !strings.Contains(err.Error(), "capital of France") {
		t.Errorf("%v", err)
	}
}

// A request to stop does not wait for the answers.
func TestAStopDoesNotWaitForThePinnedQuestions(t *testing.T) {
	t.Parallel()
	rec := quick(t, 14, pinning)
	rec.Pinned.Limit, rec.Pinned.AnswerCap = 400, 400
	stop := &asked{done: make(chan struct{})}
	o := Options{Dir: t.TempDir(), Stop: stop}
	o.Say = func(format string, _ ...any) {
		if strings.Contains(format, "pinned questions under") {
			close(stop.done) // asked for before the first step; heard only by what is not training
		}
	}
	began := time.Now()
	r, err := Run(t.Context(), rec, o)
	if err != nil || r.Steps < 1 {
		t.Fatalf("%+v, %v after %s", r, err, time.Since(began))
	}
	text, err := os.ReadFile(filepath.Join(o.Dir, metrics.FileName))
	if err != nil || strings.Contains(string(text), `"answers":[{`) {
		t.Errorf("a run that was asked to stop answered its questions: %v", err)
	}
}

// asked is a request to stop of which training hears once answers are due.
type asked struct {
	done  chan struct{}
	heard int
}

func (a *asked) Done() <-chan struct{} { return a.done }
func (a *asked) Requested() bool       { a.heard++; return a.heard > 5 }
