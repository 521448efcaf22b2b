package cli

import (
	"errors"
	"path/filepath"

	"s1/sessions/jobs"
	"s1/train"
	"s1/train/metrics"
	"s1/train/recipe"
)

// recipeOf is a recipe with a model and data put over its own, where they are given.
func recipeOf(name, model, data string) (recipe.Recipe, error) {
	rec, err := recipe.Load(name)
	if err != nil {
		return rec, err
	}
	if model != "" {
		rec.Model.Base, rec.Model.Hidden = model, 0
	}
	if data != "" {
		rec.Data.Kind, rec.Data.Files = recipe.Rows, []string{data}
	}
	return rec, rec.Validate()
}

// trainJob is the job that this training is, if it is one: it tells of itself.
type trainJob struct {
	pen   *jobs.Writer // nil: it is none
	total int64
}

func (a *app) trainJob(dir string) (*trainJob, error) {
	pen, err := jobs.Inside()
	if err != nil {
		return nil, err
	}
	pen.Results(filepath.Join(dir, metrics.FileName))
	return &trainJob{pen: pen}, nil
}

func (j *trainJob) begin(done, total int64) {
	j.total = total
	j.pen.Progress(jobs.Progress{Done: done, Total: total, Unit: "step"})
}

func (j *trainJob) step(s metrics.Step) {
	p := jobs.Progress{Done: int64(s.Step), Total: j.total, Unit: "step"}
	if s.ETASeconds != nil {
		p.Left = *s.ETASeconds
	}
	j.pen.Progress(p)
}

// end is the last word of the job. What the training ended with stays the error.
func (j *trainJob) end(r train.Result, err error) error {
	switch {
	case err != nil:
		return errors.Join(err, j.pen.End(jobs.Failed, 1, err.Error()))
	case r.Stopped:
		return j.pen.End(jobs.Stopped, 0, "")
	}
	return j.pen.End(jobs.Done, 0, "")
}
