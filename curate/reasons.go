package curate

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Reasons are the rules that dropped rows of a stage, with how many each, and of missing also what is missing; and what else
// decided: a hand, or that nobody was asked.
func (c Count) Reasons() string {
	var list []string
	for _, rule := range slices.Sorted(maps.Keys(c.Dropped)) {
		text := fmt.Sprintf("%s %d", rule, c.Dropped[rule])
		if rule == missingRule && len(c.Missing) > 0 {
			var what []string
			for _, name := range slices.Sorted(maps.Keys(c.Missing)) {
				what = append(what, fmt.Sprintf("%s %d", name, c.Missing[name]))
			}
			text += " (" + strings.Join(what, ", ") + ")"
		}
		list = append(list, text)
	}
	if c.Stage == handStage && c.ByHand > 0 {
		list = append(list, fmt.Sprintf("(kept by hand %d)", c.ByHand))
	}
	if c.Unasked > 0 {
		list = append(list, fmt.Sprintf("(%d not asked yet, counted as kept)", c.Unasked))
	}
	return strings.Join(list, ", ")
}
