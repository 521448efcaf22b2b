package keys

import (
	"slices"
	"strings"
	"testing"

	tea "github.com/charmbracelet/bubbletea"
)

func TestAUsersKeysTakeThePlaceOfTheBuiltInOnes(t *testing.T) {
	t.Parallel()
	m, err := New(Overrides{"wait": {"f5", "shift+z"}, "pause": {"w"}, "help": {}, "second": {"alt+n", "space"}, "quit": {"ctrl+q", "ctrl+c"}})
	if err != nil {
		t.Fatal(err)
	}
	page := State{Asked: true, Running: true, Thinking: true, Branches: 1}
	for _, c := range []struct {
		key  string
		want Action
	}{{"f5", Wait}, {"Z", Wait}, {"w", Pause}, {"p", ""}, {"?", ""}, {"alt+n", Second}, {" ", Second}, {"n", ""}, {"ctrl+q", Quit}, {"ctrl+c", Quit}, {"a", Answer}} {
		if got, _ := m.Find(page, c.key); got.Action != c.want {
			t.Errorf("%q does %q, want %q", c.key, got.Action, c.want)
		}
	}
	if got := m.Of(Second).AllShown(); got != "alt+n space" {
		t.Errorf("second answer is on %q", got)
	}
	for _, b := range m.Line(page) {
		if b.Action == Help || b.Shown() == "" {
			t.Errorf("%s is on the bottom line and has no key", b.Action)
		}
	}
	why, _ := m.Of(Pause).Enabled(State{Asked: true, Branches: 1})
	if want := "f5 thinks on, alt+n asks again"; !strings.Contains(why, want) {
		t.Errorf("why not = %q, want %q in it", why, want)
	}
	if got, _ := Default().Find(page, "w"); got.Action != Wait {
		t.Error("the built-in table has changed")
	}
}

func TestKeysThatCanNotBeMeantAreRefusedWithWhatIsNearest(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		about string
		o     Overrides
		want  []string // parts of the error; none = it is taken
	}{
		{"an unknown action", Overrides{"wiat": {"z"}}, []string{`no action is called "wiat"`, `"wait"`}},
		{"an unknown key", Overrides{"wait": {"ctlr+w"}}, []string{`no key is called "ctlr+w"`, `"ctrl+w"`, "wait"}},
		{"a key of another", Overrides{"wait": {"p"}}, []string{`"p" would be both wait and pause`, "pause = []"}},
		{"a key of an earlier one", Overrides{"pause": {"w"}}, []string{`"w" would be both pause and wait`}},
		{"the same key twice", Overrides{"wait": {"z"}, "pause": {"z"}}, []string{`"z" would be both wait and pause`}},
		{"two that change places", Overrides{"wait": {"p"}, "pause": {"w"}}, nil},
		{"one key in two places", Overrides{"older": {"ctrl+k"}, "page-up": {"ctrl+k"}}, nil},
		{"a letter in the prompt", Overrides{"send": {"s"}}, []string{"send", "no longer be typed", "ctrl+s"}},
		{"space in the prompt", Overrides{"focus": {"space"}}, []string{"focus", "no longer be typed"}},
		{"quit without ctrl+c", Overrides{"quit": {"ctrl+q"}}, []string{"ctrl+c can not be taken away from quit"}},
		{"quit without any", Overrides{"quit": {}}, []string{"ctrl+c can not be taken away from quit"}},
		{"ctrl+c for another", Overrides{"stop": {"ctrl+c"}}, []string{"ctrl+c belongs to quit", "stop"}},
		{"what a terminal sends as another key", Overrides{"another-example": {"ctrl+i"}}, []string{`"tab" would be both another-example and focus`}},
		{"an empty key", Overrides{"wait": {""}}, []string{`no key is called ""`}},
		{"a control character", Overrides{"wait": {"\x1b"}}, []string{"no key is called"}},
		{"two wrong ones", Overrides{"wiat": {"z"}, "cap": {"p"}}, []string{"wiat", "both cap and pause"}},
		{"nothing", nil, nil},
	} {
		_, err := New(c.o)
		if (err == nil) != (c.want == nil) {
			t.Errorf("%s: %v", c.about, err)
			continue
		}
		for _, part := range c.want {
			if !strings.Contains(err.Error(), part) {
				t.Errorf("%s: %q does not say %q", c.about, err, part)
			}
		}
	}
}

// The names are the library's: whatever it can report can be bound, and nothing else.
func TestEveryKeyOfTheTerminalLibraryHasItsName(t *testing.T) {
	t.Parallel()
	var theirs []string
	for k := tea.KeyType(-200); k < 200; k++ {
		name := tea.KeyMsg{Type: k}.String()
		if name == "" || name == "runes" {
			continue
		}
		theirs = append(theirs, name)
		if got, err := Parse(name); err != nil || got != name {
			t.Errorf("%q is taken as %q, %v", name, got, err)
		}
	}
	if len(theirs) < 60 {
		t.Fatalf("the library names %d keys; the test looks at nothing", len(theirs))
	}
	for _, name := range special() {
		if !slices.Contains(theirs, name) {
			t.Errorf("no terminal reports %q", name)
		}
	}
}

func TestTextNamesTheKeyOfAnAction(t *testing.T) {
	t.Parallel()
	m, err := New(Overrides{"wait": {"f2"}, "help": {}})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range [][2]string{
		{"{wait} thinks on, {second} asks", "f2 thinks on, n asks"},
		{"{no such} {wait", "{no such} {wait"},
		{"{{wait}}", "{f2}"},
		{"{help} shows all", "help (no key) shows all"},
		{"", ""},
		{"}{", "}{"},
	} {
		if got := m.Text(c[0]); got != c[1] {
			t.Errorf("%q becomes %q, want %q", c[0], got, c[1])
		}
	}
}
