// Package dataset makes what a trainer reads: documents of token ids with a loss weight for each, from files of rows or from
// a generator, and micro-batches of them. It knows rows, templates and masks; it knows neither gradients nor optimisers.
//
//	rows (JSONL) or generator -> Example -> Source (order = a function of seed and index) -> Pack -> kernels.TrainBatch
package dataset

import "context"

// Example is one document. Weights[i] is the loss weight of predicting IDs[i] from what stands before it; 0 masks it.
// Weights[0] is 0: nothing stands before the first token. Targets, where there are any, are what is to be predicted in place of
// IDs: a token that something else put there can teach what the model should have written instead.
type Example struct {
	IDs     []int32
	Targets []int32 // nil = IDs
	Weights []float32
	Name    string // where it comes from, for messages: "train.jsonl:17", "tape 42"
}

// targets is Targets, or the tokens themselves.
func (e Example) targets() []int32 {
	if e.Targets == nil {
		return e.IDs
	}
	return e.Targets
}

// Trained is the number of tokens with a weight.
func (e Example) Trained() int {
	n := 0
	for _, w := range e.Weights {
		if w > 0 {
			n++
		}
	}
	return n
}

// Source gives examples in the order of training. At is a function of the index alone, so that a position in the data is one
// number: equal sources give equal examples, on every machine and after every resume.
type Source interface {
	// At returns example i, counted over all epochs.
	At(ctx context.Context, i int64) (Example, error)
	// Epoch is the number of examples of one pass; 0 = it never ends.
	Epoch() int64
	// Hash identifies the data and how it is prepared; checkpoints keep it.
	Hash() string
}
