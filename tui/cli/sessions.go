package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"s1/sessions"
)

func (a *app) sessionsCommand() *cobra.Command {
	cmd := group("sessions", "What was thought: list, show, export, import, remove")
	var limit int
	list := &cobra.Command{
		Use: "list", Short: "One line a run, newest first", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.withStore(cmd.Context(), func(s *sessions.Store) error { return a.listSessions(cmd.Context(), s, limit) })
		},
	}
	list.Flags().IntVarP(&limit, "limit", "n", 50, "most runs to list, 0 = all")
	show := &cobra.Command{
		Use: "show ID", Short: "A run to read", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.exportSession(cmd.Context(), args[0], "md", "")
		},
	}
	var format, file string
	export := &cobra.Command{
		Use: "export ID", Short: "A run as JSONL (import reads it back) or Markdown", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.exportSession(cmd.Context(), args[0], format, file)
		},
	}
	export.Flags().StringVar(&format, "format", "jsonl", "jsonl or md")
	export.Flags().StringVarP(&file, "output", "o", "", "file to write, stdout when absent")
	imp := &cobra.Command{
		Use: "import FILE", Short: "Read an exported run (- = stdin)", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return a.importSession(cmd.Context(), args[0]) },
	}
	rm := &cobra.Command{
		Use: "rm ID...", Short: "Remove runs", Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.withStore(cmd.Context(), func(s *sessions.Store) error {
				var errs error
				for _, id := range args {
					errs = errors.Join(errs, notHere(id, s.Remove(cmd.Context(), id)))
				}
				return errs
			})
		},
	}
	cmd.AddCommand(list, show, export, imp, rm, a.replayCommand())
	return cmd
}

func (a *app) withStore(ctx context.Context, f func(*sessions.Store) error) error {
	s, err := sessions.Open(ctx, databasePath())
	if err != nil {
		return err
	}
	return errors.Join(f(s), s.Close())
}

// notHere says what to do about an id that is not in the store.
func notHere(id string, err error) error {
	if errors.Is(err, sessions.ErrNotFound) {
		return fmt.Errorf("no session %q; s1 sessions list shows the ids", id)
	}
	return err
}

func (a *app) listSessions(ctx context.Context, s *sessions.Store, limit int) error {
	list, err := s.List(ctx, limit)
	if err != nil {
		return err
	}
	if len(list) == 0 && !a.json {
		a.say("no sessions yet; s1 run 'a question' makes one")
	}
	for _, m := range list {
		m.Answer = strings.TrimSpace(m.Answer) // as run --json says it
		if a.json {
			err = a.printJSON(m)
		} else {
			_, err = fmt.Fprintf(a.out, "%-25s  %s  %-24s %6d tokens  %-10s %-40s  %s\n", m.ID, m.Created.Local().Format("2006-01-02 15:04"),
				safeLine(m.Model, 24), m.Tokens, closedWord(m), safeLine(m.Prompt, 40), safeLine(m.Answer, 40))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func closedWord(m sessions.Summary) string {
	switch {
	case !m.Ended:
		return "open"
	case m.Closed == "":
		return "no thought"
	}
	return string(m.Closed)
}

func (a *app) exportSession(ctx context.Context, id, format, file string) error {
	write := sessions.ExportMarkdown
	switch format {
	case "jsonl":
		write = sessions.ExportJSONL
	case "md":
	default:
		return usagef("--format %q: jsonl or md", format)
	}
	return a.withStore(ctx, func(s *sessions.Store) error {
		sess, err := s.Load(ctx, id)
		if err != nil {
			return notHere(id, err)
		}
		if a.json {
			write = sessions.ExportJSONL
		}
		if file == "" {
			return write(a.out, sess)
		}
		f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
		if err != nil {
			return fmt.Errorf("export session: %w", err)
		}
		return errors.Join(write(f, sess), f.Close())
	})
}

func (a *app) importSession(ctx context.Context, file string) error {
	f := a.in
	var err error
	if file != "-" {
		if f, err = os.Open(file); err != nil {
			return fmt.Errorf("import session: %w", err)
		}
		defer f.Close()
	}
	if info, err := f.Stat(); err == nil && !info.Mode().IsRegular() && !info.IsDir() {
		if f, err = spool(f); err != nil {
			return fmt.Errorf("import session: %w", err)
		}
		defer f.Close()
	}
	return a.withStore(ctx, func(s *sessions.Store) error {
		ids, err := s.ImportJSONL(ctx, f)
		if err != nil {
			return err
		}
		for _, id := range ids {
			if a.json {
				err = a.printJSON(map[string]string{"id": id})
			} else {
				_, err = fmt.Fprintln(a.out, id)
			}
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// maxImport is the most bytes read from a pipe: some tens of millions of tokens.
const maxImport = 8 << 30

// spool copies a pipe to a file that has no name. An import writes in one transaction, and a pipe that comes slowly, or
// never, would keep every other s1 from saving.
func spool(r io.Reader) (*os.File, error) {
	f, err := os.CreateTemp("", "s1-import-")
	if err != nil {
		return nil, err
	}
	n, err := io.Copy(f, io.LimitReader(r, maxImport+1))
	if err == nil && n > maxImport {
		err = fmt.Errorf("more than %d bytes on stdin", int64(maxImport))
	}
	if err == nil {
		_, err = f.Seek(0, io.SeekStart)
	}
	if err = errors.Join(err, os.Remove(f.Name())); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}
