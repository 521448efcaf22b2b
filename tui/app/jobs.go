package app

import (
	"context"
	"slices"
	"strings"
	"time"

	tea "github.com/charmbracelet/bubbletea"

	"s1/tui/keys"
	"s1/tui/pane/jobs"
	"s1/tui/text"
	"s1/tui/theme"
)

// Delays and limits of the jobs.
const (
	jobsEvery  = time.Second // between two looks, while one runs
	newlyEnded = time.Hour   // before the screen opened: what ended since then is told
	tailRead   = 64 << 10    // bytes of a log at once
	tailKept   = 1 << 20     // bytes of a log in memory
)

// longRuns are the jobs as they were looked at last, the line that tells of them, and their pane. Nothing looks at them by the
// clock unless one runs.
type longRuns struct {
	open   bool
	pane   jobs.Pane
	before focus // the pane
	list   []Job
	bad    string // what could not be read

	looked  bool // the first answer is there
	looking bool // an answer is on its way
	stale   bool // and is out of date already
	ticking bool
	fresh   map[string]bool // those that ended and that nobody has seen ended
	old     map[string]bool // of those, the ones that ended before this screen opened: they are told once

	rated   map[string]int // by id: the time in which the speed of a job is given, so that it stays what it was
	chosen  string         // the job under the cursor: a new one above does not move it
	armed   string         // the job of which was said what another stop does
	removed []string       // the last removal last

	printed printed
}

// printed is the end of a job's log.
type printed struct {
	of   string
	next int64 // byte to read from, -1 = the end
	doc  *text.Doc
	bad  string
}

// jobsListed answers a look.
type jobsListed struct {
	list []Job
	err  error
	tail jobsTail
}

// jobsTail is what a log had to add.
type jobsTail struct {
	of     string
	text   string
	next   int64
	anew   bool // what was read before is no longer what comes before it
	partly bool // it begins inside a line
	err    error
}

// jobsTicked asks for another look, as long as a job runs.
type jobsTicked struct{}

// lookJobs asks how the jobs stand, and what the one in view printed. One question at a time.
func (m *Model) lookJobs() tea.Cmd {
	j, port, ctx := &m.jobs, m.opt.Jobs, m.ctx
	if port == nil {
		return nil
	}
	if j.looking {
		j.stale = true
		return nil
	}
	j.looking, j.stale = true, false
	of, from := "", int64(-1)
	if j.open {
		of, from = j.chosen, j.printed.next
	}
	return func() tea.Msg {
		list, err := port.List(ctx)
		msg := jobsListed{list: list, err: err}
		if of != "" {
			msg.tail = readTail(ctx, port, of, from)
		}
		return msg
	}
}

// readTail reads on in a log. One that grew by more than is read at once goes on at its end.
func readTail(ctx context.Context, port Jobs, of string, from int64) (t jobsTail) {
	t = jobsTail{of: of, anew: from < 0}
	if t.text, t.next, t.err = port.Tail(ctx, of, from, tailRead); t.err == nil && !t.anew && len(t.text) >= tailRead {
		t.anew = true
		t.text, t.next, t.err = port.Tail(ctx, of, -1, tailRead)
	}
	t.partly = t.anew && len(t.text) >= tailRead
	return t
}

// jobsAre takes the answer of a look.
func (m *Model) jobsAre(msg jobsListed) tea.Cmd {
	j := &m.jobs
	j.looking, j.bad = false, ""
	if msg.err != nil {
		j.bad = oneLine(text.Head(msg.err.Error(), 2000))
	}
	if msg.err == nil || len(msg.list) > 0 { // a folder that cannot be read now says nothing of the jobs in it
		m.tellEnded(msg.list)
		j.list = msg.list
	}
	j.looked = true
	m.keepChosen()
	if x, ok := m.chosenJob(); ok && !x.Running { // it ended by the first stop: started again, it is stopped anew
		j.armed = ""
	}
	m.tookTail(msg.tail)
	switch {
	case j.stale:
		return m.lookJobs()
	case !j.ticking && slices.ContainsFunc(j.list, func(x Job) bool { return x.Running }):
		j.ticking = true
		return m.tick(jobsEvery, jobsTicked{})
	}
	return nil
}

