package plot

import (
	"math"
	"strings"
	"testing"

	"github.com/charmbracelet/x/ansi"

	"s1/tui/text"
	"s1/tui/theme"
)

// rising is a line from the lower left to the upper right, with its highest point picked.
func rising(th *theme.Theme, k Form) *Curve {
	c := &Curve{Theme: th, Form: k, XName: "tokens", Lines: []CurveLine{{Mark: "c"}}}
	for i := range 6 {
		y := float64(20 * i)
		c.Lines[0].Points = append(c.Lines[0].Points, CurvePoint{X: math.Exp2(float64(i + 2)), Y: y, Low: math.Max(y-8, 0), High: math.Min(y+8, 100), Picked: i == 5})
	}
	return c
}

func TestACurveRisesToTheUpperRightAndNamesItsAxes(t *testing.T) {
	t.Parallel()
	for _, k := range []Form{Braille, Block, ASCII} {
		th := theme.New(theme.Options{NoColor: true, ASCII: k == ASCII})
		rows := rising(th, k).Render(60, 14)
		if len(rows) != 14 {
			t.Fatalf("%d rows", len(rows))
		}
		frame := ansi.Strip(strings.Join(rows, "\n"))
		if !strings.Contains(ansi.Strip(rows[0]), th.Glyphs.Pick) || !strings.HasPrefix(strings.TrimSpace(ansi.Strip(rows[0])), "100") {
			t.Errorf("the picked point is not at the top:\n%s", frame)
		}
		for _, want := range []string{"4", "64", "tokens"} {
			if !strings.Contains(ansi.Strip(rows[13]), want) {
				t.Errorf("the lower axis has no %s:\n%s", want, frame)
			}
		}
		last := -1
		for y := 11; y >= 0; y-- { // from the bottom: the marks go to the right
			if before, _, ok := strings.Cut(ansi.Strip(rows[y]), "c"); ok {
				x := text.Width(before)
				if x <= last {
					t.Errorf("row %d: a mark at column %d, below at %d:\n%s", y, x, last, frame)
				}
				last = x
			}
		}
	}
}

func TestACurveOfAnythingKeepsItsSize(t *testing.T) {
	t.Parallel()
	nan, inf := math.NaN(), math.Inf(1)
	for name, lines := range map[string][]CurveLine{
		"nothing":    nil,
		"one":        {{Mark: "a", Points: []CurvePoint{{X: 1, Y: 50, Low: 40, High: 60}}}},
		"no tokens":  {{Mark: "a", Points: []CurvePoint{{Y: 1, High: 3}, {X: 7, Y: 99, Low: 95, High: 100}}}},
		"no numbers": {{Mark: "a", Points: []CurvePoint{{X: nan, Y: nan, Low: nan, High: nan}, {X: 1e300, Y: inf, Low: -inf, High: inf}}}},
	} {
		for _, k := range []Form{Braille, Block, ASCII} {
			th := theme.New(theme.Options{NoColor: true, ASCII: k == ASCII})
			for w := range 90 {
				for _, h := range []int{0, 1, 4, 5, 9, 30} {
					c := Curve{Theme: th, Form: k, Lines: lines, XName: "tokens"}
					rows := c.Render(w, h)
					if len(rows) != 0 && len(rows) != h {
						t.Fatalf("%s %dx%d: %d rows", name, w, h, len(rows))
					}
					for _, r := range rows {
						if text.Cells(r) != w {
							t.Fatalf("%s %dx%d: a row of %d cells: %q", name, w, h, text.Cells(r), r)
						}
					}
				}
			}
		}
	}
}
