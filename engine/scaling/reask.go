package scaling

import (
	"fmt"

	"s1/engine/trace"
)

// Reask is the question that makes one row again, token for token on the model that made it: the same budget and the same
// seed. at is the arm's index in the plan.
func (f *Folder) Reask(item, arm int) (q trace.Ask, row Row, err error) {
	if item < 0 || item >= len(f.Items) || f.Rows[item] == nil {
		return q, row, fmt.Errorf("question %d of %d is not done", item+1, len(f.Items))
	}
	if arm < 0 || arm >= len(f.Rows[item]) {
		return q, row, fmt.Errorf("arm %d of %d", arm+1, len(f.Rows[item]))
	}
	row = f.Rows[item][arm]
	if row.Outcome == OutcomeError && len(row.IDs) == 0 {
		return q, row, fmt.Errorf("there is no trace, the run failed: %s", row.Error)
	}
	if row.Closed == "refused" {
		return q, row, fmt.Errorf("none of %d samples was short enough, so there is no trace", row.Tries)
	}
	r := &runner{p: f.Plan}
	a := row.Arm()
	it := f.Items[item]
	it.Prompt = conditioned(a, it.Prompt)
	b := r.budgetOf(a)
	s := f.Plan.Sampling
	s.Seed = row.Seed
	switch a.Method {
	case MethodMajority, MethodReject:
		s.Temperature = f.Plan.Temperature
	case MethodExit:
		if row.Closed == string(trace.ClosedCap) {
			b.Cap = row.Tokens // where the guesses agreed
		}
	}
	return r.ask(it, b, s), row, nil
}

// IDs are the tokens of a row from the first on: those that other arms share with it, and its own.
func (f *Folder) IDs(item, arm int) ([]int32, error) {
	rows := f.Rows[item]
	row := rows[arm]
	if row.From == "" {
		return row.IDs, nil
	}
	for k, other := range rows {
		if other.Arm().String() == row.From && k != arm {
			before, err := f.IDs(item, k)
			if err != nil {
				return nil, err
			}
			if row.At < 0 || row.At > len(before) {
				return nil, fmt.Errorf("item %s: %s goes on from token %d of %s, which has %d", row.Item, row.Arm(), row.At, row.From, len(before))
			}
			return append(before[:row.At:row.At], row.IDs...), nil
		}
	}
	return nil, fmt.Errorf("item %s: %s goes on from %s, which is not there", row.Item, row.Arm(), row.From)
}
