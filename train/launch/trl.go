package launch

import (
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"path/filepath"
	"strconv"

	"s1/train"
	"s1/train/estimate"
	"s1/train/recipe"
)

//go:embed python/train.py
var trainScript string

const (
	scriptFile     = "launch/train.py"
	accelerateFile = "launch/accelerate.yaml"
	baseFolder     = "launch/base"
)

// TRL trains with TRL's SFTTrainer, in processes that torchrun or accelerate starts.
type TRL struct {
	Recipe  recipe.Recipe
	Dir     string // the run's folder
	Resume  bool
	Resolve train.Resolve
	Python  *Python // what the interpreter has; nil = it is asked, once
}

// ask probes the interpreter, once.
func (t *TRL) ask(ctx context.Context) (Python, error) {
	if t.Python == nil {
		p, err := ProbePython(ctx, t.Recipe.Launch.Interpreter())
		if err != nil {
			return Python{}, err
		}
		t.Python = &p
	}
	return *t.Python, nil
}

// Check implements Launcher.
func (t *TRL) Check(ctx context.Context) ([]Lack, error) {
	if err := t.Recipe.Ready(); err != nil {
		return nil, err
	}
	out := unable(t.Recipe)
	if t.Recipe.Data.Kind != recipe.Rows {
		out = append(out, Lack{fmt.Sprintf("data.kind is %q, and only the own trainer has that generator", t.Recipe.Data.Kind), "give rows, or use the own trainer"})
	}
	if l := t.Recipe.Launch; l.Backend == recipe.TRL && l.Nodes > 1 && l.Head == "" {
		out = append(out, Lack{fmt.Sprintf("launch.nodes is %d, and the machines do not know where to meet", l.Nodes), "give launch.head, the name or address of the first one"})
	}
	p, err := t.ask(ctx)
	if err != nil {
		return append(out, Lack{err.Error(), "name a Python that has torch, transformers, trl and accelerate: launch.python in the recipe, or --python"}), nil
	}
	if lacks := p.lacks(t.Recipe.LoRA.Rank > 0); len(lacks) > 0 {
		return append(out, lacks...), nil
	}
	_, lacks := spread(t.Recipe, p)
	return append(out, lacks...), nil
}

// trlPlan is launch/plan.json, which the script reads.
type trlPlan struct {
	Base          string            `json:"base"`
	Versions      map[string]string `json:"versions"`
	Arguments     map[string]any    `json:"arguments"`
	DtypeArgument string            `json:"dtype_argument"`
	Pad           int32             `json:"pad"`
	HeldOut       bool              `json:"held_out"`
	LoRA          map[string]any    `json:"lora"`
	Freeze        []string          `json:"freeze"`
	Threads       int               `json:"threads"`
	Resume        bool              `json:"resume"`
	Identity      map[string]string `json:"identity"` // what the run computes: a resume of another is refused
}

// Outline implements Launcher.
func (t *TRL) Outline(ctx context.Context) (*Plan, error) {
	lacks, err := t.Check(ctx)
	if err != nil {
		return nil, err
	}
	if len(lacks) > 0 {
		return nil, LackError(lacks)
	}
	python, err := t.ask(ctx)
	if err != nil {
		return nil, err
	}
	dir, err := filepath.Abs(t.Dir)
	if err != nil {
		return nil, fmt.Errorf("the run's folder %s: %w", t.Dir, err)
	}
	s, _ := spread(t.Recipe, python)
	p := &Plan{Backend: recipe.TRL, Dir: dir, Notes: notes(t.Recipe), Threads: t.threads(s)}
	t.command(p, python, s)
	return p, nil
}

// Plan implements Launcher.
func (t *TRL) Plan(ctx context.Context) (*Plan, error) {
	p, err := t.Outline(ctx)
	if err != nil {
		return nil, err
	}
	python, err := t.ask(ctx)
	if err != nil {
		return nil, err
	}
	dir := p.Dir
	h, err := train.OpenHandover(ctx, t.Recipe, t.Resolve)
	if err != nil {
		return nil, err
	}
	defer h.Close()
	if err := trainable(h); err != nil {
		return nil, err
	}
	steps, err := h.Steps(ctx)
	if err != nil {
		return nil, err
	}
	s, _ := spread(t.Recipe, python)
	need := ranks(h, t.Recipe, s)
	if err := fits(need, t.Recipe, python, s); err != nil {
		return nil, err
	}
	p.Need, p.Notes = estimate.OfRank(need), append(p.Notes, estimate.RankWords(need))
	if bad := h.Rows().Report().Bad; bad > 0 {
		p.Notes = append(p.Notes, fmt.Sprintf("%d rows are marked bad (label false) and left out", bad))
	}
	base := h.Folder()
	if base == "" {
		base = filepath.Join(dir, filepath.FromSlash(baseFolder))
		p.before = append(p.before, func(ctx context.Context) error { return t.writeBase(ctx, base) })
	}
	held := t.Recipe.Eval.Every > 0 && len(h.Rows().HeldOut()) > 0
	spec := trlPlan{
		Base: base, Versions: map[string]string{}, Arguments: arguments(t.Recipe, python, s, h.Block(), steps, held), DtypeArgument: "dtype", Pad: h.Pad(),
		HeldOut: held, Freeze: t.Recipe.Freeze.Patterns, Threads: p.Threads, Resume: t.Resume,
		Identity: map[string]string{"recipe": t.Recipe.Hash(), "data": h.Rows().Hash(), "tokenizer": h.Tokenizer()},
	}
	if err := t.sameRun(dir, spec.Identity); err != nil {
		return nil, err
	}
	if python.Major("transformers") < 5 {
		spec.DtypeArgument = "torch_dtype"
	}
	for _, name := range needed {
		spec.Versions[name] = python.Versions[name]
	}
	if spec.Freeze == nil {
		spec.Freeze = []string{}
	}
	if l := t.Recipe.LoRA; l.Rank > 0 {
		targets := any(l.Targets)
		if len(l.Targets) == 1 && l.Targets[0] == "all-linear" {
			targets = "all-linear"
		}
		spec.LoRA = map[string]any{"r": l.Rank, "lora_alpha": l.Alpha, "lora_dropout": l.Dropout, "target_modules": targets, "use_rslora": l.RSLoRA, "bias": "none"}
	}
	text, err := json.MarshalIndent(spec, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("write the plan: %w", err)
	}
	p.Files = append(p.Files, File{Name: planFile, Text: string(text) + "\n"}, File{Name: scriptFile, Text: trainScript}, rowsOf(h, rowsFile, h.Rows().Train()))
	if held {
		list := h.Rows().HeldOut()
		if n := t.Recipe.Eval.HeldOutRows; n > 0 && n < len(list) {
			list = list[:n]
		}
		p.Files = append(p.Files, rowsOf(h, heldFile, list))
	}
	if t.Recipe.Launch.Starter == "accelerate" {
		p.Files = append(p.Files, File{Name: accelerateFile, Text: accelerateConfig(t.Recipe, s)})
	}
	return p, nil
}

