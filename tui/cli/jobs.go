package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"s1/sessions/jobs"
	"s1/train/launch"
)

// attachEvery is the delay between two looks at a job that is followed.
const attachEvery = 200 * time.Millisecond

func (a *app) jobsCommand() *cobra.Command {
	cmd := group("jobs", "What runs without a terminal: trainings, curations, sweeps")
	on := func(use, short string, f func(ctx context.Context, j *jobs.Job) error) *cobra.Command {
		return &cobra.Command{
			Use: use, Short: short, Args: cobra.ExactArgs(1), ValidArgsFunction: completeJobs,
			RunE: func(cmd *cobra.Command, args []string) error {
				j, err := findJob(jobs.Open(jobsDir(), nil), args[0])
				if err != nil {
					return err
				}
				return f(cmd.Context(), j)
			},
		}
	}
	cmd.AddCommand(
		&cobra.Command{
			Use: "list", Short: "One line a job, the newest first", Args: cobra.NoArgs,
			RunE: func(cmd *cobra.Command, _ []string) error { return a.listJobs(cmd.Context()) },
		},
		on("show ID", "What a job is, how it stands, and where its files are", a.showJob),
		on("stop ID", "Let a job finish its unit, save and end; a second stop ends it at once", a.stopJob),
		on("attach ID", "Follow a job; Ctrl-C leaves it alone", a.attachJob),
		on("resume ID", "Go on with a job that is suspended, or was stopped, failed or crashed", func(ctx context.Context, j *jobs.Job) error {
			if err := j.Resume(ctx); err != nil {
				return err
			}
			a.say("%s goes on; s1 jobs attach %s follows it", j.ID, j.ID)
			return nil
		}),
		on("rm ID", "Remove a job that is over; its results stay where they are, and s1 jobs restore brings it back", func(ctx context.Context, j *jobs.Job) error {
			if err := j.Remove(ctx); err != nil {
				return err
			}
			a.say("%s is removed; s1 jobs restore %s brings it back for 30 days", j.ID, j.ID)
			return nil
		}),
		&cobra.Command{
			Use: "restore ID", Short: "Bring a removed job back", Args: cobra.ExactArgs(1),
			RunE: func(_ *cobra.Command, args []string) error { return jobs.Open(jobsDir(), nil).Restore(args[0]) },
		},
	)
	return cmd
}

// findJob finds a job by its id, or by its name where no other one has it.
func findJob(s *jobs.Store, word string) (*jobs.Job, error) {
	j, err := s.Get(word)
	if !errors.Is(err, jobs.ErrNone) {
		return j, err
	}
	list, bad := s.List()
	var ids []string
	for _, x := range list {
		if x.Name == word {
			j, ids = x, append(ids, x.ID)
		}
	}
	switch {
	case len(ids) == 1:
		return j, nil
	case len(ids) > 1:
		return nil, usagef("%d jobs are called %.40q: %s", len(ids), word, strings.Join(ids, ", "))
	}
	return nil, errors.Join(fmt.Errorf("no job %.40q; s1 jobs list shows them", word), bad)
}

func completeJobs(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	list, _ := jobs.Open(jobsDir(), nil).List() // what cannot be read completes nothing
	var ids []string
	for _, j := range list {
		ids = append(ids, j.ID+"\t"+j.Name)
	}
	return ids, cobra.ShellCompDirectiveNoFileComp
}

// jobLine is a job as JSON.
type jobLine struct {
	jobs.Spec
	State  jobs.State `json:"status"`
	Folder string     `json:"folder"`
	Log    string     `json:"log"`
}

func (a *app) listJobs(ctx context.Context) error {
	list, bad := jobs.Open(jobsDir(), nil).List()
	if len(list) == 0 && bad == nil && !a.json {
		a.say("no jobs; --detach makes one of s1 train, s1 curate, s1 sweep and s1 paper")
	}
	for _, j := range list {
		s, err := j.State(ctx)
		bad = errors.Join(bad, err)
		if a.json {
			err = a.printJSON(jobLine{j.Spec, s, j.Folder(), j.Log()})
		} else {
			_, err = fmt.Fprintf(a.out, "%-12s %-9s %-28s %s  %s\n", safeLine(j.ID, 12), s.State, progressWords(s), j.Created.Local().Format("2006-01-02 15:04"), safeLine(j.Name, 40))
		}
		if err != nil {
			return err
		}
	}
	return bad
}

