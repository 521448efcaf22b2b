package study

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"s1/curate/pool"
	"s1/engine/scaling"
)

// refusing is a trainer that must not be reached, or says so.
type refusing struct{}

var errReached = errors.New("the trainer was reached")

func (refusing) Train(context.Context, Training) (Trained, error) { return Trained{}, errReached }

func TestNoProblemToMeasureOnIsInThePoolAndLeakedOnesAre(t *testing.T) {
	t.Parallel()
	d := NewDesign(Quick, 5)
	dir := t.TempDir()
	if _, err := Run(t.Context(), d, Options{Dir: dir, Trainer: refusing{}}); !errors.Is(err, errReached) {
		t.Fatal(err)
	}
	measured, leaked := map[string]bool{}, map[string]bool{}
	if err := eachLine(filepath.Join(dir, testsFile), func(r testRow) error {
		if r.Leaked {
			leaked[r.Question] = true
		} else {
			measured[r.Question] = true
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if len(measured) != d.Problems || len(leaked) != d.Leaked {
		t.Fatalf("%d problems and %d leaked, want %d and %d", len(measured), len(leaked), d.Problems, d.Leaked)
	}
	rows, copies := 0, 0
	if err := eachLine(filepath.Join(dir, poolFile), func(r pool.Row) error {
		rows++
		if measured[r.Question] {
			t.Errorf("row %d asks %q, which is measured on", rows, r.Question)
		}
		if leaked[r.Question] {
			copies++
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if rows != d.Pool || copies < d.Pool/100 {
		t.Errorf("%d rows, %d of them test questions; want %d, and about 2 %% of them", rows, copies, d.Pool)
	}
}

func TestAFolderOfAnotherDesignIsRefused(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if _, err := Run(t.Context(), NewDesign(Tiny, 1), Options{Dir: dir, Trainer: refusing{}}); !errors.Is(err, errReached) {
		t.Fatal(err)
	}
	for _, c := range []struct {
		d    Design
		base string
		want string
	}{
		{NewDesign(Tiny, 2), "", "another design: its seed is 1"},
		{NewDesign(Quick, 1), "", "a pool of 160 rows"},
		{NewDesign(Tiny, 1), dir, "must be a model folder with model.safetensors"},
		{Design{Pool: 3, Subset: 4, Problems: 1}, "", "a pool of 3 rows, subsets of 4"},
	} {
		if _, err := Run(t.Context(), c.d, Options{Dir: dir, Base: c.base, BaseName: c.base, Trainer: refusing{}}); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: %v, want %q", c.d, err, c.want)
		}
	}
}

func TestAFileWithEqualBytesIsLeftAlone(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "a", "b.txt")
	if err := put(path, []byte("one")); err != nil {
		t.Fatal(err)
	}
	first, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := put(path, []byte("one")); err != nil {
		t.Fatal(err)
	}
	again, err := os.Stat(path)
	if err != nil || !os.SameFile(first, again) {
		t.Errorf("a file with the same bytes was written anew: %v", err)
	}
	if err := put(path, []byte("two")); err != nil {
		t.Fatal(err)
	}
	if b, err := os.ReadFile(path); err != nil || string(b) != "two" {
		t.Errorf("%q, %v", b, err)
	}
}

func TestTheFindingsFollowTheIntervals(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		low, high float64
		want      string
	}{
		{1, 5, "random is better than the s1 selection"},
		{-5, -1, "random is worse than the s1 selection"},
		{-1, 2, "random cannot be told from the s1 selection"},
		{0, 2, "random cannot be told from the s1 selection"},
	} {
		r := Result{Models: []Measured{{Name: Random, Arms: []Arm{{AgainstS1: &scaling.Paired{Low: c.low, High: c.high}}}}}}
		if got := r.found(); len(got) != 1 || !strings.HasPrefix(got[0], c.want) {
			t.Errorf("[%g, %g]: %q, want %q", c.low, c.high, got, c.want)
		}
	}
}
