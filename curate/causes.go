package curate

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// causes are why requests came to nothing, by rule and in the words of the failure. A few different words are counted, at most.
type causes map[string]map[string]int

const (
	mostCauses   = 64  // of a rule
	longestCause = 300 // bytes
)

func (c causes) add(d Decision) {
	if !d.Failed() {
		return
	}
	if c[d.Rule] == nil {
		c[d.Rule] = map[string]int{}
	}
	words := d.Detail
	if len(words) > longestCause {
		words = strings.ToValidUTF8(words[:longestCause], "")
	}
	if n := c[d.Rule]; n[words] > 0 || len(n) < mostCauses {
		n[words]++
	}
}

// most are the most frequent ones, nil where nothing failed.
func (c causes) most() map[string]string {
	var most map[string]string
	for rule, n := range c {
		if most == nil {
			most = map[string]string{}
		}
		most[rule] = slices.MaxFunc(slices.Sorted(maps.Keys(n)), func(a, b string) int { return cmp.Compare(n[a], n[b]) })
	}
	return most
}

// nothingCame is an error where every request of a stage came to nothing: what would follow is an empty data set. The stage is done, and
// its rows can be asked for again.
func (r *run) nothingCame(s Stage, c Count) error {
	if _, asks := s.(Journaled); !asks || !r.write {
		return nil
	}
	failed, rule := 0, ""
	for name, n := range c.Dropped {
		if !(Decision{Rule: name}).Failed() {
			continue
		}
		if failed += n; rule == "" || n > c.Dropped[rule] || n == c.Dropped[rule] && name < rule {
			rule = name
		}
	}
	if failed == 0 || failed < c.In-c.ByHand {
		return nil
	}
	return fmt.Errorf("stage %s: all %d rows failed, most as %s: %s; mend that, and --resume --retry-failed asks for them again", s.Name(), failed, rule, c.Causes[rule])
}
