package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"s1/engine/trace"
	"s1/sessions"
)

// libraryCommands are those of sessions that find runs and change what is known of them.
func (a *app) libraryCommands() []*cobra.Command {
	return []*cobra.Command{a.searchCommand(), a.tagCommand(), a.noteCommand(), a.expectCommand(), a.rmCommand(), a.restoreCommand()}
}

func (a *app) tagCommand() *cobra.Command {
	return &cobra.Command{
		Use: "tag ID +TAG -TAG...", Short: "Add (+) and remove (-) tags of a run; without tags, show them",
		DisableFlagParsing: true, // -b is a tag here
		ValidArgsFunction:  a.completeIDs,
		RunE: func(cmd *cobra.Command, args []string) error {
			var id string
			var add, remove []string
			for _, w := range args {
				switch {
				case w == "-h" || w == "--help":
					return cmd.Help()
				case w == "--json":
					a.json = true
				case w == "--quiet" || w == "-q" && id == "":
					a.quiet = true
				case strings.HasPrefix(w, "--"):
					return usagef("unknown flag %s; a tag does not begin with -", w)
				case id == "":
					id = w
				case strings.HasPrefix(w, "-"):
					remove = append(remove, w[1:])
				default:
					add = append(add, strings.TrimPrefix(w, "+"))
				}
			}
			if id == "" {
				return usagef("s1 sessions tag needs the ID of a run")
			}
			for _, t := range append(append([]string{}, add...), remove...) {
				if err := sessions.CheckTag(t); err != nil {
					return usageError{err}
				}
			}
			return a.onRun(cmd.Context(), id, false, func(s *sessions.Store, id string) error {
				now, err := s.ChangeTags(cmd.Context(), id, "", add, remove)
				if err != nil {
					return err
				}
				if a.json {
					return a.printJSON(struct {
						ID   string   `json:"id"`
						Tags []string `json:"tags"`
					}{id, append([]string{}, now...)})
				}
				_, err = fmt.Fprintln(a.out, safeLine(strings.Join(now, " "), 2000))
				return err
			})
		},
	}
}

func (a *app) noteCommand() *cobra.Command {
	var branch string
	var token int
	cmd := &cobra.Command{
		Use: "note ID TEXT", Short: "Write a note on a run, a branch or a token; an empty TEXT removes it", Args: cobra.ExactArgs(2),
		ValidArgsFunction: a.completeIDs,
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.onRun(cmd.Context(), args[0], false, func(s *sessions.Store, id string) error {
				return s.SetNote(cmd.Context(), id, trace.BranchID(branch), token, args[1])
			})
		},
	}
	cmd.Flags().StringVar(&branch, "branch", "", "the branch; empty = the run")
	cmd.Flags().IntVar(&token, "token", -1, "a token of the branch; -1 = the whole branch")
	return cmd
}

func (a *app) expectCommand() *cobra.Command {
	return &cobra.Command{
		Use: "expect ID ANSWER", Short: "Say what the right answer is; every branch of the run is judged again", Args: cobra.ExactArgs(2),
		ValidArgsFunction: a.completeIDs,
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.onRun(cmd.Context(), args[0], false, func(s *sessions.Store, id string) error {
				return s.SetExpected(cmd.Context(), id, args[1])
			})
		},
	}
}

func (a *app) rmCommand() *cobra.Command {
	var purge bool
	var branch string
	cmd := &cobra.Command{
		Use: "rm ID...", Short: "Move runs to the bin, which keeps them for 30 days",
		Long:              "Move runs to the bin, which keeps them for 30 days; s1 sessions restore brings them back.\nWith --purge the runs are removed for good; without an ID, all that is in the bin.",
		ValidArgsFunction: a.completeIDs,
		RunE: func(cmd *cobra.Command, args []string) error {
			ctx := cmd.Context()
			switch {
			case len(args) == 0 && !purge:
				return usagef("s1 sessions rm needs the ID of a run, or --purge to empty the bin")
			case branch != "" && (purge || len(args) != 1):
				return usagef("--branch goes with one ID and without --purge")
			case len(args) == 0:
				return a.withStore(ctx, func(s *sessions.Store) error {
					n, err := s.Purge(ctx, time.Now().Add(time.Hour)) // also what another clock put there
					if err == nil {
						a.say("%d removed for good", n)
					}
					return err
				})
			}
			var errs error
			for _, arg := range args {
				errs = errors.Join(errs, a.onRun(ctx, arg, false, func(s *sessions.Store, id string) error {
					switch {
					case purge:
						return s.Erase(ctx, id)
					case branch != "":
						return s.RemoveBranch(ctx, id, trace.BranchID(branch))
					}
					return s.Remove(ctx, id)
				}))
			}
			if errs == nil && !purge {
				a.say("in the bin for %d days; s1 sessions restore brings it back", sessions.BinDays)
			}
			return errs
		},
	}
	cmd.Flags().BoolVar(&purge, "purge", false, "for good; without an ID: all that is in the bin")
	cmd.Flags().StringVar(&branch, "branch", "", "only this branch, with what grew from it")
	return cmd
}

func (a *app) restoreCommand() *cobra.Command {
	var branch string
	cmd := &cobra.Command{
		Use: "restore ID", Short: "Bring a run back from the bin", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.onRun(cmd.Context(), args[0], branch == "", func(s *sessions.Store, id string) error {
				if branch != "" {
					return s.RestoreBranch(cmd.Context(), id, trace.BranchID(branch))
				}
				return s.Restore(cmd.Context(), id)
			})
		},
	}
	cmd.Flags().StringVar(&branch, "branch", "", "only this branch of a run that is not in the bin")
	return cmd
}

// onRun opens the store and finds the run that an id, or the beginning of one, stands for.
func (a *app) onRun(ctx context.Context, id string, binned bool, f func(*sessions.Store, string) error) error {
	return a.withStore(ctx, func(s *sessions.Store) error {
		full, err := s.Resolve(ctx, id, binned)
		if errors.Is(err, sessions.ErrNotFound) && binned {
			return fmt.Errorf("no session %q in the bin; s1 sessions list --bin shows what is there", id)
		}
		if err != nil {
			return notHere(id, err)
		}
		return notHere(id, f(s, full))
	})
}

// completeIDs offers the newest runs to the shell.
func (a *app) completeIDs(cmd *cobra.Command, _ []string, start string) ([]string, cobra.ShellCompDirective) {
	const most = 50
	var ids []string
	ctx := cmd.Context()
	if ctx == nil {
		ctx = context.Background()
	}
	err := a.withStore(ctx, func(s *sessions.Store) error {
		list, err := s.List(ctx, most)
		for _, m := range list {
			if strings.HasPrefix(m.ID, start) {
				ids = append(ids, m.ID+"\t"+safeLine(m.Prompt, 40))
			}
		}
		return err
	})
	if err != nil {
		return nil, cobra.ShellCompDirectiveError
	}
	return ids, cobra.ShellCompDirectiveNoFileComp
}

// complete offers the words of a flag to the shell.
func (a *app) complete(cmd *cobra.Command, flag string, words ...string) {
	err := cmd.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(words, cobra.ShellCompDirectiveNoFileComp))
	if err != nil {
		panic(err) // the flag is not there
	}
}
