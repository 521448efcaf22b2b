package curate

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// alike makes two texts whose shingles have exactly this Jaccard, as near as words allow: they begin with the same words, and go on
// with others.
func alike(rng *rand.Rand, jaccard float64) (a, b string) {
	say := func(n int) string {
		var s strings.Builder
		for range n {
			fmt.Fprintf(&s, "w%d ", rng.Uint64())
		}
		return s.String()
	}
	const all = 120 // shingles in either text
	both := int(math.Ceil(jaccard * 2 * all / (1 + jaccard)))
	same := say(both + shingle - 1)
	return same + say(all-both), same + say(all-both)
}

func TestPairsAtAThresholdAndAboveAreFound(t *testing.T) {
	t.Parallel()
	const pairs = 1000
	for _, limit := range []float64{leastJaccard, 0.5, 0.6, 0.7, 0.8, 0.9, 1} {
		for _, above := range []float64{0, 0.05} {
			if limit+above > 1 {
				continue
			}
			t.Run(fmt.Sprintf("%g of pairs of %g", limit, limit+above), func(t *testing.T) {
				t.Parallel()
				rng := rand.New(rand.NewPCG(uint64(limit*100), 3))
				n := newNeighbours(limit)
				if n.bands*n.rows > mostHashes {
					t.Errorf("%+v takes %d hashes, at most %d", n.banding, n.bands*n.rows, mostHashes)
				}
				var others []string
				for range pairs {
					a, b := alike(rng, min(1, limit+above))
					n.add(a)
					others = append(others, b)
				}
				found := 0
				for i, b := range others {
					if at, similarity, ok := n.nearest(shingles(b), limit); ok && at == i {
						found++
						if similarity < limit || similarity > limit+above+0.02 {
							t.Fatalf("the pair has Jaccard %g, it was made to have %g", similarity, limit+above)
						}
					}
				}
				// Ten are missed at most in expectation, give or take three: fifteen are for the luck of a seed.
				if found < pairs*985/1000 {
					t.Errorf("%d of %d pairs were found by %+v", found, pairs, n.banding)
				}
			})
		}
	}
}

func TestDedupFindsThePairsOfALowThreshold(t *testing.T) {
	t.Parallel()
	for _, limit := range []float64{0.5, 0.6, 0.8} {
		t.Run(fmt.Sprint(limit), func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			const pairs = 500
			rng := rand.New(rand.NewPCG(5, 5))
			var rows []string
			for range pairs {
				a, b := alike(rng, limit+0.01)
				rows = append(rows, a, b)
			}
			r := Defaults()
			r.Stages, r.Load.Files, r.Dedup = []string{"dedup"}, []string{questions(t, dir, rows...)}, Dedup{Near: true, Jaccard: limit}
			out := filepath.Join(dir, "out")
			counts, err := Run(t.Context(), r, Options{Dir: out})
			if err != nil {
				t.Fatal(err)
			}
			if got := counts[1].Dropped["near"]; got < pairs*98/100 || got > pairs {
				t.Errorf("%d of %d near rows were dropped", got, pairs)
			}
			if err := Dropped(out, "01-dedup", func(d Decision) error {
				if d.Hit == nil || d.Hit.Similarity < limit {
					t.Errorf("dropped as like %+v", d.Hit)
				}
				return nil
			}); err != nil {
				t.Fatal(err)
			}
		})
	}
}

// questions writes a file of rows that have these questions.
func questions(t testing.TB, dir string, list ...string) string {
	t.Helper()
	var b strings.Builder
	for _, q := range list {
		fmt.Fprintf(&b, "{\"question\":%q,\"solution\":\"1\",\"trace\":\"a thought\",\"attempt\":\"1\"}\n", q)
	}
	path := filepath.Join(dir, "questions.jsonl")
	if err := os.WriteFile(path, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestATestItemThatIsNearIsShownBesideTheRow(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	item := "Anna has seven red marbles; Ben takes three away. How many red marbles does Anna have now?"
	tests := filepath.Join(dir, "tests.jsonl")
	if err := os.WriteFile(tests, fmt.Appendf(nil, "{\"question\":\"what is two?\"}\n{\"question\":%q}\n", item), 0o600); err != nil {
		t.Fatal(err)
	}
	near := "Anna has seven red marbles; Ben takes three away. How many red stones does Anna have now?"
	far := "Anna has nine green stones, and gives two of them to Ben. How many has she left?"
	r := Defaults()
	r.Stages, r.Load.Files = []string{"decontaminate"}, []string{questions(t, dir, near, far)}
	r.Decontaminate = Decontaminate{Tests: []string{tests}, NGram: 13, Strict: true, Jaccard: 0.4} // 13 words in a row are not shared
	out := filepath.Join(dir, "out")
	counts, err := Run(t.Context(), r, Options{Dir: out})
	if err != nil || counts[1].Kept != 1 || counts[1].Dropped["near"] != 1 {
		t.Fatalf("%+v: %v", counts, err)
	}
	want := jaccard(shingles(near), shingles(item))
	if err := Dropped(out, "01-decontaminate", func(d Decision) error {
		if h := d.Hit; d.ID != ID(near) || d.Detail != "tests.jsonl, item 1" || h == nil || h.Set != "tests.jsonl" || h.Index != 1 || h.Text != item || h.Similarity != want || want < 0.4 {
			t.Errorf("dropped %+v with the hit %+v, want item 1 at %.3f", d, h, want)
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
}

func TestAThresholdThatIsTooLowIsRefused(t *testing.T) {
	t.Parallel()
	for key, where := range map[string]string{"[dedup]": "dedup.jaccard is 0.39, want 0.4 to 1", "[decontaminate]": "decontaminate.jaccard is 0.39, want 0.4 to 1"} {
		if _, err := ParseRecipe("r.toml", key+"\njaccard = 0.39\n"); err == nil || !strings.Contains(err.Error(), where) {
			t.Errorf("%s: %v, want %q", key, err, where)
		}
		if _, err := ParseRecipe("r.toml", key+"\njaccard = 0.4\n"); err != nil {
			t.Error(err)
		}
	}
}

// TestEveryThresholdReachesTheRecall checks the curve itself, at the threshold and above it.
func TestEveryThresholdReachesTheRecall(t *testing.T) {
	t.Parallel()
	var seen []banding
	for limit := leastJaccard; limit <= 1; limit += 0.01 {
		b := bandsFor(limit)
		for s := limit; s <= 1; s += 0.01 {
			if got := 1 - math.Pow(1-math.Pow(s, float64(b.rows)), float64(b.bands)); got < recall {
				t.Errorf("threshold %.2f: %+v finds %.4f of the pairs of %.2f", limit, b, got, s)
			}
		}
		if b.bands*b.rows > mostHashes || b.rows < fewestInBand {
			t.Errorf("threshold %.2f takes %+v", limit, b)
		}
		if !slices.Contains(seen, b) {
			seen = append(seen, b)
		}
	}
	t.Log(seen)
}
