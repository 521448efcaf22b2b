package probe

import (
	"math"
	"slices"

	"s1/engine/builtin/tape"
	"s1/engine/scaling/interval"
)

// Rate is a share with its Wilson 95 % interval, all three in percent.
type Rate struct {
	N    int     `json:"n"`
	Hits int     `json:"hits"`
	Rate float64 `json:"rate"`
	Low  float64 `json:"low"`
	High float64 `json:"high"`
}

// NewRate is hits of n.
func NewRate(hits, n int) Rate {
	share, low, high := interval.Wilson(hits, n)
	return Rate{N: n, Hits: hits, Rate: 100 * share, Low: 100 * low, High: 100 * high}
}

// Point is the accuracy at one setting.
type Point struct {
	At        int     `json:"at"` // the cap, the number of Waits, or the number of drafts
	Accuracy  Rate    `json:"accuracy"`
	Tokens    float64 `json:"tokens"` // thinking tokens, mean; of all drafts together in a vote
	Fixed     int     `json:"fixed"`  // wrong at 0 Waits, right here
	Broken    int     `json:"broken"` // the other way round
	Malformed int     `json:"malformed"`
}

// Curve is what is measured at one temperature.
type Curve struct {
	Temperature float64     `json:"temperature"`
	Caps        []Point     `json:"caps,omitempty"`
	Waits       []Point     `json:"waits"`          // 0, 1, ...; the first is the natural end
	Long        []Point     `json:"long,omitempty"` // the same, of the third of the problems with the most steps
	Steps       []ByStep    `json:"steps"`
	Audit       AuditResult `json:"audit"`
}

// ByStep is the accuracy of the problems of one length, at 0 Waits and at the most.
type ByStep struct {
	Steps int  `json:"steps"`
	First Rate `json:"first"`
	Last  Rate `json:"last"`
}

// AuditResult is what the lines of all traces say, with all Waits.
type AuditResult struct {
	DraftErrors Rate            `json:"draft_errors"`
	ByOp        map[string]Rate `json:"by_op"`
	Detection   Rate            `json:"detection"` // of checked lines whose claim is wrong
	FalseAlarms Rate            `json:"false_alarms"`
	Repair      Rate            `json:"repair"` // of those found
	Slips       Rate            `json:"slips"`  // of traces
	FirstSlip   string          `json:"first_slip,omitempty"`

	OwnWaits  Rate `json:"own_waits"`  // of the tokens the model drew, the Waits among them
	OwnChecks Rate `json:"own_checks"` // and the lines of checks that no Wait has opened

	DetectionByOp map[string]Rate `json:"detection_by_op"`
	RepairByOp    map[string]Rate `json:"repair_by_op"`
}

// Result is all that was measured.
type Result struct {
	Model     string  `json:"model"`
	SHA256    string  `json:"sha256"`
	N         int     `json:"n"`
	Seed      uint64  `json:"seed"`
	StepsMin  int     `json:"steps_min"`
	StepsMax  int     `json:"steps_max"`
	MaxValue  int     `json:"max_value"`
	Greedy    Curve   `json:"greedy"`
	Sampled   *Curve  `json:"sampled,omitempty"`
	AgainText string  `json:"again_text,omitempty"`
	Again     []Point `json:"again,omitempty"` // greedy, with the neutral word in place of Wait
	Votes     []Point `json:"votes,omitempty"` // majority of so many drafts at T = 1
	Equal     int     `json:"equal,omitempty"` // the vote whose tokens come closest to those of two Waits, or of the most
	Shown     *Shown  `json:"shown,omitempty"`
	Seconds   float64 `json:"seconds"`
}

// reduce sums up the measurements, in the order of the problems.
func reduce(o Options, problems []tape.Problem, all []measurement) Result {
	r := Result{N: o.N, Seed: o.Seed, StepsMin: o.StepsMin, StepsMax: o.StepsMax, MaxValue: o.MaxValue}
	r.Greedy = reduceCurve(o, problems, all, func(m measurement) curve { return m.greedy })
	if o.Sampled {
		c := reduceCurve(o, problems, all, func(m measurement) curve { return m.sampled })
		c.Temperature = 1
		r.Sampled = &c
	}
	for k := 0; o.Again > 0 && k <= o.Again; k++ {
		r.AgainText = o.AgainText
		r.Again = append(r.Again, point(k, all, func(m measurement) (outcome, outcome) { return m.again[k], m.again[0] }))
	}
	for k := range o.Votes {
		r.Votes = append(r.Votes, point(k+1, all, func(m measurement) (outcome, outcome) { return vote(m.votes[:k+1]), m.votes[0] }))
	}
	if len(r.Votes) > 0 {
		want := r.Greedy.Waits[min(2, o.Waits)].Tokens
		r.Equal = slices.MinFunc(r.Votes, func(a, b Point) int {
			if math.Abs(a.Tokens-want) < math.Abs(b.Tokens-want) {
				return -1
			}
			return 1
		}).At
	}
	return r
}

