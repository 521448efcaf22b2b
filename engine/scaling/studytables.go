package scaling

import (
	"fmt"
	"strings"
)

// rejection is the paper's figure 6. A short limit is kept by easy questions first, so that the accuracy of what was accepted says
// nothing by itself: the questions accepted at every limit are the fair ones.
func (r *studyReport) rejection() {
	limits := Of(r.points, MethodReject, "")
	first := mustFind(Of(r.points, MethodMajority, ""), 1) // the first sample, of any length
	rows := func(k int) (accepted []bool) {
		at := armIndex(r.s.Greedy, limits[k].Arm)
		for _, item := range r.s.Greedy.Items {
			accepted = append(accepted, item[at].Closed != "refused" && item[at].Outcome != OutcomeError)
		}
		return accepted
	}
	common := rows(0)
	for k := range limits {
		for i, ok := range rows(k) {
			common[i] = common[i] && ok
		}
	}
	t := newTable("limit", "tries, mean", "never short enough", "tokens accepted", "right of all % [95 %]", "right of accepted % [95 %]", "first sample, the same questions %", "difference, points", "right of those accepted at every limit %")
	for k, p := range limits {
		ok := rows(k)
		mine, theirs := pick(p.right, ok), pick(first.right, ok)
		c := Compare(theirs, mine, r.seed)
		always := shareOf(pick(p.right, common))
		t.row(fmt.Sprint(p.Arm.Budget), decimal(p.Tries, 1), fmt.Sprint(len(p.right)-len(mine)), decimal(p.Tokens, 1), p.Accuracy.String(), shareOf(mine).String(), shareOf(theirs).String(), c.String(),
			always.String())
	}
	fmt.Fprintf(&r.b, "## Rejection sampling\n\n![rejection sampling](rejection.svg)\n\n%s\n", t)
	fmt.Fprintf(&r.b, "A question is given up, and counted as cut, after %d samples: the paper drew on until all were accepted (655 tries on average at its\nshortest limit). Short limits are kept by easy questions, so the accepted ones of two limits are not the same questions; %d of %d were\naccepted at every limit, and the last column is theirs alone.\n\n", r.s.Greedy.Plan.Tries, shareOf(pick(first.right, common)).N, len(common))
	low, high := limits[0], limits[len(limits)-1]
	c := Compare(pick(high.right, common), pick(low.right, common), r.seed)
	r.find("Rejection sampling scales inversely (shorter accepted thoughts are more often right): %s. Of the %d questions accepted at every limit, limit %d against %d: %s points (their accepted thoughts have %.1f and %.1f tokens).",
		verdict(c), c.N, low.Arm.Budget, high.Arm.Budget, c, r.meanTokens(low.Arm, common), r.meanTokens(high.Arm, common))
	all, _ := Slope(curve(limits))
	r.find("Over all questions, those never short enough counted as not right, rejection sampling has a slope of %s %% per doubling: that is what the limit refuses, not what short thoughts are worth.", decimal(all, 1))
	r.b.WriteString("The paper (figure 6, AIME24): tokens to right %: 2,974 40.0, 3,703 36.7, 4,344 33.3, 4,734 30.0, 5,193 26.7, 5,293 23.3; average tries 655, 97, 8, 3, 2, 1.\n\n")
}

func armIndex(r *Result, a Arm) int {
	for i, b := range r.Plan.Arms() {
		if a == b {
			return i
		}
	}
	panic("no arm " + a.String()) // it came from the result's own points
}

// pick gives those values whose question is kept.
func pick(values, keep []bool) (some []bool) {
	for i, ok := range keep {
		if ok {
			some = append(some, values[i])
		}
	}
	return some
}

func shareOf(right []bool) Share {
	hits := 0
	for _, ok := range right {
		if ok {
			hits++
		}
	}
	return NewShare(hits, len(right))
}

// meanTokens is what an arm spent on the kept questions.
func (r *studyReport) meanTokens(a Arm, keep []bool) float64 {
	at, sum, n := armIndex(r.s.Greedy, a), 0, 0
	for i, ok := range keep {
		if ok {
			sum += r.s.Greedy.Items[i][at].Tokens
			n++
		}
	}
	return float64(sum) / float64(max(n, 1))
}

