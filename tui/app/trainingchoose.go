package app

import (
	"context"
	"fmt"
	"slices"
	"strings"

	tea "github.com/charmbracelet/bubbletea"

	"s1/tui/overlay"
	"s1/tui/pane/train"
)

// trainField is one thing to choose: where it is kept, what it says where it is empty, and what it takes.
type trainField struct {
	name, empty, hint string
	at                func(*TrainChoice) *string
	from              []string // the values to step through with left and right; nil = it is typed
}

// backends are where a run takes place; "" is the recipe's own.
var backends = []string{"", "own", "trl", "slurm"}

// trainFields are the fields of the form. The interpreter is one where Python trains.
func (m *Model) trainFields() []trainField {
	presets := m.opt.Trainer.Presets()
	list := []trainField{
		{"recipe", "a preset or a file.toml", "a preset (" + strings.Join(presets, ", ") + ") or a file.toml", func(c *TrainChoice) *string { return &c.Recipe }, presets},
		{"model", "the recipe's own", "mini, a folder, file.gguf or org/name; empty = the recipe's own", func(c *TrainChoice) *string { return &c.Model }, nil},
		{"data", "the recipe's own", "a JSONL file; empty = the recipe's own", func(c *TrainChoice) *string { return &c.Data }, nil},
		{"out", "the recipe's name", "the folder of the run; empty = the recipe's name", func(c *TrainChoice) *string { return &c.Out }, nil},
		{"backend", "the recipe's own", "own (this program, here), trl (Python) or slurm (a cluster's queue); empty = the recipe's own", func(c *TrainChoice) *string { return &c.Backend }, backends},
	}
	if b := m.training.plan.Backend; b != "" && m.training.choice.Backend == "" {
		list[4].empty += " (" + b + ")"
	}
	if t := &m.training; t.plan.Backend == "trl" || t.plan.Backend == "slurm" || t.choice.Python != "" {
		list = append(list, trainField{"python", "the recipe's own, or python3", "an interpreter that has torch, transformers, trl and accelerate; empty = the recipe's own", func(c *TrainChoice) *string { return &c.Python }, nil})
	}
	return list
}

// inputTrainField asks for the field under the cursor.
func (m *Model) inputTrainField() {
	t, list := &m.training, m.trainFields()
	f := list[min(t.pane.Chosen.Cursor, len(list)-1)]
	in := overlay.Input{Title: f.name, Hint: f.hint}
	in.Editor.Set(*f.at(&t.choice))
	m.input(in, func(s string) tea.Cmd {
		*f.at(&m.training.choice) = strings.TrimSpace(s)
		return m.planTraining()
	})
}

// stepField takes the next value of the field under the cursor, where it has values to step through.
func (m *Model) stepField(by int) tea.Cmd {
	t, list := &m.training, m.trainFields()
	f := list[min(t.pane.Chosen.Cursor, len(list)-1)]
	if len(f.from) == 0 {
		return nil
	}
	at := f.at(&t.choice)
	*at = f.from[(slices.Index(f.from, *at)+by+len(f.from))%len(f.from)]
	return m.planTraining()
}

// pin keeps a question for the next launch, where it can be asked of what is chosen.
func (m *Model) pin(question string) tea.Cmd {
	if question = strings.TrimSpace(strings.ReplaceAll(question, "\n", " ")); question == "" {
		return nil
	}
	c, tr := m.training.choice, m.opt.Trainer
	return m.doTraining("pin it", func(ctx context.Context) (string, error) {
		return "pinned for the next launch", tr.Pin(ctx, c, question)
	}, func(m *Model) tea.Cmd {
		m.training.choice.Pins = strings.TrimPrefix(m.training.choice.Pins+"\n"+question, "\n")
		return m.planTraining()
	})
}

// copyCommand hands the command over; pressed again, what it starts in its turn.
func (m *Model) copyCommand() {
	t := &m.training
	if len(t.plan.Command) == 0 {
		m.warn("there is no command yet")
		return
	}
	if m.opt.Copy == nil {
		m.warn("this terminal takes no copies; the command stands on the first page")
		return
	}
	all := append([]TrainStart{{"the command", t.plan.Command}}, t.plan.Starts...)
	one := all[t.copied%len(all)]
	if err := m.opt.Copy(strings.Join(one.Words, " ")); err != nil {
		m.warn("could not copy: " + oneLine(err.Error()))
		return
	}
	t.copied++
	said := "the command was handed to the terminal's clipboard"
	if len(all) > 1 {
		said = fmt.Sprintf("%d of %d was handed to the clipboard: %s; again for the next", (t.copied-1)%len(all)+1, len(all), oneLine(strings.Join(one.Words[:min(len(one.Words), 3)], " ")))
	}
	m.say(said)
}

// fillChosen gives the first page what it shows. What is wrong stands at its field, and below the fields where it has none.
func (m *Model) fillChosen() {
	t := &m.training
	c, fresh := &t.pane.Chosen, t.planned == t.seq
	c.Fields, c.Wrong, c.Starts, c.Facts = c.Fields[:0], nil, nil, nil
	told := map[string]bool{}
	for _, f := range m.trainFields() {
		x := train.Field{Name: f.name, Value: *f.at(&t.choice), Hint: f.empty}
		for _, w := range t.plan.Wrong {
			if w.Name == f.name && fresh {
				x.Wrong = append(x.Wrong, w.Value)
				told[w.Name] = true
			}
		}
		c.Fields = append(c.Fields, x)
	}
	for _, w := range t.plan.Wrong {
		if fresh && !told[w.Name] {
			c.Wrong = append(c.Wrong, w.Name+": "+w.Value)
		}
	}
	c.Busy, c.Command, c.Notes = !fresh, t.plan.Command, t.plan.Notes
	for _, s := range t.plan.Starts {
		c.Starts = append(c.Starts, train.Command(s))
	}
	for _, f := range t.plan.Facts {
		c.Facts = append(c.Facts, train.Fact(f))
	}
}
