package sample

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"s1/engine/trace"
	"s1/kernels"
)

func sampler(t testing.TB, p trace.Sampling, vocab int, drawn []int32) *Sampler {
	t.Helper()
	s, err := New(p, vocab)
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range drawn {
		s.Accept(id)
	}
	return s
}

// near says that u lies on a step of the cumulative distribution, where rounding may decide.
func near(u float64, probs []float64) bool {
	sum := 0.0
	for _, q := range probs {
		if sum += q; math.Abs(sum-u) < 1e-5 {
			return true
		}
	}
	return false
}

func TestADrawEqualsThePlainImplementationsForTheSameNumber(t *testing.T) {
	t.Parallel()
	compared := 0
	for seed := range uint64(1500) {
		rng := rand.New(rand.NewPCG(seed, 2))
		logits, p, drawn, masked := scene(rng)
		ids, probs, edited := plain(logits, p, drawn, masked)
		s, r := sampler(t, p, len(logits), drawn), row(logits, p)
		if seed%3 == 0 { // the same window when the penalty comes late
			s = sampler(t, trace.Sampling{RepeatPenalty: 2, RepeatLast: 5}, len(logits), drawn)
			if err := s.Set(p); err != nil {
				t.Fatal(err)
			}
		}
		if math.IsNaN(probs[0]) { // everything is forbidden
			if _, err := s.Draw(r, 0, 0, masked); err == nil {
				t.Fatalf("seed %d: drew although nothing is allowed", seed)
			}
			continue
		}
		for position := range 8 {
			got, err := s.Draw(r, position, 0, masked)
			if err != nil {
				t.Fatalf("seed %d: %v", seed, err)
			}
			if !slices.Contains(ids, got) {
				t.Fatalf("seed %d %+v: drew %d, which the filters remove (%d ids kept)", seed, p, got, len(ids))
			}
			u, sum, want := Uniform(p.Seed, position, 0), 0.0, ids[0]
			for i, q := range probs {
				if sum += q; u < sum {
					want = ids[i]
					break
				}
			}
			// The draw from the far tail goes in order of id, not of likelihood; its distribution has its own test.
			tail := len(logits) > kernels.TopM && edited[want] <= r.Stats.TopLogits[kernels.TopM-1] && !s.filters()
			if tail || near(u, probs) {
				continue
			}
			compared++
			if got != want {
				t.Fatalf("seed %d position %d %+v: drew %d, plain draws %d", seed, position, p, got, want)
			}
		}
	}
	if compared < 8000 {
		t.Errorf("only %d draws compared", compared)
	}
}

func TestDrawsFollowThePlainDistribution(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		p    trace.Sampling
		mask []int32
	}{
		{"temperature alone reaches the far tail", trace.Sampling{Temperature: 1}, nil},
		{"hot", trace.Sampling{Temperature: 3}, nil},
		{"top-k beyond the head", trace.Sampling{Temperature: 1.5, TopK: 100}, nil},
		{"top-p beyond the head", trace.Sampling{Temperature: 1, TopP: 0.97}, nil},
		{"min-p beyond the head", trace.Sampling{Temperature: 1, MinP: 0.05}, nil},
		{"all three", trace.Sampling{Temperature: 0.8, TopK: 40, TopP: 0.9, MinP: 0.02}, nil},
		{"edits in and outside the head", trace.Sampling{Temperature: 1, LogitBias: map[int32]float64{3: 4, 299: -2}}, []int32{1, 2, 150}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			logits := make([]float32, 300)
			for i := range logits {
				logits[i] = -float32(i) / 60
			}
			c.p.Seed = 7
			ids, probs, _ := plain(logits, c.p, nil, c.mask)
			s, r := sampler(t, c.p, len(logits), nil), row(logits, c.p)
			const n = 12_000
			got := map[int32]int{}
			for i := range n {
				id, err := s.Draw(r, i, 0, c.mask)
				if err != nil {
					t.Fatal(err)
				}
				got[id]++
			}
			chi2, rest := 0.0, n
			for i, id := range ids {
				want := probs[i] * n
				chi2 += (float64(got[id]) - want) * (float64(got[id]) - want) / want
				rest -= got[id]
			}
			if rest != 0 {
				t.Errorf("%d draws outside of what the filters keep", rest)
			}
			// The statistic's mean is the degrees of freedom, its deviation sqrt(2 of them); 5 deviations.
			if df := float64(len(ids) - 1); chi2 > df+5*math.Sqrt(2*df) {
				t.Errorf("chi-square %.0f with %.0f degrees of freedom", chi2, df)
			}
		})
	}
}

