package cli

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"s1/curate"
)

func (a *app) curateMarkCommand() *cobra.Command {
	var note string
	cmd := &cobra.Command{
		Use:   "mark ID keep|drop|undo DIR|FILE",
		Short: "Keep or drop a row by hand: DIR is a run's folder, FILE the one that a recipe's hand names",
		Long: "What is marked is carried out when the run goes on: s1 curate DIR --resume. Of rows with equal questions, which have one id, a\n" +
			"drop is about all, and a keep leaves one of them. A row that the run does not have is refused.",
		Args: cobra.ExactArgs(3),
		RunE: func(_ *cobra.Command, args []string) error {
			if !slices.Contains([]string{curate.Keep, curate.Drop, curate.Undo}, args[1]) {
				return usageError{errors.New("a row is marked keep, drop or undo, not " + safeLine(args[1], 40))}
			}
			return a.mark(args[0], args[1], args[2], note)
		},
	}
	cmd.Flags().StringVar(&note, "note", "", "why")
	return cmd
}

// mark writes a decision into a run's folder, or into a file that stands alone.
func (a *app) mark(id, verdict, to, note string) (err error) {
	file, dir, rows := to, curationOf(to), []curate.Copy(nil)
	if dir != "" {
		file, rows, err = curate.Mark(dir, id, verdict, note, time.Now().UTC())
	} else if !curate.IsID(id) {
		err = usageError{fmt.Errorf("%s is no id of a row: those are the first 16 hex digits of the SHA-256 of the question", safeLine(id, 40))}
	} else {
		err = curate.ByHand(file, id, verdict, note, time.Now().UTC())
	}
	if err != nil {
		return err
	}
	if a.json {
		m := map[string]any{"type": "mark", "id": id, "verdict": verdict, "note": note, "file": file}
		if dir != "" {
			m["rows"] = len(rows)
		}
		return a.printJSON(m)
	}
	var places []string
	for _, c := range rows {
		places = append(places, c.Place)
	}
	where := ""
	if len(places) > 0 {
		where = " (" + safeLine(strings.Join(places, ", "), 200) + ")"
	}
	then := "the runs whose recipe names it carry it out when they go on"
	if dir != "" {
		then = "s1 curate " + safeText(dir) + " --resume carries it out"
	}
	said := map[string]string{curate.Keep: "to be kept by hand", curate.Drop: "to be dropped by hand", curate.Undo: "left to the rules again"}[verdict]
	_, err = fmt.Fprintf(a.out, "row %s%s is %s, as %s says now; %s\n", safeLine(id, 40), where, said, safeText(file), then)
	return err
}

// curationOf is the folder of the run whose decisions are meant: the folder itself, or that of its own file. "" = a file that stands alone.
func curationOf(to string) string {
	if info, err := os.Stat(to); err == nil && info.IsDir() {
		return to
	}
	dir := filepath.Dir(to)
	if rec, err := curate.ReadRecipe(dir); err == nil && filepath.Clean(rec.HandFile(dir)) == filepath.Clean(to) {
		return dir
	}
	return ""
}
