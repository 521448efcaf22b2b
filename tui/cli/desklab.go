package cli

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/spf13/pflag"

	"s1/engine"
	"s1/engine/builtin"
	"s1/engine/scaling"
	"s1/engine/spelling"
	"s1/engine/trace"
	tuiapp "s1/tui/app"
)

// folderData stands for the data of a folder that was opened: its own questions, under its own plan.
const folderData = "(the folder's own)"

// laboratory is the screen's lab over engine/scaling. Its folders are those of s1 sweep: what one begins the other goes on with.
type laboratory struct {
	d *desk

	mu    sync.Mutex
	own   *engine.Model // the built-in model with its weights as they are, as s1 sweep measures it
	hired hired         // the servers that were measured last
	words []string      // the servers of the form, nil = it names none
	// guests are servers that single traces were asked of, by their words; the desk closes them.
	guests map[string]server
	gate   *scaling.Gate // of the sweep under way
	last   map[string][]scaling.Row
	of     string // what the rows of the last forecast were for
	busy   sync.WaitGroup
}

// Laboratory is there once the model is.
func (d *desk) Laboratory() tuiapp.Laboratory {
	d.labOnce.Do(func() { d.lab = &laboratory{d: d, guests: map[string]server{}} })
	return d.lab
}

// close waits for what still measures; its context has ended.
func (l *laboratory) close() error {
	l.busy.Wait()
	l.hired.dismiss()
	if l.own != nil {
		return l.own.Close()
	}
	return nil
}

