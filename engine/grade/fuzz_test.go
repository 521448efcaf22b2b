package grade

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

// longest is how long one input may take before the fuzzer reports it, whatever else the machine does.
const longest = 5 * time.Second

func seeds(f *testing.F) {
	for _, w := range writtenPairs(f) {
		f.Add(w.pred, w.gold)
	}
	for _, s := range hostile() {
		f.Add(s[:min(len(s), 600)], "1")
	}
}

func FuzzExtract(f *testing.F) {
	for _, w := range writtenPairs(f) {
		f.Add(w.pred)
	}
	for _, s := range hostile() {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 1<<16 {
			return
		}
		start := cpuTime(t)
		section, _ := Section(text)
		for _, found := range Extract(text) {
			if found.Text == "" || found.Rule == "" {
				t.Errorf("found %+v", found)
			}
			if len(found.Text) > len(section)+2*strings.Count(section, "box") {
				t.Errorf("%d bytes were found in %d", len(found.Text), len(section))
			}
			if utf8.ValidString(text) && !utf8.ValidString(found.Text) {
				t.Errorf("%q cuts a character", found.Text)
			}
		}
		if took := cpuTime(t) - start; took > longest {
			t.Errorf("took %v", took)
		}
	})
}

func FuzzRead(f *testing.F) {
	for _, w := range writtenPairs(f) {
		f.Add(w.pred)
	}
	for _, s := range hostile() {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > maxText {
			return
		}
		start := cpuTime(t)
		n, err := read(text, true)
		if err == nil {
			if _, err := read(text, false); err != nil && !strings.Contains(text, ",") && !strings.Contains(text, " ") {
				t.Errorf("%q is read only with thousands: %v", text, err)
			}
			_ = n.String()
		}
		if took := cpuTime(t) - start; took > longest {
			t.Errorf("took %v", took)
		}
	})
}

func FuzzGrade(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, pred, gold string) {
		if len(pred) > maxText || len(gold) > maxText {
			return
		}
		start := cpuTime(t)
		v := Grade(pred, gold, Default())
		if again := Grade(pred, gold, Default()); again != v {
			t.Errorf("%+v, then %+v", v, again)
		}
		if self := Grade(gold, gold, Default()); self.Verdict != Correct && strings.TrimSpace(plain(gold)) != "" && self.Decided != "no gold" {
			t.Errorf("%q is not equal to itself: %s (%s)", gold, self.Verdict, self.Rule)
		}
		symmetric(t, pred, gold)
		if took := cpuTime(t) - start; took > longest {
			t.Errorf("took %v", took)
		}
	})
}

// symmetric checks that the comparison of two trees does not depend on which is the known one. A letter is read as a unit
// in a prediction only, so that is off.
func symmetric(t *testing.T, a, b string) {
	t.Helper()
	x, err := read(a, true)
	if err != nil {
		return
	}
	y, err := read(b, true)
	if err != nil {
		return
	}
	p := Default()
	p.UnitsOptional = false
	results := [2]decision{}
	for i, pair := range [2][2]*node{{x, y}, {y, x}} {
		g := grader{policies: p, work: work{left: mostWork}}
		results[i] = g.compare(pair[0], pair[1])
		if g.work.left <= 0 {
			return
		}
	}
	if r := results; r[0].outcome != r[1].outcome {
		t.Errorf("%q | %q: %+v, the other way %+v", a, b, r[0], r[1])
	}
	g := grader{policies: p, work: work{left: mostWork}}
	if d := g.compare(x, x); d.outcome == different {
		t.Errorf("%q, read %s, differs from itself: %+v", a, x, d)
	}
}

func TestComparisonIsSymmetric(t *testing.T) {
	t.Parallel()
	for _, w := range writtenPairs(t) {
		symmetric(t, w.pred, w.gold)
	}
}
