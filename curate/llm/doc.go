// Package llm asks models, thousands of times, for curation: each question is paid for once, within a cap, and ends as an answer
// or as a failure with its cause.
//
// The way of a request:
//
//	Request -> cache (answered? then nothing is sent) -> Ledger (what it may cost at most is reserved) -> pace (requests and
//	tokens a minute, how many at once, the server's own Retry-After) -> Provider (one try) -> cache -> Reply
//
// What is tried again has a budget for each kind of failure. A reply that cannot be read is no failure of the way: it is asked
// for anew as another request, and has a budget of its own.
//
// It knows neither rows nor stages, opens no model, and neither stores nor logs a key.
package llm
