package weights

import (
	"fmt"
	"slices"
)

// Overlay makes another model of m: tensors take the place of those of the same name and shape, as a LoRA that is added gives them.
// path and name are the new model's; files, by absolute paths, are where the tensors came from, and count in SHA256 beside m's own.
func (m *Model) Overlay(path, name string, files []string, tensors []Tensor) error {
	for _, t := range tensors {
		was, ok := m.Tensors[t.Name]
		if !ok || !slices.Equal(was.Shape, t.Shape) {
			return fmt.Errorf("overlay %s: there is no tensor %q of shape %v in it", m.Path, t.Name, t.Shape)
		}
		want, err := tensorBytes(t.Name, t.Type, t.Shape)
		if err != nil {
			return fmt.Errorf("overlay %s: %w", m.Path, err)
		}
		if uint64(len(t.Data)) != want {
			return fmt.Errorf("overlay %s: tensor %q (%s %v) takes %d bytes, got %d", m.Path, t.Name, t.Type, t.Shape, want, len(t.Data))
		}
	}
	for _, t := range tensors {
		m.Tensors[t.Name] = t
	}
	m.Path, m.Name = path, name
	m.over = append(m.over, files...)
	return nil
}
