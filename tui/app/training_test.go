package app_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"s1/engine/trace"
	"s1/tui/app"
	"s1/tui/keys"
	"s1/tui/tuitest"
)

// school is a scripted trainer: one run, whose news a test gives.
type school struct {
	*tuitest.Fake
	news   []app.TrainNews
	state  string
	of     app.TrainRun // what else is true of it: saved, in a queue
	looked int          // at the machine
	now    app.TrainMachine
	fails  error
	did    []string
	asked  []trace.Ask
}

func (s *school) run() app.TrainRun {
	return app.TrainRun{ID: "train-1", Name: "first", State: s.state, Saved: s.of.Saved, NoSave: s.of.NoSave, SavesOn: s.of.SavesOn, Requeues: s.of.Requeues, Where: "runs/first", Running: s.state == "running" || s.state == "suspended", Resumable: s.state == "stopped" || s.state == "suspended" || s.state == "failed"}
}
func (s *school) Presets() []string { return []string{"mini-quick"} }
func (s *school) Plan(_ context.Context, c app.TrainChoice) (app.TrainPlan, error) {
	p := app.TrainPlan{Backend: "own", Command: []string{"s1", "train", c.Recipe, fmt.Sprintf("pins=%q", c.Pins)}}
	switch c.Backend {
	case "trl":
		p.Backend = "trl"
		p.Wrong = []app.TrainFact{{Name: "backend", Value: "python3 has no torch; pip install torch"}, {Name: "backend", Value: "optimizer.kind is muon"}, {Name: "pinned", Value: "none \x1b[2Jfor it"}}
	case "slurm":
		p.Backend, p.Notes = "slurm", []string{"spike_z: TRL takes every step"}
		p.Starts = []app.TrainStart{{Name: "which starts", Words: []string{"sbatch", "--parsable", "job.sbatch"}}, {Name: "and in the job", Words: []string{"torchrun", "train.py"}}}
	}
	return p, s.fails
}

func (s *school) Pin(_ context.Context, _ app.TrainChoice, pin string) error {
	if strings.Contains(pin, "tall") {
		return errors.New("this model is not trained for it")
	}
	return s.fails
}

func (s *school) Row(context.Context, app.TrainChoice, int) (app.TrainRow, error) {
	return app.TrainRow{}, s.fails
}

func (s *school) Memory(context.Context, app.TrainChoice) (app.TrainMemory, error) {
	return app.TrainMemory{}, s.fails
}

func (s *school) Runs(context.Context) ([]app.TrainRun, error) {
	return []app.TrainRun{s.run()}, s.fails
}

func (s *school) do(what string) error {
	s.did = append(s.did, what)
	return s.fails
}

func (s *school) Launch(_ context.Context, c app.TrainChoice) (app.TrainRun, error) {
	return s.run(), s.do("launch " + c.Pins)
}
func (s *school) Resume(context.Context, string) error     { return s.do("resume") }
func (s *school) Stop(context.Context, string) error       { return s.do("stop") }
func (s *school) Checkpoint(context.Context, string) error { return s.do("checkpoint") }
func (s *school) Follow(_ context.Context, _ string, report func(app.TrainNews)) error {
	for _, n := range s.news {
		n.Run = s.run()
		report(n)
	}
	return s.fails
}

func (s *school) History(ctx context.Context, run string, report func(app.TrainNews)) error {
	return s.Follow(ctx, run, report)
}

func (s *school) Machine(context.Context) (app.TrainMachine, error) {
	s.looked++
	return s.now, s.fails
}

func (s *school) Best(context.Context, string) (string, error) {
	return "the best checkpoint is a model now: s1 run -m runs/first/best", s.do("best")
}

func (s *school) Pair(ctx context.Context, _ string, a trace.Ask) (base, tuned app.Live, err error) {
	s.asked = append(s.asked, a)
	if s.fails != nil {
		return nil, nil, s.fails
	}
	if base, err = s.Ask(ctx, a); err == nil {
		tuned, err = s.Ask(ctx, a)
	}
	return base, tuned, err
}

// step is one in which everything was measured.
func step(n int, left float64) app.TrainStep {
	v := map[string]float64{}
	for i, name := range []string{"loss", "held-out loss", "learning rate", "gradient norm", "tokens/s", "share of peak speed", "entropy", "token accuracy", "peak memory"} {
		v[name] = 1 / float64(n+i)
	}
	return app.TrainStep{Step: n, Values: v, ETA: left, Raw: fmt.Sprintf(`{"step":%d}`, n)}
}

