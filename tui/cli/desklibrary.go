package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"s1/engine/trace"
	"s1/sessions"
	tuiapp "s1/tui/app"
)

// reader makes older sessions searchable while the screen goes on. The first search starts it, closing the desk ends it.
type reader struct {
	once sync.Once
	stop context.CancelFunc
	done chan struct{}
}

func (r *reader) start(s *sessions.Store) {
	r.once.Do(func() {
		var ctx context.Context
		ctx, r.stop = context.WithCancel(context.Background())
		r.done = make(chan struct{})
		go func() {
			defer close(r.done)
			// What fails here is tried again by the next s1; until then a search says how much is missing.
			_ = s.CatchUp(ctx, nil)
		}()
	})
}

// close waits until the reader has put down its pencil.
func (r *reader) close() {
	r.once.Do(func() {})
	if r.stop != nil {
		r.stop()
		<-r.done
	}
}

var errNothingKept = errors.New("nothing is kept: saving is off")

// Find returns a page of the library.
func (d *desk) Find(ctx context.Context, q tuiapp.ShelfQuery) (tuiapp.ShelfPage, error) {
	if d.store == nil {
		return tuiapp.ShelfPage{}, errNothingKept
	}
	d.reader.start(d.store)
	f := sessions.Filter{Text: q.Text, Model: q.Model, Closed: q.Closed, Verdict: q.Verdict, Tag: q.Tag, Limit: q.Limit, After: q.After}
	if f.Limit <= 0 {
		f.Limit = 50
	}
	if err := checkFilter(&f, q.Since, time.Now()); err != nil {
		return tuiapp.ShelfPage{}, err
	}
	hits, err := d.store.Query(ctx, f)
	if err != nil {
		return tuiapp.ShelfPage{}, err
	}
	page := tuiapp.ShelfPage{Rows: make([]tuiapp.ShelfRow, len(hits))}
	for i, h := range hits {
		page.Rows[i] = tuiapp.ShelfRow{
			ID: h.ID, Created: h.Created.Local().Format("2006-01-02 15:04"), Model: h.Model, Prompt: h.Prompt, Answer: strings.TrimSpace(h.Answer), Title: h.Title,
			Branches: h.Branches, Tokens: h.Tokens, Closed: closedWord(h.Summary), Verdict: h.Verdict, Expected: h.Expected, Tags: h.Tags,
			Branch: h.Branch, Where: h.Where, Token: h.Token, Snippet: tuiapp.ShelfText{Text: h.Snippet, Hits: h.Marks},
		}
	}
	if len(hits) == f.Limit {
		page.Next = hits[len(hits)-1].Cursor
	}
	if page.Total, page.More, err = d.store.Count(ctx, f, maxCounted); err != nil {
		return tuiapp.ShelfPage{}, err
	}
	if strings.TrimSpace(q.Text) != "" {
		if left, err := d.store.Pending(ctx); err == nil && left > 0 {
			page.Note = fmt.Sprintf("%d branches are not searchable yet", left)
		}
	}
	return page, nil
}

// Preview returns a branch of a run to read; "" is the newest one.
func (d *desk) Preview(ctx context.Context, id string, branch trace.BranchID) (tuiapp.ShelfPreview, error) {
	if d.store == nil {
		return tuiapp.ShelfPreview{}, errNothingKept
	}
	r, err := d.store.Read(ctx, id, branch)
	if err != nil {
		return tuiapp.ShelfPreview{}, notHere(id, err)
	}
	facts := []string{r.Created.Local().Format("2006-01-02 15:04"), tuiapp.Called(r.Model)}
	if r.Receipt != nil {
		facts = append(facts, fmt.Sprintf("thinking %d", r.Receipt.ThinkingTokens), "closed "+string(r.Receipt.Closed))
	} else {
		facts = append(facts, "open")
	}
	if r.Branches != 1 {
		facts = append(facts, fmt.Sprintf("%d branches", r.Branches))
	}
	note := strings.Trim(r.Note+"\n"+r.Comment, "\n")
	return tuiapp.ShelfPreview{
		ID: id, Branch: r.Branch, Question: r.Prompt, Thought: r.Inherited + r.Thought, Answer: strings.TrimSpace(r.Whole),
		Facts: strings.Join(facts, ", "), Expected: r.Expected, Verdict: r.Right, Tags: r.Tags, Note: note,
	}, nil
}

