package cli

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// What people marked comes back as rows, and a row trains the very ids that the model and the Wait wrote.
func TestMarkedBranchesBecomeRowsThatTrainTheSameTokens(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	said := map[string][]string{} // ids by session
	var order []string
	for _, args := range [][]string{{"12,+7,*3"}, {"--wait", "1", "316,+275,/3,*3"}, {"--cap", "4", "316,+275,/3,*3"}} {
		lines := b.run(append([]string{"run", "-m", "mini", "--json", "--seed", "1", "--temp", "0"}, args...)...).wants(0).lines()
		var ids []string
		for _, l := range lines {
			if l["type"] == "token" {
				ids = append(ids, fmt.Sprint(l["id"]))
			}
		}
		id := b.sessions()[0]["id"].(string)
		said[id], order = ids, append(order, id)
	}
	b.run("sessions", "rows").wants(1, "0 rows", "no row was written", "mark ID BRANCH good")
	b.write("rows.jsonl", "marked last week\n")
	b.run("sessions", "rows", "-o", "rows.jsonl").wants(1, "no row was written")
	if left := b.read("rows.jsonl"); left != "marked last week\n" {
		t.Fatalf("nothing was to be written, and rows.jsonl holds %q", left)
	}
	if list, err := filepath.Glob(b.at(".rows.jsonl*")); err != nil || len(list) > 0 {
		t.Errorf("%v was left lying about (%v)", list, err)
	}
	branch := func(id string) string { return b.run("sessions", "export", id).wants(0).lines()[1]["id"].(string) }
	b.run("sessions", "mark", order[0], branch(order[0]), "good").wants(0)
	b.run("sessions", "mark", order[1], branch(order[1]), "bad").wants(0)
	b.run("sessions", "mark", order[1], branch(order[1]), "good").wants(0) // the later mark holds
	b.run("sessions", "mark", order[2], branch(order[2]), "bad").wants(0)
	b.run("sessions", "mark", order[0], branch(order[0]), "best").refuses(2, "good")
	b.run("sessions", "mark", order[0], "nowhere", "good").wants(1, "no such place")
	b.run("sessions", "rows", "--verdict", "maybe").refuses(2, "right or wrong")
	b.run("sessions", "rows", "-o", "rows.jsonl").wants(0, "2 rows")

	rows := b.run("sessions", "rows", "--tag", "").wants(0, "1 of them bad").lines()
	if len(rows) != 3 || rows[0]["label"] != true || rows[2]["label"] != false {
		t.Fatalf("all rows: %v", rows)
	}
	p := rows[1]["provenance"].(map[string]any)
	if p["session"] != order[1] || p["waits"] != 1.0 || p["injected_tokens"] != 1.0 || p["model"] != "mini" || p["verdict"] == nil || p["expected"] != "591" {
		t.Errorf("provenance %v", p)
	}

	own := b.write("own.toml", "preset = 's1'\n[model]\nbase = 'mini'\n[data]\nfiles = ['rows.jsonl']\nthink_format = 'auto'\nblock = 1024\n")
	b.run("sessions", "rows", "--tag", "", "-o", "all.jsonl").wants(0, "3 rows")
	all := b.write("all.toml", "preset = 's1'\n[model]\nbase = 'mini'\n[data]\nfiles = ['all.jsonl']\nthink_format = 'auto'\nblock = 1024\n[train]\nsteps = 1\nbatch_rows = 2\n")
	b.run("train", "inspect", all).wants(0, "3 rows: 2 documents to train on", "1 left out because they are marked bad")
	b.run("train", all, "--out", "of-all").wants(0, "1 left out because they are marked bad")
	var trained [][]string
	for _, l := range b.run("train", "inspect", own, "--json", "--rows", "9").wants(0).lines() {
		if l["type"] != "row" {
			continue
		}
		var ids []string
		weights := l["weights"].([]any)
		for i, id := range l["ids"].([]any) {
			if weights[i] != 0.0 {
				ids = append(ids, fmt.Sprint(id))
			}
		}
		trained = append(trained, ids)
	}
	for i, want := range [][]string{said[order[0]], said[order[1]]} {
		// A run that ends by itself does not say the last token, which ends the answer; a row trains it.
		if n := len(trained[i]); n < 2 || !slices.Equal(trained[i][:n-1], want) && !slices.Equal(trained[i], want) {
			t.Errorf("row %d trains\n%s\nthe run said\n%s", i, strings.Join(trained[i], " "), strings.Join(want, " "))
		}
	}
}

