package grade

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// answerLine is what follows the last "Final Answer:", "Answer:" or "answer is" that something follows.
func answerLine(s string) (string, bool) {
	lower := asciiLower(s)
	end := len(lower)
	for range 4 {
		i := strings.LastIndex(lower[:end], "answer")
		if i < 0 {
			return "", false
		}
		if line, ok := afterMark(s[i+len("answer"):]); ok {
			return line, true
		}
		end = i
	}
	return "", false
}

// afterMark is the line of an answer, when s goes on as a mark does: ": 5", " is 5", "** is: 5".
func afterMark(s string) (string, bool) {
	rest := strings.TrimLeft(s, "*_ \t")
	lower := asciiLower(rest[:min(len(rest), 24)])
	marked := false
	for _, word := range []string{"is", "=", "would be", "should be", "must be"} {
		if strings.HasPrefix(lower, word) && (len(rest) == len(word) || !isLetter(rest[len(word)])) {
			rest, marked = rest[len(word):], true
			break
		}
	}
	rest = strings.TrimLeft(rest, "*_ \t")
	if strings.HasPrefix(rest, ":") || strings.HasPrefix(rest, "：") {
		_, size := utf8.DecodeRuneInString(rest)
		rest, marked = rest[size:], true
	}
	if !marked {
		return "", false
	}
	rest = strings.TrimLeft(rest, "*_ \t\r\n")
	// A display that spans lines is one line.
	for _, d := range [][2]string{{`\[`, `\]`}, {"$$", "$$"}, {`\(`, `\)`}} {
		if strings.HasPrefix(rest, d[0]) {
			if j := strings.Index(rest[2:], d[1]); j >= 0 && strings.IndexByte(rest[:j+2], '\n') >= 0 {
				return rest[2 : 2+j], true
			}
		}
	}
	if j := strings.IndexByte(rest, '\n'); j >= 0 {
		rest = rest[:j]
	}
	return rest, trimAnswer(rest) != ""
}

// asciiLower keeps every byte at its place.
func asciiLower(s string) string {
	for i := range len(s) {
		if s[i] >= 'A' && s[i] <= 'Z' {
			b := []byte(s)
			for i, c := range b {
				if c >= 'A' && c <= 'Z' {
					b[i] = c + 32
				}
			}
			return string(b)
		}
	}
	return s
}

// insideLine are the values in a line of words: what it starts with, then what follows its last " is ", then its last maths
// or number, whichever stands later.
func insideLine(line string) []string {
	var parts []string
	if n := leadingValue(line); n != "" {
		parts = append(parts, n)
	}
	if i := strings.LastIndex(line, " is "); i >= 0 {
		parts = append(parts, line[i+4:])
		if n := leadingValue(line[i+4:]); n != "" {
			parts = append(parts, n)
		}
	}
	maths := lastMaths(line, 1)
	number := lastNumber(line)
	switch {
	case len(maths) > 0 && (number == "" || strings.LastIndex(line, number) < strings.LastIndex(line, maths[0])+len(maths[0])):
		parts = append(parts, maths[0])
	case number != "":
		parts = append(parts, number)
	}
	return parts
}

// leadingValue is the maths or the number with which a line of words starts.
func leadingValue(line string) string {
	line = strings.TrimLeft(line, "*_ \t")
	for _, d := range delimiters {
		if strings.HasPrefix(line, d.open) {
			if j := strings.Index(line[len(d.open):], d.close); j > 0 {
				return line[len(d.open) : len(d.open)+j]
			}
		}
	}
	i := 0
	for i < len(line) && strings.IndexByte("0123456789.,/%-+\\$^{}()", line[i]) >= 0 {
		i++
	}
	if v := strings.TrimRight(line[:i], ".,/+-({^\\"); strings.ContainsAny(v, "0123456789") && (i == len(line) || !isLetter(line[i])) {
		return v
	}
	return ""
}

var delimiters = []struct{ open, close string }{{"$$", "$$"}, {`\[`, `\]`}, {`\(`, `\)`}, {"$", "$"}}

// lastMaths are the last few pieces between mathematical delimiters, last first.
func lastMaths(s string, most int) []string {
	if !strings.Contains(s, "$") && !strings.Contains(s, `\(`) && !strings.Contains(s, `\[`) {
		return nil
	}
	var all []string
	for i := 0; i < len(s); {
		if s[i] != '$' && s[i] != '\\' {
			i++
			continue
		}
		found := false
		for _, d := range delimiters {
			if !strings.HasPrefix(s[i:], d.open) {
				continue
			}
			if j := closing(s[i+len(d.open):], d.close); j >= 0 {
				if inside := s[i+len(d.open) : i+len(d.open)+j]; strings.TrimSpace(inside) != "" {
					all = append(all, inside)
				}
				i += len(d.open) + j + len(d.close)
				found = true
			} else if d.close != "$$" {
				i = len(s) // it does not end
				found = true
			}
			break
		}
		if !found {
			if s[i] == '\\' {
				i++ // \$ and the like
			}
			i++
		}
	}
	if len(all) > most {
		all = all[len(all)-most:]
	}
	for i, j := 0, len(all)-1; i < j; i, j = i+1, j-1 {
		all[i], all[j] = all[j], all[i]
	}
	return all
}

// closing is where the delimiter stands in s, not escaped, or -1.
func closing(s, d string) int {
	for i := 0; i < len(s); i++ {
		if strings.HasPrefix(s[i:], d) {
			return i
		}
		if s[i] == '\\' {
			i++
		}
	}
	return -1
}

// lastNumber is the last number that is part of no word, with its sign, its fraction and its percent.
func lastNumber(s string) string {
	if looksLikeCode(s) {
		return ""
	}
	for end := len(s); ; {
		for end > 0 && !isDigit(s[end-1]) {
			end--
		}
		if end == 0 {
			return ""
		}
		start := end
		for start > 0 && (isDigit(s[start-1]) || strings.IndexByte(".,/", s[start-1]) >= 0 && start > 1 && isDigit(s[start-2])) {
			start--
		}
		if inWord(s[:start]) {
			end = start
			continue
		}
		number := s[signed(s, start):end]
		if strings.HasPrefix(s[end:], "%") || strings.HasPrefix(s[end:], `\%`) {
			number += "%"
		}
		return number
	}
}

// inWord says whether what stands before a number makes it a part of a word. Chinese is written without spaces.
func inWord(before string) bool {
	r, _ := utf8.DecodeLastRuneInString(before)
	switch {
	case before == "":
		return false
	case r < utf8.RuneSelf:
		return isLetter(byte(r)) || r == '_'
	}
	return unicode.IsLetter(r) && !unicode.Is(unicode.Han, r)
}

// signed is where a number begins whose digits begin at start: at its point, and at a minus that is not between two operands.
func signed(s string, start int) int {
	if start > 0 && s[start-1] == '.' && (start == 1 || s[start-2] == ' ') {
		start--
	}
	for _, minus := range []string{"-", "−"} {
		before, ok := strings.CutSuffix(s[:start], minus)
		if !ok {
			continue
		}
		if b, _ := utf8.DecodeLastRuneInString(before); before == "" || unicode.IsSpace(b) || strings.ContainsRune("($=:*", b) {
			return len(before)
		}
	}
	return start
}

// looksLikeCode says whether a text is a program rather than prose: a number in it answers nothing.
func looksLikeCode(s string) bool {
	return strings.Contains(s, "__") || strings.Contains(s, "('") || strings.Contains(s, `("`)
}
