package weights

import "math"

// KV is one metadata pair of a GGUF file. The Go type of Value is the GGUF type: uint8, int8, uint16, int16, uint32, int32,
// uint64, int64, float32, float64, bool, string, a slice of one of these, or []any for an array of arrays (each element
// is again one of these slices).
type KV struct {
	Key   string
	Value any
}

// Meta is the metadata of a GGUF file. The getters convert between number types and report whether the key is there with
// a value that fits. A nil *Meta has no keys.
type Meta struct {
	pairs []KV
	at    map[string]int
}

// Pairs returns all pairs in the order of the file. The slice is shared and must not be changed.
func (m *Meta) Pairs() []KV {
	if m == nil {
		return nil
	}
	return m.pairs
}

// Get returns the value as stored.
func (m *Meta) Get(key string) (any, bool) {
	if m == nil {
		return nil, false
	}
	i, ok := m.at[key]
	if !ok {
		return nil, false
	}
	return m.pairs[i].Value, true
}

// Has says whether the key is there.
func (m *Meta) Has(key string) bool { _, ok := m.Get(key); return ok }

// String returns a text.
func (m *Meta) String(key string) (string, bool) {
	v, _ := m.Get(key)
	s, ok := v.(string)
	return s, ok
}

// Bool returns a truth value.
func (m *Meta) Bool(key string) (value, ok bool) {
	v, _ := m.Get(key)
	value, ok = v.(bool)
	return value, ok
}

// Int returns any integer type, as long as it fits an int64.
func (m *Meta) Int(key string) (int64, bool) {
	v, _ := m.Get(key)
	return asInt(v)
}

// Float returns any number.
func (m *Meta) Float(key string) (float64, bool) {
	v, _ := m.Get(key)
	return asFloat(v)
}

// Strings returns an array of texts. The slice is shared and must not be changed.
func (m *Meta) Strings(key string) ([]string, bool) {
	v, _ := m.Get(key)
	s, ok := v.([]string)
	return s, ok
}

// Ints returns an array of integers of any type.
func (m *Meta) Ints(key string) ([]int64, bool) {
	v, _ := m.Get(key)
	switch v := v.(type) {
	case []uint8:
		return convert(v, func(x uint8) int64 { return int64(x) }), true
	case []int8:
		return convert(v, func(x int8) int64 { return int64(x) }), true
	case []uint16:
		return convert(v, func(x uint16) int64 { return int64(x) }), true
	case []int16:
		return convert(v, func(x int16) int64 { return int64(x) }), true
	case []uint32:
		return convert(v, func(x uint32) int64 { return int64(x) }), true
	case []int32:
		return convert(v, func(x int32) int64 { return int64(x) }), true
	case []int64:
		return v, true
	case []uint64:
		for _, x := range v {
			if x > math.MaxInt64 {
				return nil, false
			}
		}
		return convert(v, func(x uint64) int64 { return int64(x) }), true
	}
	return nil, false
}

func convert[A, B any](in []A, f func(A) B) []B {
	out := make([]B, len(in))
	for i, x := range in {
		out[i] = f(x)
	}
	return out
}

func asInt(v any) (int64, bool) {
	switch v := v.(type) {
	case uint8:
		return int64(v), true
	case int8:
		return int64(v), true
	case uint16:
		return int64(v), true
	case int16:
		return int64(v), true
	case uint32:
		return int64(v), true
	case int32:
		return int64(v), true
	case int64:
		return v, true
	case uint64:
		return int64(v), v <= math.MaxInt64
	}
	return 0, false
}

func asFloat(v any) (float64, bool) {
	switch v := v.(type) {
	case float32:
		return float64(v), true
	case float64:
		return v, true
	}
	i, ok := asInt(v)
	return float64(i), ok
}
