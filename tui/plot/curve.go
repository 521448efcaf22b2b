package plot

import (
	"fmt"
	"math"

	"s1/tui/text"
	"s1/tui/theme"
)

// CurvePoint is a point with its interval: x is drawn as its logarithm to base 2, y in percent.
type CurvePoint struct {
	X, Y, Low, High float64
	Picked          bool
}

// CurveLine is points that belong together, joined in the order in which they come. Mark is one cell and stands at each point.
type CurveLine struct {
	Mark   string
	Points []CurvePoint
}

// Curve draws accuracy against tokens: lines, the intervals as upright bars, both axes with their numbers.
type Curve struct {
	Theme *theme.Theme
	Form  Form
	Lines []CurveLine
	XName string
}

const (
	yLabel   = 5  // cells of the numbers at the left, with the axis
	tickEach = 10 // cells between two numbers of the lower axis, at least
	curveMin = 3  // rows below which there is no curve
)

// span is what the axes reach over: x from and to are logarithms. nothing: a point without tokens, left of all others.
func (c *Curve) span() (from, to float64, nothing bool) {
	from, to = math.Inf(1), math.Inf(-1)
	for _, l := range c.Lines {
		for _, p := range l.Points {
			if p.X < 1 || math.IsNaN(p.X) {
				nothing = true
				continue
			}
			from, to = math.Min(from, math.Log2(p.X)), math.Max(to, math.Log2(p.X))
		}
	}
	if to < from {
		from, to = 0, 4
	}
	from, to = math.Floor(from), math.Ceil(to)
	if to <= from {
		to = from + 1
	}
	if nothing {
		from-- // the place of no tokens at all
	}
	return from, to, nothing
}

// Render returns height rows of width cells, none where there is no room for a curve.
func (c *Curve) Render(width, height int) []string {
	w, h := width-yLabel-1, height-2
	if w < tickEach || h < curveMin {
		return nil
	}
	from, to, nothing := c.span()
	d := NewDots(c.Form, w, h)
	dw, dh := d.Size()
	px, _ := c.Form.size()
	inset := px / 2
	at := func(p CurvePoint) (int, func(float64) int) { // dots, from the top left
		x := from
		if p.X >= 1 {
			x = math.Log2(p.X)
		}
		col := inset + int(math.Round((x-from)/(to-from)*float64(dw-1-2*inset)))
		return col, func(y float64) int {
			return dh - 1 - int(math.Round(math.Min(math.Max(y, 0), 100)/100*float64(dh-1)))
		}
	}
	type mark struct {
		glyph string
		role  theme.Role
	}
	marks := map[[2]int]mark{}
	for _, l := range c.Lines {
		for i, p := range l.Points {
			x, y := at(p)
			d.Line(x, y(p.Low), x, y(p.High), 1)
			if i > 0 {
				x0, y0 := at(l.Points[i-1])
				d.Line(x0, y0(l.Points[i-1].Y), x, y(p.Y), 1)
			}
		}
	}
	for _, l := range c.Lines {
		for _, p := range l.Points {
			x, y := at(p)
			col, row := d.Place(x, y(p.Y))
			m := mark{l.Mark, theme.Strong}
			if p.Picked {
				m = mark{c.Theme.Glyphs.Pick, theme.Accent}
			} else if marks[[2]int{col, row}].role == theme.Accent {
				continue // the picked one stays in view
			}
			marks[[2]int{col, row}] = m
		}
	}
	rows := make([]string, 0, height)
	for y := range h {
		r := text.NewRow(c.Theme, width)
		if label := c.yTick(y, h); label != "" {
			r.Right(theme.Dim, yLabel-1, label)
		}
		r.To(yLabel).Add(theme.Dim, c.Theme.Glyphs.Vert)
		for x := range w {
			if m, ok := marks[[2]int{x, y}]; ok {
				r.Add(m.role, m.glyph)
			} else {
				sign, _ := d.Cell(x, y)
				r.Add(theme.Text, sign)
			}
		}
		rows = append(rows, r.String())
	}
	axis := text.NewRow(c.Theme, width).To(yLabel)
	for range w + 1 {
		axis.Add(theme.Dim, c.Theme.Glyphs.Rule)
	}
	return append(rows, axis.String(), c.xTicks(width, w, from, to, nothing))
}

// yTick is the number beside a row of h: 100 at the top, 0 at the bottom, and what falls upon a row in between.
func (c *Curve) yTick(y, h int) string {
	step := 50
	switch {
	case h >= 20:
		step = 10
	case h >= 10:
		step = 20
	case h >= 8:
		step = 25
	}
	for v := 0; v <= 100; v += step {
		if h-1-int(math.Round(float64(v)/100*float64(h-1))) == y {
			return fmt.Sprint(v)
		}
	}
	return ""
}

func (c *Curve) xTicks(width, w int, from, to float64, nothing bool) string {
	r := text.NewRow(c.Theme, width)
	name := c.XName
	room := width - text.Width(name) - 2
	step := max(1, int(math.Ceil((to-from)*tickEach/float64(w))))
	for v := 0; float64(v) <= to-from; v += step {
		label := fmt.Sprintf("%.0f", math.Exp2(from+float64(v)))
		if v == 0 && nothing {
			label = "0"
		}
		col := yLabel + 1 + int(math.Round(float64(v)/(to-from)*float64(w-1)))
		col -= (len(label) - 1) / 2
		if col <= r.Used() && v > 0 || col+len(label) > room {
			continue
		}
		r.To(col).Add(theme.Dim, label)
	}
	if room > r.Used() {
		r.To(room+1).Add(theme.Dim, name)
	}
	return r.String()
}
