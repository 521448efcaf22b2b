package launch

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"unicode"

	"s1/engine/whole"
)

// Queue is a run in SLURM's queue. Its number is kept in the run's folder, so that any process may watch and end it.
type Queue struct {
	Plan *Plan

	mu  sync.Mutex
	job string
}

// queued is launch/slurm.json.
type queued struct {
	Job string `json:"job"`
}

// Start implements Runner: it submits the job.
func (q *Queue) Start(ctx context.Context) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	said, err := command(ctx, q.Plan.Argv[0], q.Plan.Argv[1:]...)
	if err != nil {
		return fmt.Errorf("submit %s: %w", q.Plan.at(batchFile), err)
	}
	job, _, _ := strings.Cut(said, ";") // "17;cluster"
	if !isNumber(job) {
		return fmt.Errorf("submit %s: sbatch said %.80q, want the job's number", q.Plan.at(batchFile), said)
	}
	q.job = job
	return whole.Write(q.Plan.at(jobFile), filesMode, func(w io.Writer) error { return json.NewEncoder(w).Encode(queued{job}) })
}

func isNumber(s string) bool {
	return s != "" && len(s) < 20 && strings.IndexFunc(s, func(r rune) bool { return !unicode.IsDigit(r) || r > '9' }) < 0
}

// Job is the number of the job in the queue.
func (q *Queue) Job() (string, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.job != "" {
		return q.job, nil
	}
	var kept queued
	if err := readJSON(q.Plan.at(jobFile), &kept); err != nil {
		return "", fmt.Errorf("the job's number: %w", err)
	}
	if !isNumber(kept.Job) {
		return "", fmt.Errorf("the job's number in %s is %.40q", q.Plan.at(jobFile), kept.Job)
	}
	q.job = kept.Job
	return q.job, nil
}

// Alive implements Runner.
func (q *Queue) Alive(ctx context.Context) (Status, error) {
	job, err := q.Job()
	if err != nil {
		return Status{}, err
	}
	said, err := command(ctx, "squeue", "--noheader", "--states=all", "--jobs="+job, "--format=%T|%r|%N")
	if err != nil && !strings.Contains(err.Error(), "Invalid job id") { // forgotten after a while, or never known
		return Status{}, fmt.Errorf("ask for job %s: %w", job, err)
	}
	state, rest, _ := strings.Cut(lastLine(said), "|")
	why, node, _ := strings.Cut(rest, "|")
	if state == "" {
		state = accounted(ctx, job)
	}
	s := q.status(state, why)
	s.Job, s.Node = job, node
	return s, nil
}

// accounted asks the accounting, where the cluster keeps one, for the state of a job that the queue has forgotten.
func accounted(ctx context.Context, job string) string {
	said, err := command(ctx, "sacct", "--noheader", "--allocations", "--parsable2", "--jobs="+job, "--format=State")
	if err != nil {
		return "" // none is kept
	}
	word, _, _ := strings.Cut(lastLine(said), " ") // "CANCELLED by 1000"
	return word
}

// status maps a state of SLURM's to ours. "" is a job that nobody knows any more: what it left in its folder decides.
func (q *Queue) status(state, why string) Status {
	if why == "None" {
		why = ""
	}
	switch state {
	case "PENDING", "CONFIGURING", "REQUEUED", "REQUEUE_FED", "REQUEUE_HOLD", "RESV_DEL_HOLD", "SPECIAL_EXIT":
		return Status{State: Queued, Reason: why}
	case "RUNNING", "COMPLETING", "SIGNALING", "STAGE_OUT", "RESIZING":
		return Status{State: Running}
	case "SUSPENDED", "STOPPED":
		return Status{State: Running, Reason: "suspended by the cluster"}
	case "COMPLETED":
		return q.Plan.ended()
	case "CANCELLED":
		if asked, err := os.ReadFile(q.Plan.at(stopFile)); err == nil && string(asked) == "user\n" && !q.began() {
			return Status{State: Stopped, Reason: "taken out of the queue before it began"}
		}
		return Status{State: Failed, Reason: "cancelled"}
	case "":
		if _, err := os.Stat(q.Plan.at(endFile)); err == nil {
			return q.Plan.ended()
		}
		return Status{State: Failed, Reason: "the queue has forgotten it, and it left no word of its end; see " + q.Plan.Log()}
	}
	words := map[string]string{
		"TIMEOUT": "its time was over before it had saved: give launch.slurm.time more, or save_before", "OUT_OF_MEMORY": "it took more memory than it was given: launch.slurm.memory",
		"NODE_FAIL": "its machine failed", "PREEMPTED": "another job took its place", "DEADLINE": "its deadline passed", "BOOT_FAIL": "its machine did not start",
	}
	if w := words[state]; w != "" {
		return Status{State: Failed, Reason: w}
	}
	return Status{State: Failed, Reason: reason(q.Plan.Log(), 0, errors.New(strings.ToLower(state)))}
}

func (q *Queue) began() bool {
	_, err := os.Stat(q.Plan.at(beginFile))
	return err == nil
}

// Stop implements Runner: a job that waits is taken out of the queue, one that runs saves first.
func (q *Queue) Stop(ctx context.Context) error {
	s, err := q.Alive(ctx)
	if err != nil || s.Over() {
		return err
	}
	if err := q.Plan.stop("user"); err != nil {
		return err
	}
	if s.State == Queued {
		return q.cancel(ctx)
	}
	return q.cancel(ctx, "--signal=USR1", "--batch")
}

// Requeue lets a running job save, and queue again: its place goes to others, and it goes on when its turn comes.
func (q *Queue) Requeue(ctx context.Context) error {
	s, err := q.Alive(ctx)
	switch {
	case err != nil:
		return err
	case s.State == Queued:
		return fmt.Errorf("job %s waits in the queue already%s", s.Job, because(s.Reason))
	case s.Over():
		return fmt.Errorf("job %s has left the queue (%s): resume it, which submits it again", s.Job, s.State)
	}
	if script, err := tail(q.Plan.at(batchFile), 0); err == nil && strings.Contains(script, "\n#SBATCH --no-requeue\n") {
		return fmt.Errorf("job %s was submitted with launch.slurm.requeue = false: it would save and end; stop it, and resume it when it is wanted", s.Job)
	}
	if err := q.Plan.stop("slurm"); err != nil {
		return err
	}
	return q.cancel(ctx, "--signal=USR1", "--batch")
}

func because(reason string) string {
	if reason == "" {
		return ""
	}
	return " (" + reason + ")"
}

// Abort implements Runner.
func (q *Queue) Abort(ctx context.Context) error { return q.cancel(ctx) }

func (q *Queue) cancel(ctx context.Context, options ...string) error {
	job, err := q.Job()
	if err != nil {
		return err
	}
	if _, err := command(ctx, "scancel", append(options, job)...); err != nil {
		return fmt.Errorf("stop job %s: %w", job, err)
	}
	return nil
}
