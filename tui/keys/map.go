package keys

import (
	"fmt"
	"slices"
	"strings"

	"s1/engine/spelling"
)

// Map is the table with a user's own keys put over the built-in ones. It never changes after it is made. What stands in
// braces in a help text or a reason, such as {wait}, is shown as the key of that action.
type Map struct {
	rows []Binding
}

// Overrides are a user's own keys: the name of an action, and the keys it has instead of the built-in ones. No keys at all
// take an action off the keyboard; the palette still has it.
type Overrides map[string][]string

// Problem is one thing that is wrong with a user's keys.
type Problem struct {
	Action string // the name as the user wrote it
	Says   string
}

func (p *Problem) Error() string { return p.Says }

// Problems are all that is wrong, in the order of the table.
type Problems []*Problem

func (p Problems) Error() string {
	all := make([]string, len(p))
	for i, one := range p {
		all[i] = one.Says
	}
	return strings.Join(all, "\n")
}

// always is the key that can not be taken away from Quit.
const always = "ctrl+c"

// Default returns the built-in table.
func Default() *Map {
	m := &Map{rows: Table()}
	m.fill()
	return m
}

// New returns the built-in table with a user's keys put over it. What can not be meant is refused, all of it at once.
func New(o Overrides) (*Map, error) {
	m := &Map{rows: Table()}
	var wrong Problems
	names := make([]string, len(m.rows))
	for i, b := range m.rows {
		names[i] = string(b.Action)
	}
	unknown := make([]string, 0)
	for name := range o {
		if !slices.Contains(names, name) {
			unknown = append(unknown, name)
		}
	}
	slices.Sort(unknown)
	for _, name := range unknown {
		wrong = append(wrong, &Problem{name, fmt.Sprintf("no action is called %q%s", name, spelling.Hint(name, names))})
	}
	own := map[Action]bool{}
	for i := range m.rows {
		b := &m.rows[i]
		wanted, ok := o[string(b.Action)]
		if !ok {
			continue
		}
		b.Keys, own[b.Action] = nil, true
		for _, w := range wanted {
			key, err := Parse(w)
			if err == nil && b.Where&Prompt != 0 && types(key) {
				err = fmt.Errorf("%q would no longer be typed into a question; take a key such as ctrl+%s", w, orLetter(key))
			}
			if err != nil {
				wrong = append(wrong, &Problem{string(b.Action), fmt.Sprintf("%s: %v", b.Action, err)})
			} else if !slices.Contains(b.Keys, key) {
				b.Keys = append(b.Keys, key)
			}
		}
		if b.Action == Quit && !slices.Contains(b.Keys, always) {
			wrong = append(wrong, &Problem{string(b.Action), fmt.Sprintf("%s can not be taken away from %s; name it too", always, Quit)})
		}
	}
	wrong = append(wrong, m.conflicts(own)...)
	if len(wrong) > 0 {
		return nil, wrong
	}
	m.fill()
	return m, nil
}

// conflicts finds keys that a user gave to an action although another one is heard on them in the same place.
func (m *Map) conflicts(own map[Action]bool) (wrong Problems) {
	for i, a := range m.rows {
		for _, b := range m.rows[i+1:] {
			if a.Where&b.Where == 0 || !own[a.Action] && !own[b.Action] {
				continue
			}
			for _, k := range a.Keys {
				if !slices.Contains(b.Keys, k) {
					continue
				}
				mine, other := a.Action, b.Action
				if !own[mine] {
					mine, other = other, mine
				}
				says := fmt.Sprintf("%q would be both %s and %s; give one of them another key, or none with %s = []", Name(k), mine, other, other)
				if k == always {
					says = fmt.Sprintf("%s belongs to %s and can not be given to %s", always, Quit, mine)
				}
				wrong = append(wrong, &Problem{string(mine), says})
			}
		}
	}
	return wrong
}

// fill puts the keys into the texts that name them.
func (m *Map) fill() {
	for i := range m.rows {
		b := &m.rows[i]
		b.Help = m.Text(b.Help)
		if why := b.WhyNot; why != nil {
			b.WhyNot = func(s State) string { return m.Text(why(s)) }
		}
	}
}

// Text puts keys in the place of the actions that stand in braces: "{wait} thinks on" is "w thinks on". Braces around
// anything else stay, so that a text which quotes another may go through.
func (m *Map) Text(s string) string {
	for from := 0; ; {
		i := strings.IndexByte(s[from:], '{')
		if i < 0 {
			return s
		}
		i += from
		j := strings.IndexByte(s[i:], '}')
		if j < 0 {
			return s
		}
		from = i + 1
		for _, b := range m.rows {
			if string(b.Action) == s[i+1:i+j] {
				k := b.Shown()
				if k == "" {
					k = b.Short + " (no key)"
				}
				s, from = s[:i]+k+s[i+j+1:], i+len(k)
				break
			}
		}
	}
}

// Is says whether key is one of an action's.
func (m *Map) Is(a Action, key string) bool { return slices.Contains(m.Of(a).Keys, key) }

// Bound says whether any action is heard on the key, in whatever place.
func (m *Map) Bound(key string) bool {
	return slices.ContainsFunc(m.rows, func(b Binding) bool { return slices.Contains(b.Keys, key) })
}

// Table returns every binding, in the order of the help.
func (m *Map) Table() []Binding { return slices.Clone(m.rows) }
