package train

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"s1/kernels/cpu"
	"s1/train/checkpoint"
	"s1/train/metrics"
	"s1/train/recipe"
)

// small is a model of the tape that trains in a second: two layers of 32.
func small(t testing.TB, edit string) recipe.Recipe {
	t.Helper()
	rec, err := recipe.Parse("small.toml", `
preset = "mini"
[model]
hidden = 32
layers = 2
heads = 2
kv_heads = 2
head_dim = 16
ff = 48
[on_policy]
at = 0.0
[train]
steps = 20
batch_tokens = 3000
micro_tokens = 1024
threads = 1
[checkpoint]
every = 5
[eval]
every = 5
held_out_rows = 8
[probe]
every = 0
`+edit)
	if err != nil {
		t.Fatal(err)
	}
	return rec
}

// after asks for a stop once a number of micro-batches have run.
type after struct{ n int }

func (a *after) Requested() bool {
	a.n--
	return a.n == 0
}

func trained(t *testing.T, rec recipe.Recipe, o Options) (Result, []byte) {
	t.Helper()
	r, err := Run(t.Context(), rec, o)
	if err != nil {
		t.Fatal(err)
	}
	if r.Stopped {
		return r, nil
	}
	weights, err := os.ReadFile(filepath.Join(r.Model, "model.safetensors"))
	if err != nil {
		t.Fatal(err)
	}
	return r, weights
}

func TestAStopAnywhereAndAResumeGiveTheBitsOfAnUninterruptedRun(t *testing.T) {
	t.Parallel()
	_, want := trained(t, small(t, ""), Options{Dir: t.TempDir()})
	for _, micros := range []int{1, 2, 3, 17, 30, 31} { // within, between, and at the ends of steps
		t.Run(fmt.Sprintf("after %d micro-batches", micros), func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			r, _ := trained(t, small(t, ""), Options{Dir: dir, Stop: &after{micros}})
			if !r.Stopped {
				t.Fatal("the run did not stop")
			}
			rec := small(t, "")
			rec.Train.Threads = 2 // any number gives the same bits
			r, got := trained(t, rec, Options{Dir: dir, Resume: true})
			if r.Steps != 20 || !bytes.Equal(got, want) {
				t.Errorf("after %d steps the weights differ from those of an uninterrupted run", r.Steps)
			}
			checkMetrics(t, dir, 20)
		})
	}
}

// checkMetrics holds a run's metrics to one whole object for each step.
func checkMetrics(t *testing.T, dir string, steps int) {
	t.Helper()
	f, err := os.Open(filepath.Join(dir, metrics.FileName))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	n := 0
	for s := bufio.NewScanner(f); s.Scan(); {
		var m metrics.Step
		if err := json.Unmarshal(s.Bytes(), &m); err != nil {
			t.Fatalf("line %d: %v", n+1, err)
		}
		if n++; m.Step != n || m.Loss == nil || m.GradNorm == nil || m.Entropy == nil {
			t.Errorf("line %d: %s", n, s.Text())
		}
		if (m.HeldOut != nil) != (m.Step%5 == 0) {
			t.Errorf("step %d: held-out loss %v", m.Step, m.HeldOut)
		}
	}
	if n != steps {
		t.Errorf("%d lines of metrics for %d steps", n, steps)
	}
}

const killed = "S1_TEST_TRAIN_AND_BE_KILLED"

