package cli

import (
	"os"
	"strings"
	"testing"
)

func TestACurationThatKeepsNothingSaysSo(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	b.write("a.jsonl", `{"question":"2 and 2","solution":"4"}`+"\n"+`{"question":"3 and 1","solution":"4","thinking":"so"}`+"\n")
	r := b.run("curate", "random", "--data", "a.jsonl", "--out", "run", "--quiet").wants(0, "missing 2 (answer 1, trace 1)")
	if want := "warning: no row is left: stage complete dropped the most, 2 of 2, as missing 2 (answer 1, trace 1); a field called answer is the known solution: load.fields.attempt = \"answer\" takes it for the model's answer as well"; strings.TrimSpace(r.err) != want {
		t.Errorf("stderr %q, want %q", r.err, want)
	}
	if strings.Contains(r.out+r.err, "the rows are in") {
		t.Errorf("it speaks of rows: %s%s", r.out, r.err)
	}
	b.run("curate", "run", "--count", "--json").wants(0, `"missing":{"answer":1,"trace":1}`, `"type":"warning"`)
	b.write("a.jsonl", b.read("a.jsonl")+`{"question":"4 and 0","thinking":"so","attempt":"4"}`+"\n") // of one that has all, none of the above
	r = b.run("curate", "random", "--data", "a.jsonl", "--out", "run", "--resume").wants(0, "the rows are in")
	if strings.Contains(r.err, "warning") {
		t.Errorf("it warns of a row that is left: %s", r.err)
	}
}

func TestAnExportTrainsAsItIs(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	b.write("a.jsonl", `{"question":"2+3*4","solution":"20","thinking":"2+3=5\n5*4=20","attempt":"20"}`+"\n")
	b.run("curate", "full", "--data", "a.jsonl", "--out", "run").wants(0)
	own := b.write("own.toml", "preset = 's1'\n[model]\nbase = 'mini'\n[data]\nfiles = ['run/export/messages.jsonl']\nthink_format = 'auto'\nblock = 1024\n")
	var trained strings.Builder
	for _, l := range b.run("train", "inspect", own, "--json").wants(0).lines() {
		if l["type"] != "row" {
			continue
		}
		weights := l["weights"].([]any)
		for i, piece := range l["pieces"].([]any) {
			if weights[i] != 0.0 {
				trained.WriteString(piece.(string))
			}
		}
	}
	thought, answer, ok := strings.Cut(trained.String(), "</think>")
	if !ok || !strings.Contains(thought, "2+3=5\n5*4=20") || !strings.HasPrefix(strings.TrimSpace(answer), "20") {
		t.Errorf("what is trained is %q, want the thought and the answer", trained.String())
	}
}

func TestADetachedCurationIsRefusedBeforeItIsAJob(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	b.write("a.jsonl", `{"question":"2 and 2","thinking":"so","attempt":"4"}`+"\n")
	b.run("curate", "full", "--data", "none.jsonl", "--out", "run", "--detach").refuses(1, "none.jsonl", "no such file")
	if _, err := os.Stat(b.at("run")); err == nil {
		t.Error("a folder is left behind")
	}
	b.run("curate", "full", "--data", "a.jsonl", "--out", "run").wants(0)
	b.run("curate", "full", "--data", "a.jsonl", "--out", "run", "--detach").refuses(1, "holds a curation already", "--resume")
	if jobs := b.run("jobs", "list", "--json").wants(0); strings.TrimSpace(jobs.out) != "" {
		t.Errorf("there are jobs: %s", jobs.out)
	}
}
