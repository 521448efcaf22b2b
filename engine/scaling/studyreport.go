package scaling

import (
	"bytes"
	"fmt"
	"path/filepath"
	"strings"
)

// studyReport writes the report of a study, section by section.
type studyReport struct {
	s       Study
	seed    uint64
	points  []Point // greedy
	sampled []Point
	found   []string // what holds and what does not, one sentence each
	b       strings.Builder
}

// ReportStudy writes report.md, points.csv and the figures of a study into a folder.
func ReportStudy(dir string, s Study, src Source) error {
	r := &studyReport{s: s, seed: s.Greedy.Plan.Seed, points: s.Greedy.Points(), sampled: s.Sampled.Points()}
	var body strings.Builder
	for _, section := range []func(){r.scalingFigure, r.parallel, r.rejection, r.words, r.methodTable, r.early, r.everything} {
		section()
		body.WriteString(r.b.String())
		r.b.Reset()
	}
	fmt.Fprintf(&r.b, "# The study in miniature\n\nThe experiments of *s1: Simple test-time scaling* (arXiv 2501.19393v3), carried out again on a model of 0.8 million parameters.\nThe paper's rows are a 32 billion parameter model's on other questions (AIME24, MATH500, GPQA Diamond): they stand beside for the\nshape of a curve, not for its height.\n\n")
	sourceLines(&r.b, s.Greedy, src)
	r.b.WriteString("\nIntervals are 95 %: Wilson's for shares, in brackets; for differences a bootstrap over questions (10,000 resamples), with McNemar's\nexact test. Tokens are those really spent on thinking, on average. Only what the judge calls right counts as right.\n\n## What came out\n\n")
	for _, f := range r.found {
		r.b.WriteString("- " + f + "\n")
	}
	r.b.WriteString("\n" + body.String())
	var csv bytes.Buffer
	if err := WriteCSV(&csv, r.points); err != nil {
		return err
	}
	if err := replace(filepath.Join(dir, "points.csv"), csv.Bytes()); err != nil {
		return err
	}
	for name, f := range r.figures() {
		if err := writeFigure(dir, name, f); err != nil {
			return err
		}
	}
	return replace(filepath.Join(dir, "report.md"), []byte(r.b.String()))
}

func (r *studyReport) figures() map[string]Figure {
	n := len(r.s.Greedy.Items)
	title := func(what string) string { return fmt.Sprintf("%s (n = %d)", what, n) }
	line := func(name string, points []Point, hollow bool) Series {
		return Series{Name: name, Points: byTokens(points), Hollow: hollow}
	}
	return map[string]Figure{
		"scaling": {title("budget forcing"), []Series{
			line("cap", Of(r.points, MethodCap, ""), false), line("Wait", Of(r.points, MethodWait, ""), false), line("Again (control)", Of(r.points, MethodWait, "Again"), true),
		}},
		"parallel": {title("sequential and parallel"), []Series{
			line("Wait, greedy", Of(r.points, MethodWait, ""), false), line("Wait, T = 1", Of(r.sampled, MethodWait, ""), false), line("majority, T = 1", Of(r.points, MethodMajority, ""), true),
		}},
		"rejection": {title("rejection sampling"), []Series{
			line("rejection sampling, all questions", Of(r.points, MethodReject, ""), false), line("cap", Of(r.points, MethodCap, ""), true),
		}},
	}
}

// verdict says in words whether a difference that was expected to be above nothing is.
func verdict(c Paired) string {
	switch {
	case c.Low > 0:
		return "holds"
	case c.High < 0:
		return "does not hold, it is the other way round"
	}
	return "is not decided, the interval holds 0"
}

func (r *studyReport) find(f string, args ...any) { r.found = append(r.found, fmt.Sprintf(f, args...)) }

