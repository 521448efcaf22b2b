package trace

import (
	"testing"
)

func TestABranchKnowsWhyItExists(t *testing.T) {
	t.Parallel()
	parent := Branch{Budget: Budget{Cap: 64}, Sampling: Sampling{Seed: 7}}
	for _, c := range []struct {
		name  string
		at    int
		cap   int
		seed  uint64
		first []Command
		want  Cause
	}{
		{"other draws from a token on", 5, 64, 8, nil, CauseFork},
		{"the same draws from a token on", 5, 64, 7, nil, CauseFork},
		{"other draws from the beginning", 0, 64, 8, nil, CauseSample},
		{"another cap", 5, 32, 7, nil, CauseCap},
		{"another cap, below a fork", 5, 32, 8, nil, CauseCap},
		{"another cap from the beginning", 0, 32, 7, nil, CauseCap},
		{"a Wait", 5, 32, 8, []Command{{Kind: CommandWait}}, CauseWait},
		{"a pace before an edit", 5, 64, 8, []Command{{Kind: CommandPace}, {Kind: CommandEdit}}, CauseEdit},
		{"a candidate", 5, 64, 7, []Command{{Kind: CommandTake}}, CauseEdit},
		{"the answer now", 5, 64, 7, []Command{{Kind: CommandAnswerNow}}, CauseAnswer},
	} {
		got := CauseOf(parent, c.at, Budget{Cap: c.cap}, Sampling{Seed: c.seed}, c.first)
		if got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}
