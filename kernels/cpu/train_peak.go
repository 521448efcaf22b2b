//go:build cgo

package cpu

/*
#include "train.h"
*/
import "C"

import (
	"runtime"
	"time"
	"unsafe"

	"s1/kernels"
)

// The product that is timed: as large as those of a model of tens of millions of parameters, small enough for second-level caches
// to feed it.
const (
	peakSize = 480
	peakRows = 240 // a thread's
	peakFor  = 100 * time.Millisecond
	peakRuns = 20 // at least: somebody else may have the machine at first
)

// TrainPeak measures what the products of such a trainer reach on this machine at best, in flops per second, in about a tenth of a
// second: the yardstick of "share of the GEMM peak". 0 flops = there was no memory.
func TrainPeak(o TrainOptions) float64 {
	if o.Threads <= 0 {
		o.Threads = runtime.GOMAXPROCS(0)
	}
	threads := o.Threads
	o.Watch = nil
	p := &kernels.TrainProgram{
		Bufs:   []kernels.TrainBuf{{Name: "x", Width: peakSize}, {Name: "y", Width: peakSize}},
		Params: []kernels.ParamSpec{{Name: "w", Rows: peakSize, Cols: peakSize}},
		Rows:   peakRows * threads, Context: 1, Vocab: 1,
	}
	t, err := newTrainer(p, o)
	if err != nil {
		return 0
	}
	defer t.Close()
	rows := peakRows * threads
	g := C.s1_gemm{
		m: C.int(rows), n: peakSize, k: peakSize, a: ptr(t.bufs[0]), ars: peakSize, acs: 1, b: (*C.float)(unsafe.SliceData(t.slots[kernels.SlotWeight][0])),
		brs: peakSize, bcs: 1, c: ptr(t.bufs[1]), ldc: peakSize, scale: 1,
	}
	best := time.Duration(1 << 62)
	for begin, n := time.Now(), 0; n < peakRuns || time.Since(begin) < peakFor; n++ {
		at := time.Now()
		if C.s1_t_gemm(t.c, &g) != 0 {
			return 0
		}
		best = min(best, time.Since(at))
	}
	return 2 * float64(rows) * peakSize * peakSize / best.Seconds()
}
