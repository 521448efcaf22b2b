package weights

import (
	"fmt"
	"path/filepath"
)

// OpenSafetensors maps one safetensors file that is no model by itself, such as the arrays of a training checkpoint: there
// is no config.json beside it. The caller must Close it.
func OpenSafetensors(path string) (*Model, error) {
	abs, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("open safetensors %s: %w", path, err)
	}
	m := &Model{Path: abs, Name: filepath.Base(abs), Kind: KindSafetensors, Tensors: map[string]Tensor{}}
	file, err := m.keep(openMapping(abs))
	if err != nil {
		return nil, fmt.Errorf("open safetensors: %w", err)
	}
	var tensors []Tensor
	tensors, m.Metadata, err = parseWithMetadata(file.data)
	if err != nil {
		_ = m.Close()
		return nil, fmt.Errorf("open safetensors %s: %w", path, err)
	}
	for _, t := range tensors {
		m.Tensors[t.Name] = t
	}
	return m, nil
}