// TestMain lets the test binary be the process that is killed.
func TestMain(m *testing.M) {
	dir := os.Getenv(killed)
	if dir == "" {
		os.Exit(m.Run())
	}
	rec, err := recipe.Load(filepath.Join(dir, "recipe.toml"))
	if err == nil {
		_, err = Run(context.Background(), rec, Options{Dir: filepath.Join(dir, "run"), Step: func(s metrics.Step) { fmt.Println(s.Step) }})
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

func TestAKilledRunGoesOnFromItsLastCheckpointToTheSameBits(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	text := "preset = \"mini\"\n[model]\nhidden = 32\nlayers = 2\nheads = 2\nkv_heads = 2\nhead_dim = 16\nff = 48\n[on_policy]\nat = 0.0\n" +
		"[train]\nsteps = 20\nbatch_tokens = 3000\nmicro_tokens = 1024\nthreads = 1\n[checkpoint]\nevery = 5\n[eval]\nevery = 5\nheld_out_rows = 8\n[probe]\nevery = 0\n"
	path := filepath.Join(dir, "recipe.toml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	rec, err := recipe.Load(path)
	if err != nil {
		t.Fatal(err)
	}
	_, want := trained(t, rec, Options{Dir: filepath.Join(dir, "whole")})

	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), killed+"="+dir)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for s := bufio.NewScanner(out); s.Scan(); {
		if s.Text() == "13" {
			_ = cmd.Process.Kill()
		}
	}
	if err := cmd.Wait(); err == nil {
		t.Fatal("the run came to its end before it could be killed")
	}
	var said []string
	r, got := trained(t, rec, Options{Dir: filepath.Join(dir, "run"), Resume: true, Say: func(f string, a ...any) { said = append(said, fmt.Sprintf(f, a...)) }})
	if r.Steps != 20 || !bytes.Equal(got, want) {
		t.Errorf("after a kill and a resume the weights differ from those of an uninterrupted run; it said %q", said)
	}
	checkMetrics(t, filepath.Join(dir, "run"), 20)
}

func TestAnotherRunsCheckpointIsRefusedWithTheFieldThatDiffers(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	trained(t, small(t, ""), Options{Dir: dir, Code: "v1", Stop: &after{7}})
	for _, c := range []struct{ edit, field string }{
		{"[optimizer]\nlr = 3e-3\n", "recipe"},
		{"[data.tape]\nseed = 5\n", "data"},
	} {
		_, err := Run(t.Context(), small(t, c.edit), Options{Dir: dir, Code: "v1", Resume: true})
		var foreign *checkpoint.ForeignError
		if !errors.As(err, &foreign) || foreign.Field != c.field {
			t.Errorf("%q: %v, want a difference of %s", c.edit, err, c.field)
		}
	}
	if _, err := Run(t.Context(), small(t, ""), Options{Dir: dir, Code: "v2", Resume: true}); err == nil || !strings.Contains(err.Error(), "code") {
		t.Errorf("another code version: %v", err)
	}
	if _, err := Run(t.Context(), small(t, ""), Options{Dir: dir, Code: "v1"}); err == nil || !strings.Contains(err.Error(), "--resume") {
		t.Errorf("without --resume: %v", err)
	}
	if r, _ := trained(t, small(t, ""), Options{Dir: dir, Code: "v2", AllowCode: true, Resume: true}); r.Steps != 20 {
		t.Errorf("%+v", r)
	}
}

func TestAResumeOnAMachineThatRoundsOtherwiseSaysSo(t *testing.T) {
	dir := t.TempDir()
	var said []string
	say := func(format string, args ...any) { said = append(said, fmt.Sprintf(format, args...)) }
	t.Setenv(cpu.Environment, "c")
	trained(t, small(t, ""), Options{Dir: dir, Stop: &after{7}})
	trained(t, small(t, ""), Options{Dir: dir, Stop: &after{3}, Resume: true, Say: say})
	if all := strings.Join(said, "\n"); strings.Contains(all, "rounded") {
		t.Errorf("on the same machine: %q", all)
	}
	t.Setenv(cpu.Environment, "")
	if isa, err := cpu.InstructionSet(); err != nil || isa == "c" {
		t.Skipf("this machine has no other instructions than plain C (%q, %v)", isa, err)
	}
	trained(t, small(t, ""), Options{Dir: dir, Resume: true, Say: say})
	if all := strings.Join(said, "\n"); !strings.Contains(all, "rounded products by plain C, this one by fused multiply-add") {
		t.Errorf("with other instructions: %q", all)
	}
}

func TestEqualSeedsGiveEqualWeightsAndOthersOthers(t *testing.T) {
	t.Parallel()
	_, a := trained(t, small(t, ""), Options{Dir: t.TempDir()})
	_, b := trained(t, small(t, ""), Options{Dir: t.TempDir()})
	other := small(t, "")
	other.Train.Seed = 2
	_, c := trained(t, other, Options{Dir: t.TempDir()})
	if !bytes.Equal(a, b) || bytes.Equal(a, c) {
		t.Errorf("equal seeds equal: %t, other seeds equal: %t", bytes.Equal(a, b), bytes.Equal(a, c))
	}
}

// The rounding of a machine that multiplies bf16, on any: as exact in its bits as fp32, and it learns as well.
func TestBF16LearnsAsWellAndIsExactInItsBits(t *testing.T) {
	t.Parallel()
	last := map[string]float64{}
	weights := map[string][]byte{}
	for _, precision := range []string{recipe.FP32, recipe.BF16, recipe.EmulatedBF16} {
		rec := small(t, "")
		rec.Train.Steps, rec.Train.Precision = 30, precision
		_, w := trained(t, rec, Options{Dir: t.TempDir(), Step: func(s metrics.Step) { last[precision] = *s.Loss }})
		rec.Train.Threads = 3
		if _, again := trained(t, rec, Options{Dir: t.TempDir()}); !bytes.Equal(w, again) {
			t.Errorf("%s: other weights with three threads", precision)
		}
		weights[precision] = w
	}
	here := recipe.FP32
	if cpu.HasBF16() {
		here = recipe.EmulatedBF16
	}
	if !bytes.Equal(weights[recipe.BF16], weights[here]) {
		t.Errorf("bf16 on this CPU is not %s", here)
	}
	if a, b := last[recipe.FP32], last[recipe.EmulatedBF16]; bytes.Equal(weights[recipe.FP32], weights[recipe.EmulatedBF16]) || math.Abs(a-b) > 0.02*a {
		t.Errorf("the loss after 30 steps is %.5f in fp32 and %.5f in bf16, want within 2 %% and not equal", a, b)
	}
}

func TestLossFallsAndTheResultThinks(t *testing.T) {
	t.Parallel()
	rec := small(t, "")
	rec.Train.Steps = 60
	rec.Probe.Every, rec.Probe.N, rec.Probe.Caps = 60, 4, []int{16, -1, 0, 8}
	rec.Probe.Waits = []int{0, 2}
	rec.OnPolicy = recipe.OnPolicy{At: 0.5, Drafts: 8, Share: 0.3, Temperature: 1}
	var losses []float64
	var probed *metrics.Probe
	trained(t, rec, Options{Dir: t.TempDir(), Step: func(s metrics.Step) { losses = append(losses, *s.Loss); probed = s.Probe }})
	if first, last := losses[0], losses[len(losses)-1]; last > 0.8*first {
		t.Errorf("the loss went from %.3f to %.3f", first, last)
	}
	if probed == nil || probed.N != 4 || probed.Natural == nil || probed.Fixed == nil || probed.Broken == nil || probed.Slips == nil || !(probed.Tokens > 0) {
		t.Fatalf("probe %+v", probed)
	}
	asked := func(list []metrics.ProbeAt) (at []int) {
		for _, p := range list {
			at = append(at, p.At)
		}
		return at
	}
	if caps, waits := asked(probed.Caps), asked(probed.Waits); !slices.Equal(caps, rec.Probe.Caps) || !slices.Equal(waits, rec.Probe.Waits) {
		t.Errorf("the probe has caps %v and Waits %v, the recipe %v and %v", caps, waits, rec.Probe.Caps, rec.Probe.Waits)
	}
	if probed.CapA != probed.Caps[2].Right || probed.CapB != probed.Caps[0].Right || *probed.Natural != probed.Caps[1].Right || *probed.Natural != probed.Waits[0].Right {
		t.Errorf("cap_a is not that of the least cap, cap_b of the largest, or natural of -1 and of no Wait: %+v", probed)
	}
}
