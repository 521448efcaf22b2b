package app

import (
	"fmt"
	"strconv"
	"strings"

	tea "github.com/charmbracelet/bubbletea"

	"s1/engine/trace"
	"s1/tui/overlay"
)

// maxCap bounds what can be typed as a cap.
const maxCap = 1 << 24

func (m *Model) input(in overlay.Input, chosen func(string) tea.Cmd) {
	in.Theme = m.theme
	in.Editor.Offer(in.Editor.Value())
	m.over = &in
	m.chosen = func(r overlay.Result) tea.Cmd { return chosen(r.Text) }
}

func (m *Model) inputWait() {
	in := overlay.Input{
		Title: "wait with",
		Hint:  "takes the place of the next end of thinking, exactly as typed; empty suppresses the end and adds nothing",
	}
	if !m.now().running() {
		in.Hint = "goes in where the thought closed, and a new branch thinks on from there"
	}
	in.Editor.Set(m.waitText())
	m.input(in, func(s string) tea.Cmd { return m.wait(s) })
}

func (m *Model) inputInject() {
	in := overlay.Input{
		Title: "inject",
		Hint:  "goes into the thought before the next token, exactly as typed; words in the first person carry on best",
		Check: func(s string) string {
			if s == "" {
				return "type what should go in"
			}
			return ""
		},
	}
	if b := m.now(); b.at >= 0 {
		in.Hint = fmt.Sprintf("goes in before token %d, under the cursor, and a new branch goes on from there", b.at)
	} else if !b.running() {
		in.Hint = fmt.Sprintf("goes in at token %d, where you paused, and a new branch goes on from there", m.pausePoint())
	}
	m.input(in, m.inject)
}

func (m *Model) inputCap() {
	b := m.now()
	in := overlay.Input{
		Title: "cap on thinking tokens",
		Hint:  fmt.Sprintf("%d spent; a cap at or below that closes the thought now; none lifts it; + and - change it", b.spent),
		Check: checkCap, Adjust: adjustCap,
	}
	if !b.running() {
		in.Hint = fmt.Sprintf("%d were spent; a smaller cap makes a branch that was closed there", b.spent)
	}
	in.Editor.Set(capText(b.budget.Cap))
	m.input(in, func(s string) tea.Cmd {
		n, _ := parseCap(s)
		return m.setCap(n)
	})
}

// inputSecond asks for the budget of a second answer: a cap, and if wanted how many Waits.
func (m *Model) inputSecond() {
	b := m.now()
	in := overlay.Input{
		Title: "second answer, cap on thinking tokens",
		Hint:  "a number, or none; a second number is how many Waits: 64 2",
		Adjust: func(s string, up bool) string {
			if strings.ContainsRune(s, ' ') {
				return s
			}
			return adjustCap(s, up)
		},
	}
	guess := b.budget.Cap
	switch {
	case b.spent > 1:
		guess = max(b.spent/2, 1)
	case guess > 1:
		guess /= 2
	}
	in.Editor.Set(capText(guess))
	m.propose(in, b, func(s string) (trace.Trials, string) {
		n, waits, why := parseSecond(s)
		budget := b.budget
		budget.Cap, budget.Waits = n, waits
		budget.WaitText = m.waitText()
		return trace.Trials{Samples: 1, Arms: []trace.Arm{{Budget: budget}}}, why
	}, func(t trace.Trials) tea.Cmd { return m.grow(0, t.Arms[0].Budget, "ask again", true) })
}

func capText(n int) string {
	if n < 0 {
		return "none"
	}
	return strconv.Itoa(n)
}

func checkCap(s string) string {
	_, why := parseCap(s)
	return why
}

func parseCap(s string) (n int, why string) {
	s = strings.TrimSpace(s)
	if strings.EqualFold(s, "none") || s == "-1" {
		return -1, ""
	}
	n, err := strconv.Atoi(s)
	if err != nil || n < 0 || n > maxCap {
		return 0, fmt.Sprintf("a cap is a whole number from 0 to %d, or none", maxCap)
	}
	return n, ""
}

