package lab

import (
	"fmt"

	"s1/tui/text"
	"s1/tui/theme"
)

const (
	detailFrom = 16 // rows from which the question under the cursor is shown in full below
	detailRows = 5
	classCells = 9 // "unparsed" and a space
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
		head.Add(theme.Dim, fmt.Sprintf("   %d of %s right, %.1f tokens", q.Right, group(q.N), q.Tokens))
	}
	class := "all"
	if p.Class != "" {
		class = "only " + p.Class
	}
	head.Add(theme.Text, fmt.Sprintf("   %s: %s", class, group(len(p.Items))))
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
	room := height - 1
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
		out = append(out, p.item(&p.Items[i], i == at, width))
	}
	for len(out) < 1+room {
		out = append(out, text.Blank(width))
	}
	return append(out, detail...)
}

func (p *Pane) item(it *Item, picked bool, width int) string {
	r := p.row(width)
	role := theme.Text
	if picked && p.Focused {
		r.To(1).Add(theme.Accent, p.Theme.Glyphs.Pick)
		role = theme.Strong
	}
	r.To(gutter).Add(roleOf(it.Outcome), text.Short(it.Outcome, classCells-1, p.Theme)).To(gutter + classCells)
	rest := width - gutter - classCells
	answer := min(answerMost, rest/4)
	gold := answer
	tokens := 0
	if width >= 60 {
		tokens = 9
	}
	question := max(rest-answer-gold-tokens-4, 4)
	r.Add(role, text.Short(oneLine(it.Question), question, p.Theme))
	col := gutter + classCells + question + 2
	r.To(col).Add(role, text.End(it.Answer, answer, p.Theme)).To(col+answer+1).Add(theme.Dim, text.End(it.Gold, gold, p.Theme))
	if tokens > 0 {
		r.To(col+answer+gold+2).Right(theme.Dim, width-1, group(it.Tokens))
	}
	return r.String()
}
