package train

import (
	"context"
	"fmt"

	"s1/train/dataset"
	"s1/train/recipe"
)

// data is what is trained on and what the loss is measured on.
type data struct {
	source  dataset.Source
	heldOut []dataset.Example
	tape    *dataset.Tape // of generated data
	hash    string        // of what the run began with: drafts that come later are the run's own
}

// heldOutSeed begins a stream of the generator that training never reads.
const heldOutSeed = 0x68656c64

func openData(ctx context.Context, rec recipe.Recipe, _ *model) (*data, error) {
	switch rec.Data.Kind {
	case recipe.Tape:
		return tapeData(ctx, rec)
	}
	return nil, fmt.Errorf("data of kind %q", rec.Data.Kind)
}

func tapeData(ctx context.Context, rec recipe.Recipe) (*data, error) {
	t, err := dataset.NewTape(rec.Data.Tape)
	if err != nil {
		return nil, err
	}
	d := &data{source: t, tape: t, hash: t.Hash()}
	if rec.Eval.Every == 0 {
		return d, nil
	}
	c := rec.Data.Tape
	c.Seed ^= heldOutSeed
	c.Curriculum = 0
	other, err := dataset.NewTape(c)
	if err != nil {
		return nil, err
	}
	for i := range int64(max(rec.Eval.HeldOutRows, 1)) {
		e, err := other.At(ctx, i)
		if err != nil {
			return nil, err
		}
		d.heldOut = append(d.heldOut, e)
	}
	return d, nil
}
