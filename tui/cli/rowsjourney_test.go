package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The way round as a user has it: a thought is marked, written as a row, trained on, and base and tuned are asked the same.
func TestJourneyMarkRowsTrainCompare(t *testing.T) {
	t.Parallel()
	everywhere(t, func(s screen) {
		s.write("own.toml", "preset = 's1'\n[model]\nbase = 'mini'\n[data]\nfiles = ['rows.jsonl']\nthink_format = 'auto'\nblock = 512\n[train]\nsteps = 3\nbatch_rows = 1\n[optimizer]\nlr = 1e-4\n")
		s.Keys("T").Until("rows to train on").Keys("Enter").Until("no row was written: M marks a branch good")
		if _, err := os.Stat(s.at("rows.jsonl")); !os.IsNotExist(err) {
			s.t.Fatalf("nothing is marked, and there is a file (%v)", err)
		}
		s.Keys("M").Until("branch A is good").Keys("T").Until("rows to train on").Keys("Enter").Until("1 row is in rows.jsonl; none left out")
		rows := s.read("rows.jsonl")
		if strings.Count(rows, "\n") != 1 || !strings.Contains(rows, `"label":true`) || !strings.Contains(rows, "29,-16,+65") {
			s.t.Fatalf("rows.jsonl holds\n%s", rows)
		}

		// From the list of sessions the same, of those that are selected; what is there stays.
		s.Keys("C-s").Until("all runs").Keys("Space", "T").Until("of 1 session").Keys("Enter").Until("could not write the rows")
		s.Keys("T").Until("of 1 session").Keys("C-u").Type("again.jsonl").Keys("Enter").Until("1 row is in again.jsonl")
		if s.read("again.jsonl") != rows || s.read("rows.jsonl") != rows {
			s.t.Error("the same rows again are other ones")
		}
		if list, err := filepath.Glob(s.at(".*rows*")); err != nil || len(list) > 0 {
			s.t.Errorf("%v was left lying about (%v)", list, err)
		}
		s.Keys("Escape").UntilGone("all runs")

		s.Keys("C-t").Until("the command", "mini-quick").Keys("Enter").Until("a preset (").Keys("C-u").Type("own.toml").Keys("Enter").Until("s1 train own.toml --out own")
		s.Keys("2").Until("1 rows: 1 documents").Keys("L").Until("step 3 of 3").Until("done")
		s.Keys("v").Until("the same question, the same budget").Keys("C-u").Type("29,-16,+65").Keys("Enter")
		s.Satisfies("compares the two", func(f string) bool {
			return strings.Contains(f, "they part at token") || strings.Contains(f, "the same, token for token")
		})
		s.Satisfies("keeps both", func(string) bool { return len(s.sessions()) == 3 })
		s.run("sessions", "compare", "rows.jsonl", "--against", "own/model", "--out", "changed").wants(0, "own", "n = 1")
	}, "--cap", "24", "--answer-cap", "6")
}
