package llm

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"time"
)

// Request is one question with everything that decides its answer. All of it is part of the key.
type Request struct {
	System      string  `json:"system"`
	Prompt      string  `json:"prompt"`
	Thinking    int     `json:"thinking"` // most thinking tokens; -1 = no limit of its own. A server is only given the sum with Answer
	Waits       int     `json:"waits"`    // ends of thinking to suppress; a server refuses them
	WaitText    string  `json:"wait_text"`
	Answer      int     `json:"answer"` // most answer tokens; -1 = none, which a spending cap does not allow
	Format      string  `json:"format"` // think format
	Temperature float64 `json:"temperature"`
	TopP        float64 `json:"top_p"`
	Seed        uint64  `json:"seed"`
	Try         int     `json:"try"` // counted up after a reply that could not be read
}

// most is the completion tokens that a request can come to; -1 = without a limit.
func (r Request) most() int {
	if r.Answer < 0 || r.Thinking < 0 {
		return -1
	}
	return r.Thinking + r.Answer
}

// promptBound is no less than the tokens of the prompt: a token has at least one byte, and a template adds some of its own.
func (r Request) promptBound() int { return len(r.System) + len(r.Prompt) + templateRoom }

const templateRoom = 256 // tokens that a chat template adds at most

// Identity says which model answers, as far as that is known.
type Identity struct {
	Provider string `json:"provider"` // engine, server
	Model    string `json:"model"`
	SHA256   string `json:"sha256,omitempty"`
}

// Key is the address of an answer: sha256 of who is asked and what.
func Key(id Identity, r Request) string {
	b, err := json.Marshal(struct {
		Version int      `json:"version"`
		ID      Identity `json:"identity"`
		Request Request  `json:"request"`
	}{1, id, r})
	if err != nil {
		panic(err) // NaN as a temperature: a programmer's error, checked by the stages
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

// Usage is what a reply took.
type Usage struct {
	Prompt     int  `json:"prompt"`     // tokens
	Completion int  `json:"completion"` // tokens, thinking included
	Thinking   int  `json:"thinking"`   // tokens of those; 0 where a server does not tell
	Estimated  bool `json:"estimated,omitempty"`
}

// Reply is an answer as it came.
type Reply struct {
	Key      string        `json:"key"`
	Identity Identity      `json:"identity"`
	Thinking string        `json:"thinking"`
	Text     string        `json:"text"`
	Finish   string        `json:"finish"` // stop, length, ... or how a local thought closed
	Usage    Usage         `json:"usage"`
	Cost     float64       `json:"cost"` // in the unit of the prices
	Latency  time.Duration `json:"latency_ns"`
	Attempt  int           `json:"attempt"` // 1 = the first try
	Time     time.Time     `json:"time"`
	Cached   bool          `json:"-"`
}

// Provider carries out one try. It is safe for concurrent use. With an error, the Usage of the Reply is what was spent all the same.
type Provider interface {
	Identity() Identity
	Generate(ctx context.Context, r Request) (Reply, error)
}
