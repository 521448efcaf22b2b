package tape

import (
	"strings"
	"unicode"
)

// fold writes a text in the few characters that lex knows: lower-case ASCII letters, digits of every script as 0..9, every
// minus and dash as -, and so on. What has no such form stays, and is nothing lex knows.
func fold(text string) string {
	var b strings.Builder
	for _, r := range text {
		if r >= '！' && r <= '～' {
			r -= '！' - '!' // full width
		}
		switch r {
		case '×', '✕', '✖', '⨯', '·', '⋅', '∙', '∗':
			r = '*'
		case '÷', '∕', '⁄', '➗':
			r = '/'
		case '−', '‐', '‑', '‒', '–', '—', '﹣', '➖':
			r = '-'
		case '➕', '﹢':
			r = '+'
		case '、', '；', ';', '\n', '\r':
			r = ','
		case '’', '‘':
			r = '\''
		}
		switch {
		case unicode.IsSpace(r) || r == '\u200b' || r == '\ufeff' || r == '"' || r == '`' || r == '“' || r == '”':
			r = ' '
		case r < 128:
			r = unicode.ToLower(r)
		case unicode.IsDigit(r):
			r = '0' + digitOf(r)
		}
		b.WriteRune(r)
	}
	return b.String()
}

// digitOf gives the value of a decimal digit of any script: each script's ten stand together, in order, and a range of them
// begins with a zero.
func digitOf(r rune) rune {
	for _, set := range unicode.Nd.R16 {
		if r >= rune(set.Lo) && r <= rune(set.Hi) {
			return (r - rune(set.Lo)) % 10
		}
	}
	for _, set := range unicode.Nd.R32 {
		if r >= rune(set.Lo) && r <= rune(set.Hi) {
			return (r - rune(set.Lo)) % 10
		}
	}
	return 0
}

func isLetter(c byte) bool { return c >= 'a' && c <= 'z' || c == '\'' || c >= 128 }
func isDigit(c byte) bool  { return c >= '0' && c <= '9' }

// lex cuts a folded text into numbers, operations, and words before and behind them.
func lex(whole string) ([]lexeme, error) {
	var out []lexeme
	s, started := whole, false
scan:
	for s != "" {
		c := s[0]
		switch {
		case c == ' ' || c == ',' || c == ':' && !started:
			s = s[1:]
			continue
		case c == ':':
			out = append(out, lexeme{kind: operation, op: '/', text: s[:1]})
			s = s[1:]
			continue
		case c == '=' || c == '?' || c == '.' || c == '!':
			if started || c == '=' {
				out = append(out, lexeme{kind: closing, text: s[:1]})
			}
			s = s[1:]
			continue
		case c == '+' || c == '-' || c == '*' || c == '/':
			out = append(out, lexeme{kind: operation, op: c, text: s[:1]})
			s = s[1:]
			continue
		case strings.IndexByte("()[]{}", c) >= 0:
			return nil, bracketed(whole)
		case isDigit(c):
			l, n, err := lexNumber(s)
			if err != nil {
				return nil, err
			}
			out, started = append(out, l), true
			s = s[n:]
			continue
		}
		for _, o := range operations {
			if n := matchWords(s, o.words); n > 0 {
				out = append(out, lexeme{kind: operation, op: o.op, text: s[:n]})
				s = s[n:]
				continue scan
			}
		}
		for _, w := range fillers {
			if n := matchWords(s, w); n > 0 {
				s = s[n:]
				continue scan
			}
		}
		list, kind := openers, opening
		if started {
			list, kind = closers, closing
		}
		for _, w := range list {
			if n := matchWords(s, w); n > 0 {
				out = append(out, lexeme{kind: kind, text: s[:n]})
				s = s[n:]
				continue scan
			}
		}
		return nil, strange(s)
	}
	return out, nil
}

// lexNumber reads a number at the beginning of s: digits, or groups of three after a comma, a space, ' or _.
func lexNumber(s string) (l lexeme, n int, err error) {
	digits := func(from int) int {
		end := from
		for end < len(s) && isDigit(s[end]) {
			end++
		}
		return end - from
	}
	n = digits(0)
	for first := n; first <= 3 && n < len(s) && strings.IndexByte(", '_", s[n]) >= 0 && digits(n+1) == 3; {
		n += 4
	}
	if n+1 < len(s) && s[n] == '.' && isDigit(s[n+1]) {
		end := n + 1 + digits(n+1)
		return l, 0, unsuitable(OtherSubject, "%s is not a whole number; %s", s[:end], can())
	}
	l = lexeme{kind: numeral, text: head(s[:n])}
	long := 0
	for i := range n {
		if !isDigit(s[i]) || long == 0 && s[i] == '0' {
			continue
		}
		if long++; long <= 9 {
			l.value = l.value*10 + int(s[i]-'0')
		}
	}
	if long > 9 {
		return l, 0, unsuitable(OutOfRange, "A number of %d digits is out of range: every value must stay between 1 and %d.", long, MaxValue)
	}
	return l, n, nil
}

// strange is the error for what is no part of a problem: s begins with it.
func strange(s string) error {
	word := s
	if end := strings.IndexFunc(s, func(r rune) bool { return r == ' ' || r == ',' || r < 128 && !unicode.IsLetter(r) && r != '\'' }); end > 0 {
		word = s[:end]
	} else if end == 0 {
		word = s[:1]
	}
	word = strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return -1
	}, strings.ToValidUTF8(word, ""))
	if word = head(word); word == "" {
		return unsuitable(OtherSubject, "This is not a calculation: %s", can())
	}
	return unsuitable(OtherSubject, "“%s” is no part of a calculation here: %s", word, can())
}

// head is as much of a text as an error repeats.
func head(s string) string {
	if r := []rune(s); len(r) > 24 {
		return string(r[:24]) + "…"
	}
	return s
}
