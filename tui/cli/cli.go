// Package cli holds the commands, one file each, and wires the rooms together: it is the only package that sees all
// others. It parses words and prints results; what the words do lives in the rooms.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/charmbracelet/fang"
	"github.com/spf13/cobra"

	"s1/engine/trace"
	"s1/sessions/jobs"
	"s1/tui/keys"
)

// version is set by the linker.
var version = "dev"

// Exit codes.
const (
	exitDone        = 0
	exitFailed      = 1
	exitUsage       = 2
	exitInterrupted = 130
)

// usageError is a wrong word on the command line, in the environment or in the settings file.
type usageError struct{ err error }

func (e usageError) Error() string { return e.err.Error() }
func (e usageError) Unwrap() error { return e.err }

func usagef(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

// errInterrupted ends a command that the user stopped; everything there is to say has been said.
var errInterrupted = errors.New("interrupted")

// Main runs the command line and returns the exit code.
func Main() int {
	// Listened to and not read: a write to a closed stdout is then an error, and what was thought is kept, where Go would
	// let the signal kill the program.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	job, err := jobs.Inside()
	if err != nil {
		printError(os.Stderr, fang.Styles{}, err)
		return exitFailed
	}
	a := &app{out: os.Stdout, err: os.Stderr, in: os.Stdin, job: job}
	err = fang.Execute(context.Background(), newRoot(a), fang.WithVersion(version), fang.WithErrorHandler(printError))
	return a.endJob(err)
}

func exitCode(err error) int {
	var usage usageError
	var unsuitable *trace.Unsuitable
	switch {
	case err == nil, errors.Is(err, syscall.EPIPE): // a reader that has seen enough is no failure
		return exitDone
	case errors.Is(err, errInterrupted), errors.Is(err, context.Canceled):
		return exitInterrupted
	case errors.As(err, &usage), errors.As(err, &unsuitable), isCobraUsage(err):
		return exitUsage
	}
	return exitFailed
}

// isCobraUsage recognises the errors cobra makes itself, which have no type.
func isCobraUsage(err error) bool {
	for _, start := range []string{"unknown command", "unknown flag", "unknown shorthand", "accepts ", "requires ", "flag needs an argument", "invalid argument", "if any flags in the group", "bad flag syntax"} {
		if strings.HasPrefix(err.Error(), start) {
			return true
		}
	}
	return false
}

func printError(w io.Writer, _ fang.Styles, err error) {
	switch {
	case errors.Is(err, errInterrupted), errors.Is(err, syscall.EPIPE):
		return
	case errors.Is(err, context.Canceled):
		err = errInterrupted
	}
	fmt.Fprintln(w, "s1: "+safeText(err.Error()))
	var unsuitable *trace.Unsuitable
	if errors.As(err, &unsuitable) {
		fmt.Fprintf(w, "    for example: s1 run '%s'\n", safeText(unsuitable.Example))
		return
	}
	if exitCode(err) == exitUsage {
		fmt.Fprintln(w, "    s1 --help shows the commands and flags")
	}
}

// app is what every command shares.
type app struct {
	out, err *os.File
	in       *os.File
	json     bool
	quiet    bool
	seed     uint64
	config   config
	keys     *keys.Map // the built-in ones with [keys] put over them
	words    []string  // [screen] reflection; nil = the built-in list

	job    *jobs.Writer // of the job that this program is; nil where it is none
	halted bool         // a job that was asked to stop has saved, and is not at its end
}

func newRoot(a *app) *cobra.Command {
	var flags runFlags
	var look screenFlags
	root := &cobra.Command{
		Use:   "s1",
		Short: "Watch, steer and measure a model's thinking",
		Long: "s1 streams a reasoning model's thinking, lets you cap it, go on with \"Wait\", stop it and demand the answer, and compare answers.\n" +
			"Without a command it opens the screen; without a terminal it streams the answer to a demo problem.",
		Args:              noSuchCommand,
		PersistentPreRunE: func(cmd *cobra.Command, _ []string) error { return a.settle(cmd) },
		RunE:              func(cmd *cobra.Command, _ []string) error { return a.openScreen(cmd.Context(), &flags, &look, "") },
	}
	root.SetOut(a.out)
	root.SetErr(a.err)
	root.SetIn(a.in)
	root.SetFlagErrorFunc(flagError)
	p := root.PersistentFlags()
	p.BoolVar(&a.json, "json", false, "print JSON lines on stdout, messages on stderr")
	p.BoolVarP(&a.quiet, "quiet", "q", false, "no progress, no hints")
	flags.register(root.Flags())
	look.register(root.Flags())
	root.AddCommand(a.runCommand(), a.chatCommand(), a.demoCommand(), a.keysCommand(), a.tokensCommand(), a.sessionsCommand(), a.exploreCommand(), a.modelsCommand(), a.benchCommand(), a.doctorCommand(), a.pathsCommand(), a.versionCommand(), a.trainCommand(), a.gradeCommand(), a.sweepCommand(), a.paperCommand(), a.curateCommand(), a.jobsCommand())
	root.SetHelpCommand(helpCommand())
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd()
	for _, c := range root.Commands() {
		if c.Name() == "completion" { // cobra shows its help to any word
			c.Args, c.RunE = noSuchCommand, func(cmd *cobra.Command, _ []string) error { return cmd.Help() }
		}
	}
	eachCommand(root, func(c *cobra.Command) {
		if c.Args != nil {
			c.Args = inWords(c.Args, examples()[c.CommandPath()])
		}
	})
	for _, path := range chance() {
		cmd, rest, err := root.Find(strings.Fields(path))
		if err != nil || len(rest) > 0 {
			panic("no command " + path)
		}
		cmd.Flags().Uint64Var(&a.seed, "seed", 0, "seed of every random choice (0 = one from the clock, printed in the receipt)")
	}
	return root
}

// eachCommand does something with a command and all below it.
func eachCommand(c *cobra.Command, do func(*cobra.Command)) {
	do(c)
	for _, sub := range c.Commands() {
		eachCommand(sub, do)
	}
}

// examples are shown where a command is given without the words that it needs.
func examples() map[string]string {
	return map[string]string{
		"s1 train":         "s1 train mini",
		"s1 train inspect": "s1 train inspect mini",
		"s1 train plan":    "s1 train plan mini",
		"s1 curate":        "s1 curate s1-code --data rows.jsonl",
		"s1 tokens":        "s1 tokens '316,+275,/3,*3'",
		"s1 models pull":   "s1 models pull " + chatModel,
		"s1 models info":   "s1 models info " + defaultModel,
	}
}

// chance are the commands that leave something to it.
func chance() []string {
	return []string{
		"", "run", "chat", "demo", "sessions replay", "explore lab", "explore vote", "explore anchor", "sweep", "paper",
		"train", "train plan", "train probe", "curate", "curate study", "models info",
	}
}

// say prints a message for people, on stderr.
func (a *app) say(format string, args ...any) {
	if !a.quiet {
		fmt.Fprintf(a.err, format+"\n", args...)
	}
}
