package export

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"

	"s1/engine/arch"
	"s1/engine/weights"
	"s1/kernels"
)

// Folder writes a Hugging Face folder: config.json, generation_config.json, the tokenizer's files, model.safetensors (or numbered ones
// with an index), README.md. dir must not exist or be empty, unless o.Replace.
func Folder(ctx context.Context, dir string, m Model, o Options) error {
	return folder(ctx, dir, m, o, realDisk)
}

func folder(ctx context.Context, dir string, m Model, o Options, d disk) error {
	m.Config.RoPE.Interleaved = false // Params are in the order of a folder
	config, err := m.Config.JSON(o.Type)
	if err != nil {
		return fmt.Errorf("export to %s: %w", dir, err)
	}
	generation := m.Generation
	if generation == nil {
		generation = generationOf(m.Config)
	}
	if !json.Valid(generation) {
		return fmt.Errorf("export to %s: generation_config.json is not valid JSON", dir)
	}
	files, err := m.Tokenizer.folder(m.Config)
	if err != nil {
		return fmt.Errorf("export to %s: %w", dir, err)
	}
	shards, err := shardsOf(m.Config, o)
	if err != nil {
		return fmt.Errorf("export to %s: %w", dir, err)
	}
	return publish(dir, "", o, d, func(s *stage) error {
		if err := s.bytes("config.json", append(config, '\n')); err != nil {
			return err
		}
		if err := s.bytes("generation_config.json", generation); err != nil {
			return err
		}
		for _, name := range slices.Sorted(maps.Keys(files)) {
			if err := s.bytes(name, files[name]); err != nil {
				return err
			}
		}
		for _, shard := range shards {
			if err := s.safetensors(ctx, shard, m.Params); err != nil {
				return err
			}
		}
		if len(shards) > 1 {
			if err := s.bytes("model.safetensors.index.json", indexOf(shards)); err != nil {
				return err
			}
		}
		return s.bytes("README.md", m.Card.folder(m.Config, o.Type, s.files))
	})
}

// shard is a safetensors file: its tensors have no Data yet.
type shard struct {
	name     string
	tensors  []weights.Tensor
	bytes    int64
	metadata map[string]string // beside the format
}

// maxShards is what engine/weights opens.
const maxShards = 4096

// shardsOf fills files up to the limit, in the order of use.
func shardsOf(c arch.Config, o Options) ([]shard, error) {
	limit := o.ShardBytes
	if limit == 0 {
		limit = defaultShardBytes
	}
	if limit < 0 {
		return nil, fmt.Errorf("a size limit of %d bytes for a file", limit)
	}
	var all []shard
	for _, p := range arch.Tensors(c) {
		t := weights.Tensor{Name: p.Folder, Type: o.Type, Shape: []int{p.Rows, p.Cols}}
		if p.Vector {
			t.Shape = t.Shape[1:]
		}
		size := int64(o.Type.RowBytes(p.Rows * p.Cols))
		if n := len(all); n == 0 || all[n-1].bytes+size > limit {
			all = append(all, shard{})
		}
		last := &all[len(all)-1]
		last.tensors, last.bytes = append(last.tensors, t), last.bytes+size
	}
	if len(all) > maxShards {
		return nil, fmt.Errorf("a limit of %d bytes for a file makes %d files, at most %d; raise it", limit, len(all), maxShards)
	}
	for i := range all {
		all[i].name = "model.safetensors"
		if len(all) > 1 {
			all[i].name = fmt.Sprintf("model-%05d-of-%05d.safetensors", i+1, len(all))
		}
	}
	return all, nil
}

func (s *stage) safetensors(ctx context.Context, f shard, p Params) error {
	texts := map[string]string{"format": "pt"} // transformers asks for it
	maps.Copy(texts, f.metadata)
	return s.write(f.name, func(w io.Writer) error {
		return weights.WriteSafetensorsFrom(w, texts, f.tensors, func(w io.Writer, t weights.Tensor) error {
			rows, cols := 1, t.Shape[0]
			if len(t.Shape) == 2 {
				rows, cols = cols, t.Shape[1]
			}
			values, err := p.read(ctx, t.Name, rows, cols, t.Type)
			if err != nil {
				return err
			}
			return store(w, t.Type, values)
		})
	})
}

// storedAtOnce bounds the bytes that wait beside a parameter's float32, in elements; a multiple of every block.
const storedAtOnce = 1 << 18

// store writes values as t.
func store(w io.Writer, t kernels.DType, values []float32) error {
	var buf []byte
	for len(values) > 0 {
		n := min(len(values), storedAtOnce)
		b, err := weights.Quantize(buf[:0], t, values[:n])
		if err != nil {
			return err
		}
		if _, err := w.Write(b); err != nil {
			return err
		}
		buf, values = b, values[n:]
	}
	return nil
}

// indexOf says which tensor is in which file.
func indexOf(shards []shard) []byte {
	where, total := map[string]string{}, int64(0)
	for _, s := range shards {
		total += s.bytes
		for _, t := range s.tensors {
			where[t.Name] = s.name
		}
	}
	b, _ := json.MarshalIndent(map[string]any{"metadata": map[string]int64{"total_size": total}, "weight_map": where}, "", "  ") // always marshals
	return append(b, '\n')
}

// generationOf is a generation_config.json that says where a text begins and ends.
func generationOf(c arch.Config) []byte {
	g := map[string]any{}
	if len(c.BOS) > 0 {
		g["bos_token_id"] = c.BOS[0]
	}
	if len(c.EOS) > 0 {
		g["eos_token_id"] = c.EOS
	}
	b, _ := json.MarshalIndent(g, "", "  ") // always marshals
	return append(b, '\n')
}

// readable is JSON for people, without escapes for HTML.
func readable(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(v); err != nil {
		return nil, fmt.Errorf("write json: %w", err)
	}
	return b.Bytes(), nil
}
