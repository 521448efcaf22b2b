// Package keys is the one table of what a key does, when, and why not. The help sheet, the bottom line, the
// palette and the README are made from it. It knows no screen and does nothing itself: it answers questions.
package keys

import (
	"slices"
	"strings"
)

// Action names something a key can do.
type Action string

const (
	Send      Action = "send"
	Newline   Action = "newline"
	Older     Action = "older"
	Newer     Action = "newer"
	Ask       Action = "ask"
	Example   Action = "example"
	Another   Action = "another-example"
	Wait      Action = "wait"
	WaitText  Action = "wait-text"
	Cap       Action = "cap"
	CapUp     Action = "cap-up"
	CapDown   Action = "cap-down"
	Answer    Action = "answer-now"
	Inject    Action = "inject"
	Pause     Action = "pause"
	Step      Action = "step"
	Stop      Action = "stop"
	Hotter    Action = "hotter"
	Slower    Action = "slower"
	Faster    Action = "faster"
	Second    Action = "second"
	Compare   Action = "compare"
	PrevBr    Action = "previous-branch"
	NextBr    Action = "next-branch"
	PickBr    Action = "pick-branch"
	Focus     Action = "focus"
	FocusBack Action = "focus-back"
	LineUp    Action = "line-up"
	LineDown  Action = "line-down"
	PageUp    Action = "page-up"
	PageDown  Action = "page-down"
	HalfUp    Action = "half-up"
	HalfDown  Action = "half-down"
	Top       Action = "top"
	Bottom    Action = "bottom"
	Recent    Action = "recent"
	Help      Action = "help"
	Palette   Action = "palette"
	Suspend   Action = "suspend"
	Quit      Action = "quit"
	QuitEmpty Action = "quit-empty"

	// The cursor on the tokens.
	TokenBack    Action = "token-back"
	TokenNext    Action = "token-next"
	WordBack     Action = "word-back"
	WordNext     Action = "word-next"
	SentenceBack Action = "sentence-back"
	SentenceNext Action = "sentence-next"
	StepBack     Action = "step-back"
	StepNext     Action = "step-next"
	JumpBack     Action = "jump-back"
	JumpNext     Action = "jump-next"
	JumpKind     Action = "jump-kind"
	Search       Action = "search"
	Colour       Action = "colour"

	// Another past.
	Take   Action = "take"
	Fork   Action = "fork"
	Edit   Action = "edit"
	Editor Action = "editor"

	// The tree.
	Beside   Action = "beside"
	Diff     Action = "diff"
	Expected Action = "expected"
	Mark     Action = "mark"
	Worth    Action = "worth"
	Rows     Action = "rows"
	Note     Action = "note"
	Fold     Action = "fold"
	Delete   Action = "delete"
	Undo     Action = "undo"

	// What would it have said.
	Scrub  Action = "scrub"
	Ticker Action = "ticker"
	Settle Action = "settle"
	Lab    Action = "wait-lab"
	Vote   Action = "vote"
	Anchor Action = "anchor"
	Replay Action = "replay"

	// Panes at the side.
	ShowSignals Action = "show-signals"
	ShowToken   Action = "show-token"
	ShowTree    Action = "show-tree"
	PaneNext    Action = "pane-next"
	PaneBack    Action = "pane-back"

	// In the list of sessions.
	ShelfOpen   Action = "session-open"
	ShelfSearch Action = "session-search"
	ShelfFilter Action = "session-filter"
	ShelfSelect Action = "session-select"
	ShelfTag    Action = "session-tag"
	ShelfNote   Action = "session-note"
	ShelfExport Action = "session-export"
	ShelfDelete Action = "session-delete"
	ShelfUndo   Action = "session-undo"
	ShelfClose  Action = "session-close"

	// In the lab.
	Study         Action = "lab"
	StudyEnter    Action = "lab-enter"
	StudyForecast Action = "lab-forecast"
	StudyStart    Action = "lab-start"
	StudyFolder   Action = "lab-folder"
	StudyPause    Action = "lab-pause"
	StudyStop     Action = "lab-stop"
	StudyNew      Action = "lab-new"
	StudyClass    Action = "lab-class"
	StudyInk      Action = "lab-ink"
	StudyBack     Action = "lab-back"
	StudyLeave    Action = "lab-leave"
)

// Where says in which focus a binding is heard.
type Where uint8

const (
	Page     Where = 1 << iota // letters: the prompt is not focused
	Prompt                     // while typing a question
	Shelf                      // in the list of sessions
	Bench                      // in the lab
	Train                      // in the pane of training
	Curate                     // in the curation
	Jobs                       // in the pane of jobs
	Anywhere = Page | Prompt | Shelf | Bench | Train | Curate | Jobs
	lists    = Page | Shelf | Bench | Curate | Jobs
	asking   = Page | Prompt
)

