package grade

import (
	"strings"
)

// Found is one part of a text that may be its answer, and the rule that found it.
type Found struct {
	Text string
	Rule string
	sure bool // the writer marked it as the answer: words in it are an answer too
}

// The rules of extraction, in order of trust.
const (
	ruleBoxed  = "boxed"
	ruleLine   = "answer line"
	ruleWhole  = "whole text"
	ruleMaths  = "last maths"
	ruleNumber = "last number"
)

// answerMarks are what stands between a thought and its answer.
var answerMarks = []string{"<|im_start|>answer\n", "<|im_start|>answer", "</think>", "</thought>", "[/THINK]", "<|channel|>final<|message|>"}

// Section is the part of text after the last mark that ends a thought; ok is false where there is none.
func Section(text string) (section string, ok bool) {
	at := -1
	for _, m := range answerMarks {
		if i := strings.LastIndex(text, m); i >= 0 && i+len(m) > at {
			at = i + len(m)
		}
	}
	if at < 0 {
		return text, false
	}
	section = text[at:]
	if i := strings.Index(section, "<|im_end|>"); i >= 0 {
		section = section[:i]
	}
	return section, true
}

// mostFound bounds the candidates of one text.
const mostFound = 8

// Extract finds what can be the answer in text, most trusted first.
func Extract(text string) []Found {
	section, marked := Section(text)
	var all []Found
	put := func(rule, s string, sure bool) {
		if s = trimAnswer(s); s == "" || len(all) >= mostFound {
			return
		}
		if marked {
			rule = "answer section, " + rule
		}
		for _, f := range all {
			if f.Text == s {
				return
			}
		}
		all = append(all, Found{Text: s, Rule: rule, sure: sure})
	}
	if box, ok := lastBoxed(section); ok {
		put(ruleBoxed, box, true)
	}
	if end, ok := hashMark(section); ok {
		put(ruleLine, end, true)
	}
	if line, ok := answerLine(section); ok {
		put(ruleLine, line, true)
		if len(line) <= maxText {
			for _, part := range insideLine(line) {
				put(ruleLine, part, false)
			}
		}
	}
	if len(section) <= maxText {
		put(ruleWhole, section, len(section) <= longestText)
	}
	for _, m := range lastMaths(section, 3) {
		put(ruleMaths, m, false)
	}
	if n := lastNumber(section); n != "" {
		put(ruleNumber, n, false)
	}
	return all
}

// hashMark is the answer behind "####" at the end of a text, as GSM8K writes it. A heading in the middle is none.
func hashMark(s string) (string, bool) {
	i := strings.LastIndex(s, "#### ")
	if i < 0 {
		return "", false
	}
	end := strings.TrimSpace(s[i+len("#### "):])
	return end, len(end) <= 40 && end != "" && !strings.Contains(end, "\n")
}

// longestText is the longest whole text that can be an answer in words, in bytes.
const longestText = 200

// trimAnswer drops what surrounds an answer: white space, emphasis, a full stop.
func trimAnswer(s string) string {
	for {
		t := strings.TrimSpace(s)
		t = strings.TrimPrefix(strings.TrimSuffix(t, "**"), "**")
		t = strings.TrimSuffix(strings.TrimSuffix(t, "."), "。")
		if t == s {
			return s
		}
		s = t
	}
}

// lastBoxed is what the last balanced \boxed{...} or \fbox{...} holds. Boxes before it that only "and", commas and signs
// separate from it belong to the same answer.
func lastBoxed(s string) (string, bool) {
	type span struct{ from, open, close int }
	var boxes []span
	for i := 0; i < len(s); {
		j := nextBox(s[i:])
		if j < 0 {
			break
		}
		from := i + j
		open := from + strings.IndexByte(s[from:], '{')
		end := balanced(s, open)
		if end < 0 { // it does not end; nothing after it does
			if next := nextBox(s[open:]); next >= 0 {
				i = open
				continue
			}
			break
		}
		boxes = append(boxes, span{from, open, end})
		i = end + 1
	}
	if len(boxes) == 0 {
		return barBoxed(s)
	}
	last := len(boxes) - 1
	first := last
	for first > 0 && last-first < 64 && connector(s[boxes[first-1].close+1:boxes[first].from]) {
		first--
	}
	parts := make([]string, 0, last-first+1)
	for _, b := range boxes[first:] {
		parts = append(parts, s[b.open+1:b.close])
	}
	return strings.Join(parts, ", "), true
}

// nextBox is where the next "boxed {" or "fbox {" starts, or -1.
func nextBox(s string) int {
	for i := 0; i < len(s); {
		j := strings.Index(s[i:], "box")
		if j < 0 {
			return -1
		}
		i += j
		k := i + len("box")
		if strings.HasPrefix(s[k:], "ed") {
			k += 2
		} else if i == 0 || s[i-1] != 'f' {
			i = k
			continue
		}
		for k < len(s) && s[k] == ' ' {
			k++
		}
		start := i
		for start > 0 && isLetter(s[start-1]) {
			start--
		}
		if k < len(s) && s[k] == '{' && start > 0 && s[start-1] == '\\' {
			return start - 1
		}
		i = k
	}
	return -1
}

// barBoxed is "\boxed 5$".
func barBoxed(s string) (string, bool) {
	i := strings.LastIndex(s, `\boxed `)
	if i < 0 {
		return "", false
	}
	rest := s[i+len(`\boxed `):]
	if strings.HasPrefix(strings.TrimSpace(rest), "{") {
		return "", false
	}
	if j := strings.IndexAny(rest, "$\n"); j >= 0 {
		rest = rest[:j]
	}
	return rest, strings.TrimSpace(rest) != ""
}

// connector says whether what stands between two boxes only joins them.
func connector(s string) bool {
	if len(s) > 60 {
		return false
	}
	for _, drop := range []string{`\text`, `\quad`, `\qquad`, `\(`, `\)`, `\[`, `\]`, `\,`, `\ `, "and", "or", "$", ",", ";", "{", "}", "."} {
		s = strings.ReplaceAll(s, drop, " ")
	}
	s = strings.TrimSpace(s)
	if s == "" {
		return true
	}
	// The name of what comes next: y_2 =
	name, rest, ok := strings.Cut(s, "=")
	return ok && strings.TrimSpace(rest) == "" && len(strings.Fields(name)) == 1 && len(name) <= 8 && isLetter(name[0])
}