func TestUniformIsUniformAndIndependentOverSeedsAndPositions(t *testing.T) {
	t.Parallel()
	const n, bins = 100_000, 64
	for name, number := range map[string]func(i int) float64{
		"positions": func(i int) float64 { return Uniform(1, i, 0) },
		"seeds":     func(i int) float64 { return Uniform(uint64(i), 0, 0) },
		"tries":     func(i int) float64 { return Uniform(1, 0, i) },
		"diagonal":  func(i int) float64 { return Uniform(uint64(i), i, 0) },
	} {
		var count [bins * bins]float64
		for i := range n {
			a, b := number(i), number(i+1)
			count[int(a*bins)*bins+int(b*bins)]++
		}
		chi2, want := 0.0, float64(n)/(bins*bins)
		for _, c := range count {
			chi2 += (c - want) * (c - want) / want
		}
		if df := float64(bins*bins - 1); chi2 > df+5*math.Sqrt(2*df) {
			t.Errorf("%s: chi-square of pairs %.0f, want about %.0f", name, chi2, df)
		}
	}
}

func TestOnlyTheSamePlaceDrawsTheSameNumber(t *testing.T) {
	t.Parallel()
	if a, b := Uniform(5, 9, 1), Uniform(5, 9, 1); a != b {
		t.Errorf("%v and %v for one seed, position and try", a, b)
	}
	if a, b := Uniform(5, 9, 1), Uniform(5, 9, 2); a == b {
		t.Errorf("%v at two tries", a)
	}
}

func TestStaleNormaliserOfAnotherTemperatureIsNotUsed(t *testing.T) {
	t.Parallel()
	logits := make([]float32, 500)
	for i := range logits {
		logits[i] = -float32(i) / 40
	}
	now := trace.Sampling{Temperature: 2, TopP: 0.3, Seed: 1}
	stale := row(logits, trace.Sampling{Temperature: 0.2})
	a, b := sampler(t, now, 500, nil), sampler(t, now, 500, nil)
	for i := range 500 {
		got, err := a.Draw(stale, i, 0, nil)
		if err != nil {
			t.Fatal(err)
		}
		if want, _ := b.Draw(row(logits, now), i, 0, nil); got != want {
			t.Fatalf("position %d: %d from the stale row, %d from the right one", i, got, want)
		}
	}
}

func TestAMaskedFavouriteLeavesAnExactRest(t *testing.T) {
	t.Parallel()
	// The mask removes all but 1e-12 of the mass, so what is left cannot be had by subtraction from the normaliser.
	logits := make([]float32, 1000)
	for i := range logits {
		logits[i] = -float32(i) / 60
	}
	logits[17] = 34
	p := trace.Sampling{Temperature: 1, TopP: 0.5, Seed: 3}
	ids, _, _ := plain(logits, p, nil, []int32{17})
	s, r := sampler(t, p, 1000, nil), row(logits, p)
	seen := map[int32]bool{}
	for i := range 6_000 {
		id, err := s.Draw(r, i, 0, []int32{17})
		if err != nil {
			t.Fatal(err)
		}
		seen[id] = true
	}
	if seen[17] || len(seen) != len(ids) {
		t.Errorf("drew %d different ids (the masked one: %v), want %d", len(seen), seen[17], len(ids))
	}
}

func TestMasksAndBiasesThatForbidEverythingAreAnError(t *testing.T) {
	t.Parallel()
	logits := []float32{1, 2, 3}
	for _, temperature := range []float64{0, 1} {
		s := sampler(t, trace.Sampling{Temperature: temperature}, 3, nil)
		if id, err := s.Draw(row(logits, s.Params()), 0, 0, []int32{0, 1, 2, 99, -1}); err == nil {
			t.Errorf("temperature %v: drew %d", temperature, id)
		}
	}
}

func TestMasksOfTheWholeHeadFindTheRest(t *testing.T) {
	t.Parallel()
	logits := make([]float32, 200)
	var mask []int32
	for i := range logits {
		logits[i] = -float32(i)
		if i < 100 {
			mask = append(mask, int32(i))
		}
	}
	for _, p := range []trace.Sampling{{}, {Temperature: 0.01}, {Temperature: 0.01, TopP: 0.9}, {Temperature: 1, TopK: 1}} {
		s := sampler(t, p, 200, nil)
		if id, err := s.Draw(row(logits, p), 0, 0, mask); err != nil || id != 100 {
			t.Errorf("%+v: drew %d, %v; want 100", p, id, err)
		}
	}
}

func TestAnEditThatChangesNothingKeepsItsPlaceAmongEquals(t *testing.T) {
	t.Parallel()
	logits := make([]float32, 200) // all equal: the order is that of the ids
	p := trace.Sampling{Temperature: 1, TopK: 6, LogitBias: map[int32]float64{5: 0}}
	s, r := sampler(t, p, 200, nil), row(logits, p)
	seen := map[int32]bool{}
	for i := range 500 {
		id, err := s.Draw(r, i, 0, nil)
		if err != nil {
			t.Fatal(err)
		}
		seen[id] = true
	}
	for id := range int32(7) {
		if want := id < 6; seen[id] != want {
			t.Errorf("id %d drawn: %v, want %v", id, seen[id], want)
		}
	}
}

