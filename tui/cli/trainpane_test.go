package cli

import (
	"strings"
	"testing"
)

// A training is launched, watched, saved, stopped and gone on with from the screen, and every step stands once in its metrics.
func TestATrainingIsLaunchedWatchedStoppedAndResumedFromTheScreen(t *testing.T) {
	t.Parallel()
	for _, f := range faces {
		b := newBox(t)
		if f.noColor {
			b.set("NO_COLOR=1")
		}
		b.write("r.toml", edited(t, tapeRecipe, "steps = 100", "steps = 200000", "every = 5", "every = 300"))
		s := b.open(f.w, f.h)
		s.Until("sessions").Keys("C-t")
		s.Until("the command", "mini-quick").Keys("Enter")
		s.Until("a preset (").Keys("C-u").Type("nothing").Keys("Enter")
		s.Until(`there is no preset "nothing"`).Keys("Enter")
		s.Until("a preset (").Keys("C-u").Type("r.toml").Keys("Enter")
		s.Until("s1 train r.toml --out r").Keys("p").Until("at each checkpoint").Keys("C-u").Type("12,*3 => 36").Keys("Enter")
		s.Until("--pin '12,*3 => 36'", "1 asked under the caps 64, none (cut at 512)").Keys("p").Until("at each checkpoint").Keys("C-u").Type("9,-4").Keys("Enter").Until("2 asked under").Keys("P").Until("1 asked under").Keys("2")
		s.Until("generated", "trained", "masked").Keys("3")
		s.Until("fits: it needs", "weights", "gradients").Keys("L")
		s.Until("running", "loss", "learning rate", "tok/s", "trains on the CPU", "no NVIDIA driver is installed", "cores", "memory")
		s.Until("1 12,*3", "cap 64", "no cap").Satisfies("shows an answer and whether it is right", func(f string) bool { return strings.Contains(f, " wrong") || strings.Contains(f, " right") })
		s.Keys("y").Until("loss", "log").Keys("m").Until("smooth 0.6").Keys("0").UntilGone("smooth 0.6")
		s.Keys("k").Until("saved; it goes on", "running")
		s.Satisfies("says where it was saved", func(f string) bool { return strings.Contains(f, "saved at ") })
		// The line of jobs may still say what was while it saved; the pane says when it is over.
		s.Keys("s").Until("r is stopped").Keys("5").Until("watched").Keys("4")
		at := fileSize(b.at("r", "metrics.jsonl"))
		s.Keys("r").Until("goes on from its newest", "running").Satisfies("goes on after where it was", func(string) bool { return fileSize(b.at("r", "metrics.jsonl")) > at })
		s.Keys("s").Until("r is stopped")
		s.Keys("Escape").UntilGone("learning rate").Keys("C-c", "C-c")
		s.left(0)
		steps := keptSteps(b, "r")
		if len(steps) == 0 || len(steps) >= 200000 {
			t.Fatalf("%d steps were kept", len(steps))
		}
		checkSteps(t, steps, 1, len(steps))
	}
}
