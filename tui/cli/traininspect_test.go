package cli

import (
	"fmt"
	"strings"
	"testing"
)

const fineTune = "preset = 's1'\n[model]\nbase = '%s'\n[data]\nfiles = ['rows.jsonl']\nthink_format = 'auto'\nblock = %d\nover_long = '%s'\n[data.token_weights]\n' no' = 4\n"

// The tiny model's tokenizer has hardly a word, so a row has about a token a byte.
func TestTrainInspectMarksWhatIsTrained(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	b.write("rows.jsonl", `{"text":"<|im_start|>user\n1+1?<|im_end|>\n<|im_start|>assistant\n<|im_start|>think\nTwo.\n<|im_start|>answer\n2\u001b[31m<|im_end|>\n"}`+"\n"+
		`{"prompt":"x","completion":"`+strings.Repeat("long ", 200)+`"}`)
	path := b.write("own.toml", strings.Replace(fmt.Sprintf(fineTune, model(t), 200, "drop"), "[data.token_weights]\n' no' = 4\n", "[data.token_weights]\n'2' = 4\n", 1))
	r := b.run("train", "inspect", path)
	if r.code != 0 {
		t.Fatalf("exit %d: %s", r.code, r.err)
	}
	for _, want := range []string{
		"·<|im_start|>", "·⏎\n▸<|im_start|>", "▸×4 2", "▸<|im_end|>▸⏎\n", "␛", "2 rows: 1 documents to train on", "1 over-long; 1 dropped",
		"rows.jsonl:2: ", "the block has 200", "5 steps; the first has 1 documents in 1 micro-batches of 200 rows",
	} {
		if !strings.Contains(r.out, want) {
			t.Errorf("%q is not in\n%s", want, r.out)
		}
	}
	if strings.Contains(r.out, "▸<|im_start|>▸u") || strings.ContainsRune(r.out, 0x1b) {
		t.Errorf("the question is trained, or an escape came through:\n%q", r.out)
	}
	if ascii := b.set("LC_ALL=C", "LANG=C").run("train", "inspect", path); !strings.Contains(ascii.out, "><|im_start|>") || strings.ContainsAny(ascii.out, "▸·×⏎") {
		t.Errorf("in ASCII:\n%s", ascii.out)
	}
}

func TestTrainInspectPrintsAnObjectARow(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	b.write("rows.jsonl", `{"prompt":"hi","completion":"yo"}`+"\n"+`{"prompt":"ho","completion":"no"}`)
	own := b.write("own.toml", strings.Split(fmt.Sprintf(fineTune, model(t), 200, "refuse"), "[data.token_weights]")[0])
	lines := b.run("train", "inspect", own, "--json").lines()
	if len(lines) != 3 || lines[0]["type"] != "row" || lines[2]["type"] != "report" {
		t.Fatalf("lines %v, want two rows and a report", lines)
	}
	ids, weights, pieces := lines[0]["ids"].([]any), lines[0]["weights"].([]any), lines[0]["pieces"].([]any)
	if len(ids) == 0 || len(ids) != len(weights) || len(ids) != len(pieces) || weights[0] != 0.0 || weights[len(weights)-1] != 1.0 || pieces[len(pieces)-1] != "<|im_end|>" {
		t.Errorf("a row: %v", lines[0])
	}
	if f := lines[2]["first_step"].(map[string]any); f["steps"] != 5.0 || f["documents"] != 2.0 {
		t.Errorf("the first step: %v", f)
	}
	other := b.write("other.jsonl", `{"prompt":"1,+4","completion":"5"}`)
	if lines := b.run("train", "inspect", own, "-m", "mini", "--data", other, "--json").lines(); len(lines) != 2 || lines[0]["name"] != other+":1" || lines[0]["tokens"] != 8.0 {
		t.Errorf("other rows on another model: %v", lines)
	}
	if n := lines[2]["report"].(map[string]any)["examples"]; n != 2.0 {
		t.Errorf("the report: %v", lines[2])
	}
}

