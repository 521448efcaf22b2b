package grade

import (
	"math/big"
	"strings"
)

// Bounds of a number as written.
const (
	maxDigits   = 2000 // of one number
	maxExponent = 400  // of 1.5e3
)

// number reads digits with the separators that stand inside one number: 1,234 1{,}234 1,\!234 1\,234 "1 234", a point, a
// repeating part, an exponent.
func (l *lexer) number() {
	start := l.i
	whole := l.digits()
	plain := true
	if len(whole) <= 3 && whole != "" {
		for {
			n, group := l.group()
			if n == 0 {
				break
			}
			plain = false
			whole += group
			l.i += n
		}
	}
	text := whole
	places := 0
	integer := true
	if l.i+1 < len(l.s) && l.s[l.i] == '.' && isDigit(l.s[l.i+1]) {
		l.i++
		part := l.digits()
		text += "." + part
		places = len(part)
		integer = false
	} else if l.i < len(l.s) && l.s[l.i] == '.' && strings.HasPrefix(l.s[l.i+1:], `\overline{`) {
		l.i++
		text += "."
		integer = false
	}
	num := new(big.Rat)
	if len(text) > maxDigits {
		l.lost = true
	} else if _, ok := num.SetString(strings.TrimSuffix("0"+text, ".")); !ok {
		l.lost = true
	}
	if rest := l.s[l.i:]; !integer && strings.HasPrefix(rest, `\overline{`) {
		if end := strings.IndexByte(rest, '}'); end > 0 && allDigits(rest[len(`\overline{`):end]) {
			num.Add(num, repeating(rest[len(`\overline{`):end], places))
			l.i += end + 1
			places = 0
		}
	}
	if n, exp := scientific(l.s[l.i:]); n > 0 && plain {
		l.i += n
		if exp > maxExponent || exp < -maxExponent {
			l.lost = true
		} else {
			num.Mul(num, power10(exp))
		}
		integer, places = false, 0
	}
	l.put(token{typ: tNum, text: text, num: num, places: places, start: start, integer: integer})
}

func allDigits(s string) bool {
	for i := range len(s) {
		if !isDigit(s[i]) {
			return false
		}
	}
	return s != "" && len(s) <= 100
}

func (l *lexer) digits() string {
	start := l.i
	for l.i < len(l.s) && isDigit(l.s[l.i]) {
		l.i++
	}
	return l.s[start:l.i]
}

// group looks for a separator and exactly three digits, and returns how many bytes they take.
func (l *lexer) group() (int, string) {
	rest := l.s[l.i:]
	n := 0
	switch {
	case strings.HasPrefix(rest, "{,}"):
		n = 3
	case strings.HasPrefix(rest, `,\!`):
		n = 3
		for n < len(rest) && rest[n] == ' ' {
			n++
		}
	case strings.HasPrefix(rest, `\,`) || strings.HasPrefix(rest, `\;`) || strings.HasPrefix(rest, `\ `):
		n = 2
	case strings.HasPrefix(rest, `\!`):
		n = 2
	case strings.HasPrefix(rest, ","):
		if !l.thousands || l.depth > 0 {
			return 0, ""
		}
		n = 1
	case strings.HasPrefix(rest, " ") && l.thousands:
		n = 1
	default:
		return 0, ""
	}
	if len(rest) < n+3 || !isDigit(rest[n]) || !isDigit(rest[n+1]) || !isDigit(rest[n+2]) || len(rest) > n+3 && isDigit(rest[n+3]) {
		return 0, ""
	}
	return n + 3, rest[n : n+3]
}

// repeating is the value of digits that repeat for ever after so many places.
func repeating(digits string, places int) *big.Rat {
	n, _ := new(big.Int).SetString(digits, 10)
	d := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(len(digits))), nil)
	d.Sub(d, big.NewInt(1))
	d.Mul(d, new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(places)), nil))
	return new(big.Rat).SetFrac(n, d)
}

// scientific reads e5, E-3 right behind a number; a letter may not follow.
func scientific(s string) (n, exp int) {
	if s == "" || s[0] != 'e' && s[0] != 'E' {
		return 0, 0
	}
	i := 1
	sign := 1
	if i < len(s) && (s[i] == '-' || s[i] == '+') {
		if s[i] == '-' {
			sign = -1
		}
		i++
	}
	from := i
	for i < len(s) && isDigit(s[i]) {
		if exp < 1e6 {
			exp = 10*exp + int(s[i]-'0')
		}
		i++
	}
	if i == from || i < len(s) && (isLetter(s[i]) || s[i] == '.' || s[i] == '_') {
		return 0, 0
	}
	return i, sign * exp
}

func power10(exp int) *big.Rat {
	p := new(big.Int).Exp(big.NewInt(10), big.NewInt(int64(max(exp, -exp))), nil)
	if exp < 0 {
		return new(big.Rat).SetFrac(big.NewInt(1), p)
	}
	return new(big.Rat).SetInt(p)
}
