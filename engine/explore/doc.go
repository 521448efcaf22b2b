// Package explore asks what else could have come of a trace: the answers had it been cut earlier (Scrub), the answer while it
// still thinks (Tick), how samples of several ways to go on compare (Try), and whether a stored run comes out the same again
// (Replay). All of it runs as side branches of an engine.Model, in the same batch as what the user watches, which never waits
// for it; nothing of it is kept, until Open makes a branch of it.
//
//	trace so far -> where a capped run would part from it (think.Cuts) -> side branches -> Guess, Trial, Agreement
//
// It knows branches, budgets and answers. It knows no screen, no database and no grader: an answer is judged by trace.Judge.
package explore
