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
			i = int(float64(v-lo) / float64(hi-lo) * float64(top+1))
		}
		out.WriteString(g.Spark[min(max(i, 0), top)])
	}
	return out.String()
}
