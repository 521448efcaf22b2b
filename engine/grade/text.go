package grade

import (
	"strings"
	"unicode"
)

// plain is a text without what only changes how it looks; case, digits and every sign that can mean something stay.
func plain(s string) string {
	s = trimAnswer(s)
	for _, d := range delimiters {
		if len(s) > len(d.open)+len(d.close) && strings.HasPrefix(s, d.open) && strings.HasSuffix(s, d.close) && closing(s[len(d.open):], d.close) == len(s)-len(d.open)-len(d.close) {
			s = trimAnswer(s[len(d.open) : len(s)-len(d.close)])
		}
	}
	return strings.Join(strings.Fields(s), " ")
}

// words is a text answer reduced to its letters, digits and signs.
func words(s string, caseMatters bool) string {
	for _, c := range []string{`\text`, `\mbox`, `\mathrm`, `\textbf`, `\left`, `\right`, `\,`, `\ `, `\!`, `\;`} {
		s = strings.ReplaceAll(s, c, " ")
	}
	s = strings.TrimSpace(s)
	var b strings.Builder
	for _, r := range s {
		switch {
		case unicode.IsLetter(r) || unicode.IsDigit(r):
			if !caseMatters {
				r = unicode.ToLower(r)
			}
			b.WriteRune(r)
		case strings.ContainsRune("+-*/^=<>()[]%!|", r):
			b.WriteRune(r)
		}
	}
	t := b.String()
	if f := strings.Fields(s); len(f) > 1 && len(f[0]) <= 3 {
		switch strings.ToLower(f[0]) {
		case "the", "a", "an":
			t = t[len(f[0]):]
		}
	}
	return t
}
