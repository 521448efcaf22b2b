package probe

import (
	"fmt"
	"strings"
)

// String is the result as a table for a terminal or a README.
func (r Result) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %d problems of %d..%d steps, values to %d, seed %d, none of them in training; Wilson 95 %% intervals; %.0f s\n",
		r.Model, r.N, r.StepsMin, r.StepsMax, r.MaxValue, r.Seed, r.Seconds)
	r.Greedy.write(&b, "greedy")
	if r.Sampled != nil {
		r.Sampled.write(&b, "T = 1")
	}
	points(&b, r.AgainText+" in place of Wait, greedy", "times", r.Again, true)
	votes := "majority of drafts, T = 1"
	if r.Equal > 0 {
		votes += fmt.Sprintf("; %d of them cost what two Waits cost", r.Equal)
	}
	points(&b, votes, "drafts", r.Votes, false)
	if s := r.Shown; s != nil {
		fmt.Fprintf(&b, "\nthe %d built-in examples, greedy\n", s.Wrong.N)
		fmt.Fprintf(&b, "  capped at half its length, wrong              %s\n", s.CapWrong)
		fmt.Fprintf(&b, "  capped and wrong, right after Wait            %s\n", s.CapRepaired)
		fmt.Fprintf(&b, "  wrong at the natural end                      %s\n", s.Wrong)
		fmt.Fprintf(&b, "  wrong at the natural end, right after 2 Waits %s\n", s.Repaired)
	}
	return b.String()
}

func (c Curve) write(b *strings.Builder, how string) {
	caps := c.Caps
	if len(caps) > 0 && len(c.Waits) > 0 {
		natural := c.Waits[0]
		natural.At = -1
		caps = append(caps[:len(caps):len(caps)], natural)
	}
	points(b, "caps, "+how, "cap", caps, false)
	points(b, "Waits, "+how, "Waits", c.Waits, true)
	points(b, "Waits, the longest third, "+how, "Waits", c.Long, true)
	if n := len(c.Waits) - 1; len(c.Steps) > 1 && n > 0 {
		fmt.Fprintf(b, "\nby steps, %s: 0 and %d Waits\n", how, n)
		for _, s := range c.Steps {
			fmt.Fprintf(b, "  %5d   %s   %s\n", s.Steps, s.First, s.Last)
		}
	}
	a := c.Audit
	fmt.Fprintf(b, "\nlines, %s\n", how)
	fmt.Fprintf(b, "  draft errors   %s   %s\n", a.DraftErrors, byOp(a.ByOp))
	fmt.Fprintf(b, "  detection      %s   %s\n", a.Detection, byOp(a.DetectionByOp))
	fmt.Fprintf(b, "  false alarms   %s\n", a.FalseAlarms)
	fmt.Fprintf(b, "  repair         %s   %s\n", a.Repair, byOp(a.RepairByOp))
	fmt.Fprintf(b, "  slips, traces  %s", a.Slips)
	if a.FirstSlip != "" {
		fmt.Fprintf(b, "   such as %q", a.FirstSlip)
	}
	fmt.Fprintf(b, "\n  its own Waits  %s   of the tokens it drew\n  its own checks %s   of the tokens it drew; a check's line that no Wait has opened\n", a.OwnWaits, a.OwnChecks)
}

// byOp is the share of each operation, in percent.
func byOp(r map[string]Rate) string {
	return fmt.Sprintf("+ %.1f  - %.1f  * %.1f  / %.1f", r["+"].Rate, r["-"].Rate, r["*"].Rate, r["/"].Rate)
}

// String is "78.5 [75.8, 80.9] 785/1000", of even width.
func (r Rate) String() string {
	return fmt.Sprintf("%5.1f [%5.1f,%6.1f] %11s", r.Rate, r.Low, r.High, fmt.Sprintf("%d/%d", r.Hits, r.N))
}

func points(b *strings.Builder, title, at string, list []Point, compare bool) {
	if len(list) == 0 {
		return
	}
	fmt.Fprintf(b, "\n%s\n  %7s   accuracy %%                         tokens", title, at)
	if compare {
		b.WriteString("   fixed broken")
	}
	b.WriteString("   malformed\n")
	for _, p := range list {
		where := fmt.Sprint(p.At)
		if p.At < 0 {
			where = "natural"
		}
		fmt.Fprintf(b, "  %7s   %s   %8.1f", where, p.Accuracy, p.Tokens)
		if compare {
			fmt.Fprintf(b, "   %5d %6d", p.Fixed, p.Broken)
		}
		fmt.Fprintf(b, "   %9d\n", p.Malformed)
	}
}
