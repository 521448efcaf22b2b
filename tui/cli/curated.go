package cli

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"

	"s1/curate"
)

// curated prints the funnel, and what of it needs a second look: splits and fields that were left, and a run that kept nothing.
func (a *app) curated(f curateFlags, counts []curate.Count) error {
	empty := nothingLeft(counts)
	if a.json {
		for _, c := range counts {
			if err := a.printJSON(map[string]any{"type": "stage", "stage": c.Stage, "version": c.Version, "in": c.In, "kept": c.Kept, "dropped": c.Dropped, "missing": c.Missing, "notes": c.Notes, "key": c.Key, "cached": c.Cached, "unasked": c.Unasked, "by_hand": c.ByHand, "causes": c.Causes}); err != nil {
				return err
			}
		}
		if empty != "" {
			fmt.Fprintf(a.err, "warning: %s\n", safeText(empty))
			return a.printJSON(map[string]any{"type": "warning", "text": empty})
		}
		return nil
	}
	w := len("decontaminate")
	fmt.Fprintf(a.out, "%-*s %9s %9s  %s\n", w, "stage", "in", "kept", "dropped by rule")
	for _, c := range counts {
		if c.Stage == curate.TrainableStage && c.In == c.Kept {
			continue // nothing to tell
		}
		if _, err := fmt.Fprintf(a.out, "%-*s %9d %9d  %s\n", w, c.Stage, c.In, c.Kept, safeText(c.Reasons())); err != nil {
			return err
		}
		for _, rule := range slices.Sorted(maps.Keys(c.Causes)) {
			if _, err := fmt.Fprintf(a.out, "%-*s most %s: %s\n", w, "", safeLine(rule, 40), safeLine(c.Causes[rule], 300)); err != nil {
				return err
			}
		}
	}
	for _, note := range counts[0].Notes {
		a.say("%s", safeText(note))
	}
	if empty != "" { // not a word for --quiet to keep back
		fmt.Fprintf(a.err, "warning: %s\n", safeText(empty))
		return nil
	}
	if last := counts[len(counts)-1]; last.Stage == curate.TrainableStage && last.Kept < last.In {
		a.say("%d of the %d rows have no trace or no answer and are only in s1k.jsonl and s1k.parquet; complete.features with trace and answer drops such rows before the selection", last.In-last.Kept, last.In)
	}
	if !f.count {
		a.say("the rows are in %s; s1 curate why ID %s says why one was dropped", safeText(filepath.Join(f.out, "export")), safeText(f.out))
	}
	return nil
}

// nothingLeft says that no row is left, and which stage dropped the most; "" where some are.
func nothingLeft(counts []curate.Count) string {
	if len(counts) == 0 {
		return ""
	}
	most, left := counts[0], counts[len(counts)-1].Kept
	for _, c := range counts {
		if c.In-c.Kept > most.In-most.Kept {
			most = c
		}
		if c.Stage != curate.TrainableStage {
			left = c.Kept // rows without a text to train on are rows still
		}
	}
	switch {
	case left > 0:
		return ""
	case most.In == 0:
		return "no row is left: the files hold none"
	}
	why := fmt.Sprintf("no row is left: stage %s dropped the most, %d of %d, as %s", most.Stage, most.In-most.Kept, most.In, most.Reasons())
	if most.Missing["answer"] > 0 { // rows of question, thinking and answer are common
		why += "; a field called answer is the known solution: load.fields.attempt = \"answer\" takes it for the model's answer as well"
	}
	return why
}
