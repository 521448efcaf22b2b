package curate

import (
	"fmt"
	"maps"
	"slices"
)

// Reasons are the rules that dropped rows of a stage, with how many each, and what else decided: a hand, or that nobody was asked.
func (c Count) Reasons() (list []string) {
	for _, rule := range slices.Sorted(maps.Keys(c.Dropped)) {
		list = append(list, fmt.Sprintf("%s %d", rule, c.Dropped[rule]))
	}
	if c.Stage == handStage && c.ByHand > 0 {
		list = append(list, fmt.Sprintf("(kept by hand %d)", c.ByHand))
	}
	if c.Unasked > 0 {
		list = append(list, fmt.Sprintf("(%d not asked yet, counted as kept)", c.Unasked))
	}
	return list
}
