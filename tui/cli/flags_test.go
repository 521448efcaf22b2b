package cli

import (
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// A flag that a command would not read is one that it does not take.
func TestACommandTakesTheFlagsThatItReads(t *testing.T) {
	t.Parallel()
	model, budget, drawn := "model backend weights threads context", "cap wait wait-text answer-cap preset soft-landing close-loops", "temp top-p top-k min-p repeat-penalty"
	for _, c := range []struct{ path, has, not string }{
		{"run", model + " " + budget + " " + drawn + " seed pace system think-format no-save samples", "ascii theme"},
		{"chat", model + " " + budget + " " + drawn + " seed pace ascii theme", "samples"},
		{"bench", model, budget + " " + drawn + " seed pace system think-format no-save ascii"},
		{"explore lab", model + " " + drawn + " seed samples words at", budget + " pace system think-format no-save ascii stops"},
		{"explore scrub", model + " stops", budget + " " + drawn + " seed samples pace"},
		{"sessions replay", model + " seed speed no-save", budget + " pace system think-format " + drawn},
		{"version", "json quiet", "seed"},
		{"paths", "json quiet", "seed"},
		{"jobs list", "json quiet", "seed"},
		{"train", "seed", ""},
		{"curate", "seed", ""},
	} {
		cmd, rest, err := newRoot(&app{}).Find(strings.Fields(c.path))
		if err != nil || len(rest) > 0 {
			t.Fatalf("%s: %v %v", c.path, rest, err)
		}
		has := func(name string) bool {
			return cmd.Flags().Lookup(name) != nil || cmd.InheritedFlags().Lookup(name) != nil
		}
		for _, name := range strings.Fields(c.has) {
			if !has(name) {
				t.Errorf("s1 %s has no --%s", c.path, name)
			}
		}
		for _, name := range strings.Fields(c.not) {
			if has(name) {
				t.Errorf("s1 %s takes --%s, which it does not read", c.path, name)
			}
		}
	}
}

// The help begins every line with a capital letter: a value that stands there would be one that nobody may type.
func TestNoLineOfTheHelpBeginsWithAValue(t *testing.T) {
	t.Parallel()
	lines := 0
	eachCommand(newRoot(&app{}), func(c *cobra.Command) {
		check := func(what, s string) {
			lines++
			first, rest, _ := strings.Cut(s, " ")
			list := what != "itself" && (strings.HasSuffix(first, ",") && !strings.HasPrefix(rest, "and ") || strings.HasPrefix(rest, "("))
			if first[1:] != strings.ToLower(first[1:]) || list {
				t.Errorf("%s %s: %q begins with what may be a value", c.CommandPath(), what, s)
			}
		}
		check("itself", c.Short)
		c.LocalFlags().VisitAll(func(f *pflag.Flag) { check("--"+f.Name, f.Usage) })
	})
	if lines < 100 {
		t.Errorf("only %d lines were read", lines)
	}
}
