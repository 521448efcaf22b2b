package library

import (
	"strings"
	"unicode/utf8"

	"s1/tui/text"
	"s1/tui/theme"
)

// tall is how many rows of the screen one run takes: a second one shows what was found.
func (p *Pane) tall() int {
	if p.Query != "" {
		return 2
	}
	return 1
}

// list returns exactly height rows with the cursor's run among them.
func (p *Pane) list(width, height int) []string {
	tall := p.tall()
	fit := max(1, height/tall)
	cursor := min(max(p.Cursor, 0), len(p.Rows)-1)
	p.top = min(max(p.top, cursor-fit+1, 0), cursor, max(0, len(p.Rows)-fit))
	tags := 0 // cells of the tags' column
	for _, r := range p.Rows {
		if len(r.Tags) > 0 && width >= twoLines {
			tags = max(8, width/7)
		}
	}
	var out []string
	for i := p.top; i < len(p.Rows) && len(out) < height; i++ {
		out = append(out, p.line(p.Rows[i], i == cursor, width, tags))
		if tall == 2 {
			out = append(out, p.found(p.Rows[i], width))
		}
	}
	for len(out) < height {
		out = append(out, text.Blank(width))
	}
	return out[:max(height, 0)]
}

// line is when, model, question, answer, verdict and tags, as many of them as the width holds.
func (p *Pane) line(row Row, current bool, width, tagCells int) string {
	r := p.row(width)
	role := theme.Text
	if current {
		role = theme.Dim
		if p.Focused {
			role = theme.Selected
		}
		r.Add(role, p.Theme.Glyphs.Pick)
		role = theme.Strong
	}
	if p.Selected[row.ID] {
		r.To(1).Add(theme.Accent, "*")
	}
	r.To(gutter)
	if width >= twoLines {
		r.Add(theme.Dim, fit(row.When, 16, p.Theme)).To(gutter + 17)
		if width >= 80 {
			r.Add(theme.Dim, fit(row.Model, 10, p.Theme)).To(gutter + 28)
		}
	}
	// The right end first: it must not be pushed out by a long question.
	right := row.Verdict
	if right == "" && row.Closed == "open" {
		right = "interrupted"
		if row.Running {
			right = "running"
		}
	}
	verdictCells := verdictLeast
	if width >= verdictFrom {
		verdictCells = verdictMost
	}
	room := r.Left() - 1 - verdictCells - tagCells
	answer := text.Tail(row.Answer, max(4, room*2/5), p.Theme) // an answer says most at its end
	question := fit(oneLine(row.Question), room-text.Width(answer)-2, p.Theme)
	start := r.Used()
	r.Add(role, question)
	if room > text.Width(answer)+2 {
		r.To(start+room-text.Width(answer)).Add(role, answer)
	}
	r.To(start + room + 1)
	verdict := theme.Dim
	switch right {
	case "right":
		verdict = theme.Accent
	case "wrong":
		verdict = theme.Warn
	}
	r.Add(verdict, fit(right, verdictCells-1, p.Theme))
	if len(row.Tags) > 0 && tagCells > 0 {
		r.To(start+room+1+verdictCells).Add(theme.Dim, fit("#"+strings.Join(row.Tags, " #"), tagCells-1, p.Theme))
	}
	return r.String()
}

// Cells of what a run came to, with a space.
const (
	verdictLeast = 6  // "right", "wrong"
	verdictMost  = 12 // "interrupted"
	verdictFrom  = 72 // width from which there is room for it
)

// found is the second row of a run: where the words stand, and what stands around them.
func (p *Pane) found(row Row, width int) string {
	r := p.row(width).To(gutter)
	if row.Where != "" && width >= twoLines {
		r.Add(theme.Dim, row.Where+": ")
	}
	snippet, hits := row.Snippet, row.Hits
	if len(hits) > 0 {
		snippet, hits = p.nearer(snippet, hits, r.Left())
	}
	marked(r, snippet, hits, theme.Dim)
	return r.String()
}

// nearer cuts the beginning of a snippet off when its first hit would not be seen in so many cells.
func (p *Pane) nearer(s string, hits [][2]int, cells int) (string, [][2]int) {
	from, to := hits[0][0], hits[0][1]
	if from < 0 || to > len(s) || from > to || text.Width(s[:to]) <= cells-1 {
		return s, hits
	}
	cut := max(0, from-max(cells-(to-from)-2, 0)/2)
	for cut < from && !utf8.RuneStart(s[cut]) {
		cut++
	}
	lead := p.Theme.Glyphs.Ellipsis
	moved := make([][2]int, len(hits))
	for i, h := range hits {
		moved[i] = [2]int{h[0] - cut + len(lead), h[1] - cut + len(lead)}
	}
	return lead + s[cut:], moved
}

// marked adds s with the ranges looked for set off in reverse, which stays without colour.
func marked(r *text.Row, s string, hits [][2]int, role theme.Role) {
	at := 0
	for _, h := range hits {
		from, to := min(max(h[0], at), len(s)), min(max(h[1], at), len(s))
		r.Add(role, s[at:from]).Add(theme.Cursor, s[from:max(from, to)])
		at = max(from, to)
	}
	r.Add(role, s[at:])
}

// fit cuts s to w cells.
func fit(s string, w int, t *theme.Theme) string {
	if w <= 0 {
		return ""
	}
	c := text.NewRow(&theme.Theme{Glyphs: t.Glyphs, ASCII: t.ASCII}, w).Add(theme.Text, s).String()
	return strings.TrimRight(c, " ")
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }
