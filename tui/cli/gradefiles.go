package cli

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"strings"

	"s1/engine/grade"
	"s1/train/probe"
)

// The fields that are looked for when none is named, in this order.
var (
	predFields = []string{"pred", "prediction", "text", "output", "response", "completion", "answer"}
	goldFields = []string{"gold", "answer", "target", "solution"}
)

// mostLine bounds one line of JSONL, in bytes.
const mostLine = 16 << 20

// answerLine is one line of a file: an answer, and the id it may have.
type answerLine struct{ id, text string }

// gradeFiles grades every prediction and sums up.
func (a *app) gradeFiles(f gradeFlags, p grade.Policies) error {
	preds, err := readRecords(f.pred, f.predField, predFields)
	if err != nil {
		return err
	}
	golds, err := readRecords(f.gold, f.goldField, goldFields)
	if err != nil {
		return err
	}
	golds, err = paired(preds, golds, f)
	if err != nil {
		return err
	}
	count := map[grade.Outcome]int{}
	for i, pred := range preds {
		v := grade.Grade(pred.text, golds[i].text, p)
		count[v.Verdict]++
		name := pred.id
		if name == "" {
			name = fmt.Sprint(i + 1)
		}
		if a.json {
			line := verdictLine(v)
			line.ID = name
			err = a.printJSON(line)
		} else {
			_, err = fmt.Fprintf(a.out, "%-10s %-12s %s   known %s   (%s)\n", v.Verdict, safeLine(name, 40), safeLine(v.Extracted, 60), safeLine(v.Gold, 60), v.Rule)
		}
		if err != nil {
			return err
		}
	}
	r := probe.NewRate(count[grade.Correct], len(preds))
	a.say("%d of %d correct: %.1f %% (95 %% interval %.1f to %.1f); %d incorrect, %d unparsed; policies %s",
		r.Hits, r.N, r.Rate, r.Low, r.High, count[grade.Incorrect], count[grade.Unparsed], f.preset)
	return nil
}

// paired are the golds in the order of the predictions: by id where every line has one, else line by line.
func paired(preds, golds []answerLine, f gradeFlags) ([]answerLine, error) {
	byID := map[string]answerLine{}
	for _, g := range golds {
		if _, twice := byID[g.id]; g.id == "" || twice {
			byID = nil
			break
		}
		byID[g.id] = g
	}
	for _, p := range preds {
		if p.id == "" {
			byID = nil
		}
	}
	if byID == nil {
		if len(preds) != len(golds) {
			return nil, fmt.Errorf("grade %s against %s: %d lines and %d, and not every line has an id of its own", f.pred, f.gold, len(preds), len(golds))
		}
		return golds, nil
	}
	ordered := make([]answerLine, len(preds))
	for i, p := range preds {
		g, ok := byID[p.id]
		if !ok {
			return nil, fmt.Errorf("grade %s against %s: line %d has the id %q, which no known answer has", f.pred, f.gold, i+1, p.id)
		}
		ordered[i] = g
	}
	return ordered, nil
}

// readRecords reads a JSONL file whose lines are objects, or the answers themselves.
func readRecords(path, field string, fields []string) ([]answerLine, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("open answers: %w", err)
	}
	defer file.Close()
	if field != "" {
		fields = []string{field}
	}
	var all []answerLine
	lines := bufio.NewScanner(file)
	lines.Buffer(nil, mostLine)
	n := 0
	for lines.Scan() {
		n++
		if strings.TrimSpace(lines.Text()) == "" {
			continue
		}
		r, err := asRecord(lines.Bytes(), fields)
		if err != nil {
			return nil, fmt.Errorf("read %s, line %d: %w", path, n, err)
		}
		all = append(all, r)
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("read %s, line %d (at most %d bytes a line): %w", path, n+1, mostLine, err)
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("read %s: it has no line", path)
	}
	return all, nil
}

func asRecord(line []byte, fields []string) (answerLine, error) {
	var row map[string]json.RawMessage
	if err := json.Unmarshal(line, &row); err != nil {
		text, ok := asText(line)
		if !ok {
			return answerLine{}, fmt.Errorf("not JSON: %w", err)
		}
		return answerLine{text: text}, nil
	}
	r := answerLine{}
	for _, name := range []string{"id", "unique_id"} {
		if id, ok := asText(row[name]); ok && r.id == "" {
			r.id = id
		}
	}
	for _, name := range fields {
		if raw, ok := row[name]; ok {
			text, ok := asText(raw)
			if !ok {
				return answerLine{}, fmt.Errorf("field %q is neither a text nor a number", name)
			}
			r.text = text
			return r, nil
		}
	}
	return answerLine{}, fmt.Errorf("no field %s", strings.Join(fields, ", "))
}

// asText is a JSON string, or a number as it is written; null is no answer.
func asText(raw json.RawMessage) (string, bool) {
	var s string
	if len(raw) == 0 {
		return "", false
	}
	if json.Unmarshal(raw, &s) == nil {
		return s, true
	}
	var n json.Number
	if json.Unmarshal(raw, &n) == nil {
		return n.String(), true
	}
	return "", false
}
