package app

import (
	"fmt"
	"strings"

	"s1/tui/pane/curate"
	"s1/tui/theme"
)

// fillCuration gives the pane what it shows.
func (m *Model) fillCuration() {
	c := &m.curation
	p := &c.pane
	p.Theme, p.Focused, p.Rows = m.theme, true, nil
	p.Empty = m.keys.Text("the funnel of a curation stands here: {curate-new} starts one, {curate-folder} opens the folder of one")
	if p.Run = nil; c.state == nil {
		return
	}
	p.Run = c.funnel()
	v := c.rows
	if v == nil {
		return
	}
	rows := &curate.Rows{Title: v.title(), Query: v.query.Text, Cursor: v.cursor, Total: v.total, Busy: v.busy, Note: v.note}
	for _, r := range v.list {
		rows.List = append(rows.List, curate.Row{ID: r.ID, Question: r.Question, Kept: r.Kept, Hand: r.Hand, Stage: r.Stage, Rule: r.Rule, Reason: r.Reason})
	}
	if row, ok := c.row(); ok && v.detail.ID == row.ID {
		rows.Preview = rowParts(v.detail)
	}
	p.Rows = rows
}

func (v *curationRows) title() string {
	q := v.query
	var words []string
	for _, w := range []string{q.Stage, q.Rule} {
		if w != "" {
			words = append(words, w)
		}
	}
	if len(words) == 0 {
		words = []string{"all of the data"}
	}
	return strings.Join(words, ", ") + ": " + string(q.Side)
}

// funnel is the run as the pane takes it, with the counts of what is tried beside its own.
func (c *curation) funnel() *curate.Run {
	s := c.state
	r := &curate.Run{Title: s.Recipe, Folder: c.folder, State: curate.State(s.State), Facts: s.Facts, Fault: s.Fault, LengthUnit: s.LengthUnit}
	var tried []string
	for _, t := range c.tried {
		tried = append(tried, t.Stage+" "+t.Name+" "+t.Value)
	}
	r.Tried = strings.Join(tried, ", ")
	for _, g := range s.Stages {
		would := c.wouldBe(g.Name)
		d := curate.Stage{
			Name: g.Name, About: g.About, State: curate.State(g.State), In: g.In, Of: g.Of, Kept: g.Kept, Would: curate.Unknown,
			Rate: g.Rate, Left: g.Left, Money: money(g.Spent, g.Limit), Cached: g.Cached,
		}
		if would != nil {
			d.Would = would.Kept
		}
		for _, k := range g.Rules {
			rule := curate.Rule{Name: k.Name, Count: k.Count, Would: curate.Unknown, Hand: k.Hand, Keeps: k.Keeps}
			if would != nil {
				rule.Would = 0 // a rule that drops nothing any more is not in the new counts
				for _, o := range would.Rules {
					if o.Name == k.Name && o.Keeps == k.Keeps {
						rule.Would = o.Count
					}
				}
			}
			d.Rules = append(d.Rules, rule)
		}
		for _, n := range g.Numbers {
			t := curate.Threshold{Name: n.Name, Value: n.Value}
			for _, o := range c.tried {
				if o.Stage == g.Name && o.Name == n.Name {
					t.Tried = o.Value
				}
			}
			d.Thresholds = append(d.Thresholds, t)
		}
		r.Stages = append(r.Stages, d)
	}
	r.Domains, r.Lengths = binsOf(s.Domains), binsOf(s.Lengths)
	return r
}

// wouldBe is a stage with what is tried, nil where nothing is.
func (c *curation) wouldBe(stage string) *CurationStage {
	if c.recount == nil {
		return nil
	}
	for i := range c.recount.Stages {
		if c.recount.Stages[i].Name == stage {
			return &c.recount.Stages[i]
		}
	}
	return nil
}

func binsOf(list []CurationBin) (out []curate.Bin) {
	for _, b := range list {
		out = append(out, curate.Bin{Name: b.Name, Before: b.Before, After: b.After})
	}
	return out
}

func money(spent, limit float64) string {
	switch {
	case spent < 0:
		return ""
	case limit < 0:
		return fmt.Sprintf("$%.2f, no cap", spent)
	}
	return fmt.Sprintf("$%.2f of $%.2f", spent, limit)
}

// rowParts are a row to read: what became of it and why, the test item beside it, and all of its texts.
func rowParts(r CurationRow) []curate.Part {
	verdict := "dropped"
	role := theme.Warn
	if r.Kept {
		verdict, role = "kept", theme.Accent
	}
	if r.Hand {
		verdict += " by hand"
	}
	var where []string
	for _, w := range []string{r.Stage, r.Rule} {
		if w != "" {
			where = append(where, w)
		}
	}
	if len(where) > 0 {
		verdict += ": " + strings.Join(where, ", ")
	}
	why := r.Reason
	if r.Note != "" {
		why = strings.TrimPrefix(why+"\nnote: "+r.Note, "\n")
	}
	if why == "" {
		why = r.Source
	}
	parts := []curate.Part{{Title: r.ID + " " + verdict, Text: why, Role: role}}
	question := curate.Part{Title: "question", Text: r.Question}
	if h := r.Hit; h != nil {
		question.Hits = h.InRow
		title := h.Title
		for _, s := range []string{h.Span, h.Similarity} {
			if s != "" {
				title += ", " + s
			}
		}
		parts = append(parts, question, curate.Part{Title: title, Text: h.Text, Hits: h.InItem, Beside: true})
	} else {
		parts = append(parts, question)
	}
	for _, p := range []curate.Part{{Title: "facts", Text: r.Facts, Role: theme.Dim}, {Title: "solution", Text: r.Solution}, {Title: "answer", Text: r.Answer}, {Title: "thought", Text: r.Thought}} {
		if p.Text != "" {
			parts = append(parts, p)
		}
	}
	return parts
}
