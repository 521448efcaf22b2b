package grade

import (
	"fmt"
	"sort"
	"strings"
	"syscall"
	"testing"
	"time"
)

// hostile are inputs of at most 4 KB that are made to cost much.
func hostile() map[string]string {
	fill := func(unit string, most int) string { return strings.Repeat(unit, most/len(unit)) }
	nest := func(open, middle, close string, n int) string {
		return strings.Repeat(open, n) + middle + strings.Repeat(close, n)
	}
	digits := fill("7", 3900)
	many := map[string]string{
		"parentheses":         nest("(", "1", ")", 2000),
		"open parentheses":    fill("(", 4000),
		"braces":              nest("{", "1", "}", 2000),
		"fractions":           nest(`\frac{1}{`, "2", "}", 400),
		"fractions, flat":     fill(`\frac{1}{7}+`, 4000) + "1",
		"fractions, no brace": fill(`\frac`, 4000),
		"roots":               nest(`\sqrt{2+`, "2", "}", 60),
		"roots, deep":         nest(`\sqrt{`, "2", "}", 500),
		"roots, cube":         nest(`\sqrt[3]{2+`, "2", "}", 60),
		"tower":               nest("2^{", "2", "}", 60),
		"tower, bare":         fill("9^", 3000) + "9",
		"tower of factorials": nest("(", "9", ")!", 50),
		"digits":              digits,
		"digits, fraction":    digits[:1990] + "/" + digits[:1980],
		"digits, power":       digits[:1000] + "^" + digits[:1000],
		"exponent":            "1e999999999",
		"exponents":           fill("9.9e399*", 4000) + "1",
		"large powers":        fill("2^{9999}*3^{9999}+", 4000) + "1",
		"huge power":          "2^{99999999999999999999}",
		"binomials":           fill(`\binom{20000}{10000}+`, 4000) + "1",
		"binomials, nested":   nest(`\binom{`, "400", "}{200}", 60),
		"factorials":          fill("20000!+", 4000) + "1",
		"names":               fill("xyzw", 4000),
		"names, powers":       fill("(x+y)^{999}*", 4000) + "1",
		"polynomial":          fill("x^9*(x+1)^8+", 4000) + "1",
		"functions":           fill(`\sin(\cos(x))+`, 4000) + "1",
		"functions, nested":   nest(`\sin(`, "x", ")", 60),
		"logarithms":          fill(`\ln(x+2)^{x}+`, 4000) + "1",
		"powers of names":     fill("x^{y}*", 4000) + "1",
		"arctan":              fill(`\arctan(x)+`, 4000) + "1",
		"plus-minus":          fill(`\pm 1`, 4000),
		"list":                fill("1,x,", 4000) + "1",
		"list of roots":       fill(`\sqrt{2},`, 4000) + "1",
		"list of functions":   fill(`\sin x,`, 4000) + "1",
		"set":                 `\{` + fill("x,y,", 3900) + `1\}`,
		"union":               fill(`(1,2)\cup`, 4000) + "(3,4)",
		"matrix":              `\begin{pmatrix}` + fill(`x&y\\`, 3900) + `1&2\end{pmatrix}`,
		"matrices":            fill(`\begin{pmatrix}1\end{pmatrix}`, 4000),
		"absolute values":     nest("|", "x", "|", 1000),
		"minus signs":         fill("-", 4000) + "1",
		"inequalities":        fill("1<", 4000) + "x",
		"equations":           fill("x=", 4000) + "1",
		"subscripts":          fill("x_", 4000) + "1",
		"subscripts, nested":  nest("x_{", "1", "}", 1300),
		"text":                nest(`\text{`, "a", "}", 500),
		"text, open":          fill(`\text{`, 4000),
		"boxes":               nest(`\boxed{`, "1", "}", 500),
		"boxes, open":         fill(`\boxed{`, 4000),
		"boxes, flat":         fill(`\boxed{1},`, 4000),
		"dollars":             fill("$", 4001),
		"dollars, spaced":     fill("$x$ ", 4000),
		"answers":             fill("answer is ", 4000),
		"answer lines":        fill("Answer: x\n", 4000),
		"backslashes":         fill(`\`, 4001),
		"commas":              fill(",", 4000),
		"thousands":           "1" + fill(",000", 4000),
		"repeating":           fill(`0.\overline{3}+`, 4000) + "1",
		"letters":             fill("a", 4000),
		"not UTF-8":           fill("\xff\xfe", 4000),
		"accents":             fill("é", 4000),
		"units":               "1 " + fill("cm ", 4000),
		"zero divisions":      fill("1/(x-x)+", 4000) + "1",
		"cancellation":        fill(`(\sqrt{2}-1.414213562373095)*`, 4000) + "1",
	}
	for name, s := range many {
		if len(s) > 4096 {
			many[name] = s[:4096]
		}
	}
	return many
}

// slowest is what a verdict may take, the best of a few tries: the tests run beside others.
const slowest = 50 * time.Millisecond

func TestNoInputTakesLong(t *testing.T) {
	inputs := hostile()
	type timed struct {
		name string
		took time.Duration
		v    Verdict
	}
	var all []timed
	measure := func(name, pred, gold string) {
		best := time.Hour
		var v Verdict
		for range 5 {
			start := cpuTime(t)
			v = Grade(pred, gold, Default())
			if best = min(best, cpuTime(t)-start); best < slowest/4 {
				break
			}
		}
		all = append(all, timed{name, best, v})
	}
	for name, s := range inputs {
		measure(name+" | 1", s, "1")
		measure(name+" | x+1", s, "x+1")
		measure("1 | "+name, "1", s)
		measure(name+" | itself in another dress", s, "  1*("+s[:min(len(s), 4080)]+") ")
		measure(name+" | itself boxed", `\boxed{`+s[:min(len(s), 4080)]+"}", s)
		if g, err := read(s, true); err == nil { // as the last rule it would be skipped when the texts are alike
			w := grader{policies: Default(), work: work{left: mostWork}}
			start := cpuTime(t)
			d := w.compare(g, of(kMul, number(1), g))
			all = append(all, timed{name + " | once itself", cpuTime(t) - start, Verdict{Verdict: Outcome(fmt.Sprint(d.outcome)), Rule: d.rule}})
		}
	}
	sort.Slice(all, func(i, j int) bool { return all[i].took > all[j].took })
	for _, x := range all[:8] {
		t.Logf("%8s  %s: %s (%s)", x.took.Round(10*time.Microsecond), x.name, x.v.Verdict, x.v.Rule)
	}
	if all[0].took > slowest && !watched {
		t.Errorf("%s took %v, want at most %v", all[0].name, all[0].took, slowest)
	}
}

func TestWhatCannotBeDecidedIsUnparsed(t *testing.T) {
	for _, tt := range []struct{ pred, gold string }{
		{`\boxed{2^{2^{2^{49}}}}`, "1"},
		{"", "1"},
		{`\boxed{((((}`, "1"},
		{"1", ""},
	} {
		if v := Grade(tt.pred, tt.gold, Default()); v.Verdict != Unparsed {
			t.Errorf("Grade(%q, %q) = %s (%s), want unparsed", tt.pred, tt.gold, v.Verdict, v.Rule)
		}
	}
}

func BenchmarkGrade(b *testing.B) { // budget: 50 us the median pair; worst of 4 KB: see TestNoInputTakesLong
	pairs := rows[pair](b, "grading-pairs.jsonl")
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		p := pairs[i%len(pairs)]
		Grade(p.Prediction, p.Gold, Default())
	}
}

func TestTheMedianPairIsQuick(t *testing.T) {
	var took []time.Duration
	for _, p := range rows[pair](t, "grading-pairs.jsonl") {
		const times = 20
		start := cpuTime(t)
		for range times {
			Grade(p.Prediction, p.Gold, Default())
		}
		took = append(took, (cpuTime(t)-start)/times)
	}
	sort.Slice(took, func(i, j int) bool { return took[i] < took[j] })
	t.Logf("%d pairs: median %v, 99 %% %v, worst %v", len(took), took[len(took)/2], took[len(took)*99/100], took[len(took)-1])
	if took[len(took)/2] > 50*time.Microsecond && !watched {
		t.Errorf("the median pair takes %v, want at most 50 us", took[len(took)/2])
	}
}

// cpuTime is what this process has computed so far: wall-clock time would measure what runs beside it.
func cpuTime(t *testing.T) time.Duration {
	t.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
