package explore

import (
	"math"
	"math/rand/v2"
	"slices"

	"s1/engine/scaling/interval"
	"s1/engine/trace"
)

const (
	resamples  = 2000 // of the bootstrap
	shiftQuick = 256  // answers up to which the shift is worked out again with every report, a few ms; more wait for the end
)

// outcome is what a trial that has ended says.
type outcome struct {
	done    bool
	answer  string
	verdict trace.Verdict
}

// tally counts the answers of an experiment.
type tally struct {
	t        trace.Trials
	expected string
	same     trace.Same
	outcomes [][]outcome // by arm and sample
	votes    [][]trace.Votes
	done     int
	shifted  *trace.Rate
	at       int // done when the shift was worked out
}

func newTally(t trace.Trials, expected string, same trace.Same) *tally {
	a := &tally{t: t, expected: expected, same: same, votes: make([][]trace.Votes, len(t.Arms))}
	for range t.Arms {
		a.outcomes = append(a.outcomes, make([]outcome, t.Samples))
	}
	return a
}

// add takes an ended trial.
func (a *tally) add(arm, n int, answer string, r *trace.Receipt) {
	o := outcome{true, answer, a.same.Judge(a.expected, answer, r)}
	a.outcomes[arm][n] = o
	a.done++
	v := a.votes[arm]
	i := slices.IndexFunc(v, func(v trace.Votes) bool { return v.Answer == answer })
	if i < 0 {
		i = len(v)
		v = append(v, trace.Votes{Answer: answer, Verdict: o.verdict})
	}
	v[i].N++
	for ; i > 0 && v[i-1].N < v[i].N; i-- { // of equal ones, the one that came first stays first
		v[i-1], v[i] = v[i], v[i-1]
	}
	a.votes[arm] = v
}

// arms sums up each arm.
func (a *tally) arms(running, tokens []int) []trace.Tally {
	out := make([]trace.Tally, len(a.t.Arms))
	for i, arm := range a.t.Arms {
		t := trace.Tally{Name: arm.Name, Running: running[i], Tokens: tokens[i], Votes: slices.Clone(a.votes[i])}
		right, judged, fixed, wrong0, broken, right0 := 0, 0, 0, 0, 0, 0
		for n, o := range a.outcomes[i] {
			if !o.done {
				continue
			}
			t.Done++
			if o.verdict == trace.VerdictNone {
				continue
			}
			judged++
			if o.verdict == trace.VerdictRight {
				right++
			}
			switch first := a.outcomes[0][n]; {
			case i == 0 || !first.done:
			case first.verdict == trace.VerdictWrong:
				if wrong0++; o.verdict == trace.VerdictRight {
					fixed++
				}
			case first.verdict == trace.VerdictRight:
				if right0++; o.verdict == trace.VerdictWrong {
					broken++
				}
			}
		}
		t.Right, t.Fixed, t.Broken = rate(right, judged), rate(fixed, wrong0), rate(broken, right0)
		out[i] = t
	}
	return out
}

func rate(hits, n int) trace.Rate {
	r := trace.Rate{Hits: hits, N: n}
	r.Rate, r.Low, r.High = interval.Wilson(hits, n)
	return r
}

// decided is the answer of a single arm whose lead over every other is more than what is still open; no answer at all does
// not lead.
func (a *tally) decided() string {
	if len(a.t.Arms) != 1 {
		return ""
	}
	var leader, second trace.Votes
	for _, v := range a.votes[0] {
		switch {
		case v.Answer == "":
		case leader.N == 0:
			leader = v
		case second.N == 0:
			second = v
		}
	}
	if open := a.t.Samples - a.done; leader.N-second.N > open {
		return leader.Answer
	}
	return ""
}

// shift is the total variation distance between the answers of two arms, with its bootstrap interval: both arms are drawn
// anew, with replacement. Of few samples the distance is too large, which the interval does not know: two arms that are the
// same keep some distance.
func (a *tally) shift(ended bool) *trace.Rate {
	if len(a.t.Arms) != 2 || a.shifted != nil && a.at == a.done || a.done > shiftQuick && !ended {
		return a.shifted
	}
	ids := map[string]int{}
	var drawn [2][]int // answers as numbers
	for arm := range drawn {
		for _, o := range a.outcomes[arm] {
			if o.done {
				if _, known := ids[o.answer]; !known {
					ids[o.answer] = len(ids)
				}
				drawn[arm] = append(drawn[arm], ids[o.answer])
			}
		}
	}
	if len(drawn[0]) == 0 || len(drawn[1]) == 0 {
		return nil
	}
	weights := make([]float64, len(ids)) // of arm 0 less arm 1
	distance := func(pick func(arm, i int) int) float64 {
		clear(weights)
		for arm, answers := range drawn {
			w := float64(1-2*arm) / float64(len(answers))
			for i := range answers {
				weights[answers[pick(arm, i)]] += w
			}
		}
		sum := 0.0
		for _, w := range weights {
			sum += math.Abs(w)
		}
		return min(sum/2, 1)
	}
	r := &trace.Rate{N: len(drawn[0]) + len(drawn[1]), Rate: distance(func(_, i int) int { return i })}
	r.Low, r.High = interval.Bootstrap(a.t.Sampling.Seed, resamples, func(rng *rand.Rand) float64 {
		return distance(func(arm, _ int) int { return rng.IntN(len(drawn[arm])) })
	})
	a.shifted, a.at = r, a.done
	return r
}
