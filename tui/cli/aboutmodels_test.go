package cli

import (
	"encoding/base64"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestTokensAreThePiecesOfTheText(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	const text = "hello <|im_start|> wörld 日本"
	var joined []byte
	for _, m := range b.run("tokens", "-m", model(t), "--json", text).wants(0).lines() {
		piece, err := base64.StdEncoding.DecodeString(m["bytes"].(string))
		if err != nil {
			t.Fatal(err)
		}
		joined = append(joined, piece...)
	}
	if string(joined) != text {
		t.Errorf("the pieces joined are %q, want %q", joined, text)
	}
	b.run("tokens", "-m", model(t), text).wants(0, `1022  "<|im_start|>"`)
	if r := b.run("tokens", "-m", model(t), "--special=false", text).wants(0); strings.Contains(r.out, "1022") {
		t.Errorf("--special=false still made a control token:\n%s", r.out)
	}
}

// cached puts the tiny model into the cache of the box as Python's huggingface_hub would.
func (b *box) cached(word string) {
	b.t.Helper()
	org, name, _ := strings.Cut(word, "/")
	const commit = "0123456789abcdef0123456789abcdef01234567"
	repo := filepath.Join("hf", "hub", "models--"+org+"--"+name)
	b.write(filepath.Join(repo, "refs", "main"), commit)
	data, err := os.ReadFile(model(b.t))
	if err != nil {
		b.t.Fatal(err)
	}
	b.write(filepath.Join(repo, "snapshots", commit, "tiny.gguf"), string(data))
}

func TestModelsInTheCacheAreFoundOffline(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	b.run("models", "list").wants(0, "mini", "built in", "no others yet")
	b.cached("org/tiny")
	b.run("models", "list").wants(0, "org/tiny")
	path := strings.TrimSpace(b.run("models", "path", "org/tiny").wants(0).out)
	if info, err := os.Stat(path); err != nil || info.Size() == 0 {
		t.Errorf("models path says %q: %v", path, err)
	}
	info := b.run("models", "info", "--json", "org/tiny").wants(0).lines()[0]
	if info["architecture"] != "llama" || info["kind"] != "gguf" || len(info["sha256"].(string)) != 64 {
		t.Errorf("models info says %v", info)
	}
	b.run("models", "info", "org/tiny").wants(0, "llama", "vocabulary    1024")
	if got := b.run("models", "list", "--json").wants(0).lines(); len(got) != 2 || got[0]["word"] != "mini" || got[0]["modified"] != nil || got[1]["modified"] == nil {
		t.Errorf("models list --json says %v", got)
	}
	x := b.run("run", "-m", "org/tiny", "--json", "--cap", "4", "--answer-cap", "4", "hello").wants(0).only()
	if x.receipt["model_sha256"] != info["sha256"] {
		t.Errorf("the receipt's hash is %v, models info says %v", x.receipt["model_sha256"], info["sha256"])
	}
	b.run("models", "rm", "org/tiny").wants(0)
	b.run("models", "path", "org/tiny").wants(1, "org/tiny")
}

func TestAFolderAnswersLikeTheFileItWasMadeFrom(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	dir := folderModel(t, t.TempDir())
	args := []string{"--json", "--cap", "8", "--answer-cap", "4", "--temp", "0", "hello there"}
	x := b.run(append([]string{"run", "-m", dir}, args...)...).wants(0).only()
	same := b.run(append([]string{"run", "-m", model(t)}, args...)...).wants(0).only()
	if x.receipt["think_format"] != "s1" || x.receipt["prompt_tokens"] != same.receipt["prompt_tokens"] {
		t.Errorf("the folder's receipt is %v, the file's %v", x.receipt, same.receipt)
	}
	for _, w := range []string{"exact", "q8"} {
		b.run(append([]string{"run", "-m", dir, "--weights", w}, args...)...).wants(0)
	}
	b.run("run", "-m", dir, "--backend", "ref", "--cap", "2", "--answer-cap", "2", "hello").wants(0, "[receipt] ", "cap 2")
}

func TestPathsVersionDoctor(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	b.run("paths").wants(0, b.at("config", "s1", "config.toml"), b.at("data", "s1", "s1.db"), b.at("hf"))
	if got := b.run("paths", "--json").wants(0).lines(); len(got) < 4 {
		t.Errorf("paths --json says %v", got)
	}
	b.set("S1_DATA_DIR="+b.at("elsewhere")).run("paths").wants(0, b.at("elsewhere", "s1.db"))
	b.run("version").wants(0, "s1 ")
	b.run("--version").wants(0)
	if got := b.run("version", "--json").wants(0).lines(); len(got) != 1 || got[0]["version"] == "" {
		t.Errorf("version --json says %v", got)
	}
	found := map[string]bool{}
	for _, m := range b.run("doctor", "--json").wants(0).lines() {
		found[m["name"].(string)] = true
		if m["ok"] == false && m["name"] == "model" && m["advice"] == nil {
			t.Errorf("doctor says what is absent and not what to do: %v", m)
		}
	}
	for _, name := range []string{"version", "cpu", "memory", "gpu", "cache", "sessions", "model"} {
		if !found[name] {
			t.Errorf("doctor says nothing of %q", name)
		}
	}
	b.run("doctor").wants(0, "s1 models pull smollm2")
}

func TestBenchJSONHasEveryKey(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	report := b.run("bench", "-m", model(t), "--json").wants(0).lines()[0]
	for _, k := range []string{"model", "backend", "threads", "prompt_tps", "decode_tps", "branches_tps", "fork_us", "rewind_us", "load_ms", "bytes_per_token", "memory_gbps", "share_of_limit"} {
		if _, ok := report[k]; !ok {
			t.Errorf("bench --json lacks %q", k)
		}
	}
	for k, want := range map[string][]string{"prompt_tps": {"128", "512"}, "decode_tps": {"0", "512"}, "branches_tps": {"1", "4", "8"}} {
		for _, n := range want {
			if series, _ := report[k].(map[string]any); series[n] == nil || series[n].(float64) <= 0 {
				t.Errorf("bench --json: %s has no figure for %s: %v", k, n, report[k])
			}
		}
	}
}

func TestAFlagBeatsTheEnvironmentBeatsTheSettings(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	b.write("config/s1/config.toml", "cap = 3\nanswer_cap = 5\nwait_text = \"Hm\"\n")
	budget := func(b *box, more ...string) map[string]any {
		return b.run(append([]string{"run", "-m", model(t), "--json", "hello"}, more...)...).wants(0).lines()[0]["budget"].(map[string]any)
	}
	if got := budget(b); integer(got["cap"]) != 3 || integer(got["answer_cap"]) != 5 || got["wait_text"] != "Hm" {
		t.Errorf("the settings give %v", got)
	}
	b.set("S1_CAP=6")
	if got := budget(b); integer(got["cap"]) != 6 || integer(got["answer_cap"]) != 5 {
		t.Errorf("S1_CAP=6 over cap = 3 gives %v", got)
	}
	if got := budget(b, "--cap", "9"); integer(got["cap"]) != 9 {
		t.Errorf("--cap 9 over S1_CAP=6 gives %v", got)
	}
	b.set("S1_CAP=many").run("run", "-m", model(t), "hello").wants(2, "S1_CAP", "many")
	c := newBox(t)
	c.write("config/s1/config.toml", "answer_cup = 5\n")
	c.run("version").wants(2, "answer_cup", "answer_cap", "config.toml")
	c.write("config/s1/config.toml", "cap = \n")
	c.run("version").wants(2, "config.toml")
	c.write("config/s1/config.toml", "cap = \"x\"\n")
	c.run("run", "-m", model(t), "hello").wants(2, "config.toml", "cap")
}
