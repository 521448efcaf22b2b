package app

import (
	"context"
	"time"
)

// Jobs is what the screen knows of long runs that outlive it. It may be asked about one from several goroutines. Every error is
// a sentence for people.
type Jobs interface {
	// List returns all jobs, the newest first. What could not be read is the error, beside the others.
	List(ctx context.Context) ([]Job, error)
	// Stop lets a job finish its unit, save and end; Abort ends it at once.
	Stop(ctx context.Context, id string) error
	Abort(ctx context.Context, id string) error
	// Resume goes on with a job that ended before its end.
	Resume(ctx context.Context, id string) error
	// Remove puts a job that is over away, and Restore brings it back. Results are never touched.
	Remove(ctx context.Context, id string) error
	Restore(ctx context.Context, id string) error
	// Tail returns what a job printed from a byte on, at most so many bytes, and the byte after it. from < 0 = the end.
	Tail(ctx context.Context, id string, from int64, most int) (printed string, next int64, err error)
}

// Job is one long run and how it stands.
type Job struct {
	ID, Kind, Name string
	State          string // in a word: queued, running, suspended, stopping, stopped, done, failed, crashed, unknown
	Cause          string // why it ended so
	Running        bool   // it has not ended
	Stopping       bool   // and was asked to
	Fault          bool   // it failed or crashed
	Resumable      bool
	Done, Total    int64   // of its units; Total 0 = not known
	Unit           string  // "" = it has not told how far it is
	Note           string  // what it says beside that
	Rate           float64 // units a second, 0 = not known
	Left           float64 // seconds to the end, 0 = not known
	Created, Ended time.Time
	Facts          []JobFact // its command, its folders
}

// JobFact is a name and what it is.
type JobFact struct{ Name, Value string }