func TestTrainInspectShowsWhatIsTooLongAndThenRefuses(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	b.write("rows.jsonl", `{"prompt":"hi","completion":"yo"}`+"\n"+`{"prompt":"x","completion":"`+strings.Repeat("long ", 200)+`"}`)
	own := b.write("own.toml", strings.Split(fmt.Sprintf(fineTune, model(t), 200, "refuse"), "[data.token_weights]")[0])
	r := b.run("train", "inspect", own)
	if r.code != exitFailed || !strings.Contains(r.out, "rows.jsonl:2: ") || !strings.Contains(r.err, `1 of 2 rows have more than 200 tokens`) || !strings.Contains(r.err, `over_long = "drop"`) {
		t.Errorf("exit %d\n%s\n%s", r.code, r.out, r.err)
	}
}

func TestTrainInspectShowsTheTape(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	r := b.run("train", "inspect", "mini", "--rows", "8")
	if r.code != 0 || !strings.Contains(r.out, "tape 7: ") || !strings.Contains(r.out, "▸</think>⇐Wait") || strings.Contains(r.out, "▸Wait") || !strings.Contains(r.out, "steps; the first has") {
		t.Errorf("exit %d\n%s\n%s", r.code, r.out, r.err)
	}
	lines := b.run("train", "inspect", "mini", "--rows", "8", "--json").lines()
	if n := len(lines) - 1; n != 8 || lines[n]["type"] != "report" || lines[n]["kind"] != "tape" || lines[n]["first_step"].(map[string]any)["steps"] != 12000.0 {
		t.Fatalf("%d rows, and then %v; want 8 and a report of the tape", n, lines[n])
	}
	for _, l := range lines[:8] {
		ids, targets := l["ids"].([]any), l["targets"].([]any)
		for i, id := range ids {
			if piece := l["pieces"].([]any)[i]; len(targets) != len(ids) || id != targets[i] && piece != "Wait" && piece != "Again" {
				t.Fatalf("%v: %q at %d teaches %v", l["name"], piece, i, targets[i])
			}
		}
	}
	if ascii := b.set("LC_ALL=C", "LANG=C").run("train", "inspect", "mini", "--rows", "8"); !strings.Contains(ascii.out, "></think><=Wait") {
		t.Errorf("in ASCII:\n%s", ascii.out)
	}
}

// A block that only the preset asks for is cut down to the model, and said; one of the file's own is refused, as train does.
func TestTrainInspectHoldsTheBlockToTheModel(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	b.write("rows.jsonl", goodRows)
	text := fmt.Sprintf("preset = 'lora'\n[model]\nbase = '%s'\n[data]\nfiles = ['rows.jsonl']\n", model(t))
	b.run("train", "inspect", b.write("r.toml", text)).wants(0, "preset's block of 32768 tokens", "positions")
	b.run("train", "inspect", b.write("r.toml", text+"block = 32768\n")).refuses(1, "data.block is 32768", "positions")
	b.run("train", "r.toml").refuses(1, "data.block is 32768", "positions")
}

func TestTrainInspectSaysWhatARecipeLacks(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	for _, tt := range []struct{ name, want string }{
		{"s1", "names no model"},
		{b.write("a.toml", "[optimizer]\nlearning = 1"), `unknown key "optimizer.learning"`},
		{b.write("c.toml", "[optimiser]\nlr = 1e-3"), `unknown key "optimiser"; did you mean "optimizer"?`},
		{b.write("b.toml", "[optimizer]\nlr = nan"), "optimizer.lr is NaN"},
		{b.at("none.toml"), "no such file"},
	} {
		if r := b.run("train", "inspect", tt.name); r.code != exitUsage || !strings.Contains(r.err, tt.want) {
			t.Errorf("%s: exit %d, %s; want %q", tt.name, r.code, r.err, tt.want)
		}
	}
}