// Marked is Preview with the places where a text stands.
func (d *desk) Marked(ctx context.Context, id string, branch trace.BranchID, text string) (tuiapp.ShelfPreview, error) {
	p, err := d.Preview(ctx, id, branch)
	if err != nil {
		return p, err
	}
	r, err := d.store.Read(ctx, id, p.Branch)
	if err != nil {
		return p, notHere(id, err)
	}
	question, thought, answer, err := d.store.Found(ctx, id, p.Branch, text)
	if err != nil {
		return p, err
	}
	cut := len(r.Whole) - len(strings.TrimLeft(r.Whole, " \n\t\r"))
	p.QuestionHits = moved(question, 0, len(p.Question))
	p.ThoughtHits = moved(thought, len(r.Inherited), len(p.Thought))
	p.AnswerHits = moved(answer, -cut, len(p.Answer))
	return p, nil
}

// moved shifts ranges, without those that then stand outside of a text.
func moved(ranges [][2]int, by, length int) [][2]int {
	var out [][2]int
	for _, r := range ranges {
		if from, to := r[0]+by, r[1]+by; from >= 0 && to <= length {
			out = append(out, [2]int{from, to})
		}
	}
	return out
}

// changed runs a change of the library and says what to do about a run that is not there.
func (d *desk) changed(id string, f func() error) error {
	if d.store == nil {
		return errNothingKept
	}
	return notHere(id, f())
}

func (d *desk) SetTags(ctx context.Context, id string, tags []string) error {
	return d.changed(id, func() error { return d.store.SetTags(ctx, id, "", tags) })
}

func (d *desk) SetNote(ctx context.Context, at tuiapp.ShelfPlace, note string) error {
	return d.changed(at.Run, func() error { return d.store.SetNote(ctx, at.Run, at.Branch, at.Token, note) })
}

func (d *desk) Bookmark(ctx context.Context, at tuiapp.ShelfPlace, on bool) error {
	return d.changed(at.Run, func() error { return d.store.Bookmark(ctx, at.Run, at.Branch, at.Token, on) })
}

func (d *desk) Mark(ctx context.Context, at tuiapp.ShelfPlace, worth string) error {
	return d.changed(at.Run, func() error { return d.store.Mark(ctx, at.Run, at.Branch, worth) })
}

func (d *desk) SetExpected(ctx context.Context, id, expected string) error {
	return d.changed(id, func() error { return d.store.SetExpected(ctx, id, expected) })
}

func (d *desk) Bin(ctx context.Context, at tuiapp.ShelfPlace) error {
	return d.changed(at.Run, func() error {
		if at.Branch != "" {
			return d.store.RemoveBranch(ctx, at.Run, at.Branch)
		}
		return d.store.Remove(ctx, at.Run)
	})
}

func (d *desk) Restore(ctx context.Context, at tuiapp.ShelfPlace) error {
	return d.changed(at.Run, func() error {
		if at.Branch != "" {
			return d.store.RestoreBranch(ctx, at.Run, at.Branch)
		}
		return d.store.Restore(ctx, at.Run)
	})
}

// ExportTo writes runs into a new file.
func (d *desk) ExportTo(ctx context.Context, ids []string, format, path string) error {
	return d.changed(strings.Join(ids, ", "), func() error { return exportFile(ctx, d.store, path, format, ids) })
}

// RowsTo writes what is marked good into a new file, as rows to train on.
func (d *desk) RowsTo(ctx context.Context, ids []string, path string) (tuiapp.RowsMade, error) {
	var n sessions.RowCounts
	err := d.changed(strings.Join(ids, ", "), func() (err error) {
		n, err = writeRows(ctx, d.store, sessions.RowFilter{IDs: ids, Tag: sessions.Good}, path, true)
		return err
	})
	return tuiapp.RowsMade{Written: n.Written, Other: n.Other, Unanswered: n.Unanswered, Repeated: n.Repeated}, err
}

var _ tuiapp.Shelf = (*desk)(nil)
