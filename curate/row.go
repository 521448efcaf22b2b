// Package curate makes a small data set of reasoning out of a large one: a list of named, versioned, seeded stages, each of
// which keeps a row, or drops it and says by which rule and why. It knows files and rules; it opens no model itself: a stage
// that asks one comes in through the Stage interface.
//
//	recipe -> load -> (stages: decisions by row id, one folder each) -> export
package curate

import (
	"crypto/sha256"
	"encoding/hex"
)

// Row is one question with what is known of it.
type Row struct {
	ID         string         `json:"id"` // of the question, see ID
	Question   string         `json:"question"`
	Solution   string         `json:"solution"`
	CotType    string         `json:"cot_type"`
	SourceType string         `json:"source_type"`
	Metadata   string         `json:"metadata"`
	Trace      string         `json:"trace"`
	Attempt    string         `json:"attempt"`
	Features   map[string]any `json:"features,omitempty"` // by name: bool, number or text; a later stage's go over an earlier one's
	File       string         `json:"file"`
	Index      int64          `json:"index"` // in File, from 0
}

// ID is s1's key of a question: the first 16 hex digits of its SHA-256.
func ID(question string) string {
	sum := sha256.Sum256([]byte(question))
	return hex.EncodeToString(sum[:])[:16]
}

// parseID is the number whose hex digits an id is.
func parseID(id string) (n uint64, ok bool) {
	if len(id) != 16 {
		return 0, false
	}
	for i := range len(id) {
		switch c := id[i]; {
		case c >= '0' && c <= '9':
			n = n<<4 | uint64(c-'0')
		case c >= 'a' && c <= 'f':
			n = n<<4 | uint64(c-'a'+10)
		default:
			return 0, false
		}
	}
	return n, true
}

// Decision is what a stage says of a row. Rule "" keeps it.
type Decision struct {
	ID       string         `json:"id"`
	Rule     string         `json:"rule,omitempty"`
	Detail   string         `json:"detail,omitempty"`
	Hit      *Hit           `json:"hit,omitempty"`
	Features map[string]any `json:"features,omitempty"` // learnt about a row that is kept
	Made     *Made          `json:"made,omitempty"`
}

// Made are texts that a stage made for a row that is kept: for the stages after it and the export they are the row's own.
type Made struct {
	Trace   string `json:"trace"`
	Attempt string `json:"attempt"`
}

// Hit is what a row was found to have in common with another one.
type Hit struct {
	Set        string  `json:"set,omitempty"` // the test set; "" = a row of the pool
	Index      int64   `json:"index"`         // in the test set, from 0
	ID         string  `json:"id,omitempty"`  // of the row of the pool
	Shared     string  `json:"shared,omitempty"`
	Similarity float64 `json:"similarity,omitempty"` // exact Jaccard of 5-word shingles
	Text       string  `json:"text"`                 // of the other one
}

func flag(r *Row, name string) bool { v, _ := r.Features[name].(bool); return v }

func number(r *Row, name string) (float64, bool) { v, ok := r.Features[name].(float64); return v, ok }

func word(r *Row, name string) string { v, _ := r.Features[name].(string); return v }
