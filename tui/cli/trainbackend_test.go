package cli

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"s1/sessions/jobs"
	tuiapp "s1/tui/app"
)

// What a scripted interpreter says that it has. These are the packages that a real one is asked for.
const (
	barePython  = `{"python":"3.11.2","executable":"/py","versions":{},"broken":{},"fields":[],"gpus":[],"bf16":false}`
	wholePython = `{"python":"3.11.2","executable":"/py","versions":{"torch":"2.9","transformers":"5.0","trl":"1.0","accelerate":"1","datasets":"4","peft":"1"},"broken":{},` +
		`"fields":["max_length","completion_only_loss","eval_strategy","use_cpu"],"gpus":[%s],"bf16":true}`
)

// scriptedPython is a program that answers as an interpreter does that is asked for its packages.
func scriptedPython(t *testing.T, says string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "python")
	if err := os.WriteFile(path, []byte("#!/bin/sh\necho 's1-probe "+says+"'\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	return path
}

// atBackend is a workshop, and a choice of the tiny model and two rows with a backend of its recipe's.
func atBackend(t *testing.T, launch string) (*workshop, tuiapp.TrainChoice) {
	t.Helper()
	dir := t.TempDir()
	t.Setenv("XDG_DATA_HOME", filepath.Join(dir, "data"))
	recipe := filepath.Join(dir, "r.toml")
	for name, text := range map[string]string{recipe: fmt.Sprintf(rowsRecipe, model(t)) + launch, filepath.Join(dir, "rows.jsonl"): goodRows} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	b := (&app{err: os.Stderr, out: os.Stdout}).newWorkshop(nil)
	t.Cleanup(b.Close)
	return b, tuiapp.TrainChoice{Recipe: recipe, Out: filepath.Join(dir, "run")}
}

func wrongAt(p tuiapp.TrainPlan, field string) string {
	var out []string
	for _, w := range p.Wrong {
		if w.Name == field {
			out = append(out, w.Value)
		}
	}
	return strings.Join(out, "\n")
}

// What an environment lacks for a backend is said of the choice, and of its launch: there is no job then.
func TestTrainingPlansSayWhatABackendLacksBeforeTheLaunch(t *testing.T) {
	empty := t.TempDir()
	for name, c := range map[string]struct {
		launch  string
		backend string // chosen in the form
		python  string
		path    string
		says    string
	}{
		"no torch, by the recipe": {"[launch]\nbackend = \"trl\"\n", "", scriptedPython(t, barePython), "", "has no torch, transformers, trl, accelerate, datasets"},
		"no torch, by the form":   {"", "trl", scriptedPython(t, barePython), "", "has no torch, transformers, trl, accelerate, datasets"},
		"no interpreter":          {"", "trl", filepath.Join(empty, "python"), "", "no such file"},
		"a batch of tokens":       {"[optimizer]\nkind = \"muon\"\n", "trl", scriptedPython(t, fmt.Sprintf(wholePython, "")), "", "optimizer.kind"},
		"no queue":                {"", "slurm", scriptedPython(t, fmt.Sprintf(wholePython, "")), empty, "this machine has no sbatch"},
		"too large":               {"", "trl", scriptedPython(t, fmt.Sprintf(wholePython, `{"name":"small","free":1000,"total":2000}`)), "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			b, choice := atBackend(t, c.launch)
			choice.Backend, choice.Python = c.backend, c.python
			if c.path != "" {
				t.Setenv("PATH", c.path)
			}
			p, err := b.Plan(t.Context(), choice)
			if got := wrongAt(p, "backend"); err != nil || !strings.Contains(got, c.says) || (c.says == "") != (got == "") {
				t.Errorf("the plan says %q (%v), want %q", got, err, c.says)
			}
			if !slices.Contains(p.Command, c.python) || c.backend != "" && !slices.Contains(p.Command, c.backend) {
				t.Errorf("the command is %q", p.Command)
			}
			want := c.says
			if want == "" {
				want = "training needs about"
			}
			if _, err := b.Launch(t.Context(), choice); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("launched: %v, want %q", err, want)
			}
			if list, err := jobs.Open(jobsDir(), nil).List(); len(list) > 0 || err != nil {
				t.Errorf("there are jobs: %v %v", list, err)
			}
		})
	}
}

// The memory of a run of TRL is that of one process against each GPU, class by class, and with what would help.
func TestTrainingMemoryIsThatOfTheBackend(t *testing.T) {
	gpus := `{"name":"Large","free":70000000000,"total":80000000000},{"name":"Busy","free":700000000,"total":80000000000}`
	b, c := atBackend(t, "")
	c.Backend, c.Python = "trl", scriptedPython(t, fmt.Sprintf(wholePython, gpus))
	p, err := b.Plan(t.Context(), c)
	if err != nil || len(p.Wrong) > 0 || len(p.Starts) != 1 {
		t.Fatalf("%+v %v", p, err)
	}
	if got := strings.Join(p.Starts[0].Words, " "); !strings.Contains(got, "/py -m torch.distributed.run --standalone --nnodes 1 --nproc-per-node 2 ") || !strings.HasSuffix(got, "/run/launch/train.py "+c.Out) {
		t.Errorf("it starts %s", got)
	}
	m, err := b.Memory(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	var sum int64
	for _, x := range m.Classes {
		sum += x.Bytes
	}
	if sum != m.Need || m.Free != 700000000 || m.Fits {
		t.Errorf("the classes come to %d of %d, %d free: %+v", sum, m.Need, m.Free, m.Classes)
	}
	if got := strings.Join(m.Devices, "\n"); !strings.Contains(got, "gpu 0 Large: 70.0 GB of 80.0 GB free, fits\ngpu 1 Busy: 700 MB of 80.0 GB free, too little") {
		t.Errorf("the devices are\n%s", got)
	}
	c.Python = scriptedPython(t, fmt.Sprintf(wholePython, ""))
	if m, err = b.Memory(t.Context(), c); err != nil || !strings.Contains(strings.Join(m.Devices, " "), "TRL computes on the CPU") {
		t.Errorf("without a GPU: %v %v", m.Devices, err)
	}
}
