package launch

import (
	"context"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"s1/train/recipe"
)

const (
	batchFile = "launch/job.sbatch"
	nodeFile  = "launch/node.sh"
	jobFile   = "launch/slurm.json"
)

// SLURM queues another launcher's run on a cluster. Dir must lie in a folder that all its machines share.
type SLURM struct {
	Recipe recipe.Recipe
	Inner  Launcher // Own or TRL
	Name   string   // of the job
}

// slurmTime bounds a question to the cluster: a controller that is down answers after minutes.
const slurmTime = time.Minute

// Check implements Launcher.
func (s *SLURM) Check(ctx context.Context) ([]Lack, error) {
	var missing []string
	for _, name := range []string{"sbatch", "squeue", "scancel", "scontrol"} {
		if _, err := exec.LookPath(name); err != nil {
			missing = append(missing, name)
		}
	}
	var out []Lack
	if len(missing) > 0 {
		out = append(out, Lack{"this machine has no " + strings.Join(missing, ", "), "run this where the cluster's jobs are submitted"})
	} else {
		out = append(out, s.partition(ctx)...)
	}
	inner, err := s.Inner.Check(ctx)
	return append(out, inner...), err
}

// partition asks whether the cluster answers and has the partition.
func (s *SLURM) partition(ctx context.Context) []Lack {
	text, err := command(ctx, "sinfo", "--noheader", "--format=%R")
	if err != nil {
		return []Lack{{err.Error(), "ask whether the cluster's controller is up: scontrol ping"}}
	}
	names := strings.Fields(text)
	want := s.Recipe.Launch.Slurm.Partition
	for _, n := range names {
		if want == "" || n == want {
			return nil
		}
	}
	if want == "" {
		return []Lack{{"the cluster has no partition that you may use", ""}}
	}
	return []Lack{{fmt.Sprintf("the cluster has no partition %q", want), "launch.slurm.partition may be " + strings.Join(names, ", ")}}
}

// Outline implements Launcher.
func (s *SLURM) Outline(ctx context.Context) (*Plan, error) {
	_, p, err := s.around(ctx, s.Inner.Outline)
	return p, err
}

// Plan implements Launcher.
func (s *SLURM) Plan(ctx context.Context) (*Plan, error) {
	inner, p, err := s.around(ctx, s.Inner.Plan)
	if err != nil {
		return nil, err
	}
	p.Files = append(append([]File{}, inner.Files...),
		File{Name: batchFile, Text: s.script(inner, inner.Backend == recipe.Own)},
		File{Name: nodeFile, Text: nodeScript(inner)})
	return p, nil
}

// around is what would be submitted, without its files, and the plan that runs in it.
func (s *SLURM) around(ctx context.Context, plan func(context.Context) (*Plan, error)) (inner, outer *Plan, err error) {
	lacks, err := s.Check(ctx)
	if err == nil && len(lacks) > 0 {
		err = LackError(lacks)
	}
	if err != nil {
		return nil, nil, err
	}
	if inner, err = plan(ctx); err != nil {
		return nil, nil, err
	}
	if strings.Trim(inner.Dir, plain) != "" || strings.Contains(inner.Dir, "%") { // sbatch takes % for patterns and cuts at spaces
		return nil, nil, LackError{{fmt.Sprintf("the run's folder %q has characters that sbatch takes for something else", inner.Dir), "choose one of letters, digits, - and _: --out"}}
	}
	p := *inner
	p.Backend = recipe.SLURM
	p.Notes = append([]string{}, inner.Notes...)
	if inner.Backend == recipe.Own && s.Recipe.Launch.Slurm.GPUs > 0 {
		p.Notes = append(p.Notes, "launch.slurm.gpus: the own trainer computes on the CPU; the GPUs would stand idle")
	}
	p.Inside = inner.Argv
	p.Argv, p.Env, p.Others, p.Files = []string{"sbatch", "--parsable", p.at(batchFile)}, nil, nil, nil
	return inner, &p, nil
}

// nodeScript is what each machine runs. $1 is the first machine.
func nodeScript(inner *Plan) string {
	var b strings.Builder
	b.WriteString("#!/bin/bash\n# One machine's part of the run; the batch script starts it on each.\nhead=$1\nshift\n")
	for _, e := range inner.Env {
		fmt.Fprintf(&b, "export %s\n", quoteWord(e))
	}
	b.WriteString("exec " + variables(inner.Argv) + " \"$@\"\n")
	return b.String()
}

// variables quotes words for a script in which $head and $SLURM_NODEID are known.
func variables(words []string) string {
	out := make([]string, len(words))
	for i, w := range words {
		if strings.Contains(w, "$head") || strings.Contains(w, "$SLURM_NODEID") {
			out[i] = `"` + w + `"` // ours: nothing else in it needs quotes
			continue
		}
		out[i] = quoteWord(w)
	}
	return strings.Join(out, " ")
}

// Runner implements Launcher.
func (s *SLURM) Runner(p *Plan) Runner { return &Queue{Plan: p} }

// command runs one of SLURM's programs and returns what it prints.
func command(ctx context.Context, name string, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, slurmTime)
	defer cancel()
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.WaitDelay = time.Second
	out, errs := limited{most: probeBytes}, limited{most: probeBytes}
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Run(); err != nil {
		if ctx.Err() != nil {
			err = ctx.Err()
		}
		if said := lastLine(errs.String()); said != "" {
			return "", fmt.Errorf("%s: %w: %s", filepath.Base(name), err, said)
		}
		return "", fmt.Errorf("%s: %w", filepath.Base(name), err)
	}
	return strings.TrimSpace(out.String()), nil
}
