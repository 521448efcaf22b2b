package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"s1/curate"
	"s1/engine"
	"s1/engine/trace"
	"s1/sessions"
	tuiapp "s1/tui/app"
)

// longestSolution is the most bytes of a solution that is an answer to be judged by, and not the way to one.
const longestSolution = 200

// Rows is a page of rows.
func (c *curator) Rows(ctx context.Context, folder string, q tuiapp.CurationQuery) (page tuiapp.CurationPage, err error) {
	rec, err := curate.ReadRecipe(folder)
	if err != nil {
		return page, err
	}
	hand, err := curate.InHand(rec.HandFile(folder))
	if err != nil {
		return page, err
	}
	want := curate.Query{Stage: q.Stage, Rule: q.Rule, Text: q.Text, Limit: max(q.Limit, 1), After: q.After, Kept: q.Side != tuiapp.CurationDropped, Dropped: q.Side != tuiapp.CurationKept}
	page.Total = -1
	if q.Stage == "hand" && q.Side == tuiapp.CurationKept && q.Rule != "" {
		want.Rule = "" // rows kept by hand have no rule that dropped them
	}
	got, err := c.at(folder).Page(ctx, want)
	if err != nil {
		return page, err
	}
	for _, f := range got.Rows {
		r := tuiapp.CurationRow{ID: f.ID, Key: addressOf(f.ID, f.N), Question: f.Question, Kept: f.Dropped == "", Stage: f.Dropped, Rule: f.Rule, Reason: reason(f.Decision)}
		handed(&r, hand, f.By)
		if want.Rule == "" && q.Rule != "" && !r.Hand {
			continue
		}
		page.Rows = append(page.Rows, r)
	}
	page.Next = got.Next
	if q.Text == "" {
		page.Total = total(folder, q)
	}
	if len(page.Rows) == 0 && page.Next == "" {
		page.Note = "no row is like that"
	}
	return page, nil
}

// total is how many rows a query without a text has, -1 = not known.
func total(folder string, q tuiapp.CurationQuery) int {
	counts, _, err := curate.Counts(folder)
	if err != nil {
		return -1
	}
	for _, n := range counts {
		if n.Stage != q.Stage && (q.Stage != "" || n.Stage != "load") {
			continue
		}
		switch {
		case q.Rule != "" && q.Side == tuiapp.CurationDropped:
			return n.Dropped[q.Rule]
		case q.Rule != "":
			return -1
		case q.Side == tuiapp.CurationKept:
			return n.Kept
		case q.Side == tuiapp.CurationDropped:
			return n.In - n.Kept
		}
		return n.In
	}
	return -1
}

// addressOf tells rows with equal questions apart: an id, and the row's number among those that were loaded.
func addressOf(id string, n int) string {
	if n < 0 {
		return id
	}
	return fmt.Sprintf("%s#%d", id, n)
}

// atAddress takes an address apart; n is -1 in one that is an id alone.
func atAddress(s string) (id string, n int) {
	if i := strings.LastIndexByte(s, '#'); i >= 0 {
		if n, err := strconv.Atoi(s[i+1:]); err == nil && n >= 0 {
			return s[:i], n
		}
	}
	return s, -1
}

// handed puts the user's decision over a row: it counts when the run goes on. Of copies one is kept, so that those which went for its
// sake stay dropped.
func handed(r *tuiapp.CurationRow, hand map[string]curate.Handed, droppedBy string) {
	if h, ok := hand[r.ID]; ok && !(h.Keep && droppedBy == curate.ExactRule) {
		r.Hand, r.Kept, r.Note = true, h.Keep, h.Note
	}
}

func reason(d curate.Decision) string {
	if d.Detail != "" {
		return d.Detail
	}
	if how, ok := d.Features["selected"].(string); ok {
		return "selected: " + how
	}
	return ""
}

