package cli

import (
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"runtime"
	"testing"
)

// standInNVML builds the stand-in for the driver's library.
func standInNVML(t *testing.T) string {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skip("the stand-in for the driver is built for Linux")
	}
	cc := os.Getenv("CC")
	if cc == "" {
		cc = "cc"
	}
	lib := filepath.Join(t.TempDir(), "libnvidia-ml.so.1")
	if out, err := exec.Command(cc, "-shared", "-fPIC", "-o", lib, filepath.Join(top, "train", "device", "testdata", "nvml.c")).CombinedOutput(); err != nil {
		t.Fatalf("build the stand-in: %v\n%s", err, out)
	}
	return lib
}

// The figures of a driver show while a training runs, and go with it.
func TestJourneyTheFiguresOfGPUsShowWhileATrainingRuns(t *testing.T) {
	t.Parallel()
	lib := standInNVML(t)
	for _, f := range faces {
		b := newBox(t).set("S1_NVML=" + lib)
		if f.noColor {
			b.set("NO_COLOR=1")
		}
		b.write("r.toml", edited(t, tapeRecipe, "steps = 100", "steps = 200000"))
		b.run("train", "r.toml", "--out", "r", "--detach").wants(0)
		s := b.open(f.w, f.h, "--seed", "3")
		s.Until("ready").Keys("C-t").Until("the command").Keys("5").Until("running").Keys("Enter")
		s.Until("gpu 0 Stand-in 80GB  30.0 of 80.0 GB   87 %   61 °C  412 of 700 W", "gpu 1 Stand-in MIG  15.0 of 40.0 GB", "cores", "memory")
		s.Keys("s").Until("stopped").UntilGone("Stand-in")
		s.Keys("Escape").UntilGone("learning rate").Keys("C-c", "C-c")
		s.left(0)
	}
}

// The key that compares asks the base and the newest weights the same, under the same budget and seed; both are kept.
func TestJourneyBaseAndTunedAreAskedTheSameSideBySide(t *testing.T) {
	t.Parallel()
	for _, f := range faces {
		b := newBox(t)
		if f.noColor {
			b.set("NO_COLOR=1")
		}
		b.write("r.toml", edited(t, tapeRecipe, "steps = 100", "steps = 20"))
		b.run("train", "r.toml", "--out", "r", "--detach").wants(0)
		b.is("train-1", "done")
		s := b.open(f.w, f.h, "--seed", "3", "--cap", "24", "--answer-cap", "6", "--pace", "max")
		s.Until("ready").Keys("C-t").Until("the command").Keys("5").Until("done").Keys("Enter").Until("step 20 of 20")
		s.Keys("v").Until("the same question, the same budget").Keys("C-u").Type("29,-16,+65").Keys("Enter")
		s.Until("they part at token").Satisfies("shows both", func(string) bool { return len(b.sessions()) == 2 })
		s.Keys("C-c").Until("quits").Keys("C-c")
		s.left(0)
		list := b.sessions()
		if len(list) != 2 || list[0]["model"] == list[1]["model"] || list[0]["prompt"] != "29,-16,+65" || list[1]["prompt"] != "29,-16,+65" {
			t.Fatalf("kept are %v", list)
		}
		var budgets, seeds []any
		for _, x := range list {
			for _, l := range b.run("sessions", "export", x["id"].(string)).wants(0).lines() {
				if l["type"] == "branch" {
					budgets, seeds = append(budgets, l["budget"]), append(seeds, l["sampling"].(map[string]any)["seed"])
				}
			}
		}
		if len(budgets) != 2 || !reflect.DeepEqual(budgets[0], budgets[1]) || budgets[0].(map[string]any)["cap"] != 24.0 || seeds[0] != seeds[1] || seeds[0] == 0.0 {
			t.Errorf("budgets %v, seeds %v", budgets, seeds)
		}
	}
}
