package cli

import (
	"encoding/binary"
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"unicode/utf16"
)

// utf16le is text as some editors save it, with its mark.
func utf16le(s string) string {
	b := []byte{0xff, 0xfe}
	for _, u := range utf16.Encode([]rune(s)) {
		b = binary.LittleEndian.AppendUint16(b, u)
	}
	return string(b)
}

func TestBadRowsAreSaidAndTheGoodOnesKept(t *testing.T) {
	t.Parallel()
	const good = `{"question":"2 and 2","solution":"4","trace":"so","attempt":"4"}` + "\n"
	b := newBox(t)
	for _, c := range []struct {
		name, bad string
		rule      string // it is dropped by
		why       string // and what is said of it
	}{
		{"a broken row", `{"question":"cut` + "\n", "unreadable", ""},
		{"no row", "[1]\n", "unreadable", ""},
		{"a missing field", `{"answer":"4"}` + "\n", "no-question", `"answer"`},
		{"an empty question", `{"question":" "}` + "\n", "no-question", ""},
		{"mixed types", `{"question":["a"],"solution":"4"}` + "\n", "wrong-type", "list"},
		{"mixed types of a trace", `{"question":"a","trace":{"b":1}}` + "\n", "wrong-type", "object"},
		{"Latin-1", "{\"question\":\"caf\xe9\"}\n", "unreadable", "UTF-8"},
		{"a long line", `{"question":"` + strings.Repeat("a", 3000) + "\"}\n", "unreadable", "2000"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := &box{t: t, dir: t.TempDir(), env: b.env}
			b.write("q.jsonl", good+c.bad+strings.Replace(good, "2 and 2", "3 and 1", 1))
			b.write("r.toml", "preset = \"full\"\nstages = [\"clean\"]\n[load]\nfiles = [\"q.jsonl\"]\nmax_line = 2000\n")
			r := b.run("curate", "r.toml", "--out", "a").wants(0, c.rule+" 1")
			if n := strings.Count(b.read("a/export/s1k.jsonl"), "\n"); n != 2 {
				t.Errorf("%d rows are kept, want the 2 good ones:\n%s%s", n, r.out, r.err)
			}
			b.run("curate", "why", "q.jsonl:2", "a").wants(0, "dropped by "+c.rule, c.why)
		})
	}
}

func TestALineOfAGigabyteIsRefusedInLittleMemory(t *testing.T) {
	t.Parallel()
	const (
		line  = 1 << 30 // bytes
		limit = 400     // MB: 64 MiB of the line are read before it is known to be too long, in a buffer that doubles
	)
	b := newBox(t)
	f, err := os.Create(b.at("q.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	good, open, end := `{"question":"2 and 2"}`+"\n", `{"question":"`, `"}`
	fmt.Fprint(f, good, open)
	if _, err := f.Seek(line-int64(len(open)+len(end)), io.SeekCurrent); err != nil { // zeros, that take no room
		t.Fatal(err)
	}
	fmt.Fprint(f, end, "\n", `{"question":"3 and 1"}`, "\n")
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	b.write("r.toml", "preset = \"full\"\nstages = [\"clean\"]\n[load]\nfiles = [\"q.jsonl\"]\n")
	p := b.start("curate", "r.toml", "--out", "a")
	most := p.most()
	p.end().wants(0, "unreadable 1")
	mb := most()
	t.Logf("%.0f MB at the peak, %s", mb, p.cmd.ProcessState.UserTime())
	if mb == 0 || mb > limit {
		t.Errorf("a line of %d bytes took %.0f MB, want at most %d", line, mb, limit)
	}
	if n := strings.Count(b.read("a/export/s1k.jsonl"), "\n"); n != 2 {
		t.Errorf("%d rows are kept, want 2", n)
	}
	b.run("curate", "why", "q.jsonl:2", "a").wants(0, "dropped by unreadable", fmt.Sprintf("the line has %d bytes, at most %d are read", line, 64<<20))
}

func TestFilesThatAreNoRowsAreRefusedInASentence(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	b.write("good.jsonl", `{"question":"2 and 2"}`+"\n")
	b.write("wide.jsonl", utf16le(`{"question":"2 and 2"}`+"\n"))
	const base = "preset = \"full\"\nstages = [\"clean\"]\n[load]\nfiles = [\"good.jsonl\"]\n"
	for _, c := range []struct {
		from, to string
		code     int
		texts    []string
	}{
		{"good.jsonl", "wide.jsonl", 1, []string{"wide.jsonl", "UTF-16"}},
		{"good.jsonl", "none.jsonl", 1, []string{"none.jsonl", "no such file"}},
		{"files", "flies", 2, []string{"load.flies", "load.files"}},
		{"[load]", "[laod]", 2, []string{"laod"}},
		{`"good.jsonl"`, `5`, 2, []string{"r.toml"}},
		{`["good.jsonl"]`, `[]`, 1, []string{"load.files names no file"}},
		{"stages", "stages = [", 2, []string{"line 2"}},
	} {
		b.write("r.toml", strings.Replace(base, c.from, c.to, 1))
		b.run("curate", "r.toml", "--out", "a", "--quiet").refuses(c.code, c.texts...)
		if err := os.RemoveAll(b.at("a")); err != nil {
			t.Fatal(err)
		}
	}
	b.run("curate", "none.toml").refuses(2, "none.toml")
	b.run("curate", "s1-papr").refuses(2, "s1-papr", "s1-paper")
}

func TestAFullDiskEndsACurationThatGoesOnOnceThereIsRoom(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	f := &faultyDomains{}
	b.domainRecipe(f.start(t), 60, "")
	b.write("d.toml", strings.Replace(b.read("d.toml"), "cache = \"answers\"\n", "", 1))
	b.run("curate", "d.toml", "--out", "whole").wants(0)
	r := b.namespace(`mkdir disk && mount -t tmpfs -o size=64k none disk && "$S1" curate d.toml --out disk/run --quiet
		echo "code $?"; echo again >&2
		mount -o remount,size=8m disk && "$S1" curate d.toml --out disk/run --resume; echo "code $?"; cp -r disk/run after`)
	r.wants(0, "code 1", "code 0")
	first, _, _ := strings.Cut(r.err, "again\n")
	r.err = first
	r.code = 1
	r.refuses(1, "is full", "--resume")
	b.sameFiles("after", "whole")
}