// The whole way round: think, mark, train on what was marked, ask base and tuned the same under the same budgets.
func TestFromTracesToATunedModelAndBack(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	var order []string
	for _, q := range []string{"12,+7,*3", "316,+275,/3,*3", "81,+40,-9"} {
		b.run("run", "-m", "mini", "--seed", "1", "--temp", "0", "--wait", "1", q).wants(0)
		id := b.sessions()[0]["id"].(string)
		order = append(order, id)
		b.run("sessions", "mark", id, b.run("sessions", "export", id).wants(0).lines()[1]["id"].(string), "good").wants(0)
	}
	b.run("sessions", "rows", "-o", "rows.jsonl").wants(0, "3 rows")
	recipe := b.write("own.toml", "preset = 's1'\n[model]\nbase = 'mini'\n[data]\nfiles = ['rows.jsonl']\nthink_format = 'auto'\nblock = 512\n"+
		"[data.token_weights]\nWait = 0\n[train]\nsteps = 3\nbatch_rows = 3\n[optimizer]\nlr = 1e-4\n")
	b.run("train", recipe, "--out", "run").wants(0)
	sweep := []string{"sweep", "-m", "mini", "--against", "run/model", "--data", "tape", "--n", "12", "--methods", "none,wait", "--waits", "0,1", "--out", "swept"}
	first := b.run(sweep...).wants(0, "none", "wait 1", "n = 12", "changes.md")
	changes := b.read("swept/changes.md")
	for _, want := range []string{"12 questions from tape", "a number, equal to the character", "| none |", "| none | natural | 12 | 100.0 ["} {
		if !strings.Contains(changes, want) {
			t.Errorf("%q is not in\n%s", want, changes)
		}
	}
	if again := b.run(sweep...).wants(0); again.out != first.out || b.read("swept/changes.md") != changes {
		t.Error("the same sweep again says something else")
	}
	// The rows themselves are questions, and are asked again as they were: under a Wait each, and judged where the answer is known.
	compare := []string{"sessions", "compare", "rows.jsonl", "--against", "run/model", "--out", "again"}
	own := b.run(compare...).wants(0, "own", "n = 3", "changes.md")
	changes = b.read("again/changes.md")
	for _, want := range []string{"3 questions from rows.jsonl", "| own |", "thinking tokens before", "both empty"} {
		if !strings.Contains(changes, want) {
			t.Errorf("%q is not in\n%s", want, changes)
		}
	}
	for i, line := range strings.Split(strings.TrimSpace(b.read("again/before/items.jsonl")), "\n") {
		var row struct {
			Waits   int
			Seed    uint64
			Item    string
			Outcome string
		}
		if err := json.Unmarshal([]byte(line), &row); err != nil || row.Waits != 1 || row.Seed != 1 || !strings.HasPrefix(row.Item, order[i]+"/") || row.Outcome != "right" {
			t.Errorf("row %d was asked again as %+v (%v)", i+1, row, err)
		}
	}
	if again := b.run(compare...).wants(0); again.out != own.out || b.read("again/changes.md") != changes {
		t.Error("the same comparison again says something else")
	}
	b.run("sweep", "-m", "mini", "--data", "rows.jsonl", "--methods", "none,bf", "--caps", "4", "--out", "asked").wants(0, "n = 3")
	b.run("sessions", "compare", "rows.jsonl", "--out", "again").refuses(2, "--against")
	b.run(append(sweep, "--forecast")...).refuses(2, "--against")
	b.run("sweep", "-m", "mini", "--against", "nowhere/model", "--data", "tape", "--n", "2", "--methods", "none", "--out", "other").wants(1, "after", "nowhere")
}
