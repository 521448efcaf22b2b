package train

import (
	"fmt"
	"math"

	"s1/tui/plot"
	"s1/tui/text"
	"s1/tui/theme"
)

// Curve is a metric of one run: places ascend, NaN is a gap.
type Curve struct{ X, Y []float64 }

// Chart is a metric, and what of it is shown.
type Chart struct {
	Name     string
	Unit     string
	Percent  bool // values are shares of 1
	Curve    Curve
	Over     []Curve // of other runs, dotted
	From, To float64 // steps shown
	Log      bool
	Smooth   float64 // 0 = as measured, up to but not 1: how much of the mean before stays
}

// The layers of a drawing: what is higher covers what is lower.
const (
	layerOld = iota + 1
	layerRaw
	layerLine
)

// axisCells is the width of the numbers beside a chart.
const axisCells = 8

// chart draws one in width by height cells: a title, the curve with its axis, the steps.
func (p *Pane) chart(c *Chart, focused bool, width, height int) []string {
	if width <= 0 || height <= 0 {
		return make([]string, max(height, 0))
	}
	xs, ys := c.within(c.Curve)
	last := math.NaN()
	for i := len(c.Curve.Y) - 1; i >= 0; i-- {
		if finite(c.Curve.Y[i]) {
			last = c.Curve.Y[i]
			break
		}
	}
	out := []string{p.chartTitle(c, focused, last, width)}
	rows := height - 1
	if height >= 5 {
		rows--
	}
	axis := axisCells
	if width < 3*axisCells {
		axis = 0
	}
	shown := [][2][]float64{{xs, ys}}
	var over [][2][]float64
	for _, o := range c.Over {
		ox, oy := c.within(o)
		over = append(over, [2][]float64{ox, smooth(oy, c.Smooth)})
	}
	soft := smooth(ys, c.Smooth)
	y := c.span(append(append(shown, [2][]float64{xs, soft}), over...))
	x := plot.Range{Lo: c.From, Hi: c.To}
	d := plot.NewDots(p.form(), width-axis, max(rows, 0))
	for _, o := range over {
		d.Curve(o[0], o[1], x, y, layerOld, true)
	}
	if c.Smooth > 0 {
		d.Curve(xs, ys, x, y, layerRaw, true)
	}
	d.Curve(xs, soft, x, y, layerLine, false)
	for i := range rows {
		r := text.NewRow(p.Theme, width)
		if axis > 0 {
			switch {
			case !finite(y.Lo) || !finite(y.Hi):
			case i == 0:
				r.Right(theme.Dim, axis-1, c.number(y.Hi))
			case i == rows-1 && y.Hi > y.Lo:
				r.Right(theme.Dim, axis-1, c.number(y.Lo))
			}
			r.To(axis-1).Add(theme.Dim, p.Theme.Glyphs.Vert)
		}
		p.cells(r, d, i)
		out = append(out, r.String())
	}
	if height >= 5 {
		r := text.NewRow(p.Theme, width).To(axis).Add(theme.Dim, fmt.Sprintf("%.0f", c.From))
		if s := fmt.Sprintf("%.0f", c.To); r.Left() > len(s)+1 {
			r.Right(theme.Dim, width, s)
		}
		out = append(out, r.String())
	}
	return out
}

func (p *Pane) form() plot.Form {
	if p.Theme.ASCII {
		return plot.ASCII
	}
	return p.Form
}

// cells puts a row of a drawing onto a row of the screen, as many signs of a layer at once as stand together.
func (p *Pane) cells(r *text.Row, d *plot.Dots, row int) {
	roles := [...]theme.Role{theme.Text, theme.Dim, theme.Dim, theme.Accent}
	cols, _ := d.Cells()
	run, of := "", uint8(0)
	for col := range cols {
		s, layer := d.Cell(col, row)
		if layer != of && layer != 0 {
			r.Add(roles[of], run)
			run, of = "", layer
		}
		run += s
	}
	r.Add(roles[of], run)
}

