package tuitest

import (
	"context"
	"fmt"
	"strings"

	"s1/tui/app"
)

// Curator is a curation in memory, of one run that never moves by itself. It writes down what it was asked.
type Curator struct {
	State app.CurationState
	List  []app.CurationRow
	Fails error
	Did   []string
	Asked []app.CurationQuery
	Most  int // rows of a page, 0 = as many as asked for
}

func (c *Curator) did(format string, args ...any) error {
	c.Did = append(c.Did, fmt.Sprintf(format, args...))
	return c.Fails
}

// Recipes are two.
func (c *Curator) Recipes(context.Context) ([]app.CurationRecipe, error) {
	return []app.CurationRecipe{{Name: "s1-paper", About: "as the paper says", Folder: "s1-paper", Bare: true}, {Name: "s1-code", About: "as the code does", Folder: "s1-code", Bare: true}}, c.Fails
}

// Start runs.
func (c *Curator) Start(_ context.Context, recipe, data, folder string) error {
	c.State.Recipe, c.State.State = recipe, "running"
	return c.did("start %s %s %s", recipe, data, folder)
}

// Resume runs again.
func (c *Curator) Resume(_ context.Context, folder string, again bool) error {
	c.State.State = "running"
	if again {
		return c.did("ask again %s", folder)
	}
	return c.did("resume %s", folder)
}

// Stop stops.
func (c *Curator) Stop(_ context.Context, folder string) error {
	c.State.State = "stopped"
	return c.did("stop %s", folder)
}

// Watch reports once.
func (c *Curator) Watch(_ context.Context, folder string, report func(app.CurationState)) error {
	if err := c.did("watch %s", folder); err != nil {
		return err
	}
	report(c.State)
	return nil
}

// Rows are those that fit, a page at a time; a cursor is the number of the row it begins with.
func (c *Curator) Rows(_ context.Context, _ string, q app.CurationQuery) (app.CurationPage, error) {
	c.Asked = append(c.Asked, q)
	if c.Fails != nil {
		return app.CurationPage{}, c.Fails
	}
	var found []app.CurationRow
	for _, r := range c.List {
		fits := strings.Contains(r.ID+" "+r.Question+" "+r.Reason, q.Text) && (q.Rule == "" || r.Rule == q.Rule)
		switch q.Side {
		case app.CurationDropped:
			fits = fits && !r.Kept && r.Stage == q.Stage
		case app.CurationKept:
			fits = fits && r.Kept
		case app.CurationAll:
		}
		if fits {
			found = append(found, app.CurationRow{ID: r.ID, Question: r.Question, Kept: r.Kept, Hand: r.Hand, Stage: r.Stage, Rule: r.Rule, Reason: r.Reason})
		}
	}
	from, n := 0, q.Limit
	if c.Most > 0 {
		n = c.Most
	}
	if q.After != "" {
		if _, err := fmt.Sscan(q.After, &from); err != nil {
			return app.CurationPage{}, err
		}
	}
	to := min(from+n, len(found))
	page := app.CurationPage{Rows: found[from:to], Total: len(found)}
	if to < len(found) {
		page.Next = fmt.Sprint(to)
	}
	return page, nil
}

// Row is one row.
func (c *Curator) Row(_ context.Context, _, id string) (app.CurationRow, error) {
	for _, r := range c.List {
		if r.ID == id {
			return r, c.Fails
		}
	}
	return app.CurationRow{}, fmt.Errorf("no row has the id %q", id)
}

// Recount keeps one row more for every number that is tried.
func (c *Curator) Recount(_ context.Context, _ string, tried []app.CurationTry) (app.CurationState, error) {
	if err := c.did("recount %v", tried); err != nil {
		return app.CurationState{}, err
	}
	s := c.State
	s.Stages = append([]app.CurationStage(nil), s.Stages...)
	for i := range s.Stages {
		s.Stages[i].Kept += len(tried)
	}
	return s, nil
}

// Decide changes the row.
func (c *Curator) Decide(_ context.Context, _, id string, d app.CurationDecision) error {
	for i := range c.List {
		if r := &c.List[i]; r.ID == id {
			r.Hand, r.Kept, r.Note = !d.Undo, d.Keep, d.Note
		}
	}
	return c.did("decide %s keep %v undo %v %q", id, d.Keep, d.Undo, d.Note)
}

// Trace names a session.
func (c *Curator) Trace(_ context.Context, _, id string) (string, error) {
	return "row-" + id, c.did("trace %s", id)
}
