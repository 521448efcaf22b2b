package scaling

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// table writes one Markdown table.
type table struct {
	b     strings.Builder
	width int
}

func newTable(head ...string) *table {
	t := &table{width: len(head)}
	t.row(head...)
	t.b.WriteString("|" + strings.Repeat("---|", len(head)) + "\n")
	return t
}

func (t *table) row(cells ...string) {
	for i := range t.width {
		cell := ""
		if i < len(cells) {
			cell = markdownCell(cells[i])
		}
		t.b.WriteString("| " + cell + " ")
	}
	t.b.WriteString("|\n")
}

func (t *table) String() string { return t.b.String() }

// markdownCell keeps a text, which may be a model's or a user's, within its cell.
func markdownCell(s string) string {
	s = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, s)
	return strings.NewReplacer("|", "\\|", "<", "&lt;", "`", "'").Replace(s)
}

func (s Share) String() string {
	return fmt.Sprintf("%.1f [%.1f, %.1f]", s.Percent, s.Low, s.High)
}

func (c Paired) String() string {
	return fmt.Sprintf("%+.1f [%+.1f, %+.1f]", c.Difference, c.Low, c.High)
}

// probability is a p-value as people read it.
func probability(p float64) string {
	if p < 0.0001 {
		return "< 0.0001"
	}
	return fmt.Sprintf("%.4f", p)
}

// decimal is a number, or a dash where there is none.
func decimal(x float64, decimals int) string {
	if math.IsNaN(x) {
		return "–"
	}
	return fmt.Sprintf("%.*f", decimals, x)
}

// pointsTable is every arm: how often right, what was spent, and what became of the others.
func pointsTable(points []Point) string {
	head := []string{"arm", "right % [95 %]", "n", "thinking tokens", "right", "wrong", "empty", "cut", "unparsed", "error", "tries", "coverage % [95 %]"}
	served := slices.ContainsFunc(points, func(p Point) bool { return len(p.Badges) > 0 })
	if served {
		head = append(head, "budget kept")
	}
	t := newTable(head...)
	for _, p := range points {
		cells := []string{p.Arm.String(), p.Accuracy.String(), fmt.Sprint(p.Accuracy.N), decimal(p.Tokens, 1)}
		for _, o := range []Outcome{OutcomeRight, OutcomeWrong, OutcomeEmpty, OutcomeCut, OutcomeUnparsed, OutcomeError} {
			cells = append(cells, fmt.Sprint(p.Outcomes[o]))
		}
		tries, coverage := "1", ""
		if p.Tries != 1 {
			tries = decimal(p.Tries, 1)
		}
		if p.Coverage != nil {
			coverage = p.Coverage.String()
		}
		cells = append(cells, tries, coverage)
		if served {
			cells = append(cells, p.Kept())
		}
		t.row(cells...)
	}
	return t.String()
}

// pairsTable compares every arm with one of them, question by question.
func pairsTable(points []Point, first Point, seed uint64) string {
	t := newTable("arm", fmt.Sprintf("difference to %s, points [95 %%]", first.Arm), "fixed", "broken", "McNemar p")
	for _, p := range points {
		if p.Arm == first.Arm {
			continue
		}
		c := p.Against(first, seed)
		t.row(p.Arm.String(), c.String(), fmt.Sprint(c.Fixed), fmt.Sprint(c.Broken), probability(c.P))
	}
	return t.String()
}

// metricsTable has the paper's three metrics, a row a method.
func metricsTable(list []Metrics) string {
	t := newTable("method", "Control %", "Scaling, % per doubling", "Performance %", "runs")
	for _, m := range list {
		control := "–"
		if m.Control != nil {
			control = decimal(*m.Control, 0)
		}
		t.row(m.Method, control, decimal(m.Scaling, 1), decimal(m.Performance, 1), fmt.Sprint(m.Runs))
	}
	return t.String()
}
