package grade

import (
	"strconv"
	"strings"
)

// Outcome is what a comparison came to.
type Outcome string

const (
	Correct   Outcome = "correct"
	Incorrect Outcome = "incorrect"
	Unparsed  Outcome = "unparsed" // no answer was found, or it could not be read or compared: not counted wrong in silence
)

// Verdict is the outcome with its reasons.
type Verdict struct {
	Verdict   Outcome
	Rule      string // how the answer was found, and what decided
	Extracted string // the answer as it stands in the prediction
	Gold      string // the known answer as it stands in the gold text
	Policies  Policies

	Found    string // the rule that found the answer
	Decided  string // the rule that decided
	Read     string // how the answer was read; "" where it was not
	GoldRead string
	Why      string // one sentence
}

// mostRead is how much of a text is looked at, in bytes from its end.
const mostRead = 1 << 18

// seed of the random points. They are the same in every run; a prediction cannot know the gold answer, so cannot use them.
const seed = 0x51a7e

// Grade compares the answer in pred with the one in gold.
func Grade(pred, gold string, p Policies) Verdict {
	pred, gold = tail(pred), tail(gold)
	g := &grader{policies: p, work: work{left: mostWork}}
	v := g.grade(pred, gold)
	v.Policies = p
	v.Rule = v.Decided
	if v.Found != "" {
		v.Rule = v.Found + "; " + v.Decided
	}
	return v
}

func tail(s string) string {
	if len(s) > mostRead {
		s = s[len(s)-mostRead:]
	}
	return s
}

// grader is one comparison under way.
type grader struct {
	policies Policies
	work     work
}

// answer is a text that was found, and what it says.
type answer struct {
	Found
	n   *node
	err error
}

func (a *answer) shown() string {
	if a.n == nil {
		return ""
	}
	return a.n.String()
}

func (g *grader) grade(pred, gold string) Verdict {
	want, ok := g.known(Extract(gold))
	if !ok {
		return Verdict{Verdict: Unparsed, Decided: "no gold", Why: "the known answer is empty"}
	}
	v := Verdict{Gold: want.Text, GoldRead: want.shown()}
	if a, b := plain(pred), plain(gold); a == b && a != "" {
		v.Verdict, v.Found, v.Extracted, v.Read, v.Decided, v.Why = Correct, ruleWhole, trimAnswer(pred), v.GoldRead, "same text", "both are the same text"
		return v
	}
	found := Extract(pred)
	if letter, sure, ok := goldChoice(gold); ok {
		if by, said, ok := choiceIn(pred, found, sure); ok {
			v.Found, v.Extracted, v.Read, v.Decided = by, said, said, "choice"
			v.Verdict, v.Why = Incorrect, "choice "+said+" is not "+letter
			if said == letter {
				v.Verdict, v.Why = Correct, "both choose "+letter
			}
			return v
		}
	}
	got, ok := g.choose(found, want.n != nil && want.n.kind == kText)
	if !ok {
		v.Verdict, v.Decided, v.Why = Unparsed, "no answer", "no rule found an answer"
		return v
	}
	v.Extracted, v.Found, v.Read = got.Text, got.Rule, got.shown()
	if a, b := plain(got.Text), plain(want.Text); a == b && a != "" {
		v.Verdict, v.Decided, v.Why = Correct, "same text", "both are written alike"
		return v
	}
	if got.n == nil {
		v.Verdict, v.Decided, v.Why = Unparsed, "unreadable", "the answer cannot be read: "+got.err.Error()
		return v
	}
	if want.n == nil {
		v.Verdict, v.Decided, v.Why = Unparsed, "unreadable gold", "the known answer cannot be read: "+want.err.Error()
		return v
	}
	r := g.compare(got.n, want.n)
	if r.outcome != equal {
		if rest := behindChoice(got.Text); rest != "" {
			if n, err := read(rest, true); err == nil {
				if s := g.compare(n, want.n); s.outcome == equal {
					v.Read, r = n.String(), s
				}
			}
		}
	}
	if r.outcome != equal {
		r = g.again(got, want, r, &v)
	}
	v.Decided, v.Why = r.rule, r.why
	v.Verdict = map[result]Outcome{equal: Correct, different: Incorrect, undecided: Unparsed}[r.outcome]
	return v
}

