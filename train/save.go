package train

import (
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"

	"s1/kernels"
	"s1/train/checkpoint"
	"s1/train/metrics"
	"s1/train/recipe"
)

// extra is what a checkpoint keeps for this package beside the position.
type extra struct {
	Sums   sums           `json:"sums"`
	Guard  *metrics.Guard `json:"guard"`
	Best   best           `json:"best"`
	NaNs   int            `json:"nans"`
	Tokens int64          `json:"tokens"`
	Drafts ownDrafts      `json:"drafts"`

	Rounding string           `json:"rounding,omitempty"` // of the machine's products
	Settings []recipe.Setting `json:"settings,omitempty"` // of the recipe, to name the one that differs
}

func (r *run) identity() checkpoint.Identity {
	return checkpoint.Identity{
		Data: r.data.hash, Recipe: r.rec.Hash(), Tokenizer: r.model.tokenizer, Shape: r.model.base + shape(r.p),
		Precision: precision(r.bf16()), Code: r.o.Code,
	}
}

func (r *run) root() string { return filepath.Join(r.o.Dir, checkpointsDir) }

// slots of a checkpoint by name. Gradients are kept only inside a step.
var slots = []struct {
	name string
	slot kernels.Slot
}{{"weight", kernels.SlotWeight}, {"moment1", kernels.SlotMoment1}, {"moment2", kernels.SlotMoment2}, {"gradient", kernels.SlotGradient}}

// arrays are what a resume needs of the trainer: what is frozen comes from the base model again.
func (r *run) arrays(each func(name string, slot kernels.Slot, p kernels.Param, spec kernels.ParamSpec)) {
	muon := map[kernels.Param]bool{}
	for _, u := range r.updates(1) {
		muon[u.Param] = u.Rule == kernels.Muon
	}
	for _, s := range slots {
		for i, spec := range r.p.Params {
			p := kernels.Param(i)
			if spec.Frozen || (s.slot == kernels.SlotMoment2 && muon[p]) || (s.slot == kernels.SlotGradient && r.at.micro == 0) {
				continue
			}
			each(s.name+"/"+spec.Name, s.slot, p, spec)
		}
	}
}

func (r *run) state() (checkpoint.State, []checkpoint.Array, error) {
	more, err := json.Marshal(extra{Sums: r.at.sums, Guard: r.at.guard, Best: r.at.best, NaNs: r.at.nans, Tokens: r.at.tokens, Drafts: r.at.drafts, Rounding: r.rounding(), Settings: r.rec.Settings()})
	if err != nil {
		return checkpoint.State{}, nil, fmt.Errorf("encode the state of the run: %w", err)
	}
	var list []checkpoint.Array
	r.arrays(func(name string, slot kernels.Slot, p kernels.Param, spec kernels.ParamSpec) {
		list = append(list, checkpoint.Array{Name: name, Shape: []int{spec.Rows, spec.Cols}, Read: func(dst []float32) { r.t.Read(slot, p, dst) }})
	})
	return checkpoint.State{Step: int(r.at.step), Micro: r.at.micro, Cursor: r.at.cursor, Seed: r.rec.Train.Seed, Extra: more, Identity: r.identity()}, list, nil
}

// save keeps where the run is.
func (r *run) save(ctx context.Context) error {
	s, list, err := r.state()
	if err != nil {
		return err
	}
	_, err = checkpoint.Save(ctx, r.root(), s, list, checkpoint.Options{Keep: max(r.rec.Checkpoint.Keep, 1)})
	r.saved = err == nil
	return err
}

// saveBest keeps the weights as they are beside the steps.
func (r *run) saveBest(ctx context.Context) error {
	s, list, err := r.state()
	if err != nil {
		return err
	}
	_, err = checkpoint.SaveBest(ctx, r.root(), s, list)
	return err
}

// loadBest takes the weights that were kept.
func (r *run) loadBest() error {
	dir, ok, err := checkpoint.LatestNamed(r.root(), checkpoint.BestName)
	if err != nil || !ok {
		return fmt.Errorf("the best weights of step %d are not in %s: %w", r.at.best.Step, r.root(), err)
	}
	l, err := checkpoint.Open(dir)
	if err != nil {
		return err
	}
	defer l.Close()
	for i, spec := range r.p.Params {
		if spec.Frozen {
			continue
		}
		values := make([]float32, spec.Elements())
		if err := l.Read("weight/"+spec.Name, values); err != nil {
			return err
		}
		r.t.Write(kernels.SlotWeight, kernels.Param(i), values)
	}
	return nil
}

// stop saves and ends the steps. A run whose numbers are none any more keeps what was saved before they were lost.
func (r *run) stop(ctx context.Context) error {
	if r.at.nans > 0 || metrics.Number(r.at.sums.Loss) == nil || metrics.Number(r.at.sums.Entropy) == nil {
		r.o.Say("stopped in step %d of %d, and not saved, because its loss is no number; %s", r.at.step+1, r.total, checkpoint.Intact(r.root()))
		return errStopped
	}
	if err := r.save(ctx); err != nil {
		return err
	}
	r.o.Say("stopped in step %d of %d and saved; --resume goes on from here", r.at.step+1, r.total)
	return errStopped
}
