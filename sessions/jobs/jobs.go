// Package jobs keeps long runs that outlive the terminal they were started from: a folder each, which says what was started,
// how far it is, and how it ended.
//
// It knows folders, processes and signals. It does not know what a training or a sweep is: a job tells of itself through Writer,
// and where its own measurements lie (metrics.jsonl, items.jsonl) is only pointed at.
//
//	Store.Start -> ID/spec.json, log -> Runner.Start (own session, stdin null) -> ID/process.json
//	the job     -> jobs.Inside -> ID/state.json (replaced), ID/events.jsonl (appended), ID/DONE last
//	Job.Stop    -> ID/stop, then the Runner's signal
//
// Every file has one writer at a time: the starter until the process runs, then the process; ID/stop is of who stops it. A
// process that is gone without DONE has crashed.
package jobs

import "time"

// Kinds of jobs.
const (
	Train  = "train"
	Curate = "curate"
	Sweep  = "sweep"
	Paper  = "paper"
)

// The states of a job. Suspended, Stopping and Crashed are never written: they follow from a process that the system holds,
// from ID/stop and from a process that is gone.
const (
	Queued    = "queued"
	Running   = "running"
	Suspended = "suspended" // by SIGTSTP or SIGSTOP; SIGCONT lets it go on
	Stopping  = "stopping"
	Stopped   = "stopped" // on request, saved, resumable
	Done      = "done"
	Failed    = "failed"
	Crashed   = "crashed"
)

// The files of a job's folder.
const (
	specFile    = "spec.json"
	stateFile   = "state.json"
	eventsFile  = "events.jsonl"
	processFile = "process.json"
	stopFile    = "stop"
	doneFile    = "DONE"
	logFile     = "log"
)

// Variable is the name of the environment variable with which a job is given its folder.
const Variable = "S1_JOB"

// Limits of what is read: the files may be anybody's.
const (
	maxFile     = 1 << 20
	maxEvents   = 4 << 20 // bytes of events read at once
	keepBinned  = 30 * 24 * time.Hour
	graceAbort  = 3 * time.Second  // after which a job that does not abort is killed
	startWithin = 10 * time.Second // from the word that a job will be started until its process is known
	saveEvery   = 500 * time.Millisecond
)

// Spec is what a job is: enough to start it again.
type Spec struct {
	ID      string    `json:"id"`
	Kind    string    `json:"kind"`
	Name    string    `json:"name"`
	Argv    []string  `json:"argv"`   // exact; the program first
	Resume  []string  `json:"resume"` // what goes on from where it was
	Dir     string    `json:"dir"`    // working directory
	Env     []string  `json:"env"`    // names only: values may be secrets
	Out     string    `json:"out"`    // where its results go; "" = nowhere in particular
	Created time.Time `json:"created"`
	Runner  string    `json:"runner"` // "" = local
}

// Progress is how far a job is.
type Progress struct {
	Done  int64   `json:"done"`
	Total int64   `json:"total"` // 0 = not known
	Unit  string  `json:"unit"`
	Note  string  `json:"note,omitempty"`
	Left  float64 `json:"left,omitempty"` // seconds, 0 = not known
}

// State is how a job stands.
type State struct {
	State    string    `json:"state"`
	Exit     *int      `json:"exit,omitempty"`
	Cause    string    `json:"cause,omitempty"`
	Progress Progress  `json:"progress"`
	Started  time.Time `json:"started,omitzero"`
	Updated  time.Time `json:"updated,omitzero"`
	Ended    time.Time `json:"ended,omitzero"`
	Results  string    `json:"results,omitempty"` // the file of the job's own measurements
}

// Over says whether nothing of the job runs any more.
func (s State) Over() bool {
	return s.State == Stopped || s.State == Done || s.State == Failed || s.State == Crashed
}

// Resumable says whether Resume goes on with it.
func (s State) Resumable() bool {
	return s.State == Stopped || s.State == Failed || s.State == Crashed || s.State == Suspended
}

// Event is something that happened to a job.
type Event struct {
	At   time.Time `json:"at"`
	What string    `json:"what"`
	Text string    `json:"text,omitempty"`
}
