package keys

import (
	"fmt"
	"slices"
	"strings"
)

// Groups in the order in which the help shows them.
const (
	groupSteer = "Steer the thinking"
	groupSee   = "Compare"
	groupMove  = "Move"
	groupAsk   = "Ask"
	groupApp   = "Program"
)

func needBranch(s State) string {
	switch {
	case s.Broken != "":
		return "there is no model: " + s.Broken
	case s.Loading:
		return "the model is still loading"
	case !s.Asked:
		return "nothing has been asked yet: type a question, then enter"
	}
	return ""
}

func needRunning(s State) string {
	if why := needBranch(s); why != "" {
		return why
	}
	if !s.Running {
		return "this branch has ended: {wait} thinks on, {second} asks again"
	}
	return ""
}

func needThinking(s State) string {
	if why := needBranch(s); why != "" {
		return why
	}
	if s.Running && !s.Thinking {
		return "the thought is closed and the answer is coming; after the end {wait} goes back to the close"
	}
	return ""
}

func needClose(s State) string {
	if why := needThinking(s); why != "" {
		return why
	}
	if !s.Running && !s.CanClose {
		return "this branch has no thought to go on with: {second} asks again under another cap"
	}
	return ""
}

func needPause(what string) func(State) string {
	return func(s State) string {
		if why := needThinking(s); why != "" {
			return why
		}
		if !s.Running && s.Pauses == 0 {
			return "after the end, " + what + " acts at a point where you paused ({pause}), and there is none"
		}
		return ""
	}
}

func needTwo(s State) string {
	if why := needBranch(s); why != "" {
		return why
	}
	if s.Branches < 2 {
		return "there is one answer so far: {second} asks for a second, {wait} makes a branch"
	}
	return ""
}

func needExample(s State) string {
	switch {
	case s.Broken != "":
		return "there is no model: " + s.Broken
	case s.Loading:
		return "the model is still loading"
	case !s.Example:
		return "this model takes any question and has no examples"
	}
	return ""
}

// table is never changed after it is built.
var table = build()

// Table returns every built-in binding, in the order of the help.
func Table() []Binding { return slices.Clone(table) }

