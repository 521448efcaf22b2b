package keys

import (
	"fmt"
	"slices"
	"strings"
)

// Groups in the order in which the help shows them.
const (
	groupSteer = "Steer the thinking"
	groupWalk  = "Walk along the tokens"
	groupPast  = "Change the past"
	groupWould = "See what it would have said"
	groupSee   = "Compare and keep branches"
	groupMove  = "Move"
	groupAsk   = "Ask"
	groupShelf = "In the list of sessions"
	groupBench = "In the lab"
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
		if !s.Running && s.Pauses == 0 && !s.Cursor {
			return "after the end, " + what + " acts at the cursor ({token-back}) or where you paused ({pause}), and there is neither"
		}
		return ""
	}
}

func needTokens(s State) string {
	if why := needBranch(s); why != "" {
		return why
	}
	if s.Tokens == 0 {
		return "there is no token yet"
	}
	return ""
}

func needCursor(s State) string {
	if why := needTokens(s); why != "" {
		return why
	}
	if !s.Cursor {
		return "choose a token first: {token-back} brings a cursor, {jump-next} jumps to a point of interest"
	}
	return ""
}

func needExplorer(s State) string {
	if why := needTokens(s); why != "" {
		return why
	}
	if !s.Explorer {
		return "this model can not be asked about a trace"
	}
	return ""
}

// needExperiment is what an experiment needs, unless one of its kind was left for one of its samples: that one comes back.
func needExperiment(a Action) func(State) string {
	return func(s State) string {
		switch why := needExplorer(s); {
		case s.Left == a:
			return ""
		case why != "" || a != Anchor:
			return why
		}
		return needCursor(s)
	}
}

func needStill(s State) string {
	if why := needExplorer(s); why != "" {
		return why
	}
	if s.Running && !s.Paused {
		return "it still thinks: {pause} pauses it first"
	}
	return ""
}

func needRow(s State) string {
	if s.Rows == 0 {
		return "there is no session here"
	}
	return ""
}