// Row is one row with all its texts and every stage's verdict.
func (c *curator) Row(ctx context.Context, folder, address string) (r tuiapp.CurationRow, err error) {
	rec, err := curate.ReadRecipe(folder)
	if err != nil {
		return r, err
	}
	hand, err := curate.InHand(rec.HandFile(folder))
	if err != nil {
		return r, err
	}
	id, n := atAddress(address)
	row, of, copies, err := c.at(folder).Row(ctx, id, n)
	if err != nil {
		return r, err
	}
	r = tuiapp.CurationRow{ID: id, Key: addressOf(id, of.N), Question: row.Question, Solution: row.Solution, Thought: row.Trace, Answer: row.Attempt, Kept: true}
	if row.File != "" {
		r.Source = fmt.Sprintf("%s:%d", row.File, row.Index+1)
	}
	features := map[string]any{}
	maps.Copy(features, row.Features)
	for _, v := range of.Said {
		maps.Copy(features, v.Features)
		if v.Rule == "" {
			if how := reason(v.Decision); how != "" {
				r.Stage, r.Reason = v.Stage, how
			}
			continue
		}
		r.Kept, r.Stage, r.Rule, r.Reason = false, v.Stage, v.Rule, reason(v.Decision)
		if v.Hit != nil {
			r.Hit = hitOf(row.Question, v.Hit)
		}
	}
	var facts []string
	if copies > 1 {
		facts = append(facts, fmt.Sprintf("one of %d rows with this question", copies))
	}
	if row.SourceType != "" {
		facts = append(facts, "source "+row.SourceType)
	}
	for _, k := range slices.Sorted(maps.Keys(features)) {
		facts = append(facts, fmt.Sprintf("%s %v", k, features[k]))
	}
	if r.Facts = strings.Join(facts, ", "); r.Source != "" {
		r.Facts = strings.TrimSuffix(r.Source+": "+r.Facts, ": ")
	}
	handed(&r, hand, r.Rule)
	return r, nil
}

// hitOf finds what is shared in both texts.
func hitOf(question string, h *curate.Hit) *tuiapp.CurationHit {
	x := &tuiapp.CurationHit{Title: fmt.Sprintf("%s, item %d", h.Set, h.Index), Text: h.Text}
	if h.Set == "" {
		x.Title = "the row " + h.ID
	}
	if h.Shared != "" {
		x.Span = fmt.Sprintf("%d words shared", len(strings.Fields(h.Shared)))
		x.InRow, x.InItem = curate.Shared(question, h.Shared), curate.Shared(h.Text, h.Shared)
	}
	if h.Similarity > 0 {
		x.Similarity = fmt.Sprintf("similarity %.3f", h.Similarity)
	}
	return x
}

// Decide writes the user's decision down.
func (c *curator) Decide(_ context.Context, folder, id string, d tuiapp.CurationDecision) error {
	verdict := curate.Drop
	switch {
	case d.Undo:
		verdict = curate.Undo
	case d.Keep:
		verdict = curate.Keep
	}
	_, _, err := curate.Mark(folder, id, verdict, d.Note, time.Now().UTC())
	return err
}

// Trace makes a session of a row: its texts in the tokens of the model that is open, judged by the row's own solution. A model that
// would make other texts of them makes none, and the error says where the row can be read.
func (c *curator) Trace(ctx context.Context, folder, address string) (string, error) {
	switch {
	case c.desk.store == nil:
		return "", errNothingKept
	case c.desk.model == nil:
		return "", errors.New("a trace is shown in the tokens of a model of this machine, and none is open")
	}
	id, n := atAddress(address)
	row, _, _, err := c.at(folder).Row(ctx, id, n)
	if err != nil {
		return "", err
	}
	answer := row.Attempt
	if answer == "" {
		answer = row.Solution
	}
	run, saved, err := c.desk.model.Written(trace.Ask{Prompt: row.Question, ThinkFormat: c.desk.flags.thinkFormat, Budget: trace.Budget{Cap: -1, AnswerCap: -1}}, row.Trace, answer)
	var unspelt *engine.Unspelt
	switch {
	case errors.As(err, &unspelt):
		// The status line shows its beginning: what is wrong, and what to do.
		return "", fmt.Errorf("%s cannot spell it: read line %d of %s, or open another model (%w)", unspelt.Model, row.Index+1, row.File, err)
	case err != nil:
		return "", err
	}
	if len(row.Solution) <= longestSolution && !strings.Contains(row.Solution, "\n") {
		run.Expected = row.Solution
	}
	note := fmt.Sprintf("row %s of the curation in %s (%s:%d): written elsewhere, cut into the tokens of %s; no probability is known", id, folder, row.File, row.Index+1, run.Model)
	var text bytes.Buffer
	err = sessions.ExportJSONL(&text, sessions.Session{Run: run, Title: "row " + id, Note: note, Branches: []sessions.Kept{{Branch: saved.Branch, Tokens: saved.Tokens, Receipt: saved.Receipt, Comment: note}}})
	if err == nil {
		_, err = c.desk.store.ImportJSONL(ctx, &text)
	}
	return run.ID, err
}