func TestLogitsThatAreNoNumbersAreAnError(t *testing.T) {
	t.Parallel()
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	for name, spoil := range map[string]func(*kernels.LogitStats){
		"NaN in the sum":      func(s *kernels.LogitStats) { s.LSE = nan },
		"infinite sum":        func(s *kernels.LogitStats) { s.LSE = inf },
		"infinite logit":      func(s *kernels.LogitStats) { s.TopLogits[0] = inf },
		"NaN logit":           func(s *kernels.LogitStats) { s.TopLogits[0] = nan },
		"no likeliest at all": func(s *kernels.LogitStats) { s.TopIDs[0] = -1 },
	} {
		r := row([]float32{1, 2, 3}, trace.Sampling{})
		spoil(r.Stats)
		if _, err := sampler(t, trace.Sampling{}, 3, nil).Draw(r, 0, 0, nil); err == nil || !strings.Contains(err.Error(), "not finite") {
			t.Errorf("%s: error %v", name, err)
		}
	}
}

func TestParametersOutOfRangeAreNamedWithTheirValue(t *testing.T) {
	t.Parallel()
	nan := math.NaN()
	for _, c := range []struct {
		p    trace.Sampling
		want string
	}{
		{trace.Sampling{Temperature: -1}, "temperature -1"},
		{trace.Sampling{Temperature: nan}, "temperature NaN"},
		{trace.Sampling{TopK: -2}, "top-k -2"},
		{trace.Sampling{TopP: 1.5}, "top-p 1.5"},
		{trace.Sampling{TopP: nan}, "top-p NaN"},
		{trace.Sampling{MinP: -0.1}, "min-p -0.1"},
		{trace.Sampling{RepeatPenalty: math.Inf(1)}, "penalty +Inf"},
		{trace.Sampling{RepeatLast: -1}, "window -1"},
		{trace.Sampling{LogitBias: map[int32]float64{10: 1}}, "id 10"},
		{trace.Sampling{LogitBias: map[int32]float64{1: math.Inf(1)}}, "+Inf"},
	} {
		if _, err := New(c.p, 10); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: error %v, want it to name %q", c.p, err, c.want)
		}
	}
	s := sampler(t, trace.Sampling{TopK: 3}, 10, nil)
	if err := s.Set(trace.Sampling{TopK: -1}); err == nil || s.Params().TopK != 3 {
		t.Errorf("a refused change left top-k %d, error %v", s.Params().TopK, err)
	}
}

func TestSignalsAreOfTheModelsOwnDistribution(t *testing.T) {
	t.Parallel()
	logits := make([]float32, 200)
	for i := range logits {
		logits[i] = float32(200-i) / 10
	}
	r := row(logits, trace.Sampling{Temperature: 0.1})
	sum, entropy := 0.0, 0.0
	for _, l := range logits {
		sum += math.Exp(float64(l))
	}
	logprob := func(id int) float64 { return float64(logits[id]) - math.Log(sum) }
	for id := range logits {
		entropy -= math.Exp(logprob(id)) * logprob(id)
	}
	close := func(got float32, want float64) bool { return math.Abs(float64(got)-want) < 1e-4 }
	tok := trace.Token{ID: 150}
	r.Describe(&tok, 5)
	if !close(tok.Logprob, logprob(150)) || !close(tok.Entropy, entropy) || !close(tok.EndProb, math.Exp(logprob(5))) {
		t.Errorf("logprob %v, entropy %v, end %v; want %v, %v, %v", tok.Logprob, tok.Entropy, tok.EndProb,
			logprob(150), entropy, math.Exp(logprob(5)))
	}
	if tok.EndRank != 6 {
		t.Errorf("rank of the end %d, want 6", tok.EndRank)
	}
	if top := r.Top(); len(top) != 10 || top[0].ID != 0 || !close(top[9].Logprob, logprob(9)) {
		t.Errorf("candidates %v", top)
	}
	for end, want := range map[int32]int32{0: 1, 63: 64, 64: RankBeyond, 199: RankBeyond} {
		if got := r.Rank(end); got != want {
			t.Errorf("rank of id %d is %d, want %d", end, got, want)
		}
	}
	none := trace.Token{ID: 1}
	r.Describe(&none, -1)
	if none.EndProb != 0 || none.EndRank != 0 {
		t.Errorf("without an end: probability %v, rank %d", none.EndProb, none.EndRank)
	}
}
