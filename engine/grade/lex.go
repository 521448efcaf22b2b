package grade

import (
	"math/big"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// tokenType is what a token is.
type tokenType uint8

const (
	tEnd  tokenType = iota
	tNum            // a number as written, its value in num
	tSym            // one letter, or a named symbol
	tOp             // an operator, a bracket, a separator
	tCmd            // a command that takes arguments: frac, sqrt, begin:pmatrix
	tFunc           // a function whose name is known
	tUnit           // the name of a unit
	tJoin           // and, or
	tText           // prose
)

type token struct {
	typ     tokenType
	text    string
	num     *big.Rat
	places  int
	start   int  // byte where it starts
	wrapped bool // of prose and units: it stood in \text{...}
	spaced  bool // white space before it
	integer bool // of a number: digits only
}

// lexer turns an answer into tokens. It drops what only changes how an answer looks.
type lexer struct {
	s         string
	i         int
	out       []token
	depth     int // of ( [ \{, where a comma separates
	matrix    int // environments that are open, where \\ ends a row
	thousands bool
	spaced    bool
	nested    int
	lost      bool // something could not be read at all
}

// lex reads s. thousands says whether 1,234 is one number.
func lex(s string, thousands bool) ([]token, bool) {
	l := lexer{s: s, thousands: thousands, out: make([]token, 0, 16)}
	l.run()
	return l.out, !l.lost
}

func (l *lexer) put(t token) {
	t.spaced = l.spaced
	l.spaced = false
	if t.typ == tText && len(l.out) > 0 {
		if last := &l.out[len(l.out)-1]; last.typ == tText && last.wrapped == t.wrapped {
			last.text += " " + t.text
			return
		}
	}
	l.out = append(l.out, t)
}

func (l *lexer) op(s string, start int) { l.put(token{typ: tOp, text: s, start: start}) }

func (l *lexer) run() {
	for l.i < len(l.s) {
		c := l.s[l.i]
		switch {
		case c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '~':
			l.i++
			l.spaced = true
		case c >= '0' && c <= '9' || c == '.' && l.i+1 < len(l.s) && isDigit(l.s[l.i+1]):
			l.number()
		case isLetter(c):
			l.letters()
		case c == '\\':
			l.command()
		case c >= utf8.RuneSelf:
			l.unicode()
		default:
			l.punctuation(c)
		}
	}
}

func isDigit(c byte) bool  { return c >= '0' && c <= '9' }
func isLetter(c byte) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' }
func itoa(n int) string    { return strconv.Itoa(n) }

// punctuation is one ASCII character that is no letter, digit, space or backslash.
func (l *lexer) punctuation(c byte) {
	start := l.i
	rest := l.s[l.i:]
	for _, two := range [...]struct{ from, to string }{{"**", "^"}, {"<=", "≤"}, {">=", "≥"}, {"!=", "≠"}, {"==", "="}, {":=", "="}, {"...", "…"}, {"+-", "±"}, {"->", "→"}} {
		if strings.HasPrefix(rest, two.from) && (two.from != "+-" || !followsSign(rest)) {
			l.i += len(two.from)
			if two.to == "…" {
				l.put(token{typ: tSym, text: "…", start: start})
				return
			}
			l.op(two.to, start)
			return
		}
	}
	l.i++
	switch c {
	case '$', '`', '"', '?':
	case '(', '[':
		l.depth++
		l.op(string(c), start)
	case ')', ']':
		l.depth = max(0, l.depth-1)
		l.op(string(c), start)
	case '.':
		l.sentenceEnd()
	case '#', '@':
		l.lost = true
	default:
		l.op(string(c), start)
	}
}

// followsSign says whether "+-" is a plus before a negative number, as in 3+-2.
func followsSign(rest string) bool { return len(rest) > 2 && (isDigit(rest[2]) || rest[2] == '.') }

// sentenceEnd drops a full stop at the end; one inside makes the text prose.
func (l *lexer) sentenceEnd() {
	if strings.Trim(l.s[l.i:], " \t\r\n$.*})]\\") != "" {
		l.put(token{typ: tText, text: ".", start: l.i - 1})
	}
}

// letters is a run of ASCII letters: a function, a unit, a joining word, a product of names, or prose.
func (l *lexer) letters() {
	start := l.i
	for l.i < len(l.s) && isLetter(l.s[l.i]) {
		l.i++
	}
	l.word(l.s[start:l.i], start, false)
}

// word puts a run of letters that starts at byte start.
func (l *lexer) word(w string, start int, wrapped bool) {
	if len(w) == 1 {
		l.put(token{typ: tSym, text: w, start: start, wrapped: wrapped})
		return
	}
	lower := strings.ToLower(w)
	switch {
	case lower == "and" || lower == "or":
		l.put(token{typ: tJoin, text: lower, start: start})
	case functions[lower] != "":
		l.put(token{typ: tFunc, text: functions[lower], start: start})
	case lower == "sqrt" || lower == "binom" || lower == "cbrt":
		l.put(token{typ: tCmd, text: lower, start: start})
	case lower == "pi" || lower == "infinity" || lower == "inf" || lower == "infty" || w == "oo":
		name := lower
		if name != "pi" {
			name = "infty"
		}
		l.put(token{typ: tSym, text: "\\" + name, start: start})
	case isUnit(lower) || wrapped && w == "in":
		l.put(token{typ: tUnit, text: lower, start: start, wrapped: wrapped})
	case l.nextWord(&lower):
		l.put(token{typ: tUnit, text: lower, start: start, wrapped: wrapped})
	case isProduct(w) && !wrapped:
		for k := range w {
			l.put(token{typ: tSym, text: w[k : k+1], start: start + k})
		}
	default:
		l.put(token{typ: tText, text: w, start: start, wrapped: wrapped})
	}
}

// nextWord joins "square", "cubic" and "sq" with the unit that follows them.
func (l *lexer) nextWord(w *string) bool {
	power := map[string]string{"square": "^2", "sq": "^2", "cubic": "^3", "cu": "^3"}[*w]
	if power == "" {
		return false
	}
	rest := strings.TrimLeft(l.s[l.i:], ". ")
	k := 0
	for k < len(rest) && isLetter(rest[k]) {
		k++
	}
	if !isUnit(strings.ToLower(rest[:k])) {
		return false
	}
	l.i = len(l.s) - len(rest) + k
	*w = canonicalUnit(strings.ToLower(rest[:k])) + power
	return true
}

// isProduct says whether a run of letters is more likely a product of names than a word. Words are kept whole, or east and
// seat would be equal.
func isProduct(w string) bool {
	upper := strings.ToUpper(w) == w
	switch w {
	case "is", "it", "to", "of", "in", "an", "so", "we", "be", "by", "no", "as", "at", "if", "on", "the", "are", "for", "not", "yes", "Is", "It", "To", "Of", "In", "An", "So", "We", "Be", "By", "No", "As", "At", "If", "On":
		return false
	}
	if len(w) <= 2 || upper && len(w) <= 6 {
		return true
	}
	rising := true
	for i := 1; i < len(w); i++ {
		rising = rising && w[i] > w[i-1]
	}
	return rising && len(w) <= 4 || !strings.ContainsAny(w, "aeiouyAEIOUY") && len(w) <= 4
}

// unicode is one character outside ASCII.
func (l *lexer) unicode() {
	start := l.i
	r, size := utf8.DecodeRuneInString(l.s[l.i:])
	l.i += size
	if to, ok := signs[r]; ok {
		l.insert(to)
		return
	}
	switch {
	case unicode.IsSpace(r) || r >= 0x2000 && r <= 0x200f || r == 0xfeff:
		l.spaced = true
	case unicode.IsLetter(r):
		for l.i < len(l.s) {
			next, size := utf8.DecodeRuneInString(l.s[l.i:])
			if next < utf8.RuneSelf || !unicode.IsLetter(next) || signs[next] != "" {
				break
			}
			l.i += size
		}
		w := l.s[start:l.i]
		if utf8.RuneCountInString(w) == 1 && unicode.Is(unicode.Greek, r) {
			l.put(token{typ: tSym, text: w, start: start})
			return
		}
		l.put(token{typ: tText, text: w, start: start})
	case r == utf8.RuneError:
		l.lost = true
	default:
		l.put(token{typ: tText, text: string(r), start: start})
	}
}

// insert reads the LaTeX that a character stands for. None of those texts holds such a character, so it ends.
func (l *lexer) insert(latex string) {
	sub := lexer{s: latex, thousands: l.thousands, spaced: l.spaced, nested: l.nested + 1}
	if sub.nested > 2 {
		l.lost = true
		return
	}
	sub.run()
	l.out = append(l.out, sub.out...)
	l.spaced = false
}

// signs are characters and the LaTeX they stand for.
var signs = map[rune]string{
	'−': "-", '–': "-", '—': "-", '×': `\times `, '·': `\cdot `, '⋅': `\cdot `, '∙': `\cdot `, '∗': "*", '÷': "/", '∕': "/", '⁄': "/",
	'π': `\pi `, '√': `\sqrt `, '∞': `\infty `, '≤': `\le `, '⩽': `\le `, '≥': `\ge `, '⩾': `\ge `, '≠': `\ne `, '≈': `\approx `,
	'∈': `\in `, '∪': `\cup `, '∩': `\cap `, '∅': `\emptyset `, '±': `\pm `, '∓': `\mp `, '°': `\degree `, '′': "'", '’': "'",
	'²': "^2", '³': "^3", '¹': "^1", '⁰': "^0", '⁴': "^4", '⁵': "^5", '⁶': "^6", '⁷': "^7", '⁸': "^8", '⁹': "^9", '⁻': "^-",
	'₀': "_0", '₁': "_1", '₂': "_2", '₃': "_3", '₄': "_4", '₅': "_5", '₆': "_6", '₇': "_7", '₈': "_8", '₉': "_9",
	'½': `\frac{1}{2}`, '⅓': `\frac{1}{3}`, '⅔': `\frac{2}{3}`, '¼': `\frac{1}{4}`, '¾': `\frac{3}{4}`, '⅕': `\frac{1}{5}`, '⅛': `\frac{1}{8}`,
	'€': "$", '£': "$", '¥': "$", '，': ",", '、': ",", '；': ";", '：': ":", '（': "(", '）': ")", '。': ".", '％': "%", 'ℝ': `\mathbb{R}`,
	'θ': `\theta `, 'α': `\alpha `, 'β': `\beta `, 'γ': `\gamma `, 'φ': `\varphi `, 'λ': `\lambda `, '⟨': `\langle `, '⟩': `\rangle `,
	'⌊': `\lfloor `, '⌋': `\rfloor `, '⌈': `\lceil `, '⌉': `\rceil `, '…': `\dots `, '“': "$", '”': "$",
}

// functions are the words that are functions, in the names this package evaluates.
var functions = map[string]string{
	"sin": "sin", "cos": "cos", "tan": "tan", "cot": "cot", "sec": "sec", "csc": "csc", "cosec": "csc", "tg": "tan", "ctg": "cot",
	"arcsin": "arcsin", "arccos": "arccos", "arctan": "arctan", "asin": "arcsin", "acos": "arccos", "atan": "arctan",
	"sinh": "sinh", "cosh": "cosh", "tanh": "tanh", "log": "log", "ln": "ln", "lg": "lg", "exp": "exp", "abs": "abs",
	"floor": "floor", "ceil": "ceil", "gcd": "gcd", "lcm": "lcm", "max": "max", "min": "min", "det": "det", "arg": "arg",
}

// known says whether a function is evaluated, and not only equal to itself.
func known(name string) bool {
	switch name {
	case "sin", "cos", "tan", "cot", "sec", "csc", "arcsin", "arccos", "arctan", "sinh", "cosh", "tanh", "log", "ln", "lg", "exp", "abs",
		"floor", "ceil", "gcd", "lcm", "max", "min", "binom", "!":
		return true
	}
	return false
}