// inTraining watches the run of a school in a pane of so many cells.
func inTraining(t *testing.T, s *school, w, h int, change ...func(*app.Options)) *tuitest.Driver {
	t.Helper()
	s.Fake = tuitest.NewFake(tuitest.Tape())
	clock := time.Date(2026, 11, 27, 3, 0, 0, 0, time.UTC)
	d := tuitest.Start(t, s.Fake, w, h, func(o *app.Options) {
		o.Trainer = s
		o.Now = func() time.Time { clock = clock.Add(400 * time.Millisecond); return clock }
		for _, f := range change {
			f(o)
		}
	})
	return d.Press("ctrl+t").Pull().Press("5").Pull().Press("enter").Pull().Pull() // the second: what the first asked for
}

func figure(v float64) *float64 { return &v }

// The figures of the machine come with what a run reports while its pane is open, at most once a second, and with nothing else.
func TestTheMachineIsLookedAtOnlyWhileARunReportsInTheOpenPane(t *testing.T) {
	t.Parallel()
	busy := app.TrainMachine{CPU: .97, Cores: 8, MemoryUsed: 3e9, MemoryTotal: 24e9, GPUs: []app.TrainGPU{
		{Name: "Stand-in 80GB", MemoryUsed: 30e9, MemoryTotal: 80e9, Use: figure(.87), Celsius: figure(61), Watts: figure(412.4), LimitWatts: figure(700)},
		{Index: 1, Name: "Stand-in MIG", MemoryUsed: 15e9, MemoryTotal: 40e9},
		{Index: 2, Name: "\x1b[2Jgone", Trouble: "it does not answer (NVML error 15)"},
	}}
	for about, c := range map[string]struct {
		state     string
		elsewhere bool
		now       app.TrainMachine
		looked    bool
		says      []string
	}{
		"busy": {"running", false, busy, true, []string{
			"cpu  97 % of 8 cores", "memory  3.0 of 24.0 GB", "gpu 0 Stand-in 80GB  30.0 of 80.0 GB   87 %   61 °C  412 of 700 W", "gpu 1 Stand-in MIG  15.0 of 40.0 GB", "gone: it does not answer (NVML error 15)",
		}},
		"no driver":  {"running", false, app.TrainMachine{CPU: math.NaN(), NoGPU: "no NVIDIA driver is installed: figures of GPUs are not shown"}, true, []string{"no NVIDIA driver is installed"}},
		"ended":      {"stopped", false, busy, false, nil},
		"in a queue": {"running", true, busy, false, nil},
	} {
		s := &school{state: c.state, now: c.now}
		for i := range 9 {
			s.news = append(s.news, app.TrainNews{Steps: []app.TrainStep{step(i+1, 60)}, Total: 100, Elsewhere: c.elsewhere})
		}
		d := inTraining(t, s, 110, 34)
		d.Expect(c.says...)
		if (s.looked > 0) != c.looked || s.looked > 5 {
			t.Errorf("%s: looked at %d times in 9 reports, 0.4 s apart at least", about, s.looked)
		}
		if !c.looked {
			d.Refute("of 8 cores", "gpu ")
		}
		if about == "busy" {
			d.Golden("training_gpus")
		}
		// The run reports to a pane that is closed by then.
		before := s.looked
		d.Press("5").Pull().Press("enter", "esc").Refute("runs").Pull().Pull()
		if s.looked != before {
			t.Errorf("%s: looked at with the pane closed", about)
		}
	}
}

// The time to the end is that of this start: none before it is known, and none of a run that has ended or is held.
func TestTheTimeLeftIsToldOnlyWhereItIsKnownAndMeansSomething(t *testing.T) {
	t.Parallel()
	for _, c := range map[string]struct {
		state string
		left  float64
		says  string
	}{
		"known":        {"running", 600, "10 min left"},
		"just resumed": {"running", math.NaN(), ""},
		"stopped":      {"stopped", 600, ""},
		"suspended":    {"suspended", 600, ""},
	} {
		s := &school{state: c.state, news: []app.TrainNews{{Steps: []app.TrainStep{step(7, c.left)}, Total: 100, Saved: 5, Best: 4}}}
		d := inTraining(t, s, 110, 34).Expect("step 7 of 100", "saved at 5", "best at 4")
		if c.says != "" {
			d.Expect(c.says)
		} else {
			d.Refute(" left")
		}
	}
}

