package weights

import (
	"fmt"

	"s1/kernels"
)

// GGUF's numbers. https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
const (
	ggufMagic            = "GGUF"
	ggufVersion          = 3
	ggufDefaultAlignment = 32
	alignmentKey         = "general.alignment"
)

// valueType is the type of a metadata value.
type valueType uint32

const (
	typeUint8 valueType = iota
	typeInt8
	typeUint16
	typeInt16
	typeUint32
	typeInt32
	typeFloat32
	typeBool
	typeString
	typeArray
	typeUint64
	typeInt64
	typeFloat64
	numValueTypes
)

// minBytes is the least a value of the type takes in a file.
func (t valueType) minBytes() int {
	switch t {
	case typeUint8, typeInt8, typeBool:
		return 1
	case typeUint16, typeInt16:
		return 2
	case typeUint32, typeInt32, typeFloat32:
		return 4
	case typeArray:
		return 4 + 8
	}
	return 8
}

// ggmlTypes maps GGUF's tensor types to ours.
var ggmlTypes = map[uint32]kernels.DType{
	0: kernels.F32, 1: kernels.F16, 30: kernels.BF16,
	2: kernels.Q4_0, 3: kernels.Q4_1, 6: kernels.Q5_0, 7: kernels.Q5_1, 8: kernels.Q8_0,
	12: kernels.Q4_K, 13: kernels.Q5_K, 14: kernels.Q6_K,
}

// ggmlNames names the types that exist but are not read, for the message.
var ggmlNames = map[uint32]string{
	9: "Q8_1", 10: "Q2_K", 11: "Q3_K", 15: "Q8_K",
	16: "IQ2_XXS", 17: "IQ2_XS", 18: "IQ3_XXS", 19: "IQ1_S", 20: "IQ4_NL", 21: "IQ3_S", 22: "IQ2_S", 23: "IQ4_XS",
	24: "I8", 25: "I16", 26: "I32", 27: "I64", 28: "F64", 29: "IQ1_M", 34: "TQ1_0", 35: "TQ2_0", 39: "MXFP4",
}

func ggmlType(id uint32) (kernels.DType, error) {
	if t, ok := ggmlTypes[id]; ok {
		return t, nil
	}
	name := ggmlNames[id]
	if name == "" {
		name = "unknown"
	}
	return 0, fmt.Errorf("type %s (%d), which is not read; F32 F16 BF16 Q8_0 Q4_0 Q4_1 Q5_0 Q5_1 Q4_K Q5_K Q6_K are", name, id)
}

func ggmlID(t kernels.DType) (uint32, bool) {
	for id, have := range ggmlTypes {
		if have == t {
			return id, true
		}
	}
	return 0, false
}
