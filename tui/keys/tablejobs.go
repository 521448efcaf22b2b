package keys

const groupJobs = "In the jobs"

// What the keys of the jobs do.
const (
	ShowJobs  Action = "jobs"
	JobLog    Action = "job-log"
	JobStop   Action = "job-stop"
	JobResume Action = "job-resume"
	JobRemove Action = "job-remove"
	JobUndo   Action = "job-undo"
	JobClose  Action = "job-close"
)

// JobsState is what the table must know of the pane of jobs.
type JobsState struct {
	Can       bool // there are jobs in this screen
	Open      bool
	Log       bool // a log has the page
	Chosen    bool // there is a job under the cursor
	Running   bool // and it has not ended
	Stopping  bool // it was asked to
	Resumable bool
	Removed   bool // one was removed and can come back
}

func needJobsPane(s State) string {
	if !s.Jobs.Open {
		return "that acts among the jobs: {jobs} goes there"
	}
	return ""
}

func needJob(s State) string {
	if why := needJobsPane(s); why != "" {
		return why
	}
	if !s.Jobs.Chosen {
		return "there is no job here"
	}
	return ""
}

func jobRows() []Binding {
	return []Binding{
		{ShowJobs, []string{"ctrl+o"}, "jobs", "The jobs: trainings, curations and sweeps that outlive this screen", groupApp, Anywhere &^ Jobs, func(s State) string {
			if !s.Jobs.Can {
				return "there are no jobs in this screen"
			}
			return ""
		}},
		{JobLog, []string{"enter"}, "log", "What the job prints, on the whole page; again: back to the list", groupJobs, Jobs, needJob},
		{JobStop, []string{"s"}, "stop", "Let the job finish its unit, save and end; pressed again, end it at once", groupJobs, Jobs, func(s State) string {
			if why := needJob(s); why != "" {
				return why
			}
			if !s.Jobs.Running {
				return "this job has ended"
			}
			return ""
		}},
		{JobResume, []string{"r"}, "resume", "Go on with a job that is suspended, or was stopped, failed or crashed", groupJobs, Jobs, func(s State) string {
			if why := needJob(s); why != "" {
				return why
			}
			if s.Jobs.Running && !s.Jobs.Resumable { // resumable too: it is suspended
				return "this job runs"
			}
			if !s.Jobs.Resumable {
				return "there is nothing to go on with: this job is done, or its kind begins again"
			}
			return ""
		}},
		{JobRemove, []string{"D"}, "remove", "Remove the job, not its results; {job-undo} brings it back", groupJobs, Jobs, func(s State) string {
			if why := needJob(s); why != "" {
				return why
			}
			if s.Jobs.Running {
				return "this job runs: {job-stop} stops it first"
			}
			return ""
		}},
		{JobUndo, []string{"U"}, "undo", "Bring back the job that was removed last", groupJobs, Jobs, func(s State) string {
			if why := needJobsPane(s); why != "" {
				return why
			}
			if !s.Jobs.Removed {
				return "nothing was removed"
			}
			return ""
		}},
		{JobClose, []string{"esc", "ctrl+o"}, "close", "From the log to the list, from the list to the thought; what runs goes on", groupJobs, Jobs, needJobsPane},
	}
}

// jobsLine is the bottom line of the pane.
func jobsLine(s JobsState) []Action {
	if s.Log {
		return []Action{JobLog, JobStop, PageUp, Bottom, JobClose, Help}
	}
	return []Action{JobLog, JobStop, JobResume, JobRemove, JobUndo, JobClose, Help}
}
