package text

import (
	"bytes"
	"sort"
)

// Sizes of lazy wrapping.
const (
	// SliceBytes is how much is wrapped in one frame when everything must be wrapped anew, about 2 ms for
	// the slowest scripts.
	SliceBytes = 32 << 10
	backtrack  = 8 << 10 // bytes searched backwards for a newline to start a local wrap from
)

// Layout is the line index of a Doc for one width. Finished lines are final: an append wraps only the last few
// again, because only the last cluster can still change and it can only move within them.
type Layout struct {
	doc   *Doc
	width int
	lines []Line
	seen  int // length of the doc at the last Sync
}

// Set points the layout at a doc and a width. Nothing is wrapped until Sync.
func (l *Layout) Set(d *Doc, width int) {
	width = max(width, 1)
	if l.doc == d && l.width == width {
		return
	}
	*l = Layout{doc: d, width: width, lines: l.lines[:0]}
}

// Sync wraps up to budget bytes and says whether the index is complete.
func (l *Layout) Sync(budget int) bool {
	if l.doc == nil {
		return true
	}
	n := l.doc.Len()
	if n > l.seen {
		// The end may have been half a character or half a cluster: the lines that hold it, and one more, since a
		// cluster that became narrower may now fit there, are wrapped again.
		keep := len(l.lines)
		for keep > 0 && l.lines[keep-1].End > l.seen-clusterWindow {
			keep--
		}
		if keep < len(l.lines) {
			l.lines = l.lines[:max(0, keep-1)]
		}
		l.seen = n
	}
	done := 0
	if k := len(l.lines); k > 0 {
		done = l.lines[k-1].End
	}
	limit := done + budget
	for done < n && done < limit {
		end := l.doc.wrap(done, l.width)
		l.lines = append(l.lines, Line{done, end})
		done = end
	}
	return done == n
}

// Ready says whether every byte is in the index.
func (l *Layout) Ready() bool {
	return l.doc == nil || l.doc.Len() == 0 || len(l.lines) > 0 && l.lines[len(l.lines)-1].End == l.doc.Len()
}

// around returns lines near the byte anchor, at least before lines above and after lines from it on where the
// text has them, and which of them holds the anchor. Without a complete index it wraps locally from a nearby newline.
func (l *Layout) around(anchor, before, after int) (lines []Line, at int) {
	if l.doc == nil || l.doc.Len() == 0 {
		return nil, 0
	}
	anchor = min(max(anchor, 0), l.doc.Len()-1)
	if l.Ready() {
		i := sort.Search(len(l.lines), func(i int) bool { return l.lines[i].End > anchor })
		from := max(0, i-before)
		return l.lines[from:min(len(l.lines), i+after)], i - from
	}
	pos, _ := l.near(max(0, anchor-(before+1)*l.width))
	at = -1
	for pos < l.doc.Len() && (at < 0 || len(lines)-at < after) {
		end := l.doc.wrap(pos, l.width)
		if at < 0 && end > anchor {
			at = len(lines)
		}
		lines = append(lines, Line{pos, end})
		pos = end
	}
	return lines, max(at, 0)
}

// near returns a place at or before pos to wrap from, and whether a line of the complete index begins there too: behind a
// newline nearby, else at the character itself.
func (l *Layout) near(pos int) (int, bool) {
	floor := max(0, pos-backtrack)
	if nl := bytes.LastIndexByte(l.doc.src[floor:pos], '\n'); nl >= 0 || floor == 0 {
		return floor + nl + 1, true
	}
	return l.doc.start(pos), false
}

// below returns up to rows lines from the one that holds the byte top. Where nothing nearby says where lines begin, top
// begins one: whoever put it on top saw it so, and lines below must not fall otherwise.
func (l *Layout) below(top, rows int) []Line {
	if l.doc == nil || l.doc.Len() == 0 {
		return nil
	}
	top = min(max(top, 0), l.doc.Len()-1)
	if !l.Ready() {
		if _, known := l.near(max(0, top-l.width)); !known {
			var lines []Line
			for at := l.doc.start(top); at < l.doc.Len() && len(lines) < rows; {
				end := l.doc.wrap(at, l.width)
				lines = append(lines, Line{at, end})
				at = end
			}
			return lines
		}
	}
	lines, at := l.around(top, 0, rows)
	return lines[at:min(len(lines), at+rows)]
}
