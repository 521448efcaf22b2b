package text

import (
	"bytes"
	"strings"
	"unicode"
)

const (
	maxHits     = 100_000  // bounds how many places a search gives
	searchSlice = 64 << 10 // bytes made small at a time
)

// search is what was searched last. A text only grows, so that a frame looks at what came since the one before.
type search struct {
	needle string
	upto   int // no unseen hit begins before this byte
	hits   []int
}

// All returns where needle stands, ascending. Capitals count only where the needle has one; beyond ASCII they always do.
// The list is shared and must not be changed.
func (d *Doc) All(needle string) []int {
	if needle == "" {
		return nil
	}
	s := &d.last
	if s.needle != needle {
		*s = search{needle: needle}
	}
	find, fold := []byte(needle), strings.IndexFunc(needle, unicode.IsUpper) < 0
	var small []byte
	for len(s.hits) < maxHits && s.upto+len(find) <= len(d.src) {
		hay := d.src[s.upto:min(s.upto+searchSlice+len(find), len(d.src))]
		if fold {
			small = lower(small[:0], hay)
			hay = small
		}
		at := 0
		for len(s.hits) < maxHits {
			i := bytes.Index(hay[at:], find)
			if i < 0 {
				break
			}
			s.hits = append(s.hits, s.upto+at+i)
			at += i + len(find)
		}
		s.upto += max(at, len(hay)-len(find)+1)
	}
	return s.hits
}

// lower appends b to out with ASCII capitals made small and every other byte kept, so that places stay the same.
func lower(out, b []byte) []byte {
	out = append(out, b...)
	for i, c := range out {
		if c-'A' < 26 {
			out[i] = c + 'a' - 'A'
		}
	}
	return out
}