func needSweep(s State) string {
	if !s.Sweeping {
		return "no sweep is under way: {lab-start} starts one"
	}
	return ""
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

func build() []Binding { return slices.Concat(screenRows(), trainRows(), jobRows(), curateRows()) }

func screenRows() []Binding {
	return []Binding{
		{Wait, []string{"w"}, "wait", "Wait: suppress the end of thinking and go on; after the end, go back to the close and think on as a new branch", groupSteer, Page, needClose},
		{WaitText, []string{"W"}, "wait with", "Wait with a text of your own instead of \"Wait\"", groupSteer, Page, needClose},
		{Answer, []string{"a"}, "answer now", "Close the thought and answer; with a cursor, or after the end where you paused, as a new branch", groupSteer, Page, needPause("answer now")},
		{Cap, []string{"c"}, "cap", "Set the cap on thinking tokens; after the end, as a new branch", groupSteer, Page, needThinking},
		{CapUp, []string{"+", "="}, "cap up", "Raise the cap by a quarter", groupSteer, Page, needThinking},
		{CapDown, []string{"-"}, "cap down", "Lower the cap by a fifth", groupSteer, Page, needThinking},
		{Inject, []string{"i", "I"}, "inject", "Put a text of your own into the thought: before the token under the cursor as a new branch, else before the next token; after the end, where you paused", groupSteer, Page, needPause("inject")},
		{Pause, []string{"p", " "}, "pause", "Pause, and go on; with a run that was interrupted, go on where it stopped", groupSteer, Page, func(s State) string {
			if s.Interrupted {
				return needBranch(s)
			}
			return needRunning(s)
		}},
		{Step, []string{"."}, "one token", "While paused: exactly one token (pauses first if it runs)", groupSteer, Page, needRunning},
		{Stop, []string{"esc"}, "stop", "Stop and keep everything; in a dialog or with an error: back", groupSteer, Page, func(s State) string {
			if s.Back {
				return ""
			}
			return needRunning(s)
		}},
		{Hotter, []string{"t"}, "hotter", "Raise the temperature by 0.3, a way out of a loop", groupSteer, Page, needRunning},
		{Slower, []string{"<", ","}, "slower", "Slower: fewer tokens per second", groupSteer, Page, nil},
		{Faster, []string{">"}, "faster", "Faster, up to as fast as the model goes", groupSteer, Page, nil},

		{TokenBack, []string{"left", "h"}, "token", "A cursor on the tokens: one back", groupWalk, Page, needTokens},
		{TokenNext, []string{"right", "l"}, "next token", "One token on", groupWalk, Page, needTokens},
		{WordBack, []string{"ctrl+left", "alt+left", "alt+b"}, "word back", "To the word before", groupWalk, Page, needTokens},
		{WordNext, []string{"ctrl+right", "alt+right", "alt+f"}, "next word", "To the next word", groupWalk, Page, needTokens},
		{SentenceBack, []string{"("}, "sentence back", "To the sentence before", groupWalk, Page, needTokens},
		{SentenceNext, []string{")"}, "next sentence", "To the next sentence", groupWalk, Page, needTokens},
		{StepBack, []string{"{"}, "step back", "To the step of the thought before: a paragraph, or a line where there are none", groupWalk, Page, needTokens},
		{StepNext, []string{"}"}, "next step", "To the next step", groupWalk, Page, needTokens},
		{JumpNext, []string{"J"}, "jump", "To the next point of interest: a peak of entropy, or what {jump-kind} chose", groupWalk, Page, needTokens},
		{JumpBack, []string{"K"}, "jump back", "To the point of interest before", groupWalk, Page, needTokens},
		{JumpKind, []string{"o"}, "jump to", "What counts as one: peaks of entropy, reflection words, what was fed in, wishes to stop, what was searched, bookmarks", groupWalk, Page, needTokens},
		{Search, []string{"/"}, "search", "Search in the thought and the answer; {jump-next} and {jump-back} go from hit to hit", groupWalk, Page, needTokens},
		{Colour, []string{"C"}, "colour", "Colour the thought by entropy, by probability, by origin, or not", groupWalk, Page, nil},
		{ShowSignals, []string{"1"}, "signals", "The signals: entropy, P(end), marks, the answer so far; shown or not", groupWalk, Page, nil},
		{ShowToken, []string{"2"}, "token pane", "The token under the cursor, and what else it could have been; shown or not", groupWalk, Page, nil},
		{ShowTree, []string{"3"}, "tree", "The tree of branches; shown or not", groupWalk, Page, nil},
		{PaneNext, []string{"]"}, "next pane", "The next side pane alone", groupWalk, Page, nil},
		{PaneBack, []string{"["}, "pane before", "The side pane before alone", groupWalk, Page, nil},

		{Take, []string{"enter"}, "take", "Take the chosen candidate in place of the token under the cursor, and go on from there; in the tree, go to that branch", groupPast, Page, nil},
		{Fork, []string{"f"}, "fork", "Go on from before the token under the cursor with other draws", groupPast, Page, needCursor},
		{Edit, []string{"e"}, "edit", "Write something else in place of the token under the cursor, and go on from there", groupPast, Page, needCursor},
		{Editor, []string{"E"}, "edit all", "Edit the thought in $EDITOR, and go on from the first change", groupPast, Page, needTokens},

		{Scrub, []string{"s"}, "scrub", "Had we stopped here: answers along the finished or paused thought, each from a branch that is closed there", groupWould, Page, needStill},
		{Ticker, []string{"y"}, "ticker", "While it thinks, guess its answer again and again, for a tenth more tokens; shown with the signals", groupWould, Page, needExplorer},
		{Settle, []string{"Y"}, "settle", "Guess as it thinks, and close the thought once three guesses in a row agree", groupWould, Page, needExplorer},
		{Lab, []string{"L"}, "Wait lab", "From the cursor, or where the thought closed: nothing, Wait, Hmm, Alternatively, or texts of your own, several times each", groupWould, Page, needExperiment(Lab)},
		{Vote, []string{"V"}, "vote", "Ask the question many times at once and count the answers; stops when the lead is decided", groupWould, Page, needExperiment(Vote)},
		{Anchor, []string{"A"}, "anchor", "What the sentence under the cursor does to the answer: go on many times with it and without it", groupWould, Page, needExperiment(Anchor)},
		{Replay, []string{"R"}, "replay", "Play the branch in view again from its beginning, at the pace you like", groupWould, Page, needTokens},

		{Second, []string{"n"}, "second answer", "A second answer to the same question under another cap, beside the first", groupSee, Page, needBranch},
		{Compare, []string{"x"}, "compare", "Compare two answers side by side, the first difference marked", groupSee, Page, needTwo},
		{NextBr, []string{"b"}, "next branch", "The next branch", groupSee, Page, needTwo},
		{PrevBr, []string{"B"}, "branch before", "The branch before", groupSee, Page, needTwo},
		{PickBr, []string{"alt+1", "alt+2", "alt+3", "alt+4", "alt+5", "alt+6", "alt+7", "alt+8", "alt+9"}, "branch", "The branch with this number", groupSee, Page, needTwo},

		{Beside, []string{"v"}, "beside", "Put the branch of the tree's cursor beside the one in view; in a comparison the next branch, up to four, and when there is none more, take the one in view out", groupSee, Page, needTwo},
		{Diff, []string{"X"}, "diff", "In a comparison: what differs, sentence by sentence", groupSee, Page, needTwo},
		{Expected, []string{"g"}, "expected", "Set the right answer, so that every branch shows right or wrong", groupSee, Page, needBranch},
		{Mark, []string{"m"}, "mark", "Bookmark the token under the cursor, or the branch, or take the bookmark away; {jump-kind} jumps to bookmarks too", groupSee, Page, needBranch},
		{Worth, []string{"M"}, "worth", "Mark the branch good, then bad, then neither; {rows} writes the good ones as rows to train on", groupSee, Page, needBranch},
		{Rows, []string{"T"}, "rows", "Write what is marked good as rows to train on, to a file: of the sessions selected in the list, else of all", groupSee, Page | Shelf, func(s State) string {
			if !s.Library {
				return "nothing is being saved in this run, so there are no rows to write"
			}
			return ""
		}},
		{Note, []string{"N"}, "note", "A note on the branch", groupSee, Page, needBranch},
		{Fold, []string{"z"}, "fold", "Fold and unfold the branches below", groupSee, Page, needTwo},
		{Delete, []string{"D"}, "delete", "Delete the branch with what grew from it; {undo} brings it back", groupSee, Page, needTwo},
		{Undo, []string{"U"}, "undo", "Bring back what was deleted last", groupSee, Page, func(s State) string {
			if !s.Binned {
				return "nothing was deleted"
			}
			return ""
		}},

		{LineUp, []string{"up", "k"}, "up", "One line up; ends following", groupMove, lists, nil},
		{LineDown, []string{"down", "j"}, "down", "One line down", groupMove, lists, nil},
		{PageUp, []string{"pgup", "ctrl+b"}, "page up", "One screen up", groupMove, lists, nil},
		{PageDown, []string{"pgdown", "ctrl+f"}, "page down", "One screen down", groupMove, lists, nil},
		{HalfUp, []string{"u"}, "half up", "Half a screen up", groupMove, lists, nil},
		{HalfDown, []string{"d"}, "half down", "Half a screen down", groupMove, lists, nil},
		{Top, []string{"home"}, "top", "To the beginning", groupMove, lists, nil},
		{Bottom, []string{"G", "end"}, "to the end", "To the end, and follow it", groupMove, lists, nil},
		{Focus, []string{"tab"}, "thought", "The next pane: prompt, thought, answer", groupMove, asking, nil},
		{FocusBack, []string{"shift+tab"}, "pane before", "The pane before", groupMove, asking, nil},

		{Ask, []string{"q"}, "question", "To the prompt, for another question", groupAsk, Page, nil},
		{Send, []string{"enter"}, "ask", "Ask the question; in an empty prompt, the example that stands there", groupAsk, Prompt, func(s State) string {
			switch {
			case s.Broken != "":
				return "there is no model: " + s.Broken
			case s.Running:
				return "it is still at work: {stop} stops it and keeps everything, then {send} asks"
			case s.PromptEmpty && !s.Offered:
				return "type a question first"
			}
			return ""
		}},
		{Example, []string{"right"}, "edit it", "Take the example that stands in the empty prompt, to change it", groupAsk, Prompt, needExample},
		{Another, []string{"ctrl+n"}, "another", "Another example to ask", groupAsk, asking, needExample},
		{Newline, []string{"ctrl+j", "alt+enter"}, "new line", "A new line in the question", groupAsk, Prompt, nil},
		{Older, []string{"up"}, "earlier", "An earlier question (in its first line)", groupAsk, Prompt, nil},
		{Newer, []string{"down"}, "later", "A later question (in its last line)", groupAsk, Prompt, nil},
		{Recent, []string{"ctrl+s"}, "sessions", "Earlier sessions", groupAsk, Anywhere &^ Shelf, func(s State) string {
			if !s.Library {
				return "nothing is being saved in this run, so there are no sessions to show"
			}
			return ""
		}},

		{ShelfOpen, []string{"enter"}, "open", "Open the session where it was left", groupShelf, Shelf, needRow},
		{ShelfSearch, []string{"/"}, "search", "Search in questions, thoughts, answers and notes; a trailing * finds beginnings, \"a phrase\" stays together", groupShelf, Shelf, nil},
		{ShelfFilter, []string{"f"}, "filter", "Only a model, a verdict, a tag, a way of closing, or since when", groupShelf, Shelf, nil},
		{ShelfSelect, []string{" "}, "select", "Select for the export, or not", groupShelf, Shelf, needRow},
		{ShelfTag, []string{"t"}, "tags", "The tags of the session", groupShelf, Shelf, needRow},
		{ShelfNote, []string{"N"}, "note", "A note on the session", groupShelf, Shelf, needRow},
		{ShelfExport, []string{"e"}, "export", "Write what is selected, or the one under the cursor, to a file: .jsonl, .md or .html", groupShelf, Shelf, needRow},
		{ShelfDelete, []string{"D"}, "delete", "Delete the session; {session-undo} brings it back", groupShelf, Shelf, needRow},
		{ShelfUndo, []string{"U"}, "undo", "Bring back the session that was deleted last", groupShelf, Shelf, func(s State) string {
			if !s.Binned {
				return "nothing was deleted"
			}
			return ""
		}},
		{ShelfClose, []string{"esc", "ctrl+s"}, "close", "Back to the thought", groupShelf, Shelf, nil},

		{Study, []string{"ctrl+l"}, "lab", "The lab: accuracy against thinking tokens, over many questions, budgets and methods", groupAsk, Anywhere &^ Bench, func(s State) string {
			switch {
			case s.Broken != "":
				return "there is no model: " + s.Broken
			case s.Loading:
				return "the model is still loading"
			case !s.Lab:
				return "this model can not be measured here"
			}
			return ""
		}},
		{StudyEnter, []string{"enter"}, "open", "Change a field; of a point, its questions; of a question, its trace, as a run like any other", groupBench, Bench, nil},
		{StudyForecast, []string{"f"}, "forecast", "Say what the sweep will cost, from four of its questions", groupBench, Bench, func(s State) string {
			switch {
			case !s.Form:
				return "a forecast is made before the start: {lab-new} goes to what is measured"
			case s.Sweeping:
				return "a sweep is under way: {lab-back} goes to it"
			case s.Reckoning:
				return "it is under way"
			}
			return ""
		}},
		{StudyStart, []string{"s"}, "start", "Start the sweep, or go on with the one in this folder", groupBench, Bench, func(s State) string {
			if s.Sweeping {
				return "a sweep is under way: {lab-stop} stops it and keeps everything"
			}
			return ""
		}},
		{StudyFolder, []string{"o"}, "folder", "Open the folder of a sweep, finished or not", groupBench, Bench, func(s State) string {
			if s.Sweeping {
				return "a sweep is under way: {lab-stop} stops it and keeps everything"
			}
			return ""
		}},
		{StudyPause, []string{"p", " "}, "pause", "Pause after the questions under way, and go on", groupBench, Bench, needSweep},
		{StudyStop, []string{"S"}, "stop, keep", "Stop and keep everything; the same folder goes on where it was, here or with s1 sweep", groupBench, Bench, needSweep},
		{StudyNew, []string{"n"}, "setup", "What is to be measured", groupBench, Bench, nil},
		{StudyClass, []string{"c"}, "class", "Only the questions that came out right, wrong, empty, cut, unparsed or failed", groupBench, Bench, func(s State) string {
			if s.Form || s.Points {
				return "open a point first: {lab-enter}"
			}
			return ""
		}},
		{StudyInk, []string{"b"}, "blocks", "Draw the curve with blocks in place of braille, and back", groupBench, Bench, nil},
		{StudyBack, []string{"esc"}, "back", "One step back; a sweep goes on", groupBench, Bench, nil},
		{StudyLeave, []string{"ctrl+l"}, "leave", "Back to the thought; a sweep goes on", groupBench, Bench, nil},

		{Help, []string{"?"}, "help", "This sheet", groupApp, lists | Train, nil},
		{Palette, []string{"ctrl+p"}, "commands", "All commands, searchable", groupApp, Anywhere, nil},
		{Suspend, []string{"ctrl+z"}, "suspend", "Back to the shell; fg returns", groupApp, Anywhere, nil},
		{Quit, []string{"ctrl+c"}, "quit", "Stop what runs; pressed again, quit", groupApp, Anywhere, nil},
		{QuitEmpty, []string{"ctrl+d"}, "quit", "Quit, with an empty question", groupApp, Prompt, func(s State) string {
			if !s.PromptEmpty {
				return "{quit-empty} quits only with an empty question"
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