// tellEnded notes which jobs have newly ended: those that ran at the last look, and at the first one those of the last hour.
func (m *Model) tellEnded(list []Job) {
	j := &m.jobs
	ran := map[string]bool{}
	for _, x := range j.list {
		ran[x.ID] = x.Running
	}
	fresh := map[string]bool{}
	for _, x := range list {
		old := !j.looked && !x.Ended.IsZero() && m.opt.Now().Sub(x.Ended) < newlyEnded
		if !x.Running && !j.open && (ran[x.ID] || j.fresh[x.ID] || old) {
			fresh[x.ID] = true
			if old {
				if j.old == nil {
					j.old = map[string]bool{}
				}
				j.old[x.ID] = true
			}
		}
		if ran[x.ID] && !x.Running && (strings.HasPrefix(m.notice, x.ID+" saves and ends") || strings.HasPrefix(m.notice, x.ID+" is ending")) {
			m.say(x.ID + " is " + x.State) // what was said of the stop has come true
		}
	}
	j.fresh = fresh
}

// forgetOldJobs stops telling of what ended before this screen opened: it stood there until something else was begun.
func (m *Model) forgetOldJobs() {
	for id := range m.jobs.old {
		delete(m.jobs.fresh, id)
	}
	m.jobs.old = nil
}

// keepChosen keeps the cursor on its job, or near where it was.
func (m *Model) keepChosen() {
	j := &m.jobs
	at := slices.IndexFunc(j.list, func(x Job) bool { return x.ID == j.chosen })
	if at < 0 {
		at = min(max(j.pane.Cursor, 0), len(j.list)-1)
	}
	m.chooseJob(at)
}

// chooseJob puts the cursor on a job, and says whether it is another one.
func (m *Model) chooseJob(at int) bool {
	j := &m.jobs
	id := ""
	if at >= 0 && at < len(j.list) {
		id = j.list[at].ID
	}
	j.pane.Cursor = max(at, 0)
	if id == j.chosen {
		return false
	}
	j.chosen, j.armed = id, ""
	j.printed = printed{of: id, next: -1, doc: text.NewDoc(m.theme.ASCII)}
	j.pane.Scroll.Bottom()
	if j.open {
		j.stale = true // the log of this one has not been read
	}
	return true
}

// breaks are what programs that draw over their last line write between two drawings.
var breaks = strings.NewReplacer("\r\n", "\n", "\r", "\n")

func (m *Model) tookTail(t jobsTail) {
	p := &m.jobs.printed
	if t.of == "" || t.of != p.of {
		return
	}
	if p.bad = ""; t.err != nil {
		p.bad = oneLine(text.Head(t.err.Error(), 2000))
		return
	}
	if p.doc == nil || t.anew || p.doc.Len()+len(t.text) > tailKept {
		p.doc = text.NewDoc(m.theme.ASCII)
	}
	if t.partly {
		if _, rest, ok := strings.Cut(t.text, "\n"); ok {
			t.text = rest
		}
	}
	p.next = t.next
	p.doc.Append(breaks.Replace(t.text), theme.Text)
}

// openJobs shows the pane. What has ended counts as seen.
func (m *Model) openJobs() tea.Cmd {
	j := &m.jobs
	if !j.open {
		j.before, m.focus = m.focus, onJobs
	}
	j.open, j.pane.Theme, j.pane.Log, j.armed = true, m.theme, false, ""
	if at := slices.IndexFunc(j.list, m.stripFirst()); at >= 0 { // what the line told of
		m.chooseJob(at)
	}
	clear(j.fresh)
	j.old = nil
	return m.lookJobs()
}

// closeJobs goes back to where the pane was opened from.
func (m *Model) closeJobs() {
	m.jobs.open, m.jobs.armed = false, ""
	m.focus = m.jobs.before
	m.refocus()
}

// chosenJob is the job under the cursor.
func (m *Model) chosenJob() (Job, bool) {
	j := &m.jobs
	if at := slices.IndexFunc(j.list, func(x Job) bool { return x.ID == j.chosen }); at >= 0 {
		return j.list[at], true
	}
	return Job{}, false
}