// model is what is measured on this machine.
func (l *laboratory) model(ctx context.Context) (*engine.Model, error) {
	if l.d.model == nil {
		return nil, fmt.Errorf("the open model is of a server (%s): name it, or several of its kind, as what is measured", l.d.flags.model)
	}
	if l.d.flags.model != builtin.Name {
		return l.d.model, nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.own != nil {
		return l.own, nil
	}
	p, err := builtin.Load(ctx, engine.Options{Name: builtin.Name, Weights: "exact", Backend: l.d.flags.backend, Threads: l.d.flags.threads})
	if err != nil {
		return nil, err
	}
	l.own, err = engine.Assembled(p)
	return l.own, err
}

// labForm is the form: its names are the long flags of s1 sweep, but for the last two. model is the open one.
func labForm(model string) []tuiapp.LabField {
	return []tuiapp.LabField{
		{Name: fieldModel, Value: model, Hint: "the open one, or servers with one model: http://host:port/v1#name, several apart by spaces"},
		{Name: "data", Value: tapeData, Hint: "a file of questions, a known name, or tape"},
		{Name: "methods", Value: "none,bf,wait", Hint: strings.Join(scaling.AllMethods(), " ")},
		{Name: "caps", Value: "0,16,32,64,128,256,512,1024", Hint: "thinking tokens, of bf"},
		{Name: "waits", Value: "0,1,2,4", Hint: "numbers of Waits, of wait"},
		{Name: "votes", Value: "1,2,4,8", Hint: "samples, of majority"},
		{Name: "limits", Value: "64,128,256", Hint: "thinking tokens, of rs"},
		{Name: "n", Value: "200", Hint: "questions; 0 = all"},
		{Name: "seed", Value: "1", Hint: "of samples and of tape"},
		{Name: "out", Value: "s1-sweep", Hint: "the folder of the results"},
	}
}

// numbers reads 0,16,32.
func numbers(s string) (list []int, err error) {
	for _, f := range strings.FieldsFunc(s, func(r rune) bool { return r == ',' || r == ' ' }) {
		n, err := strconv.Atoi(f)
		if err != nil {
			return nil, fmt.Errorf("%q is no number", f)
		}
		list = append(list, n)
	}
	return list, nil
}

// Setup is the form with the user's values, and what is wrong with them.
func (l *laboratory) Setup(values map[string]string) []tuiapp.LabField {
	form := labForm(l.d.flags.model)
	f := l.flags()
	for i := range form {
		field := &form[i]
		if v, ok := values[field.Name]; ok {
			field.Value = v
		}
		if err := f.set(field.Name, field.Value); err != nil {
			field.Wrong = err.Error()
		}
		if field.Name == "out" {
			field.Name = "folder"
			if v, ok := values["folder"]; ok {
				field.Value = v
			}
			if field.Value == "" {
				field.Wrong = "a folder is needed"
			}
		}
	}
	l.mu.Lock()
	l.words = f.servers()
	l.mu.Unlock()
	return form
}

// flags are those of s1 sweep as they stand without any.
func (l *laboratory) flags() *sweepFlags {
	f := &sweepFlags{}
	f.register(pflag.NewFlagSet("lab", pflag.ContinueOnError))
	f.model = l.d.flags.model
	f.plan.System, f.plan.ThinkFormat = l.d.flags.system, l.d.flags.thinkFormat
	return f
}

// set takes one value of the form.
func (f *sweepFlags) set(name, value string) (err error) {
	value = strings.TrimSpace(value)
	switch name {
	case fieldModel:
		return f.setModel(value)
	case "data":
		if f.data = value; value == "" {
			err = fmt.Errorf("a file of questions, tape, or %s", strings.Join(dataWords(), ", "))
		}
	case "methods":
		f.plan.Methods = strings.FieldsFunc(value, func(r rune) bool { return r == ',' || r == ' ' })
		for _, m := range f.plan.Methods {
			if !contains(scaling.AllMethods(), m) {
				return fmt.Errorf("%q is no method%s", m, spelling.Hint(m, scaling.AllMethods()))
			}
		}
		if len(f.plan.Methods) == 0 {
			err = errors.New("at least one")
		}
	case "caps":
		f.plan.Caps, err = numbers(value)
	case "waits":
		f.plan.Waits, err = numbers(value)
	case "votes":
		f.plan.Votes, err = numbers(value)
	case "limits":
		f.plan.Limits, err = numbers(value)
	case "n":
		if f.n, err = strconv.Atoi(value); err != nil || f.n < 0 {
			err = fmt.Errorf("%q: a number, 0 = all", value)
		}
	case "seed":
		if f.plan.Seed, err = strconv.ParseUint(value, 10, 53); err != nil || f.plan.Seed == 0 {
			err = fmt.Errorf("%q: a number above 0", value)
		}
	case "out", "folder":
		f.out = value
	}
	return err
}

// settle makes the form flags and questions.
func (l *laboratory) settle(ctx context.Context, values map[string]string) (*sweepFlags, []scaling.Item, error) {
	f := l.flags()
	for _, field := range l.Setup(values) {
		if err := f.set(field.Name, field.Value); err != nil {
			return nil, nil, fmt.Errorf("%s: %w", field.Name, err)
		}
	}
	if f.data == folderData {
		f.data = ""
	}
	if err := f.check(); err != nil {
		return nil, nil, err
	}
	items, err := f.questions(ctx, nil)
	return f, items, err
}

// Forecast answers a few questions; a start with the same form need not answer them again.
func (l *laboratory) Forecast(ctx context.Context, values map[string]string) (string, error) {
	l.busy.Add(1)
	defer l.busy.Done()
	f, items, err := l.settle(ctx, values)
	if err != nil {
		return "", err
	}
	c, err := l.crew(ctx, f, func(string) {}) // what became of each server stands beside the form
	if err != nil {
		return "", err
	}
	e, err := scaling.Estimate(ctx, c, f.plan, items, f.options())
	if err != nil {
		return "", err
	}
	l.mu.Lock()
	l.last, l.of = e.Rows, l.sign(f, items)
	l.mu.Unlock()
	said := e.String()
	if s := c.Keeping(); s != "" {
		said += "; " + s
	}
	if u := f.unused(len(items)); u != "" {
		said += "; " + u
	}
	return said, nil
}

// sign is what the rows of a forecast are for.
func (l *laboratory) sign(f *sweepFlags, items []scaling.Item) string {
	return fmt.Sprint(f.plan, scaling.HashItems(items), f.model, f.others)
}

// reportEvery is how often a running sweep is drawn again at most.
const reportEvery = 200 * time.Millisecond

// Start runs or goes on.
func (l *laboratory) Start(ctx context.Context, values map[string]string, report func(tuiapp.LabReport)) error {
	l.busy.Add(1)
	defer l.busy.Done()
	f, items, err := l.settle(ctx, values)
	if err != nil {
		return err
	}
	t := &telling{report: report, so: scaling.Result{Plan: f.plan}}
	c, err := l.crew(ctx, f, t.said)
	if err != nil {
		return err
	}
	gate := &scaling.Gate{}
	l.mu.Lock()
	l.gate = gate
	o := f.options()
	if l.of == l.sign(f, items) {
		o.Known = l.last
	}
	l.mu.Unlock()
	t.r = tuiapp.LabReport{
		Model: c.Info().Name, Data: dataName(f.data), Folder: f.out, Licence: f.from.Licence, Seed: f.plan.Seed, State: "running", Kept: c.Served(),
	}
	o.Gate, o.Finished, o.Progress = gate, t.finished, t.progress
	r, record, err := f.carryOut(ctx, c, items, o, f.words())
	if err != nil {
		t.last()
		return err
	}
	t.so = *r
	t.whole = true
	t.last()
	return writeRecord(f.out, record)
}

// words is the command that does the same.
func (f *sweepFlags) words() string {
	join := func(list []int) string { return strings.Trim(strings.ReplaceAll(fmt.Sprint(list), " ", ","), "[]") }
	models := dataName(f.model)
	if servers := f.servers(); servers != nil {
		models = strings.Join(servers, " -m ")
	}
	return fmt.Sprintf("s1 sweep -m %s --data %s --n %d --methods %s --caps %s --waits %s --votes %s --limits %s --seed %d (from the lab)", models, dataName(f.data), f.n,
		strings.Join(f.plan.Methods, ","), join(f.plan.Caps), join(f.plan.Waits), join(f.plan.Votes), join(f.plan.Limits), f.plan.Seed)
}

// Pause shuts or opens the gate.
func (l *laboratory) Pause(on bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.gate == nil:
	case on:
		l.gate.Shut()
	default:
		l.gate.Open()
	}
}

