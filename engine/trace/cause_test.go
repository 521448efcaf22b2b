package trace_test

import (
	"testing"

	"s1/engine/trace"
)

func TestABranchKnowsWhyItExists(t *testing.T) {
	t.Parallel()
	parent := trace.Branch{Budget: trace.Budget{Cap: 64}, Sampling: trace.Sampling{Seed: 7}}
	for _, c := range []struct {
		name  string
		at    int
		cap   int
		seed  uint64
		first []trace.Command
		want  trace.Cause
	}{
		{"other draws from a token on", 5, 64, 8, nil, trace.CauseFork},
		{"the same draws from a token on", 5, 64, 7, nil, trace.CauseFork},
		{"other draws from the beginning", 0, 64, 8, nil, trace.CauseSample},
		{"another cap", 5, 32, 7, nil, trace.CauseCap},
		{"another cap, below a fork", 5, 32, 8, nil, trace.CauseCap},
		{"another cap from the beginning", 0, 32, 7, nil, trace.CauseCap},
		{"a Wait", 5, 32, 8, []trace.Command{{Kind: trace.CommandWait}}, trace.CauseWait},
		{"a pace before an edit", 5, 64, 8, []trace.Command{{Kind: trace.CommandPace}, {Kind: trace.CommandEdit}}, trace.CauseEdit},
		{"a candidate", 5, 64, 7, []trace.Command{{Kind: trace.CommandTake}}, trace.CauseEdit},
		{"the answer now", 5, 64, 7, []trace.Command{{Kind: trace.CommandAnswerNow}}, trace.CauseAnswer},
	} {
		got := trace.CauseOf(parent, c.at, trace.Budget{Cap: c.cap}, trace.Sampling{Seed: c.seed}, c.first)
		if got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}
