package train

import (
	"context"
	"errors"
	"fmt"

	"s1/engine"
	"s1/train/dataset"
	"s1/train/recipe"
)

// data is what is trained on and what the loss is measured on.
type data struct {
	source  dataset.Source
	heldOut []dataset.Example
	tape    *dataset.Tape // of generated data
	longest int           // most rows that a document of it takes
	hash    string        // of what the run began with: drafts that come later are the run's own
}

func openData(ctx context.Context, rec recipe.Recipe, m *model, say func(string, ...any)) (*data, error) {
	if rec.Data.Kind == recipe.Tape {
		return tapeData(rec, m.config.Context)
	}
	d, err := rowsData(ctx, rec, m, say)
	if err == nil && rec.Eval.Every > 0 && len(d.heldOut) == 0 {
		return nil, fmt.Errorf("eval.every is %d, but no rows are kept to measure on: give data.held_out, a file or a share such as 0.05", rec.Eval.Every)
	}
	return d, err
}

// rowsData reads files of rows with the model's tokenizer, template and think format.
func rowsData(ctx context.Context, rec recipe.Recipe, m *model, say func(string, ...any)) (*data, error) {
	rec, err := within(rec, m, say)
	if err != nil {
		return nil, err
	}
	t, err := engine.TokenizerOf(m.file)
	if err != nil {
		return nil, err
	}
	defer t.Close()
	o := RowsOptions(rec, m.config.Context)
	rows, err := dataset.OpenRows(ctx, t, o)
	if err != nil {
		return nil, tooLong(err, rec, o.Block)
	}
	if err := known(rows, m); err != nil {
		return nil, err
	}
	say("%s", rows.Report())
	held := rows.HeldOut()
	if n := rec.Eval.HeldOutRows; n > 0 && n < len(held) {
		held = held[:n]
	}
	return &data{source: rows, heldOut: held, longest: rows.Report().Longest, hash: rows.Hash()}, nil
}

// within is a recipe whose block the model's positions hold.
func within(rec recipe.Recipe, m *model, say func(string, ...any)) (recipe.Recipe, error) {
	rec, said, err := rec.Within(m.config.Context)
	if said != "" {
		say("%s", said)
	}
	return rec, err
}

// tooLong names what makes rows over-long, where that is not the block.
func tooLong(err error, rec recipe.Recipe, block int) error {
	var e *dataset.OverLongError
	if !errors.As(err, &e) || rec.Train.MicroTokens != block || rec.Data.Block == block {
		return err
	}
	return fmt.Errorf("%d of %d rows have more tokens than a micro-batch, train.micro_tokens = %d, the longest %d (%s): raise micro_tokens, or say over_long = \"drop\" or \"cut\"",
		e.Documents, e.Of, block, e.Tokens, e.Longest)
}

// known refuses rows with tokens that the model has no row for: its tokenizer is another model's, or of another size.
func known(rows *dataset.Rows, m *model) error {
	for _, list := range [][]dataset.Example{rows.Train(), rows.HeldOut()} {
		for _, e := range list {
			for _, id := range e.IDs {
				if int(id) >= m.config.Vocab {
					return fmt.Errorf("%s: it has token %d, and the model knows %d tokens: its tokenizer belongs to another model", e.Name, id, m.config.Vocab)
				}
			}
		}
	}
	return nil
}

// RowsOptions says how a recipe's rows become documents, for a model of so many positions.
func RowsOptions(rec recipe.Recipe, context int) dataset.RowsOptions {
	d, block := rec.Data, rec.MicroRows(context)
	if rec.Data.Block > 0 {
		block = min(block, rec.Data.Block)
	}
	return dataset.RowsOptions{
		Files: d.Files, HeldOutFile: d.HeldOut.File, HeldOutShare: d.HeldOut.Share, Block: min(block, context), OverLong: d.OverLong,
		ThinkFormat: d.ThinkFormat, Template: d.Template, System: d.System, Turns: d.Turns, TokenWeights: d.Weights, AllowLost: d.LostBytes == "allow", Seed: rec.Train.Seed,
	}
}

func tapeData(rec recipe.Recipe, positions int) (*data, error) {
	t, err := dataset.NewTape(rec.Data.Tape)
	if err != nil {
		return nil, err
	}
	d := &data{source: t, tape: t, longest: positions, hash: t.Hash()}
	if rec.Eval.Every > 0 {
		n := rec.Eval.HeldOutRows
		if n == 0 {
			n = recipe.HeldOutTapes
		}
		d.heldOut = t.HeldOut(n)
	}
	return d, nil
}
