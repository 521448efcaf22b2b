package cli

import (
	"fmt"
	"strings"
	"testing"
)

// The plan of the own trainer has its estimate, and refuses what the run would refuse.
func TestTrainPlanOfTheOwnTrainerEstimatesAndRefusesAsTheRunWould(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	b.write("rows.jsonl", goodRows)
	text := fmt.Sprintf(rowsRecipe, model(t))
	b.write("r.toml", text)
	r := b.run("train", "plan", "r.toml").wants(0)
	if !strings.Contains(r.out, "--backend own") || !strings.Contains(r.out, "# note: it needs about") || !strings.Contains(r.out, "gradients") {
		t.Errorf("the plan has no estimate:\n%s", r.out)
	}
	// In a queue this program is started from the run's folder: what was given by a relative path is found from there.
	if r := b.run("train", "plan", "r.toml", "--data", "rows.jsonl").wants(0); !strings.Contains(r.out, "--data "+b.at("rows.jsonl")) {
		t.Errorf("the data of the command line are not in the command:\n%s", r.out)
	}
	b.write("long.toml", edited(t, text, "block = 128", "block = 8"))
	b.run("train", "plan", "long.toml").wants(1, "more than 8 tokens")
	b.run("train", "r.toml", "--out", "run").wants(0)
	b.run("train", "plan", "r.toml", "--out", "run").wants(1, "holds the checkpoints of a run")
	b.run("train", "plan", "r.toml", "--out", "run", "--resume").wants(0)
	b.run("train", "requeue", "run").wants(1, "the job's number")
}

// A limit of the address space is seen before the training, not in a map that fails in the middle.
func TestTrainingMindsALimitOfItsAddressSpace(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	b.write("r.toml", edited(t, tapeRecipe, "hidden = 16", "hidden = 1024", "layers = 1", "layers = 8", "ff = 16", "ff = 4096"))
	b.shell(`ulimit -v 2600000; "$S1" train r.toml --out r`).wants(1, "training needs about", "of memory is free")
}

// A run whose recipe, data and model were named by relative paths is found from another folder.
func TestJourneyARunOfAnotherFolderIsComparedAndExported(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	b.write("work/rows.jsonl", goodRows)
	b.write("work/r.toml", fmt.Sprintf(rowsRecipe, model(t)))
	b.shell(`cd work && "$S1" train r.toml --data rows.jsonl --steps 2 --detach --out=r`).wants(0)
	b.is("train-1", "done")
	s := b.open(140, 36, "--seed", "3", "--cap", "8", "--answer-cap", "4", "--pace", "max")
	s.Until("ready").Keys("C-t").Until("the command").Keys("5").Until("done", "enter watch it").Keys("Enter").Until("step 2 of 2")
	s.Keys("b").Until("s1 run -m " + b.at("work", "r", "newest") + " opens the newest checkpoint")
	s.Keys("v").Until("the same question, the same budget").Keys("C-u").Type("what now?").Keys("Enter")
	s.Until("A is the base").Satisfies("shows both", func(string) bool { return len(b.sessions()) == 2 })
	s.Keys("C-c").Until("quits").Keys("C-c")
	s.left(0)
}
