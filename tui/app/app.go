// Package app is the screen: the only tea.Model, what it holds, and what its keys do.
//
// It knows branches as logs of tokens and an engine as the narrow ports of ports.go. It does not know how a token is
// made, kept or trained. Panes are plain structs that draw what they are given; the app gives it to them.
//
//	key ----> keys.Map ----> act ----> Live.Send (at once, no queue) or a tea.Cmd (Ask, Branch)
//	trace.Log ----> feed (a batch a frame) ----> branch.apply ----> text.Doc ----> pane.Render ----> frame
package app

import (
	"context"
	"slices"
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"s1/engine/trace"
	"s1/tui/feed"
	"s1/tui/keys"
	"s1/tui/overlay"
	"s1/tui/pane/answer"
	"s1/tui/pane/budget"
	"s1/tui/pane/compare"
	"s1/tui/pane/jobs"
	"s1/tui/pane/lab"
	"s1/tui/pane/library"
	"s1/tui/pane/prompt"
	"s1/tui/pane/scrub"
	"s1/tui/pane/side"
	"s1/tui/pane/signals"
	"s1/tui/pane/status"
	"s1/tui/pane/thoughts"
	tokenpane "s1/tui/pane/token"
	"s1/tui/pane/tree"
	"s1/tui/pane/trials"
	"s1/tui/text"
	"s1/tui/theme"
)

type focus uint8

const (
	onPrompt focus = iota
	onThought
	onAnswer
	onToken
	onTree
	onTrials
	onLibrary
	onBench
	onJobs
)

// Model is the screen.
type Model struct {
	ctx      context.Context // the run root: ends every command and watcher
	opt      Options
	theme    *theme.Theme
	keys     *keys.Map
	feed     *feed.Feed
	progress *latest

	thinker  Thinker
	info     trace.ModelInfo
	loading  string // progress while there is no thinker
	broken   string // why there will be none
	sampling trace.Sampling
	pace     int

	w, h      int
	focus     focus
	question  string
	branches  []*branch
	cur       int
	other     int // what cur is compared with
	comparing bool
	jump      bool   // the comparison has yet to show where the two part
	more      []int  // what stands beside them
	thinning  bool   // the key that puts branches beside them takes them out now
	busy      bool   // an Ask or a Branch is on its way
	queued    string // a question that waits for the model
	examples  examples
	quitArmed bool
	story     *story // nil: none is being played
	notice    string // one line about the last key
	alarm     bool   // the notice says that something went wrong
	fault     string // an error of the branch pane
	saved     string
	unsaved   bool
	checking  bool
	begun     int // branches that began; what is said of the disk is about so many
	settling  bool
	unsettled bool

	margin     margin
	pick       int // the candidate chosen in the token pane, -1 = none
	interest   interest
	found      string // what was searched
	shade      shade
	reflection text.Reflection
	news       *news
	scrubber   *scrubbing
	trials     *experiment
	shelf      shelf
	bench      bench
	training   training
	curation   curation
	jobs       longRuns
	deleted    [][]int // branches, the last deletion last

	over   overlay.Overlay
	chosen func(overlay.Result) tea.Cmd
	kept   []Kept // behind the list of sessions

	thoughtsPane thoughts.Pane
	answerPane   answer.Pane
	statusPane   status.Pane
	budgetPane   budget.Pane
	promptPane   prompt.Pane
	sidePane     side.Pane
	comparePane  compare.Pane
	tokenPane    tokenpane.Pane
	signalsPane  signals.Pane
	treePane     tree.Pane
	scrubPane    scrub.Pane
	trialsPane   trials.Pane
	libraryPane  library.Pane
	labPane      lab.Pane
	jobsStrip    jobs.Strip

	frame string
	crash error // a fault of the screen itself
}

