package plot

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"
)

func drawn(d *Dots) string {
	var out strings.Builder
	for r := range d.rows {
		for c := range d.cols {
			s, _ := d.Cell(c, r)
			out.WriteString(s)
		}
		out.WriteByte('\n')
	}
	return out.String()
}

func TestACurveIsDrawnInEveryForm(t *testing.T) {
	t.Parallel()
	xs, ys := []float64{0, 1, 2, 3}, []float64{0, 1, 2, 3}
	for _, c := range []struct {
		form   Form
		dotted bool
		want   string
	}{
		{Braille, false, " ⡜\n⡰⠁\n"},
		{Block, false, " ▞\n▞ \n"},
		{ASCII, false, " :\n: \n"},
		{ASCII, true, "  \n: \n"},
	} {
		d := NewDots(c.form, 2, 2)
		d.Curve(xs, ys, Range{Lo: 0, Hi: 3}, Range{Lo: 0, Hi: 3}, 1, c.dotted)
		if got := drawn(d); got != c.want {
			t.Errorf("%v dotted %v:\n%swant\n%s", c.form, c.dotted, got, c.want)
		}
	}
}

func TestEveryPeakShowsHoweverManyValuesThereAre(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(3, 4))
	n := 10_000
	xs, ys := make([]float64, n), make([]float64, n)
	for i := range xs {
		xs[i], ys[i] = float64(i), rng.Float64()
	}
	ys[7001] = 100
	d := NewDots(Braille, 20, 5)
	d.Curve(xs, ys, Range{Lo: 0, Hi: float64(n - 1)}, Range{Lo: 0, Hi: 100}, 1, false)
	if top, _ := d.Cell(7001*20/n, 0); top == " " {
		t.Errorf("the peak is gone:\n%s", drawn(d))
	}
}

func TestNumbersThatAreNoneDoNotReachTheDrawing(t *testing.T) {
	t.Parallel()
	inf, nan := math.Inf(1), math.NaN()
	odd := []float64{nan, inf, -inf, -1, 0, 1e308, -1e308, math.MaxFloat64, 5e-324}
	for _, log := range []bool{false, true} {
		for _, lo := range odd {
			for _, hi := range odd {
				d := NewDots(Braille, 3, 2)
				d.Curve(odd, odd, Range{Lo: lo, Hi: hi}, Range{Lo: lo, Hi: hi, Log: log}, 1, false)
			}
		}
	}
	d := NewDots(Braille, 4, 1)
	d.Curve([]float64{0, 1}, []float64{-math.MaxFloat64, math.MaxFloat64}, Range{Lo: 0, Hi: 1}, Range{Lo: -math.MaxFloat64, Hi: math.MaxFloat64}, 1, false)
	if !strings.ContainsAny(drawn(d), "⡀⠁⠈⢀⡇⢸") && strings.TrimSpace(drawn(d)) == "" {
		t.Errorf("the widest range shows nothing: %q", drawn(d))
	}
}

func TestTheHigherLayerHasTheCell(t *testing.T) {
	t.Parallel()
	d := NewDots(Block, 1, 1)
	d.Set(0, 0, 2)
	d.Set(1, 1, 1)
	if s, l := d.Cell(0, 0); s != "▘" || l != 2 {
		t.Errorf("%q of layer %d, want ▘ of layer 2", s, l)
	}
	d.Set(1, 1, 3)
	if s, l := d.Cell(0, 0); s != "▗" || l != 3 {
		t.Errorf("%q of layer %d, want ▗ of layer 3", s, l)
	}
	d.Set(-1, 0, 4)
	d.Set(0, 9, 4)
}
