package text

import (
	"bytes"
	"unicode/utf8"
)

// Part is the line index of a Doc from one byte on, for one width: where texts with the same beginning part, their lines are
// counted from there. Like Layout it is incremental, and wraps a slice at a time.
type Part struct {
	doc         *Doc
	from, width int
	lines       []Line
	seen        int // length of the doc at the last Sync
}

// Set points the part at a doc, a byte and a width. Nothing is wrapped until Sync.
func (p *Part) Set(d *Doc, from, width int) {
	width = max(width, 1)
	if d != nil {
		from = d.start(from)
	}
	if p.doc == d && p.from == from && p.width == width {
		return
	}
	*p = Part{doc: d, from: from, width: width, lines: p.lines[:0]}
}

// start returns the beginning of the character at a byte, within the text.
func (d *Doc) start(at int) int {
	at = min(max(at, 0), len(d.src))
	for at > 0 && at < len(d.src) && !utf8.RuneStart(d.src[at]) {
		at--
	}
	return at
}

// Sync wraps up to budget bytes and says whether the index is complete.
func (p *Part) Sync(budget int) bool {
	if p.doc == nil {
		return true
	}
	n := p.doc.Len()
	if n > p.seen {
		// As in Layout: only the last cluster can still change, and only within the last lines.
		keep := len(p.lines)
		for keep > 0 && p.lines[keep-1].End > p.seen-clusterWindow {
			keep--
		}
		if keep < len(p.lines) {
			p.lines = p.lines[:max(0, keep-1)]
		}
		p.seen = n
	}
	done := p.end()
	for limit := done + budget; done < n && done < limit; {
		end := p.doc.wrap(done, p.width)
		p.lines = append(p.lines, Line{done, end})
		done = end
	}
	return done >= n
}

func (p *Part) end() int {
	if k := len(p.lines); k > 0 {
		return p.lines[k-1].End
	}
	return p.from
}

// Ready says whether every byte is in the index.
func (p *Part) Ready() bool { return p.doc == nil || p.end() >= p.doc.Len() }

// Lines returns what is in the index so far.
func (p *Part) Lines() []Line { return p.lines }

// Before returns the last lines, at most rows, of the text before byte end. They are wrapped from a nearby newline, so that
// it costs what is shown and not what stands before.
func (d *Doc) Before(end, width, rows int) []Line {
	end, width = d.start(end), max(width, 1)
	if end == 0 || rows <= 0 {
		return nil
	}
	pos := max(0, end-(rows+1)*width*utf8.UTFMax)
	if pos > 0 {
		floor := max(0, pos-backtrack)
		if nl := bytes.LastIndexByte(d.src[floor:pos], '\n'); nl >= 0 {
			pos = floor + nl + 1
		} else {
			pos = d.start(pos)
		}
	}
	var lines []Line
	for pos < end {
		to := min(d.wrap(pos, width), end)
		lines = append(lines, Line{pos, to})
		pos = to
	}
	return lines[max(0, len(lines)-rows):]
}

// Slice returns the bytes between two places as they were appended.
func (d *Doc) Slice(from, to int) string {
	to = min(max(to, 0), len(d.src))
	return string(d.src[min(max(from, 0), to):to])
}

// Pin makes the line that holds a byte the first one in view, and ends following.
func (s *Scroll) Pin(at int) { s.free, s.anchor = true, max(at, 0) }
