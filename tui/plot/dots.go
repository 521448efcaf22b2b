package plot

import (
	"math"
	"strings"
)

// Ink is how dots are drawn.
type Ink uint8

// Inks, from the finest on.
const (
	Braille Ink = iota // 2 by 4 dots a cell
	Blocks             // 2 by 2
	ASCII              // 1 by 1
)

// per is how many dots of a cell stand beside and above each other.
func (k Ink) per() (x, y int) {
	switch k {
	case Braille:
		return 2, 4
	case Blocks:
		return 2, 2
	}
	return 1, 1
}

// Dots is a grid of cells in which single dots can be set. Dot 0, 0 is at the bottom left.
type Dots struct {
	ink  Ink
	w, h int // cells
	on   []uint8
}

// NewDots makes an empty grid of w by h cells.
func NewDots(k Ink, w, h int) *Dots {
	w, h = max(w, 0), max(h, 0)
	return &Dots{ink: k, w: w, h: h, on: make([]uint8, w*h)}
}

// Size is how many dots the grid has.
func (d *Dots) Size() (w, h int) {
	x, y := d.ink.per()
	return d.w * x, d.h * y
}

// Cell is the cell of a dot, from the top left.
func (d *Dots) Cell(x, y int) (col, row int) {
	px, py := d.ink.per()
	return x / px, d.h - 1 - y/py
}

// Set sets a dot; outside of the grid there is none.
func (d *Dots) Set(x, y int) {
	w, h := d.Size()
	if x < 0 || y < 0 || x >= w || y >= h {
		return
	}
	px, py := d.ink.per()
	col, row := d.Cell(x, y)
	d.on[row*d.w+col] |= 1 << ((y%py)*px + x%px)
}

// Line sets the dots between two.
func (d *Dots) Line(x0, y0, x1, y1 int) {
	n := max(abs(x1-x0), abs(y1-y0))
	w, h := d.Size()
	if n > 4*(w+h) { // far outside: nothing that could be seen needs so many steps
		return
	}
	for i := range n + 1 {
		share := 0.0
		if n > 0 {
			share = float64(i) / float64(n)
		}
		d.Set(x0+int(math.Round(share*float64(x1-x0))), y0+int(math.Round(share*float64(y1-y0))))
	}
}

func abs(n int) int { return max(n, -n) }

// brailleBits are the bits of a braille cell, by dot from the bottom left, two beside each other.
var brailleBits = [8]rune{0x40, 0x80, 0x04, 0x20, 0x02, 0x10, 0x01, 0x08}

// quadrants are the block glyphs, by which of bottom left, bottom right, top left, top right are set.
const quadrants = " ▖▗▄▘▌▚▙▝▞▐▟▀▛▜█"

// Glyph is what stands in a cell: one cell wide, a space where nothing is set.
func (d *Dots) Glyph(col, row int) string {
	bits := d.on[row*d.w+col]
	switch {
	case bits == 0:
		return " "
	case d.ink == Braille:
		r := rune(0x2800)
		for i, b := range brailleBits {
			if bits>>i&1 == 1 {
				r |= b
			}
		}
		return string(r)
	case d.ink == Blocks:
		return string([]rune(quadrants)[bits&15])
	}
	return "."
}

// Rows are the glyphs, from the top.
func (d *Dots) Rows() []string {
	rows := make([]string, d.h)
	for y := range rows {
		var b strings.Builder
		for x := range d.w {
			b.WriteString(d.Glyph(x, y))
		}
		rows[y] = b.String()
	}
	return rows
}
