package train

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"s1/train/dataset"
	"s1/train/recipe"
)

// spent is what a recipe trains on, counted from its generator as the trainer takes it.
type spent struct{ steps, problems, tokens, trained int64 }

// spentBy counts a recipe. Drafts of the model's own, which the recipe alone cannot know, are counted as what the generator
// would have written in their place.
func spentBy(t *testing.T, name string) (s spent) {
	t.Helper()
	rec, err := recipe.Load(name)
	if err != nil {
		t.Fatal(err)
	}
	source, err := dataset.NewTape(rec.Data.Tape)
	if err != nil {
		t.Fatal(err)
	}
	batch := dataset.Batch{Rows: rec.Train.BatchRows, Tokens: rec.Train.BatchTokens}
	for ; s.steps < rec.Train.Steps; s.steps++ {
		examples, next, err := batch.Take(context.Background(), source, s.problems)
		if err != nil {
			t.Fatal(err)
		}
		s.problems = next
		for _, e := range examples {
			s.tokens += int64(e.Used())
			s.trained += int64(e.Trained())
		}
	}
	return s
}

// The control without checks has seen less than the model it stands beside, which its reader must be told.
func TestTheREADMEStatesWhatMiniAndItsControlWereTrainedOn(t *testing.T) {
	t.Parallel()
	readme, err := os.ReadFile(filepath.Join("..", "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"mini", "mini-finish", "mini-nochecks"} {
		s := spentBy(t, name)
		if row := fmt.Sprintf("| `%s` | %s | %s | %s | %s |", name, grouped(s.steps), grouped(s.problems), grouped(s.tokens), grouped(s.trained)); !strings.Contains(string(readme), row) {
			t.Errorf("the README has no row %s", row)
		}
	}
}

// grouped is 12,345.
func grouped(n int64) string {
	s := strconv.FormatInt(n, 10)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
