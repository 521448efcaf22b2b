package library

import (
	"s1/tui/text"
	"s1/tui/theme"
)

// preview returns exactly height rows of the run under the cursor. The part with the first hit is shown from a little
// before the hit, so that what was looked for is in view.
func (p *Pane) preview(width, height int) []string {
	var out []string
	for i, part := range p.Preview {
		if len(out) >= height {
			break
		}
		if part.Title != "" {
			out = append(out, p.row(width).Add(theme.Dim, part.Title).String())
		}
		role := theme.Text
		if part.Quiet {
			role = theme.Dim
		}
		left := height - len(out)
		most := left
		if rest := len(p.Preview) - i - 1; rest > 0 && !part.Quiet {
			most = max(1, left-3*rest) // what follows keeps a heading and two rows
		}
		out = append(out, p.body(part, role, width, most)...)
	}
	for len(out) < height {
		out = append(out, text.Blank(width))
	}
	return out[:max(height, 0)]
}

// previewBytes bounds what is wrapped of one part around its first hit.
const previewBytes = 8 << 10

// body is at most rows rows of a part.
func (p *Pane) body(part Part, role theme.Role, width, rows int) []string {
	s, hits := text.Window(part.Text, part.Hits, previewBytes)
	d := text.NewDoc(p.Theme.ASCII)
	at := 0
	for _, h := range hits {
		d.Append(s[at:h[0]], role)
		d.Append(s[h[0]:h[1]], theme.Cursor)
		at = h[1]
	}
	d.Append(s[at:], role)
	if d.Len() == 0 {
		return nil
	}
	var lay text.Scroll
	lay.Place(d, width, rows)
	lay.Top()
	if len(hits) > 0 {
		lay.Show(hits[0][0])
	}
	var out []string
	for _, l := range lay.Lines() {
		r := p.row(width)
		d.Draw(r, l, width, nil)
		out = append(out, r.String())
	}
	return out[:min(len(out), rows)]
}
