package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"

	"s1/engine/builtin/tape"
	"s1/engine/scaling"
	"s1/engine/weights/hub"
	"s1/train/dataset"
)

// tapeData is the word for problems of the calculator tape in place of a file: those kept out of the built-in model's training.
const tapeData = "tape"

// dataWords are the names that stand for a data set of a hub.
func dataWords() (names []string) {
	for _, k := range scaling.KnownSets() {
		names = append(names, k.Name)
	}
	return names
}

// questions are those that the flags name, or, without --data, those of the sweep in the folder, with its plan. pull hears how
// far a data set's fetching is; nil = nobody does.
func (f *sweepFlags) questions(ctx context.Context, pull func(hub.Progress)) ([]scaling.Item, error) {
	if f.data != "" {
		return f.items(ctx, pull)
	}
	k, err := scaling.ReadFolder(f.out)
	if err != nil {
		return nil, err
	}
	f.plan, f.from = k.Plan, sourceOf(f.out)
	f.data = f.from.Data
	return k.Items, nil
}

// items are the questions that the flags name. A name goes before a file of that name, which ./ tells apart.
func (f *sweepFlags) items(ctx context.Context, pull func(hub.Progress)) ([]scaling.Item, error) {
	f.from = questionSource{Data: dataName(f.data)}
	if f.data == tapeData {
		n := f.n
		if n == 0 {
			n = 200
		}
		return tapeItems(f.plan.Seed, n), nil
	}
	path, fields := f.data, f.fields
	if k, ok := scaling.KnownSet(f.data); ok {
		d, err := hub.FromEnv().PullData(ctx, k.Repo, f.revision(), k.File, pull)
		if err != nil {
			return nil, fmt.Errorf("--data %s: %w", k.Name, err)
		}
		path, fields = d.Path, k.Fields
		f.from.Home, f.from.Commit, f.from.Licence = d.Home, d.Commit, d.Licence
		if f.from.Licence == "" {
			f.from.Licence = k.Licence
		}
	}
	fields.Own = contains(f.plan.Methods, scaling.MethodOwn)
	fields.Ungraded = fields.Own || f.against != "" // two models can be compared where nobody knows the answer
	if fields.Choices != "" || len(fields.Wrong) > 0 {
		fields.Shuffle, f.from.Shuffle = f.shuffle, &f.shuffle
	}
	q, err := scaling.ReadItems(path, fields, f.n)
	if errors.Is(err, fs.ErrNotExist) && path == filepath.Base(path) {
		return nil, fmt.Errorf("%w; the names of data sets are %s and %s", err, strings.Join(dataWords(), ", "), tapeData)
	}
	if err != nil {
		return nil, err
	}
	f.from.LeftOut, f.from.Reasons = q.Bad, q.Reason
	return q.Items, nil
}

// revision is the commit of the data set that the sweep in the folder has begun with, "" for a new one: what has changed at
// the hub since does not keep it from going on.
func (f *sweepFlags) revision() string {
	if s := sourceOf(f.out); f.kept() && s.Data == f.data {
		return s.Commit
	}
	return ""
}

// checkData is what can be said of --data before anything is fetched.
func (f *sweepFlags) checkData() error {
	if _, ok := scaling.KnownSet(f.data); !ok && f.data != tapeData {
		return nil
	}
	if g := f.fields; g.ID != "" || g.Question != "" || g.Answer != "" || g.Choices != "" {
		return usagef("--id, --question, --answer and --choices are for files; the fields of %s are known", f.data)
	}
	return nil
}

// sayData tells what the questions are: where a data set is from and under which terms, and which rows were left out.
func (a *app) sayData(f *sweepFlags, n int) {
	if s := f.from; s.Home != "" {
		a.say("%s: %d questions from %s at %.12s, licence: %s", s.Data, n, safeLine(s.Home, 200), s.Commit, safeLine(s.Licence, 100))
	}
	if u := f.unused(n); u != "" {
		a.say("%s", u)
	}
}

// unused is a line about the rows that are no questions, beside n that are; "" = there are none.
func (f *sweepFlags) unused(n int) string {
	const longest = 2500
	q := scaling.Questions{Items: make([]scaling.Item, n), Bad: f.from.LeftOut, Reason: f.from.Reasons}
	return safeLine(q.Unused(), longest)
}

// tapeItems are problems of the calculator tape that the built-in model was never trained on.
func tapeItems(seed uint64, n int) []scaling.Item {
	items := make([]scaling.Item, n)
	for i, p := range dataset.TestProblems(seed, n, 2, tape.MaxSteps, tape.MaxValue) {
		items[i] = scaling.Item{ID: strconv.Itoa(i + 1), Prompt: p.String(), Gold: strconv.Itoa(p.Answer())}
	}
	return items
}
