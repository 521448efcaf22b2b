package cli

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"s1/engine/spelling"
	"s1/tui/keys"
)

// What [screen] may hold: flags of the screen under their own names, and the words that count as a reflection.
const reflectionKey = "reflection"

func screenKeys() []string { return []string{"theme", "mouse", "ascii"} }

// settleScreen takes the tables [screen] and [keys] of the settings file. A flag in [screen] is put among the others.
func (a *app) settleScreen(path string, c config) error {
	screen, err := table(path, c, screenTable)
	if err != nil {
		return err
	}
	known := append(screenKeys(), reflectionKey)
	for _, name := range sorted(screen) {
		v := screen[name]
		switch {
		case !slices.Contains(known, name):
			return usagef("settings %s: [screen] has no key %q%s", path, name, spelling.Hint(name, known))
		case name == reflectionKey:
			if a.words, err = words(v); err != nil {
				return usagef("settings %s: [screen] %s: %w", path, name, err)
			}
		default:
			c[name] = v
		}
	}
	mine, err := table(path, c, keysTable)
	if err != nil {
		return err
	}
	over := keys.Overrides{}
	for _, action := range sorted(mine) {
		list, err := words(mine[action])
		if err != nil {
			return usagef("settings %s%s: [keys] %s: %w", path, lineOf(path, keysTable, action), action, err)
		}
		over[action] = list
	}
	a.keys, err = keys.New(over)
	var wrong keys.Problems
	if errors.As(err, &wrong) {
		says := make([]string, len(wrong))
		for i, p := range wrong {
			says[i] = fmt.Sprintf("settings %s%s: [keys] %s", path, lineOf(path, keysTable, p.Action), p.Says)
		}
		return usagef("%s", strings.Join(says, "\n    "))
	}
	return err
}

// table is a table of the settings file, nil when it is not there.
func table(path string, c config, name string) (map[string]any, error) {
	v, ok := c[name]
	if !ok {
		return nil, nil
	}
	t, ok := v.(map[string]any)
	if !ok {
		return nil, usagef("settings %s: %s = %v: a table, written [%s]", path, name, v, name)
	}
	return t, nil
}

// words is a string, or a list of them.
func words(v any) ([]string, error) {
	if s, ok := v.(string); ok {
		return []string{s}, nil
	}
	list, ok := v.([]any)
	if !ok {
		return nil, fmt.Errorf("%v is neither a text nor a list of texts", v)
	}
	out := make([]string, len(list))
	for i, w := range list {
		if out[i], ok = w.(string); !ok {
			return nil, fmt.Errorf("%v is no text", w)
		}
	}
	return out, nil
}

func sorted(t map[string]any) []string {
	var names []string
	for name := range t {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// lineOf says on which line of the file a key of a table stands, as ", line 7"; "" when it is written in a way that a
// search by line does not find.
func lineOf(path, table, key string) string {
	text, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	in := ""
	for i, line := range strings.Split(string(text), "\n") {
		line = strings.TrimSpace(line)
		if name, ok := strings.CutPrefix(line, "["); ok {
			name, _, _ = strings.Cut(name, "]")
			in = strings.TrimSpace(name)
			continue
		}
		name, _, ok := strings.Cut(line, "=")
		name = strings.Trim(strings.TrimSpace(name), `"'`)
		if ok && (in == table && name == key || in == "" && name == table+"."+key) {
			return fmt.Sprintf(", line %d", i+1)
		}
	}
	return ""
}
