package train

import (
	"fmt"
	"path/filepath"

	"s1/train/export"
	"s1/train/recipe"
)

// made is the recipe of a run as its checkpoint kept it.
type made struct {
	hash     string
	settings []recipe.Setting
}

// card is the model card of a result.
func (r *run) card() export.Card {
	was := r.made
	if was == nil {
		was = &made{hash: r.rec.Hash(), settings: r.rec.Settings()}
	}
	c := export.Card{
		Name: filepath.Base(r.o.Dir), Base: r.rec.Model.Base, Method: r.method(), Code: r.o.Code, Seed: r.rec.Train.Seed,
		Steps: r.at.step, Tokens: r.at.tokens, HowToRun: "s1 run -m " + filepath.Join(r.o.Dir, modelDir),
		Hashes: []export.Fact{{Name: "recipe", Value: was.hash}, {Name: "data", Value: r.data.hash}, {Name: "tokenizer", Value: r.model.tokenizer}},
	}
	for _, s := range was.settings {
		c.Recipe += s.Key + " = " + s.Value + "\n"
	}
	if r.model.base != "" {
		c.Hashes = append(c.Hashes, export.Fact{Name: "base", Value: r.model.base})
	}
	return c
}

func (r *run) method() string {
	switch {
	case r.rec.Model.Scratch():
		return "from nothing"
	case r.rec.LoRA.Rank > 0:
		return fmt.Sprintf("LoRA of rank %d", r.rec.LoRA.Rank)
	case len(r.rec.Freeze.Patterns) > 0:
		return "fine-tuning of a part"
	}
	return "full fine-tuning"
}
