package scaling

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
)

const (
	maxLine  = 16 << 20 // bytes of one question's line
	maxItems = 1 << 20
)

// Fields name the fields of a file of questions. "" = the first of the usual names that the first line has.
type Fields struct{ ID, Question, Answer string }

// ReadItems reads the first n questions (0 = all) of a file with one JSON object a line, plain or gzip.
func ReadItems(path string, f Fields, n int) (items []Item, err error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("open the questions: %w", err)
	}
	defer file.Close()
	var r io.Reader = bufio.NewReaderSize(file, 1<<16)
	if magic, _ := r.(*bufio.Reader).Peek(2); bytes.Equal(magic, []byte{0x1f, 0x8b}) {
		z, err := gzip.NewReader(r)
		if err != nil {
			return nil, fmt.Errorf("read %s: %w", path, err)
		}
		r = z
	}
	if items, err = readItems(r, f, n); err != nil {
		return nil, fmt.Errorf("read %s: %w", path, err)
	}
	return items, nil
}

func readItems(r io.Reader, f Fields, n int) (items []Item, err error) {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, maxLine)
	for line := 1; (n <= 0 || len(items) < n) && lines.Scan(); line++ {
		if len(bytes.TrimSpace(lines.Bytes())) == 0 {
			continue
		}
		var object map[string]any
		d := json.NewDecoder(bytes.NewReader(lines.Bytes()))
		d.UseNumber()
		if err := d.Decode(&object); err != nil {
			return nil, fmt.Errorf("line %d: %w", line, err)
		}
		if len(items) == maxItems {
			return nil, fmt.Errorf("more than %d questions; ask for fewer with a limit", maxItems)
		}
		if len(items) == 0 {
			f = f.settle(object)
		}
		it := Item{ID: field(object, f.ID), Prompt: field(object, f.Question), Gold: field(object, f.Answer)}
		if it.ID == "" {
			it.ID = strconv.Itoa(line)
		}
		if strings.TrimSpace(it.Prompt) == "" {
			return nil, fmt.Errorf("line %d has no field %q with a question; its fields are %s", line, f.Question, names(object))
		}
		if it.Gold == "" {
			return nil, fmt.Errorf("line %d has no field %q with an answer; its fields are %s", line, f.Answer, names(object))
		}
		items = append(items, it)
	}
	if err := lines.Err(); err != nil {
		if errors.Is(err, bufio.ErrTooLong) {
			return nil, fmt.Errorf("a line is longer than %d bytes", maxLine)
		}
		return nil, err
	}
	if len(items) == 0 {
		return nil, errors.New("there is no question in it")
	}
	return items, nil
}

// settle takes the usual names where none were given.
func (f Fields) settle(object map[string]any) Fields {
	choose := func(name *string, usual []string) {
		for _, u := range usual {
			if *name == "" && field(object, u) != "" {
				*name = u
			}
		}
		if *name == "" {
			*name = usual[0]
		}
	}
	choose(&f.Question, []string{"question", "problem", "prompt"})
	choose(&f.Answer, []string{"answer", "gold", "expected"})
	choose(&f.ID, []string{"id", "unique_id"}) // else the number of the line
	return f
}

func field(object map[string]any, name string) string {
	switch v := object[name].(type) {
	case string:
		return v
	case json.Number:
		return v.String()
	}
	return ""
}

func names(object map[string]any) string {
	var list []string
	for k := range object {
		if len(list) < 20 {
			list = append(list, strconv.Quote(k))
		}
	}
	slices.Sort(list)
	return strings.Join(list, ", ")
}
