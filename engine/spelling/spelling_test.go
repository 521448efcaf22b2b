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
		{"wiat", "cap wait", "wait"},
		{"capp", "cap wait", "cap"},
		{"rnu", "rm run", "run"},
		{"exakt", "auto exact q8", "exact"},
		{"round", "rounded exact", "rounded"},
		{"foo", "cap wait temp", ""},
		{"zz", "up down left", ""},
		{"save", "preset pace seed", ""},
		{"nope", "s1-readme s1-harness", ""},
		{"", "bb a", ""},
		{"x", "", ""},
		{"\xff\x00", "ab cde", ""},
		{strings.Repeat("long", 1<<20), "short longlong", ""},
	} {
		if got := Nearest(c.word, strings.Fields(c.known)); got != c.want {
			t.Errorf("Nearest(%.20q, %q) = %q, want %q", c.word, c.known, got, c.want)
		}
	}
}

func TestAHintIsTheEndOfASentenceOrNothing(t *testing.T) {
	t.Parallel()
	known := []string{"exact", "auto"}
	if got := Hint("exakt", known) + Hint("nonsense", known); got != `; did you mean "exact"?` {
		t.Errorf("the hints are %q", got)
	}
}

func TestEdits(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		a, b string
		want int
	}{{"", "", 0}, {"", "abc", 3}, {"kitten", "sitting", 3}, {"wiat", "wait", 1}, {"ab", "ba", 1}, {"abc", "cab", 2}, {"flaw", "lawn", 2}, {"same", "same", 0}} {
		for _, got := range []int{Edits(c.a, c.b), Edits(c.b, c.a)} {
			if got != c.want {
				t.Errorf("edits between %q and %q: %d, want %d", c.a, c.b, got, c.want)
			}
		}
	}
}
