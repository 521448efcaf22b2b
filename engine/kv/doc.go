// Package kv keeps the books of the key/value cache: which pages of the backend's pool a sequence of positions lies in,
// and how many sequences share each page. A fork copies a list of page ids, a rewind shortens one; no number of the cache
// itself moves, except that a partly filled page which two sequences share is copied by the backend before one of them
// writes into it.
//
// It knows page ids and positions. It knows neither tokens nor what the backend stores in a page, and it is not safe for
// concurrent use: the scheduler's goroutine owns it.
package kv
