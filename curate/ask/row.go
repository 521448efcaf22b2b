package ask

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"

	"s1/curate/llm"
)

// Row is what a stage sees of a row.
type Row struct {
	ID       string // first 16 hex digits of sha256(question)
	Question string
	Solution string // "" = unknown
	Attempt  string // the answer to be graded
}

// Sample is one answer of a model.
type Sample struct {
	Thinking string       `json:"thinking,omitempty"`
	Attempt  string       `json:"attempt"`
	Finish   string       `json:"finish"`
	Usage    llm.Usage    `json:"usage"`
	Key      string       `json:"key"` // of the cached reply
	Model    llm.Identity `json:"model"`
	Grade    *Grade       `json:"grade,omitempty"`
}

// Grade is a verdict and who gave it.
type Grade struct {
	Verdict string `json:"verdict"` // correct, incorrect, undecided
	By      string `json:"by"`      // rule, judge, nobody
	Why     string `json:"why"`
	Key     string `json:"key,omitempty"` // of the judge's reply
}

// Result is what a stage found of a row.
type Result struct {
	ID        string   `json:"id"`
	Failed    string   `json:"failed,omitempty"` // the cause, in one word
	Says      string   `json:"says,omitempty"`   // and in a sentence
	Samples   []Sample `json:"samples,omitempty"`
	Grade     *Grade   `json:"grade,omitempty"`
	AllWrong  *bool    `json:"all_wrong,omitempty"` // difficulty; nil = an attempt is undecided
	Undecided int      `json:"undecided,omitempty"`
	Domain    string   `json:"domain,omitempty"` // two digits
	Key       string   `json:"key,omitempty"`
}

// Stage is one of them. Its manifest says what its results depend on.
type Stage struct {
	Manifest Manifest
	do       func(ctx context.Context, r Row) (Result, error)
}

// Manifest is the provenance of a stage's results. A run does not go on under another one.
type Manifest struct {
	Stage   string         `json:"stage"`
	Version int            `json:"version"`
	Seed    uint64         `json:"seed"`
	Samples int            `json:"samples,omitempty"`
	Models  []llm.Identity `json:"models"`
	Prompt  string         `json:"prompt_sha256,omitempty"`
	Request llm.Request    `json:"request"`         // without its prompt and seed; of difficulty and grade the judge's
	Tries   []llm.Request  `json:"tries,omitempty"` // of difficulty, one a model
}

// Of carries the stage out over one row. With an error the result holds what was found before it.
func (s Stage) Of(ctx context.Context, r Row) (Result, error) { return s.do(ctx, r) }

// seedOf gives each sample of each row a seed that depends on neither order nor number of the others.
func seedOf(seed uint64, id, model string, k int) uint64 {
	h := sha256.New()
	_ = binary.Write(h, binary.LittleEndian, []uint64{seed, uint64(k)}) // a hash takes everything
	h.Write([]byte(id + "\x00" + model))
	return binary.LittleEndian.Uint64(h.Sum(nil))
}

func hashOf(texts ...string) string {
	h := sha256.New()
	for _, t := range texts {
		h.Write([]byte(t + "\x00"))
	}
	return hex.EncodeToString(h.Sum(nil))
}