// actJobs does what a key of the pane means.
func (m *Model) actJobs(a keys.Action) (cmd tea.Cmd, heard bool) {
	j, port := &m.jobs, m.opt.Jobs
	job, _ := m.chosenJob()
	id := job.ID
	switch a {
	case keys.LineUp, keys.LineDown, keys.PageUp, keys.PageDown, keys.HalfUp, keys.HalfDown, keys.Top, keys.Bottom:
		return m.moveJobs(a), true
	case keys.JobLog:
		j.pane.Log = !j.pane.Log
		j.pane.Scroll.Bottom()
	case keys.JobStop:
		return m.stopJob(job), true
	case keys.JobResume:
		j.armed = ""
		return m.doJobs("resume "+id, func(ctx context.Context) (string, error) { return id + " goes on where it was", port.Resume(ctx, id) }, nil), true
	case keys.JobRemove:
		return m.doJobs("remove "+id, func(ctx context.Context) (string, error) {
			return m.keys.Text(id + " is removed, its results stay; {job-undo} brings it back"), port.Remove(ctx, id)
		}, func(m *Model) { m.jobs.removed = append(m.jobs.removed, id) }), true
	case keys.JobUndo:
		last := j.removed[len(j.removed)-1]
		return m.doJobs("bring back "+last, func(ctx context.Context) (string, error) { return last + " is back", port.Restore(ctx, last) }, func(m *Model) {
			m.jobs.removed = slices.DeleteFunc(m.jobs.removed, func(s string) bool { return s == last })
			m.jobs.chosen = last
		}), true
	case keys.JobClose:
		if j.pane.Log {
			j.pane.Log = false
			j.pane.Scroll.Bottom()
		} else {
			m.closeJobs()
		}
	default:
		return nil, false
	}
	return nil, true
}

// stopJob stops a job. To end it at once takes another press, after it was said what that costs.
func (m *Model) stopJob(job Job) tea.Cmd {
	j, port, id := &m.jobs, m.opt.Jobs, job.ID
	// Short: all of it must stand in a row of 80 cells.
	again := m.keys.Text("{job-stop} again ends it at once and loses what is unsaved")
	switch {
	case j.armed == id:
		j.armed = ""
		m.say("ending " + id + m.theme.Glyphs.Ellipsis)
		return m.doJobs("end "+id, func(ctx context.Context) (string, error) { return id + " was ended at once", port.Abort(ctx, id) }, nil)
	case job.Stopping:
		j.armed = id
		m.warn(id + " is ending; " + again)
		return nil
	}
	j.armed = id
	return m.doJobs("stop "+id, func(ctx context.Context) (string, error) {
		return id + " saves and ends; " + again, port.Stop(ctx, id)
	}, nil)
}

// doJobs carries something out, says what came of it, and looks again.
func (m *Model) doJobs(what string, do func(context.Context) (say string, err error), after func(*Model)) tea.Cmd {
	ctx, n := m.ctx, m.news
	return func() tea.Msg {
		say, err := do(ctx)
		n.postThen(func(m *Model) tea.Cmd {
			if err != nil {
				m.jobs.armed = ""
				m.warn("could not " + what + ": " + oneLine(text.Head(err.Error(), 2000)))
				return m.lookJobs()
			}
			m.say(say)
			if after != nil {
				after(m)
			}
			return m.lookJobs()
		})
		return nil
	}
}

// moveJobs moves the cursor, or the log where it has the page.
func (m *Model) moveJobs(a keys.Action) tea.Cmd {
	j := &m.jobs
	if j.pane.Log {
		moveScroll(&j.pane.Scroll, a)
		return nil
	}
	by := map[keys.Action]int{keys.LineUp: -1, keys.LineDown: 1, keys.HalfUp: -5, keys.HalfDown: 5, keys.PageUp: -10, keys.PageDown: 10, keys.Top: -len(j.list), keys.Bottom: len(j.list)}[a]
	if !m.chooseJob(min(max(j.pane.Cursor+by, 0), len(j.list)-1)) {
		return nil
	}
	return m.lookJobs()
}

func (m *Model) jobsState() keys.JobsState {
	j := &m.jobs
	x, ok := m.chosenJob()
	return keys.JobsState{
		Can: m.opt.Jobs != nil, Open: j.open, Log: j.pane.Log, Chosen: ok, Running: x.Running, Stopping: x.Stopping, Resumable: x.Resumable, Removed: len(j.removed) > 0,
	}
}
