package curate

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"s1/engine/records"
)

// testSets are the questions that must not be trained on, indexed.
type testSets struct {
	n      int // words of a gram
	strict bool
	limit  float64 // Jaccard of a near-duplicate
	items  []testItem
	gram   map[uint64]int32 // the first item with it
	whole  map[string]int32 // strict: short ones, by all of their words
	near   *neighbours
}

type testItem struct {
	set   string
	index int64
	text  string
}

func openTests(files []string, d Decontaminate) (*testSets, error) {
	t := &testSets{n: d.NGram, strict: d.Strict, limit: d.Jaccard, gram: map[uint64]int32{}, whole: map[string]int32{}}
	if d.Strict {
		t.near = newNeighbours(d.Jaccard)
	}
	for _, f := range files {
		r, err := records.Open(f)
		if err != nil {
			return nil, err
		}
		for {
			row, err := r.Next()
			if errors.Is(err, io.EOF) {
				break
			}
			if err == nil {
				err = t.add(filepath.Base(f), row)
			}
			if err != nil { // a test question that is passed over would be trained on in silence
				return nil, errors.Join(fmt.Errorf("read test set: %w", err), r.Close())
			}
		}
		if err := r.Close(); err != nil {
			return nil, err
		}
	}
	return t, nil
}

func (t *testSets) add(set string, row records.Row) error {
	var q string
	for _, name := range []string{"question", "problem", "prompt", "Question"} {
		if s, ok := row.Text(name); ok && q == "" {
			q = s
		}
	}
	if q == "" {
		return fmt.Errorf("%s:%d has none of question, problem, prompt; its fields are %s", row.File, row.Index+1, row.Names())
	}
	at := int32(len(t.items))
	t.items = append(t.items, testItem{set, row.Index, q})
	w := t.words(q)
	grams(w, t.n, func(h uint64, _ int) {
		if _, ok := t.gram[h]; !ok {
			t.gram[h] = at
		}
	})
	if t.strict {
		if len(w) < t.n {
			t.whole[strings.Join(w, " ")] = at
		}
		t.near.add(q)
	}
	return nil
}

func (t *testSets) words(s string) []string {
	if t.strict {
		return strictWords(s)
	}
	return words(s)
}

// rule drops a row that has something in common with a test question.
func (t *testSets) rule(row *Row) Decision {
	rule, hit := t.find(row.Question)
	d := Decision{Rule: rule, Hit: hit}
	if hit != nil {
		d.Detail = fmt.Sprintf("%s, item %d", hit.Set, hit.Index)
	}
	return d
}

// find is the first thing that a question has in common with a test question.
func (t *testSets) find(q string) (rule string, hit *Hit) {
	w := t.words(q)
	grams(w, t.n, func(h uint64, i int) {
		if at, ok := t.gram[h]; ok && hit == nil {
			shared := w[i : i+t.n]
			if slices.Equal(t.has(at, shared), shared) { // the words are equal, not only their hash
				rule, hit = "n-gram", t.hit(at)
				hit.Shared = strings.Join(shared, " ")
			}
		}
	})
	if hit != nil || !t.strict {
		return rule, hit
	}
	if at, ok := t.whole[strings.Join(w, " ")]; ok && len(w) > 0 {
		hit = t.hit(at)
		hit.Shared = strings.Join(w, " ")
		return "whole", hit
	}
	sh := shinglesOf(w)
	if at, j, ok := t.near.nearest(sh, t.limit); ok {
		hit = t.hit(int32(at))
		hit.Similarity = j
		return "near", hit
	}
	return "", nil
}

func (t *testSets) hit(at int32) *Hit {
	return &Hit{Set: t.items[at].set, Index: t.items[at].index, Text: t.items[at].text}
}

// has gives the words back where the item has them in a row.
func (t *testSets) has(at int32, shared []string) []string {
	w := t.words(t.items[at].text)
	for i := range len(w) - len(shared) + 1 {
		if slices.Equal(w[i:i+len(shared)], shared) {
			return shared
		}
	}
	return nil
}
