//go:build cgo

package cpu

/*
#include <stdlib.h>
#include "exec.h"
#include "train.h"
*/
import "C"

import (
	"context"
	"fmt"
	"math"
	"os"
	"runtime"
	"slices"
	"time"
	"unsafe"

	"s1/kernels"
)

// TrainOptions are the choices of a Trainer.
type TrainOptions struct {
	Threads int    // 0 = one per core; the results are the same bits with any number
	ISA     string // "" = what Environment says, else the best there is
	// BF16 rounds both factors of every product with a weight to bf16 and sums in fp32; weights, gradients, moments, attention and
	// all else stay in fp32. It is fast where HasBF16 says so; elsewhere it gives what such a machine would, slowly.
	BF16 bool
	// Watch is told of every op and what it took; nil: nobody looks at the clock.
	Watch func(op kernels.TrainOp, took time.Duration)
}

// HasBF16 says whether this CPU multiplies pairs of bf16 and the environment lets it.
func HasBF16() bool {
	isa := bestISA()
	if name := os.Getenv(Environment); name != "" {
		if named, err := isaByName(name); err == nil {
			isa = named
		}
	}
	return isa >= C.S1_ISA_AVX512_BF16
}

// Trainer runs a training program in float32, or with products in bf16. It implements kernels.Trainer.
type Trainer struct {
	p      *kernels.TrainProgram
	c      *C.s1_trainer
	maps   []mapping
	bytes  int64
	slots  [4][][]float32 // by Slot and Param; nil where a parameter has none
	bufs   [][]float32
	ropes  map[ropeTable]*C.float
	ids    [4][]int32 // tokens, positions, wanted rows, targets
	docs   []int32
	floats [3][]float32 // weights, NLL, entropy
	argmax []int32
	isa    string
	watch  func(op kernels.TrainOp, took time.Duration)
}

// ropeTable names a table of cosines and sines (Context, Dim).
type ropeTable struct {
	freqs   *float32
	dim     int
	scale   float32
	inverse bool
}

// NewTrainer takes the memory of a program and starts its threads. Weights begin as zeros.
func NewTrainer(p *kernels.TrainProgram, o TrainOptions) (*Trainer, error) {
	if err := p.Validate(); err != nil {
		return nil, fmt.Errorf("cpu trainer: %w", err)
	}
	return newTrainer(p, o)
}

// newTrainer takes a program that is valid, or that the caller runs by hand.
func newTrainer(p *kernels.TrainProgram, o TrainOptions) (_ *Trainer, err error) {
	if o.Threads <= 0 {
		o.Threads = runtime.GOMAXPROCS(0)
	}
	if o.ISA == "" {
		o.ISA = os.Getenv(Environment)
	}
	isa := bestISA()
	if o.ISA != "" {
		if isa, err = isaByName(o.ISA); err != nil {
			return nil, fmt.Errorf("cpu trainer: %w", err)
		}
	}
	t := &Trainer{p: p, ropes: map[ropeTable]*C.float{}, isa: isaName(isa), watch: o.Watch}
	defer func() {
		if err != nil {
			t.Close()
			err = fmt.Errorf("cpu trainer: %w", err)
		}
	}()
	if err := t.memory(); err != nil {
		return nil, err
	}
	if t.c = (*C.s1_trainer)(C.s1_zeros(C.sizeof_s1_trainer)); t.c == nil {
		return nil, errNoMemory
	}
	if C.s1_trainer_start(t.c, C.int(isa), C.int(o.Threads), truth(o.BF16)) != 0 {
		return nil, fmt.Errorf("start %d threads: %w", o.Threads, errNoMemory)
	}
	return t, nil
}

// memory takes everything but the moments, which a frozen or never updated parameter does not need.
func (t *Trainer) memory() error {
	p := t.p
	for s := range t.slots {
		t.slots[s] = make([][]float32, len(p.Params))
	}
	for i, spec := range p.Params {
		var err error
		if t.slots[kernels.SlotWeight][i], err = t.array(spec.Elements()); err != nil {
			return err
		}
		if !spec.Frozen {
			if t.slots[kernels.SlotGradient][i], err = t.array(spec.Elements()); err != nil {
				return err
			}
		}
	}
	t.bufs = make([][]float32, len(p.Bufs))
	for i, b := range p.Bufs {
		var err error
		if t.bufs[i], err = t.array(b.Width * p.Rows); err != nil {
			return err
		}
	}
	for i := range t.ids {
		f, err := t.array(p.Rows)
		if err != nil {
			return err
		}
		t.ids[i] = unsafe.Slice((*int32)(unsafe.Pointer(unsafe.SliceData(f))), p.Rows)
	}
	f, err := t.array(2*p.Rows + 1)
	if err != nil {
		return err
	}
	all := unsafe.Slice((*int32)(unsafe.Pointer(unsafe.SliceData(f))), 2*p.Rows+1)
	t.docs, t.argmax = all[:p.Rows+1], all[p.Rows+1:]
	for i := range t.floats {
		if t.floats[i], err = t.array(p.Rows); err != nil {
			return err
		}
	}
	return t.rotations()
}

