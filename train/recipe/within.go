package recipe

import "fmt"

// Within is the recipe for a model of so many positions. A block that the user's own file asks for must fit them; one that comes
// with a preset, which knows no model, is cut down to them, and said is the sentence about it.
func (r Recipe) Within(positions int) (fit Recipe, said string, err error) {
	block := r.Data.Block
	if r.Data.Kind != Rows || block <= positions {
		return r, "", nil
	}
	if r.Data.OwnBlock {
		return r, "", fmt.Errorf("data.block is %d, but the model has %d positions: set data.block to at most that", block, positions)
	}
	r.Data.Block = positions
	return r, fmt.Sprintf("the preset's block of %d tokens is more than the model's %d positions: a row may have %d tokens", block, positions, positions), nil
}
