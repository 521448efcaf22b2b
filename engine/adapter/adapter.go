// Package adapter opens a LoRA adapter, a folder as PEFT writes it, as the model it makes of its base: the base with scale B A added to
// its matrices (Hu et al., "LoRA", arXiv 2106.09685, section 4.1).
//
// It knows adapter_config.json, the names of an adapter's tensors, and how to add them to a folder or a GGUF file. It does not know where
// a base lies: whoever opens one says so.
package adapter

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"s1/engine/arch"
	"s1/engine/bounded"
	"s1/engine/weights"
	"s1/kernels"
	"s1/kernels/ref"
)

// Files of an adapter.
const (
	ConfigFile  = "adapter_config.json"
	WeightsFile = "adapter_model.safetensors"
)

// What PEFT calls the matrices of an adapter: Prefix, the matrix of the model, and a half.
const (
	Prefix = "base_model.model."
	HalfA  = ".lora_A.weight" // (rank, in)
	HalfB  = ".lora_B.weight" // (out, rank)
)

// Texts in the header of the weights of an adapter that s1 trained: the word its base has here, and the base's hash.
const (
	BaseKey = "s1_base"
	HashKey = "s1_base_sha256"
)

const maxConfigBytes = 1 << 20

// Config is adapter_config.json as s1 writes it, and as far as it reads it.
type Config struct {
	Type     string   `json:"peft_type"`
	Task     string   `json:"task_type"`
	Base     *string  `json:"base_model_name_or_path"`
	Revision *string  `json:"revision"`
	Rank     int      `json:"r"`
	Alpha    float64  `json:"lora_alpha"`
	Dropout  float64  `json:"lora_dropout"`
	RSLoRA   bool     `json:"use_rslora"`
	Targets  []string `json:"target_modules"`
	Bias     string   `json:"bias"`
	FanInOut bool     `json:"fan_in_fan_out"`
	Init     bool     `json:"init_lora_weights"`
	Infer    bool     `json:"inference_mode"`
}

// Scale is what B A is multiplied by: alpha / rank, or alpha / sqrt(rank) with rsLoRA.
func Scale(rank int, alpha float64, rs bool) float64 {
	if rs {
		return alpha / math.Sqrt(float64(rank))
	}
	return alpha / float64(rank)
}

// Add adds scale b a to w, in place: w (rows, cols), b (rows, rank), a (rank, cols). Each sum is made in float64 and rounded once.
func Add(w []float32, cols int, a, b []float32, rank int, scale float64) {
	sum := make([]float64, cols)
	for row := range len(w) / cols {
		clear(sum)
		for r := range rank {
			f := scale * float64(b[row*rank+r])
			for i, v := range a[r*cols : (r+1)*cols] {
				sum[i] += f * float64(v)
			}
		}
		to := w[row*cols : (row+1)*cols]
		for i := range to {
			to[i] = float32(float64(to[i]) + sum[i])
		}
	}
}

// Is says that a path is the folder of an adapter and of no model.
func Is(path string) bool {
	is := func(name string) bool {
		info, err := os.Stat(filepath.Join(path, name))
		return err == nil && info.Mode().IsRegular()
	}
	return is(ConfigFile) && !is("config.json")
}

// Open opens the adapter in a folder. base opens the model of a word that the adapter gives: a path or a name on a hub, with @revision
// where it has one, or a word of s1. The matrices that change are float32, 4 bytes an element in memory; the rest stays the base's.
func Open(ctx context.Context, dir string, base func(ctx context.Context, word string) (*weights.Model, error)) (*weights.Model, error) {
	m, err := open(ctx, dir, base)
	if err != nil {
		return nil, fmt.Errorf("open adapter %s: %w", dir, err)
	}
	return m, nil
}

func open(ctx context.Context, dir string, base func(context.Context, string) (*weights.Model, error)) (_ *weights.Model, err error) {
	dir, err = filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	c, err := readConfig(filepath.Join(dir, ConfigFile))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", ConfigFile, err)
	}
	files := []string{filepath.Join(dir, ConfigFile), filepath.Join(dir, WeightsFile)}
	halves, err := weights.OpenSafetensors(files[1])
	if errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("it has no %s; pickled adapters are not read", WeightsFile)
	}
	if err != nil {
		return nil, err
	}
	defer halves.Close()
	m, err := openBase(ctx, c, halves.Metadata, base)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, m.Close())
		}
	}()
	changed, err := merge(ctx, c, halves, m)
	if err != nil {
		return nil, fmt.Errorf("on base %s: %w", m.Name, err)
	}
	return m, m.Overlay(dir, filepath.Base(dir), files, changed)
}

// readConfig refuses what would make another model than the one that is opened.
func readConfig(path string) (c Config, err error) {
	b, err := bounded.File(path, maxConfigBytes)
	if err != nil {
		return c, err
	}
	var read struct {
		Config
		// Names or an expression, a word or none: what is there, the tensors say.
		Targets json.RawMessage `json:"target_modules"`
		Init    json.RawMessage `json:"init_lora_weights"`

		DoRA     bool           `json:"use_dora"`
		LoRABias bool           `json:"lora_bias"`
		Ranks    map[string]any `json:"rank_pattern"`
		Alphas   map[string]any `json:"alpha_pattern"`
		Whole    []string       `json:"modules_to_save"`
	}
	if err := json.Unmarshal(b, &read); err != nil {
		return c, err
	}
	c = read.Config
	switch {
	case c.Type != "LORA":
		return c, fmt.Errorf("peft_type is %.40q; s1 opens LORA", c.Type)
	case c.Rank < 1 || c.Rank > maxRank || !(c.Alpha > 0) || math.IsInf(c.Alpha, 0):
		return c, fmt.Errorf("r is %d and lora_alpha %g; both must be positive, and r at most %d", c.Rank, c.Alpha, maxRank)
	case c.Bias != "" && c.Bias != "none":
		return c, fmt.Errorf("bias is %.40q; s1 opens adapters that train none", c.Bias)
	case c.FanInOut, read.DoRA, read.LoRABias, len(read.Ranks) > 0, len(read.Alphas) > 0, len(read.Whole) > 0:
		return c, errors.New("it has one of fan_in_fan_out, use_dora, lora_bias, rank_pattern, alpha_pattern, modules_to_save; s1 opens adapters " +
			"without them: merge it with PEFT (merge_and_unload) and open the folder")
	}
	return c, nil
}

