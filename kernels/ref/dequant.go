package ref

import (
	"encoding/binary"
	"fmt"
	"math"

	"s1/kernels"
)

// Dequant turns len(dst) stored elements into fp32. len(dst) must be a multiple of t.Block() and src hold t.RowBytes(len(dst))
// bytes; anything else is a programmer's mistake and panics. Every product is rounded before it is added, so the result is
// the same bits on every platform.
func Dequant(t kernels.DType, src []byte, dst []float32) {
	block, size := t.Block(), t.BlockBytes()
	if len(dst)%block != 0 || len(src) < t.RowBytes(len(dst)) {
		panic(fmt.Sprintf("ref.Dequant: %d elements of %v from %d bytes", len(dst), t, len(src)))
	}
	switch t {
	case kernels.F32:
		for i := range dst {
			dst[i] = math.Float32frombits(binary.LittleEndian.Uint32(src[4*i:]))
		}
	case kernels.F16:
		for i := range dst {
			dst[i] = half(src[2*i:])
		}
	case kernels.BF16:
		for i := range dst {
			dst[i] = math.Float32frombits(uint32(binary.LittleEndian.Uint16(src[2*i:])) << 16)
		}
	default:
		unpack := blocks[t]
		for ; len(dst) > 0; dst, src = dst[block:], src[size:] {
			unpack(src[:size], dst[:block])
		}
	}
}

// blocks unpacks one block of each block format.
var blocks = map[kernels.DType]func(b []byte, y []float32){
	kernels.Q8_0: q8_0, kernels.Q4_0: q4_0, kernels.Q4_1: q4_1, kernels.Q5_0: q5_0, kernels.Q5_1: q5_1,
	kernels.Q4_K: q4_K, kernels.Q5_K: q5_K, kernels.Q6_K: q6_K,
}

// half reads an IEEE binary16.
func half(b []byte) float32 {
	h := uint32(binary.LittleEndian.Uint16(b))
	sign, exp, frac := h>>15<<31, h>>10&0x1f, h&0x3ff
	switch exp {
	case 0: // zero and subnormals: frac * 2^-24, exact in fp32
		return math.Float32frombits(sign | math.Float32bits(float32(frac)*0x1p-24))
	case 0x1f: // infinities and NaN
		return math.Float32frombits(sign | 0x7f800000 | frac<<13)
	}
	return math.Float32frombits(sign | (exp+127-15)<<23 | frac<<13)
}

func q8_0(b []byte, y []float32) {
	d := half(b)
	for i := range y {
		y[i] = d * float32(int8(b[2+i]))
	}
}

func q4_0(b []byte, y []float32) {
	d := half(b)
	for i, q := range b[2:] {
		y[i] = d * float32(int(q&15)-8)
		y[i+16] = d * float32(int(q>>4)-8)
	}
}

func q4_1(b []byte, y []float32) {
	d, m := half(b), half(b[2:])
	for i, q := range b[4:] {
		y[i] = float32(d*float32(q&15)) + m
		y[i+16] = float32(d*float32(q>>4)) + m
	}
}

func q5_0(b []byte, y []float32) {
	d, fifth := half(b), binary.LittleEndian.Uint32(b[2:])
	for i, q := range b[6:] {
		y[i] = d * float32(int(q&15|byte(fifth>>i&1)<<4)-16)
		y[i+16] = d * float32(int(q>>4|byte(fifth>>(i+16)&1)<<4)-16)
	}
}

func q5_1(b []byte, y []float32) {
	d, m, fifth := half(b), half(b[2:]), binary.LittleEndian.Uint32(b[4:])
	for i, q := range b[8:] {
		y[i] = float32(d*float32(q&15|byte(fifth>>i&1)<<4)) + m
		y[i+16] = float32(d*float32(q>>4|byte(fifth>>(i+16)&1)<<4)) + m
	}
}

// scaleMin returns the j-th of eight 6-bit scales and mins of a Q4_K or Q5_K block. Bytes 0..3 hold scales 0..3 and bytes
// 4..7 mins 0..3 in their low six bits; bytes 8..11 hold the low nibbles of scales and mins 4..7, whose top two bits
// are the top bits of bytes 0..7.
func scaleMin(s []byte, j int) (scale, minimum float32) {
	if j < 4 {
		return float32(s[j] & 63), float32(s[j+4] & 63)
	}
	return float32(s[j+4]&15 | s[j-4]>>6<<4), float32(s[j+4]>>4 | s[j]>>6<<4)
}

// k4 unpacks what Q4_K and Q5_K share: four runs of 64 elements, the first 32 in the low nibbles of 32 bytes, the others in the
// high ones; element i of run c takes its fifth bit from bit 2c (low) or 2c+1 (high) of fifth[i].
func k4(b, fifth, qs []byte, y []float32) {
	d, dmin := half(b), half(b[2:])
	for j := range 8 {
		s, m := scaleMin(b[4:16], j)
		s, m = d*s, dmin*m
		for i := range 32 {
			q := qs[j/2*32+i] >> (j % 2 * 4) & 15
			if fifth != nil {
				q |= fifth[i] >> j & 1 << 4
			}
			y[j*32+i] = float32(s*float32(q)) - m
		}
	}
}

func q4_K(b []byte, y []float32) { k4(b, nil, b[16:], y) }
func q5_K(b []byte, y []float32) { k4(b, b[16:48], b[48:], y) }

// q6_K: two halves of 128 elements, each four runs of 32: low nibbles of 64 bytes, then the high ones, with two more bits each
// from 32 bytes; a scale for each 16.
func q6_K(b []byte, y []float32) {
	low, high, scales, d := b[:128], b[128:192], b[192:208], half(b[208:])
	for j := range 8 { // runs of 32
		h, r := j/4, j%4
		for i := range 32 {
			q := low[h*64+r%2*32+i]>>(r/2*4)&15 | high[h*32+i]>>(2*r)&3<<4
			y[j*32+i] = d * float32(int8(scales[j*2+i/16])) * float32(int(q)-32)
		}
	}
}
