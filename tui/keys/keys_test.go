package keys

import (
	"strings"
	"testing"
)

func TestNoKeyMeansTwoThingsInOnePlace(t *testing.T) {
	t.Parallel()
	for _, where := range []Where{Page, Prompt, Shelf, Bench, Train, Jobs, Curate} {
		seen := map[string]Action{}
		for _, b := range Table() {
			if b.Where&where == 0 {
				continue
			}
			for _, k := range b.Keys {
				if other, ok := seen[k]; ok {
					t.Errorf("%q is both %s and %s", k, other, b.Action)
				}
				seen[k] = b.Action
			}
		}
	}
}

func TestEveryBindingIsCompleteAndSaysWhyNotInOneLine(t *testing.T) {
	t.Parallel()
	actions := map[Action]bool{}
	for _, b := range Table() {
		if actions[b.Action] {
			t.Errorf("%s is in the table twice", b.Action)
		}
		actions[b.Action] = true
		if b.Short == "" || b.Help == "" || b.Group == "" || len(b.Keys) == 0 || b.Where == 0 {
			t.Errorf("%s is incomplete: %+v", b.Action, b)
		}
		for _, s := range states() {
			if why, ok := b.Enabled(s); !ok && (why == "" || strings.Contains(why, "\n")) {
				t.Errorf("%s in %+v: why not = %q", b.Action, s, why)
			}
		}
	}
}

func TestBottomLineHasOnlyWhatActsNow(t *testing.T) {
	t.Parallel()
	for _, s := range states() {
		line := Default().Line(s)
		if len(line) == 0 {
			t.Errorf("%+v: the bottom line is empty", s)
		}
		for _, b := range line {
			if why, ok := b.Enabled(s); !ok {
				t.Errorf("%+v: %s is on the bottom line but %s", s, b.Action, why)
			}
			found, ok := Default().Find(s, b.Keys[0])
			if !ok || found.Action != b.Action {
				t.Errorf("%+v: %q on the bottom line does %q, want %q", s, b.Keys[0], found.Action, b.Action)
			}
		}
	}
}

// What has the page, or the cursor, decides what the bottom line offers: how to choose in it, what enter does, the way out.
func TestBottomLineBelongsToWhatIsInView(t *testing.T) {
	t.Parallel()
	asked := State{Asked: true, CanClose: true, Thinking: true, Branches: 3, Explorer: true, Tokens: 20, Back: true}
	with := func(change func(*State)) State {
		s := asked
		change(&s)
		return s
	}
	for _, c := range []struct {
		name string
		s    State
		want string
	}{
		{"an experiment", with(func(s *State) { s.Trials = true }), "enter open it, up/down choose, esc leave, L Wait lab"},
		{"the tree", with(func(s *State) { s.Tree = true }), "enter go there, up/down choose, esc leave, v beside, N note"},
		{"candidates", with(func(s *State) { s.Picking, s.Cursor, s.Candidates = true, true, true }), "enter take it, up/down choose, esc leave, left/right token"},
		{"the scrubber", with(func(s *State) { s.Scrubbing, s.Cursor = true, true }), "enter answer here, left/right token, s close, f fork"},
		{"a comparison", with(func(s *State) { s.Comparing = true }), "v beside, X diff, up/down scroll, x close"},
		{"a comparison of a running branch", with(func(s *State) { s.Comparing, s.Running, s.Back = true, true, false }), "w wait, a answer now"},
		{"the log of a job", State{Jobs: JobsState{Can: true, Open: true, Chosen: true, Log: true}}, "enter list, page up/page down scroll"},
	} {
		m := Default()
		c.s.Following = true
		var got []string
		for _, b := range m.Line(c.s) {
			got = append(got, m.Pair(b)+" "+b.Short)
		}
		if line := strings.Join(got, ", "); !strings.HasPrefix(line, c.want) || !strings.HasSuffix(line, "? help") {
			t.Errorf("%s: %s, want it to begin with %s", c.name, line, c.want)
		}
	}
}

func TestWhyNot(t *testing.T) {
	t.Parallel()
	ended := State{Asked: true, CanClose: true, Branches: 1}
	for _, c := range []struct {
		a     Action
		s     State
		want  string // a part of the reason; "" = can be done
		about string
	}{
		{Wait, State{}, "nothing has been asked", "before a question"},
		{Wait, State{Loading: true}, "loading", "while loading"},
		{Wait, State{Broken: "no such file"}, "no such file", "without a model"},
		{Wait, State{Asked: true, Running: true}, "thought is closed", "while answering"},
		{Wait, State{Asked: true, Running: true, Thinking: true}, "", "while thinking"},
		{Wait, ended, "", "after the end"},
		{Wait, State{Asked: true}, "no thought", "after an end without a thought"},
		{Answer, ended, "paused", "after the end, never paused"},
		{Answer, State{Asked: true, Pauses: 1}, "", "after the end, paused once"},
		{Pause, ended, "has ended", "after the end"},
		{Compare, ended, "one answer so far", "with one branch"},
		{Send, State{Prompt: true, Asked: true, Running: true}, "esc stops it", "while one runs"},
		{Send, State{Prompt: true, PromptEmpty: true}, "type a question", "without text"},
	} {
		got, _ := Default().Of(c.a).Enabled(c.s)
		if c.want == "" && got != "" || !strings.Contains(got, c.want) {
			t.Errorf("%s %s: got %q, want %q", c.a, c.about, got, c.want)
		}
	}
}

func TestMarkdownNamesEveryKey(t *testing.T) {
	t.Parallel()
	md := Default().Markdown()
	for _, b := range Default().Table() {
		if !strings.Contains(md, "`"+b.Shown()+"`") || !strings.Contains(md, b.Help) {
			t.Errorf("%s (%s) is missing", b.Action, b.Shown())
		}
	}
}

func states() []State {
	var out []State
	for bits := range 1 << 9 {
		on := func(i int) bool { return bits&(1<<i) != 0 }
		s := State{Trials: bits%7 == 1, Tree: bits%7 == 2, Picking: bits%7 == 3, Scrubbing: bits%7 == 4, Comparing: bits%7 == 5, Prompt: on(0), PromptEmpty: on(1), Asked: on(2), Running: on(3) && on(2), Paused: on(4) && on(3) && on(2), Thinking: on(5), Loop: on(6), Library: on(7), Following: on(8)}
		if s.Asked {
			s.Branches = 1
		}
		out = append(out, s)
	}
	for bits := range 1 << 4 {
		on := func(i int) bool { return bits&(1<<i) != 0 }
		out = append(out, State{Jobs: JobsState{Can: true, Open: true, Log: on(0), Chosen: on(1), Running: on(1) && on(2), Stopping: on(1) && on(2) && on(3), Resumable: on(1) && !on(2) && on(3), Removed: on(3)}})
		out = append(out, State{Lab: true, Bench: true, Form: on(0), Points: on(1) && !on(0), Sweeping: on(2), Held: on(2) && on(3), Reckoning: on(3)})
	}
	return out
}
