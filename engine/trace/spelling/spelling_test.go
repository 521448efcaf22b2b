package spelling

import (
	"strings"
	"testing"
)

func TestNearestIsTheWordThatWasMeant(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		word, known, want string
	}{
		{"sesions", "models sessions sweep", "sessions"},
		{"sessions", "models sessions sweep", "sessions"},
		{"lr", "adam.lr adam.beta length", "adam.lr"},
		{"muon.beta", "adam.lr adam.beta muon.nesterov", "adam.beta"},
		{"adam.bta", "adam.lr adam.beta muon.beta", "adam.beta"},
		{"", "bb a", "a"},
		{"x", "", ""},
		{"\xff\x00", "ab cde", "ab"},
		{strings.Repeat("long", 1<<20), "short longlong", "longlong"},
	} {
		if got := Nearest(c.word, strings.Fields(c.known)); got != c.want {
			t.Errorf("Nearest(%.20q, %q) = %q, want %q", c.word, c.known, got, c.want)
		}
	}
}

func TestEdits(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		a, b string
		want int
	}{{"", "", 0}, {"", "abc", 3}, {"kitten", "sitting", 3}, {"flaw", "lawn", 2}, {"same", "same", 0}} {
		for _, got := range []int{Edits(c.a, c.b), Edits(c.b, c.a)} {
			if got != c.want {
				t.Errorf("edits between %q and %q: %d, want %d", c.a, c.b, got, c.want)
			}
		}
	}
}
