// Package engine makes models think under exact control: it opens a model, tokenizes a question, runs its branches in one
// batch, applies the budget, and writes every token into a trace.Log. It knows no screen and no database.
//
//	prompt -> tokenizer -> schedule (one batch of live branches a step) -> backend step -> sample -> think -> trace.Log
//	                                 ^                                                              |
//	                                 +-- trace.Command (wait, cap, answer now, pause, ...) ---------+
//
// Experiments around a trace (explore) run as side branches: in the same batch, behind every branch that is none, and unseen.
package engine
