package sessions

import (
	"encoding/binary"
	"fmt"
	"math"

	"s1/engine/trace"
)

func packIDs(ids []int32) []byte {
	b := make([]byte, 0, 4*len(ids))
	for _, id := range ids {
		b = binary.LittleEndian.AppendUint32(b, uint32(id))
	}
	return b
}

func unpackIDs(b []byte) ([]int32, error) {
	if len(b)%4 != 0 {
		return nil, fmt.Errorf("prompt ids: %d bytes is not a multiple of 4", len(b))
	}
	ids := make([]int32, len(b)/4)
	for i := range ids {
		ids[i] = int32(binary.LittleEndian.Uint32(b[4*i:]))
	}
	return ids, nil
}

func packTop(top []trace.Candidate) []byte {
	b := make([]byte, 0, 8*len(top))
	for _, c := range top {
		b = binary.LittleEndian.AppendUint32(b, uint32(c.ID))
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(c.Logprob))
	}
	return b
}

func unpackTop(b []byte) ([]trace.Candidate, error) {
	if len(b)%8 != 0 {
		return nil, fmt.Errorf("candidates: %d bytes is not a multiple of 8", len(b))
	}
	if len(b) == 0 {
		return nil, nil
	}
	top := make([]trace.Candidate, len(b)/8)
	for i := range top {
		top[i] = trace.Candidate{
			ID:      int32(binary.LittleEndian.Uint32(b[8*i:])),
			Logprob: math.Float32frombits(binary.LittleEndian.Uint32(b[8*i+4:])),
		}
	}
	return top, nil
}

// real turns an unknown signal (NaN, as from a server that does not tell) into NULL.
func real(x float32) any {
	if math.IsNaN(float64(x)) || math.IsInf(float64(x), 0) {
		return nil
	}
	return float64(x)
}

const (
	flagCounted = 1 << iota
	flagWished
)

func flags(t trace.Token) int {
	f := 0
	if t.Counted {
		f |= flagCounted
	}
	if t.Wished {
		f |= flagWished
	}
	return f
}
