package lab

import (
	"fmt"

	"s1/tui/text"
	"s1/tui/theme"
)

const (
	detailFrom = 16 // rows from which the question under the cursor is shown in full below
	detailRows = 5
	tokenCells = 8
	between    = 2    // cells between two columns
	lookedAt   = 1000 // questions that decide how wide the columns are
	headedFrom = 10   // rows from which the columns have names
	classCells = 9    // "unparsed" and a space
)

func roleOf(outcome string) theme.Role {
	switch outcome {
	case "right":
		return theme.Strong
	case "wrong":
		return theme.Fault
	}
	return theme.Warn
}

// list is the questions behind a point, the one under the cursor in view.
func (p *Pane) list(width, height int) []string {
	head := p.row(width).To(gutter)
	if p.Point >= 0 && p.Point < p.points() {
		q := &p.Report.Points[p.Point]
		head.Add(theme.Strong, text.Short(q.Name, nameMost, p.Theme))
		head.Add(theme.Dim, fmt.Sprintf("   %d of %s right, %.1f tokens", q.Right, text.Count(q.N), q.Tokens))
	}
	class := "all"
	if p.Class != "" {
		class = "only " + p.Class
	}
	head.Add(theme.Text, fmt.Sprintf("   %s: %s", class, text.Count(len(p.Items))))
	out := []string{head.String()}
	if len(p.Items) == 0 {
		say := "no question here"
		if p.Class != "" {
			say = "no question of this kind; the same key goes on to the next"
		}
		if p.Busy != "" {
			say = p.Busy
		}
		return append(out, p.said(theme.Dim, say, width, height-1)...)
	}
	at := min(max(p.Item, 0), len(p.Items)-1)
	c := p.listed(width)
	if height >= headedFrom {
		out = append(out, p.headings(c, width))
	}
	above := len(out)
	room := height - above
	var detail []string
	if p.Busy != "" {
		detail = p.said(theme.Text, p.Busy, width, 1)
	}
	if p.Fault != "" {
		detail = p.said(theme.Fault, p.Fault, width, 3)
	}
	if height >= detailFrom {
		it := &p.Items[at]
		more := p.said(theme.Text, it.Question[:min(len(it.Question), bytesMost)], width, detailRows)
		more = append(more, p.row(width).To(gutter).Add(theme.Dim, "answer ").Add(theme.Text, text.End(it.Answer, max(width/3, 8), p.Theme)).
			Add(theme.Dim, "   expected ").Add(theme.Text, text.End(it.Gold, max(width/4, 8), p.Theme)).Add(theme.Dim, "   closed "+it.Closed).String())
		detail = append(append([]string{text.Blank(width)}, more...), detail...)
	}
	room -= min(len(detail), max(room-1, 0))
	p.top = max(min(p.top, at, len(p.Items)-room), at-room+1, 0)
	for i := p.top; i < min(p.top+room, len(p.Items)); i++ {
		out = append(out, p.item(c, &p.Items[i], i == at, width))
	}
	for len(out) < above+room {
		out = append(out, text.Blank(width))
	}
	return append(out, detail...)
}

// listed is where the parts of a line begin, and how wide they are. What they need they get; the rest is the question's, and what
// that leaves lies to the right of all.
type listed struct{ question, answer, answerAt, gold, goldAt, tokens int }

func (p *Pane) listed(width int) (c listed) {
	rest := width - gutter - classCells
	most := min(answerMost, rest/4)
	c.answer = p.longest("answer", most, func(it *Item) string { return it.Answer })
	c.gold = p.longest("expected", most, func(it *Item) string { return it.Gold })
	if width >= 60 {
		c.tokens = tokenCells
	}
	c.question = p.longest("question", max(rest-c.answer-c.gold-c.tokens-2*between, 4), func(it *Item) string { return it.Question })
	c.answerAt = gutter + classCells + c.question + between
	c.goldAt = c.answerAt + c.answer + between
	if c.tokens > 0 {
		c.tokens += c.goldAt + c.gold
	}
	return c
}

// longest is how many cells a column needs, most at most. Of a long list its beginning has to do.
func (p *Pane) longest(name string, most int, of func(*Item) string) int {
	n := min(len(name), most)
	for i := range min(len(p.Items), lookedAt) {
		if n = max(n, text.Upto(of(&p.Items[i]), most)); n >= most {
			return most
		}
	}
	return n
}

// headings name the columns.
func (p *Pane) headings(c listed, width int) string {
	r := p.row(width).To(gutter).Add(theme.Dim, "outcome").To(gutter+classCells).Add(theme.Dim, text.Short("question", c.question, p.Theme))
	r.To(c.answerAt).Add(theme.Dim, text.Short("answer", c.answer, p.Theme)).To(c.goldAt).Add(theme.Dim, text.Short("expected", c.gold, p.Theme))
	if c.tokens > 0 {
		r.Right(theme.Dim, c.tokens, "tokens")
	}
	return r.String()
}

func (p *Pane) item(c listed, it *Item, picked bool, width int) string {
	r := p.row(width)
	role := theme.Text
	if picked && p.Focused {
		r.To(1).Add(theme.Accent, p.Theme.Glyphs.Pick)
		role = theme.Strong
	}
	r.To(gutter).Add(roleOf(it.Outcome), text.Short(it.Outcome, classCells-1, p.Theme)).To(gutter + classCells)
	r.Add(role, text.Short(oneLine(it.Question), c.question, p.Theme))
	r.To(c.answerAt).Add(role, text.End(it.Answer, c.answer, p.Theme)).To(c.goldAt).Add(theme.Dim, text.End(it.Gold, c.gold, p.Theme))
	if c.tokens > 0 {
		r.Right(theme.Dim, c.tokens, text.Count(it.Tokens))
	}
	return r.String()
}
