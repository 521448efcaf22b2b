package train

import (
	"context"

	"s1/engine"
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

func openData(ctx context.Context, rec recipe.Recipe, m *model, say func(string, ...any)) (*data, error) {
	if rec.Data.Kind == recipe.Tape {
		return tapeData(ctx, rec)
	}
	return rowsData(ctx, rec, m, say)
}

// rowsData reads files of rows with the model's tokenizer, template and think format.
func rowsData(ctx context.Context, rec recipe.Recipe, m *model, say func(string, ...any)) (*data, error) {
	t, err := engine.TokenizerOf(m.file)
	if err != nil {
		return nil, err
	}
	defer t.Close()
	rows, err := dataset.OpenRows(ctx, t, RowsOptions(rec, m.config.Context))
	if err != nil {
		return nil, err
	}
	say("%s", rows.Report())
	held := rows.HeldOut()
	if n := rec.Eval.HeldOutRows; n > 0 && n < len(held) {
		held = held[:n]
	}
	return &data{source: rows, heldOut: held, hash: rows.Hash()}, nil
}

// RowsOptions says how a recipe's rows become documents, for a model of so many positions.
func RowsOptions(rec recipe.Recipe, context int) dataset.RowsOptions {
	d, block := rec.Data, rec.Data.Block
	if block == 0 {
		block = context
	}
	return dataset.RowsOptions{
		Files: d.Files, HeldOutFile: d.HeldOut.File, HeldOutShare: d.HeldOut.Share, Block: min(block, rec.MicroRows(context)), OverLong: d.OverLong,
		ThinkFormat: d.ThinkFormat, Template: d.Template, System: d.System, Turns: d.Turns, TokenWeights: d.Weights, Seed: rec.Train.Seed,
	}
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
