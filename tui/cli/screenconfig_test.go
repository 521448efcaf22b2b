package cli

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"s1/tui/keys"
)

func TestTheTablesOfTheSettings(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		about, text string
		want        []string // parts of the error; none = it is taken
	}{
		{"nothing", "", nil},
		{"keys", "[keys]\nwait = \"f5\"\npause = [\"f6\", \"space\"]\ncompare = []\n", nil},
		{"an unknown action", "cap = 3\n[keys]\n# mine\nwiat = \"f5\"\n", []string{"line 4", `"wiat"`, `"wait"`}},
		{"an unknown key", "[keys]\nwait = \"ctlr+w\"\n", []string{"line 2", `"ctlr+w"`, `"ctrl+w"`}},
		{"a conflict", "[screen]\nmouse = true\n\n[keys]\n\nwait = \"p\"\n", []string{"line 6", `"p" would be both wait and pause`}},
		{"two conflicts", "[keys]\nwait = \"p\"\ncap = \"n\"\n", []string{"line 2", "wait and pause", "line 3", "cap and second"}},
		{"a conflict in dotted form", "keys.wait = \"p\"\n", []string{"line 1", "wait and pause"}},
		{"ctrl+c", "[keys]\nquit = []\n", []string{"line 2", "ctrl+c", "quit"}},
		{"a number for a key", "[keys]\nwait = 5\n", []string{"line 2", "wait", "5"}},
		{"a list with a number", "[keys]\nwait = [\"a\", 5]\n", []string{"line 2", "wait", "5"}},
		{"no table", "keys = 3\n", []string{"keys", "[keys]"}},
		{"screen", "[screen]\ntheme = \"dark\"\nmouse = true\nascii = true\nreflection = [\"wait\", \"hmm\"]\n", nil},
		{"an unknown key of the screen", "[screen]\nthem = \"dark\"\n", []string{"[screen]", `"them"`, `"theme"`}},
		{"reflection as a number", "[screen]\nreflection = 4\n", []string{"reflection", "4"}},
	} {
		path := filepath.Join(t.TempDir(), "config.toml")
		if err := os.WriteFile(path, []byte(c.text), 0o600); err != nil {
			t.Fatal(err)
		}
		conf, err := readConfig(path)
		if err != nil {
			t.Fatalf("%s: %v", c.about, err)
		}
		a := &app{}
		err = a.settleScreen(path, conf)
		if (err == nil) != (c.want == nil) {
			t.Errorf("%s: %v", c.about, err)
			continue
		}
		if err != nil && exitCode(err) != exitUsage {
			t.Errorf("%s: exit code %d", c.about, exitCode(err))
		}
		for _, part := range c.want {
			if !strings.Contains(err.Error(), part) {
				t.Errorf("%s: %q does not say %q", c.about, err, part)
			}
		}
		switch c.about {
		case "keys":
			if got := a.keys.Of(keys.Pause).AllShown(); got != "f6 space" || !a.keys.Is(keys.Wait, "f5") || a.keys.Of(keys.Compare).Shown() != "" {
				t.Errorf("pause is on %q, wait on %q", got, a.keys.Of(keys.Wait).AllShown())
			}
		case "screen":
			if conf["theme"] != "dark" || conf["mouse"] != true || conf["ascii"] != true || !slices.Equal(a.words, []string{"wait", "hmm"}) {
				t.Errorf("the settings are %v, the words %v", conf, a.words)
			}
		}
	}
}
