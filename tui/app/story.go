package app

import (
	"context"
	"fmt"
	"strconv"
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"s1/engine/trace"
	"s1/tui/keys"
	"s1/tui/overlay"
	"s1/tui/pane/scrub"
)

// Delays of a story.
const (
	storyEvery = 100 * time.Millisecond // between two looks at whether it can go on
	StoryPace  = 8                      // tokens per second at which a thought can be followed by reading

	glance = 5 * time.Second // for a caption and a small change
	look   = 9 * time.Second // for a result
	gaze   = 13 * time.Second
)

// Step is one moment of a story: a caption, what it does, and when it goes on. It is done with the actions of the keys, on
// the same screen, so that whoever presses a key has the story's state and no other.
type Step struct {
	Say   string              // the caption, at most as long as the line of notices: 76 cells
	Do    keys.Action         // "" = nothing
	Arg   string              // typed into the dialog that Do opens, then enter; of keys.Send, the question
	When  func(*Model) bool   // it is left out where this is not so; nil = never
	Late  func(*Model, *Step) // puts in what is known only now; nil = nothing
	Until func(m *Model) bool // it goes on when this is so; nil = at once
	Hold  time.Duration       // and not before this time is over
}

// story is a list of steps that is being played.
type story struct {
	caption string
	steps   []Step // nil while they are being looked for
	at      int
	begun   bool // step at has been done
	since   time.Time
	ticking bool
}

type storyFound struct {
	steps []Step
	err   error
}

type storyTicked struct{}

// findStory looks for the steps in the background, as soon as there is a model.
func (m *Model) findStory() tea.Cmd {
	if m.opt.Story == nil || m.story == nil {
		return nil
	}
	ctx, find, t := m.ctx, m.opt.Story, m.thinker
	return func() tea.Msg {
		steps, err := find(ctx, t)
		return storyFound{steps, err}
	}
}

func (m *Model) storyIs(msg storyFound) {
	switch {
	case m.story == nil: // somebody took over
	case msg.err != nil:
		m.story = nil
		m.warn("there is no story: " + oneLine(msg.err.Error()))
	default:
		m.story.steps = msg.steps
	}
}

// takeOver ends the story, because a key was pressed.
func (m *Model) takeOver() {
	m.story = nil
	m.say("you have it now")
}

// play goes on with the story as far as it can go now.
func (m *Model) play() tea.Cmd {
	s := m.story
	if s == nil || s.steps == nil {
		return nil
	}
	var cmd tea.Cmd
	for m.story == s && !m.busy {
		if m.fault != "" {
			m.story = nil // the fault says why
			break
		}
		if s.at == len(s.steps) {
			m.story = nil
			m.say(m.keys.Text("that was the story, and the screen is yours: {help} shows every key"))
			break
		}
		step := &s.steps[s.at]
		if !s.begun && step.When != nil && !step.When(m) {
			s.at++
			continue
		}
		if !s.begun {
			if step.Late != nil {
				step.Late(m, step)
			}
			s.caption, s.begun, s.since = m.keys.Text(step.Say), true, m.opt.Now()
			cmd = tea.Batch(cmd, m.perform(step))
			continue
		}
		if !m.opt.Fast && m.opt.Now().Sub(s.since) < step.Hold || step.Until != nil && !step.Until(m) {
			break
		}
		s.at, s.begun = s.at+1, false
	}
	if m.story != nil && !s.ticking {
		s.ticking = true
		cmd = tea.Batch(cmd, m.tick(storyEvery, storyTicked{}))
	}
	return cmd
}

