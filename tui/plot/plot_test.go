package plot

import (
	"math"
	"testing"

	"s1/tui/theme"
)

func TestBarIsFullOnlyWhenAllIsDone(t *testing.T) {
	t.Parallel()
	g := theme.New(theme.Options{ASCII: true}).Glyphs
	for _, c := range []struct {
		done, total, width int
		want               string
	}{
		{0, 10, 5, "-----"},
		{1, 1000, 5, "=----"},
		{5, 10, 4, "==--"},
		{999, 1000, 5, "====-"},
		{10, 10, 5, "====="},
		{20, 10, 5, "====="},
		{3, 0, 4, "=---"},
		{0, 0, 3, "---"},
		{-4, 10, 3, "---"},
		{5, 10, 0, ""},
		{5, 10, 1, "="},
	} {
		full, empty := Bar(g, c.done, c.total, c.width)
		if got := full + empty; got != c.want {
			t.Errorf("%d of %d in %d: got %q, want %q", c.done, c.total, c.width, got, c.want)
		}
	}
}

func TestSparkKeepsTheLastValuesInRange(t *testing.T) {
	t.Parallel()
	g := theme.New(theme.Options{}).Glyphs
	if got, want := Spark(g, []float32{9, 0, .5, 1, 2, float32(math.NaN())}, 0, 1, 5), "▁▅██ "; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	inf := float32(math.Inf(1))
	if got, want := Spark(g, []float32{inf, -inf, 0}, 0, 1, 3), "█▁▁"; got != want {
		t.Errorf("infinity: got %q, want %q", got, want)
	}
}

func TestSharesHaveEighthsAndOnlyAllOfItIsFull(t *testing.T) {
	t.Parallel()
	fine, coarse := theme.New(theme.Options{}).Glyphs, theme.New(theme.Options{ASCII: true}).Glyphs
	for _, c := range []struct {
		share       float64
		width       int
		want, ascii string
	}{
		{0, 4, "    ", "    "},
		{1e-9, 4, "▏   ", "-   "},
		{.5, 4, "██  ", "==  "},
		{.53125, 4, "██▏ ", "==  "},
		{.999999, 2, "█▉", "=-"},
		{1, 3, "███", "==="},
		{7, 2, "██", "=="},
		{-1, 2, "  ", "  "},
		{math.NaN(), 2, "  ", "  "},
		{math.Inf(1), 2, "██", "=="},
		{.5, 0, "", ""},
		{.5, -3, "", ""},
	} {
		if got := Share(fine, c.share, c.width); got != c.want {
			t.Errorf("%v in %d: %q, want %q", c.share, c.width, got, c.want)
		}
		if got := Share(coarse, c.share, c.width); got != c.ascii {
			t.Errorf("%v in %d, ASCII: %q, want %q", c.share, c.width, got, c.ascii)
		}
	}
}