// sameRun refuses to mix two runs in a folder: a new one over checkpoints, and the resume of a run that computed something else.
func (t *TRL) sameRun(dir string, identity map[string]string) error {
	checkpoints, err := filepath.Glob(filepath.Join(dir, "trl", "checkpoint-*"))
	if err != nil {
		return fmt.Errorf("look for checkpoints in %s: %w", dir, err)
	}
	if len(checkpoints) == 0 {
		return nil
	}
	if !t.Resume {
		return fmt.Errorf("%s holds the checkpoints of a run: go on with it by --resume, or give another folder by --out", dir)
	}
	var was trlPlan
	if err := readJSON(filepath.Join(dir, filepath.FromSlash(planFile)), &was); err != nil {
		return fmt.Errorf("the run in %s cannot be gone on with, because its plan cannot be read: %w", dir, err)
	}
	for _, key := range []string{"recipe", "data", "tokenizer"} {
		if was.Identity[key] != identity[key] {
			return fmt.Errorf("the run in %s had another %s: going on would be neither of the two; give another folder by --out", dir, key)
		}
	}
	return nil
}

// writeBase opens the model again: the plan may be written long after it was made.
func (t *TRL) writeBase(ctx context.Context, dir string) error {
	h, err := train.OpenHandover(ctx, t.Recipe, t.Resolve)
	if err != nil {
		return err
	}
	defer h.Close()
	return h.Base(ctx, dir)
}

// threads are those of one process, 0 = torch's choice.
func (t *TRL) threads(s shape) int {
	if t.Recipe.Train.Threads == 0 {
		return 0
	}
	return max(1, t.Recipe.Train.Threads/s.processes)
}

// environment is what the processes find: everything is local, and every line is seen at once.
func environment(threads int) []string {
	env := []string{"HF_HUB_OFFLINE=1", "HF_DATASETS_OFFLINE=1", "TOKENIZERS_PARALLELISM=false", "PYTHONUNBUFFERED=1"}
	if threads > 0 {
		env = append(env, "OMP_NUM_THREADS="+strconv.Itoa(threads))
	}
	return env
}

// command puts together what starts the processes of one machine, and what starts those of the others.
func (t *TRL) command(p *Plan, python Python, s shape) {
	l := t.Recipe.Launch
	p.Env = environment(p.Threads)
	interpreter := python.Executable
	if interpreter == "" {
		interpreter = python.Asked
	}
	of := func(rank string) []string {
		head, port := l.Head, strconv.Itoa(l.Port)
		if l.Backend == recipe.SLURM {
			head = "$head" // the batch script knows its first node
		}
		var argv []string
		switch {
		case l.Starter == "accelerate":
			argv = []string{interpreter, "-m", "accelerate.commands.launch", "--config_file", p.at(accelerateFile), "--num_processes", strconv.Itoa(s.world())}
			if s.nodes > 1 {
				argv = append(argv, "--num_machines", strconv.Itoa(s.nodes), "--machine_rank", rank, "--main_process_ip", head, "--main_process_port", port)
			}
		case s.nodes > 1:
			argv = []string{
				interpreter, "-m", "torch.distributed.run", "--nnodes", strconv.Itoa(s.nodes), "--nproc-per-node", strconv.Itoa(s.processes), "--node-rank", rank,
				"--rdzv-id", strconv.Itoa(l.Port), "--rdzv-backend", "c10d", "--rdzv-endpoint", head + ":" + port, "--rdzv-conf", "read_timeout=420",
			}
		default:
			argv = []string{interpreter, "-m", "torch.distributed.run", "--standalone", "--nnodes", "1", "--nproc-per-node", strconv.Itoa(s.processes)}
		}
		return append(argv, p.at(scriptFile), p.Dir)
	}
	p.Argv = of("0")
	if l.Backend == recipe.SLURM {
		p.Argv = of("$SLURM_NODEID")
		return
	}
	for rank := 1; rank < s.nodes; rank++ {
		p.Others = append(p.Others, of(strconv.Itoa(rank)))
	}
	if s.nodes > 1 {
		p.Notes = append(p.Notes, fmt.Sprintf("%d machines: %s must be a folder that all of them share; the commands of the others are to be started there", s.nodes, p.Dir))
	}
}

// Runner implements Launcher.
func (t *TRL) Runner(p *Plan) Runner { return &Process{Plan: p, Lock: filepath.Join(p.Dir, "trl")} }
