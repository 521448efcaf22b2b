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
	"errors"
	"slices"
	"strings"
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

// PaceByModel lets the model decide: readable for tiny ones, as fast as it goes for real ones.
const PaceByModel = -1

// What "tiny" and "readable" mean.
const (
	tinyParameters = 300_000_000
	readablePace   = 30 // tokens per second
)

// PaceFor returns the pace that suits a model: 0 = as fast as it goes.
func PaceFor(info trace.ModelInfo) int {
	if info.Parameters > 0 && info.Parameters <= tinyParameters {
		return readablePace
	}
	return 0
}

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
	savedAt   time.Time
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
		return tea.Batch(m.arrived(msg.batches), m.awaitFrame())
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
	arrived := m.arrived(m.feed.Drain())
	cmd := tea.Batch(arrived, m.tell(m.news.take()), m.play())
	m.settling = false
	m.frame = m.draw()
	return tea.Batch(cmd, m.checkSaved())
}

func (m *Model) opened(msg modelOpened) tea.Cmd {
	if msg.err != nil {
		m.broken = msg.err.Error()
		m.queued = ""
		return nil
	}
	m.thinker, m.info = msg.thinker, msg.thinker.Info()
	m.examples = examples{list: m.info.Examples}
	if m.opt.Pace < 0 {
		m.pace = PaceFor(m.info)
	}
	if m.opt.ModelSampling {
		seed := m.sampling.Seed
		m.sampling = m.info.Default
		m.sampling.Seed = seed
	}
	if m.info.Warning != "" {
		m.say(m.info.Warning)
	}
	if q := m.queued; q != "" {
		m.queued = ""
		m.say("") // that it will be asked
		return m.ask(q)
	}
	if re, can := m.opt.Library.(Reopener); can && m.opt.Session != "" {
		return reopen(m.ctx, re, m.opt.Session)
	}
	return m.findStory()
}

// arrived gives each branch its events. A disk that has something to keep is asked about twice a second.
func (m *Model) arrived(batches []feed.Batch) tea.Cmd {
	for _, batch := range batches {
		for _, b := range m.branches {
			if b.source != batch.Source {
				continue
			}
			closed := b.closed
			for _, e := range batch.Events {
				b.apply(e)
			}
			m.played(b)
			if b == m.now() && !closed && b.closed && m.focus == onThought && m.thoughtsPane.Scroll.Following() && m.layout().one {
				m.focus = onAnswer // on a small screen the answer takes the place of the finished thought
			}
		}
	}
	if len(batches) > 0 && time.Since(m.savedAt) > saveEvery {
		m.savedAt = time.Now()
		return m.checkSaved()
	}
	return nil
}

func (m *Model) started(msg branchStarted) tea.Cmd {
	m.busy = false
	if msg.err != nil {
		m.fault = "could not " + msg.what + ": " + msg.err.Error() + "  (esc)"
		var u *trace.Unsuitable
		if errors.As(msg.err, &u) {
			m.unsuitable(u)
			return nil
		}
		if msg.asked != "" && m.promptPane.Editor.Value() == "" {
			m.promptPane.Editor.Set(msg.asked) // a question is never lost
			m.focus = onPrompt
		}
		if msg.wrote != "" {
			return m.keepWritten(msg.wrote)
		}
		return nil
	}
	if msg.parent == nil {
		m.leave()
		m.question = orElse(msg.live.Run().Prompt, msg.asked)
		m.examples.asked(m.question)
	}
	b := newBranch(msg.live, label(len(m.branches)), m.theme, m.opt.Same)
	if msg.parent != nil {
		b.inherit(msg.parent, msg.at)
		b.expected = msg.parent.expected // the user's, where there is one
	}
	b.source = m.feed.Follow(msg.live.Log())
	if msg.parent != nil && m.pace > 0 {
		msg.live.Send(trace.Command{Kind: trace.CommandPace, N: m.pace})
	}
	before := m.cur
	m.branches = append(m.branches, b)
	m.switchTo(len(m.branches) - 1)
	m.thoughtsPane.Scroll.Bottom()
	if msg.beside {
		m.other, m.comparing, m.jump = before, true, true
	}
	m.focus = onThought
	if m.trials != nil {
		m.trials.hidden = true // a sample was opened, or something else is looked at
	}
	return nil
}

