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
	s, limit := c.Spent(), c.o.Cap
	f.Fits = (limit.Tokens == 0 || s.Tokens+f.Tokens <= limit.Tokens) && (limit.Cost == 0 || s.Cost+f.Cost <= limit.Cost)
	return f
}
