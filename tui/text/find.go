package text

import (
	"bytes"
	"regexp"
	"strings"
	"unicode"
)

// maxHits bounds how many places a search gives.
const maxHits = 100_000

// All returns where needle stands, ascending. Capitals count only where the needle has one.
func (d *Doc) All(needle string) []int {
	if needle == "" {
		return nil
	}
	hay, find := d.src, []byte(needle)
	if strings.IndexFunc(needle, unicode.IsUpper) < 0 {
		hay, find = lower(hay), lower(find)
	}
	var hits []int
	for from := 0; len(hits) < maxHits; {
		i := bytes.Index(hay[from:], find)
		if i < 0 {
			break
		}
		hits = append(hits, from+i)
		from += i + len(find)
	}
	return hits
}

// lower makes ASCII capitals small and keeps every other byte, so that places stay the same.
func lower(b []byte) []byte {
	out := bytes.Clone(b)
	for i, c := range out {
		if c >= 'A' && c <= 'Z' {
			out[i] = c + 'a' - 'A'
		}
	}
	return out
}

// Reflection finds words with which a thought turns on itself.
type Reflection struct{ pattern *regexp.Regexp }

// NewReflection looks for the given words and phrases; none = the usual ones.
func NewReflection(words []string) Reflection {
	if len(words) == 0 {
		words = []string{"wait", "but", "hmm", "alternatively", "however", "actually", "let me check", "let me double-check", "on second thought"}
	}
	quoted := make([]string, len(words))
	for i, w := range words {
		quoted[i] = regexp.QuoteMeta(w)
	}
	return Reflection{regexp.MustCompile(`(?i)\b(?:` + strings.Join(quoted, "|") + `)\b`)}
}

// All returns where such words begin, ascending.
func (r Reflection) All(d *Doc) []int {
	if r.pattern == nil {
		return nil
	}
	var hits []int
	for _, m := range r.pattern.FindAllIndex(d.src, maxHits) {
		hits = append(hits, m[0])
	}
	return hits
}
