package curate

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"s1/engine/records"
)

const (
	maxFeature  = 200     // bytes of a text that becomes a feature, and of a feature's name
	mostOthers  = 64      // features of a row, beside those that the recipe needs
	maxQuestion = 1 << 20 // bytes; a longer question is dropped
)

// usual are the names under which other files keep our fields; the first that a row has is taken. Those of a thought and its answer
// are in pairs.
var usual = map[string][]string{
	"question":    {"question", "problem", "prompt"},
	"solution":    {"solution", "answer", "gold"},
	"cot_type":    {"cot_type"},
	"source_type": {"source_type", "source"},
	"metadata":    {"metadata"},
	"trace":       {"trace", "thinking_trajectories", "deepseek_thinking_trajectory", "gemini_thinking_trajectory", "thinking", "reasoning"},
	"attempt":     {"attempt", "deepseek_attempt", "gemini_attempt"},
}

// pairs are the names of thoughts with that of the answer that the same model gave: one model's answer never stands behind another's
// thought.
var pairs = [][2]string{
	{"trace", "attempt"},
	{"thinking_trajectories", "attempt"},
	{"deepseek_thinking_trajectory", "deepseek_attempt"},
	{"gemini_thinking_trajectory", "gemini_attempt"},
	{"thinking", "attempt"},
	{"reasoning", "attempt"},
}

func rowFields() []string { return slices.Sorted(maps.Keys(usual)) }

// Names are, for each field of ours but trace and attempt, the names under which a row may have it; the first that is there counts.
func (l Load) Names() map[string][]string {
	names := maps.Clone(usual)
	for ours, theirs := range l.Fields {
		names[ours] = []string{theirs}
	}
	delete(names, "trace")
	delete(names, "attempt")
	return names
}

// Pairs are the names under which a row may have its thought and the answer to it. The first pair of which both are there counts,
// else the first thought, else the first answer.
func (l Load) Pairs() (list [][2]string) {
	trace, attempt := l.Fields["trace"], l.Fields["attempt"]
	for _, p := range pairs {
		if (trace == "" || p[0] == trace) && (attempt == "" || p[1] == attempt) {
			list = append(list, p)
		}
	}
	if len(list) > 0 {
		return list
	}
	traces, attempts := usual["trace"], usual["attempt"] // a name of none of the pairs
	if trace != "" {
		traces = []string{trace}
	}
	if attempt != "" {
		attempts = []string{attempt}
	}
	for _, t := range traces {
		for _, a := range attempts {
			list = append(list, [2]string{t, a})
		}
	}
	return list
}

// fields make rows of ours.
type fields struct {
	names map[string][]string
	pairs [][2]string
	first map[string]bool // features that the recipe needs
	cut   cutFeatures
}

func (l Load) mapped(needs []string) *fields {
	m := &fields{l.Names(), l.Pairs(), map[string]bool{}, cutFeatures{rows: map[string]int{}}}
	for _, name := range needs {
		m.first[name] = true
	}
	return m
}

// row maps the fields. What is left over and short becomes a feature: those that the recipe needs first, then others by name.
func (m *fields) row(raw records.Row) (row Row, rule, detail string) {
	row = Row{Index: raw.Index, Features: map[string]any{}}
	taken := map[string]bool{}
	take := func(ours, name string, to *string) {
		text, ok := fieldText(raw, ours, name)
		if taken[name] = true; !ok && rule == "" {
			rule, detail = "wrong-type", fmt.Sprintf("the field %q is a %s, want text", name, kind(raw.Fields[name]))
		}
		*to = text
	}
	for _, f := range []struct {
		ours string
		to   *string
	}{{"question", &row.Question}, {"solution", &row.Solution}, {"cot_type", &row.CotType}, {"source_type", &row.SourceType}, {"metadata", &row.Metadata}} {
		for _, name := range m.names[f.ours] {
			if raw.Fields[name] != nil {
				take(f.ours, name, f.to)
				break
			}
		}
	}
	trace, attempt := pairOf(raw, m.pairs)
	if trace != "" {
		take("trace", trace, &row.Trace)
	}
	if attempt != "" {
		take("attempt", attempt, &row.Attempt)
	}
	switch {
	case rule != "":
		return row, rule, detail
	case strings.TrimSpace(row.Question) == "":
		return row, "no-question", "there is no question in it; its fields are " + raw.Names()
	case len(row.Question) > maxQuestion:
		return row, "long-question", fmt.Sprintf("the question has %d bytes, at most %d are taken", len(row.Question), maxQuestion)
	}
	row.ID = ID(row.Question)
	others := 0
	for _, k := range slices.Sorted(maps.Keys(raw.Fields)) {
		f, ok := feature(raw.Fields[k])
		switch {
		case !ok || taken[k] || k == "id":
			continue
		case m.first[k]:
		case others == mostOthers || len(k) > maxFeature:
			m.cut.add(k)
			continue
		default:
			others++
		}
		row.Features[k] = f
	}
	return row, "", ""
}

