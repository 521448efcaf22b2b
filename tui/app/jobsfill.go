package app

import (
	"fmt"
	"slices"
	"strings"

	"s1/tui/pane/jobs"
	"s1/tui/text"
	"s1/tui/theme"
)

// unitCells bounds what a job calls its unit.
const unitCells = 12

// striped says whether a line tells of the jobs: while one runs, or has ended and nobody has seen it.
func (m *Model) striped() bool {
	j := &m.jobs
	return !j.open && (len(j.fresh) > 0 || slices.ContainsFunc(j.list, func(x Job) bool { return x.Running }))
}

// stripFirst tells which job the line is about: the newest that runs, else one that went wrong, else one that ended.
func (m *Model) stripFirst() func(Job) bool {
	j := &m.jobs
	for _, is := range []func(Job) bool{
		func(x Job) bool { return x.Running },
		func(x Job) bool { return j.fresh[x.ID] && x.Fault },
		func(x Job) bool { return j.fresh[x.ID] },
	} {
		if slices.ContainsFunc(j.list, is) {
			return is
		}
	}
	return func(Job) bool { return false }
}

// fillStrip gives the line its job, and how many others there are.
func (m *Model) fillStrip() {
	j, s := &m.jobs, &m.jobsStrip
	*s = jobs.Strip{Theme: m.theme, Key: m.keys.Text("{jobs}")}
	at := slices.IndexFunc(j.list, m.stripFirst())
	if at < 0 {
		return
	}
	s.Job = m.shownJob(j.list[at])
	wrong, others := map[string]int{}, map[string]int{}
	faults := 0
	for i, x := range j.list {
		switch {
		case i == at || !x.Running && !j.fresh[x.ID]:
		case x.Fault:
			wrong[x.State]++
			faults++
		default:
			others[x.State]++
		}
	}
	switch s.Wrong = "+" + counted(wrong); len(wrong) {
	case 0:
		s.Wrong = ""
	case 1:
	default:
		s.Wrong = fmt.Sprintf("+%d failed", faults) // in one short word: it has room on every screen
	}
	if len(others) > 0 {
		s.Others = "+" + counted(others)
	}
}

// held is the state of what the system holds until it is told to go on.
const held = "suspended"

// jobStates are the words for how a job stands, in the order in which they are counted up.
var jobStates = []string{"running", held, "queued", "stopping", "failed", "crashed", "unknown", "stopped", "done"}

// counted puts counts into words: "1 running, 2 failed".
func counted(states map[string]int) string {
	var words []string
	for _, w := range jobStates {
		if n := states[w]; n > 0 {
			words = append(words, fmt.Sprintf("%d %s", n, w))
		}
	}
	return strings.Join(words, ", ")
}

// fillJobs gives the pane what it shows.
func (m *Model) fillJobs() {
	j, p := &m.jobs, &m.jobs.pane
	p.Jobs, p.Facts, p.Bad, p.LogBad = p.Jobs[:0], p.Facts[:0], j.bad, j.printed.bad
	p.Empty = "looking for jobs" + m.theme.Glyphs.Ellipsis
	if j.looked {
		p.Empty = m.keys.Text("no jobs: {training} launches a training, and --detach makes a job of s1 train, s1 curate, s1 sweep and s1 paper")
	}
	states := map[string]int{}
	for _, x := range j.list {
		states[x.State]++
		p.Jobs = append(p.Jobs, m.shownJob(x))
	}
	p.Counts = counted(states)
	x, ok := m.chosenJob()
	if !ok {
		return
	}
	for _, f := range x.Facts {
		p.Facts = append(p.Facts, jobs.Fact(f))
	}
	p.Doc, p.LogEmpty = j.printed.doc, "it has printed nothing"
	if p.Doc != nil && j.printed.next < 0 {
		p.LogEmpty = "reading the log" + m.theme.Glyphs.Ellipsis
	}
}

// shownJob is a job as its pane shows it, its speed in the time that it was given in before.
func (m *Model) shownJob(x Job) jobs.Job {
	if m.jobs.rated == nil {
		m.jobs.rated = map[string]int{}
	}
	at, ok := m.jobs.rated[x.ID]
	if !ok {
		at = -1
	}
	out := paneJob(x, m.theme, &at)
	if out.Rate != "" {
		m.jobs.rated[x.ID] = at
	}
	return out
}

// paneJob puts a job into words; at is the time in which its speed was given before.
func paneJob(x Job, t *theme.Theme, at *int) jobs.Job {
	out := jobs.Job{
		ID: x.ID, Kind: x.Kind, Name: x.Name, State: x.State, Running: x.Running, Fault: x.Fault, Note: x.Note, Cause: x.Cause, Share: -1,
		When: x.Created.Local().Format("2006-01-02 15:04"),
	}
	unit := text.Short(x.Unit, unitCells, t)
	if unit != "" {
		out.Progress = fmt.Sprintf("%s %d", unit, x.Done)
	}
	if x.Total > 0 && unit != "" {
		total := fmt.Sprint(x.Total) // the number that grows has the room it will need, so that nothing jumps
		out.Progress = fmt.Sprintf("%s %*d of %s", unit, len(total), x.Done, total)
		out.Share = float64(x.Done) / float64(x.Total)
	}
	if x.Running && x.State != held { // what stands still has no speed and no end in sight
		out.Left, out.Rate = trainLeft(x.Left), jobRate(x.Rate, unit, at)
		if x.Left <= 0 {
			out.Left = ""
		}
	}
	return out
}

// rateTimes are the times in which a speed is given.
var rateTimes = []struct {
	word    string
	seconds float64
}{{"s", 1}, {"min", 60}, {"h", 3600}}

// jobRate puts a speed into words, in the time in which more than one unit is done. It stays with the time that it was given in
// before, by at, as long as that is not far off: figures that waver about 1 are not to change their unit while one looks on.
func jobRate(rate float64, unit string, at *int) string {
	if !(rate > 0 && rate < 1e12) || unit == "" {
		return ""
	}
	value := func() float64 { return rate * rateTimes[*at].seconds }
	if *at < 0 || *at >= len(rateTimes) || value() < .2 || value() >= 300 && *at > 0 {
		for *at = 0; *at < len(rateTimes)-1 && value() < 1; {
			*at++
		}
	}
	switch v := value(); {
	case v >= 10:
		return fmt.Sprintf("%.0f %s/%s", v, unit, rateTimes[*at].word)
	case v >= .1:
		return fmt.Sprintf("%.1f %s/%s", v, unit, rateTimes[*at].word)
	}
	return ""
}
