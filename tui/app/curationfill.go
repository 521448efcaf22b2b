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
	if row, ok := c.row(); ok && v.detail.Address() == row.Address() {
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
			Rate: g.Rate, Left: g.Left,
		}
		if g.Asks && s.Spend != nil {
			d.Money, d.Bill = spent(s.Spend), bill(s.Spend)
		}
		if would != nil {
			d.Would, d.Unasked = would.Kept, would.Unasked
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

// spent is what its models took in a few words: the money, where there is a price, else the tokens.
func spent(s *CurationSpend) string {
	n, most, limited := group(s.Tokens), group(s.TokenCap), s.TokenCap > 0
	unit, before := " tokens", ""
	if s.Priced {
		n, most, limited = money(s.Cost), money(s.CostCap), s.CostCap > 0
		unit, before = "", "cost "
	}
	if limited {
		n += " of " + most
	}
	return before + n + unit
}

// money is in the unit of the recipe's prices.
func money(n float64) string { return fmt.Sprintf("%.4f", n) }

// bill is the same in full: what, how much.
func bill(s *CurationSpend) [][2]string {
	held := func(some bool, s string) string {
		if some {
			return ", " + s + " held"
		}
		return ""
	}
	out := [][2]string{
		{"spend", "of all runs of this folder"},
		{"requests", group(int64(s.Requests))},
		{"tokens", outOf(group(s.Tokens), s.TokenCap > 0, group(s.TokenCap)) + held(s.Held > 0, group(s.Held))},
	}
	if s.Priced {
		out = append(out, [2]string{"cost", outOf(money(s.Cost), s.CostCap > 0, money(s.CostCap)) + held(s.HeldCost > 0, money(s.HeldCost))})
	}
	return out
}

func outOf(n string, limited bool, most string) string {
	if limited {
		return n + " of " + most
	}
	return n + ", no cap"
}

// group writes 12345 as 12,345.
func group(n int64) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
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
