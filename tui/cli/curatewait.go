package cli

import (
	"fmt"
	"time"

	"golang.org/x/term"

	"s1/curate"
)

// waitSaid is how often what a curation waits for is said where there is no terminal to show it on.
const waitSaid = 30 * time.Second

// curateProgress shows how far a curation is, and what it waits for. Elsewhere than on a terminal it says only the latter, now and then.
func (a *app) curateProgress() func(curate.Event) {
	show := a.progress()
	said := time.Time{}
	terminal := term.IsTerminal(int(a.err.Fd()))
	return func(e curate.Event) {
		if e.Waits == "" {
			show(fmt.Sprintf("%s: %d of %d rows, %.0f a second", e.Stage, e.Decided, e.In, e.Rate))
			return
		}
		line := fmt.Sprintf("%s: %d of %d rows, %s", e.Stage, e.Decided, e.In, e.Waits)
		show(line)
		if !terminal && !a.json && e.Time.Sub(said) >= waitSaid {
			said = e.Time
			a.say("%s", safeLine(line, 400))
		}
	}
}
