package text

import (
	"testing"
)

func TestABoxOverWideSignsKeepsTheWidth(t *testing.T) {
	t.Parallel()
	for _, base := range []string{"日本日本日本日本日本", " 日本日本日本日本日 ", "abcdefghijabcdefghij", "\x1b[1m日本日本日本日本日本\x1b[0m"} {
		for x := range 20 {
			for w := range 21 - x {
				box := Blank(w)
				if got := Cells(Over(base, box, x, 20)); got != 20 {
					t.Fatalf("a box of %d at %d over %q: %d cells, want 20: %q", w, x, base, got, Over(base, box, x, 20))
				}
			}
		}
	}
}
