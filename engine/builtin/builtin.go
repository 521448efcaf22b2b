// Package builtin is the model that ships inside the program: a small reasoner for the calculator tape, a plain Hugging Face
// folder in the binary. It knows where the folder is, how a person's words become a problem for it, and which problems to
// offer. It knows nothing of how it was trained (train), nor of screens.
package builtin

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"strconv"

	"s1/engine"
	"s1/engine/builtin/tape"
	"s1/engine/trace"
	"s1/engine/weights"
)

// Name is what people call it.
const Name = "mini"

// Hint says what it takes, where a problem is typed.
const Hint = "left to right, as on a pocket calculator: 2+3*4 is 20"

// Offered is how many problems a screen offers.
const Offered = 100

//go:embed mini
var folder embed.FS

// Files is the model's folder.
func Files() fs.FS {
	sub, err := fs.Sub(folder, "mini")
	if err != nil {
		panic(err) // the name is a constant
	}
	return sub
}

// Weights opens its files. The caller must Close them.
func Weights() (*weights.Model, error) { return weights.OpenFS(Files(), Name) }

// Load brings its parts, as engine.Load does. It computes on one thread unless told otherwise: a token takes some 150 us, of which
// two threads spend more on waiting for each other, and much more where others use the machine. The numbers are the same bits.
func Load(ctx context.Context, o engine.Options) (*engine.Parts, error) {
	if o.Threads == 0 {
		o.Threads = 1
	}
	p, err := engine.LoadFS(ctx, Files(), Name, o)
	if err != nil {
		return nil, err
	}
	dress(p)
	return p, nil
}

// Open makes it ready to be asked.
func Open(ctx context.Context, o engine.Options) (*engine.Model, error) {
	p, err := Load(ctx, o)
	if err != nil {
		return nil, err
	}
	return engine.Assembled(p)
}

// Question makes a problem of a person's words and works out its answer.
func Question(words string) (canonical, expected string, err error) {
	p, err := tape.Parse(words)
	var u *tape.Unsuitable
	switch {
	case errors.As(err, &u):
		return "", "", &trace.Unsuitable{Says: u.Says, Example: u.Example}
	case err != nil:
		return "", "", err
	}
	return p.String(), strconv.Itoa(p.Answer()), nil
}

// Order says that a problem's steps are done left to right, where that gives another value than the rules of a textbook do, and
// which; it is "" where it gives the same, or where the words are no problem.
func Order(words string) string {
	p, err := tape.Parse(words)
	if err != nil {
		return ""
	}
	usual := p.Textbook()
	if usual.IsInt() && usual.Num().IsInt64() && usual.Num().Int64() == int64(p.Answer()) {
		return ""
	}
	return fmt.Sprintf("steps are done left to right, as on a pocket calculator: %s is %d here; with * and / first it would be %s", p, p.Answer(), usual.RatString())
}

// Examples are the first n problems to try, none of them ever trained on. A hundred take 15 ms, so that they are drawn only
// where they are shown.
func Examples(n int) []string {
	list := make([]string, n)
	for i, p := range tape.Examples(tape.ExamplesSeed, n) {
		list[i] = p.String()
	}
	return list
}