func TestEveryCurveThatWasMeasuredIsThere(t *testing.T) {
	t.Parallel()
	s := &school{state: "running", news: []app.TrainNews{{Steps: []app.TrainStep{step(1, 9), step(2, 9), step(3, 9)}, Total: 9}}}
	d := inTraining(t, s, 200, 60)
	d.Expect("loss", "held-out loss", "learning rate", "gradient norm", "tokens/s", "share of peak speed", "entropy", "token accuracy", "peak memory", "not measured: right at the low cap")
	d.Press("b").Pull().Expect("there is no checkpoint of this run")
	s.of.Saved = true
	d.Press("5").Pull().Press("enter").Pull().Press("b").Pull().Expect("the best checkpoint is a model now")
}

// What each checkpoint said to a pinned question stands in one row a budget, step by step; a resume tells it once.
func TestPinnedQuestionsAreShownStepByStep(t *testing.T) {
	t.Parallel()
	with := func(n int, low, high string) app.TrainStep {
		x := step(n, 60)
		x.Took = .25
		for i, a := range []string{low, high} {
			x.Answers = append(x.Answers, app.TrainAnswer{N: 1, Question: "37,*5", Cap: []int{16, -1}[i], Answer: a, Verdict: map[bool]string{true: "right", false: "wrong"}[a == "185"]})
		}
		x.Answers = append(x.Answers, app.TrainAnswer{N: 2, Question: "why\x1b[2J?", Cap: 16, Failed: "it has no thought"})
		return x
	}
	s := &school{state: "running", news: []app.TrainNews{
		{Steps: []app.TrainStep{with(5, "1", "80"), step(6, 60)}, Total: 100, Pinned: "2 asked under the caps 16, none (cut at 512): at most 1184 tokens a checkpoint"},
		{Again: true, Steps: []app.TrainStep{with(5, "1", "80"), with(10, "84", "185")}, Total: 100, Pinned: "2 asked"},
	}}
	d := inTraining(t, s, 110, 34)
	d.Expect("pinned  2 asked; 0.2 s at the last", "cap 16   1 37,*5 › 5 1 wrong · 10 84 wrong", "no cap   1 37,*5 › 5 80 wrong · 10 185 right", "10 it has no thought")
}

func TestAQuestionIsPinnedForTheNextLaunchAndTakenAway(t *testing.T) {
	t.Parallel()
	s := &school{state: "running"}
	d := inTraining(t, s, 110, 34).Press("1", "P").Expect("no question is pinned: p pins one")
	d.Press("p").Expect("at each checkpoint of the next launch").Press("ctrl+u").Type("2+3 => 5").Press("enter").Pull().Pull().Expect(`pins="2+3 => 5"`)
	d.Press("p", "ctrl+u").Type("why?").Press("enter").Pull().Pull().Expect(`2+3 => 5\nwhy?`).Press("P").Pull().Refute("why?").Expect("2+3 => 5")
	d.Press("L").Pull()
	if got := strings.Join(s.did, ", "); got != "launch 2+3 => 5" {
		t.Errorf("did %s", got)
	}
}

// The base and the tuned model are asked the same, under the same budget and seed, and stand side by side.
func TestTheKeyOfThePairAsksBothTheSame(t *testing.T) {
	t.Parallel()
	s := &school{state: "stopped", news: []app.TrainNews{{Steps: []app.TrainStep{step(7, 60)}, Total: 100, Saved: 5}}}
	d := inTraining(t, s, 110, 34)
	d.Press("v").Expect("the same question, the same budget").Press("ctrl+u").Type("37,*5").Press("enter").Pull().Expect("A is the base, B the newest weights")
	if len(s.asked) != 1 || s.asked[0].Prompt != "37,*5" || s.asked[0].Budget != s.Last().Branch().Budget {
		t.Errorf("asked %+v", s.asked)
	}
	s.fails = errors.New("there is no checkpoint yet")
	d.Press("ctrl+t").Pull().Press("v", "ctrl+u").Type("1+1").Press("enter").Pull().Expect("could not compare: there is no checkpoint yet")
}

