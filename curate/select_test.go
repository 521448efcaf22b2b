package curate

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

// chi2 is the statistic of counts against probabilities; limit is its 99.9 % point by Wilson and Hilferty.
func chi2(counts []int, p []float64) (got, limit float64) {
	n := 0
	for _, c := range counts {
		n += c
	}
	for i, c := range counts {
		e := p[i] * float64(n)
		got += (float64(c) - e) * (float64(c) - e) / e
	}
	k := float64(len(p) - 1)
	return got, k * math.Pow(1-2/(9*k)+3.09*math.Sqrt(2/(9*k)), 3)
}

// chosenRows has domains of unlike sizes, one of which only GPQA has and one only AIME.
func chosenRows() (rows []*Row, all *candidates) {
	add := func(n int, domain, source string) {
		for range n {
			rows = append(rows, &Row{ID: fmt.Sprint(len(rows)), SourceType: source, Features: map[string]any{"domain": domain, "gemini_length": float64(100 + 7*len(rows)%1000)}})
		}
	}
	for d := range 8 {
		add(40+30*d, fmt.Sprintf("%02d", d), "made/math")
	}
	add(60, "81", gpqa)
	add(40, "03", gpqa)
	add(120, "11", aime)
	add(80, "05", aime)
	return rows, asCandidates(Select{Length: "gemini_length"}, rows)
}

func asCandidates(s Select, rows []*Row) *candidates {
	all := &candidates{}
	for _, row := range rows {
		all.add(s, row)
	}
	return all
}

func TestTheDrawOfDomainsHasItsDistributionOverAThousandSeeds(t *testing.T) {
	t.Parallel()
	rows, all := chosenRows()
	s := Select{Kind: "s1-code", N: 10, Uniform: 7, Length: "gemini_length", Correct: "isgeminicorrect", LongMath: 5600}
	even := newUrn(s, all, nil)
	n := len(even.domains)
	uniform, weighted := make([]int, n), make([]int, n)
	place := map[string]int{}
	for i, d := range even.domains {
		place[d] = i
	}
	// By hand: a = {11: 120, 05: 80}, g = {81: 60, 03: 40}, r = 0.5 * 200 / 100 = 1.
	want := map[string]float64{"11": 120. / 300, "05": 80. / 300, "81": 60. / 300, "03": 40. / 300}
	for seed := range uint64(1000) {
		how := s.choose(all, seed)
		for i, h := range how {
			switch d := place[word(rows[i], "domain")]; h {
			case "uniform":
				uniform[d]++
			case "benchmark":
				weighted[d]++
			}
		}
	}
	p, q, few := make([]float64, n), []float64{}, []int{}
	for i, d := range even.domains {
		p[i] = 1 / float64(n)
		if want[d] > 0 {
			q, few = append(q, want[d]), append(few, weighted[i])
		} else if weighted[i] > 0 {
			t.Errorf("domain %s, which no benchmark has, was drawn %d times by their weights", d, weighted[i])
		}
	}
	if got, limit := chi2(uniform, p); got > limit {
		t.Errorf("even draws %v: chi-square %.1f, want at most %.1f", uniform, got, limit)
	}
	if got, limit := chi2(few, q); got > limit {
		t.Errorf("weighted draws %v of %v: chi-square %.1f, want at most %.1f", few, q, got, limit)
	}
	if uniform[0]+uniform[1] == 0 || few[0] == 0 {
		t.Error("nothing was drawn")
	}
}

func TestWithinADomainARankIsHalfAsLikelyAsTheOneBefore(t *testing.T) {
	t.Parallel()
	var rows []*Row
	for i := range 6 {
		rows = append(rows, &Row{Features: map[string]any{"domain": "11", "gemini_length": float64(i)}}) // rank 5-i
	}
	counts, p := make([]int, 6), make([]float64, 6)
	rng := rand.New(rand.NewPCG(1, 1))
	for range 20_000 {
		s := Select{Kind: "s1-code", Length: "gemini_length"}
		u := newUrn(s, asCandidates(s, rows), rng)
		counts[5-u.take("11")]++
	}
	for k := range p {
		p[k] = math.Pow(2, -float64(k+1)) / (1 - math.Pow(2, -6))
	}
	if got, limit := chi2(counts, p); got > limit {
		t.Errorf("ranks %v: chi-square %.1f, want at most %.1f", counts, got, limit)
	}
}

func TestTheFirstRowsAreThoseOfTheNotebook(t *testing.T) {
	t.Parallel()
	s := Defaults().Select
	tests := []struct {
		source  string
		correct bool
		length  float64
		want    bool
	}{
		{gpqa, true, 1, true},
		{aime, true, 1, true},
		{aime, false, 9999, false},
		{"simplescaling/openaimath/Algebra", true, 5601, true},
		{"simplescaling/openaimath/Algebra", true, 5600, false},
		{"KbsdJames/Omni-MATH", true, 9999, false},
	}
	for _, tt := range tests {
		row := &Row{SourceType: tt.source, Features: map[string]any{"isgeminicorrect": tt.correct, "gemini_length": tt.length}}
		if got := s.first(row); got != tt.want {
			t.Errorf("%+v: first %v", tt, got)
		}
	}
}
