package cli

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// weightsOf are the bytes of a finished run's model.
func weightsOf(b *box, run string) []byte {
	b.t.Helper()
	w, err := os.ReadFile(b.at(run, "model", "model.safetensors"))
	if err != nil {
		b.t.Fatal(err)
	}
	return w
}

// checkSteps holds lines to be steps from..to, one each.
func checkSteps(t testing.TB, lines []map[string]any, from, to int) {
	t.Helper()
	if len(lines) != to-from+1 {
		t.Errorf("%d objects for steps %d to %d", len(lines), from, to)
	}
	for i, m := range lines {
		if m["step"] != float64(from+i) || m["loss"] == nil || m["tokens_per_second"] == nil || m["gemm_share"] == nil {
			t.Errorf("line %d: %v", i, m)
		}
	}
}

// keptSteps are the steps of the metrics file.
func keptSteps(b *box, run string) []map[string]any {
	b.t.Helper()
	text, err := os.ReadFile(b.at(run, "metrics.jsonl"))
	if err != nil {
		b.t.Fatal(err)
	}
	return result{t: b.t, out: string(text)}.lines()
}

func TestAStoppedOrKilledTrainingGoesOnToTheSameBits(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	b.write("r.toml", tapeRecipe)
	r := b.run("train", "r.toml", "--out", "whole", "--json").wants(0, "s1 run -m whole/model")
	checkSteps(t, r.lines(), 1, 100) // and nothing else: every line of stdout is one
	want := weightsOf(b, "whole")
	for _, s := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGUSR1, syscall.SIGKILL} {
		run := fmt.Sprintf("signal%d", s)
		p := b.start("train", "r.toml", "--out", run, "--json").until(8, `{"step":`).signal(s)
		r := p.end()
		if s == syscall.SIGKILL {
			r.wants(-1)
		} else {
			r.wants(0, "finishing the micro-batch and saving", "and saved; --resume goes on from here")
		}
		done := len(r.lines())
		if done >= 100 {
			t.Fatalf("%v: the run came to its end before the signal", s)
		}
		again := b.run("train", "r.toml", "--out", run, "--resume", "--json").wants(0, "going on after step")
		from := int(again.lines()[0]["step"].(float64))
		checkSteps(t, again.lines(), from, 100)
		if s != syscall.SIGKILL && from != done+1 {
			t.Errorf("%v: stopped after step %d, and went on with step %d", s, done, from)
		}
		if s == syscall.SIGKILL && (from < 6 || from > done+1) { // a checkpoint every 5 steps
			t.Errorf("killed after step %d or later, and went on with step %d", done, from)
		}
		if !bytes.Equal(weightsOf(b, run), want) {
			t.Errorf("%v and a resume gave other weights than an uninterrupted run", s)
		}
		checkSteps(t, keptSteps(b, run), 1, 100)
	}
	b.run("train", "r.toml", "--out", "whole", "--resume", "--json").wants(0, "s1 run -m whole/model") // nothing is left to do
	if !bytes.Equal(weightsOf(b, "whole"), want) {
		t.Error("a resume of a finished run changed its weights")
	}
}

func TestASecondInterruptAbortsAndTheEarlierCheckpointIsGood(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	// A step of one long micro-batch, so that the second signal comes within it.
	b.write("r.toml", edited(t, tapeRecipe, "hidden = 16", "hidden = 128", "layers = 1", "layers = 3", "ff = 16", "ff = 352",
		"steps = 100", "steps = 4", "batch_tokens = 300", "batch_tokens = 2500", "micro_tokens = 512", "micro_tokens = 2560", "every = 5", "every = 1"))
	p := b.start("train", "r.toml", "--json").until(2, `{"step":`).signal(os.Interrupt)
	if !p.errs.until(func(s string) bool { return strings.Contains(s, "again to abort") }) {
		t.Fatal("nothing was said of the first interrupt")
	}
	r := p.signal(os.Interrupt).end().wants(130)
	if n := len(r.lines()); n > 3 {
		t.Errorf("%d steps were done after two interrupts in the third", n)
	}
	again := b.run("train", "r.toml", "--resume", "--json").wants(0, "going on after step")
	checkSteps(t, again.lines(), int(again.lines()[0]["step"].(float64)), 4)
	checkSteps(t, keptSteps(b, "r"), 1, 4)
}

