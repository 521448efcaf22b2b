package cli

import (
	"regexp"
	"strings"
	"testing"
)

// The jobs as a user has them: a training that was handed over on the command line is watched, stopped, gone on with, ended at
// once, removed and brought back.
func TestJourneyAJobIsWatchedStoppedResumedRemovedAndBroughtBack(t *testing.T) {
	t.Parallel()
	for _, f := range faces {
		b := newBox(t)
		if f.noColor {
			b.set("NO_COLOR=1")
		}
		b.write("r.toml", edited(t, tapeRecipe, "steps = 100", "steps = 200000"))
		b.run("train", "r.toml", "--out", "r", "--detach").wants(0, "train-1 is running")
		b.run("train", "r.toml", "--out", "r2", "--steps", "3", "--detach").wants(0, "train-2 is running")
		b.is("train-2", "done")

		s := b.open(f.w, f.h, "--seed", "3")
		s.Until("ready", "train r.toml", "ctrl+o jobs") // the line that tells of it
		s.Keys("C-o").Until("jobs", "1 running", "1 done", "train-1", "train-2", "log")
		step := func(frame string) string { return regexp.MustCompile(`step +\d+ of 200000`).FindString(frame) }
		s.Satisfies("says how far it is", func(f string) bool { return step(f) != "" })
		at := step(s.Frame())
		s.Satisfies("goes on as it is watched", func(f string) bool { return step(f) != "" && step(f) != at })

		// Attached, it shows what the job prints, and the jobs again.
		s.Keys("Enter").Until("log of train-1").Satisfies("shows what it prints", func(f string) bool { return strings.Contains(f, "loss") })
		s.Keys("Enter").Until("1 running", "train-2")

		s.Keys("s").Until("train-1 saves and ends").Until("1 stopped")
		s.Keys("r").Until("train-1 goes on where it was").Until("1 running")
		s.Keys("D").Until("stop").Until("1 running") // it runs: it is not removed
		s.Keys("s").Until("train-1 saves and ends").Until("1 stopped")
		s.Keys("D").Until("train-1 is removed").UntilGone("1 stopped")
		b.run("jobs", "show", "train-1").wants(1, "no job")
		s.Keys("U").Until("train-1 is back", "1 stopped")
		if f.noColor {
			if m := regexp.MustCompile(`\x1b\[[0-9;]*(3[0-7]|4[0-7]|38|48|9[0-7])[0-9;]*m`).FindString(s.Styled()); m != "" {
				t.Errorf("NO_COLOR shows a colour: %q", m)
			}
		}
		s.Keys("Escape").UntilGone("1 stopped").Keys("C-c").Until("quits").Keys("C-c")
		s.left(0)
		b.run("jobs", "show", "train-1").wants(0, "stopped", "s1 jobs resume train-1")
		steps := keptSteps(b, "r")
		if len(steps) == 0 || len(steps) >= 200000 {
			t.Fatalf("%d steps were kept", len(steps))
		}
		checkSteps(t, steps, 1, len(steps))
	}
}
