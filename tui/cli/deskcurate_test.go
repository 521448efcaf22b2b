package cli

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode"

	"github.com/charmbracelet/x/ansi"

	"s1/curate"
	"s1/sessions/jobs"
	tuiapp "s1/tui/app"
	"s1/tui/tuitest"
)

// hostileRow is a row whose every text would act on a terminal, and what must become of it.
type hostileRow struct {
	name, question, text string
	broken               bool   // the line itself is no JSON
	dropped              string // "stage, rule", "" = it is kept
}

// shared are the eight words that a row has in common with the test item.
const shared = "a tape reads seven and then adds nine"

func hostileRows() []hostileRow {
	const acts = "\x1b[2J\x1b]52;c;cm0gLXJm\a\x1b]0;owned\a \u009b31m \u202e\u2066\u200f \x00\x7f\b"
	endless := strings.Repeat("endless", 10<<20/7)
	rows := []hostileRow{
		{name: "a test item's words", question: acts + " " + shared, text: acts, dropped: "decontaminate, n-gram"},
		{name: "10 MB of question", question: endless, text: "x", dropped: "load, long-question"},
		{name: "10 MB of thought", question: "what is endless?", text: endless},
		{name: "a line that is no JSON", question: `{"question": "` + acts, broken: true, dropped: "load, unreadable"},
		{name: "a picture", question: "![Image]" + acts, text: acts, dropped: "clean, image"},
	}
	for name, s := range tuitest.Hostile() {
		if len(s) < 1<<19 { // what is longer is above
			rows = append(rows, hostileRow{name: name, question: name + " " + s, text: s})
		}
	}
	return rows
}

// curatedHostile carries a curation of the rows out, and returns its folder.
func curatedHostile(t *testing.T, rows []hostileRow) (folder string) {
	t.Helper()
	dir := t.TempDir()
	var text strings.Builder
	enc := json.NewEncoder(&text)
	for _, r := range rows {
		if r.broken {
			text.WriteString(r.question + "\n")
			continue
		}
		short := r.text
		if len(short) > 1<<20 {
			short = "x"
		}
		if err := enc.Encode(map[string]any{"question": r.question, "solution": short, "thinking_trajectories": []string{r.text}, "attempt": short, "source_type": short, "domain": short}); err != nil {
			t.Fatal(err)
		}
	}
	item, err := json.Marshal(map[string]string{"question": "\x1b]52;c;eA==\a\u202e " + shared + " \x1b[2J"})
	if err != nil {
		t.Fatal(err)
	}
	for name, s := range map[string]string{"rows.jsonl": text.String(), "tests.jsonl": string(item) + "\n"} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(s), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	rec := curate.Defaults()
	rec.Stages = []string{"clean", "decontaminate", "select"}
	rec.Load.Files, rec.Decontaminate.Tests, rec.Select.Kind = []string{filepath.Join(dir, "rows.jsonl")}, []string{filepath.Join(dir, "tests.jsonl")}, "full"
	folder = filepath.Join(dir, "run")
	if _, err := curate.Run(t.Context(), rec, curate.Options{Dir: folder}); err != nil {
		t.Fatal(err)
	}
	return folder
}

// harmless fails where something on the screen would act on a terminal.
func harmless(d *tuitest.Driver, what string) {
	d.T.Helper()
	for _, size := range [][2]int{{110, 36}, {80, 24}, {40, 12}} {
		raw := d.Resize(size[0], size[1]).Raw()
		for _, row := range strings.Split(raw, "\n") {
			if w := ansi.StringWidth(row); w > size[0] {
				d.T.Fatalf("%s at %v: a row has %d cells: %.200q", what, size, w, row)
			}
		}
		for _, r := range ansi.Strip(raw) {
			if r != '\n' && (unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r)) {
				d.T.Fatalf("%s at %v: %U reaches the terminal", what, size, r)
			}
		}
		if strings.Contains(raw, "\x1b]") || strings.Contains(raw, "\x1b[2J") {
			d.T.Fatalf("%s at %v: a sequence of the row's reaches the terminal", what, size)
		}
	}
}