func TestATrainingGoesOnWithoutAReader(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	b.write("r.toml", edited(t, tapeRecipe, "steps = 100", "steps = 30"))
	for run, line := range map[string]string{
		"gone":   `{ "$S1" train r.toml --out gone --json; echo "code $?" >&2; } | head -n 1`,
		"closed": `"$S1" train r.toml --out closed --json >&-; echo "code $?" >&2`,
		"full":   `"$S1" train r.toml --out full --json >/dev/full; echo "code $?" >&2`,
		"mute":   `{ "$S1" train r.toml --out mute; echo "code $?" >&3; } 3>&1 2>&- | cat`,
	} {
		if run == "full" {
			if _, err := os.Stat("/dev/full"); err != nil {
				continue
			}
		}
		b.shell(line).wants(0, "code 0")
		checkSteps(t, keptSteps(b, run), 1, 30)
		weightsOf(b, run)
	}
}

func TestADamagedCheckpointIsSetAsideForTheOneBefore(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	b.write("r.toml", edited(t, tapeRecipe, "steps = 100", "steps = 12"))
	b.run("train", "r.toml").wants(0)
	want := weightsOf(b, "r")
	damage := func(name string) {
		path := b.at("r", "checkpoints", name, "arrays.safetensors")
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		text[len(text)-3] ^= 1
		if err := os.WriteFile(path, text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	damage("step-00000012")
	b.run("train", "r.toml", "--resume").wants(0, "step-00000012 is damaged", "aside-1-step-00000012", "going on after step 10 of 12")
	if !bytes.Equal(weightsOf(b, "r"), want) {
		t.Error("going on from an earlier checkpoint gave other weights")
	}
	damage("step-00000012")
	damage("step-00000010")
	b.run("train", "r.toml", "--resume", "--quiet").refuses(1, "step-00000012", "is damaged", "no earlier one", "delete r/checkpoints")
}

func TestADivergedTrainingSaysSoAndKeepsWhatWasGood(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	b.write("r.toml", edited(t, tapeRecipe, "lr = 2e-3", "lr = 10\nmuon_lr = 10\nweight_decay = 10\nwarmup = 0.0\nclip = 0.0\nspike_z = 0.0", "every = 5", "every = 3"))
	b.run("train", "r.toml", "--quiet").refuses(1, "the run has diverged", "optimizer.lr 10", "lower learning rate")
	steps := keptSteps(b, "r")
	good := 0
	for i, s := range steps {
		if s["skipped"] == nil {
			good = i + 1
		}
	}
	names, err := filepath.Glob(b.at("r", "checkpoints", "step-*"))
	if err != nil || len(names) == 0 || good == len(steps) {
		t.Fatalf("%d of %d steps were good, checkpoints %v, %v", good, len(steps), names, err)
	}
	for _, name := range names {
		var step int
		if _, err := fmt.Sscanf(filepath.Base(name), "step-%d", &step); err != nil || step >= good {
			t.Errorf("checkpoint %s was kept, and steps up to %d were good (%v)", name, good, err)
		}
	}
}

// What is typed counts, be it 0: a checkpoint at the end alone, and a thread for each core.
func TestAZeroThatIsTypedCounts(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	b.write("r.toml", edited(t, tapeRecipe, "steps = 100", "steps = 12"))
	b.run("train", "r.toml", "--save-every", "0", "--threads", "0").wants(0)
	if kept, err := filepath.Glob(b.at("r", "checkpoints", "step-*")); err != nil || len(kept) != 1 || filepath.Base(kept[0]) != "step-00000012" {
		t.Errorf("checkpoints %v, %v; want the last step's alone", kept, err)
	}
}
