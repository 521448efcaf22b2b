package weights

import (
	"encoding/binary"
	"fmt"
	"math"

	"s1/kernels"
)

// Quantize appends the values, stored as t, to dst. It rounds as GGUF's reference quantisers do, so that equal values give
// equal bytes. len(values) must be a multiple of t.Block(). F32, F16, BF16, Q8_0, Q4_0 and Q4_1 can be made.
func Quantize(dst []byte, t kernels.DType, values []float32) ([]byte, error) {
	var block func(dst []byte, x []float32) []byte
	switch t {
	case kernels.F32:
		return append(dst, Floats32(values)...), nil
	case kernels.F16:
		for _, v := range values {
			dst = binary.LittleEndian.AppendUint16(dst, f32ToF16(v))
		}
		return dst, nil
	case kernels.BF16:
		for _, v := range values {
			dst = binary.LittleEndian.AppendUint16(dst, f32ToBF16(v))
		}
		return dst, nil
	case kernels.Q8_0:
		block = quantQ8_0
	case kernels.Q4_0:
		block = quantQ4_0
	case kernels.Q4_1:
		block = quantQ4_1
	default:
		return dst, fmt.Errorf("quantize to %s: only F32, F16, BF16, Q8_0, Q4_0 and Q4_1 can be made", t)
	}
	if len(values)%t.Block() != 0 {
		return dst, fmt.Errorf("quantize %d values to %s: not a multiple of %d", len(values), t, t.Block())
	}
	for ; len(values) > 0; values = values[t.Block():] {
		dst = block(dst, values[:t.Block()])
	}
	return dst, nil
}

// quantQ8_0: d = max|x| / 127, q = round(x/d) with halves away from zero.
func quantQ8_0(dst []byte, x []float32) []byte {
	var most float32
	for _, v := range x {
		most = max(most, abs32(v))
	}
	d := most / 127
	inv := inverse(d)
	dst = binary.LittleEndian.AppendUint16(dst, f32ToF16(d))
	for _, v := range x {
		dst = append(dst, byte(int8(math.Round(float64(v*inv)))))
	}
	return dst
}

// quantQ4_0: the value farthest from zero becomes -8, so d carries its sign.
func quantQ4_0(dst []byte, x []float32) []byte {
	var most, signed float32
	for _, v := range x {
		if a := abs32(v); a > most {
			most, signed = a, v
		}
	}
	d := signed / -8
	inv := inverse(d)
	dst = binary.LittleEndian.AppendUint16(dst, f32ToF16(d))
	return nibbles(dst, x, func(v float32) byte { return clip15(float32(v*inv) + 8.5) })
}

// quantQ4_1: 15 steps from the least value to the greatest.
func quantQ4_1(dst []byte, x []float32) []byte {
	least, most := x[0], x[0]
	for _, v := range x {
		least, most = min(least, v), max(most, v)
	}
	d := (most - least) / 15
	inv := inverse(d)
	dst = binary.LittleEndian.AppendUint16(dst, f32ToF16(d))
	dst = binary.LittleEndian.AppendUint16(dst, f32ToF16(least))
	return nibbles(dst, x, func(v float32) byte { return clip15(float32((v-least)*inv) + 0.5) })
}

// nibbles packs element i (low) and i+16 (high) into byte i.
func nibbles(dst []byte, x []float32, q func(float32) byte) []byte {
	half := len(x) / 2
	for i := range half {
		dst = append(dst, q(x[i])|q(x[i+half])<<4)
	}
	return dst
}

func abs32(v float32) float32 { return math.Float32frombits(math.Float32bits(v) &^ (1 << 31)) }

func inverse(d float32) float32 {
	if d == 0 {
		return 0
	}
	return 1 / d
}

// clip15 cuts the fraction off; the callers have added the half that makes it rounding.
func clip15(v float32) byte { return byte(min(15, max(0, int32(v)))) }