func (m *Model) savedIs(msg savedChecked) tea.Cmd {
	m.checking = false
	was := m.unsaved
	m.saved, m.unsaved = "saved", false
	if !msg.ok {
		m.saved = "saving"
		if msg.reason != "" {
			m.saved, m.unsaved = "not saved", true
			if !was {
				m.warn("not saved: " + oneLine(msg.reason))
			}
		}
		return m.tick(saveEvery, saveTicked{})
	}
	return nil // asked again with the next tokens
}

// leave ends what belongs to the question that makes room for another.
func (m *Model) leave() {
	if m.scrubber != nil {
		m.closeScrub()
	}
	m.endTrials()
	for _, b := range m.branches {
		if b.ticker != nil {
			b.ticker.cancel()
		}
	}
	m.branches, m.cur, m.other, m.comparing, m.more, m.deleted, m.pick = nil, 0, -1, false, nil, nil, -1
	m.refocus()
}

// now returns the branch in view, or nil.
func (m *Model) now() *branch {
	if m.cur < len(m.branches) {
		return m.branches[m.cur]
	}
	return nil
}

func (m *Model) anyRunning() bool {
	for _, b := range m.branches {
		if b.running() {
			return true
		}
	}
	return false
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

// state is what the key table asks about.
func (m *Model) state() keys.State {
	s := keys.State{
		Shelf: m.shelf.open, Rows: len(m.shelf.rows), Prompt: m.focus == onPrompt, PromptEmpty: strings.TrimSpace(m.promptPane.Editor.Value()) == "",
		Loading: m.thinker == nil && m.broken == "", Broken: m.broken,
		Example:  len(m.examples.list) > 0,
		Branches: len(m.branches), Library: m.opt.Library != nil, Following: m.scroll().Following(),
	}
	s.Offered = s.PromptEmpty && m.examples.offer() != ""
	s.Train, s.Curate, s.Jobs = m.trainState(), m.curateState(), m.jobsState()
	s.Explorer, s.Comparing, s.Trials = m.explorer() != nil, m.comparing, m.experimenting()
	if x := m.trials; x != nil && x.hidden {
		s.Left = map[trials.Kind]keys.Action{trials.Lab: keys.Lab, trials.Vote: keys.Vote, trials.Anchors: keys.Anchor}[x.kind]
	}
	if s.Binned = len(m.deleted) > 0; s.Shelf {
		s.Binned = len(m.shelf.binned) > 0
	}
	s.Busy = m.trials != nil && m.trials.running || m.scrubber != nil && m.scrubber.running
	if s.Lab = m.laboratory() != nil; m.bench.open {
		s.Bench, s.Form, s.Points = true, m.bench.view == lab.Setup, m.bench.view == lab.Curve
		s.Sweeping, s.Held, s.Reckoning = m.bench.cancel != nil, m.bench.held, m.bench.reckon != nil
	}
	if b := m.now(); b != nil {
		s.Asked, s.Running, s.Paused, s.Thinking = true, b.running(), b.state == trace.StatePaused, b.thinking()
		s.Loop, s.Pauses = b.loop, len(b.pauses)
		s.Tokens, s.Cursor = len(b.tokens), b.at >= 0
		s.Ticking = b.ticker != nil && b.ticker.running
		if s.Cursor {
			k := b.token(b.at)
			s.Candidates = k != nil && len(k.Top) > 0
		}
		_, s.CanClose = b.closeAt()
		if !s.Running {
			s.Thinking = true // every key acts after the end, as a new branch
		}
	}
	return s
}

// scroll returns the text that the movement keys move.
func (m *Model) scroll() *text.Scroll {
	if m.focus == onAnswer {
		return &m.answerPane.Scroll
	}
	return &m.thoughtsPane.Scroll
}

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
