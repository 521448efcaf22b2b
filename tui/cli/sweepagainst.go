package cli

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"

	"s1/engine/scaling"
)

// sweepAgainst asks two models the same questions under the same budgets, judged alike, and says what changed from the first
// to the second. Either half goes on where it was, as any sweep.
func (a *app) sweepAgainst(ctx context.Context, f *sweepFlags, items []scaling.Item) error {
	var results [2]*scaling.Result
	var sources [2]scaling.Source
	for i, half := range []struct{ model, dir string }{{f.model, "before"}, {f.against, "after"}} {
		g := *f
		g.model, g.out, g.judgedAs = half.model, filepath.Join(f.out, half.dir), f.model
		a.say("%s: %s", half.dir, half.model)
		var err error
		if results[i], sources[i], err = a.sweepModel(ctx, &g, items); err != nil {
			return fmt.Errorf("%s, %s: %w", half.dir, safeLine(half.model, 200), err)
		}
	}
	changes, err := scaling.Changes(results[0], results[1])
	if err != nil {
		return err
	}
	if err := scaling.ReportChanges(f.out, changes, sources[0], sources[1]); err != nil {
		return err
	}
	return a.printChanges(changes, f.out)
}

func (a *app) printChanges(changes []scaling.Change, dir string) error {
	if a.json {
		for _, c := range changes {
			if err := a.printJSON(c); err != nil {
				return err
			}
		}
		return nil
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%-22s %-20s %-20s %-24s %-12s %s\n", "arm", "before, % [95 %]", "after, % [95 %]", "difference [95 %]", "fixed/broken", "thinking tokens")
	n := 0
	for _, c := range changes {
		n = c.N
		fmt.Fprintf(&b, "%-22s %-20s %-20s %-24s %-12s %.1f, now %.1f\n", safeLine(c.Arm.String(), 22), c.Before, c.After, c.Right, fmt.Sprintf("%d/%d", c.Right.Fixed, c.Right.Broken),
			c.Tokens.Before, c.Tokens.After)
	}
	fmt.Fprintf(&b, "n = %d; changes.md and changes.json, and both sweeps, are in %s\n", n, safeLine(dir, 200))
	_, err := fmt.Fprint(a.out, b.String())
	return err
}
