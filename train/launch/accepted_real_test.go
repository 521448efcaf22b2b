package launch

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"s1/train/recipe"
)

// acceptScript lets the tools that would start a run read its command and its file, by their own parsers, and starts nothing.
const acceptScript = `
import json, sys
from accelerate.commands.config.config_args import load_config_from_file
from accelerate.commands.launch import launch_command_parser, _validate_launch_command
from torch.distributed.run import config_from_args, get_args_parser

def read(module, argv):
    if module == "torch.distributed.run":
        args = get_args_parser().parse_args(argv)
        config, _, rest = config_from_args(args)
        return [config.min_nodes, config.max_nodes, config.nproc_per_node, config.rdzv_backend, config.rdzv_endpoint, *rest]
    args = launch_command_parser().parse_args(argv)
    config = load_config_from_file(args.config_file)
    args, _, _ = _validate_launch_command(args)
    fsdp = config.fsdp_config.get("fsdp_version") if config.fsdp_config else None
    return [args.num_machines, args.num_processes, args.machine_rank, args.main_process_ip, args.main_process_port, config.distributed_type.value, args.mixed_precision,
            "fsdp", fsdp, args.training_script, *args.training_script_args]

for module, argv in json.load(sys.stdin):
    try:
        print("s1-read accepted", *read(module, argv), flush=True)
    except (Exception, SystemExit) as e:
        print("s1-read refused", type(e).__name__, str(e).replace("\n", " "), flush=True)
`

// The commands and files of one machine and of two, on CPUs and on GPUs, by torchrun and by accelerate, are what those tools take.
// Several machines are not here to start them on: their own parsers read them.
func TestTheToolsAcceptWhatIsPlanned(t *testing.T) {
	python := os.Getenv("S1_TRL")
	if python == "" {
		t.Skip("needs S1_TRL, a Python with torch, transformers, trl, accelerate, datasets and peft: run `make test-real`")
	}
	type answer struct {
		about, ends string
		says        []string
	}
	var asked [][]any
	var answers []answer
	for name, c := range map[string]struct {
		edit  string
		gpus  int
		check []string
	}{
		"torchrun, one machine":              {"processes = 2\n", 0, []string{"accepted 1 1 2"}},
		"torchrun, two machines":             {"nodes = 2\nhead = \"first\"\n", 8, []string{"accepted 2 2 8 c10d first:29500"}},
		"accelerate, one process":            {"starter = \"accelerate\"\n", 0, []string{"accepted 1 1 0 None", " NO no fsdp None"}},
		"accelerate, two processes":          {"starter = \"accelerate\"\nprocesses = 2\n", 0, []string{"accepted 1 2 0", "MULTI_CPU no fsdp None"}},
		"accelerate, split over eight":       {"starter = \"accelerate\"\n", 8, []string{"accepted 1 8 0", "FSDP bf16 fsdp 2"}},
		"accelerate, whole weights in eight": {"starter = \"accelerate\"\nshard = \"off\"\n", 8, []string{"accepted 1 8 0", "MULTI_GPU bf16 fsdp None"}},
		"accelerate, two machines":           {"starter = \"accelerate\"\nnodes = 2\nhead = \"first\"\n", 8, []string{"accepted 2 16 %d first 29500", "FSDP bf16 fsdp 2"}},
	} {
		rec := parsed(t, "[launch]\nbackend = \"trl\"\n"+c.edit)
		p := Python{Executable: python, GPUs: make([]GPU, c.gpus), BF16: c.gpus > 0}
		s, lacks := spread(rec, p)
		if len(lacks) > 0 {
			t.Fatal(name, LackError(lacks))
		}
		plan := &Plan{Backend: recipe.TRL, Dir: t.TempDir()}
		(&TRL{Recipe: rec, Dir: plan.Dir}).command(plan, p, s)
		if rec.Launch.Starter == "accelerate" {
			plan.Files = []File{{Name: accelerateFile, Text: accelerateConfig(rec, s)}}
		}
		if err := plan.Write(t.Context()); err != nil {
			t.Fatal(err)
		}
		if want := rec.Launch.Nodes - 1; len(plan.Others) != want {
			t.Errorf("%s: %d commands for other machines, want %d", name, len(plan.Others), want)
		}
		for rank, argv := range append([][]string{plan.Argv}, plan.Others...) {
			if argv[0] != python || argv[1] != "-m" {
				t.Fatalf("%s, machine %d: %q", name, rank, argv)
			}
			asked = append(asked, []any{argv[2], argv[3:]})
			a := answer{about: fmt.Sprintf("%s, machine %d", name, rank), ends: filepath.Join(plan.Dir, scriptFile) + " " + plan.Dir}
			for _, want := range c.check {
				if strings.Contains(want, "%d") {
					want = fmt.Sprintf(want, rank)
				}
				a.says = append(a.says, want)
			}
			answers = append(answers, a)
		}
	}
	in, err := json.Marshal(asked)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), python, "-c", acceptScript) // one for all: it loads torch
	cmd.Env, cmd.Stdin = append(os.Environ(), "HF_HUB_OFFLINE=1"), bytes.NewReader(in)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	var said []string
	for line := range strings.Lines(string(out)) {
		if text, ok := strings.CutPrefix(line, "s1-read "); ok {
			said = append(said, strings.TrimSpace(text))
		}
	}
	if len(said) != len(answers) {
		t.Fatalf("%d of %d commands were read\n%s", len(said), len(answers), out)
	}
	for i, a := range answers {
		t.Logf("%s: %s", a.about, said[i])
		for _, want := range a.says {
			if !strings.Contains(said[i], want) || !strings.HasSuffix(said[i], a.ends) {
				t.Errorf("%s: %q does not say %q, or does not end in %q", a.about, said[i], want, a.ends)
			}
		}
	}
}
