package compare

import (
	"fmt"
	"sort"

	"s1/tui/text"
	"s1/tui/theme"
)

// Of a long run of unchanged sentences those beside a change stay.
const (
	foldFrom = 6 // unchanged sentences that are folded
	foldKeep = 2 // of them shown beside a change
	kindMore = '.'

	answerBytes = 4096 // of an answer, looked at for its last line
)

// diffView is what changed from the first side to the second, as one text that is built anew when either has a new sentence.
type diffView struct {
	a, b   sentences
	built  state // of what doc was built
	doc    *text.Doc
	starts []int  // of the pieces of doc
	kinds  []byte // ' ', '-', '+', or kindMore where unchanged ones are folded
	scroll text.Scroll

	removed, added, same int
	whole                bool
	none                 text.Doc
}

// state is what a diff depends on: which texts, and how many whole sentences of each.
type state struct {
	docs      [2]*text.Doc
	ends, len [2]int
	ascii     bool
}

// read takes over what the two sides have by now.
func (v *diffView) read(a, b *Side, ascii bool) {
	docs := [2]*text.Doc{a.Thought, b.Thought}
	for i := range docs {
		if docs[i] == nil {
			docs[i] = &v.none
		}
	}
	v.a.read(docs[0], a.Growing)
	v.b.read(docs[1], b.Growing)
	now := state{docs, [2]int{v.a.end(), v.b.end()}, [2]int{v.a.len(), v.b.len()}, ascii}
	if v.doc != nil && now == v.built {
		return
	}
	fresh := v.doc == nil || now.docs != v.built.docs
	v.built = now
	v.build(ascii)
	if fresh {
		v.scroll.Pin(0)
	}
}

// build aligns the sentences and writes them down.
func (v *diffView) build(ascii bool) {
	ids := map[string]int32{}
	number := func(s *sentences) []int32 {
		out := make([]int32, s.len())
		for i := range out {
			t := s.at(i)
			id, ok := ids[t]
			if !ok {
				id = int32(len(ids))
				ids[t] = id
			}
			out[i] = id
		}
		return out
	}
	edits, whole := align(number(&v.a), number(&v.b), editsMost)
	v.doc, v.starts, v.kinds = text.NewDoc(ascii), nil, nil
	v.removed, v.added, v.same, v.whole = 0, 0, 0, whole
	for i, e := range edits {
		switch e.kind {
		case '-':
			v.removed += e.n
			v.write(&v.a, e.a, e.n, '-', theme.Fault)
		case '+':
			v.added += e.n
			v.write(&v.b, e.b, e.n, '+', theme.Accent)
		default:
			v.same += e.n
			head, tail := foldKeep, foldKeep
			if i == 0 {
				head = 0
			}
			if i == len(edits)-1 {
				tail = 0
			}
			if len(edits) == 1 || e.n < foldFrom || e.n <= head+tail {
				v.write(&v.b, e.b, e.n, ' ', theme.Dim)
				continue
			}
			v.write(&v.b, e.b, head, ' ', theme.Dim)
			v.put(kindMore, theme.Dim, fmt.Sprintf("%d the same", e.n-head-tail))
			v.write(&v.b, e.b+e.n-tail, tail, ' ', theme.Dim)
		}
	}
}

func (v *diffView) write(s *sentences, from, n int, kind byte, role theme.Role) {
	for i := from; i < from+n; i++ {
		v.put(kind, role, s.at(i))
	}
}

func (v *diffView) put(kind byte, role theme.Role, s string) {
	v.doc.Break()
	v.starts = append(v.starts, v.doc.Len())
	v.kinds = append(v.kinds, kind)
	if s == "" {
		s = " "
	}
	v.doc.Append(s, role)
}

func (v *diffView) kindAt(at int) byte {
	i := sort.SearchInts(v.starts, at+1) - 1
	if i < 0 {
		return ' '
	}
	return v.kinds[i]
}

// renderDiff draws the diff of the first two sides, and what each of them answers below it.
func (p *Pane) renderDiff(out []string, width, height int) []string {
	a, b := &p.Sides[0], &p.Sides[1]
	v := &p.diff
	v.read(a, b, p.Theme.ASCII)
	r := text.NewRow(p.Theme, width).To(gutter)
	r.Add(theme.Fault, "- "+text.Short(a.Label, 8, p.Theme)).Add(theme.Text, "  ").Add(theme.Accent, "+ "+text.Short(b.Label, 8, p.Theme))
	r.Add(theme.Text, fmt.Sprintf("   %d removed, %d added, ", v.removed, v.added)).Add(theme.Dim, fmt.Sprintf("%d the same", v.same))
	if p.count() > 2 {
		r.Add(theme.Dim, fmt.Sprintf("   the first two of %d", p.count()))
	}
	out = append(out, r.String())
	note := ""
	switch {
	case !v.whole:
		note = fmt.Sprintf("more than %d changes: only the beginning and the end are aligned", editsMost)
	case a.Growing || b.Growing:
		note = "the sentence being written is not compared yet"
	}
	if note != "" && height > 3 {
		out = append(out, text.NewRow(p.Theme, width).To(gutter).Add(theme.Dim, note).String())
	}
	answers := 0
	if height >= 8 {
		answers = 2
	}
	rows := height - len(out) - answers
	if rows > 0 {
		out = append(out, p.drawDiff(width, rows)...)
	}
	for len(out) < height-answers {
		out = append(out, text.Blank(width))
	}
	for i := range answers {
		s := &p.Sides[i]
		role, sign := theme.Fault, "-"
		if i == 1 {
			role, sign = theme.Accent, "+"
		}
		r := text.NewRow(p.Theme, width).To(1).Add(role, sign).To(gutter).Add(theme.Strong, text.Short(s.Label, 4, p.Theme)).To(gutter + p.labels() + 2)
		if s.Answer == nil || s.Answer.Len() == 0 {
			r.Add(theme.Dim, text.Head(s.Waiting, width))
		} else {
			most := max(r.Left()/2, 1)
			r.Add(theme.Text, text.End(s.Answer.Last(answerBytes), most, p.Theme))
		}
		out = append(out, r.Add(theme.Dim, "   "+text.Head(s.Facts, width)).String())
	}
	return out
}

func (p *Pane) drawDiff(width, rows int) []string {
	v := &p.diff
	w := max(width-gutter-1, 1)
	if v.doc.Len() == 0 {
		return []string{text.NewRow(p.Theme, width).To(gutter).Add(theme.Dim, "no sentence to compare yet").String()}
	}
	v.scroll.Clamp(v.doc)
	v.scroll.Place(v.doc, w, rows)
	var out []string
	for _, l := range v.scroll.Lines() {
		r := text.NewRow(p.Theme, width)
		switch v.kindAt(l.Start) {
		case '-':
			r.To(1).Add(theme.Fault, "-")
		case '+':
			r.To(1).Add(theme.Accent, "+")
		case kindMore:
			r.To(1).Add(theme.Dim, p.Theme.Glyphs.Ellipsis)
		}
		r.To(gutter)
		v.doc.Draw(r, l, w, nil)
		out = append(out, r.String())
	}
	return out
}
