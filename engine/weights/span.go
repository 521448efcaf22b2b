package weights

import (
	"cmp"
	"fmt"
	"math/bits"
	"slices"

	"s1/kernels"
)

// span is where a tensor claims to lie, in bytes from the start of the data section.
type span struct {
	name       string
	begin, end uint64
}

// tensorBytes is the size of a tensor, or an error when it overflows or a row is not whole blocks.
func tensorBytes(name string, t kernels.DType, shape []int) (uint64, error) {
	n := uint64(1)
	for _, d := range shape {
		if d <= 0 {
			return 0, fmt.Errorf("tensor %q has shape %v; every dimension must be at least 1", name, shape)
		}
		hi, lo := bits.Mul64(n, uint64(d))
		if hi != 0 || lo > 1<<48 {
			return 0, fmt.Errorf("tensor %q has shape %v: more elements than any file can hold", name, shape)
		}
		n = lo
	}
	if cols := shape[len(shape)-1]; cols%t.Block() != 0 {
		return 0, fmt.Errorf("tensor %q has rows of %d elements; %s stores blocks of %d", name, cols, t, t.Block())
	}
	return n / uint64(t.Block()) * uint64(t.BlockBytes()), nil
}

// checkSpans refuses tensors that overlap, leave gaps of maxGap bytes or more, or end after the data section's size.
// fileSize and dataStart are for the message only.
func checkSpans(spans []span, size, maxGap, dataStart, fileSize uint64) error {
	slices.SortFunc(spans, func(a, b span) int {
		return cmp.Or(cmp.Compare(a.begin, b.begin), cmp.Compare(a.end, b.end))
	})
	var end uint64
	last := ""
	for _, s := range spans {
		switch {
		case s.begin < end:
			return fmt.Errorf("tensors %q and %q overlap (one ends at byte %d, the other begins at %d)", last, s.name, end, s.begin)
		case s.begin-end >= maxGap:
			return fmt.Errorf("%d bytes before tensor %q belong to no tensor", s.begin-end, s.name)
		case s.end < s.begin:
			return fmt.Errorf("tensor %q ends (%d) before it begins (%d)", s.name, s.end, s.begin)
		}
		end, last = s.end, s.name
	}
	if end > size {
		return fmt.Errorf("the file is truncated: its tensors end at byte %d, it has %d", saturate(dataStart, end), fileSize)
	}
	return nil
}

func saturate(a, b uint64) uint64 {
	if a+b < a {
		return 1<<64 - 1
	}
	return a + b
}
