package trace

// CauseOf reads from what was asked why a branch exists that goes on from token at of its parent: what its first command does, else
// what is other than in the parent. From the very beginning other draws are another sample of the question; later on they are a fork.
func CauseOf(parent Branch, at int, b Budget, s Sampling, first []Command) Cause {
	for _, c := range first {
		switch c.Kind {
		case CommandWait:
			return CauseWait
		case CommandCap:
			return CauseCap
		case CommandAnswerNow:
			return CauseAnswer
		case CommandInject:
			return CauseInject
		case CommandEdit, CommandTake:
			return CauseEdit
		}
	}
	switch {
	case at == 0 && s.Seed != parent.Sampling.Seed:
		return CauseSample
	case b.Cap != parent.Budget.Cap:
		return CauseCap
	}
	return CauseFork
}
