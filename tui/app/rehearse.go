package app

import (
	"context"
	"fmt"
	"io"
	"strings"

	"s1/engine/trace"
	"s1/tui/theme"
)

// StoryThought is the shortest thought that is worth watching on a screen, in tokens.
const StoryThought = 40

// Tale is a question for the story of budget forcing, and what came of trying it.
type Tale struct {
	Question string
	Found    bool // it was seen: a cap at half the thought gave a wrong answer, and one Wait the right one
	Tried    int  // questions tried, this one included
	Of       int
	Least    int // tokens of thought that were wanted
}

// acts are the three runs of the story: the thought as it comes, the same thought capped at half, and that one made to
// think on.
type acts [3]*branch

// happened says whether they are the story.
func (a acts) happened() bool {
	return a[1].verdict == trace.VerdictWrong && a[2].verdict == trace.VerdictRight
}

// Rehearse looks for the first of the questions on which the story happens, by trying. What it makes is between it and the
// Thinker; sampling and budget must be those of the performance, so that equal seeds give equal tokens. When it happens on
// none, the first question is returned, and Found is false. A thought of less than least tokens is passed over.
func Rehearse(ctx context.Context, t Thinker, questions []string, least int, b trace.Budget, s trace.Sampling) (Tale, error) {
	tale := Tale{Of: len(questions), Least: least}
	if len(questions) == 0 {
		return tale, fmt.Errorf("rehearse the story: there is no question")
	}
	for _, q := range questions {
		a, err := tryActs(ctx, t, q, b, s)
		if err != nil {
			return tale, fmt.Errorf("rehearse the story with %q: %w", q, err)
		}
		tale.Tried++
		if a[0].spent >= least && a.happened() {
			tale.Question, tale.Found = q, true
			return tale, nil
		}
	}
	tale.Question = questions[0]
	return tale, nil
}

// tryActs runs the three acts as the keys of the screen would.
func tryActs(ctx context.Context, t Thinker, q string, b trace.Budget, s trace.Sampling) (a acts, err error) {
	live, err := t.Ask(ctx, trace.Ask{Prompt: q, Budget: b, Sampling: s})
	if err != nil {
		return a, err
	}
	if a[0], err = heard(ctx, live, nil); err != nil {
		return a, err
	}
	half := b
	half.Cap = a[0].spent / 2
	if live, err = t.Branch(ctx, a[0].info.ID, a[0].countedAt(half.Cap), half, s); err != nil {
		return a, err
	}
	if a[1], err = heard(ctx, live, a[0]); err != nil {
		return a, err
	}
	at, _ := a[1].closeAt()
	wait := trace.Command{Kind: trace.CommandWait, Text: orElse(b.WaitText, "Wait")}
	if live, err = t.Branch(ctx, a[1].info.ID, at, waitBudget(a[1], b.Cap), s, wait); err != nil {
		return a, err
	}
	a[2], err = heard(ctx, live, a[1])
	return a, err
}

// heard listens to a branch until it ends.
func heard(ctx context.Context, live Live, parent *branch) (*branch, error) {
	b := newBranch(live, "", theme.New(theme.Options{}), nil)
	if parent != nil {
		b.inherit(parent, b.info.At)
	}
	for pos := 0; ; {
		if err := live.Log().Wait(ctx, pos); err != nil {
			live.Send(trace.Command{Kind: trace.CommandStop})
			return nil, err
		}
		events, ended := live.Log().Since(pos)
		pos += len(events)
		for _, e := range events {
			b.apply(e)
		}
		if ended {
			return b, b.err
		}
	}
}

// outcome is the answer of a branch and what is known of it: "2003, wrong".
func outcome(b *branch) string {
	answer := orElse(oneLine(b.answer.Last(answerBytes)), "no answer")
	const long = 24 // runes that a caption has room for
	if r := []rune(answer); len(r) > long {
		answer = string(r[:long-1]) + "..."
	}
	if b.verdict != trace.VerdictNone {
		answer += ", " + string(b.verdict)
	}
	return answer
}

// moral says what a Wait changed, and claims no more than was seen.
func moral(capped, waited *branch) string {
	was, is := oneLine(capped.answer.Last(answerBytes)), oneLine(waited.answer.Last(answerBytes))
	switch {
	case capped.verdict == trace.VerdictWrong && waited.verdict == trace.VerdictRight:
		return "it checked its lines; one Wait repaired the answer: " + outcome(waited)
	case was == is:
		return "this time nothing changed, Wait or not: " + outcome(waited)
	case waited.verdict != trace.VerdictNone:
		return "this time the Wait did not repair it: " + outcome(waited)
	}
	return "the Wait changed the answer; which one is right is not known here"
}

// PlainStory tells the story in lines: it tries the questions, then writes the three acts as Plain does.
func PlainStory(ctx context.Context, w io.Writer, t Thinker, rehearsal func(Thinker) Thinker, questions []string, b trace.Budget, s trace.Sampling) error {
	tale := Tale{Question: questions[0]}
	if len(questions) > 1 {
		var err error
		if tale, err = Rehearse(ctx, rehearsal(t), questions, StoryThought, b, s); err != nil {
			return err
		}
	}
	a, err := tryActs(ctx, t, tale.Question, b, s)
	if err != nil {
		return err
	}
	lines := []string{
		tale.words() + "\n[story] a question: " + oneLine(tale.Question),
		fmt.Sprintf("capped at half of that thought, %d tokens", a[1].budget.Cap),
		"instead of that close, Wait; and it thinks on",
	}
	for i, b := range a {
		if _, err := fmt.Fprintf(w, "[story] %s\n", strings.ReplaceAll(lines[i], "\r", "")); err != nil {
			return quietly(err)
		}
		if err := Plain(ctx, w, nil, b.live); err != nil {
			return err
		}
	}
	_, err = fmt.Fprintf(w, "[story] %s\n", moral(a[1], a[2]))
	return quietly(err)
}

func quietly(err error) error {
	if gone(err) {
		return nil
	}
	return err
}

// words says which question it is and how it was found.
func (t Tale) words() string {
	switch {
	case t.Found:
		return fmt.Sprintf("tried just now: example %d of %d, the first of %d+ tokens where it happens", t.Tried, t.Of, t.Least)
	case t.Tried > 0:
		return fmt.Sprintf("tried %d: on none did a Wait repair a cap; see what happens instead", t.Tried)
	}
	return "nobody has tried this before: see what happens"
}