func build() []Binding {
	return []Binding{
		{Wait, []string{"w"}, "wait", "Wait: suppress the end of thinking and go on; after the end, go back to the close and think on as a new branch", groupSteer, Page, needClose},
		{WaitText, []string{"W"}, "wait with", "Wait with a text of your own instead of \"Wait\"", groupSteer, Page, needClose},
		{Answer, []string{"a"}, "answer now", "Close the thought and answer; after the end, at the point where you paused", groupSteer, Page, needPause("answer now")},
		{Cap, []string{"c"}, "cap", "Set the cap on thinking tokens; after the end, as a new branch", groupSteer, Page, needThinking},
		{CapUp, []string{"+", "="}, "cap up", "Raise the cap by a quarter", groupSteer, Page, needThinking},
		{CapDown, []string{"-"}, "cap down", "Lower the cap by a fifth", groupSteer, Page, needThinking},
		{Inject, []string{"I"}, "inject", "Put a text of your own into the thought; after the end, where you paused", groupSteer, Page, needPause("inject")},
		{Pause, []string{"p", " "}, "pause", "Pause, and go on", groupSteer, Page, needRunning},
		{Step, []string{"."}, "one token", "While paused: exactly one token (pauses first if it runs)", groupSteer, Page, needRunning},
		{Stop, []string{"esc"}, "stop", "Stop and keep everything; in a dialog or with an error: back", groupSteer, Page, needRunning},
		{Hotter, []string{"t"}, "hotter", "Raise the temperature by 0.3, a way out of a loop", groupSteer, Page, needRunning},
		{Slower, []string{"<", ","}, "slower", "Slower: fewer tokens per second", groupSteer, Page, nil},
		{Faster, []string{">"}, "faster", "Faster, up to as fast as the model goes", groupSteer, Page, nil},

		{Second, []string{"n"}, "second answer", "A second answer to the same question under another cap, beside the first", groupSee, Page, needBranch},
		{Compare, []string{"x"}, "compare", "Compare two answers side by side, the first difference marked", groupSee, Page, needTwo},
		{NextBr, []string{"]"}, "next branch", "The next branch", groupSee, Page, needTwo},
		{PrevBr, []string{"["}, "branch before", "The branch before", groupSee, Page, needTwo},
		{PickBr, []string{"1", "2", "3", "4", "5", "6", "7", "8", "9"}, "branch", "The branch with this number", groupSee, Page, needTwo},

		{LineUp, []string{"up", "k"}, "up", "One line up; ends following", groupMove, Page, nil},
		{LineDown, []string{"down", "j"}, "down", "One line down", groupMove, Page, nil},
		{PageUp, []string{"pgup", "h", "left"}, "page up", "One screen up", groupMove, Page, nil},
		{PageDown, []string{"pgdown", "l", "right"}, "page down", "One screen down", groupMove, Page, nil},
		{HalfUp, []string{"u"}, "half up", "Half a screen up", groupMove, Page, nil},
		{HalfDown, []string{"d"}, "half down", "Half a screen down", groupMove, Page, nil},
		{Top, []string{"g", "home"}, "top", "To the beginning", groupMove, Page, nil},
		{Bottom, []string{"G", "end"}, "to the end", "To the end, and follow it", groupMove, Page, nil},
		{Focus, []string{"tab"}, "thought", "The next pane: prompt, thought, answer", groupMove, Anywhere, nil},
		{FocusBack, []string{"shift+tab"}, "pane before", "The pane before", groupMove, Anywhere, nil},

		{Ask, []string{"i", "/"}, "ask", "To the prompt", groupAsk, Page, nil},
		{Send, []string{"enter"}, "ask", "Ask the question; in an empty prompt, the example that stands there", groupAsk, Prompt, func(s State) string {
			switch {
			case s.Broken != "":
				return "there is no model: " + s.Broken
			case s.Running:
				return "it is still at work: esc stops it and keeps everything, then enter asks"
			case s.PromptEmpty && !s.Offered:
				return "type a question first"
			}
			return ""
		}},
		{Example, []string{"right"}, "edit it", "Take the example that stands in the empty prompt, to change it", groupAsk, Prompt, needExample},
		{Another, []string{"ctrl+n"}, "another", "Another example to ask", groupAsk, Anywhere, needExample},
		{Newline, []string{"ctrl+j", "alt+enter"}, "new line", "A new line in the question", groupAsk, Prompt, nil},
		{Older, []string{"up"}, "earlier", "An earlier question (in its first line)", groupAsk, Prompt, nil},
		{Newer, []string{"down"}, "later", "A later question (in its last line)", groupAsk, Prompt, nil},
		{Recent, []string{"ctrl+s"}, "sessions", "Earlier sessions", groupAsk, Anywhere, func(s State) string {
			if !s.Library {
				return "nothing is being saved in this run, so there are no sessions to show"
			}
			return ""
		}},

		{Help, []string{"?"}, "help", "This sheet", groupApp, Page, nil},
		{Palette, []string{"ctrl+p"}, "commands", "All commands, searchable", groupApp, Anywhere, nil},
		{Suspend, []string{"ctrl+z"}, "suspend", "Back to the shell; fg returns", groupApp, Anywhere, nil},
		{Quit, []string{"ctrl+c"}, "quit", "Stop what runs; pressed again, quit", groupApp, Anywhere, nil},
		{QuitEmpty, []string{"ctrl+d"}, "quit", "Quit, with an empty question", groupApp, Prompt, func(s State) string {
			if !s.PromptEmpty {
				return "ctrl+d quits only with an empty question"
			}
			return ""
		}},
	}
}

// Groups returns the table by group, in order.
func (m *Map) Groups() (names []string, of map[string][]Binding) {
	of = map[string][]Binding{}
	for _, b := range m.rows {
		if of[b.Group] == nil {
			names = append(names, b.Group)
		}
		of[b.Group] = append(of[b.Group], b)
	}
	return names, of
}

// Markdown returns the table for the README.
func (m *Map) Markdown() string {
	var out strings.Builder
	out.WriteString("| Key | What it does |\n|---|---|\n")
	names, of := m.Groups()
	for _, g := range names {
		fmt.Fprintf(&out, "| **%s** | |\n", g)
		for _, b := range of[g] {
			shown := "`" + strings.Join(b.shown(), "` `") + "`"
			fmt.Fprintf(&out, "| %s | %s |\n", strings.ReplaceAll(shown, " to ", "` to `"), b.Help)
		}
	}
	return out.String()
}
