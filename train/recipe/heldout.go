package recipe

import "fmt"

// HeldOut is what is kept from training to measure on: a file, or a share of the rows.
type HeldOut struct {
	File  string
	Share float64
}

// UnmarshalTOML takes a string or a number.
func (h *HeldOut) UnmarshalTOML(v any) error {
	switch v := v.(type) {
	case string:
		*h = HeldOut{File: v}
	case float64:
		*h = HeldOut{Share: v}
	case int64:
		*h = HeldOut{Share: float64(v)}
	default:
		return fmt.Errorf("held_out is %v, want a file name or a share of the rows such as 0.05", v)
	}
	return nil
}