func reduceCurve(o Options, problems []tape.Problem, all []measurement, of func(measurement) curve) Curve {
	var c Curve
	for i, n := range o.Caps {
		c.Caps = append(c.Caps, point(n, all, func(m measurement) (outcome, outcome) { return of(m).caps[i], of(m).waits[0] }))
	}
	waits := func(some []measurement) (list []Point) {
		for k := 0; k <= o.Waits; k++ {
			list = append(list, point(k, some, func(m measurement) (outcome, outcome) { return of(m).waits[k], of(m).waits[0] }))
		}
		return list
	}
	c.Waits = waits(all)
	order := make([]int, len(all)) // longest first
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return len(problems[b].Ops) - len(problems[a].Ops) })
	var long []measurement
	for _, i := range order[:len(all)/3] {
		long = append(long, all[i])
	}
	if len(long) > 0 {
		c.Long = waits(long)
	}
	for steps := o.StepsMin; steps <= o.StepsMax; steps++ {
		n, first, last := 0, 0, 0
		for i, m := range all {
			if len(problems[i].Ops) == steps {
				n++
				first += hit(of(m).waits[0])
				last += hit(of(m).waits[o.Waits])
			}
		}
		c.Steps = append(c.Steps, ByStep{steps, NewRate(first, n), NewRate(last, n)})
	}
	var sum tape.Report
	var own unasked
	for _, m := range all {
		sum.Add(of(m).report)
		own.add(of(m).own)
	}
	c.Audit = auditOf(sum)
	c.Audit.OwnWaits, c.Audit.OwnChecks = NewRate(own.waits, own.sampled), NewRate(own.checks, own.sampled)
	return c
}

func auditOf(r tape.Report) AuditResult {
	lines, wrong := r.Lines()
	claims, detected, repaired := r.Checks()
	a := AuditResult{
		DraftErrors: NewRate(wrong, lines), ByOp: map[string]Rate{}, DetectionByOp: map[string]Rate{}, RepairByOp: map[string]Rate{},
		Detection: NewRate(detected, claims), FalseAlarms: NewRate(r.FalseAlarms, r.RightClaims),
		Repair: NewRate(repaired, detected), Slips: NewRate(r.Slips, r.Traces), FirstSlip: r.Slip,
	}
	for _, kind := range []byte("+-*/") {
		c := r.Op(kind)
		a.ByOp[string(kind)] = NewRate(c.Wrong, c.Lines)
		a.DetectionByOp[string(kind)] = NewRate(c.Detected, c.WrongClaims)
		a.RepairByOp[string(kind)] = NewRate(c.Repaired, c.Detected)
	}
	return a
}

// point sums up one setting; of gives the outcome there and the one it is compared with.
func point(at int, all []measurement, of func(measurement) (here, first outcome)) Point {
	p := Point{At: at}
	right, tokens := 0, 0
	for _, m := range all {
		here, first := of(m)
		right += hit(here)
		tokens += here.tokens
		if !here.answered {
			p.Malformed++
		}
		if here.right && !first.right {
			p.Fixed++
		}
		if !here.right && first.right {
			p.Broken++
		}
	}
	p.Accuracy = NewRate(right, len(all))
	p.Tokens = float64(tokens) / float64(max(len(all), 1))
	return p
}

func hit(o outcome) int {
	if o.right {
		return 1
	}
	return 0
}

// vote is the answer that most samples gave; of several, the one that came first. Its tokens are those of all samples.
func vote(samples []outcome) (best outcome) {
	most, tokens := 0, 0
	for _, s := range samples {
		tokens += s.tokens
		n := 0
		for _, other := range samples {
			if other.answered && s.answered && other.value == s.value {
				n++
			}
		}
		if n > most {
			best, most = s, n
		}
	}
	best.tokens = tokens
	return best
}
