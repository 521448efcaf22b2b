package cli

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
)

// tapeRecipe trains a model of the calculator tape that is as small as one can be: a step takes some milliseconds.
const tapeRecipe = `preset = "mini"
[model]
hidden = 16
layers = 1
heads = 1
kv_heads = 1
head_dim = 16
ff = 16
[data.tape]
steps_max = 2
values = [{limit = 99, share = 1.0}]
[on_policy]
at = 0.0
[train]
steps = 100
batch_tokens = 300
micro_tokens = 512
threads = 1
[optimizer]
lr = 2e-3
[checkpoint]
every = 5
[eval]
every = 0
[probe]
every = 0
`

// rowsRecipe fine-tunes the tiny model; %q is its path.
const rowsRecipe = `[model]
base = %q
[data]
files = ["rows.jsonl"]
block = 128
[train]
steps = 2
batch_rows = 2
micro_tokens = 256
threads = 1
`

const goodRows = `{"prompt":"What is 1 plus 1?","completion":"It is 2."}
{"prompt":"What is 1 plus 2?","completion":"It is 3."}
`

// edited replaces pieces of a recipe; each must be there.
func edited(t testing.TB, text string, pairs ...string) string {
	t.Helper()
	for i := 0; i < len(pairs); i += 2 {
		if !strings.Contains(text, pairs[i]) {
			t.Fatalf("the recipe has no %q", pairs[i])
		}
		text = strings.Replace(text, pairs[i], pairs[i+1], 1)
	}
	return text
}

func TestATrainingThatCannotBeIsRefusedInOneSentence(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	for _, c := range []struct {
		edit  []string
		code  int
		texts []string
	}{
		{[]string{"lr = 2e-3", "lr = 0"}, 2, []string{"optimizer.lr is 0", "above 0"}},
		{[]string{"lr = 2e-3", "lr = nan"}, 2, []string{"optimizer.lr is NaN"}},
		{[]string{"lr = 2e-3", "lr = -1e-3"}, 2, []string{"optimizer.lr is -0.001"}},
		{[]string{"lr = 2e-3", "lr = \"fast\""}, 2, []string{"line"}},
		{[]string{"lr = 2e-3", "lrr = 2e-3"}, 2, []string{`"optimizer.lrr"`, `"optimizer.lr"`}},
		{[]string{"batch_tokens", "batchtokens"}, 2, []string{`"train.batchtokens"`, `"train.batch_tokens"`}},
		{[]string{"steps = 100", "steps = "}, 2, []string{"line"}},
		{[]string{"steps = 100", "steps = -1"}, 2, []string{"train.steps is -1"}},
		{[]string{"head_dim = 16", "head_dim = 16\nvocab = 5"}, 1, []string{"model.vocab is 5", "tokens"}},
		{[]string{"kv_heads = 1", "kv_heads = 2"}, 2, []string{"model.kv_heads"}},
		{[]string{"micro_tokens = 512", "micro_tokens = 60000000"}, 1, []string{"training needs about", "is free", "micro_tokens ="}},
		{[]string{"micro_tokens = 512", "micro_tokens = 9000000000000"}, 1, []string{"9000000000000", "train.micro_tokens to at most"}},
		{[]string{"micro_tokens = 512", "micro_tokens = 10"}, 1, []string{"raise micro_tokens"}},
		{[]string{"[probe]", "[freeze]\npatterns = [\"*\"]\n[probe]"}, 1, []string{"freeze.patterns", "nothing to train"}},
		{[]string{"[probe]", "[freeze]\npatterns = [\"model.layer.*\"]\n[probe]"}, 1, []string{"freeze.patterns", `"model.layer.*"`, "model.layers.0."}},
		{[]string{"[probe]", "[freeze]\npatterns = [\"[\"]\n[probe]"}, 2, []string{"freeze.patterns"}},
		{[]string{"[probe]", "[lora]\nrank = 4\n[probe]"}, 2, []string{"lora.rank", "nothing to adapt"}},
		{[]string{"preset = \"mini\"", "preset = \"minni\""}, 2, []string{`"minni"`, `"mini"`}},
	} {
		b.write("r.toml", edited(t, tapeRecipe, c.edit...))
		b.run("train", "r.toml", "--out", "none", "--quiet").refuses(c.code, c.texts...)
	}
	b.run("train", "nosuch.toml").refuses(2, "nosuch.toml", "mini")
	b.run("train", "minni").refuses(2, `"minni"`, `"mini"`)
	b.run("train", "mini", "--steps", "-1").refuses(2, "--steps -1")
	b.run("train", "mini", "--steps", "0").refuses(2, "--steps 0", "at least 1")
	b.run("train", "mini-finish").refuses(1, "s1 train mini --out mini", "s1 train mini-finish -m mini/model")
	b.write("r.toml", tapeRecipe)
	b.write("file", "")
	b.run("train", "r.toml", "--out", "file").refuses(1, "file cannot be a folder", "--out")
	b.run("train", "r.toml", "--out", "file/run").refuses(1, "file/run cannot be a folder")
}