// New returns the screen before anything has happened.
func New(ctx context.Context, opt Options) *Model {
	th := theme.New(opt.Theme)
	m := &Model{
		ctx: ctx, opt: opt, theme: th, keys: opt.Keys, feed: feed.New(ctx), progress: newLatest(), news: newNews(), pick: -1,
		pace: max(opt.Pace, 0), sampling: opt.Sampling, other: -1, loading: "loading the model",
	}
	if m.opt.Now == nil {
		m.opt.Now = time.Now
	}
	if opt.Story != nil {
		m.story = &story{caption: "trying out which example to show"}
	}
	if m.keys == nil {
		m.keys = keys.Default()
	}
	m.thoughtsPane.Theme, m.answerPane.Theme, m.statusPane.Theme = th, th, th
	m.budgetPane.Theme, m.promptPane.Theme, m.sidePane.Theme, m.comparePane.Theme = th, th, th, th
	m.tokenPane.Theme, m.signalsPane.Theme, m.treePane.Theme, m.scrubPane.Theme, m.trialsPane.Theme, m.libraryPane.Theme = th, th, th, th, th, th
	m.labPane.Theme = th
	m.reflection = text.NewReflection(opt.Reflection)
	m.promptPane.Editor.Set(opt.Prompt)
	return m
}

// Init opens the model and begins to listen to it.
func (m *Model) Init() tea.Cmd {
	return tea.Batch(m.openModel(), m.awaitProgress(), m.awaitFrame(), m.awaitNews(), m.checkSaved(), m.lookJobs())
}

// Update takes a message and draws the frame that follows from it.
func (m *Model) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	cmd := m.take(msg)
	if m.story != nil {
		cmd = tea.Batch(cmd, m.play())
	}
	m.frame = m.draw()
	if m.unsettled && !m.settling {
		m.settling = true
		cmd = tea.Batch(cmd, m.tick(settleEvery, settleTicked{}))
	}
	return m, cmd
}

// Keys returns what the keys do.
func (m *Model) Keys() *keys.Map { return m.keys }

// View returns the last frame.
func (m *Model) View() string { return m.frame }

func (m *Model) take(msg tea.Msg) tea.Cmd {
	switch msg := msg.(type) {
	case tea.WindowSizeMsg:
		m.w, m.h = msg.Width, msg.Height
		if m.opt.Record != nil {
			m.opt.Record.Resize(m.w, m.h)
		}
	case tea.MouseMsg:
		m.mouse(msg)
	case tea.KeyMsg:
		return m.press(msg)
	case loadProgressed:
		m.loading = msg.text
		if m.thinker == nil && m.broken == "" {
			return m.awaitProgress()
		}
	case modelOpened:
		return m.opened(msg)
	case framesArrived:
		m.arrived(msg.batches)
		return m.awaitFrame()
	case newsArrived:
		return tea.Batch(m.tell(msg.queue), m.awaitNews())
	case edited:
		return m.tookEdit(msg)
	case branchStarted:
		return m.started(msg)
	case recentLoaded:
		m.showRecent(msg)
	case runReopened:
		return m.showRun(msg)
	case savedChecked:
		return m.savedIs(msg)
	case jobsListed:
		return m.jobsAre(msg)
	case jobsTicked:
		m.jobs.ticking = false
		return m.lookJobs()
	case saveTicked:
		return m.checkSaved()
	case settleTicked:
		m.settling = false
	case storyFound:
		m.storyIs(msg)
	case storyTicked:
		if m.story != nil {
			m.story.ticking = false
		}
	}
	return nil
}

// Pull takes what the logs have, at once. It is for drivers that run the screen by hand (Options.Manual).
func (m *Model) Pull() tea.Cmd {
	m.loading = orElse(m.progress.get(), m.loading)
	m.arrived(m.feed.Drain())
	cmd := tea.Batch(m.tell(m.news.take()), m.play())
	m.settling = false
	m.frame = m.draw()
	return tea.Batch(cmd, m.checkSaved())
}

// now returns the branch in view, or nil.
func (m *Model) now() *branch {
	if m.cur < len(m.branches) {
		return m.branches[m.cur]
	}
	return nil
}

func (m *Model) switchTo(i int) {
	if i < 0 || i >= len(m.branches) {
		return
	}
	if i != m.cur {
		if m.comparing && i == m.other {
			m.other = m.cur
		}
		if k := slices.Index(m.more, i); m.comparing && k >= 0 {
			m.more[k] = m.cur
		}
		m.cur = i
	}
}

func (m *Model) say(s string)  { m.notice, m.alarm = s, false }
func (m *Model) warn(s string) { m.notice, m.alarm = s, true }

func label(i int) string {
	if i < 26 {
		return string(rune('A' + i))
	}
	return label(i/26-1) + label(i%26)
}

func orElse(s, other string) string {
	if s == "" {
		return other
	}
	return s
}