// Look opens a folder.
func (l *laboratory) Look(_ context.Context, dir string) (tuiapp.LabReport, map[string]string, error) {
	k, err := scaling.ReadFolder(dir)
	if err != nil {
		return tuiapp.LabReport{}, nil, err
	}
	s := sourceOf(dir)
	r := tuiapp.LabReport{Model: k.Model, Data: s.Data, Licence: s.Licence, Folder: dir, Seed: k.Plan.Seed, State: "done", Kept: k.Served, Done: k.Done, Items: len(k.Items)}
	if k.Done < len(k.Items) {
		r.State = "stopped"
	}
	if k.Done > 0 {
		fillReport(&r, k.Result(), true)
	}
	join := func(list []int) string { return strings.Trim(strings.ReplaceAll(fmt.Sprint(list), " ", ","), "[]") }
	return r, map[string]string{
		"data": folderData, "methods": strings.Join(k.Plan.Methods, ","), "caps": join(k.Plan.Caps), "waits": join(k.Plan.Waits), "votes": join(k.Plan.Votes),
		"limits": join(k.Plan.Limits), "n": "0", "seed": fmt.Sprint(max(k.Plan.Seed, 1)), "folder": dir,
	}, nil
}

// mostItems is how many questions of a point are listed.
const mostItems = 20_000

// Items are the questions behind a point.
func (l *laboratory) Items(_ context.Context, dir string, point int) (list []tuiapp.LabItem, err error) {
	k, err := scaling.ReadFolder(dir)
	if err != nil {
		return nil, err
	}
	if n := len(k.Plan.Arms()); point < 0 || point >= n {
		return nil, fmt.Errorf("there are %d points in %s, not %d", n, dir, point+1)
	}
	for i, rows := range k.Rows {
		if rows == nil {
			continue
		}
		if len(list) == mostItems {
			break
		}
		row := &rows[point]
		answer := row.Answer
		if row.Error != "" {
			answer = row.Error
		}
		list = append(list, tuiapp.LabItem{
			Index: i, ID: row.Item, Question: k.Items[i].Prompt, Answer: answer, Gold: k.Items[i].Gold, Closed: row.Closed, Outcome: string(row.Outcome), Tokens: row.Tokens,
		})
	}
	return list, nil
}

// Trace asks again what made a row, on the model that made it, and hands the run over to the screen's.
func (l *laboratory) Trace(ctx context.Context, dir string, point, item int) (tuiapp.Live, string, error) {
	l.busy.Add(1)
	defer l.busy.Done()
	k, err := scaling.ReadFolder(dir)
	if err != nil {
		return nil, "", err
	}
	q, _, err := k.Reask(item, point)
	if err != nil {
		return nil, "", err
	}
	want, err := k.IDs(item, point)
	if err != nil {
		return nil, "", err
	}
	if k.Served != "" {
		return l.traceServed(ctx, dir, k, q, k.Items[item].Gold, want)
	}
	m, err := l.model(ctx)
	if err != nil {
		return nil, "", err
	}
	if sha := m.Info().SHA256; sha != k.ModelSHA256 {
		return nil, "", fmt.Errorf("the sweep in %s is of %s (sha256 %.12s), and the open model is %s (%.12s): s1 chat -m with the other one opens its traces", dir, k.Model, k.ModelSHA256, m.Info().Name, sha)
	}
	made, err := m.Ask(ctx, q)
	if err != nil {
		return nil, "", err
	}
	select {
	case <-made.Log().Done():
	case <-ctx.Done():
		return nil, "", ctx.Err()
	}
	saved := trace.Saved{Branch: made.Branch()}
	var ids []int32
	events, _ := made.Log().Since(0)
	for _, e := range events {
		switch e.Kind {
		case trace.EventToken:
			saved.Tokens, ids = append(saved.Tokens, e.Token), append(ids, e.Token.ID)
		case trace.EventNotice:
			saved.Notices = append(saved.Notices, e.Notice)
		case trace.EventEnd:
			saved.Receipt = e.Receipt
		case trace.EventState, trace.EventBudget, trace.EventSampling:
		}
	}
	note := ""
	if !slices.Equal(ids, want) {
		note = "this is another trace than the sweep's: the weights, or how they are held, are not those that made it"
	}
	shown := made
	if m == l.d.model {
		m.Expect(made.Run().ID, k.Items[item].Gold)
	} else {
		run := made.Run()
		run.Expected = k.Items[item].Gold
		lives, err := l.d.model.Restore(run, []trace.Saved{saved})
		m.Forget(run.ID)
		if err != nil {
			return nil, "", err
		}
		shown = lives[0]
	}
	l.d.recorder.Run(shown.Run())
	l.d.follow(shown)
	return shown, note, nil
}
