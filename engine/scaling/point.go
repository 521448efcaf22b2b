package scaling

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"s1/engine/scaling/interval"
)

// Share is hits of n with its 95 % Wilson interval, the last three in percent.
type Share struct {
	Hits    int     `json:"hits"`
	N       int     `json:"n"`
	Percent float64 `json:"percent"`
	Low     float64 `json:"low"`
	High    float64 `json:"high"`
}

// NewShare is hits of n.
func NewShare(hits, n int) Share {
	share, low, high := interval.Wilson(hits, n)
	return Share{hits, n, 100 * share, 100 * low, 100 * high}
}

// Point is what one arm has come to over all questions.
type Point struct {
	Arm      Arm             `json:"arm"`
	Tokens   float64         `json:"tokens"` // thinking tokens that were really spent, mean
	Accuracy Share           `json:"accuracy"`
	Coverage *Share          `json:"coverage,omitempty"` // of a vote: one of the samples is right
	Outcomes map[Outcome]int `json:"outcomes"`
	Tries    float64         `json:"tries"` // samples drawn, mean
	Alone    float64         `json:"alone"` // tokens of all kinds that runs of their own would generate, mean
	Within   int             `json:"within"`
	Badges   map[string]int  `json:"badges,omitempty"` // rows by how a server kept the budget; nil on this machine
	right    []bool          // by question
}

// Points sums up a result, in the order of its plan's arms.
func (r *Result) Points() []Point {
	arms := r.Plan.Arms()
	points := make([]Point, len(arms))
	for k, a := range arms {
		p := Point{Arm: a, Outcomes: map[Outcome]int{}}
		any, spent, tokens, tries, alone := 0, 0, 0, 0, 0 // whole numbers: a mean of equal ones is that number
		for _, rows := range r.Items {
			row := rows[k]
			p.Outcomes[row.Outcome]++
			if row.Badge != "" {
				if p.Badges == nil {
					p.Badges = map[string]int{}
				}
				p.Badges[row.Badge]++
			}
			tokens += row.Tokens
			tries += row.Tries
			alone += row.Alone
			p.right = append(p.right, row.Outcome == OutcomeRight)
			if row.Any {
				any++
			}
			if row.Tries > 0 && row.Closed != "refused" {
				spent++
			}
			if a.Budget >= 0 && row.Tokens <= a.Budget {
				p.Within++
			}
		}
		n := float64(len(r.Items))
		p.Tokens, p.Tries, p.Alone = float64(tokens)/n, float64(tries)/n, float64(alone)/n
		p.Accuracy = NewShare(p.Outcomes[OutcomeRight], len(r.Items))
		if a.Method == MethodMajority {
			c := NewShare(any, len(r.Items))
			p.Coverage = &c
		}
		if a.Method == MethodReject && spent > 0 {
			p.Tokens = float64(tokens) / float64(spent) // of the samples that were accepted
		}
		points[k] = p
	}
	return points
}

// Of gives the points of one method, and of one text of Waits.
func Of(points []Point, method, text string) (some []Point) {
	for _, p := range points {
		if p.Arm.Method == method && p.Arm.Text == text {
			some = append(some, p)
		}
	}
	return some
}

// find gives the point of an arm.
func find(points []Point, a Arm) (Point, bool) {
	i := slices.IndexFunc(points, func(p Point) bool { return p.Arm == a })
	if i < 0 {
		return Point{}, false
	}
	return points[i], true
}

// Kept says how the budget was kept: by this machine, which is exact, or by servers as the rows say.
func (p Point) Kept() string {
	if len(p.Badges) == 1 {
		for badge := range p.Badges {
			return badge
		}
	}
	var parts []string
	for _, badge := range slices.Sorted(maps.Keys(p.Badges)) {
		parts = append(parts, fmt.Sprintf("%s %d", badge, p.Badges[badge]))
	}
	if len(parts) == 0 {
		return "exact"
	}
	return strings.Join(parts, ", ")
}

// Against compares two points of one result, question by question.
func (p Point) Against(first Point, seed uint64) Paired { return Compare(first.right, p.right, seed) }

func curve(points []Point) (xy []XY) {
	for _, p := range points {
		xy = append(xy, XY{p.Tokens, p.Accuracy.Percent})
	}
	return xy
}

// Metrics are the paper's three, of one method.
type Metrics struct {
	Method      string
	Runs        int      // |A|
	Control     *float64 // percent; nil where the method asks for no number of tokens
	Scaling     float64  // percent per doubling; NaN with fewer than two points that have tokens
	Pairs       int      // of Scaling
	Performance float64  // percent
}

// MetricsOf are those of the points of one method. Control is about its mean tokens, as in the paper: for caps and limits they
// must not be more than was asked for, for Waits more Waits must not spend less, for a class the short one must spend less than
// the long one.
func MetricsOf(method string, points []Point) Metrics {
	m := Metrics{Method: method, Runs: len(points)}
	xy := curve(points)
	m.Scaling, m.Pairs = Slope(xy)
	m.Performance = Performance(xy)
	var within []bool
	for i, p := range points {
		switch preset, forced, ok := presetOf(method); {
		case method == MethodCap, method == MethodReject, method == MethodTokens, method == MethodTokensBF, ok && forced == "cap" && preset != "":
			within = append(within, p.Tokens <= float64(p.Arm.Budget))
		case method == MethodSteps: // 100 tokens a step stand for its limit
			within = append(within, p.Tokens <= float64(100*p.Arm.Budget))
		case method == MethodWait, ok && forced == "wait":
			within = append(within, i == 0 || p.Tokens >= points[i-1].Tokens)
		}
	}
	if len(within) > 0 {
		c := Control(within)
		m.Control = &c
	}
	return m
}
