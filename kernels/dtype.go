// Package kernels is the vocabulary of the numeric work: data types, the ops a model is made of, and the
// program that strings them together. Numbers in, numbers out; it knows no model, no file and no token text.
//
// kernels/ref runs a program in plain Go and is the oracle; kernels/cpu runs it in C.
package kernels

import "fmt"

// DType is how the elements of a matrix are stored. The block formats are GGUF's.
type DType uint8

const (
	F32 DType = iota
	F16
	BF16
	Q8_0 // 32 elements: fp16 d, 32 x int8; x = d*q
	Q4_0 // 32: fp16 d, 16 bytes; x = d*(q-8); low nibbles are elements 0..15, high ones 16..31
	Q4_1 // 32: fp16 d, fp16 m, 16 bytes; x = d*q + m
	Q5_0 // 32: fp16 d, 4 bytes of fifth bits, 16 bytes; x = d*(q-16)
	Q5_1 // 32: fp16 d, fp16 m, 4 bytes of fifth bits, 16 bytes; x = d*q + m
	Q4_K // 256: fp16 d, fp16 dmin, 12 bytes of 6-bit scales and mins, 128 bytes
	Q5_K // 256: as Q4_K with 32 bytes of fifth bits before the 128
	Q6_K // 256: 128 bytes low, 64 bytes high, 16 x int8 scales, fp16 d
	numDTypes
)

var dtypes = [numDTypes]struct {
	name         string
	block, bytes int
}{
	F32: {"F32", 1, 4}, F16: {"F16", 1, 2}, BF16: {"BF16", 1, 2},
	Q8_0: {"Q8_0", 32, 34}, Q4_0: {"Q4_0", 32, 18}, Q4_1: {"Q4_1", 32, 20},
	Q5_0: {"Q5_0", 32, 22}, Q5_1: {"Q5_1", 32, 24},
	Q4_K: {"Q4_K", 256, 144}, Q5_K: {"Q5_K", 256, 176}, Q6_K: {"Q6_K", 256, 210},
}

func (t DType) String() string {
	if t >= numDTypes {
		return fmt.Sprintf("DType(%d)", uint8(t))
	}
	return dtypes[t].name
}

// Block is the number of elements stored together; a row's length is a multiple of it.
func (t DType) Block() int { return dtypes[t].block }

// BlockBytes is the number of bytes one block takes.
func (t DType) BlockBytes() int { return dtypes[t].bytes }

// RowBytes is the size of a row of n elements; n must be a multiple of Block.
func (t DType) RowBytes(n int) int { return n / dtypes[t].block * dtypes[t].bytes }
