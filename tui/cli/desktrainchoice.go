package cli

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"s1/sessions/jobs"
	"s1/train/recipe"
	"s1/train/recipes"
	tuiapp "s1/tui/app"
)

func outOf(c tuiapp.TrainChoice) string {
	if c.Out == "" {
		return runFolder(c.Recipe)
	}
	return c.Out
}

// argvOf is the command of a choice, without the program.
func argvOf(c tuiapp.TrainChoice) []string {
	argv := []string{"train", c.Recipe, "--out", outOf(c)}
	for _, o := range [][2]string{{"--model", c.Model}, {"--data", c.Data}, {"--backend", c.Backend}, {"--python", c.Python}} {
		if o[1] != "" {
			argv = append(argv, o[:]...)
		}
	}
	for _, pin := range pinsOf(c) {
		argv = append(argv, "--pin", pin)
	}
	return argv
}

// pinsOf are the pinned questions of a choice.
func pinsOf(c tuiapp.TrainChoice) []string {
	return strings.FieldsFunc(c.Pins, func(r rune) bool { return r == '\n' })
}

// flagsOf are the flags that the command of a choice would have.
func flagsOf(c tuiapp.TrainChoice) trainFlags {
	return trainFlags{
		out: outOf(c), model: c.Model, data: c.Data, backend: c.Backend, python: c.Python, pins: pinsOf(c),
		typed: func(string) bool { return false }, // the form has no field for the others
	}
}

// recipeOfChoice is the recipe with what was chosen put over it, as the command will.
func recipeOfChoice(c tuiapp.TrainChoice) (recipe.Recipe, error) {
	f := flagsOf(c)
	return (&app{}).recipe(&f, c.Recipe)
}

// recipeOfJob is the recipe of a job as its command has it, read by the command's own flags. What it names by a relative path lies
// in the folder that the job was started in, which need not be this program's.
func recipeOfJob(j *jobs.Job) (rec recipe.Recipe, err error) {
	if len(j.Argv) < 3 {
		return rec, fmt.Errorf("%s has the command %q, want s1 train RECIPE", j.ID, j.Argv)
	}
	a := &app{}
	cmd, words, err := newRoot(a).Find(j.Argv[1:])
	if err == nil {
		err = cmd.ParseFlags(words)
	}
	if err == nil && (cmd.Name() != "train" || cmd.Flags().NArg() != 1) {
		err = fmt.Errorf("want s1 train RECIPE")
	}
	if err != nil {
		return rec, fmt.Errorf("the command of %s, %q: %w", j.ID, j.Argv, err)
	}
	p := cmd.Flags()
	f := trainFlags{out: j.Out, typed: p.Changed}
	for name, at := range map[string]*string{"model": &f.model, "data": &f.data, "backend": &f.backend, "python": &f.python} {
		*at, err = p.GetString(name)
		if err != nil {
			return rec, err
		}
	}
	for name, at := range map[string]*int64{"steps": &f.steps, "save-every": &f.saveEvery} {
		if *at, err = p.GetInt64(name); err != nil {
			return rec, err
		}
	}
	if f.threads, err = p.GetInt("threads"); err != nil {
		return rec, err
	}
	if f.pins, err = p.GetStringArray("pin"); err != nil {
		return rec, err
	}
	file := p.Arg(0)
	if _, preset := recipes.Text(file); !preset {
		file = inFolder(j.Dir, file)
	}
	f.data = inFolder(j.Dir, f.data)
	if strings.Contains(f.python, "/") { // else a program of PATH
		f.python = inFolder(j.Dir, f.python)
	}
	if rec, err = a.recipe(&f, file); err != nil {
		return rec, err
	}
	for _, m := range []*string{&rec.Model.Base, &rec.Model.Tokenizer} {
		*m = modelIn(j.Dir, *m)
	}
	return rec, nil
}

// inFolder is a path as somebody in a folder means it.
func inFolder(dir, path string) string {
	if path == "" || filepath.IsAbs(path) {
		return path
	}
	return filepath.Join(dir, path)
}

// modelIn is inFolder for a model, which may be a name as well: a path only where it leads to something.
func modelIn(dir, model string) string {
	path := inFolder(dir, model)
	if _, err := os.Stat(path); model == "" || err != nil {
		return model
	}
	return path
}
