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
	cmd := group("sessions", "What was thought: list, search, tag, show, export, import, remove")
	var limit int
	var bin bool
	list := &cobra.Command{
		Use: "list", Short: "One line a run, newest first", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.withStore(cmd.Context(), func(s *sessions.Store) error { return a.listSessions(cmd.Context(), s, limit, bin) })
		},
	}
	list.Flags().IntVarP(&limit, "limit", "n", 50, "most runs to list, 0 = all")
	list.Flags().BoolVar(&bin, "bin", false, "what is in the bin instead")
	show := &cobra.Command{
		Use: "show ID", Short: "A run to read", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.exportSessions(cmd.Context(), args, "md", "")
		},
		ValidArgsFunction: a.completeIDs,
	}
	var format, file string
	export := &cobra.Command{
		Use: "export ID...", Short: "Runs as JSONL (import reads it back), Markdown or one HTML page", Args: cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.exportSessions(cmd.Context(), args, format, file)
		},
		ValidArgsFunction: a.completeIDs,
	}
	export.Flags().StringVar(&format, "format", "jsonl", "how it is written: jsonl, md or html")
	a.complete(export, "format", "jsonl", "md", "html")
	export.Flags().StringVarP(&file, "output", "o", "", "file to write, stdout when absent")
	imp := &cobra.Command{
		Use: "import FILE", Short: "Read exported runs (- = stdin)", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return a.importSession(cmd.Context(), args[0]) },
	}
	cmd.AddCommand(list, show, export, imp, a.replayCommand(), a.rowsCommand(), a.markCommand(), a.compareCommand())
	cmd.AddCommand(a.libraryCommands()...)
	return cmd
}

func (a *app) withStore(ctx context.Context, f func(*sessions.Store) error) error {
	s, err := sessions.Open(ctx, databasePath())
	if err != nil {
		return err
	}
	s.Judging(sameAnswer)
	return errors.Join(f(s), s.Close())
}

// notHere says what to do about an id that is not in the store.
func notHere(id string, err error) error {
	if errors.Is(err, sessions.ErrNotFound) {
		return fmt.Errorf("no session %q; s1 sessions list shows the ids", id)
	}
	if errors.Is(err, sessions.ErrAmbiguous) {
		return fmt.Errorf("%q is the beginning of more than one session; write more of the id", id)
	}
	return err
}

func (a *app) listSessions(ctx context.Context, s *sessions.Store, limit int, bin bool) error {
	list, err := s.Query(ctx, sessions.Filter{Limit: limit, Binned: bin})
	if err != nil {
		return err
	}
	switch {
	case len(list) > 0 || a.json:
	case bin:
		a.say("the bin is empty")
	default:
		a.say("no sessions yet; s1 run 'a question' makes one")
	}
	for _, h := range list {
		h.Answer = strings.TrimSpace(h.Answer) // as run --json says it
		if a.json {
			h.Tags = append([]string{}, h.Tags...) // [] and not null
			err = a.printJSON(h.Summary)
		} else {
			err = a.printSummary(h.Summary)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (a *app) printSummary(m sessions.Summary) error {
	line := fmt.Sprintf("%-25s  %s  %-24s %6d tokens  %-10s %-5s  %-40s  %s", m.ID, m.Created.Local().Format("2006-01-02 15:04"),
		safeLine(m.Model, 24), m.Tokens, closedWord(m), m.Verdict, safeLine(m.Prompt, 40), safeLine(m.Answer, 40))
	if len(m.Tags) > 0 {
		line += "  #" + safeLine(strings.Join(m.Tags, " #"), 60)
	}
	_, err := fmt.Fprintln(a.out, strings.TrimRight(line, " "))
	return err
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

func (a *app) exportSessions(ctx context.Context, ids []string, format, file string) error {
	if formats := []string{"jsonl", "md", "html"}; !contains(formats, format) {
		return usagef("--format %q: jsonl, md or html", format)
	}
	if a.json {
		format = "jsonl"
	}
	return a.withStore(ctx, func(s *sessions.Store) error {
		full := make([]string, len(ids))
		for i, id := range ids {
			var err error
			if full[i], err = s.Resolve(ctx, id, false); err != nil {
				return notHere(id, err)
			}
		}
		if file == "" {
			return s.Export(ctx, a.out, format, full)
		}
		return exportFile(ctx, s, file, format, full)
	})
}

// exportFile writes into a file that is not there yet; one that could not be written whole does not stay.
func exportFile(ctx context.Context, s *sessions.Store, file, format string, ids []string) error {
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return fmt.Errorf("export session: %w", err)
	}
	if err = errors.Join(s.Export(ctx, f, format, ids), f.Close()); err != nil {
		return errors.Join(err, os.Remove(file))
	}
	return nil
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