// progressWords is how far a job is.
func progressWords(s jobs.State) string {
	p := s.Progress
	if p.Unit == "" {
		return ""
	}
	line := fmt.Sprintf("%s %d", safeLine(p.Unit, 12), p.Done)
	if p.Total > 0 {
		line += fmt.Sprintf(" of %d", p.Total)
	}
	if p.Left > 0 && !s.Over() && s.State != jobs.Suspended { // it stands still: there is no end in sight
		line += ", " + time.Duration(p.Left*float64(time.Second)).Round(time.Second).String() + " left"
	}
	return line
}

func (a *app) showJob(ctx context.Context, j *jobs.Job) error {
	s, err := j.State(ctx)
	if err != nil {
		return err
	}
	if a.json {
		return a.printJSON(jobLine{j.Spec, s, j.Folder(), j.Log()})
	}
	var b strings.Builder
	line := func(name, value string) {
		if value != "" {
			fmt.Fprintf(&b, "%-10s %s\n", name, safeLine(value, 2000))
		}
	}
	line("job", j.ID+", "+j.Name)
	line("state", s.State)
	line("because", s.Cause)
	line("progress", strings.TrimSpace(progressWords(s)+"  "+s.Progress.Note))
	if s.State == jobs.Suspended || s.Resumable() && len(j.Spec.Resume) > 0 {
		line("go on", "s1 jobs resume "+j.ID)
	}
	line("command", launch.Quote(j.Argv))
	line("in", j.Dir)
	line("results", s.Results)
	line("folder", j.Folder())
	events, _, err := j.Events(0)
	if err != nil {
		return err
	}
	for _, e := range events {
		line(e.At.Local().Format("15:04:05"), strings.TrimSpace(e.What+"  "+e.Text))
	}
	_, err = fmt.Fprint(a.out, b.String())
	return err
}

func (a *app) stopJob(ctx context.Context, j *jobs.Job) error {
	s, err := j.State(ctx)
	if err != nil {
		return err
	}
	if s.State == jobs.Stopping {
		if err := j.Abort(ctx); err != nil {
			return err
		}
		a.say("%s was ended at once; s1 jobs resume %s goes on from its last save", j.ID, j.ID)
		return nil
	}
	if err := j.Stop(ctx); err != nil {
		return err
	}
	a.say("%s finishes its unit, saves and ends; stop it again to end it at once", j.ID)
	return nil
}

// attachJob shows what a job prints until it is over. An interrupt ends the watching and not the job.
func (a *app) attachJob(ctx context.Context, j *jobs.Job) error {
	ctx, cancel := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer cancel()
	const most = 64 << 10
	from := int64(-1)
	tick := time.NewTicker(attachEvery)
	defer tick.Stop()
	for {
		s, err := j.State(ctx) // before the log is read: what it says last is then in it
		if err != nil && ctx.Err() == nil {
			return err
		}
		for {
			printed, next, err := j.Printed(from, most)
			if err != nil {
				return err
			}
			from = next
			if _, err := fmt.Fprint(a.out, safeText(string(printed))); err != nil {
				return err
			}
			if len(printed) < most {
				break
			}
		}
		if s.Over() {
			a.say("%s is %s%s", j.ID, s.State, because(safeText(s.Cause)))
			if s.State == jobs.Failed || s.State == jobs.Crashed {
				a.say("s1 jobs resume %s goes on where it was", j.ID)
				return errors.New(j.ID + " did not come to its end")
			}
			return nil
		}
		select {
		case <-ctx.Done():
			a.say("%s goes on; s1 jobs stop %s stops and saves it", j.ID, j.ID)
			return nil
		case <-tick.C:
		}
	}
}
