// Package launch brings a recipe to where it runs: this program on this machine, TRL on the processes of one machine or many,
// or a SLURM queue around one of the two.
//
// It knows command lines, the versions of other people's packages, processes and queues. It knows neither gradients nor screens;
// what a row is stands in train/dataset, and what a step measures in train/metrics.
//
//	recipe -> Check (what is missing, in words) -> Plan (files and the exact command) -> Write -> Start -> Alive ... Stop | Abort
//	   run folder: launch/ (plan, rows, script, log, stop, end.json), metrics.jsonl, checkpoints/ or trl/, model/
package launch

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"s1/engine/whole"
	"s1/train/estimate"
)

// Lack is one thing without which a launch cannot succeed, and what to do about it. Each is a sentence.
type Lack struct {
	What string `json:"what"`
	Do   string `json:"do,omitempty"`
}

// LackError refuses a launch.
type LackError []Lack

func (e LackError) Error() string {
	var parts []string
	for _, l := range e {
		s := l.What
		if l.Do != "" {
			s += "; " + l.Do
		}
		parts = append(parts, s)
	}
	return strings.Join(parts, "\n")
}

// Launcher turns a recipe into something that runs.
type Launcher interface {
	// Check says what is missing before anything is written or started; nothing is missing when it is empty.
	Check(ctx context.Context) ([]Lack, error)
	// Outline is the plan without its files: the command and the notes. It reads no data, and refuses what Check misses.
	Outline(ctx context.Context) (*Plan, error)
	// Room is what a process of it takes, against what is free.
	Room(ctx context.Context) (Room, error)
	// Plan says what would be written and started. It changes nothing. What the run would refuse at its start is refused here.
	Plan(ctx context.Context) (*Plan, error)
	// Runner runs a plan that has been written.
	Runner(p *Plan) Runner
}

// Runner is a run that can be started, watched and ended. Alive may be asked at any time, also by another process than the one
// that started a queued run.
type Runner interface {
	Start(ctx context.Context) error
	Alive(ctx context.Context) (Status, error)
	Stop(ctx context.Context) error  // after the step at hand, saved
	Abort(ctx context.Context) error // at once
}

// The states of a run.
const (
	Queued  = "queued"
	Running = "running"
	Stopped = "stopped" // before its end, saved, resumable
	Done    = "done"
	Failed  = "failed"
)

// Status is how a run stands.
type Status struct {
	State  string `json:"state"`
	Reason string `json:"reason,omitempty"` // why it waits, or why it failed
	Job    string `json:"job,omitempty"`    // of a queue: its number
	Node   string `json:"node,omitempty"`   // where it runs
}

// Over says whether the run has ended, one way or another.
func (s Status) Over() bool { return s.State == Stopped || s.State == Done || s.State == Failed }

// File is a file of a plan, relative to the run's folder.
type File struct {
	Name  string
	Text  string                // of a small one
	Write func(io.Writer) error // of a large one; Text then says what it will hold
}

// Plan is a launch that has not happened.
type Plan struct {
	Backend string
	Dir     string   // the run's folder, absolute
	Env     []string // beside the environment there is
	Argv    []string
	Others  [][]string // what is to be started by hand on the other machines
	Inside  []string   // of a queue: what the job runs on each of its machines
	Files   []File
	Notes   []string // what this backend does not do of the recipe, and what else a person should know
	Threads int
	Need    estimate.Estimate // memory of one process

	before []func(context.Context) error // what is written besides: a base model
}

// The folder of a launch, inside the run's, and its files.
const (
	Folder    = "launch"
	planFile  = "launch/plan.json"
	rowsFile  = "launch/rows.jsonl"
	heldFile  = "launch/held-out.jsonl"
	logFile   = "launch/log.txt"
	stopFile  = "launch/stop"
	saveFile  = "launch/save"
	beginFile = "launch/begin.json"
	endFile   = "launch/end.json"
)

// Log is where the run's own output goes.
func (p *Plan) Log() string { return p.at(logFile) }

func (p *Plan) at(name string) string { return filepath.Join(p.Dir, filepath.FromSlash(name)) }

// Command is the command as a shell takes it.
func (p *Plan) Command() string {
	words := append([]string{}, p.Env...)
	return Quote(append(words, p.Argv...))
}

// Write puts the plan's files in place. What an earlier launch left of stop and end goes: they would speak of this one.
func (p *Plan) Write(ctx context.Context) error {
	if err := os.MkdirAll(p.at(Folder), 0o755); err != nil {
		return fmt.Errorf("make the folder of the launch: %w", err)
	}
	for _, name := range []string{stopFile, saveFile, endFile, beginFile} {
		if err := os.Remove(p.at(name)); err != nil && !errors.Is(err, os.ErrNotExist) {
			return fmt.Errorf("remove what an earlier launch left: %w", err)
		}
	}
	for _, f := range p.before {
		if err := f(ctx); err != nil {
			return err
		}
	}
	for _, f := range p.Files {
		if err := ctx.Err(); err != nil {
			return err
		}
		write := f.Write
		if write == nil {
			write = func(w io.Writer) error { _, err := io.WriteString(w, f.Text); return err }
		}
		if err := whole.Write(p.at(f.Name), filesMode, write); err != nil {
			return fmt.Errorf("write %s: %w", p.at(f.Name), err)
		}
	}
	return nil
}

// filesMode lets other machines' users read what is written.
const filesMode = 0o644

// plain is what a shell needs no quotes for.
const plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./:=,+@%"

// Quote joins words so that a shell parts them again.
func Quote(words []string) string {
	var b strings.Builder
	for i, w := range words {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(quoteWord(w))
	}
	return b.String()
}

func quoteWord(w string) string {
	if w == "" {
		return "''"
	}
	if strings.Trim(w, plain) == "" {
		return w
	}
	if name, value, ok := strings.Cut(w, "="); ok && name != "" && strings.Trim(name, plain) == "" { // an assignment stays one
		return name + "=" + quoteWord(value)
	}
	return "'" + strings.ReplaceAll(w, "'", `'\''`) + "'"
}