// perform does what a step does, as its key would. What cannot be done ends the story and says why.
func (m *Model) perform(step *Step) tea.Cmd {
	if step.Do == "" {
		return nil
	}
	m.focus = onThought
	if step.Do == keys.Send {
		m.focus = onPrompt
		m.promptPane.Editor.Set(step.Arg)
	}
	b := m.keys.Of(step.Do)
	if why, ok := b.Enabled(m.state()); !ok {
		m.story = nil
		m.warn("the story can not go on: " + why)
		return nil
	}
	cmd := m.act(step.Do, b.Shown())
	if in, ok := m.over.(*overlay.Input); ok {
		if step.Arg != "" {
			in.Editor.Set(step.Arg)
		}
		cmd = tea.Batch(cmd, m.pressOver("enter", ""))
	}
	return cmd
}

func ended(m *Model) bool { b := m.now(); return b != nil && !b.running() }

func begun(m *Model) bool { b := m.now(); return b != nil && b.spent > 0 || ended(m) }

// Steps is the story of budget forcing: a thought, the same thought capped at half with what that does to the answer, and
// a Wait. Every caption about a result is made of the result. Steps of one's own go before or after them.
func (t Tale) Steps() []Step {
	return []Step{
		{Say: t.words(), Hold: glance},
		{Say: "a question, and the model begins to think", Do: keys.Send, Arg: t.Question, Until: begun, Hold: glance},
		{Say: "the thought streams as it comes; nothing limits it yet", Until: ended},
		{Late: func(m *Model, s *Step) {
			s.Say = fmt.Sprintf("it closed its thought %s after %d tokens: %s", m.closed(), m.now().spent, outcome(m.now()))
		}, Hold: look},
		{Do: keys.Cap, Late: func(m *Model, s *Step) {
			half := m.now().spent / 2
			s.Arg = strconv.Itoa(half)
			s.Say = fmt.Sprintf("{cap}, %d: the same thought, closed at half of it, as a new branch", half)
		}, Until: ended, Hold: look},
		{Late: func(m *Model, s *Step) { s.Say = "cut off there, it had to answer: " + outcome(m.now()) }, Hold: look},
		{Say: "{wait}: in place of that close, the word Wait; and it thinks on", Do: keys.Wait, Until: ended, Hold: glance},
		{Late: func(m *Model, s *Step) { s.Say = moral(m.branches[max(m.cur-1, 0)], m.now()) }, Hold: gaze},
		{Say: "{compare}: the two side by side, from the token at which they part", Do: keys.Compare, Hold: gaze},
		{Say: "{compare} again: back to the thought", Do: keys.Compare, Hold: glance},
		{When: explorable, Say: "{scrub}: had it stopped here? the thought is closed along its way, and answers", Do: keys.Scrub, Until: scrubbed, Hold: look},
		{When: explorable, Late: func(m *Model, s *Step) {
			if s.Say = "the scrubber was closed"; m.scrubber != nil {
				s.Say = scrub.Summary(m.scrubber.guesses)
			}
		}, Hold: gaze},
		{When: explorable, Say: "{scrub} again closes it", Do: keys.Scrub, Hold: glance},
	}
}

// explorable says whether the model can be asked what it would have said; the scrubber's own steps need it open or openable.
func explorable(m *Model) bool { return m.explorer(m.now()) != nil }

func scrubbed(m *Model) bool { return m.scrubber == nil || !m.scrubber.running }

// closed says how the thought in view ended.
func (m *Model) closed() string {
	if r := m.now().receipt; r != nil && r.Closed != "" {
		return closedBy(r.Closed)
	}
	return closedBy(trace.ClosedNatural)
}

// StoryOf returns what Options.Story wants: the story on the first of the questions on which it happens.
func StoryOf(questions []string, b trace.Budget, rehearsal func(Thinker) Thinker) func(context.Context, Thinker) ([]Step, error) {
	return func(ctx context.Context, t Thinker) ([]Step, error) {
		if len(questions) == 1 { // nothing to choose from
			return Tale{Question: questions[0]}.Steps(), nil
		}
		tale, err := Rehearse(ctx, rehearsal(t), questions, StoryThought, b, t.Info().Default)
		if err != nil {
			return nil, err
		}
		return tale.Steps(), nil
	}
}
