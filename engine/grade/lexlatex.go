package grade

import "strings"

// command is a backslash and what follows it.
func (l *lexer) command() {
	start := l.i
	if l.i+1 >= len(l.s) { // a stray backslash at the end
		l.i++
		return
	}
	c := l.s[l.i+1]
	if !isLetter(c) {
		l.i += 2
		l.escaped(c, start)
		return
	}
	end := l.i + 1
	for end < len(l.s) && isLetter(l.s[end]) {
		end++
	}
	name := l.s[l.i+1 : end]
	l.i = end
	switch name {
	case "left", "right", "big", "Big", "bigg", "Bigg", "bigl", "bigr", "Bigl", "Bigr", "middle", "biggl", "biggr":
		if l.i < len(l.s) && l.s[l.i] == '.' { // \left. has no bracket
			l.i++
		}
	case "displaystyle", "textstyle", "limits", "nolimits", "rm", "bf", "it", "angle", "triangle", "therefore", "thinspace", "mathstrut", "hfill", "hline", "centering", "measuredangle", "allowbreak", "nonumber", "notag":
	case "quad", "qquad", "space", "enspace", "hspace", "vspace", "phantom", "color", "label", "tag":
		l.spaced = true
		if name != "quad" && name != "qquad" && name != "space" && name != "enspace" {
			l.braced()
		}
	case "text", "mbox", "textbf", "textnormal", "textit", "textrm", "hbox", "textsf", "texttt":
		l.wrapped(start)
	case "mathrm", "mathbf", "operatorname", "mathit", "mathsf", "boldsymbol", "bm", "mathcal", "mathbb", "mathfrak":
		l.styled(name, start)
	case "begin", "end":
		l.environment(name, start)
	case "degree", "degrees", "circ":
		l.degree(start)
	case "cdot", "times", "ast", "bullet":
		l.op("*", start)
	case "div":
		l.op("/", start)
	case "pm":
		l.op("±", start)
	case "mp":
		l.op("∓", start)
	case "le", "leq", "leqslant", "leqq":
		l.op("≤", start)
	case "ge", "geq", "geqslant", "geqq":
		l.op("≥", start)
	case "lt":
		l.op("<", start)
	case "gt":
		l.op(">", start)
	case "ne", "neq":
		l.op("≠", start)
	case "approx", "simeq", "sim", "thickapprox":
		l.op("≈", start)
	case "equiv", "cong":
		l.op("=", start)
	case "in":
		l.op("∈", start)
	case "cup":
		l.op("∪", start)
	case "cap":
		l.op("∩", start)
	case "setminus", "backslash", "smallsetminus":
		l.op("∖", start)
	case "lfloor", "rfloor", "lceil", "rceil":
		l.op(name, start)
	case "vert", "lvert", "rvert", "mid":
		l.op("|", start)
	case "lbrace":
		l.depth++
		l.op(`\{`, start)
	case "rbrace":
		l.depth = max(0, l.depth-1)
		l.op(`\}`, start)
	case "langle":
		l.depth++
		l.op("(", start)
	case "rangle":
		l.depth = max(0, l.depth-1)
		l.op(")", start)
	case "lparen":
		l.depth++
		l.op("(", start)
	case "rparen":
		l.depth = max(0, l.depth-1)
		l.op(")", start)
	case "colon":
		l.op(":", start)
	case "prime":
		l.op("'", start)
	case "land", "wedge":
		l.put(token{typ: tJoin, text: "and", start: start})
	case "lor", "vee":
		l.put(token{typ: tJoin, text: "or", start: start})
	case "dfrac", "tfrac", "cfrac", "frac":
		l.put(token{typ: tCmd, text: "frac", start: start})
	case "binom", "dbinom", "tbinom":
		l.put(token{typ: tCmd, text: "binom", start: start})
	case "sqrt", "boxed", "fbox", "overline", "underline", "vec", "hat", "bar", "widehat", "overrightarrow", "tilde", "dot", "overleftrightarrow", "sum", "prod", "int", "lim", "pmod", "bmod":
		l.put(token{typ: tCmd, text: name, start: start})
	case "emptyset", "varnothing":
		l.put(token{typ: tSym, text: "∅", start: start})
	case "dots", "ldots", "cdots", "dotsc", "dotsb":
		l.put(token{typ: tSym, text: "…", start: start})
	case "imath", "i":
		l.put(token{typ: tSym, text: "i", start: start})
	default:
		if f := functions[name]; f != "" {
			l.put(token{typ: tFunc, text: f, start: start})
			return
		}
		if strings.HasSuffix(name, "boxed") { // \beginboxed{...}
			l.put(token{typ: tCmd, text: "boxed", start: start})
			return
		}
		l.put(token{typ: tSym, text: `\` + name, start: start})
	}
}

// escaped is a backslash and one character that is no letter.
func (l *lexer) escaped(c byte, start int) {
	switch c {
	case '{':
		l.depth++
		l.op(`\{`, start)
	case '}':
		l.depth = max(0, l.depth-1)
		l.op(`\}`, start)
	case '%':
		l.op("%", start)
	case '|':
		l.op("|", start)
	case '\\':
		if l.matrix > 0 {
			l.op(`\\`, start)
		} else if l.i < len(l.s) && isLetter(l.s[l.i]) { // a doubled backslash: \\frac
			l.i--
		} else {
			l.spaced = true
		}
	case '!':
	default: // \, \; \: \( \) \[ \] \$ \& \_ only change how it looks
		l.spaced = true
	}
}

// braced takes {...}, balanced, and returns what is inside; nothing where no brace follows.
func (l *lexer) braced() string {
	i := l.i
	for i < len(l.s) && l.s[i] == ' ' {
		i++
	}
	if i >= len(l.s) || l.s[i] != '{' {
		return ""
	}
	end := balanced(l.s, i)
	if end < 0 {
		l.lost = true
		l.i = len(l.s)
		return ""
	}
	l.i = end + 1
	return l.s[i+1 : end]
}

// balanced is the index of the brace that closes the one at i, or -1.
func balanced(s string, i int) int {
	depth := 0
	for ; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '{':
			depth++
		case '}':
			depth--
			if depth == 0 {
				return i
			}
		}
	}
	return -1
}

// wrapped is \text{...}: mathematics in disguise, a joining word, a unit, or prose.
func (l *lexer) wrapped(start int) {
	inside := strings.TrimSpace(l.braced())
	if inside == "" {
		return
	}
	switch inside {
	case "th", "st", "nd", "rd": // 7th
		l.unraise()
		return
	}
	if u, ok := unitExpression(inside); ok && l.afterValue() {
		l.put(token{typ: tUnit, text: u, start: start, wrapped: true})
		return
	}
	if l.nested > 3 {
		l.lost = true
		return
	}
	sub := lexer{s: inside, thousands: l.thousands, nested: l.nested + 1, depth: l.depth}
	sub.run()
	prose := sub.lost
	for _, t := range sub.out {
		prose = prose || t.typ == tText
	}
	if strings.ContainsRune(inside, ' ') && !prose && len(sub.out) > 1 && sub.out[0].typ != tUnit && sub.out[0].typ != tJoin && sub.out[0].typ != tNum {
		prose = true
	}
	if prose {
		l.put(token{typ: tText, text: strings.Join(strings.Fields(inside), " "), start: start, wrapped: true})
		return
	}
	for i, t := range sub.out {
		t.start, t.wrapped = start, true
		if i == 0 {
			t.spaced = l.spaced
		}
		l.out = append(l.out, t)
	}
	l.spaced = false
}

// styled is \mathrm{...} and its like: a name, a function, a unit.
func (l *lexer) styled(name string, start int) {
	inside := strings.TrimSpace(l.braced())
	u, isUnits := unitExpression(inside)
	switch {
	case inside == "":
	case isUnits && l.afterValue():
		l.put(token{typ: tUnit, text: u, start: start, wrapped: true})
	case name == "mathbb" || name == "mathcal" || name == "mathfrak":
		l.put(token{typ: tSym, text: `\` + name + " " + inside, start: start})
	case len(inside) > 1 && isWord(inside):
		l.word(inside, start, true)
	default:
		if l.nested > 3 {
			l.lost = true
			return
		}
		sub := lexer{s: inside, thousands: l.thousands, nested: l.nested + 1, depth: l.depth, spaced: l.spaced}
		sub.run()
		l.lost = l.lost || sub.lost
		l.out = append(l.out, sub.out...)
		l.spaced = false
	}
}

// afterValue says whether the token before can end a value.
func (l *lexer) afterValue() bool {
	if len(l.out) == 0 {
		return false
	}
	t := l.out[len(l.out)-1]
	return t.typ == tNum || t.typ == tSym || t.typ == tOp && (t.text == ")" || t.text == "}" || t.text == "]")
}

func isWord(s string) bool {
	for i := range len(s) {
		if !isLetter(s[i]) {
			return false
		}
	}
	return s != ""
}

// environment is \begin{...} or \end{...}; only matrices are kept.
func (l *lexer) environment(which string, start int) {
	name := strings.TrimSuffix(l.braced(), "*")
	switch name {
	case "pmatrix", "bmatrix", "matrix", "vmatrix", "smallmatrix", "Bmatrix", "array":
		if which == "begin" {
			l.matrix++
			if name == "array" {
				l.braced() // the columns
			}
		} else {
			l.matrix = max(0, l.matrix-1)
		}
		if name == "vmatrix" {
			name = "det"
		} else {
			name = ""
		}
		l.put(token{typ: tCmd, text: which + ":" + name, start: start})
	case "cases":
		l.lost = true
	}
}

// degree is \circ, with the ^ and the brace before it.
func (l *lexer) degree(start int) {
	l.unraise()
	l.op("°", start)
}

// unraise drops the ^ that comes just before, with its braces, of something that stands high but is no exponent.
func (l *lexer) unraise() {
	if n := len(l.out); n > 1 && l.out[n-1].text == "{" && l.out[n-2].text == "^" {
		l.out = l.out[:n-2]
		if l.i < len(l.s) && l.s[l.i] == '}' {
			l.i++
		}
	} else if n > 0 && l.out[n-1].text == "^" {
		l.out = l.out[:n-1]
	}
}
