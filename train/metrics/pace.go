package metrics

import "time"

// paceSteps is how many of the newest steps the time to the end is reckoned from: enough to hold the usual saves and
// evaluations, few enough to follow a curriculum whose steps grow.
const paceSteps = 64

// leastPaceSteps is how many steps of this process must be known before it dares to say a time: the first is slow.
const leastPaceSteps = 3

// Pace measures how long steps take, from the end of one to the end of the next, with all that happens in between: saves,
// evaluations and probes are part of the time to the end. It begins with the process: the time a run lay stopped, and the
// speed of another machine before it, do not count.
type Pace struct {
	now   func() time.Time
	ends  []time.Time // of the newest steps, oldest first; ends[0] is where the first of them began
	steps int
}

// NewPace begins to measure: call it when the first step begins.
func NewPace(now func() time.Time) *Pace { return &Pace{now: now, ends: []time.Time{now()}} }

// Step ends a step and returns how long it took.
func (p *Pace) Step() time.Duration {
	t := p.now()
	took := t.Sub(p.ends[len(p.ends)-1])
	p.ends = append(p.ends, t)
	if p.steps++; p.steps == 1 { // warming up says nothing of the others
		p.ends = p.ends[1:]
	}
	if len(p.ends) > paceSteps+1 {
		p.ends = p.ends[1:]
	}
	return took
}

// ETASeconds is the time that the remaining steps will take at the mean pace of the newest ones; nil while that is not known.
func (p *Pace) ETASeconds(remaining int) *float64 {
	if p.steps < leastPaceSteps || remaining < 0 {
		return nil
	}
	n := len(p.ends) - 1
	return Number(p.ends[n].Sub(p.ends[0]).Seconds() / float64(n) * float64(remaining))
}
