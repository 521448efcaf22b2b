package cli

import (
	"path/filepath"
	"strings"
	"testing"
)

// The three results of a LoRA, the run's and exported ones, are the same model to who asks it: token by token, to the last bit.
func TestAnAdapterThinksAsTheModelItWasMergedInto(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	b.write("r.toml", "preset = 'lora'\n[model]\nbase = 'mini'\n[data]\nkind = 'tape'\n[train]\nsteps = 8\nthreads = 1\n[optimizer]\nlr = 3e-3\n")
	b.run("train", "r.toml", "--out", "run", "--seed", "1", "--quiet").wants(0)
	b.run("train", "export", "r.toml", "--run", "run", "--as", "adapter", "--out", "put").wants(0)
	const question = "941,-387,+652,/6,+413,-75"
	ask := func(model string) (tokens, hash string) {
		r := b.run("run", "-m", model, "--json", "--no-save", "--wait", "1", "--temp", "1", "--seed", "3", question).wants(0)
		lines := strings.Split(strings.TrimSpace(r.out), "\n")
		return strings.Join(lines[1:len(lines)-1], "\n"), r.only().receipt["model_sha256"].(string)
	}
	want, merged := ask("run/model")
	base, _ := ask("mini")
	got, hash := ask("run/adapter")
	if got != want || got == base {
		t.Errorf("the adapter says\n%s\nthe merged model\n%s\nthe base\n%s", got, want, base)
	}
	if put, again := ask("put"); put != want || hash != again || hash == merged {
		t.Errorf("exported: equal %t, hashes %s and %s; the merged model has %s", put == want, again, hash, merged)
	}
	for _, name := range []string{"run/adapter", "put"} {
		if texts := b.read(name + "/adapter_model.safetensors"); !strings.Contains(texts, `"s1_base":"mini"`) || !strings.Contains(texts, `"s1_base_sha256":"`) {
			t.Errorf("%s does not say what its base was", name)
		}
	}
	for _, name := range []string{"run/adapter", "run/model"} {
		if info := b.run("models", "info", name, "--json").wants(0).lines()[0]; info["path"] != b.at(filepath.FromSlash(name)) || info["parameters"] == 0.0 {
			t.Errorf("%s: %v", name, info)
		}
	}
	b.run("tokens", "-m", "run/adapter", "1,+2").wants(0, "+")
	b.run("train", "probe", "-m", "put", "--n", "20", "--seed", "1").wants(0, "20")

	// Words that an adapter gives of its base are anybody's.
	b.write("put/adapter_config.json", `{"peft_type":"LORA","r":16,"lora_alpha":32,"base_model_name_or_path":"../put"}`)
	b.write("put/adapter_model.safetensors", "no such thing")
	b.run("run", "-m", "put", "hello").refuses(1, "open adapter", "adapter_model.safetensors")
}
