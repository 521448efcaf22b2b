package app

import (
	"fmt"
	"strings"

	tea "github.com/charmbracelet/bubbletea"

	"s1/engine/trace"
	"s1/tui/overlay"
	"s1/tui/pane/trials"
	"s1/tui/text"
)

// inputLab asks for the words of a Wait lab.
func (m *Model) inputLab() {
	b := m.now()
	at, where := b.at, fmt.Sprintf("token %d", b.at)
	if at < 0 {
		var ok bool
		if at, ok = b.closeAt(); !ok {
			m.warn(m.keys.Text("there is no close of a thought to go back to; {token-back} chooses a token"))
			return
		}
		where = "where the thought closed"
	}
	in := overlay.Input{
		Title: "Wait lab",
		Hint: fmt.Sprintf("words apart by commas, - for nothing, a number for how often: from %s each is tried so often at temperature %s",
			where, m.temperature()),
		Check: func(s string) string { _, _, why := parseLab(s); return why },
	}
	in.Editor.Set(fmt.Sprintf("%s, %d", LabWords(m.info.Words, m.waitText()), labSamples))
	m.input(in, func(s string) tea.Cmd {
		words, n, _ := parseLab(s)
		closed, ok := b.closeAt()
		return m.tryOut(trials.Lab, "Wait lab, from "+where, b, trace.Trials{
			From: b.info.ID, Samples: n, Sampling: m.spread(), Arms: LabArms(words, at, ok && closed == at, b.budget),
		})
	})
}

// LabWords are the texts of a Wait lab where nobody says which, as they are written: nothing, and the model's own, or wait and two of
// the paper's where it takes any.
func LabWords(own []string, wait string) string {
	if own == nil {
		own = []string{wait, "Hmm", "Alternatively"}
	}
	return "-, " + strings.Join(own, ", ")
}

// LabArms are the arms of a Wait lab from token at: a word each, "" = nothing. Where the thought closed (closes), a word takes the
// place of the close, as a Wait does; anywhere else it goes in before the token. The cap is lifted: the thought goes on.
func LabArms(words []string, at int, closes bool, b trace.Budget) []trace.Arm {
	b.Cap = -1
	kind := trace.CommandInject
	if closes {
		kind = trace.CommandWait
	}
	arms := make([]trace.Arm, len(words))
	for i, w := range words {
		arms[i] = trace.Arm{Name: w, At: at, Budget: b, First: []trace.Command{{Kind: kind, Text: w}}}
		if w == "" {
			arms[i].Name, arms[i].First = "nothing", nil
		}
	}
	return arms
}

// parseLab reads words apart by commas, and a last number.
func parseLab(s string) (words []string, n int, why string) {
	n = labSamples
	for _, f := range strings.Split(s, ",") {
		w := strings.TrimSpace(f)
		if k, ok := wholeNumber(w); ok {
			n = k
			continue
		}
		if w == "-" {
			w = ""
		}
		words = append(words, w)
	}
	switch {
	case len(words) == 0 || len(words) > 8:
		return nil, 0, "one to eight words, apart by commas: -, Wait, Hmm, 8"
	case n < 1 || n*len(words) > mostSamples:
		return nil, 0, fmt.Sprintf("1 to %d samples of each", mostSamples/len(words))
	}
	return words, n, ""
}

func wholeNumber(s string) (n int, ok bool) {
	if s == "" {
		return 0, false
	}
	for _, r := range s {
		if r < '0' || r > '9' || n > mostSamples {
			return 0, false
		}
		n = n*10 + int(r-'0')
	}
	return n, true
}

// spread is the sampling of many samples: greedy ones would all be the same.
func (m *Model) spread() trace.Sampling {
	s := m.sampling
	if s.Temperature == 0 {
		s.Temperature = forkTemperature
	}
	return s
}

func (m *Model) temperature() string { return fmt.Sprintf("%.1f", m.spread().Temperature) }

// inputVote asks how many samples are to vote.
func (m *Model) inputVote() {
	b := m.now()
	in := overlay.Input{
		Title: "vote",
		Hint: fmt.Sprintf("how often the question is asked at temperature %s; at about %d tokens each; it stops when the lead is decided",
			m.temperature(), max(len(b.tokens), 1)),
		Check: func(s string) string {
			if n, ok := wholeNumber(strings.TrimSpace(s)); !ok || n < 2 || n > mostSamples {
				return fmt.Sprintf("a whole number from 2 to %d", mostSamples)
			}
			return ""
		},
	}
	in.Editor.Set(fmt.Sprint(voteSamples))
	m.input(in, func(s string) tea.Cmd {
		n, _ := wholeNumber(strings.TrimSpace(s))
		budget := m.opt.Budget
		budget.Cap, budget.Waits = b.budget.Cap, b.budget.Waits
		return m.tryOut(trials.Vote, "votes", b, trace.Trials{
			From: b.info.ID, Samples: n, Sampling: m.spread(), Decided: true,
			Arms: []trace.Arm{{Name: "asked again", Budget: budget}},
		})
	})
}

// anchor goes on many times with and without the sentence under the cursor.
func (m *Model) anchor() tea.Cmd {
	b := m.now()
	k := b.tokens[b.at]
	if k.phase == trace.PhaseAnswer {
		m.warn("an anchor is a sentence of the thought")
		return nil
	}
	kind := text.Sentence
	from := b.thought.PrevBoundary(kind, int(k.at)+1)
	to := b.thought.NextBoundary(kind, int(k.at))
	without := max(b.tokenAt(trace.PhaseThinking, from), 0)
	with := len(b.tokens[:b.firstAnswer()])
	if to < b.thought.Len() {
		with = max(b.tokenAt(trace.PhaseThinking, to), without+1)
	} else if at, ok := b.closeAt(); ok {
		with = at
	}
	budget := b.budget
	budget.Cap = -1
	sentence := strings.TrimSpace(oneLine(b.thought.Slice(from, min(to, b.thought.Len()))))
	return m.tryOut(trials.Anchors, fmt.Sprintf("with and without %q", sentence), b, trace.Trials{
		From: b.info.ID, Samples: anchorSample, Sampling: m.spread(),
		Arms: []trace.Arm{{Name: "without it", At: without, Budget: budget}, {Name: "with it", At: with, Budget: budget}},
	})
}
