package train

import (
	"context"
	"fmt"

	"s1/engine"
	"s1/engine/arch"
	"s1/engine/builtin"
	"s1/engine/tokenizer"
	"s1/engine/weights"
	"s1/kernels"
	"s1/train/dataset"
	"s1/train/export"
	"s1/train/net"
	"s1/train/recipe"
)

// Handover is what another trainer needs to run a recipe: a Hugging Face folder to begin from, and the rows as ids with their
// masks, so that it trains on the same tokens as this program would.
type Handover struct {
	rec   recipe.Recipe
	model *model
	rows  *dataset.Rows
	tok   *tokenizer.Tokenizer
	block int
}

// OpenHandover opens the model and reads the rows of a recipe. The caller must Close it.
func OpenHandover(ctx context.Context, rec recipe.Recipe, resolve Resolve) (h *Handover, err error) {
	if err := rec.Ready(); err != nil {
		return nil, err
	}
	if rec.Data.Kind != recipe.Rows {
		return nil, fmt.Errorf("data.kind is %q: only the own trainer has that generator; give rows, or launch.backend = %q", rec.Data.Kind, recipe.Own)
	}
	h = &Handover{rec: rec}
	defer func() {
		if err != nil {
			h.Close()
		}
	}()
	if h.model, err = openModel(ctx, rec, resolve); err != nil {
		return nil, err
	}
	if h.tok, err = engine.TokenizerOf(h.model.file); err != nil {
		return nil, err
	}
	if rec, err = within(rec, h.model, func(string, ...any) {}); err != nil { // what starts it says Block
		return nil, err
	}
	h.rec = rec
	o := RowsOptions(rec, h.model.config.Context)
	h.block = o.Block
	if h.rows, err = dataset.OpenRows(ctx, h.tok, o); err != nil {
		return nil, tooLong(err, rec, o.Block)
	}
	return h, known(h.rows, h.model)
}

// Close closes the model.
func (h *Handover) Close() {
	if h.tok != nil {
		_ = h.tok.Close()
	}
	if h.model != nil {
		h.model.close()
	}
}

// Config is the model's.
func (h *Handover) Config() arch.Config { return h.model.config }

// Rows are the documents, held-out ones too.
func (h *Handover) Rows() *dataset.Rows { return h.rows }

// Block is the most tokens of a document.
func (h *Handover) Block() int { return h.block }

// Text is what tokens say.
func (h *Handover) Text(ids []int32) string { return string(h.tok.Text(ids)) }

// Tokenizer is the hash of the tokenizer.
func (h *Handover) Tokenizer() string { return h.model.tokenizer }

// Pad is a token that may fill a row up, where nothing has a loss.
func (h *Handover) Pad() int32 {
	id, _ := h.tok.EOS() // without one: token 0
	return id
}

// Folder is the base's own folder, "" where Base must write one: the base is a GGUF file, the built-in model, or a new model.
func (h *Handover) Folder() string {
	if h.rec.Model.Scratch() || h.model.file.Kind == weights.KindGGUF || h.rec.Model.Base == builtin.Name {
		return ""
	}
	return h.model.file.Path
}

// Base writes the model that the run begins from as a folder. A new one has the weights that the own trainer would begin with.
func (h *Handover) Base(ctx context.Context, dir string) error {
	params := h.model.params
	if params == nil {
		rec := h.rec
		rec.LoRA.Rank, rec.Freeze.Patterns = 0, nil
		p, err := h.model.program(rec)
		if err != nil {
			return err
		}
		first, index := net.Init(p, rec.Train.Seed, rec.Model.InitStd), map[string]int{}
		for i, s := range p.Params {
			index[s.Name] = i
		}
		params = func(name string) ([]float32, error) {
			i, ok := index[name]
			if !ok {
				return nil, fmt.Errorf("the new model has no parameter %s", name)
			}
			return first(kernels.Param(i)), nil
		}
	}
	people, at, _ := baseNames(h.rec.Model.Base, "")
	m := export.Model{
		Config: h.model.config, Params: params, Tokenizer: h.model.text, Generation: h.model.generation,
		Card: export.Card{Name: "what a run begins from", Base: people, Hub: at},
	}
	return export.Folder(ctx, dir, m, export.Options{Type: kernels.F32, Replace: true})
}

// Steps is the number of optimizer steps.
func (h *Handover) Steps(ctx context.Context) (int64, error) {
	if h.rec.Train.Steps > 0 {
		return h.rec.Train.Steps, nil
	}
	return dataset.Batch{Rows: h.rec.Train.BatchRows, Tokens: h.rec.Train.BatchTokens}.Steps(ctx, h.rows, h.rec.Train.Epochs)
}