// scalingFigure is the paper's figure 1: accuracy against caps, and against Waits.
func (r *studyReport) scalingFigure() {
	caps, waits := Of(r.points, MethodCap, ""), Of(r.points, MethodWait, "")
	first, last := caps[0], caps[len(caps)-1]
	rises := true
	for i := range caps[1:] {
		rises = rises && caps[i+1].Accuracy.Percent >= caps[i].Accuracy.Percent
	}
	steps := "at every step"
	if !rises {
		steps = "but not at every step"
	}
	c := last.Against(first, r.seed)
	r.find("More tokens under a cap, more right answers: %s. From %s to %s: %s to %s, %s points; it rises %s.", verdict(c), first.Arm, last.Arm, first.Accuracy, last.Accuracy, c, steps)
	none, two := mustFind(waits, 0), mustFind(waits, 2)
	c = two.Against(none, r.seed)
	separate := "the two intervals separate"
	if two.Accuracy.Low <= none.Accuracy.High {
		separate = "the two intervals overlap"
	}
	r.find("Two Waits are better than none: %s. %s to %s, %s points, %d fixed, %d broken, p %s; %s.", verdict(c), none.Accuracy, two.Accuracy, c, c.Fixed, c.Broken, probability(c.P), separate)
	t := newTable("arm", "thinking tokens", "right % [95 %]", "n", "difference to no Wait", "fixed", "broken")
	for _, p := range append(append([]Point{}, caps...), waits...) {
		c := p.Against(none, r.seed)
		t.row(p.Arm.String(), decimal(p.Tokens, 1), p.Accuracy.String(), fmt.Sprint(p.Accuracy.N), c.String(), fmt.Sprint(c.Fixed), fmt.Sprint(c.Broken))
	}
	fmt.Fprintf(&r.b, "## Budget forcing: caps and Waits\n\n![accuracy against thinking tokens](scaling.svg)\n\n%s\n", t)
	r.b.WriteString("A cap of 0 has no place on an axis of doublings; the table has it.\n\n")
	r.b.WriteString("The paper's figure 1, tokens to right %, read from its drawing (ticks exact to 0.3):\n\n" + paperFigure1() + "\n")
}

// mustFind gives the point of a budget that the study's plan has.
func mustFind(points []Point, budget int) Point {
	for _, p := range points {
		if p.Arm.Budget == budget {
			return p
		}
	}
	panic(fmt.Sprintf("the study has no budget of %d", budget)) // studyPlans has it
}

// parallel is the paper's figure 7: thinking on against voting, at equal tokens.
func (r *studyReport) parallel() {
	votes := Of(r.points, MethodMajority, "")
	t := newTable("sequential", "tokens", "right % [95 %]", "vote of as many tokens", "tokens", "right % [95 %]", "sequential - vote", "McNemar p")
	compare := func(name string, p Point) Paired {
		v := nearest(votes, p.Tokens)
		c := p.Against(v, r.seed)
		t.row(name, decimal(p.Tokens, 1), p.Accuracy.String(), v.Arm.String(), decimal(v.Tokens, 1), v.Accuracy.String(), c.String(), probability(c.P))
		return c
	}
	for _, p := range Of(r.points, MethodWait, "") {
		if c := compare(p.Arm.String()+", greedy", p); p.Arm.Budget == 2 {
			r.find("Two Waits (greedy) beat a vote of as many tokens: %s. %s points.", verdict(c), c)
		}
	}
	for _, p := range Of(r.sampled, MethodWait, "") {
		if c := compare(p.Arm.String()+", T = 1", p); p.Arm.Budget == 2 {
			r.find("Two Waits, sampled at T = 1 as the vote is, beat a vote of as many tokens: %s. %s points.", verdict(c), c)
		}
	}
	fmt.Fprintf(&r.b, "## Sequential and parallel at equal tokens\n\n![sequential and parallel](parallel.svg)\n\n%s\n", t)
	v := newTable("vote", "tokens", "right % [95 %]", "coverage % [95 %]", "n")
	for _, p := range votes {
		v.row(p.Arm.String(), decimal(p.Tokens, 1), p.Accuracy.String(), p.Coverage.String(), fmt.Sprint(p.Accuracy.N))
	}
	fmt.Fprintf(&r.b, "%s\nTies go to the answer that came first; a sample without an answer has no vote. The vote nearest in tokens stands beside each row:\nits own tokens say how near.\n\nThe paper (figure 7, AIME24): sequential 2,862 tokens 30.0, 4,979 36.7, 14,318 50.0, 23,220 33.3; majority of 16, 229,000 tokens 53.3.\n\n", v)
}

// nearest is the point whose tokens are closest.
func nearest(points []Point, tokens float64) Point {
	best := points[0]
	for _, p := range points {
		if abs(p.Tokens-tokens) < abs(best.Tokens-tokens) {
			best = p
		}
	}
	return best
}

func abs(x float64) float64 { return max(x, -x) }