// words is the paper's table 4: what is appended where an end of thinking is suppressed.
func (r *studyReport) words() {
	none := mustFind(Of(r.points, MethodWait, ""), 0)
	t := newTable("appended, twice", "thinking tokens", "right % [95 %]", "n", "difference to none, points", "McNemar p", "the paper: AIME24 / MATH500 / GPQA")
	add := func(name string, p Point, paper string) Paired {
		c := p.Against(none, r.seed)
		t.row(name, decimal(p.Tokens, 1), p.Accuracy.String(), fmt.Sprint(p.Accuracy.N), c.String(), probability(c.P), paper)
		return c
	}
	add("no extrapolation", none, "50.0 / 93.0 / 57.6")
	add("nothing, the end only suppressed", mustFind(Of(r.points, MethodWait, nothing), 2), "50.0 / 90.2 / 55.1")
	again := mustFind(Of(r.points, MethodWait, "Again"), 2)
	c := add("Again (control: think again without a check)", again, "–")
	two := mustFind(Of(r.points, MethodWait, ""), 2)
	add("Wait", two, "53.3 / 93.0 / 59.6")
	t.row("Alternatively", "–", "not measured", "", "", "", "50.0 / 92.2 / 59.6")
	t.row("Hmm", "–", "not measured", "", "", "", "50.0 / 93.0 / 59.6")
	fmt.Fprintf(&r.b, "## The word that is appended\n\n%s\n", t)
	r.b.WriteString("Hmm and Alternatively are left out: this model's vocabulary of 55 tokens has neither.\n\n")
	r.find("The control, two times Again in place of Wait, changes accuracy by %s points with %s tokens.", c, decimal(again.Tokens, 1))
	d := two.Against(again, r.seed)
	r.find("It is the word that counts, Wait against Again: %s. %s points, p %s.", verdict(d), d, probability(d.P))
}

// methodTable is the paper's table 3, with its own row beside each.
func (r *studyReport) methodTable() {
	t := newTable("method", "Control %", "Scaling", "Performance %", "runs", "n", "the paper: Control / Scaling / Performance", "from the paper's points: Scaling")
	published := map[string]Published{}
	for _, p := range Table3() {
		published[p.Name] = p
	}
	paper := func(name string) (string, string) {
		p, ok := published[name]
		if !ok {
			return "–", "–"
		}
		slope, _ := Slope(p.Points)
		return fmt.Sprintf("%g / %g / %.1f", p.Control, p.Scaling, p.Performance), decimal(slope, 1)
	}
	n := fmt.Sprint(len(r.s.Greedy.Items))
	for _, m := range []struct{ name, method, text, paper string }{
		{"BF, caps", MethodCap, "", "BF"}, {"BF, Waits", MethodWait, "", "BF"}, {"BF, Again (control)", MethodWait, "Again", ""}, {"majority", MethodMajority, "", ""}, {"RS", MethodReject, "", "RS"},
	} {
		x := MetricsOf(m.method, Of(r.points, m.method, m.text))
		printed, slope := paper(m.paper)
		control := "–"
		if x.Control != nil {
			control = decimal(*x.Control, 0)
		}
		t.row(m.name, control, decimal(x.Scaling, 1), decimal(x.Performance, 1), fmt.Sprint(x.Runs), n, printed, slope)
	}
	for _, name := range []string{"TCC", "TCC + BF", "SCC", "SCC + BF", "CCC"} {
		printed, slope := paper(name)
		t.row(name, "–", "not measured", "–", "", "", printed, slope)
	}
	fmt.Fprintf(&r.b, "## Methods\n\n%s\n", t)
	r.b.WriteString("Scaling: mean slope over all pairs of runs, % per doubling of the mean thinking tokens. TCC, SCC and CCC write into the question how long to\nthink. This model takes calculator problems and nothing else, and was not trained on such prompts: their rows are left out.\n\n")
}

// early is the first-stable-answer exit, which the paper does not have.
func (r *studyReport) early() {
	none := mustFind(Of(r.points, MethodNone, ""), -1)
	t := newTable("exit after equal guesses in a row", "thinking tokens", "right % [95 %]", "n", "difference to no forcing, points")
	for _, p := range Of(r.points, MethodExit, "") {
		t.row(fmt.Sprint(p.Arm.Budget), decimal(p.Tokens, 1), p.Accuracy.String(), fmt.Sprint(p.Accuracy.N), p.Against(none, r.seed).String())
	}
	fmt.Fprintf(&r.b, "## Exit at the first stable answer\n\nA guess is asked for every %d thinking tokens. Not in the paper; no forcing: %s with %s tokens.\n\n%s\n", r.s.Greedy.Plan.Every, none.Accuracy, decimal(none.Tokens, 1), t)
}

// everything is all arms with what became of their answers.
func (r *studyReport) everything() {
	fmt.Fprintf(&r.b, "## All arms\n\n%s\nWaits sampled at T = 1:\n\n%s", pointsTable(r.points), pointsTable(r.sampled))
}

// paperFigure1 is the paper's own curve of caps and Waits.
func paperFigure1() string {
	t := newTable("set", "points")
	for _, f := range []struct {
		set    string
		points []XY
	}{
		{"AIME24", []XY{{500, 0}, {1000, 13.3}, {2000, 30}, {3933, 43.3}, {5300, 50}, {6657, 53.3}, {7319, 56.7}}},
		{"MATH500", []XY{{499, 64}, {984, 80}, {1814, 85.6}, {2868, 90.6}, {3200, 93}}},
		{"GPQA Diamond", []XY{{500, 37.9}, {985, 49.5}, {1742, 51.0}, {3231, 57.6}, {4649, 59.6}}},
	} {
		var list []string
		for _, p := range f.points {
			list = append(list, fmt.Sprintf("%.0f: %.1f", p.Tokens, p.Percent))
		}
		t.row(f.set, strings.Join(list, ", "))
	}
	return t.String()
}