// State is what the table must know to say what can be done.
type State struct {
	Prompt      bool // the prompt has the focus
	Shelf       bool // the list of sessions is open
	Train       TrainState
	Curate      CurateState
	Jobs        JobsState
	Rows        int // in it
	PromptEmpty bool
	Loading     bool   // the model is not there yet
	Broken      string // why there is no model
	Asked       bool   // there is a branch to act on
	Running     bool   // it has not ended
	Paused      bool
	Interrupted bool // it never ended, because its program did
	Thinking    bool // it can still be made to think: not answering yet
	Loop        bool // the loop guard spoke
	Pauses      int  // points of an ended branch at which it was paused
	CanClose    bool // an ended branch has a close of thinking to go back to
	Branches    int
	Library     bool
	Following   bool
	Example     bool // the model has questions to try
	Offered     bool // one stands in the empty prompt

	Tokens     int  // of the branch in view
	Cursor     bool // it stands on one of them
	Explorer   bool // the model can be asked what it would have said
	Candidates bool // the token under the cursor has candidates
	Ticking    bool // its answer is being guessed while it thinks
	Busy       bool // an experiment runs
	Binned     bool // a branch was deleted and can come back
	Comparing  bool
	Scrubbing  bool   // the answers along the thought are in view
	Tree       bool   // the cursor is in the tree
	Picking    bool   // it is among the candidates of a token
	Back       bool   // esc leaves what is in view, and stops nothing
	Trials     bool   // samples of an experiment are in view
	Left       Action // the experiment that was left for one of its samples, "" = none

	Lab       bool // there is a lab to go to
	Bench     bool // it has the page
	Form      bool // its setup is in view
	Points    bool // its curve is in view
	Sweeping  bool // a sweep runs, or is paused
	Held      bool // it is paused
	Reckoning bool // a forecast is under way
}

// Binding is one row of the table.
type Binding struct {
	Action Action
	Keys   []string // as the terminal names them; the first one is shown
	Short  string   // on the bottom line: one or two words
	Help   string   // one sentence
	Group  string
	Where  Where
	WhyNot func(State) string // "" = it can be done now; nil = always
}

// Shown returns the name of the first key as people write it, "" for none.
func (b Binding) Shown() string {
	if len(b.Keys) == 0 {
		return ""
	}
	return Name(b.Keys[0])
}

// AllShown returns all keys of a binding as people write them.
func (b Binding) AllShown() string {
	if len(b.Keys) == 0 {
		return "no key"
	}
	return strings.Join(b.shown(), " ")
}

// shown names the keys; the digits from 1 to 9 are one entry.
func (b Binding) shown() []string {
	if strings.Join(b.Keys, "") == "123456789" {
		return []string{"1 to 9"}
	}
	names := make([]string, len(b.Keys))
	for i, k := range b.Keys {
		names[i] = Name(k)
	}
	return names
}

// Enabled says whether the binding acts, and if not, why.
func (b Binding) Enabled(s State) (why string, ok bool) {
	if b.WhyNot == nil {
		return "", true
	}
	why = b.WhyNot(s)
	return why, why == ""
}

// Name returns how a key is written for people.
func Name(key string) string {
	switch key {
	case "pgup":
		return "page up"
	case "pgdown":
		return "page down"
	case " ":
		return "space"
	}
	return key
}

// Find returns the binding that hears key in this state.
func (m *Map) Find(s State, key string) (Binding, bool) {
	where := Page
	switch {
	case s.Bench:
		where = Bench
	case s.Train.Open:
		where = Train
	case s.Curate.Open:
		where = Curate
	case s.Jobs.Open:
		where = Jobs
	case s.Shelf:
		where = Shelf
	case s.Prompt:
		where = Prompt
	}
	for _, b := range m.rows {
		if b.Where&where != 0 && slices.Contains(b.Keys, key) {
			return b, true
		}
	}
	return Binding{}, false
}

// Of returns the binding of an action.
func (m *Map) Of(a Action) Binding {
	for _, b := range m.rows {
		if b.Action == a {
			return b
		}
	}
	return Binding{Action: a}
}

// mostShown is how many keys the bottom line offers at most.
const mostShown = 8

// Pair is Shown, with the key of its counterpart where the bottom line has one entry for there and back.
func (m *Map) Pair(b Binding) string {
	for there, back := range map[Action]Action{LineUp: LineDown, PageUp: PageDown, TokenBack: TokenNext} {
		if other := m.Of(back); b.Action == there && len(other.Keys) > 0 {
			return b.Shown() + "/" + other.Shown()
		}
	}
	return b.Shown()
}

