package cli

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// studyFiles are the files of a study that its seed alone decides, by name.
func studyFiles(b *box, dir string) map[string][]byte {
	b.t.Helper()
	files := map[string][]byte{}
	for _, pattern := range []string{"*.jsonl", "*.toml", "design.json", "report.md", "results.csv", "rows/*.jsonl", "eval/*/items.jsonl", "difficulty/items.jsonl", "train/*/model/model.safetensors"} {
		found, err := filepath.Glob(b.at(dir, pattern))
		if err != nil || len(found) == 0 {
			b.t.Fatalf("%s: %d files, %v", pattern, len(found), err)
		}
		for _, path := range found {
			text, err := os.ReadFile(path)
			if err != nil {
				b.t.Fatal(err)
			}
			name, err := filepath.Rel(b.at(dir), path)
			if err != nil {
				b.t.Fatal(err)
			}
			files[name] = text
		}
	}
	return files
}

// when waits until something has happened outside of the program's output.
func (p *process) when(what string, now func() bool) *process {
	p.b.t.Helper()
	tick, deadline := time.NewTicker(time.Millisecond), time.After(patience)
	defer tick.Stop()
	for !now() {
		select {
		case <-tick.C:
		case <-deadline:
			p.b.t.Fatalf("s1 %q: %s did not come\nstderr: %.1500s", p.args, what, p.errs.String())
		}
	}
	return p
}

func TestAnInterruptedStudyLosesNoStepOfItsTraining(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	words := []string{"curate", "study", "--quick", "--seed", "3", "--out", "a"} // a base of 2,600 steps, a checkpoint every 50
	steps := func() int {
		text, err := os.ReadFile(b.at("a/train/base/metrics.jsonl"))
		if err != nil {
			return 0
		}
		return bytes.Count(text, []byte("\n"))
	}
	for done := 0; done < 6; {
		r := b.start(words...).when("three steps more", func() bool { return steps() >= done+3 }).signal(os.Interrupt).end()
		r.wants(130, "a training saves first", "the same command goes on in a")
		kept := len(keptSteps(b, "a/train/base"))
		if done > 0 {
			r.wants(130, fmt.Sprintf("going on after step %d", done))
		}
		if kept < done+3 || kept >= 50 {
			t.Fatalf("%d steps are kept after %d and three more", kept, done)
		}
		done = kept
		checkSteps(t, keptSteps(b, "a/train/base"), 1, done) // each step once: none was lost and none done again
	}
}

func TestAStudyOfSubsetsThatWasKilledEndsInTheSameBytes(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	words := []string{"curate", "study", "--tiny", "--seed", "3", "--out"}
	r := b.run(append(words, "whole")...).wants(0, "19 of 19: measure s1", "The whole report is whole/report.md", "50.0 / 93.0 / 57.6")
	if !bytes.Contains([]byte(r.out), []byte("n = 12")) {
		t.Errorf("the table has no n:\n%s", r.out)
	}
	want := studyFiles(b, "whole")
	for _, part := range []string{"difficulty", "train diverse", "measure random"} {
		after := `"part":"` + part + `"`
		b.start(append(words, "killed", "--json")...).until(1, after).signal(syscall.SIGKILL).end()
	}
	for _, part := range []string{"curate s1", "train full"} {
		after := `"part":"` + part + `"`
		b.start(append(words, "killed", "--json")...).until(1, after).signal(os.Interrupt).end().wants(130, "goes on in killed")
	}
	b.run(append(words, "killed")...).wants(0, "19 of 19: measure s1")
	got := studyFiles(b, "killed")
	if len(got) != len(want) {
		t.Errorf("%d files, want %d", len(got), len(want))
	}
	for name, text := range want {
		if !bytes.Equal(got[name], text) {
			t.Errorf("%s has other bytes after kills", name)
		}
	}
	b.run("curate", "study", "--tiny", "--seed", "4", "--out", "whole").wants(1, "holds a study of another design", "--out")
	b.run("curate", "study", "-m", "mini").wants(2, "solves the task already")
}