const maxRank = 1 << 14

// openBase tries what the adapter says of its base, s1's own word first.
func openBase(ctx context.Context, c Config, texts map[string]string, base func(context.Context, string) (*weights.Model, error)) (*weights.Model, error) {
	var words []string
	if w := texts[BaseKey]; w != "" {
		words = append(words, w)
	}
	if c.Base != nil && *c.Base != "" && !slices.Contains(words, *c.Base) {
		word := *c.Base
		if _, err := os.Stat(word); err != nil && c.Revision != nil && *c.Revision != "" {
			word += "@" + *c.Revision
		}
		words = append(words, word)
	}
	if len(words) == 0 {
		return nil, errors.New("it does not say on which base it was trained: put the base's name or path into base_model_name_or_path")
	}
	var failed error
	for _, word := range words {
		m, err := base(ctx, word)
		if err != nil {
			if failed == nil {
				failed = fmt.Errorf("its base %.200q cannot be opened: %w", word, err)
			}
			continue
		}
		want := texts[HashKey]
		if want == "" {
			return m, nil
		}
		got, err := m.SHA256()
		if err == nil && got != want {
			err = fmt.Errorf("it was trained on a base whose SHA-256 begins with %.12q, and that of %.200q with %.12q", want, word, got)
		}
		if err == nil {
			return m, nil
		}
		failed = errors.Join(err, m.Close())
	}
	return nil, failed
}

// merge gives the matrices of the base that the halves change.
func merge(ctx context.Context, c Config, halves, base *weights.Model) ([]weights.Tensor, error) {
	config, err := arch.Parse(base)
	if err == nil {
		_, err = arch.Build(config, base) // every tensor is there, with its shape
	}
	if err != nil {
		return nil, err
	}
	var changed []weights.Tensor
	var specs []arch.TensorSpec
	for _, s := range arch.Tensors(config) {
		matrix, ok := strings.CutSuffix(s.Folder, ".weight")
		a, isA := halves.Tensors[Prefix+matrix+HalfA]
		b, isB := halves.Tensors[Prefix+matrix+HalfB]
		if !ok || s.Vector || !isA && !isB {
			continue
		}
		if !isA || !isB || !slices.Equal(a.Shape, []int{c.Rank, s.Cols}) || !slices.Equal(b.Shape, []int{s.Rows, c.Rank}) {
			return nil, fmt.Errorf("the halves for %s have the shapes %v and %v; of a matrix (%d, %d) and rank %d they have (%d, %d) and (%d, %d)",
				matrix, a.Shape, b.Shape, s.Rows, s.Cols, c.Rank, c.Rank, s.Cols, s.Rows, c.Rank)
		}
		name := s.Folder
		if base.Kind == weights.KindGGUF {
			name = s.GGUF
		}
		changed, specs = append(changed, weights.Tensor{Name: name, Type: kernels.F32, Shape: []int{s.Rows, s.Cols}}), append(specs, s)
	}
	if n := len(halves.Tensors) - 2*len(specs); n > 0 {
		return nil, fmt.Errorf("%d of the %d tensors in %s belong to no matrix of the base, first %.100q", n, len(halves.Tensors), WeightsFile, stranger(halves, specs))
	}
	interleaved := arch.Interleaved(base, config)
	var work errgroup.Group
	work.SetLimit(runtime.GOMAXPROCS(0))
	for i, s := range specs {
		work.Go(func() error {
			if err := ctx.Err(); err != nil {
				return err
			}
			matrix := Prefix + strings.TrimSuffix(s.Folder, ".weight")
			w, a, b := values(base.Tensors[changed[i].Name]), values(halves.Tensors[matrix+HalfA]), values(halves.Tensors[matrix+HalfB])
			if interleaved && s.Rotary > 0 {
				b = arch.Interleave(b, s.Rotary, c.Rank, false)
			}
			Add(w, s.Cols, a, b, c.Rank, Scale(c.Rank, c.Alpha, c.RSLoRA))
			changed[i].Data = weights.Floats32(w)
			return nil
		})
	}
	return changed, work.Wait()
}

// stranger is the first tensor, in order of name, that belongs to none of the matrices.
func stranger(halves *weights.Model, matrices []arch.TensorSpec) string {
	known := map[string]bool{}
	for _, s := range matrices {
		matrix := Prefix + strings.TrimSuffix(s.Folder, ".weight")
		known[matrix+HalfA], known[matrix+HalfB] = true, true
	}
	for _, name := range slices.Sorted(maps.Keys(halves.Tensors)) {
		if !known[name] {
			return name
		}
	}
	return ""
}

func values(t weights.Tensor) []float32 {
	v := make([]float32, t.Elements())
	ref.Dequant(t.Type, t.Data, v)
	return v
}