func parseSecond(s string) (n, waits int, why string) {
	f := strings.Fields(s)
	if len(f) == 0 || len(f) > 2 {
		return 0, 0, "a cap, and if you like a number of Waits: 64 2"
	}
	if n, why = parseCap(f[0]); why != "" {
		return 0, 0, why
	}
	if len(f) == 2 {
		w, err := strconv.Atoi(f[1])
		if err != nil || w < 0 || w > 1000 {
			return 0, 0, "the number of Waits is a whole number from 0 to 1000"
		}
		waits = w
	}
	return n, waits, ""
}

func adjustCap(s string, up bool) string {
	n, why := parseCap(s)
	if why != "" || n < 0 {
		return s
	}
	return strconv.Itoa(nudged(n, up))
}

// showRecent opens the list of kept runs.
func (m *Model) showRecent(msg recentLoaded) {
	if msg.err != nil {
		m.warn("could not read the sessions: " + oneLine(msg.err.Error()))
		return
	}
	m.kept = msg.kept
	re, can := m.opt.Library.(Reopener)
	list := &overlay.List{
		Theme: m.theme, Title: "sessions", CanRun: true,
		Empty: "No session has been kept yet. Ask something; it is saved as it is thought.",
		Foot:  "enter takes the question   esc closes",
	}
	if can {
		list.Foot = "enter opens it   esc closes"
	}
	for _, k := range msg.kept {
		what := fmt.Sprintf("%d tokens", k.Tokens)
		if k.Branches > 1 {
			what = fmt.Sprintf("%d branches, %s", k.Branches, what)
		}
		question := k.Prompt
		if k.Answer != "" {
			question += "  " + m.theme.Glyphs.Prompt + " " + k.Answer
		}
		list.Rows = append(list.Rows, [3]string{k.Created, question, what})
	}
	m.over = list
	m.chosen = func(r overlay.Result) tea.Cmd {
		k := m.kept[r.Pick]
		if !can {
			m.promptPane.Editor.Set(k.Prompt)
			m.focus = onPrompt
			return nil
		}
		if m.anyRunning() {
			m.warn(m.keys.Text("it is still at work: {stop} stops it and keeps everything, then open another"))
			return nil
		}
		return reopen(m.ctx, re, k.ID)
	}
}

// newest is the branch that was begun last.
func newest(list []*branch) (at int) {
	for i, b := range list {
		if !b.info.Created.Before(list[at].info.Created) {
			at = i
		}
	}
	return at
}

// showRun puts a kept run on the screen, as if it had just ended.
func (m *Model) showRun(msg runReopened) tea.Cmd {
	if msg.err != nil {
		m.warn("could not open the session: " + oneLine(msg.err.Error()))
		return nil
	}
	if len(msg.lives) == 0 {
		m.warn("that session holds no branch")
		return nil
	}
	m.leave()
	m.question, m.fault = msg.question, ""
	byID := map[trace.BranchID]*branch{}
	for i, live := range msg.lives {
		b := newBranch(live, label(i), m.theme, m.opt.Same)
		if p := byID[b.info.Parent]; p != nil {
			b.inherit(p, b.info.At)
		}
		// The first token of the log may be the branch's own or the inherited first: apply sorts that out, but a child
		// must see its parent complete, so the log is read here and not a frame later.
		events, _ := live.Log().Since(0)
		for _, e := range events {
			b.apply(e)
		}
		b.source = -1
		if a, ok := live.(Annotated); ok {
			note, bookmarks := a.Annotations()
			b.note, b.worth = note, a.Worth()
			for _, at := range bookmarks {
				if b.bookmarks == nil {
					b.bookmarks = map[int]bool{}
				}
				b.bookmarks[at] = true
			}
		}
		byID[b.info.ID] = b
		m.branches = append(m.branches, b)
	}
	m.thoughtsPane.Scroll.Bottom()
	m.shelf.open, m.bench.open, m.curation.open = false, false, false
	m.focus = onThought
	m.switchTo(newest(m.branches)) // where one left off
	m.toFound()
	if m.opt.Replay {
		m.opt.Replay = false
		m.switchTo(len(m.branches) - 1)
		return m.replay()
	}
	return nil
}
