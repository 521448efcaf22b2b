package launch

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"s1/engine/whole"
	"s1/train"
	"s1/train/checkpoint"
	"s1/train/estimate"
	"s1/train/recipe"
)

// Own trains with this program, in a process of its own.
type Own struct {
	Recipe  recipe.Recipe
	Dir     string
	Program string   // this program's file
	Args    []string // of `s1 train`: the recipe's file and what was asked for beside it, without --out, --resume and --backend
	Resume  bool
	Resolve train.Resolve
}

// Check implements Launcher.
func (o *Own) Check(context.Context) ([]Lack, error) {
	if err := o.Recipe.Ready(); err != nil {
		return nil, err
	}
	if info, err := os.Stat(o.Program); err != nil || info.Mode()&0o111 == 0 {
		return []Lack{{fmt.Sprintf("this program's own file %s cannot be started", o.Program), "put s1 where it was, or start it by its full name"}}, nil
	}
	return nil, nil
}

// Outline implements Launcher.
func (o *Own) Outline(ctx context.Context) (*Plan, error) {
	lacks, err := o.Check(ctx)
	if err == nil && len(lacks) > 0 {
		err = LackError(lacks)
	}
	if err != nil {
		return nil, err
	}
	dir, err := filepath.Abs(o.Dir)
	if err != nil {
		return nil, fmt.Errorf("the run's folder %s: %w", o.Dir, err)
	}
	p := &Plan{Backend: recipe.Own, Dir: dir, Threads: o.Recipe.Train.Threads}
	p.Argv = append([]string{o.Program, "train"}, o.Args...)
	p.Argv = append(p.Argv, "--backend", recipe.Own, "--out", dir)
	if o.Resume {
		p.Argv = append(p.Argv, "--resume")
	}
	return p, nil
}

// Plan implements Launcher: it reads the model and the data as the run will, and refuses what the run would refuse.
func (o *Own) Plan(ctx context.Context) (*Plan, error) {
	p, err := o.Outline(ctx)
	if err != nil {
		return nil, err
	}
	if _, ok, err := checkpoint.Latest(filepath.Join(p.Dir, "checkpoints")); err != nil {
		return nil, err
	} else if ok && !o.Resume {
		return nil, fmt.Errorf("%s holds the checkpoints of a run: go on with it by --resume, or give another folder by --out", p.Dir)
	}
	plan, err := train.Memory(ctx, o.Recipe, train.Options{Dir: p.Dir, Resolve: o.Resolve})
	if err != nil {
		return nil, err
	}
	if free, known := estimate.FreeMemory(); known && o.Recipe.Launch.Backend != recipe.SLURM {
		if err := estimate.Check(plan, free); err != nil {
			return nil, err
		}
	}
	p.Need = estimate.Of(plan)
	p.Notes = append(p.Notes, fmt.Sprintf("it needs about %s of memory (%s)", estimate.Bytes(p.Need.Total()), p.Need))
	return p, nil
}

// Runner implements Launcher.
func (o *Own) Runner(p *Plan) Runner { return &Process{Plan: p, Signal: true} }

// Began leaves the word that Follow waits for, where the run was launched: there is a folder of the launch.
func Began(dir string, step, total int64) error {
	return leave(dir, beginFile, map[string]any{"step": step, "total": total, "world": 1, "pids": []int{os.Getpid()}})
}

// Ended leaves how the run ended, where it was launched.
func Ended(dir, state string, step, total int64) error {
	return leave(dir, endFile, map[string]any{"state": state, "step": step, "total": total})
}

func leave(dir, name string, v any) error {
	if _, err := os.Stat(filepath.Join(dir, Folder)); errors.Is(err, os.ErrNotExist) {
		return nil // nobody launched it
	}
	path := filepath.Join(dir, filepath.FromSlash(name))
	if err := whole.Write(path, filesMode, func(w io.Writer) error { return json.NewEncoder(w).Encode(v) }); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return nil
}
