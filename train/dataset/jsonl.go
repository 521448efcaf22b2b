package dataset

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"unicode/utf8"

	"s1/engine/tokenizer"
)

// Limits on a file of rows, which nobody vouches for.
const (
	maxLine     = 16 << 20 // bytes of one line, unpacked
	maxMessages = 10_000   // of one row
)

// row is one line, as one of three shapes: a conversation, or a text with everything in it.
type row struct {
	messages []tokenizer.Message
	text     string // when messages is nil
	bad      bool   // people marked it so: its label is false
	place    string // file:line
}

// eachRow reads a JSONL file, plain or gzip, and hands over its rows one at a time. Blank lines are passed over.
func eachRow(ctx context.Context, path string, visit func(row) error) error {
	f, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("open rows: %w", err)
	}
	defer f.Close()
	lines := bufio.NewReaderSize(f, 64<<10)
	if magic, _ := lines.Peek(2); bytes.Equal(magic, []byte{0x1f, 0x8b}) {
		z, err := gzip.NewReader(lines)
		if err != nil {
			return fmt.Errorf("open rows %s: %w", path, err)
		}
		defer z.Close()
		lines = bufio.NewReaderSize(z, 64<<10)
	}
	for n := 1; ; n++ {
		place := fmt.Sprintf("%s:%d", path, n)
		line, err := readLine(lines)
		end := errors.Is(err, io.EOF)
		if err != nil && !end {
			return fmt.Errorf("%s: read: %w", place, err)
		}
		if line = bytes.TrimSpace(line); len(line) > 0 {
			if err := ctx.Err(); err != nil {
				return err
			}
			r, err := parseRow(line)
			if err == nil {
				r.place = place
				err = visit(r)
			}
			if err != nil {
				return fmt.Errorf("%s: %w", place, err)
			}
		}
		if end {
			return nil
		}
	}
}

// readLine gives the next line, whose last one comes with io.EOF. It never holds more than maxLine.
func readLine(r *bufio.Reader) ([]byte, error) {
	var line []byte
	for {
		part, err := r.ReadSlice('\n')
		if len(line)+len(part) > maxLine {
			return nil, fmt.Errorf("the line has more than %d bytes", maxLine)
		}
		line = append(line, part...)
		if !errors.Is(err, bufio.ErrBufferFull) {
			return line, err
		}
	}
}

// rowJSON is what a row may bring; other fields are passed over.
type rowJSON struct {
	Messages   []messageJSON   `json:"messages"`
	Prompt     json.RawMessage `json:"prompt"`     // a string, or messages
	Completion json.RawMessage `json:"completion"` // a string, or messages
	Text       *string         `json:"text"`
	Label      json.RawMessage `json:"label"` // false = bad, as trainers of preferences have it; other data sets keep other things in it
}

type messageJSON struct {
	Role             string          `json:"role"`
	Content          json.RawMessage `json:"content"` // a string, or parts of type text
	ReasoningContent string          `json:"reasoning_content"`
	Reasoning        string          `json:"reasoning"`
}

// parseRow takes the first of the shapes that the row has: messages, prompt and completion, text.
func parseRow(line []byte) (row, error) {
	if !utf8.Valid(line) {
		return row{}, errors.New("the line is not UTF-8")
	}
	if line[0] != '{' {
		return row{}, fmt.Errorf("the line begins with %q, want a JSON object", rune(line[0]))
	}
	var j rowJSON
	if err := json.Unmarshal(line, &j); err != nil {
		return row{}, fmt.Errorf("read JSON: %w", err)
	}
	r, err := j.row()
	r.bad = string(j.Label) == "false"
	return r, err
}

func (j *rowJSON) row() (row, error) {
	switch {
	case len(j.Messages) > 0:
		m, err := conversation(j.Messages)
		return row{messages: m}, err
	case given(j.Prompt) && given(j.Completion):
		prompt, err := side("prompt", "user", j.Prompt)
		if err != nil {
			return row{}, err
		}
		completion, err := side("completion", "assistant", j.Completion)
		if err == nil && len(completion) == 0 {
			err = errors.New("the completion is empty, so there is no answer to train on")
		}
		return row{messages: append(prompt, completion...)}, err
	case j.Text != nil:
		return row{text: *j.Text}, nil
	case given(j.Prompt):
		return row{}, errors.New("there is a prompt and no completion, so no answer to train on")
	}
	return row{}, errors.New(`the row has none of "messages", "prompt" with "completion", "text"`)
}

// given says whether a field is there; exports write null for one that is not.
func given(raw json.RawMessage) bool { return len(raw) > 0 && string(raw) != "null" }

// side reads a prompt or a completion.
func side(name, role string, raw json.RawMessage) ([]tokenizer.Message, error) {
	var text string
	if json.Unmarshal(raw, &text) == nil {
		m := tokenizer.Message{Role: role, Content: text}
		splitThought(&m)
		return []tokenizer.Message{m}, nil
	}
	var list []messageJSON
	if err := json.Unmarshal(raw, &list); err != nil {
		return nil, fmt.Errorf("%s is neither a text nor a list of messages", name)
	}
	return conversation(list)
}

func conversation(list []messageJSON) ([]tokenizer.Message, error) {
	if len(list) > maxMessages {
		return nil, fmt.Errorf("the row has %d messages, at most %d", len(list), maxMessages)
	}
	out := make([]tokenizer.Message, len(list))
	for i, j := range list {
		content, err := contentOf(j.Content)
		if err != nil {
			return nil, fmt.Errorf("message %d: %w", i, err)
		}
		out[i] = tokenizer.Message{Role: j.Role, Content: content, Reasoning: j.ReasoningContent}
		if out[i].Reasoning == "" {
			out[i].Reasoning = j.Reasoning
		}
		if j.Role == "" {
			return nil, fmt.Errorf("message %d has no role", i)
		}
		splitThought(&out[i])
	}
	return out, nil
}

// contentOf reads a string, null, or a list of text parts.
func contentOf(raw json.RawMessage) (string, error) {
	var text *string
	if len(raw) == 0 || json.Unmarshal(raw, &text) == nil {
		if text == nil {
			return "", nil
		}
		return *text, nil
	}
	var parts []struct{ Type, Text string }
	if err := json.Unmarshal(raw, &parts); err != nil {
		return "", errors.New("its content is neither a text nor a list of parts")
	}
	var b strings.Builder
	for _, p := range parts {
		if p.Type != "text" {
			return "", fmt.Errorf("its content has a part of type %.40q; only text can be trained on", p.Type)
		}
		b.WriteString(p.Text)
	}
	return b.String(), nil
}

// splitThought takes a thought written in front of an answer, between <think> and </think>, as what it is.
func splitThought(m *tokenizer.Message) {
	if m.Role != "assistant" || m.Reasoning != "" {
		return
	}
	rest, ok := strings.CutPrefix(strings.TrimLeft(m.Content, " \t\r\n"), "<think>")
	if !ok {
		return
	}
	if thought, answer, ok := strings.Cut(rest, "</think>"); ok {
		m.Reasoning, m.Content = thought, answer
	}
}
