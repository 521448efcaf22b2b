package curate

import (
	"fmt"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

func TestARowThatAHandKeepsWinsOverItsCopiesAndNearDuplicates(t *testing.T) {
	t.Parallel()
	const (
		plain = "Anna has seven red marbles and Ben takes three of them away on a Monday; how many red marbles does Anna have now?"
		near  = "Anna has seven red marbles and Ben takes three of them away on a Monday; how many red marbles does Anna have today?"
		close = "Anna has seven red marbles and Ben takes three of them away on a Sunday; how many red marbles does Anna have now?"
		other = "What is two and two?"
	)
	for name, c := range map[string]struct {
		rows, keep []string
		near       bool
		want       []int // places of the rows that are exported
		dropped    map[string]int
	}{
		"nobody keeps":                   {[]string{plain, plain, near, other}, nil, true, []int{0, 3}, map[string]int{"exact": 1, "near": 1}},
		"one of two copies":              {[]string{other, plain, plain}, []string{plain}, false, []int{0, 1}, map[string]int{"exact": 1}},
		"three copies, near":             {[]string{plain, plain, other, plain}, []string{plain}, true, []int{0, 2}, map[string]int{"exact": 2}},
		"the later one of a near pair":   {[]string{plain, other, near}, []string{near}, true, []int{1, 2}, map[string]int{"near": 1}},
		"the earlier one of a near pair": {[]string{plain, other, near}, []string{plain}, true, []int{0, 1}, map[string]int{"near": 1}},
		"both of a near pair":            {[]string{plain, near, near}, []string{plain, near}, true, []int{0, 1}, map[string]int{"exact": 1}},
		"a near one that is not kept":    {[]string{close, plain, near}, []string{near, plain}, true, []int{1, 2}, map[string]int{"near": 1}},
		"a row that is like nobody":      {[]string{plain, near, other}, []string{other}, true, []int{0, 2}, map[string]int{"near": 1}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			r := Defaults()
			r.Stages, r.Load.Files = []string{"dedup"}, []string{questions(t, dir, c.rows...)}
			r.Dedup = Dedup{Near: c.near, Jaccard: 0.5}
			out := filepath.Join(dir, "out")
			for _, q := range c.keep {
				if err := ByHand(filepath.Join(dir, "hand.jsonl"), ID(q), Keep, "mine", time.Unix(0, 0)); err != nil {
					t.Fatal(err)
				}
				r.Hand = filepath.Join(dir, "hand.jsonl")
			}
			counts, err := Run(t.Context(), r, Options{Dir: out})
			if err != nil {
				t.Fatal(err)
			}
			if got := counts[len(counts)-2]; got.Stage != dedupStage || fmt.Sprint(got.Dropped) != fmt.Sprint(c.dropped) {
				t.Errorf("dropped %v, want %v", got.Dropped, c.dropped)
			}
			var got, want []string
			for _, row := range read(t, filepath.Join(out, exportDir, "s1k.jsonl")) {
				q, _ := row.Text("question")
				got = append(got, q)
			}
			for _, i := range c.want {
				want = append(want, c.rows[i])
			}
			if !slices.Equal(got, want) {
				t.Errorf("exported %q, want %q", got, want)
			}
			recounted, err := Recount(t.Context(), r, Options{Dir: out})
			if err != nil || recounted[len(recounted)-1].Kept != len(want) {
				t.Errorf("counted again as %+v: %v", recounted, err)
			}
			for _, q := range c.keep {
				marked := 0
				if err := readLines(filepath.Join(out, "02-dedup", keptFile), func(d *decision) error {
					if d.ID == ID(q) && d.Features["by_hand"] == "mine" {
						marked++
					}
					return nil
				}); err != nil || marked != 1 {
					t.Errorf("%d rows are marked as kept by hand, want 1 of %q: %v", marked, q, err)
				}
			}
		})
	}
}