func TestHostileRowsOfARealCurationAreDecidedAndActOnNoTerminal(t *testing.T) {
	t.Parallel()
	rows := hostileRows()
	folder := curatedHostile(t, rows)
	port := &curator{desk: &desk{flags: &runFlags{}}, store: jobs.Open(filepath.Join(t.TempDir(), "jobs"), nil), opens: map[string]*looked{}}
	page, err := port.Rows(t.Context(), folder, tuiapp.CurationQuery{Stage: "load", Side: tuiapp.CurationAll, Limit: 100})
	if err != nil || len(page.Rows) != len(rows) {
		t.Fatalf("a page of all has %d rows, want %d: %v", len(page.Rows), len(rows), err)
	}
	const mostOfPage = 1 << 20 // bytes: a page holds no thoughts
	if b, err := json.Marshal(page); err != nil || len(b) > mostOfPage {
		t.Errorf("a page has %d bytes, want at most %d: %v", len(b), mostOfPage, err)
	}
	unread := map[string]string{} // rule -> id, of rows that were not loaded
	for _, r := range page.Rows {
		if r.Stage == "load" {
			unread[r.Rule] = r.ID
		}
	}
	for _, c := range rows {
		t.Run(c.name, func(t *testing.T) {
			id := curate.ID(string([]rune(c.question))) // broken bytes are one sign each, as JSON has them
			stage, rule, _ := strings.Cut(c.dropped, ", ")
			if stage == "load" {
				id = unread[rule]
			}
			r, err := port.Row(t.Context(), folder, id)
			if err != nil {
				t.Fatal(err)
			}
			if r.Kept != (c.dropped == "") || !r.Kept && (r.Stage != stage || r.Rule != rule) {
				t.Errorf("kept %v, by %s, %s; want %q", r.Kept, r.Stage, r.Rule, c.dropped)
			}
			if (r.Hit != nil) != (stage == "decontaminate") {
				t.Errorf("the hit is %+v", r.Hit)
			} else if h := r.Hit; h != nil && (len(h.InRow) != 1 || c.question[h.InRow[0][0]:h.InRow[0][1]] != shared || h.Text[h.InItem[0][0]:h.InItem[0][1]] != shared) {
				t.Errorf("the hit stands at %v and %v, want where %q is", h.InRow, h.InItem, shared)
			}
			if _, err := port.Trace(t.Context(), folder, id); err == nil {
				t.Error("a trace opens where nothing is kept")
			}
			d := tuitest.Start(t, tuitest.NewFake(tuitest.Tape()), 110, 36, func(o *tuiapp.Options) { o.Curator = port })
			d.Press("ctrl+g", "o").Type(folder).Press("enter").Pull().Expect("done", "decontaminate")
			harmless(d, "the funnel")
			d.Press("home", "enter").Pull().Pull()
			harmless(d, "the rows")
			d.Resize(110, 36).Press("w").Press("ctrl+u").Type(id).Press("enter").Pull().Pull()
			if d.Expect(id); c.dropped != "" {
				d.Expect("dropped: " + c.dropped)
			}
			harmless(d, "the row")
			d.Resize(110, 36).Press("+").Type(c.name + "\x1b]52;c;eA==\a\u202e").Press("enter").Pull().Pull().Pull()
			harmless(d, "the note")
			if r, err := port.Row(t.Context(), folder, id); stage == "load" && err == nil && !r.Hand && !r.Kept {
				return // what was never loaded, no hand can keep
			} else if err != nil || !r.Hand || !r.Kept || !strings.HasPrefix(r.Note, c.name) {
				t.Errorf("kept by hand is %v %v with the note %.80q: %v", r.Hand, r.Kept, r.Note, err)
			}
		})
	}
}

func TestCopiesOfARowHaveTheirOwnVerdictsAndThoughts(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	text := `{"question":"what is two?","solution":"2","trace":"the first thought","attempt":"2"}
{"question":"what is two?","solution":"2","trace":"the second thought","attempt":"2"}
`
	if err := os.WriteFile(filepath.Join(dir, "rows.jsonl"), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	rec := curate.Defaults()
	rec.Stages, rec.Load.Files = []string{"dedup"}, []string{filepath.Join(dir, "rows.jsonl")}
	folder := filepath.Join(dir, "run")
	if _, err := curate.Run(t.Context(), rec, curate.Options{Dir: folder}); err != nil {
		t.Fatal(err)
	}
	port := &curator{desk: &desk{flags: &runFlags{}}, store: jobs.Open(filepath.Join(t.TempDir(), "jobs"), nil), opens: map[string]*looked{}}
	id := curate.ID("what is two?")
	for _, hand := range []bool{false, true} {
		page, err := port.Rows(t.Context(), folder, tuiapp.CurationQuery{Side: tuiapp.CurationAll, Limit: 10})
		if err != nil || len(page.Rows) != 2 || page.Rows[0].Address() == page.Rows[1].Address() {
			t.Fatalf("%+v: %v", page.Rows, err)
		}
		for i, want := range []string{"the first thought", "the second thought"} {
			r, err := port.Row(t.Context(), folder, page.Rows[i].Address())
			if err != nil || r.ID != id || r.Thought != want || r.Kept != (i == 0) || page.Rows[i].Kept && i == 1 || (r.Rule == curate.ExactRule) != (i == 1) || r.Hand != (hand && i == 0) || !strings.Contains(r.Facts, "one of 2 rows") {
				t.Errorf("copy %d, by hand %v: %+v, %v", i+1, hand, r, err)
			}
			if !strings.HasSuffix(r.Source, []string{"rows.jsonl:1", "rows.jsonl:2"}[i]) {
				t.Errorf("copy %d is of %s", i+1, r.Source)
			}
		}
		if err := port.Decide(t.Context(), folder, id, tuiapp.CurationDecision{Keep: true, Note: "mine"}); err != nil {
			t.Fatal(err)
		}
	}
	if r, err := port.Row(t.Context(), folder, id); err != nil || r.Thought != "the first thought" {
		t.Errorf("by its id alone: %+v, %v", r, err)
	}
}
