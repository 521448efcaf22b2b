package cli

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"s1/engine"
	"s1/engine/adapter"
	"s1/engine/builtin"
	"s1/engine/spelling"
	"s1/engine/tokenizer"
	"s1/engine/weights"
	"s1/engine/weights/hub"
)

// modelWords says what a MODEL can be.
const modelWords = "mini (built in), a folder, file.gguf, org/name[@rev][:file], smollm2, or http://host:port/v1#name"

// chatModel is a small real model that comes by itself when it is named; every other one is fetched by the user's decision.
const chatModel = "smollm2"

// loadModel finds what a word names, fetches it when it is chatModel and not here, and loads it. One that was trained on the tape
// takes words as the built-in one does.
func loadModel(ctx context.Context, word string, o engine.Options, progress func(string)) (*engine.Parts, error) {
	if word == builtin.Name {
		return builtin.Load(ctx, o)
	}
	path, err := modelPath(ctx, word, progress)
	if err != nil {
		return nil, err
	}
	progress("reading " + filepath.Base(path))
	p, err := engine.LoadWith(ctx, o, func() (*weights.Model, error) { return weightsAt(ctx, path) })
	if err == nil {
		builtin.Take(p)
	}
	return p, err
}

// openWeights opens the files of a model that is here.
func openWeights(ctx context.Context, word string) (*weights.Model, error) {
	if word == builtin.Name {
		return builtin.Weights()
	}
	path, err := resolve(ctx, word)
	if err != nil {
		return nil, err
	}
	return weightsAt(ctx, path)
}

// weightsAt opens what a path holds: a model, or an adapter on a model that is here, which is no adapter itself.
func weightsAt(ctx context.Context, path string) (*weights.Model, error) {
	if !adapter.Is(path) {
		return weights.Open(path)
	}
	return adapter.Open(ctx, path, func(ctx context.Context, word string) (*weights.Model, error) {
		if word == builtin.Name {
			return builtin.Weights()
		}
		path, err := resolve(ctx, word)
		if err != nil {
			return nil, err
		}
		return weights.Open(path)
	})
}

// openTokenizer opens a model's tokenizer alone, and fetches the model as loadModel does.
func openTokenizer(ctx context.Context, word string, progress func(string)) (*tokenizer.Tokenizer, error) {
	if word == builtin.Name {
		w, err := builtin.Weights()
		if err != nil {
			return nil, err
		}
		defer w.Close()
		return engine.TokenizerOf(w)
	}
	path, err := modelPath(ctx, word, progress)
	if err != nil {
		return nil, err
	}
	w, err := weightsAt(ctx, path)
	if err != nil {
		return nil, err
	}
	defer w.Close()
	return engine.TokenizerOf(w)
}

func modelPath(ctx context.Context, word string, progress func(string)) (string, error) {
	path, err := resolve(ctx, word)
	if err == nil || word != chatModel || hub.FromEnv().Offline {
		return path, err
	}
	return hub.Pull(ctx, word, func(p hub.Progress) {
		switch {
		case p.Message != "":
			progress(p.Message)
		case p.Total > 0:
			progress(fmt.Sprintf("fetching %s: %s of %s", filepath.Base(p.File), size(p.Done), size(p.Total)))
		}
	})
}

// resolve finds a model in the places where fetched ones lie. Of a word that names none, the error has all the forms there are.
func resolve(ctx context.Context, word string) (string, error) {
	path, err := hub.Resolve(ctx, word)
	var none *hub.NoModel
	if errors.As(err, &none) {
		return "", fmt.Errorf("%q names no model%s; it must be %s", word, spelling.Hint(strings.ToLower(word), []string{builtin.Name, chatModel}), modelWords)
	}
	return path, err
}

// where says where a model's files lie.
func where(w *weights.Model) string {
	if w.Path == builtin.Name { // any other path is absolute
		return "built in"
	}
	return w.Path
}
