package weights

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// File names of a Hugging Face model folder.
const (
	configFile     = "config.json"
	generationFile = "generation_config.json"
	singleFile     = "model.safetensors"
	indexFile      = "model.safetensors.index.json"
)

const (
	maxIndexBytes = 64 << 20
	maxShards     = 4096
)

// adapterFile marks a folder that PEFT opens: it holds what is added to a model, and no model.
const adapterFile = "adapter_config.json"

// noModel says what a folder without config.json is. Beside an adapter that s1 trained lies the model with it merged in.
func (m *Model) noModel() error {
	if text, err := readSmall(m.Files, adapterFile, maxConfigBytes); err == nil {
		var a struct {
			Base string `json:"base_model_name_or_path"`
		}
		_ = json.Unmarshal(text, &a) // without it the sentence says less
		merged := filepath.Join(filepath.Dir(m.Path), "model")
		if _, err := os.Stat(filepath.Join(merged, configFile)); err == nil {
			return fmt.Errorf("the folder is a LoRA adapter, and here a whole model is needed: the one with it merged in is %s", merged)
		}
		return fmt.Errorf("the folder is a LoRA adapter on %.200q, and here a whole model is needed: s1 train export RECIPE.toml --run RUN --as folder writes one", a.Base)
	}
	return errors.New("the folder has no config.json, so it is not a Hugging Face model folder")
}

func (m *Model) openFolder() error {
	var err error
	m.Config, err = readSmall(m.Files, configFile, maxConfigBytes)
	if errors.Is(err, fs.ErrNotExist) {
		return m.noModel()
	}
	if err != nil {
		return err
	}
	if !json.Valid(m.Config) {
		return errors.New("config.json is not valid JSON")
	}
	m.Generation, err = readSmall(m.Files, generationFile, maxConfigBytes)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if m.Generation != nil && !json.Valid(m.Generation) {
		return errors.New("generation_config.json is not valid JSON")
	}
	shards, index, err := m.shards()
	if err != nil {
		return err
	}
	m.hashed = append([]string{configFile}, shards...)
	for _, shard := range shards {
		if err := m.openShard(shard, index); err != nil {
			return fmt.Errorf("%s: %w", shard, err)
		}
	}
	for name, shard := range index {
		if _, ok := m.Tensors[name]; !ok {
			return fmt.Errorf("%s says that tensor %q is in %s, but it is not", indexFile, name, shard)
		}
	}
	return nil
}

// shards are the weight files, sorted, and the index that named them (nil for a single file).
func (m *Model) shards() ([]string, map[string]string, error) {
	if m.exists(singleFile) {
		return []string{singleFile}, nil, nil
	}
	b, err := readSmall(m.Files, indexFile, maxIndexBytes)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil, m.noWeights()
	}
	if err != nil {
		return nil, nil, err
	}
	index, err := parseIndex(b)
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", indexFile, err)
	}
	shards := shardNames(index)
	for _, s := range shards {
		if !m.exists(s) {
			return nil, nil, fmt.Errorf("%s names %s, which is missing: the model was fetched only in part", indexFile, s)
		}
	}
	return shards, index, nil
}

func (m *Model) exists(name string) bool {
	_, err := fs.Stat(m.Files, name)
	return err == nil
}

func (m *Model) noWeights() error {
	if found, _ := fs.Glob(m.Files, "*.bin"); len(found) > 0 {
		return fmt.Errorf("the folder has only pickled weights (%s), which are not read; it needs %s", found[0], singleFile)
	}
	return fmt.Errorf("the folder has neither %s nor %s", singleFile, indexFile)
}

// parseIndex reads model.safetensors.index.json: tensor name -> file beside the index.
func parseIndex(b []byte) (map[string]string, error) {
	index := map[string]string{}
	sawMap := false
	err := eachMember(b, func(key string, value json.RawMessage) error {
		if key != "weight_map" {
			return nil
		}
		if sawMap {
			return errors.New("weight_map is there twice")
		}
		sawMap = true
		return eachMember(value, func(name string, value json.RawMessage) error {
			var shard string
			if err := json.Unmarshal(value, &shard); err != nil {
				return fmt.Errorf("tensor %q: %w", name, err)
			}
			if _, twice := index[name]; twice {
				return fmt.Errorf("tensor %q is there twice", name)
			}
			if !plainName(shard) || !strings.HasSuffix(shard, ".safetensors") {
				return fmt.Errorf("tensor %q is said to be in %q, which is not a safetensors file beside the index", name, shard)
			}
			index[name] = shard
			return nil
		})
	})
	switch {
	case err != nil:
		return nil, err
	case len(index) == 0:
		return nil, errors.New("it has no weight_map")
	}
	if n := len(shardNames(index)); n > maxShards {
		return nil, fmt.Errorf("it names %d files, more than %d", n, maxShards)
	}
	return index, nil
}

// IndexShards lists the weight files that a model.safetensors.index.json names, sorted, after checking the names.
func IndexShards(index []byte) ([]string, error) {
	m, err := parseIndex(index)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", indexFile, err)
	}
	return shardNames(m), nil
}

func shardNames(index map[string]string) []string {
	seen := map[string]bool{}
	var names []string
	for _, s := range index {
		if !seen[s] {
			seen[s] = true
			names = append(names, s)
		}
	}
	slices.Sort(names)
	return names
}

// plainName says that a name from a file names something in the same folder and nothing else.
func plainName(s string) bool {
	return s != "" && len(s) <= 255 && s[0] != '.' && !strings.ContainsAny(s, `/\:`) &&
		!strings.ContainsFunc(s, func(r rune) bool { return r < 0x20 || r == 0x7f })
}

func (m *Model) openShard(shard string, index map[string]string) error {
	f, err := m.mapFile(shard)
	if err != nil {
		return err
	}
	tensors, err := parseSafetensors(f.data)
	if err != nil {
		return err
	}
	for _, t := range tensors {
		if _, twice := m.Tensors[t.Name]; twice {
			return fmt.Errorf("tensor %q is in another file too", t.Name)
		}
		if want, ok := index[t.Name]; ok && want != shard {
			return fmt.Errorf("tensor %q is here, but %s puts it in %s", t.Name, indexFile, want)
		}
		m.Tensors[t.Name] = t
	}
	return nil
}
