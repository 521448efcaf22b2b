package scaling

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// The paper's own points give its own table 3. Points that were read from drawings are exact to 0.3 points, which moves the
// slope of BF by at most half a point.
func TestTheMetricsReproduceThePapersTable3(t *testing.T) {
	t.Parallel()
	for _, row := range Table3() {
		slope, _ := Slope(row.Points)
		if c := Control(row.Within); math.Round(c) != row.Control {
			t.Errorf("%s: control %.1f, printed is %g", row.Name, c, row.Control)
		}
		if math.Abs(slope-row.Scaling) > 0.51 {
			t.Errorf("%s: scaling %.2f, printed is %g", row.Name, slope, row.Scaling)
		}
		if p := Performance(row.Best); math.Round(10*p) != math.Round(10*row.Performance) {
			t.Errorf("%s: performance %.1f, printed is %g", row.Name, p, row.Performance)
		}
		t.Logf("%-9s control %3.0f  scaling %6.2f (printed %3g)  performance %.1f", row.Name, Control(row.Within), slope, row.Scaling, Performance(row.Best))
	}
}

func TestSlopeLeavesOutWhatHasNone(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		points []XY
		want   float64
		pairs  int
	}{
		{[]XY{{1, 0}, {2, 10}}, 10, 1},
		{[]XY{{2, 10}, {1, 0}}, 10, 1},
		{[]XY{{1, 0}, {2, 10}, {4, 20}}, 10, 3},
		{[]XY{{0, 5}, {1, 0}, {2, 10}}, 10, 1},
		{[]XY{{8, 5}, {8, 9}, {16, 9}}, 2, 2},
	} {
		if got, n := Slope(c.points); math.Abs(got-c.want) > 1e-9 || n != c.pairs {
			t.Errorf("%v: %g of %d pairs, want %g of %d", c.points, got, n, c.want, c.pairs)
		}
	}
	for _, none := range [][]XY{nil, {{5, 5}}, {{0, 1}, {9, 2}}, {{7, 1}, {7, 2}}} {
		if got, n := Slope(none); !math.IsNaN(got) || n != 0 {
			t.Errorf("%v: %g of %d pairs", none, got, n)
		}
	}
	if !math.IsNaN(Control(nil)) || !math.IsNaN(Performance(nil)) {
		t.Error("nothing has a metric")
	}
}

func TestMcNemarIsTheSignTest(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		fixed, broken int
		want          float64
	}{
		{0, 0, 1}, {1, 0, 1}, {5, 0, 0.0625}, {0, 5, 0.0625}, {8, 2, 0.109375}, {3, 3, 1}, {10, 0, 0.001953125},
	} {
		if got := McNemar(c.fixed, c.broken); math.Abs(got-c.want) > 1e-9 {
			t.Errorf("%d fixed, %d broken: %g, want %g", c.fixed, c.broken, got, c.want)
		}
	}
	if p := McNemar(900, 700); !(p > 0 && p < 1e-5) {
		t.Errorf("of many: %g", p)
	}
}

// Against the bootstrap written out: resample questions, and take the difference of the two accuracies.
func TestThePairedBootstrapResamplesQuestions(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(1, 2))
	a, b := make([]bool, 300), make([]bool, 300)
	for i := range a {
		a[i] = rng.Float64() < .6
		b[i] = a[i]
		if rng.Float64() < .2 {
			b[i] = rng.Float64() < .8
		}
	}
	got := Compare(a, b, 7)
	var sums []float64
	for range 10_000 {
		d := 0.0
		for range a {
			switch i := rng.IntN(len(a)); {
			case b[i] && !a[i]:
				d++
			case a[i] && !b[i]:
				d--
			}
		}
		sums = append(sums, 100*d/300)
	}
	low, high := percentiles(sums)
	if math.Abs(got.Low-low) > .5 || math.Abs(got.High-high) > .5 || got.N != 300 || got.Low >= got.Difference || got.High <= got.Difference {
		t.Errorf("%+v, written out [%.2f, %.2f]", got, low, high)
	}
	if again := Compare(a, b, 7); again != got {
		t.Error("equal seeds give other intervals")
	}
	if c := Compare(a, a, 1); c.Low != 0 || c.High != 0 || c.Fixed != 0 || c.P != 1 {
		t.Errorf("an arm against itself: %+v", c)
	}
}

func percentiles(x []float64) (low, high float64) {
	s := slices.Clone(x)
	slices.Sort(s)
	return s[len(s)*25/1000], s[len(s)*975/1000]
}

// A mean of a thousand equal numbers is that number: a cap that every question reached is kept.
func TestACapThatAllReachIsKept(t *testing.T) {
	t.Parallel()
	r := &Result{Plan: Plan{Methods: []string{MethodCap}, Caps: []int{8}}, Items: make([][]Row, 1000)}
	for i := range r.Items {
		r.Items[i] = []Row{{Method: MethodCap, Budget: 8, Tokens: 8, Tries: 1}}
	}
	points := r.Points()
	if m := MetricsOf(MethodCap, points); points[0].Tokens != 8 || *m.Control != 100 {
		t.Errorf("%v tokens, control %v", points[0].Tokens, *m.Control)
	}
}
