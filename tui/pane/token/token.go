// Package token shows one token: what it is, how likely it was, and what else could have stood there. It draws a token it is
// given; it does not know how one is chosen.
package token

import (
	"fmt"
	"math"
	"unicode/utf8"

	"s1/engine/trace"
	"s1/tui/plot"
	"s1/tui/text"
	"s1/tui/theme"
)

// Sizes in cells and rows.
const (
	indent   = 3
	name     = 10 // of a fact
	piece    = 12 // of a candidate
	narrow   = 30 // width below which the title is short
	barFrom  = 34 // width from which candidates have bars
	factRows = 5
	twoFacts = 44 // width from which two facts stand in a row
)

// Pane shows one token.
type Pane struct {
	Theme   *theme.Theme
	Focused bool
	Token   *trace.Token       // nil = none
	Of      int                // tokens of the branch
	Piece   func(int32) []byte // of a candidate; nil = its id is shown
	Pick    int                // candidate that enter takes, -1 = none
	Empty   string             // what would fill it
}

// Rows returns how many rows it wants.
func (p *Pane) Rows() int {
	if p.Token == nil {
		return 2
	}
	n := 1 + factRows
	if len(p.Token.Top) > 0 {
		n += len(p.Token.Top) + 1
	}
	return n
}

// Render returns height rows of width cells. Where there is too little room the facts give way before the candidates.
func (p *Pane) Render(width, height int) []string {
	out := make([]string, 0, max(height, 0))
	add := func(r *text.Row) {
		if len(out) < height {
			out = append(out, r.String())
		}
	}
	add(p.title(width))
	if p.Token == nil {
		for _, l := range text.Wrap(text.Head(p.Empty, width*max(height, 0)), max(width-indent-1, 1), p.Theme.ASCII) {
			add(text.NewRow(p.Theme, width).To(indent).Add(theme.Dim, l))
		}
	} else {
		facts := p.facts(width)
		room := height - 1
		if k := len(p.Token.Top); k > 0 {
			least := 1
			if p.Focused && height <= 2 {
				least = 0 // what enter would take comes first
			}
			room = max(height-1-min(k, 4), min(len(facts), least))
		}
		for _, r := range facts[:min(len(facts), max(room, 0))] {
			add(r)
		}
		p.candidates(width, height-len(out), add)
	}
	for len(out) < height {
		out = append(out, text.Blank(width))
	}
	return out
}

func (p *Pane) title(width int) *text.Row {
	r := text.NewRow(p.Theme, width)
	role := theme.Dim
	if p.Focused {
		r.To(1).Add(theme.Accent, p.Theme.Glyphs.Pick)
		role = theme.Strong
	}
	r.To(indent).Add(role, "token")
	if k := p.Token; k != nil {
		if width < narrow {
			r.Add(theme.Dim, fmt.Sprintf(" %d ", k.Index)) // the bytes say more than the number of all
		} else {
			r.Add(theme.Dim, fmt.Sprintf(" %d of %d ", k.Index, p.Of)).To(indent + name + 9)
		}
		r.Add(theme.Strong, quoted(k.Bytes))
	}
	return r
}

// facts are what is known of the token, the most telling first.
func (p *Pane) facts(width int) []*text.Row {
	k := p.Token
	type fact struct{ name, value string }
	of := k.Phase.String()
	switch { // only thinking is counted, an answer never
	case k.Counted:
		of += ", counted"
	case k.Phase == trace.PhaseThinking:
		of = "not counted"
	}
	list := []fact{
		{"p", percent(k.Logprob)},
		{"entropy", nats(k.Entropy)},
		{"P(end)", fmt.Sprintf("%s, rank %s", share(k.EndProb), rank(k.EndRank))},
		{"origin", k.Origin.String() + ", " + of},
		{"id", fmt.Sprint(k.ID)},
		{"at", fmt.Sprintf("%.3f s", k.Time.Seconds())},
	}
	if hex := p.hexed(k.Bytes); hex != "" {
		list = append(list, fact{"bytes", hex})
	}
	if k.Wished {
		list = append([]fact{{"wished", "to stop here, and was not let"}}, list...)
	}
	var rows []*text.Row
	for i := 0; i < len(list); i++ {
		r := text.NewRow(p.Theme, width).To(indent).Add(theme.Dim, list[i].name).To(indent+name).Add(theme.Text, list[i].value)
		short := text.Width(list[i].value) <= width/2-indent-name
		if width >= twoFacts && short && i+1 < len(list) && text.Width(list[i+1].value) <= width-width/2-name-1 {
			i++
			r.To(width/2+1).Add(theme.Dim, list[i].name).To(width/2+1+name).Add(theme.Text, list[i].value)
		}
		rows = append(rows, r)
	}
	return rows
}

