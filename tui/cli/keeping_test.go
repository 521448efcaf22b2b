package cli

import (
	"encoding/binary"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// sessions lists what is kept, newest first.
func (b *box) sessions() []map[string]any {
	b.t.Helper()
	return b.run("sessions", "list", "--json").wants(0).lines()
}

func TestSessionsListShowExportImportRemove(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	b.run("sessions", "list").wants(0, "no sessions yet")
	b.run("run", "-m", model(t), "--cap", "8", "--answer-cap", "8", "--seed", "1", "first question").wants(0)
	b.run("run", "-m", model(t), "--no-save", "--cap", "8", "--answer-cap", "8", "--seed", "1", "unkept question").wants(0)
	x := b.run("run", "-m", model(t), "--json", "--cap", "8", "--temp", "1", "--answer-cap", "8", "--samples", "2", "--seed", "1", "second \x1b[31m question é").wants(0).thoughts()
	list := b.sessions()
	for _, k := range []string{"id", "created", "model", "prompt", "branches", "tokens", "closed", "answer"} {
		if _, ok := list[0][k]; !ok {
			t.Errorf("a line of sessions list --json lacks %q: %v", k, list[0])
		}
	}
	var prompts []string
	for _, m := range list {
		prompts = append(prompts, m["prompt"].(string))
	}
	if !slices.Contains(prompts, "first question") || !slices.Contains(prompts, "second \x1b[31m question é") || slices.Contains(prompts, "unkept question") {
		t.Errorf("the list has the prompts %q", prompts)
	}
	if answer := list[0]["answer"]; !slices.ContainsFunc(slices.Collect(maps.Values(x)), func(x thought) bool { return x.end["answer"] == answer }) {
		t.Errorf("the list says the answer was %q, the run %v", answer, x)
	}
	b.run("sessions", "list").wants(0, "first question", "second ")
	id := list[0]["id"].(string)
	b.run("sessions", "show", id).wants(0, "question é")
	jsonl := b.run("sessions", "export", id).wants(0).out
	if b.run("sessions", "export", id, "-o", b.at("out.jsonl")).wants(0); b.read("out.jsonl") != jsonl {
		t.Error("export to a file differs from export to stdout")
	}
	b.run("sessions", "export", id, "-o", b.at("out.jsonl")).wants(1, "out.jsonl", "exists")
	if b.run("sessions", "export", id, "--format", "md", "-o", b.at("out.md")).wants(0); !strings.Contains(b.read("out.md"), "question é") {
		t.Errorf("the Markdown lacks the question:\n%s", b.read("out.md"))
	}
	// Import in another home gives the same run under the same id: the export of it is byte for byte the same.
	other := newBox(t)
	if got := strings.TrimSpace(other.feed(jsonl, "sessions", "import", "-").wants(0).out); got != id {
		t.Errorf("imported as %q, exported as %q", got, id)
	}
	if again := other.run("sessions", "export", id).wants(0).out; again != jsonl {
		t.Errorf("export, import, export changed the run:\n%.600s\n%.600s", jsonl, again)
	}
	// Importing what is there already makes no second one and loses nothing.
	b.run("sessions", "import", b.at("out.jsonl")).wants(1, "already here")
	if got := b.run("sessions", "export", id).wants(0).out; got != jsonl {
		t.Error("importing a run that is there changed it")
	}
	b.run("sessions", "rm", id).wants(0)
	b.run("sessions", "show", id).wants(1, "no session", "sessions list")
	b.run("sessions", "rm", id).wants(1, "no session")
}

func (b *box) read(name string) string {
	b.t.Helper()
	text, err := os.ReadFile(b.at(name))
	if err != nil {
		b.t.Fatal(err)
	}
	return string(text)
}

func TestTwoAtOnceOnOneDatabase(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	first := b.start("run", "-m", model(t), "--pace", "200", "--cap", "60", "--answer-cap", "20", "--seed", "1", "first")
	second := b.start("run", "-m", model(t), "--pace", "200", "--cap", "60", "--answer-cap", "20", "--seed", "2", "second")
	for _, p := range []*process{first, second} {
		if r := p.end().wants(0); strings.Contains(r.err, "not sav") {
			t.Errorf("one of two at once says %q", r.err)
		}
	}
	list := b.sessions()
	if len(list) != 2 {
		t.Fatalf("kept are %v", list)
	}
	for _, m := range list {
		if integer(m["tokens"]) < 80 || m["closed"] == "" {
			t.Errorf("not whole: %v", m)
		}
	}
}

func TestTroubleWithTheDatabaseStopsTheSavingNotTheRun(t *testing.T) {
	t.Parallel()
	run := []string{"run", "-m", model(t), "--cap", "4", "--answer-cap", "4", "hello"}
	kept := newBox(t)
	kept.run(run...).wants(0)
	db := kept.read("data/s1/s1.db")
	newer := []byte(db)
	binary.BigEndian.PutUint32(newer[60:], 9999) // SQLite's user_version, the number of the schema
	for name, c := range map[string]struct {
		make func(b *box)
		says string
	}{
		"a file stands where the folder should be": {func(b *box) { b.write("data/s1", "") }, "not saving"},
		"the file is no database":                  {func(b *box) { b.write("data/s1/s1.db", strings.Repeat("no database ", 1000)) }, "not saving"},
		"a newer s1 wrote it":                      {func(b *box) { b.write("data/s1/s1.db", string(newer)) }, "newer s1"},
		"half of it is missing":                    {func(b *box) { b.write("data/s1/s1.db", db[:len(db)/2]) }, ""},
		"it may only be read": {func(b *box) {
			path := b.write("data/s1/s1.db", db)
			if err := os.Chmod(path, 0o444); err != nil {
				b.t.Fatal(err)
			}
			if err := os.Chmod(filepath.Dir(path), 0o555); err != nil {
				b.t.Fatal(err)
			}
			b.t.Cleanup(func() { _ = os.Chmod(filepath.Dir(path), 0o755) })
		}, readOnlySays()},
	} {
		b := newBox(t)
		c.make(b)
		before, _ := os.ReadFile(b.at("data", "s1", "s1.db"))
		r := b.run(run...).wants(0, "[receipt] ", c.says)
		if regexp.MustCompile(`(?s)not sav.*not sav`).MatchString(r.err) {
			t.Errorf("%s: said twice: %q", name, r.err)
		}
		t.Logf("%s: %q", name, r.err)
		if after, _ := os.ReadFile(b.at("data", "s1", "s1.db")); c.says != "" && string(after) != string(before) {
			t.Errorf("%s: the file was changed", name)
		}
		if c.says == "newer s1" {
			b.run("sessions", "list").wants(1, "newer s1")
			b.run("doctor").wants(0, "newer s1")
		}
	}
}

// readOnlySays is what a run says of a read-only database: nothing for root, to whom nothing is read-only.
func readOnlySays() string {
	if os.Getuid() == 0 {
		return ""
	}
	return "not sav"
}

func TestAnImportThatWaitsForItsPipeKeepsNobodyFromSaving(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	b.run("sessions", "list").wants(0) // the database is there
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	p := b.prepare("sessions", "import", "-")
	p.cmd.Stdin = reader
	p.begin()
	reader.Close()
	// More than a pipe holds: when it is written, the import has begun to read.
	if _, err := writer.WriteString(`{"type":"run","id":"` + strings.Repeat("x", 1<<20)); err != nil {
		t.Fatal(err)
	}
	if r := b.run("run", "-m", model(t), "--pace", "20", "--cap", "8", "--answer-cap", "8", "hello").wants(0); r.err != "" {
		t.Errorf("a run beside a waiting import says %q", r.err)
	}
	writer.Close()
	p.end().wants(1, "import session")
	if list := b.sessions(); len(list) != 1 || list[0]["closed"] != "cap" {
		t.Errorf("kept are %v", list)
	}
}