// pairOf are the names under which a row has its thought and the answer to it, "" where it has none.
func pairOf(raw records.Row, list [][2]string) (trace, attempt string) {
	has := func(ours, name string) bool {
		text, ok := fieldText(raw, ours, name)
		return raw.Fields[name] != nil && (!ok || strings.TrimSpace(text) != "") // of a wrong type: it is taken, and refused
	}
	for _, p := range list {
		t, a := has("trace", p[0]), has("attempt", p[1])
		switch {
		case t && a:
			return p[0], p[1]
		case t && trace == "":
			trace = p[0]
		case a && attempt == "":
			attempt = p[1]
		}
	}
	if trace != "" {
		return trace, ""
	}
	return "", attempt
}

// fieldText is a field as text, ok where it can be one: a number as it is written, a thought also a list of texts, as s1K has one.
func fieldText(raw records.Row, ours, name string) (text string, ok bool) {
	v := raw.Fields[name]
	text, ok = raw.Text(name)
	if list, isList := v.([]any); isList && ours == "trace" {
		parts := make([]string, len(list))
		ok = true
		for i, p := range list {
			s, isText := p.(string)
			parts[i], ok = s, ok && isText
		}
		text = strings.Join(parts, "\n")
	}
	if ours == "metadata" && !ok {
		b, err := json.Marshal(v)
		text, ok = string(b), err == nil
	}
	return text, ok
}

func kind(v any) string {
	switch v.(type) {
	case bool:
		return "truth value"
	case []any:
		return "list"
	case map[string]any:
		return "object"
	}
	return "number"
}

// feature is a value small enough to be one.
func feature(v any) (any, bool) {
	switch v := v.(type) {
	case bool:
		return v, true
	case json.Number:
		f, err := v.Float64()
		return f, err == nil
	case int64:
		return float64(v), true
	case float64:
		return v, v == v
	case string:
		return v, len(v) <= maxFeature
	}
	return nil, false
}

const mostCut = 1000 // names of features that are kept to be told of

// cutFeatures counts the features that rows had beyond those that are kept.
type cutFeatures struct {
	rows map[string]int // by name
	more int            // of names beyond mostCut
}

func (c *cutFeatures) add(name string) {
	name = strings.ToValidUTF8(name[:min(len(name), maxFeature)], "")
	if _, ok := c.rows[name]; !ok && len(c.rows) == mostCut {
		c.more++
		return
	}
	c.rows[name]++
}

// note says what was left, "" for nothing.
func (c *cutFeatures) note() string {
	if len(c.rows) == 0 {
		return ""
	}
	const most = 8
	var list []string
	values := c.more
	for _, name := range slices.Sorted(maps.Keys(c.rows)) {
		values += c.rows[name]
		if len(list) < most {
			list = append(list, strconv.Quote(name[:min(len(name), 40)]))
		}
	}
	which := strings.Join(list, ", ")
	if more := len(c.rows) - len(list); more > 0 || c.more > 0 {
		which += fmt.Sprintf(" and at least %d others", more)
	}
	return fmt.Sprintf("%d values of the fields %s are left: a row keeps %d features beside those that the recipe names", values, which, mostOthers)
}
