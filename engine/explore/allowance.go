package explore

import (
	"math"

	"s1/engine/trace"
)

// firstAnswer is how many tokens the first answer may have at least, whatever the budget.
const firstAnswer = 8

// allowance is the budget of a ticker, in tokens. What its guesses cost (drawn and fed) is at most a share of the thinking
// tokens so far, at every moment: a guess begins only when the most it can cost fits, and is cut where it would not.
//
// That most is the close, which has a known length, and the answer, which has not. Waiting until the longest possible answer
// fits would mean no guess at all in a short thought: 16 answer tokens and a close of 4, at a tenth, fit after 200. So it waits
// until the longest answer seen so far fits, with a token more to see it end, and cuts a longer one; after an answer that was
// cut it waits for twice as much.
//
// Between two guesses there are as many thinking tokens as the share makes of what one costs, or fewer where a known cap leaves
// less of the thought than its budget would buy: what a late start has saved is spread over what is left, and guesses from the
// same place, which are equal, are not bought with it.
//
// The first guess comes at once, when there is hardly a thought yet. It is cut to what the thought's cap, where it has one,
// will allow for, and until the thought is as long it alone is over the budget: no other begins before it is made good.
type allowance struct {
	share float64
	most  int  // answer tokens of a guess
	fed   int  // most tokens of a close
	extra int  // spent so far
	begun bool // the first guess has been made
	long  int  // answer tokens that the next guess must have room for; 0 = firstAnswer
	next  int  // thinking tokens from which the next guess may begin, if there is room for it
}

// of is the budget of a thought of so many tokens.
func (a *allowance) of(spent int) int {
	return tokens(a.share * float64(max(spent, 0)))
}

// want is how many answer tokens the next guess must have room for.
func (a *allowance) want() int {
	if a.long == 0 {
		return min(firstAnswer, a.most)
	}
	return min(a.long, a.most)
}

// room is how many answer tokens a guess that begins now may have; 0 = it must not begin.
func (a *allowance) room(spent, limit int) int {
	if spent < max(a.next, 1) {
		return 0
	}
	if !a.begun {
		return min(a.most, max(a.of(max(spent, limit))-a.fed, a.want()))
	}
	if left := a.of(spent) - a.extra - a.fed; left >= a.want() {
		return min(left, a.most)
	}
	return 0
}

// spend takes in what a guess has cost, under a cap on the thought (-1 = none).
func (a *allowance) spend(g *trace.Guess, limit int) {
	a.extra += g.Extra()
	a.begun = a.begun || a.extra > 0
	cost := max(g.Extra(), 1)
	every := float64(cost) / a.share
	if left := limit - g.Spent; left > 0 {
		buys := (a.of(limit) - a.extra) / cost
		every = min(every, float64(left)/float64(max(buys, 1)))
	}
	a.next = g.Spent + tokens(math.Ceil(every))
}

// answered takes in how long an answer was.
func (a *allowance) answered(tokens int, cut bool) {
	if a.long = max(a.long, tokens+1); cut {
		a.long = max(a.long, 2*tokens)
	}
}

// due is from how many thinking tokens on the next guess begins.
func (a *allowance) due() int {
	need := a.extra + a.fed + a.want()
	at := max(tokens(math.Ceil(float64(need)/a.share)), a.next)
	for at < math.MaxInt32 && a.of(at) < need { // the quotient was rounded
		at++
	}
	for at > a.next && a.of(at-1) >= need {
		at--
	}
	return at
}

// tokens is a number that may be out of all proportion as a number of tokens.
func tokens(n float64) int { return int(min(n, math.MaxInt32)) }
