package grade

import "strings"

// Letters of a multiple choice.
const firstChoice, lastChoice = 'A', 'J'

// goldChoice is the letter of a known answer that is a choice: C, (C), \text{(C)}, "(C) Cecile", "C. Cecile". sure says that
// its brackets or its text show that it is no variable.
func goldChoice(gold string) (letter string, sure, ok bool) {
	s := bareChoice(gold)
	letter, rest, bracketed := leadingChoice(s, false)
	if letter == "" {
		return "", false, false
	}
	rest = strings.TrimSpace(rest)
	if rest == "" {
		return letter, bracketed, true
	}
	if bracketed || isLetter(rest[0]) && len(strings.Fields(rest)[0]) > 1 && !strings.ContainsAny(rest, "=^\\") {
		return letter, true, true
	}
	return "", false, false
}

// bareChoice drops what can stand around a letter.
func bareChoice(s string) string {
	s = plain(s)
	for _, c := range []string{`\boxed`, `\textbf`, `\text`, `\mathrm`, `\mathbf`, `\left`, `\right`, `\(`, `\)`} {
		s = strings.ReplaceAll(s, c, "")
	}
	s = strings.TrimSpace(strings.Trim(strings.TrimSpace(s), "$*{} "))
	return s
}

// leadingChoice is the choice with which s starts, and what follows it.
func leadingChoice(s string, anyCase bool) (letter, rest string, bracketed bool) {
	t := strings.TrimLeft(s, "*{ ")
	if bracketed = strings.HasPrefix(t, "("); bracketed {
		t = strings.TrimLeft(t[1:], "{ ")
	}
	if t == "" {
		return "", s, false
	}
	c := t[0]
	if anyCase && c >= 'a' && c <= 'j' {
		c -= 'a' - 'A'
	}
	if c < firstChoice || c > lastChoice {
		return "", s, false
	}
	t = strings.TrimLeft(t[1:], "}* ")
	spaced := len(t) < len(s)-1 && strings.HasPrefix(s[1:], " ")
	switch {
	case bracketed:
		if !strings.HasPrefix(t, ")") {
			return "", s, false
		}
		return string(c), t[1:], true
	case t == "":
		return string(c), "", false
	case strings.HasPrefix(t, ")") || strings.HasPrefix(t, ".") || strings.HasPrefix(t, ":") || strings.HasPrefix(t, ","):
		return string(c), t[1:], t[0] == ')'
	case t[0] >= 0x80: // B。
		return string(c), t, false
	case spaced && isLetter(t[0]) && (c != 'A' && c != 'I' || t[0] < 'a'):
		return string(c), t, false
	}
	return "", s, false
}

// behindChoice is what follows a choice in brackets: the 12 of \textbf{(C)}\ 12.
func behindChoice(s string) string {
	if !strings.HasPrefix(s, `\text`) && !strings.HasPrefix(s, "(") {
		return ""
	}
	letter, rest, bracketed := leadingChoice(bareChoice(s), false)
	if letter == "" || !bracketed {
		return ""
	}
	return strings.TrimLeft(rest, `}\ :.,`)
}

// choiceIn is the letter that a prediction chooses: in its box, in its answer line, as the first thing it says, or as the
// last letter it names. ok is false where the prediction holds a value and no letter.
func choiceIn(pred string, found []Found, anyCase bool) (rule, letter string, ok bool) {
	for _, f := range found {
		s := bareChoice(f.Text)
		boxed, line := strings.HasSuffix(f.Rule, ruleBoxed), strings.HasSuffix(f.Rule, ruleLine)
		if !boxed && !line && !strings.HasSuffix(f.Rule, ruleWhole) {
			continue
		}
		if letter, _, _ := leadingChoice(s, anyCase); letter != "" {
			return f.Rule, letter, true
		}
		if boxed {
			return "", "", false
		}
		if line && f.sure {
			if all := standalone(f.Text); len(all) > 0 {
				return f.Rule, all[0], true
			}
		}
	}
	section, _ := Section(pred)
	if strings.ContainsAny(section, "\\$^=") || !strings.Contains(strings.TrimSpace(section), " ") {
		return "", "", false
	}
	if all := standalone(section); len(all) > 0 {
		return "last letter", all[len(all)-1], true
	}
	return "", "", false
}

// standalone are the choices that stand as words of their own. A before a lower-case word is an article, I a pronoun.
func standalone(s string) []string {
	var all []string
	for i := range len(s) {
		c := s[i]
		if c < firstChoice || c > lastChoice || c == 'I' || i > 0 && (isLetter(s[i-1]) || isDigit(s[i-1]) || s[i-1] == '\'') {
			continue
		}
		if i+1 < len(s) && (isLetter(s[i+1]) || isDigit(s[i+1]) || s[i+1] == '\'') {
			continue
		}
		if c == 'A' && i+2 < len(s) && s[i+1] == ' ' && s[i+2] >= 'a' && s[i+2] <= 'z' && (i == 0 || s[i-1] != '(') && !strings.HasPrefix(s[i+2:], "or ") && !strings.HasPrefix(s[i+2:], "and ") && !strings.HasPrefix(s[i+2:], "because") {
			continue
		}
		all = append(all, string(c))
	}
	return all
}
