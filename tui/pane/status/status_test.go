package status_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/charmbracelet/x/ansi"

	"s1/tui/pane/status"
	"s1/tui/theme"
	"s1/tui/tuitest"
)

func pane(o theme.Options) *status.Pane {
	return &status.Pane{
		Theme: theme.New(o), Model: "mini", Backend: "cpu avx512", State: "thinking", Busy: true,
		Speed: " 412 tok/s", Share: " 96 % of limit", Pace: "pace max", Branch: "A of 4", Saved: "saved",
	}
}

func plain(p *status.Pane, width int) string { return ansi.Strip(p.Render(width, 1)[0]) }

func TestFrames(t *testing.T) {
	t.Parallel()
	for _, o := range tuitest.Profiles() {
		var b strings.Builder
		for _, w := range []int{20, 24, 30, 40, 50, 60, 70, 80, 90, 100, 120, 200} {
			for _, branch := range []string{"", "A of 4"} {
				p := pane(o)
				p.Branch = branch
				rows := p.Render(w, 1)
				tuitest.CheckRows(t, "status", rows, w, 1, o)
				fmt.Fprintf(&b, "%3d|%s|\n", w, ansi.Strip(rows[0]))
			}
		}
		kind := "unicode"
		if o.ASCII {
			kind = "ascii"
		}
		tuitest.Golden(t, "status_"+kind, b.String())
	}
}

// Which branch a key acts on, and of how many, is there in every width, whatever the state and the model's name.
func TestTheBranchAndTheStateNeverGiveWay(t *testing.T) {
	t.Parallel()
	for _, state := range []string{"thinking", "answering", "no answer", "done"} {
		for _, branch := range []string{"A of 2", "B of 4", "Z of 26", "AB of 28"} {
			for _, model := range []string{"mini", "", "HuggingFaceTB/SmolLM2-135M-Instruct", "模型模型模型模型模型"} {
				for width := 20; width <= 300; width++ {
					p := pane(theme.Options{})
					p.State, p.Branch, p.Model = state, branch, model
					got := plain(p, width)
					if !strings.Contains(got, state) || !strings.Contains(got, branch) {
						t.Fatalf("%d cells, %q, %q of %q: %q", width, state, branch, model, got)
					}
				}
			}
		}
	}
}

// What gives way does so in one order: nothing is there that should have gone before something that is not.
func TestWhatThereIsNoRoomForGivesWayInOneOrder(t *testing.T) {
	t.Parallel()
	for _, branch := range []string{"", "A of 4"} {
		before := -1
		for width := 300; width >= 20; width-- {
			p := pane(theme.Options{})
			p.Branch = branch
			got := plain(p, width)
			gone := 0 // of the list
			for i, what := range []string{"% of limit", "pace max", "412 tok/s", "saved"} {
				if !strings.Contains(got, what) {
					if gone != i {
						t.Fatalf("%d cells: %q is missing before its turn: %q", width, what, got)
					}
					gone++
				}
			}
			if gone < before {
				t.Errorf("%d cells: something is back: %q", width, got)
			}
			before = gone
			if gone < 2 && !strings.Contains(got, "mini") {
				t.Errorf("%d cells: the model has gone too early: %q", width, got)
			}
		}
		if branch != "" && before != 4 {
			t.Errorf("at 20 cells %d of 4 have given way", before)
		}
	}
}
