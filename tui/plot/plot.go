// Package plot draws numbers in text cells. It knows glyphs and proportions; it does not know what is counted.
package plot

import (
	"math"
	"strings"

	"s1/tui/theme"
)

// Bar returns a bar of width cells, of which done of total are full. Any progress shows, and only all of it is full.
func Bar(g theme.Glyphs, done, total, width int) (full, empty string) {
	if width <= 0 {
		return "", ""
	}
	n := 0
	if total > 0 {
		n = int(math.Round(float64(max(done, 0)) / float64(total) * float64(width)))
	}
	switch {
	case total > 0 && done >= total:
		n = width
	case done > 0:
		n = min(max(n, 1), max(width-1, 1))
	default:
		n = 0
	}
	return strings.Repeat(g.Full, n), strings.Repeat(g.Empty, width-n)
}

// Spark returns the last width values as a row of blocks between lo and hi. NaN is a gap.
func Spark(g theme.Glyphs, values []float32, lo, hi float32, width int) string {
	if width <= 0 {
		return ""
	}
	if len(values) > width {
		values = values[len(values)-width:]
	}
	var out strings.Builder
	top := len(g.Spark) - 1
	for _, v := range values {
		if math.IsNaN(float64(v)) {
			out.WriteByte(' ')
			continue
		}
		i := 0
		if hi > lo {
			share := min(max((float64(v)-float64(lo))/(float64(hi)-float64(lo)), 0), 1) // also of infinity
			i = int(share * float64(top+1))
		}
		out.WriteString(g.Spark[min(max(i, 0), top)])
	}
	return out.String()
}

// Share returns a bar of exactly width cells for a share of 0..1, in eighths of a cell, or in halves in ASCII. A share that is
// not nothing shows, and only all of it is full. NaN is no bar.
func Share(g theme.Glyphs, share float64, width int) string {
	if width <= 0 {
		return ""
	}
	steps := len(g.Eighths) + 1 // of a cell
	n := 0
	switch all := width * steps; {
	case share >= 1:
		n = all
	case share > 0:
		n = min(max(int(math.Round(share*float64(all))), 1), all-1)
	}
	bar := strings.Repeat(g.Solid, n/steps)
	used := n / steps
	if part := n % steps; part > 0 {
		bar += g.Eighths[part-1]
		used++
	}
	return bar + strings.Repeat(" ", width-used)
}
