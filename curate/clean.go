package curate

import (
	"strconv"
	"strings"
)

// unclean is the rule of s1's filter that a question breaks, with where, or "". [asy] in an AIME question excuses it from all.
func unclean(question, source string) (rule, detail string) {
	if strings.Contains(question, "[asy]") {
		if strings.Contains(source, "AIME") {
			return "", ""
		}
		return "asy", "[asy]"
	}
	if strings.Contains(question, "![Image]") {
		return "image", "![Image]"
	}
	if p := numbered(question); p != "" {
		return "numbered", p
	}
	if b := boldNumber(question); b != "" {
		return "bold-number", b
	}
	return "", ""
}

// numbered finds p1. to p999. anywhere, also inside of a word, as the notebook does. There is no p0. and no p01.
func numbered(s string) string {
	for i := 0; i < len(s); i++ {
		if s[i] != 'p' {
			continue
		}
		j := i + 1
		for j < len(s) && j < i+4 && s[j] >= '0' && s[j] <= '9' {
			j++
		}
		if n, err := strconv.Atoi(s[i+1 : j]); err == nil && n > 0 && s[i+1] != '0' && j < len(s) && s[j] == '.' {
			return s[i : j+1]
		}
	}
	return ""
}

// boldNumber finds \*\*(?=.*\d)[^\s\]]*\*\*: two asterisks with a digit after them on the line, and then two more with no
// space and no ] between. The digit may stand behind the closing asterisks. Python's \s and \d are Unicode's.
func boldNumber(s string) string {
	for i := 0; i+1 < len(s); i++ {
		if s[i:i+2] != "**" {
			continue
		}
		rest := s[i+2:]
		line, _, _ := strings.Cut(rest, "\n")
		if strings.IndexFunc(line, isDigit) < 0 {
			continue
		}
		inner := rest
		if end := strings.IndexFunc(rest, func(r rune) bool { return r == ']' || isSpace(r) }); end >= 0 {
			inner = rest[:end]
		}
		if close := strings.Index(inner, "**"); close >= 0 {
			return s[i : i+2+close+2]
		}
	}
	return ""
}
