package train

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"s1/engine"
	"s1/engine/weights"
	"s1/kernels"
	"s1/train/metrics"
	"s1/train/recipe"
)

// quick is small with few steps, each judged.
func quick(t testing.TB, steps int64, edit func(*recipe.Recipe)) recipe.Recipe {
	t.Helper()
	rec := small(t, "")
	rec.Model.Hidden, rec.Model.Layers, rec.Model.Heads, rec.Model.KVHeads = 16, 1, 1, 1
	rec.Data.Tape.StepsMax = 2
	rec.Train.Steps, rec.Train.BatchTokens, rec.Train.MicroTokens = steps, 300, 512
	rec.Eval.Every, rec.Eval.HeldOutRows = 1, 4
	edit(&rec)
	return rec
}

// tensors are the bytes of a model's weights by name.
func tensors(t *testing.T, path string) map[string][]byte {
	t.Helper()
	open := weights.Open
	if filepath.Ext(path) == ".safetensors" { // an adapter
		open = weights.OpenSafetensors
	}
	m, err := open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	all := map[string][]byte{}
	for name, x := range m.Tensors {
		all[name] = bytes.Clone(x.Data)
	}
	return all
}

func TestARunThatGetsNoBetterStopsAndStaysStopped(t *testing.T) {
	t.Parallel()
	rec := quick(t, 20, func(r *recipe.Recipe) { r.Optimizer.LR, r.Optimizer.MuonLR, r.Eval.EarlyStop = 1e-30, 1e-30, 3 })
	o := Options{Dir: t.TempDir()}
	r, first := trained(t, rec, o)
	if r.Steps != 4 { // the first is the best, and three are no better
		t.Errorf("it stopped after %d steps", r.Steps)
	}
	o.Resume = true
	o.Step = func(s metrics.Step) { t.Errorf("a resume of an ended run did step %d", s.Step) }
	if r, again := trained(t, rec, o); r.Steps != 4 || !bytes.Equal(first, again) {
		t.Errorf("resumed: %+v, equal weights %t", r, bytes.Equal(first, again))
	}
}

func TestTheBestWeightsAreTheResult(t *testing.T) {
	t.Parallel()
	best, least := 0, 1e9
	run := func(keep bool) (Options, recipe.Recipe, []byte) {
		rec := quick(t, 12, func(r *recipe.Recipe) {
			r.Optimizer.LR, r.Optimizer.MuonLR, r.Optimizer.Warmup, r.Optimizer.Schedule = 10, 10, 0.2, "constant" // far too much
			r.Eval.KeepBest = keep
		})
		o := Options{Dir: t.TempDir(), Step: func(s metrics.Step) {
			if *s.HeldOut < least {
				best, least = s.Step, *s.HeldOut
			}
		}}
		_, w := trained(t, rec, o)
		return o, rec, w
	}
	_, _, last := run(false)
	o, rec, got := run(true)
	if best == 12 {
		t.Fatal("the last step was the best; the test would say nothing")
	}
	out := filepath.Join(t.TempDir(), "best")
	if err := Export(t.Context(), rec, o, ExportOptions{As: AsFolder, Out: out, Type: kernels.F32, Best: true}); err != nil {
		t.Fatal(err)
	}
	want, err := os.ReadFile(filepath.Join(out, "model.safetensors"))
	if err != nil || !bytes.Equal(got, want) || bytes.Equal(got, last) {
		t.Errorf("%v: the result is that of step %d: %t; it is that of the last: %t", err, best, bytes.Equal(got, want), bytes.Equal(got, last))
	}
}

