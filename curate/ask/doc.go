// Package ask holds the stages of curation that need a model, as functions over rows: trace, grade, difficulty, domain. A row
// ends with what was found, or as failed with its cause, and is written at once, so that a run goes on at the row.
//
// It opens no model and sends nothing itself (curate/llm does), and decides of no row whether it is kept.
package ask
