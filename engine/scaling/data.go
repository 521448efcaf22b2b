package scaling

import (
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"s1/engine/records"
)

const (
	maxLine     = 16 << 20 // bytes of one question's line
	maxItems    = 1 << 20
	firstBad    = 5   // rows that cannot be used are named, so many of them
	maxBadBytes = 400 // of the sentence about one of them, which quotes the file
)

// Fields name the fields of a file of questions. "" = the usual name that the rows have.
type Fields struct {
	ID, Question, Answer string

	// Choices is a field with a list: the question then ends with the choices, A) to the last, in an order of their own, and
	// the right answer is a letter. Wrong are fields with a wrong choice each, for files that have no list; Answer is then the
	// right choice. At most one of the two is given.
	Choices string
	Wrong   []string
	Shuffle uint64 // what the orders come from, with each question's id; 0 = as in the file

	Own      bool // the row's provenance says under which budget it was thought, and the question brings that along; one without is left out
	Ungraded bool // rows of messages are taken without a right answer too

	After string // the answer is what follows the last of this in its field, as "####" in GSM8K
}

// Questions are what a file holds.
type Questions struct {
	Items  []Item
	Bad    int      // rows that could not be used: not read, without a question, or without an answer
	Reason []string // of the first of them, with file and line
}

// Unused is a sentence about the rows that were left out, "" where there are none.
func (q *Questions) Unused() string {
	if q.Bad == 0 {
		return ""
	}
	s := fmt.Sprintf("%d of %d rows are left out: %s", q.Bad, q.Bad+len(q.Items), strings.Join(q.Reason, "; "))
	if more := q.Bad - len(q.Reason); more > 0 {
		s += fmt.Sprintf("; and %d more", more)
	}
	return s
}

// ReadItems reads the first n questions (0 = all) of whatever engine/records opens. A row that cannot be used is counted and
// named, and the others are read; a file without a usable row is an error.
func ReadItems(path string, f Fields, n int) (*Questions, error) {
	files, err := records.Files(path)
	if err != nil {
		return nil, fmt.Errorf("open the questions: %w", err)
	}
	r, err := records.OpenWith(path, records.Options{MaxLine: maxLine})
	if err != nil {
		return nil, fmt.Errorf("open the questions: %w", err)
	}
	q, err := readItems(r, f, n, len(files) > 1)
	if err = errors.Join(err, r.Close()); err != nil {
		return nil, fmt.Errorf("read the questions of %s: %w", path, err)
	}
	return q, nil
}

// readItems: of many files, a line's number alone is no id.
func readItems(r records.Reader, f Fields, n int, many bool) (*Questions, error) {
	q := &Questions{}
	for n <= 0 || len(q.Items) < n {
		row, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		var bad *records.BadRow
		if errors.As(err, &bad) {
			q.leaveOut(err)
			continue
		}
		if err != nil {
			return nil, err
		}
		if len(q.Items) == maxItems {
			return nil, fmt.Errorf("more than %d questions; ask for fewer with a limit", maxItems)
		}
		f.settle(row)
		it, err := f.item(row, many)
		if err != nil {
			q.leaveOut(&records.BadRow{File: row.File, Line: row.Index + 1, Cause: err})
			continue
		}
		q.Items = append(q.Items, it)
	}
	switch {
	case len(q.Items) == 0 && q.Bad > 0:
		return nil, fmt.Errorf("none of %d rows is a question: %s", q.Bad, strings.Join(q.Reason[:1], ""))
	case len(q.Items) == 0:
		return nil, errors.New("there is no question in it")
	}
	return q, nil
}

func (q *Questions) leaveOut(err error) {
	q.Bad++
	if len(q.Reason) == firstBad {
		return
	}
	var bad *records.BadRow
	if errors.As(err, &bad) { // without the folders of this machine: it is kept with the results
		err = &records.BadRow{File: filepath.Base(bad.File), Line: bad.Line, Cause: bad.Cause}
	}
	s := err.Error()
	if len(s) > maxBadBytes {
		s = strings.ToValidUTF8(s[:maxBadBytes], "") + "..."
	}
	q.Reason = append(q.Reason, s)
}

// item makes a question of a row.
func (f Fields) item(row records.Row, many bool) (it Item, err error) {
	var ok bool
	if it.ID, _ = row.Text(f.ID); it.ID == "" {
		if it.ID = strconv.FormatInt(row.Index+1, 10); many {
			it.ID = filepath.Base(row.File) + ":" + it.ID
		}
	}
	if _, said := row.Fields["messages"]; said && f.conversation(row) {
		it.Gold, _ = row.Text(f.Answer)
		if err := f.converse(&it, row); err != nil {
			return it, err
		}
		if it.Gold == "" && !f.Ungraded {
			return it, errors.New("its messages are a question, but neither a field of the row nor its provenance (expected) has the right answer")
		}
		return it, nil
	}
	if f.Own {
		return it, fmt.Errorf("it has no messages with a provenance, which says the budget it was thought under; its fields are %s", row.Names())
	}
	if it.Prompt, ok = row.Text(f.Question); !ok || strings.TrimSpace(it.Prompt) == "" {
		return it, fmt.Errorf("it has no field %q with a question; its fields are %s", or(f.Question, usualQuestion[0]), row.Names())
	}
	if it.Gold, ok = row.Text(f.Answer); !ok || it.Gold == "" {
		return it, fmt.Errorf("it has no field %q with an answer; its fields are %s", or(f.Answer, usualAnswer[0]), row.Names())
	}
	if f.After != "" {
		at := strings.LastIndex(it.Gold, f.After)
		if at < 0 {
			return it, fmt.Errorf("the answer in %q has no %q", f.Answer, f.After)
		}
		if it.Gold = strings.TrimSpace(it.Gold[at+len(f.After):]); it.Gold == "" {
			return it, fmt.Errorf("nothing follows %q in the answer in %q", f.After, f.Answer)
		}
	}
	if f.Choices == "" && len(f.Wrong) == 0 {
		return it, nil
	}
	return f.choice(it, row)
}

// conversation says whether the question is to be taken from messages: nobody named another field, and no usual one is there.
func (f Fields) conversation(row records.Row) bool {
	if f.Question != "" && !slices.Contains(usualQuestion[:], f.Question) || f.Choices != "" || len(f.Wrong) > 0 || f.After != "" {
		return false
	}
	s, ok := row.Text(f.Question)
	return f.Own || !ok || strings.TrimSpace(s) == ""
}

// The usual names, of the most usual first.
var (
	usualQuestion = [...]string{"question", "problem", "prompt"}
	usualAnswer   = [...]string{"answer", "gold", "expected"}
	usualID       = [...]string{"id", "unique_id"} // else the number of the line
)

// settle takes a usual name, of the first row that has one, where none was given.
func (f *Fields) settle(row records.Row) {
	choose := func(name *string, usual []string) {
		for _, u := range usual {
			if s, ok := row.Text(u); *name == "" && ok && s != "" {
				*name = u
			}
		}
	}
	choose(&f.Question, usualQuestion[:])
	choose(&f.Answer, usualAnswer[:])
	choose(&f.ID, usualID[:])
}

func or(a, b string) string {
	if a == "" {
		return b
	}
	return a
}
