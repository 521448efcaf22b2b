package recipe

import (
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"s1/train/recipes"
)

func load(t *testing.T, name string) Recipe {
	t.Helper()
	r, err := Load(name)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestEveryPresetLoads(t *testing.T) {
	t.Parallel()
	want := []string{"lora", "mini", "mini-finish", "mini-nochecks", "mini-quick", "s1", "s1.1"}
	if got := recipes.Names(); !slices.Equal(got, want) {
		t.Errorf("presets %v, want %v", got, want)
	}
	for _, name := range want {
		r := load(t, name)
		err := r.Ready()
		if whole := r.Data.Kind == Tape && r.Model.Needs == ""; whole != (err == nil) {
			t.Errorf("%s: ready to start: %v; only mini's recipes bring model and data, and mini-finish wants mini's", name, err)
		}
	}
}

func TestThePresetS1HasThePapersValues(t *testing.T) {
	t.Parallel()
	r := load(t, "s1")
	o := Optimizer{
		Kind: "adamw", LR: 1e-5, MuonLR: 3e-3, Beta1: .9, Beta2: .95, Eps: 1e-8, WeightDecay: 1e-4, MuonMomentum: .95, Clip: 1,
		Warmup: .05, Schedule: "cosine",
	}
	if r.Optimizer != o {
		t.Errorf("optimizer %+v, want %+v", r.Optimizer, o)
	}
	if r.Train.Epochs != 5 || r.Train.BatchRows != 16 || r.Data.Block != 32768 {
		t.Errorf("epochs %d, rows %d, block %d; want 5, 16, 32768", r.Train.Epochs, r.Train.BatchRows, r.Data.Block)
	}
	if short := load(t, "s1.1"); short.Data.Block != 20000 || short.Optimizer != o || short.Train != r.Train {
		t.Errorf("s1.1 has block %d and %+v; want 20000 and otherwise s1", short.Data.Block, short)
	}
}

func TestMiniQuickAndNoChecksAreMiniButForWhatTheyName(t *testing.T) {
	t.Parallel()
	mini := load(t, "mini").Settings()
	for name, want := range map[string][]string{
		"mini-quick":    {"preset", "data.tape.steps_max", "data.tape.curriculum", "data.tape.values", "on_policy.drafts", "train.steps"},
		"mini-nochecks": {"preset", "data.tape.checks", "on_policy.at", "train.steps"},
	} {
		var got []string
		for i, s := range load(t, name).Settings() {
			if s != mini[i] {
				got = append(got, s.Key)
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s differs from mini in %v, want %v", name, got, want)
		}
	}
}

func TestAnUnknownKeyNamesTheNearestOne(t *testing.T) {
	t.Parallel()
	tests := []struct{ text, key, near string }{
		{"[optimizer]\nlearning_rate = 1", "optimizer.learning_rate", ""},
		{"[optimizer]\nlrr = 1", "optimizer.lrr", "optimizer.lr"},
		{"[optimiser]\nlr = 1", "optimiser", "optimizer\""},
		{"lr = 1e-3", "lr", "optimizer.lr"},
		{"[data.tape]\nstep_max = 3", "data.tape.step_max", "data.tape.steps_max"},
		{"[data.tape.weights]\nnoo = 3", "data.tape.weights.noo", "data.tape.weights.no"},
		{"[train]\nbatch_row = 3", "train.batch_row", "train.batch_rows"},
	}
	for _, tt := range tests {
		_, err := Parse("x.toml", tt.text)
		if err == nil || !strings.Contains(err.Error(), `unknown key "`+tt.key) || !strings.Contains(err.Error(), `did you mean "`+tt.near) == (tt.near != "") {
			t.Errorf("%q: %v; want the unknown key %q, nearest %q", tt.text, err, tt.key, tt.near)
		}
	}
}

func TestWrongValuesAreRefusedWithKeyValueAndWhatIsWanted(t *testing.T) {
	t.Parallel()
	tests := []struct{ text, want string }{
		{"[optimizer]\nlr = 0", "optimizer.lr is 0: want above 0"},
		{"[optimizer]\nlr = -1e-5", "optimizer.lr is -1e-05: want above 0"},
		{"[optimizer]\nlr = nan", "optimizer.lr is NaN: want above 0"},
		{"[optimizer]\nlr = inf", "optimizer.lr is +Inf"},
		{"[optimizer]\nlr = 'fast'", "line 2"},
		{"[optimizer]\nkind = 'muon'\nmuon_lr = 0", "optimizer.muon_lr is 0"},
		{"[optimizer]\nkind = 'adam'", `optimizer.kind is "adam": want one of adamw, muon; did you mean "adamw"?`},
		{"[optimizer]\nbeta2 = 1.0", "optimizer.beta2 is 1: want 0 up to but not 1"},
		{"[optimizer]\nbeta1 = nan", "optimizer.beta1 is NaN"},
		{"[optimizer]\neps = 0", "optimizer.eps is 0"},
		{"[optimizer]\nclip = -1", "optimizer.clip is -1"},
		{"[optimizer]\nwarmup = 1.5", "optimizer.warmup is 1.5"},
		{"[optimizer]\nspike_z = 0.5", "optimizer.spike_z is 0.5"},
		{"[train]\nbatch_rows = -1", "train.batch_rows is -1"},
		{"[train]\nepochs = 1\nsteps = 2", "epochs or steps (2), not both"},
		{"[train]\nbatch_rows = 1\nbatch_tokens = 2", "batch_rows or batch_tokens (2), not both"},
		{"[data]\nover_long = 'truncate'", `want one of refuse, drop, cut`},
		{"[data]\nheld_out = 1.0", "data.held_out is 1"},
		{"[data]\nheld_out = [1]", "file name or a share"},
		{"[data]\nthink_format = 'thnk'", `did you mean "think"?`},
		{"[data]\nkind = 'tape'\n[data.tape]\nsteps_min = 0", "data.tape: steps_min 0"},
		{"[data.token_weights]\nno = nan", `data.token_weights of "no" is NaN`},
		{"[model]\nbase = 'x'\nhidden = 4", "either a base or the sizes"},
		{"[model]\nhidden = 10\nlayers = 1\nheads = 3\nff = 4\ncontext = 8", "hidden (10) is not divisible by heads (3)"},
		{"[model]\nhidden = 12\nlayers = 1\nheads = 4\nff = 4\ncontext = 8", "model.head_dim is 3: want an even number"},
		{"[model]\nhidden = 12\nlayers = 1\nheads = 2\nkv_heads = 3\nff = 4\ncontext = 8", "a divisor of heads (2)"},
		{"[lora]\nrank = -1", "lora.rank is -1"},
		{"[lora]\nrank = 4\ndropout = 1.0", "lora.dropout is 1"},
		{"[freeze]\npatterns = ['[']", `freeze.patterns is "["`},
		{"[eval]\nkeep_best = true", "eval.every is 0"},
		{"preset = 'mini'\n[probe]\nn = 0", "probe.n is 0"},
		{"[on_policy]\nat = 0.5", "on_policy.drafts is 0"},
		{"preset = 'nope'", `there is no preset "nope"`},
		{"x = ", "line 1"},
	}
	for _, tt := range tests {
		_, err := Parse("x.toml", tt.text)
		if err == nil || !strings.Contains(err.Error(), tt.want) || !strings.HasPrefix(err.Error(), "recipe x.toml: ") {
			t.Errorf("%q: error %v, want recipe x.toml: ... %q", tt.text, err, tt.want)
		} else if strings.Contains(err.Error(), "\n") {
			t.Errorf("%q: the error has several lines: %v", tt.text, err)
		}
	}
}

func TestARecipeGoesOverItsPresetAndFilesCountFromItsFolder(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := filepath.Join(dir, "own.toml")
	text := "preset = 's1'\n[model]\nbase = './base'\n[data]\nfiles = ['a.jsonl', '/abs.jsonl']\nheld_out = 'b.jsonl'\n[train]\nsteps = 20\n[data.token_weights]\n' no' = 6\n"
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	r := load(t, file)
	if err := r.Ready(); err != nil {
		t.Fatal(err)
	}
	if want := []string{filepath.Join(dir, "a.jsonl"), "/abs.jsonl"}; !slices.Equal(r.Data.Files, want) {
		t.Errorf("files %v, want %v", r.Data.Files, want)
	}
	if r.Model.Base != filepath.Join(dir, "base") || r.Data.HeldOut != (HeldOut{File: filepath.Join(dir, "b.jsonl")}) {
		t.Errorf("base %s, held out %+v; want them in %s", r.Model.Base, r.Data.HeldOut, dir)
	}
	if r.Train.Steps != 20 || r.Train.Epochs != 0 || r.Train.BatchRows != 16 || r.Data.Weights[" no"] != 6 {
		t.Errorf("steps %d, epochs %d, rows %d, weights %v; want 20, 0, 16 of the preset, 6", r.Train.Steps, r.Train.Epochs, r.Train.BatchRows, r.Data.Weights)
	}
	if _, err := Load(filepath.Join(dir, "none.toml")); err == nil || !strings.Contains(err.Error(), "the presets are lora") {
		t.Errorf("a file that is not there: %v; want the presets named", err)
	}
	if tape, err := Parse("x", "preset = 'mini'\n[model]\nbase = 'smollm2'\n[data.tape]\nvalues = [{limit = 50}]"); err == nil || tape.Model.Scratch() {
		t.Errorf("values without a share were filled in from the preset: %+v", tape.Data.Tape.Values)
	}
}

func TestWarmupIsLinearAndThenAsTransformersDoes(t *testing.T) {
	t.Parallel()
	const eps = 1e-12
	s1 := load(t, "s1")
	tests := []struct {
		name        string
		o           Optimizer
		step, total int64
		want        float64
	}{
		{"the first step has rate 0", s1.Optimizer, 0, 315, 0},
		{"linear", s1.Optimizer, 1, 315, 1. / 16},
		{"the last of the warm-up", s1.Optimizer, 15, 315, 15. / 16},
		{"the peak", s1.Optimizer, 16, 315, 1},
		{"a third of the cosine", s1.Optimizer, 16 + 100, 16 + 300, (1 + .5) / 2}, // 300 steps, warm-up ceil(15.8) = 16
		{"half of the cosine", s1.Optimizer, 16 + 150, 316, .5},
		{"the last step", s1.Optimizer, 314, 315, (1 + math.Cos(math.Pi*298/299)) / 2}, // 2.76e-5
		{"beyond the end", s1.Optimizer, 400, 315, 0},
		{"constant", Optimizer{Schedule: "constant", Warmup: .1}, 50, 100, 1},
		{"constant in its warm-up", Optimizer{Schedule: "constant", Warmup: .1}, 5, 100, .5},
		{"linear half way", Optimizer{Schedule: "linear"}, 50, 100, .5},
		{"linear to a floor", Optimizer{Schedule: "linear", MinShare: .2}, 75, 100, .4},
		{"cosine to a floor", Optimizer{Schedule: "cosine", MinShare: .02}, 50, 100, .51},
		{"a run of one step", Optimizer{Schedule: "cosine"}, 0, 1, 1},
	}
	for _, tt := range tests {
		if got := tt.o.Factor(tt.step, tt.total); math.Abs(got-tt.want) > eps {
			t.Errorf("%s: factor at step %d of %d is %.15g, want %.15g", tt.name, tt.step, tt.total, got, tt.want)
		}
	}
	if got := s1.Optimizer.WarmupSteps(315); got != 16 {
		t.Errorf("warm-up of %d steps, the paper has 16", got)
	}
	if got := s1.LR(314, 315); math.Abs(got-2.7597e-10) > 1e-13 {
		t.Errorf("the last rate is %g, want 2.7597e-10", got)
	}
	if got := load(t, "mini").MuonLR(240, 12000); got != 3e-3 {
		t.Errorf("Muon's peak is %g, want 3e-3", got)
	}
}

func TestAResumeMayChangeHowOftenItLooksButNotWhatItComputes(t *testing.T) {
	t.Parallel()
	a := load(t, "mini")
	b := a
	b.Train.Threads, b.Checkpoint.Every, b.Probe.N = 7, 3, 9
	if key, _, _, differs := Differ(a.Settings(), b.Settings()); differs || a.Hash() != b.Hash() {
		t.Errorf("threads, checkpoints and probes made another run of it (%s)", key)
	}
	b.Optimizer.LR = 1
	if key, was, is, _ := Differ(a.Settings(), b.Settings()); key != "optimizer.lr" || was != "0.002" || is != "1" || a.Hash() == b.Hash() {
		t.Errorf("another rate: differs in %q, %s and %s", key, was, is)
	}
	c := a
	c.Data.Tape.Checks = false
	if key, _, _, _ := Differ(a.Settings(), c.Settings()); key != "data.tape.checks" {
		t.Errorf("without checks it differs in %q", key)
	}
	keys := Keys()
	if n := reflect.TypeFor[Recipe]().NumField(); len(keys) < 5*n || !slices.Contains(keys, "data.held_out") {
		t.Errorf("keys %v", keys)
	}
}

func TestARecipeThatGoesOnFromAnotherIsNotTrainedFromNothing(t *testing.T) {
	t.Parallel()
	r := load(t, "mini-finish")
	if err := r.Ready(); err == nil || !strings.Contains(err.Error(), "s1 train mini --out mini, and then s1 train mini-finish -m mini/model") {
		t.Errorf("mini-finish without a base: %v", err)
	}
	r.Model.Base, r.Model.Hidden = "mini/model", 0
	if err := r.Ready(); err != nil {
		t.Errorf("with one: %v", err)
	}
	if _, err := Parse("own.toml", "preset = 'mini-finish'\n[model]\nbase = './model'"); err != nil {
		t.Errorf("in a file: %v", err)
	}
	if _, err := Parse("own.toml", "[model]\nneeds = 'minni'"); err == nil || !strings.Contains(err.Error(), "model.needs") {
		t.Errorf("a preset that is none: %v", err)
	}
}

func TestAProbeThatWouldDoNothingIsRefused(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"[probe]\nevery = 5\n":                                       "probe.every is 5: want 0, because its problems are those of the calculator tape",
		"preset = 'mini'\n[probe]\ncaps = [-1]\n":                    "probe.caps is [-1]: want at least one cap",
		"preset = 'mini'\n[probe]\nwaits = [65]\n":                   "probe.waits is 65: want 0 to 64",
		"preset = 'mini'\n[data]\nkind = 'rows'\n[probe]\nevery = 5": "probe.every is 5",
		"preset = 'mini'\n[data]\nkind = 'rows'\n":                   "", // the preset's probe goes with its generator
		"preset = 'mini'\n[probe]\ncaps = [0]\nwaits = []":           "",
	} {
		if _, err := Parse("r.toml", text); want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%q: %v; want %q", text, err, want)
		}
	}
}
