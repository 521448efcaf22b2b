package tape

import (
	"regexp"
	"strings"
)

// typed is a number as it is typed: groups of thousands and decimals included, which lexNumber reads or refuses.
const typed = `(?:\d{1,3}(?:[ ,'_]\d{3}\b)+|\d+)(?:\.\d+)?`

// form is a way to say a first step with its operation in front of the numbers.
type form struct {
	begins  *regexp.Regexp // enough of it to know that numbers must follow
	whole   *regexp.Regexp // with them; its first group begins at the first of them
	op      string         // what goes between them
	turned  bool           // the second number is the start value
	example string
}

var forms = []form{
	said(`add`, `add (`+typed+`) to (`+typed+`)`, "+", true, "add 5 to 10"),
	said(`add`, `add (`+typed+`) and (`+typed+`)`, "+", false, "add 5 to 10"),
	said(`subtract`, `subtract (`+typed+`) from (`+typed+`)`, "-", true, "subtract 5 from 10"),
	said(`take(?: away)? `+typed+`(?: away)? from`, `take(?: away)? (`+typed+`)(?: away)? from (`+typed+`)`, "-", true, "take 5 from 10"),
	said(`multiply`, `multiply (`+typed+`) (?:by|with|and) (`+typed+`)`, "*", false, "multiply 10 by 5"),
	said(`divide`, `divide (`+typed+`) by (`+typed+`)`, "/", false, "divide 10 by 5"),
	said(`(?:the )?sum of`, `(?:the )?sum of (`+list+`)`, "+", false, "the sum of 10 and 5"),
	said(`(?:the )?product of`, `(?:the )?product of (`+list+`)`, "*", false, "the product of 10 and 5"),
	said(`(?:the )?difference (?:of|between)`, `(?:the )?difference (?:of|between) (`+typed+`) and (`+typed+`)`, "-", false, "the difference of 10 and 5"),
	said(`(?:the )?quotient of`, `(?:the )?quotient of (`+typed+`) and (`+typed+`)`, "/", false, "the quotient of 10 and 5"),
}

// list is two numbers or more.
const list = typed + `(?:(?: ?, ?| ?, ?and | and )` + typed + `)+`

var (
	spaces   = regexp.MustCompile(` +`)
	another  = regexp.MustCompile(typed)
	detached = regexp.MustCompile(`^ ?(?:$|[,=?.!;]|(?:and|then|equals|please)\b)`)
)

func said(begins, whole, op string, turned bool, example string) form {
	return form{regexp.MustCompile(`^` + begins + `\b`), regexp.MustCompile(`^` + whole), op, turned, example}
}

// spoken puts the operation of a first step between its numbers, where a folded text says it in front of them: add 5 to 10
// becomes 10 + 5. What comes after must be a step of its own, behind a comma or "then": add 5 to 10 times 2 may mean either.
func spoken(text string) (string, error) {
	s := strings.Trim(spaces.ReplaceAllString(text, " "), " ,:")
	for opened := true; opened; {
		var short string // the example of a form that only begins
		for _, f := range forms {
			if !f.begins.MatchString(s) {
				continue
			}
			short = f.example
			m := f.whole.FindStringSubmatchIndex(s)
			if m == nil {
				continue
			}
			end := m[1]
			if rest := s[end:]; !detached.MatchString(rest) {
				return "", eitherWay(s[:end], rest)
			}
			numbers := another.FindAllString(s[m[2]:end], -1)
			if f.turned {
				numbers[0], numbers[1] = numbers[1], numbers[0]
			}
			return strings.Join(numbers, " "+f.op+" ") + s[end:], nil
		}
		if short != "" {
			return "", &Unsuitable{
				Why: OtherSubject, Example: short,
				Says: "A problem that begins with “" + strings.Fields(strings.TrimPrefix(short, "the "))[0] + "” is read with two numbers, as in: " + short + ".",
			}
		}
		opened = false
		for _, w := range openers {
			if n := matchWords(s, w); n > 0 && w != "take" {
				s, opened = strings.TrimLeft(s[n:], " ,:"), true
			}
		}
	}
	return text, nil
}

// eitherWay is the error for a first step that runs into the next one.
func eitherWay(first, rest string) error {
	u := &Unsuitable{Why: OtherSubject, Example: Example, Says: "What comes after “" + head(first) + "” may belong to its last number or be a step of its own: put a comma before it."}
	if p, err := Parse(first + "," + rest); err == nil {
		u.Example = p.String()
	}
	return u
}

// bracketed is the error for a folded text with brackets in it. Those that only hold the beginning together say what is done anyway.
func bracketed(text string) error {
	const brackets = "()[]{}"
	u := &Unsuitable{Why: OtherSubject, Example: Example, Says: "Brackets are not read here: steps are done left to right as they stand, so write first what is done first."}
	bare := strings.Map(func(r rune) rune {
		if strings.ContainsRune(brackets, r) {
			return ' '
		}
		return r
	}, text)
	first := strings.IndexAny(text, "0123456789")
	if first < 0 || strings.ContainsAny(text[first:], "([{") {
		return u
	}
	if p, err := Parse(bare); err == nil {
		u.Says, u.Example = "Brackets are not read here, nor needed: steps are done left to right as they stand.", p.String()
	}
	return u
}
