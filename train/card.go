package train

import (
	"fmt"
	"path/filepath"
	"strings"

	"s1/engine/builtin"
	"s1/engine/weights/hub"
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
	people, at, _ := baseNames(r.rec.Model.Base, "")
	c := export.Card{
		Name: filepath.Base(r.o.Dir), Base: people, Hub: at, Method: r.method(), Code: r.o.Code, Seed: r.rec.Train.Seed,
		Steps: r.at.step, Tokens: r.at.tokens, HowToRun: "s1 run -m " + filepath.Join(r.o.Dir, modelDir),
		Hashes: []export.Fact{{Name: "recipe", Value: was.hash}, {Name: "data", Value: r.data.hash}, {Name: "tokenizer", Value: r.model.tokenizer}},
	}
	for _, s := range was.settings {
		c.Recipe += s.Key + " = " + s.Value + "\n"
	}
	if r.chosen != "" {
		c.Remarks = append(c.Remarks, r.chosen)
	}
	if r.model.base != "" {
		c.Hashes = append(c.Hashes, export.Fact{Name: "base", Value: r.model.base})
	}
	return c
}

// baseNames are what a base is called: by people, and by programs that look for it on a hub, or else at its path. s1's own names
// (smollm2, mini) mean nothing to other programs.
func baseNames(word, path string) (people, at, revision string) {
	if word == builtin.Name {
		return word + ", the model built into s1", "", ""
	}
	ref, ok := hub.Published(word)
	if !ok {
		return word, path, ""
	}
	people = word
	if !strings.HasPrefix(word, ref.Repo) {
		people = fmt.Sprintf("%s (%s)", ref.Repo, word)
	}
	if ref.Revision != "main" {
		revision = ref.Revision
	}
	return people, ref.Repo, revision
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