func (p *Pane) chartTitle(c *Chart, focused bool, last float64, width int) string {
	r := text.NewRow(p.Theme, width)
	role := theme.Dim
	if focused {
		r.Add(theme.Accent, p.Theme.Glyphs.Pick)
		role = theme.Strong
	} else {
		r.Add(theme.Dim, " ")
	}
	r.Add(role, text.Short(c.Name, max(width*2/3, 1), p.Theme)).Add(theme.Dim, " ")
	if finite(last) {
		s := c.number(last)
		if c.Unit != "" {
			s += " " + c.Unit
		}
		r.Add(theme.Text, s)
	}
	if c.Log {
		r.Add(theme.Dim, " log")
	}
	if c.Smooth > 0 {
		r.Add(theme.Dim, fmt.Sprintf(" smooth %g", c.Smooth))
	}
	if n := c.hidden(); n > 0 {
		r.Add(theme.Warn, fmt.Sprintf(" %d not above 0", n))
	}
	return r.String()
}

// hidden is how many values a logarithm has no place for.
func (c *Chart) hidden() int {
	n := 0
	if c.Log {
		for _, v := range c.Curve.Y {
			if finite(v) && v <= 0 {
				n++
			}
		}
	}
	return n
}

// within is the part of a curve between the steps shown, without what was not measured.
func (c *Chart) within(k Curve) (xs, ys []float64) {
	for i := range min(len(k.X), len(k.Y)) {
		if x := k.X[i]; x >= c.From && x <= c.To && finite(k.Y[i]) {
			xs, ys = append(xs, x), append(ys, k.Y[i])
		}
	}
	return xs, ys
}

// span is the range of all that is drawn.
func (c *Chart) span(all [][2][]float64) plot.Range {
	r := plot.Range{Lo: math.Inf(1), Hi: math.Inf(-1), Log: c.Log}
	for _, xy := range all {
		for _, v := range xy[1] {
			if c.Log && v <= 0 {
				continue
			}
			r.Lo, r.Hi = min(r.Lo, v), max(r.Hi, v)
		}
	}
	return r
}

// smooth is the running mean in which a share of the mean before stays, corrected for its beginning.
func smooth(ys []float64, share float64) []float64 {
	if share <= 0 {
		return ys
	}
	out := make([]float64, len(ys))
	mean, weight := 0.0, 0.0
	for i, v := range ys {
		mean = share*mean + (1-share)*v
		weight = share*weight + 1 - share
		out[i] = mean / weight
	}
	return out
}

func (c *Chart) number(v float64) string {
	if c.Percent {
		return fmt.Sprintf("%.1f%%", 100*v)
	}
	return number(v)
}

// number writes a value in at most seven cells.
func number(v float64) string {
	switch a := math.Abs(v); {
	case !finite(v):
		return ""
	case a == 0:
		return "0"
	case a >= 1e5 && a < 1e7:
		return fmt.Sprintf("%.0fk", v/1e3)
	case a >= 1e7 || a < 1e-3:
		return fmt.Sprintf("%.1e", v)
	case a >= 100:
		return fmt.Sprintf("%.0f", v)
	case a >= 1:
		return fmt.Sprintf("%.2f", v)
	}
	return fmt.Sprintf("%.4f", v)
}

func finite(v float64) bool { return v-v == 0 }

// size is a number of bytes for people, in decimal units.
func size(n int64) string {
	switch {
	case n < 1e6:
		return fmt.Sprintf("%.0f kB", float64(n)/1e3)
	case n < 1e9:
		return fmt.Sprintf("%.0f MB", float64(n)/1e6)
	}
	return fmt.Sprintf("%.1f GB", float64(n)/1e9)
}

func bar(t *theme.Theme, share float64, w int) string { return plot.Share(t.Glyphs, share, w) }