func TestFrozenParametersKeepTheirBytes(t *testing.T) {
	t.Parallel()
	freeze := func(r *recipe.Recipe) {
		r.Freeze.Patterns = []string{"model.embed_tokens.*", "model.layers.0.self_attn.?_proj.weight"}
		r.Eval.Every = 0
	}
	before, _ := trained(t, quick(t, 1, freeze), Options{Dir: t.TempDir()}) // the first step has rate 0
	after, _ := trained(t, quick(t, 6, freeze), Options{Dir: t.TempDir()})
	was, is := tensors(t, before.Model), tensors(t, after.Model)
	frozen := 0
	for name := range was {
		same := bytes.Equal(was[name], is[name])
		want := strings.HasPrefix(name, "model.embed_tokens") || strings.Contains(name, "self_attn")
		if want {
			frozen++
		}
		if same != want {
			t.Errorf("%s: unchanged %t, want %t", name, same, want)
		}
	}
	if frozen != 5 {
		t.Errorf("%d frozen tensors, want the embedding and q, k, v, o", frozen)
	}
}

func TestTooLittleMemoryIsSaidBeforeAnythingIsTaken(t *testing.T) {
	t.Parallel()
	for free, want := range map[int64]string{
		1 << 20:    "1 MB of memory is free",
		17_000_000: "it fits",
	} {
		_, err := Run(t.Context(), quick(t, 2, func(r *recipe.Recipe) { r.Train.MicroTokens = 4096 }), Options{Dir: t.TempDir(), Free: func() (int64, bool) { return free, true }})
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "micro_tokens = ") || strings.Contains(err.Error(), "\n") {
			t.Errorf("%d bytes free: %v", free, err)
		}
	}
}

// fineTune is a recipe for a random base of 1024 tokens and two rows.
func fineTune(t *testing.T, edit string) (recipe.Recipe, Options) {
	t.Helper()
	dir := t.TempDir()
	shape, err := weights.SynthShapeNamed("tiny-llama")
	if err == nil {
		err = weights.Synth(filepath.Join(dir, "base.gguf"), shape, kernels.F16, 1)
	}
	if err != nil {
		t.Fatal(err)
	}
	rows := "{\"prompt\":\"What is 1 plus 1?\",\"completion\":\"It is 2.\"}\n{\"prompt\":\"What is 1 plus 2?\",\"completion\":\"It is 3.\"}\n"
	if err := os.WriteFile(filepath.Join(dir, "rows.jsonl"), []byte(rows), 0o600); err != nil {
		t.Fatal(err)
	}
	rec, err := recipe.Parse("fine.toml", fmt.Sprintf("[model]\nbase = %q\n[train]\nsteps = 3\nbatch_rows = 2\nmicro_tokens = 256\nthreads = 1\n[optimizer]\nlr = 1e-2\n[data]\nfiles = [%q]\nblock = 128\n%s",
		filepath.Join(dir, "base.gguf"), filepath.Join(dir, "rows.jsonl"), edit))
	if err != nil {
		t.Fatal(err)
	}
	return rec, Options{Dir: filepath.Join(dir, "run"), Resolve: func(_ context.Context, name string) (string, error) { return name, nil }}
}