// array is n zeros in memory that C may keep.
func (t *Trainer) array(n int) ([]float32, error) {
	bytes := C.size_t(n)*4 + 64
	p := C.s1_map(bytes)
	if p == nil {
		return nil, fmt.Errorf("map %d bytes: %w", bytes, errNoMemory)
	}
	t.maps = append(t.maps, mapping{p, bytes})
	t.bytes += int64(bytes)
	return unsafe.Slice((*float32)(p), n), nil
}

// rotations computes the tables of every RoPE op: cosines, then sines, of each position, already scaled.
func (t *Trainer) rotations() error {
	for _, ops := range [][]kernels.TrainOp{t.p.Forward, t.p.Backward} {
		for _, op := range ops {
			o, ok := op.(kernels.TrainRoPE)
			if !ok || t.ropes[tableOf(o)] != nil {
				continue
			}
			table, err := t.array(t.p.Context * o.Dim)
			if err != nil {
				return err
			}
			half := o.Dim / 2
			sign := 1.0
			if o.Inverse {
				sign = -1
			}
			for pos := range t.p.Context {
				row := table[pos*o.Dim:]
				for i, f := range o.Freqs {
					sin, cos := math.Sincos(float64(pos) * float64(f))
					row[i], row[half+i] = float32(cos*float64(o.Scale)), float32(sign*sin*float64(o.Scale))
				}
			}
			t.ropes[tableOf(o)] = (*C.float)(unsafe.SliceData(table))
		}
	}
	return nil
}

func tableOf(o kernels.TrainRoPE) ropeTable {
	return ropeTable{unsafe.SliceData(o.Freqs), o.Dim, o.Scale, o.Inverse}
}

// Run implements kernels.Trainer.
func (t *Trainer) Run(ctx context.Context, b *kernels.TrainBatch, grads bool) (kernels.TrainResult, error) {
	if err := b.Validate(t.p); err != nil {
		return kernels.TrainResult{}, err
	}
	for i, ids := range [][]int32{b.Tokens, b.Pos, b.Rows, b.Targets} {
		copy(t.ids[i], ids)
	}
	copy(t.docs, b.Docs)
	copy(t.floats[0], b.Weights)
	s := step{t: t, b: b, n: C.int(len(b.Tokens)), r: C.int(len(b.Rows)), grads: grads}
	if err := s.all(ctx, t.p.Forward); err != nil {
		return kernels.TrainResult{}, err
	}
	if grads {
		if err := s.all(ctx, t.p.Backward); err != nil {
			return kernels.TrainResult{}, err
		}
	}
	r := len(b.Rows)
	return kernels.TrainResult{NLL: t.floats[1][:r], Entropy: t.floats[2][:r], Argmax: t.argmax[:r]}, nil
}

// ReadBuf implements kernels.Trainer.
func (t *Trainer) ReadBuf(b kernels.Buf, dst []float32) { copy(dst, t.bufs[b]) }

// Read implements kernels.Trainer.
func (t *Trainer) Read(s kernels.Slot, p kernels.Param, dst []float32) {
	if src := t.slots[s][p]; src != nil {
		copy(dst, src)
		return
	}
	clear(dst[:t.p.Params[p].Elements()])
}

// Write implements kernels.Trainer. Moments that were never written nor updated take no memory, and what is written to the
// gradient or the moments of a frozen parameter is dropped.
func (t *Trainer) Write(s kernels.Slot, p kernels.Param, src []float32) {
	if s != kernels.SlotWeight && t.p.Params[p].Frozen {
		return
	}
	copy(t.moment(s, p), src[:t.p.Params[p].Elements()])
}

