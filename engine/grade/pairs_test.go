package grade

import (
	"os"
	"strings"
	"testing"
)

type written struct {
	kind, pred, gold string
	want             Outcome
	switches         string
}

func writtenPairs(t testing.TB) []written {
	t.Helper()
	b, err := os.ReadFile("testdata/pairs.tsv")
	if err != nil {
		t.Fatal(err)
	}
	var all []written
	for i, line := range strings.Split(strings.TrimRight(string(b), "\n"), "\n") {
		if strings.HasPrefix(line, "#") {
			continue
		}
		f := append(strings.Split(strings.ReplaceAll(line, "␤", "\n"), "\t"), "")
		if len(f) < 5 {
			t.Fatalf("testdata/pairs.tsv, line %d: %d fields, want 4 or 5", i+1, len(f)-1)
		}
		all = append(all, written{kind: f[0], want: Outcome(f[1]), pred: f[2], gold: f[3], switches: f[4]})
	}
	return all
}

// switched is Default with switches such as "+rounded -case".
func switched(t testing.TB, words string) Policies {
	t.Helper()
	p := Default()
	for _, w := range strings.Fields(words) {
		if err := p.Set(w[1:], w[0] == '+'); err != nil {
			t.Fatal(err)
		}
	}
	return p
}

func TestTheWrittenPairsAreGradedAsWritten(t *testing.T) {
	t.Parallel()
	kinds := map[string]int{}
	all := writtenPairs(t)
	for _, w := range all {
		kinds[w.kind]++
		v := Grade(w.pred, w.gold, switched(t, w.switches))
		if v.Verdict != w.want {
			t.Errorf("%s: %q | %q %s: %s, want %s (%s; read %q | %q: %s)", w.kind, w.pred, w.gold, w.switches, v.Verdict, w.want, v.Rule, v.Read, v.GoldRead, v.Why)
		}
	}
	if len(all) < 150 || len(kinds) < 20 {
		t.Errorf("%d pairs of %d kinds; want at least 150 of 20", len(all), len(kinds))
	}
}

func TestEverySwitchDecidesAPair(t *testing.T) {
	t.Parallel()
	decided := map[string]bool{}
	for _, w := range writtenPairs(t) {
		if w.switches != "" && Grade(w.pred, w.gold, Default()).Verdict != w.want {
			decided[w.switches[1:]] = true
		}
	}
	p := Default()
	for _, s := range p.Switches() {
		if !decided[s.Name] {
			t.Errorf("no written pair depends on %s", s.Name)
		}
	}
}
