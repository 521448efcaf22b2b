// Package enginetest is an engine without weights: a model whose logits a test writes down, a vocabulary small enough to
// read, and a clock that stands still until it is told to move. The model keeps the tokens themselves in its pages, as a
// real one keeps keys and values, so a page table that is wrong gives a wrong history and not a quiet success.
package enginetest
