package text

import "unicode/utf8"

// Window cuts a long text to at most so many bytes around the first of the byte ranges [from, to) in it; the ranges move with
// it. Ranges out of order or out of the text go. What is shown of ten megabytes then costs what a page costs.
func Window(s string, ranges [][2]int, most int) (string, [][2]int) {
	from := 0
	if len(ranges) > 0 && len(s) > most {
		from = min(max(0, ranges[0][0]-most/4), len(s))
	}
	for from > 0 && from < len(s) && !utf8.RuneStart(s[from]) { // not inside a character
		from--
	}
	to := min(len(s), from+max(most, 0))
	for to < len(s) && !utf8.RuneStart(s[to]) && to-from < most+utf8.UTFMax {
		to++
	}
	var kept [][2]int
	at := from
	for _, h := range ranges {
		if h[0] >= at && h[0] < h[1] && h[1] <= to {
			kept = append(kept, [2]int{h[0] - from, h[1] - from})
			at = h[1]
		}
	}
	return s[from:to], kept
}
