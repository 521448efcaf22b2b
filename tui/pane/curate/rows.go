package curate

import (
	"strings"

	"s1/tui/text"
	"s1/tui/theme"
)

// Row is one row of the data, with what became of it.
type Row struct {
	ID, Question string
	Kept         bool
	Hand         bool   // decided by the user
	Stage, Rule  string // that dropped it
	Reason       string // in words
}

// Part is a piece of the preview with a heading.
type Part struct {
	Title, Text string
	Hits        [][2]int // byte ranges of Text that matter
	Role        theme.Role
	Beside      bool // stands beside the part before where there is room: a test item and the row that has its words
}

// Rows is what is behind a line of the funnel.
type Rows struct {
	Title   string // which rows, in words
	Query   string
	List    []Row
	Cursor  int
	Total   int // -1 = not counted
	Busy    bool
	Note    string
	Preview []Part

	top int
}

func (p *Pane) rows(width, height int) []string {
	v := p.Rows
	out := []string{p.rowsHead(width), p.rowsStatus(width)}
	room := height - len(out)
	switch {
	case room <= 0:
	case len(v.List) == 0:
		say := "no row is here"
		if v.Query != "" {
			say = "no row with these words; fewer words, or none"
		}
		if !v.Busy {
			out = append(out, p.empty(say, width)...)
		}
	case width >= besideFrom:
		list := width * 52 / 100
		left, right := p.list(list, room), p.preview(width-list-2, room)
		vert := p.row(1).Add(theme.Dim, p.Theme.Glyphs.Vert).String()
		for i := range room {
			out = append(out, left[i]+vert+" "+right[i])
		}
	case room >= 2*previewMin:
		rows := min(room-max(previewMin, room/2)-1, len(v.List))
		out = append(out, p.list(width, rows)...)
		out = append(out, p.rule(width))
		out = append(out, p.preview(width, room-rows-1)...)
	default:
		out = append(out, p.list(width, room)...)
	}
	return out
}

func (p *Pane) rowsHead(width int) string {
	return put(p.row(width).To(1), theme.Strong, p.Rows.Title).String()
}

func (p *Pane) rowsStatus(width int) string {
	v, r := p.Rows, p.row(width).To(gutter)
	sep := func() {
		if r.Used() > gutter {
			r.Add(theme.Dim, " "+p.Theme.Glyphs.Dot+" ")
		}
	}
	switch {
	case v.Busy:
		r.Add(theme.Dim, "reading")
	case v.Total == 1:
		r.Add(theme.Text, "1 row")
	case v.Total >= 0:
		r.Add(theme.Text, number(v.Total)+" rows")
	}
	if v.Query != "" {
		sep()
		r.Add(theme.Dim, "with ").Add(theme.Text, text.Short(v.Query, 40, p.Theme))
	}
	if v.Note != "" {
		sep()
		put(r, theme.Warn, v.Note)
	}
	return r.String()
}

// list returns exactly height rows with the cursor's among them.
func (p *Pane) list(width, height int) []string {
	v := p.Rows
	cursor := min(max(v.Cursor, 0), len(v.List)-1)
	v.top = min(max(v.top, cursor-height+1, 0), cursor, max(0, len(v.List)-height))
	var out []string
	for i := v.top; i < len(v.List) && len(out) < height; i++ {
		out = append(out, p.entry(v.List[i], i == cursor, width))
	}
	for len(out) < height {
		out = append(out, text.Blank(width))
	}
	return out[:max(height, 0)]
}

// entry is what became of a row, its id, why, and its question.
func (p *Pane) entry(row Row, current bool, width int) string {
	r, role := p.row(width), theme.Text
	if current {
		role = theme.Dim
		if p.Focused {
			role = theme.Selected
		}
		r.Add(role, p.Theme.Glyphs.Pick)
		role = theme.Strong
	}
	if row.Hand {
		r.To(1).Add(theme.Accent, p.Theme.Glyphs.Injected)
	}
	state, word := theme.Warn, "dropped"
	if row.Kept {
		state, word = theme.Accent, "kept"
	}
	r.To(gutter).Add(state, word).To(gutter + 8)
	id := 8
	if width >= 80 {
		id = 16
	}
	r.Add(theme.Dim, text.Short(row.ID, id, p.Theme)).To(gutter + 8 + id + 1)
	if why := row.why(); why != "" {
		cells := max(r.Left()*2/5, min(r.Left(), 10))
		at := r.Used()
		r.Add(theme.Text, text.Short(why, cells-1, p.Theme)).To(at + cells)
	}
	return r.Add(role, text.Short(oneLine(text.Head(row.Question, width)), r.Left(), p.Theme)).String()
}

func (r Row) why() string {
	switch {
	case r.Rule == "":
		return r.Stage
	case r.Reason == "":
		return r.Rule
	}
	return r.Rule + ": " + oneLine(text.Head(r.Reason, 80))
}

// preview returns exactly height rows of the row under the cursor.
func (p *Pane) preview(width, height int) []string {
	var out []string
	parts := p.Rows.Preview
	for i := 0; i < len(parts) && len(out) < height; i++ {
		left := height - len(out)
		n := 1
		if i+1 < len(parts) && parts[i+1].Beside && width >= pairFrom {
			n = 2
		}
		most := left
		if rest := len(parts) - i - n; rest > 0 {
			most = max(2, min(left-3*rest, max(left/2, 4))) // what follows keeps a heading and two rows
		}
		if n == 2 {
			half := (width - 2) / 2
			a, b := p.part(parts[i], half, most), p.part(parts[i+1], width-2-half, most)
			for k := range max(len(a), len(b)) {
				out = append(out, at(a, k, half)+"  "+at(b, k, width-2-half))
			}
			i++
			continue
		}
		out = append(out, p.part(parts[i], width, most)...)
	}
	for len(out) < height {
		out = append(out, text.Blank(width))
	}
	return out[:max(height, 0)]
}

func at(rows []string, i, width int) string {
	if i < len(rows) {
		return rows[i]
	}
	return text.Blank(width)
}

// part is a heading and at most rows-1 rows of text, from a little before what matters in it.
func (p *Pane) part(part Part, width, rows int) []string {
	var out []string
	if part.Title != "" {
		out = append(out, put(p.row(width), theme.Dim, part.Title).String())
	}
	s, hits := text.Window(part.Text, part.Hits, previewMax)
	d := text.NewDoc(p.Theme.ASCII)
	done := 0
	for _, h := range hits {
		d.Append(s[done:h[0]], part.Role)
		d.Append(s[h[0]:h[1]], theme.Cursor)
		done = h[1]
	}
	d.Append(s[done:], part.Role)
	if d.Len() == 0 || rows <= len(out) {
		return out
	}
	var sc text.Scroll
	sc.Place(d, width, rows-len(out))
	sc.Top()
	if len(hits) > 0 {
		sc.Show(hits[0][0])
	}
	for _, l := range sc.Lines() {
		if len(out) < rows {
			r := p.row(width)
			d.Draw(r, l, width, nil)
			out = append(out, r.String())
		}
	}
	return out
}

func oneLine(s string) string { return strings.Join(strings.Fields(s), " ") }
