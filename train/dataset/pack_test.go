package dataset

import (
	"context"
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"s1/kernels"
)

const testVocab = 1 << 20

// randomExamples gives n documents in which every token occurs once over all of them, so that a token names its place.
func randomExamples(seed uint64, n, longest int) []Example {
	rng := rand.New(rand.NewPCG(seed, 1))
	next := int32(0)
	out := make([]Example, n)
	for i := range out {
		length := 2 + rng.IntN(longest-1)
		e := Example{Name: fmt.Sprintf("example %d", i)}
		masked := rng.IntN(length)
		for k := range length {
			w := float32(0)
			if k > masked && rng.IntN(4) > 0 {
				w = []float32{1, 0.25, 4}[rng.IntN(3)]
			}
			e.IDs, e.Weights = append(e.IDs, next), append(e.Weights, w)
			next++
		}
		out[i] = e
	}
	return out
}

// target is one trained token with everything it depends on.
type target struct {
	weight  float32
	context string // the ids before it in its own document
	owner   string
}

func targetsOf(t *testing.T, p Packed, examples []Example) map[int32]target {
	t.Helper()
	got := map[int32]target{}
	for m := range p.Batches {
		b := &p.Batches[m]
		for r, row := range b.Rows {
			first := row - b.Pos[row]
			id := b.Targets[r]
			if _, twice := got[id]; twice {
				t.Errorf("token %d is trained twice", id)
			}
			got[id] = target{b.Weights[r], fmt.Sprint(b.Tokens[first : row+1]), examples[p.Owners[m][r]].Name}
		}
	}
	return got
}

func TestEveryTrainedTokenAppearsOnceWithItsWeightAndItsOwnContext(t *testing.T) {
	t.Parallel()
	for seed := range uint64(50) {
		const micro = 64
		examples := randomExamples(seed, 1+int(seed%40), micro)
		p, err := Packer{MicroTokens: micro, Seed: seed}.Pack(3, examples)
		want := map[int32]target{}
		sum := 0.0
		for _, e := range examples {
			for i, w := range e.Weights {
				if w > 0 {
					want[e.IDs[i]] = target{w, fmt.Sprint(e.IDs[:i]), e.Name}
					sum += float64(w)
				}
			}
		}
		if len(want) == 0 {
			if err == nil || !strings.Contains(err.Error(), "has a token to train on") {
				t.Errorf("seed %d: nothing to train on gave %v", seed, err)
			}
			continue
		}
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		if got := targetsOf(t, p, examples); !reflect.DeepEqual(got, want) {
			t.Fatalf("seed %d: got targets %v, want %v", seed, got, want)
		}
		program := &kernels.TrainProgram{Rows: micro, Context: micro, Vocab: testVocab}
		rows := 0
		for m := range p.Batches {
			b := &p.Batches[m]
			if err := b.Validate(program); err != nil {
				t.Fatalf("seed %d: micro-batch %d: %v", seed, m, err)
			}
			if b.Scale != float32(1/sum) {
				t.Errorf("seed %d: micro-batch %d has the scale %g, want 1/%g", seed, m, b.Scale, sum)
			}
			rows += len(b.Tokens)
		}
		if p.Rows != rows || p.Trained != len(want) || p.Weight != sum || p.Documents+p.Untrained != len(examples) || p.Capacity != micro*len(p.Batches) {
			t.Errorf("seed %d: counts %+v, want %d rows, %d trained, weight %g, %d documents", seed, p, rows, len(want), sum, len(examples))
		}
		if want := 1 - float64(rows)/float64(p.Capacity); math.Abs(p.Waste()-want) > 1e-12 {
			t.Errorf("seed %d: waste %g, want %g", seed, p.Waste(), want)
		}
	}
}

func TestTheOrderOfTheExamplesChangesNeitherTargetsNorScale(t *testing.T) {
	t.Parallel()
	examples := randomExamples(7, 30, 50)
	a, err := Packer{MicroTokens: 64}.Pack(0, examples)
	if err != nil {
		t.Fatal(err)
	}
	shuffled := slices.Clone(examples)
	rand.New(rand.NewPCG(1, 2)).Shuffle(len(shuffled), func(i, k int) { shuffled[i], shuffled[k] = shuffled[k], shuffled[i] })
	b, err := Packer{MicroTokens: 64}.Pack(0, shuffled)
	if err != nil {
		t.Fatal(err)
	}
	if x, y := targetsOf(t, a, examples), targetsOf(t, b, shuffled); !reflect.DeepEqual(x, y) {
		t.Errorf("other targets after shuffling: %v, before: %v", y, x)
	}
	if a.Batches[0].Scale != b.Batches[0].Scale || a.Weight != b.Weight || a.Rows != b.Rows {
		t.Errorf("after shuffling scale %g weight %g rows %d, before %g %g %d", b.Batches[0].Scale, b.Weight, b.Rows, a.Batches[0].Scale, a.Weight, a.Rows)
	}
}

// plain is a document of which n rows are used.
func plain(name string, n int) Example {
	e := Example{IDs: make([]int32, n+1), Weights: make([]float32, n+1), Name: name}
	e.Weights[n] = 1
	return e
}

