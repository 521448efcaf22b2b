package launch

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"s1/train/metrics"
	"s1/train/recipe"
)

func parsed(t *testing.T, text string) recipe.Recipe {
	t.Helper()
	r, err := recipe.Parse("test.toml", "preset = \"s1\"\n[model]\nbase = \"x\"\n[data]\nfiles = [\"y.jsonl\"]\n"+text)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestAQuotedCommandComesApartAgain(t *testing.T) {
	t.Parallel()
	words := []string{"a", "", "it's", "x y", "$HOME", "`id`", "a\nb", "*", "A=b c", "--k=v w", "ü"}
	out, err := exec.Command("sh", "-c", `printf '%s\0' `+Quote(words)).Output()
	if err != nil {
		t.Fatal(err)
	}
	if got, want := string(out), strings.Join(words, "\x00")+"\x00"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestTheBatchComesApartOnTheProcesses(t *testing.T) {
	t.Parallel()
	gpus := func(n int) Python { return Python{GPUs: make([]GPU, n), BF16: true} }
	for name, c := range map[string]struct {
		edit   string
		python Python
		want   shape
		lack   string
	}{
		"the CPU":           {"[launch]\nbackend = \"trl\"\n", Python{}, shape{nodes: 1, processes: 1, accumulate: 16}, ""},
		"two on the CPU":    {"[launch]\nbackend = \"trl\"\nprocesses = 2\n", Python{}, shape{nodes: 1, processes: 2, accumulate: 8}, ""},
		"eight GPUs":        {"[launch]\nbackend = \"trl\"\n", gpus(8), shape{nodes: 1, processes: 8, accumulate: 2, shard: true, bf16: true, gpus: true}, ""},
		"one GPU":           {"[launch]\nbackend = \"trl\"\nper_device = 4\n", gpus(1), shape{nodes: 1, processes: 1, accumulate: 4, bf16: true, gpus: true}, ""},
		"two nodes queued":  {"[launch]\nbackend = \"slurm\"\nnodes = 2\n[launch.slurm]\ngpus = 8\n", Python{}, shape{nodes: 2, processes: 8, accumulate: 1, shard: true, bf16: true, gpus: true}, ""},
		"does not divide":   {"[launch]\nbackend = \"trl\"\nprocesses = 3\n", Python{}, shape{nodes: 1, processes: 3, accumulate: 5}, "multiple of their product"},
		"more than rows":    {"[launch]\nbackend = \"trl\"\nprocesses = 32\n", Python{}, shape{nodes: 1, processes: 32, accumulate: 1}, "multiple of their product"},
		"more than GPUs":    {"[launch]\nbackend = \"trl\"\nprocesses = 4\n", gpus(2), shape{nodes: 1, processes: 4, accumulate: 4, shard: true, bf16: true, gpus: true}, "at most 2"},
		"a batch of tokens": {"[train]\nbatch_tokens = 9\n[launch]\nbackend = \"trl\"\n", Python{}, shape{nodes: 1, processes: 1}, "batch_rows"},
	} {
		got, lacks := spread(parsed(t, c.edit), c.python)
		if got != c.want {
			t.Errorf("%s: %+v, want %+v", name, got, c.want)
		}
		if said := LackError(lacks).Error(); (c.lack == "") != (said == "") || !strings.Contains(said, c.lack) {
			t.Errorf("%s: %q, want %q", name, said, c.lack)
		}
	}
}

func TestArgumentsHaveTheNamesOfTheVersion(t *testing.T) {
	t.Parallel()
	rec := parsed(t, "held_out = 0.1\n[eval]\nevery = 5\n[launch]\nbackend = \"trl\"\n")
	v5 := Python{Versions: map[string]string{"transformers": "5.24.0"}, Fields: []string{"eval_strategy", "use_cpu", "activation_checkpointing", "gradient_checkpointing"}}
	v4 := Python{Versions: map[string]string{"transformers": "4.40.0"}, Fields: []string{"evaluation_strategy", "no_cuda", "gradient_checkpointing"}}
	sharded := shape{nodes: 1, processes: 8, accumulate: 2, shard: true, gpus: true, bf16: true}
	for name, c := range map[string]struct {
		python Python
		shape  shape
		want   string
	}{
		"5, CPU":     {v5, shape{accumulate: 16}, `"activation_checkpointing":false,"eval_strategy":"steps","use_cpu":true`},
		"4, CPU":     {v4, shape{accumulate: 16}, `"evaluation_strategy":"steps","gradient_checkpointing":false,"no_cuda":true`},
		"5, sharded": {v5, sharded, `"activation_checkpointing":false,"eval_strategy":"steps","fsdp":true`},
		"4, sharded": {v4, sharded, `"evaluation_strategy":"steps","fsdp":"full_shard auto_wrap","gradient_checkpointing":false`},
	} {
		a := arguments(rec, c.python, c.shape, 32768, 315, true)
		if a["max_length"] != 32768 || a["completion_only_loss"] != true || a["packing"] != false || a["warmup_steps"] != int64(16) || a["adam_beta2"] != 0.95 ||
			a["num_train_epochs"] != 5 || a["lr_scheduler_type"] != "cosine" || a["gradient_accumulation_steps"] != c.shape.accumulate {
			t.Errorf("%s: %v", name, a)
		}
		picked := map[string]any{}
		for _, k := range []string{"eval_strategy", "evaluation_strategy", "use_cpu", "no_cuda", "fsdp", "activation_checkpointing", "gradient_checkpointing"} {
			if v, ok := a[k]; ok {
				picked[k] = v
			}
		}
		if got, _ := json.Marshal(picked); string(got) != "{"+c.want+"}" {
			t.Errorf("%s: %s, want {%s}", name, got, c.want)
		}
	}
}

func TestWhatTRLCannotDoIsSaidBefore(t *testing.T) {
	t.Parallel()
	for edit, want := range map[string]string{
		"[optimizer]\nkind = \"muon\"\n":                      "optimizer.kind",
		"[optimizer]\nschedule = \"linear\"\nmin_share = 0.1": "optimizer.min_share",
		"held_out = 0.1\n[eval]\nevery = 5\nkeep_best = true": "eval.keep_best",
	} {
		if got := LackError(unable(parsed(t, edit))).Error(); !strings.Contains(got, want) {
			t.Errorf("%q: %q", edit, got)
		}
	}
	if got := unable(parsed(t, "")); len(got) > 0 {
		t.Errorf("s1's own recipe: %v", got)
	}
	p := Python{Asked: "py", Version: "3.11", Versions: map[string]string{"torch": "2"}}
	if got := LackError(p.lacks(true)).Error(); !strings.Contains(got, "has no transformers, trl, accelerate, datasets, peft; py -m pip install transformers trl accelerate datasets peft") {
		t.Errorf("an empty environment: %s", got)
	}
	if _, err := ProbePython(t.Context(), filepath.Join(t.TempDir(), "none")); err == nil || !strings.Contains(err.Error(), "no such file") {
		t.Errorf("no interpreter: %v", err)
	}
}

func TestTheStatesOfAQueueAreOurs(t *testing.T) {
	t.Parallel()
	for state, want := range map[string]Status{
		"PENDING": {State: Queued, Reason: "Resources"}, "REQUEUED": {State: Queued, Reason: "Resources"}, "RUNNING": {State: Running}, "COMPLETING": {State: Running},
		"COMPLETED": {State: Done}, "TIMEOUT": {State: Failed}, "NODE_FAIL": {State: Failed}, "CANCELLED": {State: Failed, Reason: "cancelled"}, "": {State: Failed}, "NEW_ONE": {State: Failed},
	} {
		q := &Queue{Plan: &Plan{Dir: t.TempDir()}}
		got := q.status(state, "Resources")
		if got.State != want.State || want.Reason != "" && got.Reason != want.Reason || want.State == Failed && got.Reason == "" {
			t.Errorf("%s: %+v, want %+v", state, got, want)
		}
	}
	dir := t.TempDir()
	q := &Queue{Plan: &Plan{Dir: dir}}
	if err := os.Mkdir(filepath.Join(dir, Folder), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := Ended(dir, Stopped, 3, 9); err != nil {
		t.Fatal(err)
	}
	for _, state := range []string{"COMPLETED", ""} {
		if got := q.status(state, ""); got.State != Stopped {
			t.Errorf("stopped, then %q: %+v", state, got)
		}
	}
}

// TestABatchScriptIsBash lets bash read the scripts without running them.
func TestABatchScriptIsBash(t *testing.T) {
	t.Parallel()
	rec := parsed(t, "[launch]\nbackend = \"slurm\"\nnodes = 2\n[launch.slurm]\npartition = \"gpu\"\ngpus = 8\ntime = \"2:00:00\"\nmemory = \"64G\"\nsetup = [\"module load cuda\"]\nsbatch_extra = [\"--exclusive\"]\n")
	s := &SLURM{Recipe: rec, Name: "a name/with 'signs"}
	inner := &Plan{Dir: "/shared/run", Argv: []string{"python", "--node-rank", "$SLURM_NODEID", "$head:29500", "it's"}, Env: []string{"A=b c"}}
	for name, text := range map[string]string{"own": s.script(inner, true), "trl": s.script(inner, false), "node": nodeScript(inner)} {
		cmd := exec.Command("bash", "-n")
		cmd.Stdin = strings.NewReader(text)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%s: %v %s\n%s", name, err, out, text)
		}
	}
	text := s.script(inner, false)
	for _, want := range []string{"#SBATCH --job-name=s1-a-name-with--signs\n", "--nodes=2\n", "--gpus-per-node=8\n", "--partition=gpu\n", "--signal=B:USR1@120\n", "--requeue\n", "#SBATCH --exclusive\n", "module load cuda\n"} {
		if !strings.Contains(text, want) {
			t.Errorf("the script has no %q:\n%s", want, text)
		}
	}
	if got := nodeScript(inner); !strings.Contains(got, `exec python --node-rank "$SLURM_NODEID" "$head:29500" 'it'\''s' "$@"`) || !strings.Contains(got, "export A='b c'\n") {
		t.Errorf("node script:\n%s", got)
	}
}

// scripted is a plan of a shell script that stands for a run.
func scripted(t *testing.T, script string) *Plan {
	t.Helper()
	p := &Plan{Dir: t.TempDir(), Argv: []string{"sh", "-c", script}}
	if err := p.Write(t.Context()); err != nil {
		t.Fatal(err)
	}
	return p
}

const beginLine = `echo '{"step":2,"total":9}' > launch/begin.json; `

func TestARunIsFollowedToItsEnd(t *testing.T) {
	t.Parallel()
	step := func(n int) string { return fmt.Sprintf(`echo '{"step":%d,"loss":1}' >> metrics.jsonl; `, n) }
	for name, c := range map[string]struct {
		script string
		stop   bool
		want   Status
		steps  []int
	}{
		"to its end":  {beginLine + step(2) + step(3) + step(4), false, Status{State: Done}, []int{3, 4}}, // step 2 was told by the run before
		"a half line": {beginLine + step(3) + `printf '{"st' >> metrics.jsonl`, false, Status{State: Done}, []int{3}},
		"asked to stop": {
			beginLine + step(3) + `while ! [ -e launch/stop ]; do sleep 0.05; done; ` + step(4) + `echo '{"state":"stopped"}' > launch/end.json`, true, Status{State: Stopped}, []int{3, 4},
		},
		"an exception": {`echo "Traceback"; echo "[rank1]: ValueError: 17 is no divisor"; echo "x.ChildFailedError: y"; exit 1`, false, Status{State: Failed, Reason: "ValueError: 17 is no divisor"}, nil},
		"killed":       {`echo " exitcode  : -9 (pid: 7)"; echo "Signal 9 (SIGKILL)"; exit 1`, false, Status{State: Failed, Reason: "one of its processes was killed (signal 9), often because the machine had no memory left"}, nil},
	} {
		p := scripted(t, c.script)
		r := &Process{Plan: p}
		if err := r.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		stop := make(chan struct{})
		if c.stop {
			close(stop)
		}
		var steps []int
		got, err := Follow(t.Context(), r, p, Watch{Stop: stop, Step: func(s metrics.Step) { steps = append(steps, s.Step) }})
		if err != nil || got != c.want || fmt.Sprint(steps) != fmt.Sprint(c.steps) {
			t.Errorf("%s: %+v %v, steps %v; want %+v, %v", name, got, err, steps, c.want, c.steps)
		}
	}
}
