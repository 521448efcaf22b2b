package plot

import "math"

// Form is the glyphs that a curve is made of.
type Form uint8

const (
	Braille Form = iota // 2 by 4 dots a cell
	Block               // 2 by 2 quarters a cell
	ASCII               // 1 by 2 halves a cell
	Forms               // how many there are
)

// String names a form for people.
func (f Form) String() string { return [...]string{"braille", "blocks", "ASCII", ""}[min(f, Forms)] }

// size is how many dots a cell has across and down.
func (f Form) size() (across, down int) {
	switch f {
	case Braille:
		return 2, 4
	case Block:
		return 2, 2
	}
	return 1, 2
}

// quarters by their bits: top left 1, top right 2, bottom left 4, bottom right 8.
var quarters = [16]string{" ", "▘", "▝", "▀", "▖", "▌", "▞", "▛", "▗", "▚", "▐", "▜", "▄", "▙", "▟", "█"}

// brailleBits are the bits of the dots in a braille sign, by row and column.
var brailleBits = [4][2]rune{{0x01, 0x08}, {0x02, 0x10}, {0x04, 0x20}, {0x40, 0x80}}

// Dots is a drawing of dots, some to a cell, in layers: a cell shows the dots of the highest layer in it and says which layer
// that is. Row 0 is at the top.
type Dots struct {
	form          Form
	cols, rows    int
	across, down  int
	width, height int // in dots
	layer         []uint8
	bits          []uint8
}

// NewDots is an empty drawing of cols by rows cells.
func NewDots(form Form, cols, rows int) *Dots {
	cols, rows = max(cols, 0), max(rows, 0)
	d := &Dots{form: form, cols: cols, rows: rows, layer: make([]uint8, cols*rows), bits: make([]uint8, cols*rows)}
	d.across, d.down = form.size()
	d.width, d.height = cols*d.across, rows*d.down
	return d
}

// Size is how many dots there are across and down.
func (d *Dots) Size() (width, height int) { return d.width, d.height }

// Cells is how many cells there are across and down.
func (d *Dots) Cells() (cols, rows int) { return d.cols, d.rows }

// Set draws a dot in a layer from 1; one outside is not drawn.
func (d *Dots) Set(x, y int, layer uint8) {
	if x < 0 || y < 0 || x >= d.width || y >= d.height {
		return
	}
	i := y/d.down*d.cols + x/d.across
	switch {
	case layer < d.layer[i]:
		return
	case layer > d.layer[i]:
		d.layer[i], d.bits[i] = layer, 0
	}
	d.bits[i] |= 1 << (y%d.down*d.across + x%d.across)
}

// Place is the cell of a dot.
func (d *Dots) Place(x, y int) (col, row int) { return x / d.across, y / d.down }

// Line draws the dots from one to another in a layer.
func (d *Dots) Line(x0, y0, x1, y1 int, layer uint8) {
	n := max(x1-x0, x0-x1, y1-y0, y0-y1)
	if n > 4*(d.width+d.height) { // far outside: nothing that could be seen needs so many steps
		return
	}
	for i := range n + 1 {
		share := 0.0
		if n > 0 {
			share = float64(i) / float64(n)
		}
		d.Set(x0+int(math.Round(share*float64(x1-x0))), y0+int(math.Round(share*float64(y1-y0))), layer)
	}
}

// Cell is the sign in a cell and its layer, 0 = nothing is there.
func (d *Dots) Cell(col, row int) (sign string, layer uint8) {
	i := row*d.cols + col
	bits := d.bits[i]
	if bits == 0 {
		return " ", 0
	}
	switch d.form {
	case Braille:
		r := rune(0x2800)
		for k := range 8 {
			if bits&(1<<k) != 0 {
				r |= brailleBits[k/2][k%2]
			}
		}
		return string(r), d.layer[i]
	case Block:
		return quarters[bits], d.layer[i]
	}
	return [4]string{" ", "'", ".", ":"}[bits], d.layer[i]
}

// Range is a part of an axis. With Log it is one of logarithms, and what is not above 0 is not on it.
type Range struct {
	Lo, Hi float64
	Log    bool
}

// at is the place of a value, 0 at Lo and 1 at Hi. Halves are taken so that a range of the largest numbers is one.
func (r Range) at(v float64) (share float64, ok bool) {
	lo, hi := r.Lo, r.Hi
	if r.Log {
		if !(v > 0 && lo > 0) {
			return 0, false
		}
		v, lo, hi = math.Log(v), math.Log(lo), math.Log(hi)
	}
	if hi <= lo {
		return .5, v == lo
	}
	share = (v/2 - lo/2) / (hi/2 - lo/2)
	return share, share-share == 0
}

// Curve draws the values at places in a layer and joins neighbours; NaN and infinities are left out. However many there are to a
// column, its smallest and its largest show. A dotted one has every second column: that is how it is told apart without colour.
func (d *Dots) Curve(xs, ys []float64, x, y Range, layer uint8, dotted bool) {
	if d.width == 0 || d.height == 0 {
		return
	}
	put := func(col, row int) {
		if !dotted || col%2 == 0 {
			d.Set(col, row, layer)
		}
	}
	lastCol, lastRow, any := 0, 0, false
	for i := range min(len(xs), len(ys)) {
		sx, okX := x.at(xs[i])
		sy, okY := y.at(ys[i])
		if !okX || !okY || sx < 0 || sx > 1 {
			continue
		}
		col := min(int(sx*float64(d.width)), d.width-1)
		row := d.height - 1 - min(int(min(max(sy, 0), 1)*float64(d.height)), d.height-1)
		switch {
		case !any:
			put(col, row)
		case col == lastCol:
			for r := min(row, lastRow); r <= max(row, lastRow); r++ {
				put(col, r)
			}
		default:
			// Between two columns: a column at a time, as high as the line is there.
			from := lastRow
			for c := lastCol + 1; c <= col; c++ {
				to := lastRow + int(math.Round(float64(row-lastRow)*float64(c-lastCol)/float64(col-lastCol)))
				for r := to; r != from; { // not the row where the column before ended
					put(c, r)
					if r < from {
						r++
					} else {
						r--
					}
				}
				put(c, to)
				from = to
			}
		}
		lastCol, lastRow, any = col, row, true
	}
}