// Line returns the bindings for the bottom line: those that matter in this state, most useful first, none that is disabled.
func (m *Map) Line(s State) []Binding {
	var want []Action
	switch {
	case s.Bench && s.Form:
		want = []Action{StudyEnter, StudyForecast, StudyStart, StudyFolder, StudyBack, Help}
	case s.Bench && s.Points:
		want = []Action{StudyEnter, StudyPause, StudyStop, StudyStart, StudyNew, StudyInk, StudyBack, Help}
	case s.Bench:
		want = []Action{StudyEnter, StudyClass, StudyBack, Help}
	case s.Train.Open:
		want = trainLine(s.Train)
	case s.Curate.Open:
		want = curateLine(s.Curate)
	case s.Jobs.Open:
		want = jobsLine(s.Jobs)
	case s.Shelf:
		want = []Action{ShelfOpen, ShelfSearch, ShelfFilter, ShelfSelect, ShelfExport, ShelfTag, ShelfDelete, ShelfClose, Help}
	case s.Prompt && s.Offered && s.Asked:
		want = []Action{Send, Example, Another, Focus, Palette}
	case s.Prompt && s.Offered:
		want = []Action{Send, Example, Another, Recent, Palette, Quit}
	case s.Prompt && s.Asked:
		want = []Action{Send, Newline, Focus, Older, Palette}
	case s.Prompt:
		want = []Action{Send, Newline, Older, Recent, Palette, Quit}
	case s.Trials:
		want = []Action{Take, LineUp, Stop, Lab, Vote, Anchor, Help}
	case s.Tree:
		want = []Action{Take, LineUp, Stop, Beside, Note, Worth, Fold, Delete, Help}
	case s.Picking:
		want = []Action{Take, LineUp, Stop, TokenBack, Fork, Edit, Help}
	case s.Scrubbing && !s.Running:
		want = []Action{Take, TokenBack, Scrub, Fork, Answer, Help}
	case s.Comparing && !s.Running:
		want = []Action{Beside, Diff, LineUp, Compare, NextBr, Wait, Second, Help}
	case s.Interrupted:
		want = []Action{Pause, Wait, Cap, Answer, Second, Ask, Help}
	case s.Loop && s.Running:
		want = []Action{Answer, Stop, Hotter, Wait, Pause, Help}
	case s.Paused && s.Cursor:
		want = []Action{Pause, Fork, Edit, Scrub, Lab, Answer, Inject, Stop, Help}
	case s.Paused:
		want = []Action{Pause, Step, Wait, Answer, Inject, Cap, Scrub, Stop, Help}
	case s.Running && s.Thinking && s.Cursor:
		want = []Action{Wait, Answer, Fork, Edit, Lab, Pause, Stop, Help}
	case s.Running && s.Thinking:
		want = []Action{Wait, Answer, Cap, Pause, Stop, Second, Compare, Help}
	case s.Running:
		want = []Action{Pause, Stop, Second, Compare, Focus, Help}
	case s.Asked && s.Cursor:
		want = []Action{Fork, Edit, Scrub, Lab, Wait, Answer, Inject, Help}
	case s.Asked:
		want = []Action{Wait, Cap, Scrub, Lab, Answer, Second, Compare, NextBr, Ask, Help}
	default:
		want = []Action{Ask, Recent, Study, Palette, Help, Quit}
	}
	if !s.Prompt && !s.Trials && !s.Tree && !s.Picking && !s.Shelf && !s.Bench && !s.Train.Open && !s.Curate.Open && !s.Jobs.Open && !s.Following {
		want = append([]Action{Bottom}, want...)
	}
	var out []Binding
	for _, a := range want {
		b := m.Of(a)
		if a == Take && s.Scrubbing && !s.Cursor {
			continue // there is no place yet
		}
		if _, ok := b.Enabled(s); ok && len(b.Keys) > 0 {
			switch {
			case a == Take && s.Trials:
				b.Short = "open it"
			case a == Take && s.Tree:
				b.Short = "go there"
			case a == Take && s.Scrubbing && !s.Picking:
				b.Short = "answer here"
			case a == Take && s.Picking:
				b.Short = "take it"
			case a == LineUp && (s.Trials || s.Tree || s.Picking):
				b.Short = "choose"
			case a == LineUp, a == PageUp:
				b.Short = "scroll"
			case a == Stop && s.Back:
				b.Short = "leave"
			case a == Scrub && s.Scrubbing, a == Compare && s.Comparing:
				b.Short = "close"
			case a == Pause && (s.Paused || s.Interrupted), a == StudyPause && s.Held, a == StudyStart && s.Points:
				b.Short = "go on"
			case a == CurateEnter && s.Curate.Rows:
				b.Short = "explore"
			case a == StudyEnter && s.Form:
				b.Short = "change"
			case a == TrainEnter && s.Train.Listing:
				b.Short = "watch it"
			case a == TrainEnter && s.Train.Watching:
				b.Short = "one curve"
			case a == TrainResume && s.Train.Running && s.Train.Requeues:
				b.Short = "queue again"
			case a == JobLog && s.Jobs.Log:
				b.Short = "list"
			case a == JobStop && s.Jobs.Stopping:
				b.Short = "end at once"
			case a == Answer && s.Loop && s.Running:
				b.Short = "cut and answer"
			}
			out = append(out, b)
		}
	}
	for i := len(out) - 1; i >= 0 && len(out) > mostShown; i-- {
		if !Stays(out[i].Action, s) {
			out = slices.Delete(out, i, i+1)
		}
	}
	return out
}

// Stays says of an entry of the bottom line that it is there however little room there is: the way out, and the help, which has
// all the others.
func Stays(a Action, s State) bool {
	switch a {
	case Help, ShelfClose, TrainClose, CurateClose, JobClose, StudyBack:
		return true
	case Stop:
		return s.Back
	case Scrub:
		return s.Scrubbing
	case Compare:
		return s.Comparing && !s.Running
	}
	return false
}
