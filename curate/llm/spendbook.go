package llm

import (
	"encoding/json"
	"path/filepath"

	"s1/curate/tail"
)

// spendFile is where the books of a folder of replies are.
const spendFile = "spend.jsonl"

// SpendReader reads the books of a folder while a run writes them, for those who look on: each time on from where it was. It is not
// safe for concurrent use.
type SpendReader struct {
	file  tail.File
	spent Spent           // but for what is held
	open  map[int64]entry // reserved and not settled: under way, or cut off by a kill
}

// Read is what is in the books of a folder by now; nothing where there are none. Requests are those of all runs. What is held is under
// way while a run runs; otherwise a kill left it open, and the next run counts it in full.
func (r *SpendReader) Read(dir string) (Spent, error) {
	err := r.file.More(filepath.Join(dir, spendFile), func() { r.spent, r.open = Spent{}, map[int64]entry{} }, func(line []byte) {
		var e entry
		if json.Unmarshal(line, &e) != nil {
			return // a run that finds it says so
		}
		if !e.Settled {
			r.spent.Requests++
			r.open[e.ID] = e
			return
		}
		delete(r.open, e.ID)
		r.spent.Tokens += e.Tokens
		r.spent.Cost += e.Cost
	})
	now := r.spent
	for _, e := range r.open {
		now.HeldTokens += e.Tokens
		now.HeldCost += e.Cost
	}
	return now, err
}
