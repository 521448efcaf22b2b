package curate

import (
	"encoding/json"
	"fmt"
	"strconv"
	"unicode/utf8"
)

// parseRow takes a line apart that a loadWriter wrote: every stage reads every row, and this takes a fifth of encoding/json's time.
// What it does not know, spaces between the parts for one, it leaves to encoding/json.
func parseRow(line []byte) (*Row, error) {
	row := &Row{}
	if p := (parser{b: line}); utf8.Valid(line) && p.row(row) {
		return row, nil
	}
	*row = Row{}
	if err := json.Unmarshal(line, row); err != nil {
		return nil, fmt.Errorf("read row %.60q: %w", line, err)
	}
	return row, nil
}

// parser reads JSON from i on. Its methods say false where they stop.
type parser struct {
	b []byte
	i int
}

// is skips one byte.
func (p *parser) is(c byte) bool {
	if p.i < len(p.b) && p.b[p.i] == c {
		p.i++
		return true
	}
	return false
}

func (p *parser) row(row *Row) bool {
	ok := p.object(func(name []byte) (ok bool) {
		switch string(name) {
		case "n":
			_, ok = p.whole()
		case "id":
			row.ID, ok = p.text()
		case "question":
			row.Question, ok = p.text()
		case "solution":
			row.Solution, ok = p.text()
		case "cot_type":
			row.CotType, ok = p.text()
		case "source_type":
			row.SourceType, ok = p.text()
		case "metadata":
			row.Metadata, ok = p.text()
		case "trace":
			row.Trace, ok = p.text()
		case "attempt":
			row.Attempt, ok = p.text()
		case "file":
			row.File, ok = p.text()
		case "index":
			row.Index, ok = p.whole()
		case "features":
			if row.Features == nil {
				row.Features = make(map[string]any, 12)
			}
			ok = p.object(func(name []byte) (ok bool) {
				row.Features[string(name)], ok = p.scalar()
				return ok
			})
		}
		return ok
	})
	return ok && p.is('\n') && p.i == len(p.b)
}

// object reads {"name":value,...}; names have no escapes.
func (p *parser) object(value func(name []byte) bool) bool {
	if !p.is('{') {
		return false
	}
	if p.is('}') {
		return true
	}
	for {
		if !p.is('"') {
			return false
		}
		from := p.i
		if !p.plain() || p.b[p.i] != '"' {
			return false
		}
		name := p.b[from:p.i]
		p.i++
		if !p.is(':') || !value(name) {
			return false
		}
		if p.is('}') {
			return true
		}
		if !p.is(',') {
			return false
		}
	}
}

// plain skips to the next quote or backslash.
func (p *parser) plain() bool {
	for ; p.i < len(p.b); p.i++ {
		switch c := p.b[p.i]; {
		case c == '"', c == '\\':
			return true
		case c < ' ':
			return false
		}
	}
	return false
}

func (p *parser) text() (string, bool) {
	if !p.is('"') {
		return "", false
	}
	from := p.i
	if !p.plain() {
		return "", false
	}
	if p.b[p.i] == '"' {
		p.i++
		return string(p.b[from : p.i-1]), true
	}
	out := append(make([]byte, 0, 2*(p.i-from)+64), p.b[from:p.i]...)
	for {
		if p.is('"') {
			return string(out), true
		}
		r, ok := p.escape()
		if !ok {
			return "", false
		}
		out = utf8.AppendRune(out, r)
		from = p.i
		if !p.plain() {
			return "", false
		}
		out = append(out, p.b[from:p.i]...)
	}
}

// escape reads a backslash and what it stands for. Halves of a surrogate pair are left to encoding/json.
func (p *parser) escape() (rune, bool) {
	if p.i+1 >= len(p.b) {
		return 0, false
	}
	c := p.b[p.i+1]
	p.i += 2
	switch c {
	case '"', '\\', '/':
		return rune(c), true
	case 'n':
		return '\n', true
	case 't':
		return '\t', true
	case 'r':
		return '\r', true
	case 'b':
		return '\b', true
	case 'f':
		return '\f', true
	case 'u':
		if p.i+4 > len(p.b) {
			return 0, false
		}
		n, err := strconv.ParseUint(string(p.b[p.i:p.i+4]), 16, 32)
		p.i += 4
		return rune(n), err == nil && (n < 0xd800 || n > 0xdfff) //nolint:gosec // 16 bits
	}
	return 0, false
}

// whole reads a whole number of at most 15 digits.
func (p *parser) whole() (n int64, ok bool) {
	minus := p.is('-')
	from := p.i
	for ; p.i < len(p.b) && p.b[p.i] >= '0' && p.b[p.i] <= '9'; p.i++ {
		n = n*10 + int64(p.b[p.i]-'0')
		if p.i-from == 15 {
			return 0, false
		}
	}
	if p.i == from || p.b[from] == '0' && (minus || p.i > from+1) {
		return 0, false
	}
	if minus {
		n = -n
	}
	return n, true
}

// scalar reads a truth value, a number or a text.
func (p *parser) scalar() (any, bool) {
	if p.i == len(p.b) {
		return nil, false
	}
	switch p.b[p.i] {
	case '"':
		s, ok := p.text()
		return s, ok
	case 't':
		return true, p.word("true")
	case 'f':
		return false, p.word("false")
	}
	from := p.i
	if n, ok := p.whole(); ok && p.i < len(p.b) && (p.b[p.i] == ',' || p.b[p.i] == '}') {
		return float64(n), true
	}
	for p.i = from; p.i < len(p.b) && p.b[p.i] != ',' && p.b[p.i] != '}'; p.i++ {
	}
	number := p.b[from:p.i]
	if !json.Valid(number) {
		return nil, false
	}
	f, err := strconv.ParseFloat(string(number), 64)
	return f, err == nil
}

func (p *parser) word(w string) bool {
	if p.i+len(w) > len(p.b) || string(p.b[p.i:p.i+len(w)]) != w {
		return false
	}
	p.i += len(w)
	return true
}
