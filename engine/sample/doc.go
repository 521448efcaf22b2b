// Package sample draws the next token from one row of logits, and reads the signals of a token (log-probability, entropy,
// probability of an end of thinking, likeliest candidates) from the same row.
//
// A draw applies, in this order, which is that of Hugging Face's generate (model cards give their parameters for it):
//
//	repetition penalty -> logit bias -> masked ids -> temperature -> top-k -> top-p -> min-p -> draw
//
// The first three change single logits ("edits"); the last three keep a prefix of the vocabulary in order of likelihood.
// kernels.LogitStats holds the beginning of that order and the normaliser, so the usual draw looks at 64 numbers and never
// at the vocabulary. Where 64 are not enough (a top-k above it, a flat distribution, a draw from the far tail) the package
// makes a full pass and says the same thing a plain implementation would.
//
// It knows logits and ids. It knows neither text nor thinking: which ids are masked is the caller's to say.
package sample
