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
	if b.at >= 0 {
		if closed, ok := b.closeAt(); ok && closed == at {
			where = "where the thought closed"
		} else if m.outside(at, "a Wait lab goes on from a token of the thought") {
			return
		}
	}
	in := overlay.Input{
		Title: "Wait lab",
		Hint: fmt.Sprintf("words apart by commas, - for nothing, a number for how often: from %s each is tried so often at temperature %s",
			where, m.temperature()),
	}
	in.Editor.Set(fmt.Sprintf("%s, %d", LabWords(m.info.Words, m.waitText()), labSamples))
	m.propose(in, b, func(s string) (trace.Trials, string) {
		words, n, why := parseLab(s)
		closed, ok := b.closeAt()
		return trace.Trials{From: b.info.ID, Samples: n, Sampling: m.spread(), Arms: LabArms(words, at, ok && closed == at, b.budget)}, why
	}, func(t trace.Trials) tea.Cmd { return m.tryOut(trials.Lab, "Wait lab, from "+where, b, t) })
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
		Hint:  fmt.Sprintf("how often the question is asked at temperature %s; it stops when the lead is decided", m.temperature()),
	}
	in.Editor.Set(fmt.Sprint(voteSamples))
	budget := m.opt.Budget
	budget.Cap, budget.Waits = b.budget.Cap, b.budget.Waits
	m.propose(in, b, func(s string) (trace.Trials, string) {
		n, why := samplesOf(s, 2, mostSamples)
		return trace.Trials{
			From: b.info.ID, Samples: n, Sampling: m.spread(), Decided: true,
			Arms: []trace.Arm{{Name: "asked again", Budget: budget}},
		}, why
	}, func(t trace.Trials) tea.Cmd { return m.tryOut(trials.Vote, "votes", b, t) })
}

// samplesOf reads how many samples there are to be.
func samplesOf(s string, least, most int) (n int, why string) {
	n, ok := wholeNumber(strings.TrimSpace(s))
	if !ok || n < least || n > most {
		return 0, fmt.Sprintf("a whole number from %d to %d", least, most)
	}
	return n, ""
}

// outside says that an experiment needs a token of the thought, and what the one under the cursor is instead.
func (m *Model) outside(at int, what string) bool {
	b := m.now()
	is := "this token only opens it"
	switch closed, ok := b.closeAt(); {
	case b.within(at):
		return false
	case b.tokens[at].phase == trace.PhaseAnswer:
		is = "this token is of the answer"
	case ok && at >= closed:
		is = "this token only closes it"
	}
	m.warn(what + ", and " + is)
	return true
}

// inputAnchor asks how often to go on with and without the sentence under the cursor.
func (m *Model) inputAnchor() {
	b := m.now()
	k := b.tokens[b.at]
	if m.outside(b.at, "an anchor is a sentence of the thought") {
		return
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
	title := fmt.Sprintf("with and without %q", sentence)
	in := overlay.Input{Title: title, Hint: fmt.Sprintf("how often it thinks on from there with it, and as often without it, at temperature %s", m.temperature())}
	in.Editor.Set(fmt.Sprint(anchorSample))
	m.propose(in, b, func(s string) (trace.Trials, string) {
		n, why := samplesOf(s, 1, mostSamples/2)
		return trace.Trials{
			From: b.info.ID, Samples: n, Sampling: m.spread(),
			Arms: []trace.Arm{{Name: "without it", At: without, Budget: budget}, {Name: "with it", At: with, Budget: budget}},
		}, why
	}, func(t trace.Trials) tea.Cmd { return m.tryOut(trials.Anchors, title, b, t) })
}
