package cli

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"

	"s1/curate"
)

func TestMarkSaysWhatItRecordsAndRefusesRowsThatAreNotThere(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	row := func(q, thought string) string {
		return fmt.Sprintf("{\"question\":%q,\"solution\":\"2\",\"trace\":%q,\"attempt\":\"2\"}\n", q, thought)
	}
	b.write("rows.jsonl", row("what is two?", "first")+row("what is three? ![Image](x)", "other")+row("what is two?", "second")+"{broken\n")
	b.write("r.toml", "stages = [\"clean\", \"dedup\"]\n[load]\nfiles = [\"rows.jsonl\"]\n")
	b.run("curate", "r.toml", "--out", "a").wants(0)
	two, three := curate.ID("what is two?"), curate.ID("what is three? ![Image](x)")

	b.run("curate", "mark", "0123456789abcdef", "keep", "a").refuses(1, "a has no row \"0123456789abcdef\"")
	b.run("curate", "mark", "rows.jsonl:4", "keep", "a").refuses(1, "was never loaded (unreadable)")
	b.run("curate", "mark", "0123456789abcdef", "keep", "a/hand.jsonl").refuses(1, "a has no row")
	b.run("curate", "mark", "nonsense", "keep", "alone.jsonl").refuses(2, "is no id of a row")
	b.run("curate", "mark", three, "keep", "nowhere/hand.jsonl").refuses(1, "no such file")
	for _, name := range []string{"a/hand.jsonl", "alone.jsonl"} {
		if _, err := os.Stat(b.at(name)); err == nil {
			t.Errorf("%s was made by decisions that were refused", name)
		}
	}
	b.run("curate", "mark", two, "keep", "alone.jsonl").wants(0, "row "+two+" is to be kept by hand", "alone.jsonl")
	b.run("curate", "mark", two, "keep", "a").wants(0, "row "+two+" (rows.jsonl:1, rows.jsonl:3) is to be kept by hand", "s1 curate a --resume")
	b.run("curate", "mark", three, "drop", "a/hand.jsonl", "--note", "a picture").wants(0, "rows.jsonl:2", "dropped by hand")
	b.run("--json", "curate", "mark", two, "keep", "a").wants(0, `"rows":2`, `"verdict":"keep"`)

	b.run("curate", "a", "--resume").wants(0, "by-hand 1, (kept by hand 2)", "exact 1")
	card, err := os.ReadFile(b.at("a", "export", "README.md"))
	if err != nil || !strings.Contains(string(card), "| hand v1 | 3 | 2 | by-hand 1, (kept by hand 2) |") {
		t.Errorf("the card says %s, %v", card, err)
	}
	b.run("curate", "why", two, "a").wants(0, "row "+two+", rows.jsonl:1: no stage dropped it", "row "+two+", rows.jsonl:3: dropped by dedup, exact")
	b.run("curate", "mark", three, "undo", "a").wants(0, "left to the rules again")
}

func TestOnlyRowsThatExistCountAsKeptByHand(t *testing.T) {
	t.Parallel()
	dir := curatedHostile(t, hostileRows()[4:8])
	rec, err := curate.ReadRecipe(dir)
	if err != nil {
		t.Fatal(err)
	}
	counts, _, err := curate.Counts(dir)
	if err != nil {
		t.Fatal(err)
	}
	page, err := curate.Browse(dir).Page(t.Context(), curate.Query{Kept: true, Limit: 1})
	if err != nil {
		t.Fatal(err)
	}
	l := &looked{Browser: curate.Browse(dir)}
	var text strings.Builder
	for i, id := range []string{"0123456789abcdef", page.Rows[0].ID, page.Rows[0].ID} {
		line, err := json.Marshal(map[string]string{"id": id, "verdict": curate.Keep})
		if err != nil {
			t.Fatal(err)
		}
		text.Write(append(line, '\n'))
		if err := os.WriteFile(rec.HandFile(dir), []byte(text.String()), 0o600); err != nil {
			t.Fatal(err)
		}
		if got, want := l.keptByHand(rec, counts, dir), min(i, 1); got != want {
			t.Errorf("after %d lines %d rows are kept by hand, want %d", i+1, got, want)
		}
	}
}