func TestAPairIsNotCalledSavedByWhatWasSavedBefore(t *testing.T) {
	t.Parallel()
	s, lib := &school{state: "stopped", news: []app.TrainNews{{Steps: []app.TrainStep{step(7, 60)}, Total: 100, Saved: 5}}}, &tuitest.Shelf{}
	d := inTraining(t, s, 110, 34, func(o *app.Options) { o.Library = lib })
	before := app.SavedNow(d.Model)
	lib.Behind = true
	d.Press("v", "ctrl+u").Type("37,*5").Press("enter").Pull().Expect("A is the base", "saving").Send(before).Expect("saving")
}

// The keys of the terminal's best chart reader mean here what they mean there.
func TestTheKeysOfOtherChartReadersWork(t *testing.T) {
	t.Parallel()
	m := keys.Default()
	for key, want := range map[string]keys.Action{
		"[": keys.TrainBack, "]": keys.TrainNext, "y": keys.TrainLog, "/": keys.TrainFilter, "i": keys.TrainRaw, "0": keys.TrainReset,
		"1": keys.TrainChoose, "2": keys.TrainData, "3": keys.TrainMemory, "4": keys.TrainWatch, "5": keys.TrainRuns,
	} {
		if got := m.Of(want).Keys; !strings.Contains(" "+strings.Join(got, " ")+" ", " "+key+" ") {
			t.Errorf("%s is not on %q: it is on %q", want, key, got)
		}
	}
	s := &school{state: "running", news: []app.TrainNews{{Steps: []app.TrainStep{step(1, 9), step(2, 9)}, Total: 9}}}
	d := inTraining(t, s, 110, 34).Press("i").Expect(`{"step":2}`).Press("i").Refute(`{"step":2}`)
	d.Press("y").Expect("0.5000 log").Press("0").Refute("0.5000 log").Press("/").Type("entropy").Press("enter").Expect("only entropy").Refute("gradient norm").Press("0").Expect("gradient norm")
}

// The backend is a field of the form. What it lacks is said at the field, before the launch, which is refused then; what it starts
// is shown, and every command of it can be copied.
func TestTheBackendIsChosenAndWhatItLacksIsSaidBeforeTheLaunch(t *testing.T) {
	t.Parallel()
	for _, f := range [][2]int{{80, 24}, {110, 36}} {
		s := &school{state: "running"}
		d := inTraining(t, s, f[0], f[1]).Press("1").Expect("backend the recipe's own (own)").Refute("python").Press("down", "down", "down", "down")
		d.Press("right", "right").Pull().Pull().Expect("backend trl", "python  the recipe's own", "! python3 has no torch; pip install torch", "! optimizer.kind is muon", "! pinned: none").Refute("the command")
		d.Press("L").Pull().Expect("cannot be launched")
		if len(s.did) > 0 {
			t.Errorf("did %q with a backend that lacks something", s.did)
		}
		d.Press("right").Pull().Pull().Expect("backend slurm", "which starts", "sbatch --parsable job.sbatch", "and in the job", "torchrun train.py", "spike_z: TRL takes every step").Refute("no torch")
		if f[0] == 110 {
			d.Golden("training_slurm")
		}
		d.Press("L").Pull()
		if strings.Join(s.did, ", ") != "launch " {
			t.Errorf("did %q", s.did)
		}
	}
}

// Copying goes on to what the command starts.
func TestEveryCommandOfAPlanIsCopied(t *testing.T) {
	t.Parallel()
	s := &school{state: "running"}
	s.Fake = tuitest.NewFake(tuitest.Tape())
	var copied []string
	d := tuitest.Start(t, s.Fake, 110, 34, func(o *app.Options) {
		o.Trainer, o.Copy = s, func(text string) error { copied = append(copied, text); return nil }
	})
	d.Press("ctrl+t").Pull().Press("c").Expect("the command was handed").Press("down", "down", "down", "down", "left").Pull().Pull().Expect("backend slurm")
	d.Press("c").Expect("1 of 3").Press("c").Expect("2 of 3", "sbatch").Press("c").Expect("3 of 3").Press("c").Expect("1 of 3")
	want := "s1 train mini-quick pins=\"\"|s1 train mini-quick pins=\"\"|sbatch --parsable job.sbatch|torchrun train.py|s1 train mini-quick pins=\"\""
	if got := strings.Join(copied, "|"); got != want {
		t.Errorf("copied %s, want %s", got, want)
	}
}