// moment is an array that is taken when it is first wanted. It panics when there is no memory for it: the caller has
// estimated it before the start.
func (t *Trainer) moment(s kernels.Slot, p kernels.Param) []float32 {
	if t.slots[s][p] == nil {
		var err error
		if t.slots[s][p], err = t.array(t.p.Params[p].Elements()); err != nil {
			panic(fmt.Sprintf("moments of %s: %v", t.p.Params[p].Name, err))
		}
	}
	return t.slots[s][p]
}

// ZeroGrads implements kernels.Trainer.
func (t *Trainer) ZeroGrads() {
	for _, g := range t.slots[kernels.SlotGradient] {
		clear(g)
	}
}

// GradNorm implements kernels.Trainer.
func (t *Trainer) GradNorm() float64 {
	total := 0.0
	for _, g := range t.slots[kernels.SlotGradient] {
		if g == nil {
			continue
		}
		var sum C.double
		C.s1_t_sumsq(t.c, C.long(len(g)), ptr(g), &sum)
		total += float64(sum)
	}
	return math.Sqrt(total)
}

// Update implements kernels.Trainer. It panics when there is no memory for the moments.
func (t *Trainer) Update(us []kernels.Update) {
	var muons []C.s1_muon
	for _, u := range us {
		spec := t.p.Params[u.Param]
		if spec.Frozen {
			continue
		}
		w, g, m := t.slots[kernels.SlotWeight][u.Param], t.slots[kernels.SlotGradient][u.Param], t.moment(kernels.SlotMoment1, u.Param)
		if u.Rule == kernels.Muon {
			muons = append(muons, C.s1_muon{
				rows: C.int(spec.Rows), cols: C.int(spec.Cols), w: ptr(w), m: ptr(m), g: ptr(g),
				lr: C.double(u.LR), decay: C.double(u.Decay), beta: C.double(u.Beta1), scale: C.double(u.GradScale),
			})
			continue
		}
		h := C.s1_adamw{
			lr: C.double(u.LR), decay: C.double(u.Decay), beta1: C.double(u.Beta1), beta2: C.double(u.Beta2), eps: C.double(u.Eps),
			scale: C.double(u.GradScale), fix1: C.double(1 / (1 - math.Pow(u.Beta1, float64(u.Step)))), fix2: C.double(1 / (1 - math.Pow(u.Beta2, float64(u.Step)))),
		}
		C.s1_t_adamw(t.c, C.long(len(w)), ptr(w), ptr(g), ptr(m), ptr(t.moment(kernels.SlotMoment2, u.Param)), &h)
	}
	if len(muons) > 0 {
		list := (*C.s1_muon)(C.malloc(C.size_t(len(muons)) * C.sizeof_s1_muon)) // its pointers are to C's memory, as it must be itself
		copy(unsafe.Slice(list, len(muons)), muons)
		if C.s1_t_muon(t.c, C.int(len(muons)), list) != 0 {
			panic(fmt.Sprintf("muon of %d matrices: %v", len(muons), errNoMemory))
		}
		C.free(unsafe.Pointer(list))
	}
}

// Bytes implements kernels.Trainer.
func (t *Trainer) Bytes() int64 { return t.bytes }

// ISA is the instruction path in use.
func (t *Trainer) ISA() string { return t.isa }

// Rounding names how the products of this program are rounded here: with equal names they give equal bits.
func (t *Trainer) Rounding() string {
	least := C.S1_T_SPLIT // sums of what a float is split into, or in bf16 of pairs
	if t.c.bf16 != 0 {
		least = C.S1_T_LARGE
	}
	wide := slices.ContainsFunc(t.p.Params, func(p kernels.ParamSpec) bool { return p.Rows >= least && p.Cols >= least })
	switch {
	case t.c.amx != nil && wide:
		return "tiles of bf16"
	case t.isa == isaName(C.S1_ISA_C):
		return "plain C"
	}
	return "fused multiply-add"
}

// Threads is the number of threads.
func (t *Trainer) Threads() int { return int(t.c.threads) }

// Close ends the threads and gives the memory back.
func (t *Trainer) Close() error {
	if t.c != nil {
		C.s1_trainer_stop(t.c)
		C.free(unsafe.Pointer(t.c))
		t.c = nil
	}
	for _, m := range t.maps {
		C.s1_unmap(m.p, m.bytes)
	}
	t.maps, t.bufs, t.slots = nil, nil, [4][][]float32{}
	return nil
}

func ptr(f []float32) *C.float { return (*C.float)(unsafe.SliceData(f)) }