// candidates are what could have stood there, as bars; the picked one stays in view.
func (p *Pane) candidates(width, room int, add func(*text.Row)) {
	top := p.Token.Top
	pick := min(p.Pick, len(top)-1)
	from := max(0, pick-max(room, 1)+1)
	long := piece
	if width < barFrom {
		long = max(min(piece, width-indent-1-11), 3) // "0.123 · it"
	}
	left := 1.0
	for i, c := range top {
		q := math.Exp(float64(c.Logprob))
		left -= q
		if i < from {
			continue
		}
		r, role := text.NewRow(p.Theme, width), theme.Text
		if i == pick {
			r.To(1).Add(theme.Accent, p.Theme.Glyphs.Pick)
			role = theme.Selected
		}
		r.To(indent).Add(role, p.piece(c.ID, long)).To(indent + long + 1)
		if width >= barFrom {
			r.Add(theme.Text, plot.Share(p.Theme.Glyphs, q, width-indent-long-14)+" ")
		}
		r.Add(role, percent(c.Logprob))
		if c.ID == p.Token.ID {
			r.Add(theme.Dim, " "+p.Theme.Glyphs.Dot+" it")
		}
		add(r)
	}
	if len(top) > 0 {
		add(text.NewRow(p.Theme, width).To(indent).Add(theme.Dim, "all others "+share(float32(max(left, 0)))))
	}
}

func (p *Pane) piece(id int32, long int) string {
	if p.Piece != nil {
		if b := p.Piece(id); len(b) > 0 {
			return text.Short(quoted(b), long, p.Theme)
		}
	}
	return fmt.Sprintf("id %d", id)
}

// quoted is the bytes of a token as a text in quotes: an end of line, a control or half a character can be seen.
func quoted(b []byte) string {
	const most = 256 // bytes; a token is rarely longer than a word
	if len(b) > most {
		b = b[:most]
	}
	return `"` + string(b) + `"`
}

// hexed is the bytes as numbers, "" where they are plain text.
func (p *Pane) hexed(b []byte) string {
	const most = 24
	s := string(b[:min(len(b), most)])
	if len(b) <= most && utf8.Valid(b) && text.Clean(s, false) == s {
		return ""
	}
	hex := fmt.Sprintf("% x", s)
	if len(b) > most {
		hex += " " + p.Theme.Glyphs.Ellipsis
	}
	return hex
}

func known(v float32) bool { return v == v && !math.IsInf(float64(v), 0) }

func percent(logprob float32) string {
	if !known(logprob) {
		return "unknown"
	}
	return fmt.Sprintf("%.3f", math.Exp(float64(logprob)))
}

func share(v float32) string {
	if !known(v) {
		return "unknown"
	}
	return fmt.Sprintf("%.3f", v)
}

func nats(v float32) string {
	if !known(v) {
		return "unknown"
	}
	return fmt.Sprintf("%.2f nats", v)
}

func rank(n int32) string {
	switch {
	case n <= 0:
		return "unknown"
	case n >= trace.RankBeyond:
		return fmt.Sprintf("> %d", trace.RankBeyond-1)
	}
	return fmt.Sprint(n)
}
