// Package schedule runs any number of live branches on one model, one batch a step. One goroutine owns the backend, the
// page tables, the samplers and the budget machines; everything else reaches it through a mailbox that never blocks the
// sender, and everything it has to say goes into trace.Logs, which never block it.
//
//	mailbox: new branches, commands -------------------------------+
//	                                                               v
//	plan: rows of all branches (decode rows, then one prompt chunk) -> backend step -> mailbox again -> for each branch:
//	    think.Next -> draw or feed -> trace.Log, until the model must run again
//
// Ids that the budget feeds (a close, "Wait", a user's text) go through the model in one step: a copy of the machine says
// what will be fed, and the machine itself confirms each id with its true log-probability afterwards. A branch that may
// not go on yet (paused, or paced for a reader) keeps a copy of its row of logits.
//
// It knows ids, positions and budgets. It knows no prompt text, no template and no file.
package schedule
