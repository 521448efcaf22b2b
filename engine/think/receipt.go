package think

import "s1/engine/trace"

// Receipt fills what think knows of the receipt: everything but the prompt, the model, the backend, the speed and the
// seed. It may be asked at any time; Closed and Outcome are empty until there is one.
//
// Every token of the branch is counted once: ThinkingTokens + AnswerTokens + Forced, plus one when the model itself drew
// the end of its thought, or the user chose it (that id is neither).
func (m *Machine) Receipt() trace.Receipt {
	r := trace.Receipt{
		Cap:            m.b.Cap,
		ThinkingTokens: m.counted,
		WaitsAsked:     m.b.Waits,
		WaitsDone:      m.waitsDone,
		Closed:         m.closed,
		EndProb:        m.endProb,
		EndRank:        m.endRank,
		CloseNats:      float32(m.nats),
		AnswerTokens:   m.answered,
		Reentered:      m.reentered,
		Retried:        m.retried,
		Enforcement:    "exact",
		Forced:         m.forced,
		Injected:       m.injected,
		Outcome:        m.outcome,
		ThinkFormat:    m.f.Name,
		Preset:         m.b.Preset,
	}
	return r
}