func TestRowsThatCannotBeTrainedOnAreRefusedByTheirPlace(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	text := fmt.Sprintf(rowsRecipe, model(t))
	for _, c := range []struct {
		rows  string
		edit  []string
		texts []string
	}{
		{"", nil, []string{"rows.jsonl", "no row in it"}},
		{"\n\n  \n", nil, []string{"no row in it"}},
		{goodRows + `{"prompt":"What is 1 plus 3?"}`, nil, []string{"rows.jsonl:3", "no answer"}},
		{goodRows + `{"prompt":"x","completion":" "}`, nil, []string{"rows.jsonl:3", "answer is empty"}},
		{`{"messages":[{"role":"user","content":"x"}]}`, nil, []string{"rows.jsonl:1", "no answer to train on"}},
		{`{"messages":[{"role":"user","content":"x"},{"role":"assistant","content":""}]}`, nil, []string{"rows.jsonl:1", "empty"}},
		{"hello", nil, []string{"rows.jsonl:1", "JSON object"}},
		{"{\"prompt\": ", nil, []string{"rows.jsonl:1", "JSON"}},
		{`{"prompt":` + strings.Repeat("[", 50_000), nil, []string{"rows.jsonl:1"}},
		{`{"question":"x","answer":"y"}`, nil, []string{"rows.jsonl:1", `"messages"`}},
		{"{\"prompt\":\"\xff\",\"completion\":\"y\"}", nil, []string{"rows.jsonl:1", "UTF-8"}},
		{`{"messages":[{"role":"\u001b[31m\u0007","content":"x"}]}`, nil, []string{"rows.jsonl:1"}}, // held to no raw escapes
		{`{"messages":[{"role":"assistant","content":[{"type":"image","text":"x"}]}]}`, nil, []string{"rows.jsonl:1", `"image"`}},
		{goodRows, []string{"block = 128", "block = 100000"}, []string{"data.block is 100000", "positions"}},
		{goodRows, []string{"block = 128", "block = 8"}, []string{"more than 8 tokens", "rows.jsonl:", "raise block"}},
		{goodRows, []string{"micro_tokens = 256", "micro_tokens = 8"}, []string{"train.micro_tokens = 8", "rows.jsonl:"}},
		{goodRows, []string{"block = 128", "block = 8\nover_long = \"drop\""}, []string{"nothing to train on", "dropped"}},
		{goodRows, []string{`"rows.jsonl"`, `"nosuch.jsonl"`}, []string{"nosuch.jsonl"}},
		{goodRows, []string{`"rows.jsonl"`, `"."`}, []string{"directory"}},
		{goodRows, []string{"block = 128", "block = 128\ntoken_weights = {\"no such token\" = 2.0}"}, []string{`"no such token"`}},
		{goodRows, []string{"threads = 1", "threads = 1\n[eval]\nevery = 1"}, []string{"eval.every is 1", "data.held_out"}},
		{goodRows, []string{"threads = 1", "threads = 1\n[lora]\nrank = 2\ntargets = [\"q_porj\"]"}, []string{`"q_porj"`, "q_proj"}},
		{goodRows, []string{"base = ", "base = \"/nowhere/x.gguf\" # "}, []string{"/nowhere/x.gguf"}},
		{goodRows, []string{"base = ", "base = \"org/none\" # "}, []string{"org/none", "s1 models pull"}},
		{goodRows, []string{"files = [\"rows.jsonl\"]", "kind = \"tape\""}, []string{"tape", "another tokenizer"}},
		{goodRows, []string{"files = [\"rows.jsonl\"]\n", ""}, []string{"[data] files"}},
	} {
		b.write("rows.jsonl", c.rows)
		b.write("r.toml", edited(t, text, c.edit...))
		b.run("train", "r.toml", "--quiet").refuses(1, c.texts...)
	}
}

func TestAnotherRunsFolderIsRefusedAndItsCheckpointsStay(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	b.write("r.toml", edited(t, tapeRecipe, "steps = 100", "steps = 12"))
	b.run("train", "r.toml", "--resume").wants(0, "there is no checkpoint in r/checkpoints yet", "s1 run -m r/model")
	before := shot(t, b.at("r"))
	b.run("train", "r.toml").refuses(1, "r holds the checkpoints of a run", "--resume", "--out")
	b.write("r.toml", edited(t, tapeRecipe, "steps = 100", "steps = 12", "lr = 2e-3", "lr = 3e-3"))
	b.run("train", "r.toml", "--resume").refuses(1, "its optimizer.lr is 0.002, this run's is 0.003", "--out")
	b.write("r.toml", edited(t, tapeRecipe, "steps = 100", "steps = 12", "values = [{limit = 99,", "values = [{limit = 98,"))
	b.run("train", "r.toml", "--resume").refuses(1, "data.tape.values")
	if after := shot(t, b.at("r")); after != before {
		t.Errorf("a refused run changed the folder:\n%s\n%s", before, after)
	}
}

// shot is the names and sizes of what lies in a folder, without the model.
func shot(t testing.TB, dir string) string {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, "checkpoints", "*", "*"))
	if err != nil || len(names) == 0 {
		t.Fatalf("%v: %v", names, err)
	}
	return strings.Join(append(names, filepath.Join(dir, "metrics.jsonl")), "\n")
}