// A question that the model could never be asked is refused when it is typed, with its cause.
func TestAQuestionThatCannotBeAskedIsNotPinned(t *testing.T) {
	t.Parallel()
	d := inTraining(t, &school{state: "running"}, 110, 34).Press("1", "p", "ctrl+u").Type("how tall is it?").Press("enter").Pull()
	d.Expect("could not pin it: this model is not trained for it", `pins=""`)
}

// A run that failed before its first step shows its whole cause and promises nothing: no step, no question, nothing to go on from.
func TestARunThatFailedSaysWhyAndPromisesNothing(t *testing.T) {
	t.Parallel()
	cause := `the pinned question "how tall is it?" is none that this model is trained for: it wants a problem such as 37,*5,+61, which is a number and then steps of an operation and a number each, and no others`
	for _, f := range [][2]int{{80, 24}, {110, 36}} {
		s := &school{state: "failed", news: []app.TrainNews{{Total: 100, Pinned: "1 asked under the caps 64: at most 64 tokens", Cause: cause, Log: []string{"a line", "s1: a head of the cau"}}}}
		d := inTraining(t, s, f[0], f[1])
		d.Expect("first  failed  step 0", "no step was done", "and no others").Refute("on its way", "next checkpoint", "r resume", "b keep the best", "v compare", "a head of")
		d.Press("r").Pull().Expect("there is no checkpoint to go on from").Press("b").Pull().Expect("there is no checkpoint of this run")
		if len(s.did) > 0 {
			t.Errorf("did %q", s.did)
		}
	}
}

// What was said of a run while it ran goes when it ends.
func TestWhatWasSaidOfARunEndsWithIt(t *testing.T) {
	t.Parallel()
	s := &school{state: "running", news: []app.TrainNews{{Total: 100}}}
	d := inTraining(t, s, 110, 34).Press("s").Pull().Expect("saves and ends")
	s.state = "stopped"
	d.Press("5").Pull().Press("4", "k").Pull().Pull().Expect("first is stopped").Refute("saves and ends")
}

// A run saves as its backend can: by ending and going on, by a sign, or not at all; one in a queue can save and queue again.
func TestSavingAndResumingAreThoseOfTheBackend(t *testing.T) {
	t.Parallel()
	for about, c := range map[string]struct {
		of   app.TrainRun
		key  string
		says string
		did  string
	}{
		"own":         {app.TrainRun{}, "k", "saved; it goes on", "checkpoint"},
		"trl":         {app.TrainRun{SavesOn: true}, "k", "saved; it goes on", "checkpoint"},
		"own, queued": {app.TrainRun{NoSave: "its place in the queue would go", Requeues: true}, "k", "its place in the queue would go", ""},
		"queue again": {app.TrainRun{Requeues: true}, "r", "it saves after its step, and queues again", "resume"},
		"not queued":  {app.TrainRun{}, "r", "it runs", ""},
	} {
		s := &school{state: "running", of: c.of, news: []app.TrainNews{{Steps: []app.TrainStep{step(1, 9)}, Total: 9}}}
		d := inTraining(t, s, 110, 34)
		if c.of.Requeues && !strings.Contains(d.Frame(), "r queue again") {
			t.Errorf("%s: the bottom line does not say how it is queued again:\n%s", about, d.Frame())
		}
		d.Press(c.key).Expect().Pull().Expect(c.says)
		if got := strings.Join(s.did, ", "); got != c.did {
			t.Errorf("%s: did %q, want %q", about, got, c.did)
		}
	}
}

// The line of keys says what enter does on the page at hand, and nothing where it does nothing.
func TestEnterIsNamedByWhatItDoes(t *testing.T) {
	t.Parallel()
	s := &school{state: "running", news: []app.TrainNews{{Steps: []app.TrainStep{step(1, 9), step(2, 9)}, Total: 9}}}
	d := inTraining(t, s, 110, 34).Press("1").Pull().Expect("enter change").Press("2").Pull().Refute("enter").Press("enter").Expect("nothing to change on this page")
	d.Press("3").Pull().Refute("enter change", "enter watch").Press("5").Pull().Expect("enter watch it")
}