// again compares with 1,234 read as two numbers on one side, where the other side is a list.
func (g *grader) again(got, want *answer, r decision, v *Verdict) decision {
	relist := func(a, b *answer) *node {
		if b.n.kind != kList || !strings.Contains(a.Text, ",") {
			return nil
		}
		n, err := read(a.Text, false)
		if err != nil || n.kind != kList || a.n.kind == kList && len(n.args) == len(a.n.args) {
			return nil
		}
		return n
	}
	if n := relist(got, want); n != nil {
		if s := g.compare(n, want.n); s.outcome == equal {
			v.Read = n.String()
			return s
		}
	}
	if n := relist(want, got); n != nil {
		if s := g.compare(got.n, n); s.outcome == equal {
			v.GoldRead = n.String()
			return s
		}
	}
	return r
}

// choose reads what was found and takes the first that is a value. Words are an answer only where the writer marked them as
// one, or where words are asked for.
func (g *grader) choose(found []Found, words bool) (*answer, bool) {
	var fallback *answer
	for _, f := range found {
		a := &answer{Found: f}
		text := f.Text
		if g.policies.DecimalComma {
			text = pointForComma(text)
		}
		a.n, a.err = read(text, true)
		boxed := strings.HasSuffix(f.Rule, ruleBoxed)
		switch {
		case a.n == nil && boxed && len(f.Text) <= maxText && words:
			a.n = &node{kind: kText, name: f.Text}
			return a, true
		case boxed:
			return a, true
		case a.n == nil && words && f.sure && len(f.Text) <= longestText:
			a.n = &node{kind: kText, name: f.Text}
			return a, true
		case a.n == nil && f.mathsOnly(): // what stands in it must not be answered by its last number
			return a, true
		case a.n == nil:
		case !hasText(a.n) && f.Text != "":
			return a, true
		case words && f.sure:
			return a, true
		}
		if fallback == nil && f.sure && len(f.Text) <= longestText {
			fallback = a
		}
	}
	if fallback == nil && len(found) > 0 {
		fallback = &answer{Found: found[0]}
		fallback.n, fallback.err = read(found[0].Text, true)
	}
	if fallback != nil && fallback.n == nil && fallback.sure && len(fallback.Text) <= longestText && !looksLikeCode(fallback.Text) {
		fallback.n = &node{kind: kText, name: fallback.Text}
	}
	return fallback, fallback != nil
}

// known reads the known answer. It is short and nothing but the answer, so where the whole of it is words it is a text, and
// not the number in it: August 5 is not 5.
func (g *grader) known(found []Found) (*answer, bool) {
	for _, f := range found {
		if strings.HasSuffix(f.Rule, ruleBoxed) || strings.HasSuffix(f.Rule, ruleLine) {
			break
		}
		if f.Rule != ruleWhole || !f.sure {
			continue
		}
		a := &answer{Found: f}
		if a.n, a.err = read(f.Text, true); a.n != nil && hasText(a.n) || a.n == nil && !f.mathsOnly() {
			a.n = &node{kind: kText, name: f.Text}
			return a, true
		}
	}
	return g.choose(found, false)
}

// mathsOnly says whether a text or a piece of maths holds no prose, so that it is one answer or none.
func (f Found) mathsOnly() bool {
	if strings.HasSuffix(f.Rule, ruleNumber) || strings.HasSuffix(f.Rule, ruleLine) {
		return false
	}
	toks, _ := lex(f.Text, true)
	for _, t := range toks {
		if t.typ == tText && !t.wrapped && len(t.text) > 1 {
			return false
		}
	}
	return true
}

func hasText(n *node) bool { return n.has(func(m *node) bool { return m.kind == kText }) }

// pointForComma writes 1,5 as 1.5 where a text is one number.
func pointForComma(s string) string {
	t := strings.TrimSpace(strings.Trim(s, "$ "))
	whole, part, ok := strings.Cut(strings.TrimPrefix(t, "-"), ",")
	if ok && allDigits(whole) && allDigits(part) {
		return strings.Replace(t, ",", ".", 1)
	}
	return s
}

func shortest(x float64) string { return strconv.FormatFloat(x, 'g', -1, 64) }