func TestWhatComesOutOpensInTheEngine(t *testing.T) {
	t.Parallel()
	for _, edit := range []string{"", "[lora]\nrank = 2\ntargets = [\"q_proj\", \"down_proj\"]\n"} {
		rec, o := fineTune(t, edit)
		r, _ := trained(t, rec, o)
		paths := []string{r.Model}
		for as, name := range map[string]string{AsFolder: "folder", AsGGUF: "x.gguf", AsAdapter: "adapter"} {
			out := filepath.Join(t.TempDir(), name)
			err := Export(t.Context(), rec, o, ExportOptions{As: as, Out: out, Type: kernels.F32})
			switch {
			case as == AsAdapter && edit == "":
				if err == nil || !strings.Contains(err.Error(), "trains no LoRA") {
					t.Errorf("an adapter without LoRA: %v", err)
				}
			case err != nil:
				t.Error(err)
			case as == AsAdapter:
				if _, err := engine.Open(t.Context(), filepath.Join(o.Dir, adapterDir), engine.Options{}); err == nil || !strings.Contains(err.Error(), "merged in is "+r.Model) {
					t.Errorf("the run's adapter as a model: %v; want where the merged one is", err)
				}
				if _, err := engine.Open(t.Context(), out, engine.Options{}); err == nil || !strings.Contains(err.Error(), "a LoRA adapter on") || !strings.Contains(err.Error(), "--as folder") {
					t.Errorf("an exported adapter as a model: %v", err)
				}
				a, b := tensors(t, filepath.Join(out, "adapter_model.safetensors")), tensors(t, filepath.Join(o.Dir, adapterDir, "adapter_model.safetensors"))
				if fmt.Sprint(a) != fmt.Sprint(b) || len(a) == 0 {
					t.Errorf("the exported adapter of %d tensors is not the run's of %d", len(a), len(b))
				}
			default:
				paths = append(paths, out)
			}
		}
		for _, path := range paths {
			m, err := engine.Open(t.Context(), path, engine.Options{Threads: 1, Weights: "exact"})
			if err != nil {
				t.Errorf("%s: %v", filepath.Base(path), err)
				continue
			}
			_ = m.Close()
		}
		if a, b := tensors(t, r.Model), tensors(t, paths[1]); filepath.Ext(paths[1]) == "" && fmt.Sprint(a) != fmt.Sprint(b) {
			t.Error("the exported folder has other weights than the run's model")
		}
	}
}

func TestATokenOfWeight0IsNotTrained(t *testing.T) {
	t.Parallel()
	share := func(edit string) (s float64) {
		rec, o := fineTune(t, edit)
		o.Step = func(m metrics.Step) { s = m.TrainedShare }
		trained(t, rec, o)
		return s
	}
	all, some := share(""), share("token_weights = {\".\" = 0.0}\n")
	if !(some < all && some > 0) {
		t.Errorf("the trained share is %g, and %g with a token of weight 0", all, some)
	}
}

func TestAStepSaysItsShareOfTheGEMMPeak(t *testing.T) {
	t.Parallel()
	rec := small(t, "")
	rec.Train.Steps = 3
	trained(t, rec, Options{Dir: t.TempDir(), Step: func(s metrics.Step) {
		if s.GEMMShare == nil || !(*s.GEMMShare > 0 && *s.GEMMShare < 2) {
			t.Errorf("step %d: a share of %v", s.Step, s.GEMMShare)
		}
	}})
}

func TestANewModelTakesTheBuiltInTokenizer(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	rows := filepath.Join(dir, "rows.jsonl")
	if err := os.WriteFile(rows, []byte("{\"prompt\":\"1,+4\",\"completion\":\"5\"}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	rec, err := recipe.Parse("new.toml", fmt.Sprintf("[model]\nhidden = 16\nlayers = 1\nheads = 1\nff = 16\ncontext = 64\ntokenizer = \"mini\"\n[data]\nfiles = [%q]\n[train]\nsteps = 2\nbatch_rows = 1\nthreads = 1\n", rows))
	if err != nil {
		t.Fatal(err)
	}
	trained(t, rec, Options{Dir: filepath.Join(dir, "run"), Resolve: func(context.Context, string) (string, error) {
		return "", errors.New("the built-in model was looked for elsewhere")
	}})
}

// What a failure says about checkpoints is what lies there.
func TestAFailureClaimsNoCheckpointThatDoesNotExist(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := onDisk(syscall.ENOSPC, dir); !strings.Contains(err.Error(), "there is no checkpoint yet") {
		t.Errorf("a new folder: %v", err)
	}
	trained(t, quick(t, 1, func(r *recipe.Recipe) { r.Eval.Every = 0 }), Options{Dir: dir})
	if err := onDisk(syscall.ENOSPC, dir); !strings.Contains(err.Error(), "earlier checkpoints are intact") {
		t.Errorf("a folder with one: %v", err)
	}
}
