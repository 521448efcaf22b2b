package sessions

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"s1/engine/trace"
)

// Bytes of text shown before and after what was found.
const snippetBefore, snippetAfter = 40, 120

// places are the names of the columns of texts to people, and the order in which one is preferred to show: what was
// thought says more than the question, which is seen anyway.
var columnNames = [textColumns]string{inQuestion: "question", inThought: "thought", inAnswer: "answer", inNotes: "note"}

// place says where in a document the words stand.
func place(ctx context.Context, q querier, h *Hit, text string, key int64) error {
	texts, ranges, err := found(ctx, q, text, key)
	if err != nil {
		return err
	}
	best := -1
	for _, c := range []int{inThought, inAnswer, inNotes, inQuestion} {
		if len(ranges[c]) > 0 && (best < 0 || distinct(texts[c], ranges[c]) > distinct(texts[best], ranges[best])) {
			best = c
		}
	}
	if best < 0 {
		return nil
	}
	h.Where = columnNames[best]
	h.Snippet, h.Marks = snippet(texts[best], ranges[best])
	if best == inThought {
		h.Token, err = tokenAt(ctx, q, h.ID, h.Branch, ranges[best][0][0])
	}
	return err
}

// distinct counts the different words found.
func distinct(text string, ranges [][2]int) int {
	seen := map[string]bool{}
	for _, r := range ranges[:min(len(ranges), 1000)] {
		seen[strings.ToLower(text[r[0]:r[1]])] = true
	}
	return len(seen)
}

// found returns the four texts of a document with the ranges in each that a search text stands for. The index is asked
// only where a plain reading finds nothing, as with accents: for one document it is slow with beginnings and phrases.
func found(ctx context.Context, q querier, text string, key int64) (texts [textColumns]string, ranges [textColumns][][2]int, err error) {
	if err := q.QueryRowContext(ctx, `SELECT question, thought, answer, notes FROM texts WHERE rowid = ?`, key).Scan(&texts[0], &texts[1], &texts[2], &texts[3]); err != nil {
		return texts, ranges, err
	}
	want, any := words(text), false
	for c := range texts {
		ranges[c] = spot(texts[c], want)
		any = any || len(ranges[c]) > 0
	}
	if any {
		return texts, ranges, nil
	}
	var marked [textColumns]string
	err = q.QueryRowContext(ctx, `SELECT highlight(texts, 0, ?1, ?2), highlight(texts, 1, ?1, ?2), highlight(texts, 2, ?1, ?2), highlight(texts, 3, ?1, ?2)
		FROM texts WHERE texts MATCH ?3 AND rowid = ?4`, markOpen, markShut, match(text), key).Scan(&marked[0], &marked[1], &marked[2], &marked[3])
	if errors.Is(err, sql.ErrNoRows) {
		return texts, ranges, nil
	}
	for c, m := range marked {
		_, ranges[c] = unmark(m)
	}
	return texts, ranges, err
}

// maxSpots bounds the ranges marked in one text.
const maxSpots = 1000

// spot returns where words and phrases stand in a text, in order and apart from each other.
func spot(text string, want []wanted) [][2]int {
	type sought struct {
		parts  []string
		begins bool
	}
	var list []sought
	for _, w := range want {
		list = append(list, sought{strings.Fields(strings.ToLower(w.text)), w.begins})
	}
	var ranges [][2]int
	for at := 0; len(ranges) < maxSpots; {
		from, to := nextWord(text, at)
		if from == to {
			break
		}
		at = to
		for _, s := range list {
			end := to
			ok := true
			for i, part := range s.parts {
				f, e := from, to
				if i > 0 {
					f, e = nextWord(text, end)
				}
				word := strings.ToLower(text[f:e])
				if ok = word == part || i == len(s.parts)-1 && s.begins && strings.HasPrefix(word, part); !ok {
					break
				}
				end = e
			}
			if ok {
				ranges = append(ranges, [2]int{from, end})
				at = end
				break
			}
		}
	}
	return ranges
}

// nextWord is the first word at or after a place; it is empty at the end.
func nextWord(text string, at int) (from, to int) {
	skip := strings.IndexFunc(text[at:], indexed)
	if skip < 0 {
		return len(text), len(text)
	}
	from = at + skip
	n := strings.IndexFunc(text[from:], func(r rune) bool { return !indexed(r) })
	if n < 0 {
		return from, len(text)
	}
	return from, from + n
}

// unmark takes the marks out of a text and returns where they stood.
func unmark(marked string) (string, [][2]int) {
	if !strings.Contains(marked, markOpen) {
		return marked, nil
	}
	var b strings.Builder
	var ranges [][2]int
	for {
		before, rest, ok := strings.Cut(marked, markOpen)
		b.WriteString(before)
		if !ok {
			return b.String(), ranges
		}
		inside, rest, _ := strings.Cut(rest, markShut)
		ranges = append(ranges, [2]int{b.Len(), b.Len() + len(inside)})
		b.WriteString(inside)
		marked = rest
	}
}

// snippet is a piece of a text around its first range, with the ranges in it.
func snippet(text string, ranges [][2]int) (string, [][2]int) {
	from := max(0, ranges[0][0]-snippetBefore)
	to := min(len(text), max(ranges[0][1], ranges[0][0]+snippetAfter))
	for from > 0 && !utf8.RuneStart(text[from]) {
		from--
	}
	for to < len(text) && !utf8.RuneStart(text[to]) {
		to++
	}
	var inside [][2]int
	for _, r := range ranges {
		if r[1] > to {
			break
		}
		inside = append(inside, [2]int{r[0] - from, r[1] - from})
	}
	return text[from:to], inside
}

// tokenAt is the token of a branch's thought that holds a byte of it.
func tokenAt(ctx context.Context, q querier, run string, branch trace.BranchID, at int) (int, error) {
	rows, err := q.QueryContext(ctx, `SELECT idx, octet_length(coalesce(text, bytes)) FROM tokens WHERE run = ? AND branch = ? AND phase <> ? ORDER BY idx`,
		run, branch, trace.PhaseAnswer)
	if err != nil {
		return -1, err
	}
	defer rows.Close()
	sum := 0
	for rows.Next() {
		var idx, n int
		if err := rows.Scan(&idx, &n); err != nil {
			return -1, err
		}
		if sum += n; sum > at {
			return idx, nil
		}
	}
	return -1, rows.Err()
}

// Found returns what a text finds in a branch: byte ranges of its question, of its own thought (without what it shares
// with its parent) and of its whole answer. They are empty when it is not found there.
func (s *Store) Found(ctx context.Context, run string, branch trace.BranchID, text string) (question, thought, answer [][2]int, err error) {
	if match(text) == "" {
		return nil, nil, nil, nil
	}
	err = s.view(ctx, func(q querier) error {
		var key int64
		if err := q.QueryRowContext(ctx, `SELECT key FROM docs WHERE run = ? AND branch = ?`, run, branch).Scan(&key); err != nil {
			return err
		}
		_, ranges, err := found(ctx, q, text, key)
		question, thought, answer = ranges[inQuestion], ranges[inThought], ranges[inAnswer]
		return err
	})
	if err != nil && !errors.Is(err, sql.ErrNoRows) { // no row: not indexed, or nothing found
		return nil, nil, nil, fmt.Errorf("search run %s: %w", run, err)
	}
	return question, thought, answer, nil
}
