package llm

import "iter"

// Forecast is what requests may come to at most, said before the first is sent.
type Forecast struct {
	Requests, Cached int
	Tokens           int64   // bound of those to send; prompts counted as a token a byte
	Cost             float64 // bound
	Unbounded        int     // requests without a limit of tokens: their completions are not in it
	Fits             bool    // within what the cap leaves
}

// Forecast goes through requests without sending any.
func (c *Client) Forecast(requests iter.Seq[Request]) Forecast {
	var f Forecast
	for r := range requests {
		f.Requests++
		if c.cache.has(Key(c.p.Identity(), r)) {
			f.Cached++
			continue
		}
		if r.most() < 0 {
			f.Unbounded++
		}
		f.Tokens += int64(r.promptBound() + max(0, r.most()))
		f.Cost += c.o.Prices.of(r.promptBound(), max(0, r.most()))
	}
	f.Fits = c.ledger.fits(f)
	return f
}

// Add puts the forecast of more requests to this one. Fits is the books' to say then.
func (f *Forecast) Add(o Forecast) {
	f.Requests, f.Cached, f.Unbounded = f.Requests+o.Requests, f.Cached+o.Cached, f.Unbounded+o.Unbounded
	f.Tokens, f.Cost = f.Tokens+o.Tokens, f.Cost+o.Cost
}

// Fits says whether requests of this forecast stay within what the cap leaves.
func (b *Books) Fits(f Forecast) bool { return b.ledger.fits(f) }

func (l *ledger) fits(f Forecast) bool {
	s, limit := l.now(), l.cap
	return (limit.Tokens == 0 || s.Tokens+f.Tokens <= limit.Tokens) && (limit.Cost == 0 || s.Cost+f.Cost <= limit.Cost)
}