func TestBestFitFillsTheSmallestRoomFirst(t *testing.T) {
	t.Parallel()
	// 10 rows each: 7 and 6 open two bins, 4 fits only the second, 3 the first: no row unused.
	p, err := Packer{MicroTokens: 10}.Pack(0, []Example{plain("a", 3), plain("b", 6), plain("c", 4), plain("d", 7)})
	if err != nil {
		t.Fatal(err)
	}
	if len(p.Batches) != 2 || p.Waste() != 0 || !slices.Equal(p.Owners[0], []int32{0, 3}) || !slices.Equal(p.Owners[1], []int32{1, 2}) {
		t.Errorf("%d micro-batches, waste %g, owners %v; want 2, 0, [0 3] and [1 2]", len(p.Batches), p.Waste(), p.Owners)
	}
	// 20 rows each: 13 leaves 7, 11 leaves 9 and with 8 only 1: that is where the 1 goes.
	tight, err := Packer{MicroTokens: 20}.Pack(0, []Example{plain("a", 13), plain("b", 11), plain("c", 8), plain("d", 1)})
	if err != nil || !slices.Equal(tight.Owners[1], []int32{1, 2, 3}) {
		t.Errorf("owners %v, %v; want b, c and d together", tight.Owners, err)
	}
	if p.TrainedShare() != 4.0/20 {
		t.Errorf("trained share %g, want 0.2", p.TrainedShare())
	}
}

func TestEqualStepsPackEquallyAndDropoutSeedsDiffer(t *testing.T) {
	t.Parallel()
	examples := randomExamples(3, 40, 60)
	pack := func(seed uint64, step int64) Packed {
		p, err := Packer{MicroTokens: 64, Seed: seed}.Pack(step, examples)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	if a, b := pack(1, 5), pack(1, 5); !reflect.DeepEqual(a, b) {
		t.Error("equal arguments gave different micro-batches")
	}
	seen := map[uint64]string{}
	for seed := range uint64(3) {
		for step := range int64(20) {
			for m, b := range pack(seed, step).Batches {
				here := fmt.Sprintf("seed %d step %d micro-batch %d", seed, step, m)
				if other, ok := seen[b.Seed]; ok {
					t.Errorf("%s has the dropout seed of %s", here, other)
				}
				seen[b.Seed] = here
			}
		}
	}
}

func TestPackRefusesWhatItCannotSay(t *testing.T) {
	t.Parallel()
	nan := float32(math.NaN())
	tests := []struct {
		name  string
		micro int
		e     Example
		want  string
	}{
		{"no room at all", 0, plain("x", 3), "micro-batches of 0 rows"},
		{"longer than a micro-batch", 4, plain("train.jsonl:17", 5), "train.jsonl:17 takes 5 rows and a micro-batch has 4"},
		{"lengths", 4, Example{IDs: []int32{1, 2}, Weights: []float32{0}, Name: "x"}, "2 tokens and 1 weights"},
		{"first token", 4, Example{IDs: []int32{1, 2}, Weights: []float32{1, 1}, Name: "x"}, "nothing stands before it"},
		{"not a number", 4, Example{IDs: []int32{1, 2}, Weights: []float32{0, nan}, Name: "x"}, "loss weight NaN"},
		{"negative", 4, Example{IDs: []int32{1, 2}, Weights: []float32{0, -1}, Name: "x"}, "loss weight -1"},
		{"nothing trained", 4, Example{IDs: []int32{1, 2}, Weights: []float32{0, 0}, Name: "x"}, "none of its 1 examples"},
	}
	for _, tt := range tests {
		if _, err := (Packer{MicroTokens: tt.micro}).Pack(0, []Example{tt.e}); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: error %v, want one with %q", tt.name, err, tt.want)
		}
	}
}

// lengths is a source of documents of given used rows, over and over.
type lengths []int

func (l lengths) At(_ context.Context, i int64) (Example, error) {
	return plain(fmt.Sprint(i), l[i%int64(len(l))]), nil
}
func (l lengths) Epoch() int64 { return int64(len(l)) }
func (l lengths) Hash() string { return "" }

func TestAStepTakesRowsOrTokensAndEndsWithTheEpoch(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		batch Batch
		from  int64
		next  int64
	}{
		{"rows", Batch{Rows: 2}, 0, 2},
		{"rows at the end of the epoch", Batch{Rows: 4}, 4, 5},
		{"rows in the second epoch", Batch{Rows: 4}, 5, 9},
		{"tokens up to the limit", Batch{Tokens: 6}, 0, 3}, // 1+2+3
		{"tokens, one less", Batch{Tokens: 5}, 0, 2},
		{"a long one alone", Batch{Tokens: 2}, 3, 4},
		{"tokens at the end of the epoch", Batch{Tokens: 100}, 3, 5},
	}
	src := lengths{1, 2, 3, 4, 5}
	for _, tt := range tests {
		got, next, err := tt.batch.Take(t.Context(), src, tt.from)
		if err != nil || next != tt.next || int64(len(got)) != tt.next-tt.from {
			t.Errorf("%s: %d examples, next %d, %v; want next %d", tt.name, len(got), next, err, tt.next)
		}
	}
	if _, _, err := (Batch{}).Take(t.Context(), src, 0); err == nil {
		t.Error("a batch of nothing was taken")
	}
	for _, b := range []Batch{{Rows: 2}, {Tokens: 6}} { // 2+2+1 and 1+2+3, 4, 5
		if n, err := b.Steps(t.Context(), src, 2); err != nil || n != 6 {
			t.Errorf("%+v: %d steps in two epochs, %v; want 6", b, n, err)
		}
	}
	if n, err := (Batch{Rows: 16}).Steps(t.Context(), make(lengths, 1000), 5); err != nil || n != 315 {
		t.Errorf("1000 rows, 16 a step, 5 epochs: %d steps, %v; the paper has 315", n, err)
	}
}
