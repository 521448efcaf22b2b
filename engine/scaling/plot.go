package scaling

import (
	"bytes"
	"fmt"
	"image/color"
	"math"
	"slices"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"

	// The formats that Figure.Draw can write.
	_ "gonum.org/v1/plot/vg/vgimg"
	_ "gonum.org/v1/plot/vg/vgsvg"
)

// Size of a figure.
const (
	figureWidth  = 16 * vg.Centimeter
	figureHeight = 11 * vg.Centimeter
)

// Series is one line of a figure.
type Series struct {
	Name   string
	Points []Point // by thinking tokens
	Hollow bool    // a control: hollow marks and a dashed line
}

// Figure is accuracy against thinking tokens, on an axis of doublings, with 95 % intervals.
type Figure struct {
	Title  string
	Series []Series
}

// colours that are told apart in any kind of colour vision (Okabe and Ito).
func seriesColour(i int) color.Color {
	list := []color.RGBA{{0, 114, 178, 255}, {213, 94, 0, 255}, {0, 158, 115, 255}, {204, 121, 167, 255}, {86, 180, 233, 255}, {230, 159, 0, 255}, {0, 0, 0, 255}}
	return list[i%len(list)]
}

// Draw makes the figure in a format: svg or png. Points without a token have no place on the axis; they are left out, and the
// tables have them.
func (f Figure) Draw(format string) ([]byte, error) {
	p := plot.New()
	p.Title.Text = f.Title
	p.X.Label.Text = "mean thinking tokens (each step doubles)"
	p.Y.Label.Text = "right, % (bars: 95 % Wilson)"
	p.Y.Min, p.Y.Max = 0, 100
	p.X.Scale, p.X.Tick.Marker = plot.LogScale{}, doublings{}
	p.Legend.Top, p.Legend.Left = false, false
	p.Legend.YOffs = 2 * vg.Millimeter
	p.Add(plotter.NewGrid())
	drawn := 0
	for i, s := range f.Series {
		var xy plotter.XYs
		var bars plotter.YErrors
		for _, pt := range s.Points {
			if pt.Tokens > 0 {
				a := pt.Accuracy
				xy = append(xy, plotter.XY{X: pt.Tokens, Y: a.Percent})
				bars = append(bars, struct{ Low, High float64 }{a.Percent - a.Low, a.High - a.Percent})
			}
		}
		if len(xy) == 0 {
			continue
		}
		drawn++
		if err := addSeries(p, s, xy, bars, seriesColour(i), i); err != nil {
			return nil, fmt.Errorf("draw %s: %w", s.Name, err)
		}
	}
	if drawn == 0 { // an axis of doublings needs something to stand on
		p.X.Min, p.X.Max = 1, 2
	} else {
		p.X.Min, p.X.Max = math.Max(p.X.Min*0.9, 1e-3), p.X.Max*1.1
	}
	w, err := p.WriterTo(figureWidth, figureHeight, format)
	if err != nil {
		return nil, fmt.Errorf("draw as %s: %w", format, err)
	}
	var b bytes.Buffer
	if _, err := w.WriteTo(&b); err != nil {
		return nil, fmt.Errorf("draw as %s: %w", format, err)
	}
	return b.Bytes(), nil
}

func addSeries(p *plot.Plot, s Series, xy plotter.XYs, errs plotter.YErrors, c color.Color, i int) error {
	line, marks, err := plotter.NewLinePoints(xy)
	if err != nil {
		return err
	}
	bars, err := plotter.NewYErrorBars(struct {
		plotter.XYer
		plotter.YErrorer
	}{xy, errs})
	if err != nil {
		return err
	}
	shapes := []draw.GlyphDrawer{draw.CircleGlyph{}, draw.SquareGlyph{}, draw.TriangleGlyph{}, draw.PyramidGlyph{}, draw.CrossGlyph{}, draw.PlusGlyph{}}
	marks.Shape = shapes[i%len(shapes)]
	if s.Hollow {
		marks.Shape = draw.RingGlyph{}
		line.Dashes = []vg.Length{vg.Points(4), vg.Points(3)}
	}
	line.Color, marks.Color, bars.Color = c, c, c
	line.Width, marks.Radius = vg.Points(1.2), vg.Points(2.5)
	p.Add(line, bars, marks)
	p.Legend.Add(s.Name, line, marks)
	return nil
}

// doublings marks the powers of two, and on a wide axis every second or third of them.
type doublings struct{}

// Ticks implements plot.Ticker.
func (doublings) Ticks(low, high float64) (ticks []plot.Tick) {
	first, last := math.Ceil(math.Log2(low)), math.Floor(math.Log2(high))
	step := math.Max(1, math.Ceil((last-first)/10))
	for e := first; e <= last; e += step {
		ticks = append(ticks, plot.Tick{Value: math.Exp2(e), Label: fmt.Sprintf("%g", math.Exp2(e))})
	}
	return ticks
}

// byTokens sorts points along the axis.
func byTokens(points []Point) []Point {
	points = slices.Clone(points)
	slices.SortStableFunc(points, func(a, b Point) int {
		switch {
		case a.Tokens < b.Tokens:
			return -1
		case a.Tokens > b.Tokens:
			return 1
		}
		return 0
	})
	return points
}
