package compare

import (
	"strings"

	"s1/tui/text"
)

// lineMost is how long a line may be, in bytes, to be one piece whatever sentences are in it: "37*5=185? 5c3 8c1 =185 ok" is a
// step of a calculation and not two sentences.
const lineMost = 40

// sentences are the pieces of a text: a short line, otherwise what ends with a sentence or with a line, whichever comes first,
// each with the white space behind it. A text only grows, and so do they.
type sentences struct {
	doc  *text.Doc
	ends []int // exclusive, ascending
	seen int   // bytes looked at
	grew bool  // the last piece was not finished then
}

// read splits what has come since. The last piece of a text that still grows is not finished, and not among them.
func (s *sentences) read(d *text.Doc, growing bool) {
	if s.doc != d || d.Len() < s.seen {
		*s = sentences{doc: d}
	}
	if d.Len() == s.seen && growing == s.grew {
		return
	}
	// The end of the last piece may have been the end of the text only, or have had more white space to come.
	for len(s.ends) > 0 && s.ends[len(s.ends)-1] == s.seen && d.Len() > s.seen {
		s.ends = s.ends[:len(s.ends)-1]
	}
	from := s.end()
	for rest := d.Slice(from, d.Len()); len(rest) > 0; {
		n, whole := piece(rest)
		if growing && (!whole || n == len(rest)) {
			break
		}
		from += n
		s.ends = append(s.ends, from)
		rest = rest[n:]
	}
	s.seen, s.grew = d.Len(), growing
}

// end returns how many bytes the pieces cover.
func (s *sentences) end() int {
	if k := len(s.ends); k > 0 {
		return s.ends[k-1]
	}
	return 0
}

func (s *sentences) len() int { return len(s.ends) }

// at returns a piece without the white space around it.
func (s *sentences) at(i int) string {
	from := 0
	if i > 0 {
		from = s.ends[i-1]
	}
	return strings.TrimSpace(s.doc.Slice(from, s.ends[i]))
}

// piece returns the length of the first piece of a text, and whether its end was seen.
func piece(s string) (n int, whole bool) {
	lead := len(s) - len(strings.TrimLeft(s, " \n\t\r"))
	if end := strings.IndexByte(s[lead:min(len(s), lead+lineMost+1)], '\n'); end >= 0 {
		return white(s, lead+end), true
	}
	if len(s)-lead <= lineMost {
		return len(s), false // it may yet become a short line
	}
	for i := lead; i < len(s); {
		switch s[i] {
		case '\n':
			return white(s, i), true
		case '.', '!', '?':
			i++
			for i < len(s) && strings.IndexByte(`.!?"')]`, s[i]) >= 0 {
				i++
			}
			if i < len(s) && strings.IndexByte(" \n\t\r", s[i]) >= 0 {
				return white(s, i), true
			}
		case 0xe3, 0xef: // the full stops of Chinese and Japanese need no space behind them
			if strings.HasPrefix(s[i:], "。") || strings.HasPrefix(s[i:], "！") || strings.HasPrefix(s[i:], "？") {
				return white(s, i+3), true
			}
			i++
		default:
			i++
		}
	}
	return len(s), false
}

func white(s string, i int) int {
	for i < len(s) && strings.IndexByte(" \n\t\r", s[i]) >= 0 {
		i++
	}
	return i
}
