package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"s1/engine/scaling"
	"s1/engine/trace"
	"s1/sessions/jobs"
)

// sweepProgress says now and then how far a sweep is: in place on a terminal, else a line every ten seconds.
func (a *app) sweepProgress() func(scaling.Progress) {
	inPlace := a.progress()
	last := time.Now()
	return func(p scaling.Progress) {
		line := fmt.Sprintf("%d of %d questions", p.Done, p.Items)
		if p.Resumed > 0 {
			line += fmt.Sprintf(" (%d done before)", p.Resumed)
		}
		if now := p.Done - p.Resumed; now > 0 && p.Done < p.Items {
			line += fmt.Sprintf(", %.0f tokens/s, about %v left", float64(p.Tokens)/p.Elapsed.Seconds(), p.Left.Round(time.Second))
		}
		line += serversLine(p.Servers)
		inPlace(line)
		a.job.Progress(jobs.Progress{Done: int64(p.Done), Total: int64(p.Items), Unit: "question", Left: p.Left.Seconds()})
		if time.Since(last) > 10*time.Second {
			last = time.Now()
			a.say("%s", line)
		}
	}
}

// runRecord is what belongs to this run and no other: time and machine.
func runRecord(info trace.ModelInfo, r *scaling.Result) map[string]any {
	record := map[string]any{
		"ended": time.Now().UTC().Format(time.RFC3339), "seconds": r.Elapsed.Seconds(), "tokens": r.Tokens, "questions": len(r.Items),
		"done_before": r.Resumed, "backend": info.Backend, "cores": runtime.NumCPU(), "go": runtime.Version(),
	}
	if r.Elapsed > 0 {
		record["tokens_per_second"] = float64(r.Tokens) / r.Elapsed.Seconds()
	}
	if len(r.Servers) > 0 {
		record["servers"] = r.Servers
	}
	return record
}

func writeRecord(dir string, record map[string]any) error {
	b, err := json.MarshalIndent(record, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "run.json"), append(b, '\n'), 0o644)
}

// compareSeparate runs every arm for itself, and says whether all came out the same and what sharing saved.
func (a *app) compareSeparate(ctx context.Context, f *sweepFlags, c *scaling.Crew, items []scaling.Item, r *scaling.Result, record map[string]any) error {
	o := f.options()
	o.Dir, o.Progress = "", a.sweepProgress()
	s, err := scaling.Separate(ctx, c, f.plan, items, o)
	if err != nil {
		return err
	}
	cmp := scaling.CompareSharing(r, s)
	record["separate"] = cmp
	a.say("%s", cmp)
	if cmp.Different > 0 {
		return fmt.Errorf("%d of %d rows differ from runs of their own, the first is %s", cmp.Different, cmp.Rows, cmp.First)
	}
	return nil
}

// printPoints prints what came out, for people or as JSON lines.
func (a *app) printPoints(r *scaling.Result, dir string) error {
	points := r.Points()
	if a.json {
		for _, p := range points {
			if err := a.printJSON(p); err != nil {
				return err
			}
		}
		return nil
	}
	var b strings.Builder
	served := slices.ContainsFunc(points, func(p scaling.Point) bool { return len(p.Badges) > 0 })
	kept := func(word string) string {
		if !served {
			return ""
		}
		return fmt.Sprintf("   %-9s", word)
	}
	fmt.Fprintf(&b, "%-22s %-22s %9s%s   %s\n", "arm", "right % [95 %]", "tokens", kept("budget"), "not right")
	for _, p := range points {
		var rest []string
		for _, o := range scaling.Outcomes() {
			if n := p.Outcomes[o]; n > 0 && o != scaling.OutcomeRight {
				rest = append(rest, fmt.Sprintf("%d %s", n, o))
			}
		}
		fmt.Fprintf(&b, "%-22s %-22s %9.1f%s   %s\n", safeLine(p.Arm.String(), 22), p.Accuracy, p.Tokens, kept(p.Kept()), strings.Join(rest, ", "))
	}
	fmt.Fprintf(&b, "n = %d; report.md, plot.svg, points.csv and items.jsonl are in %s\n", len(r.Items), safeLine(dir, 200))
	_, err := fmt.Fprint(a.out, b.String())
	return err
}
