// Package ask holds the stages of curation that need a model: trace, grade, difficulty, domain. A row ends with what was found, or as
// failed with its cause, and is written at once, so that a run goes on at the row. A Plan opens what a recipe asks, says what that comes
// to at most, and gives the stages to a curation.
//
// It opens no model and sends nothing itself (its Opener and curate/llm do).
package ask
