// Package estimate says before a training run starts how much memory it will take and, if that is too much, what to change,
// cheapest first. It knows training programs and optimisers; it runs nothing and takes no memory to speak of.
package estimate

import (
	"unsafe"

	"s1/kernels"
)

// What executors need besides the arrays of a program.
const (
	floatBytes = 4
	// arrayBytes is the most that one array loses to its alignment.
	arrayBytes = 4 << 10
	// rowFloats is what a row takes beside the buffers: token, position, row, target, weight, results, document.
	rowFloats = 9
	// threadBytes is a thread's stack and packed panels of a product.
	threadBytes = 256 << 10
	// spare is what is added for what nobody counts, the Go heap among it: a part of the whole, and at least so many bytes.
	sparePart  = 32
	spareBytes = 8 << 20
)

// Plan is a run that has not started.
type Plan struct {
	Program *kernels.TrainProgram
	// Rule is the optimiser of a trained parameter; nil is AdamW for all.
	Rule    func(p kernels.Param) kernels.Rule
	Threads int
	// LeastRows is the longest document: a micro-batch cannot have fewer rows. 0 where that is not known.
	LeastRows int
	// RecomputedRowBytes is what a row takes in the buffers with gradient checkpointing; 0 where it is on already, or cannot be.
	RecomputedRowBytes int64
	// CanLoRA says that freezing the weights and training adapters is a way out: there is a base model.
	CanLoRA bool
	// Other is what the caller knows besides: examples in memory, a copy of the model for probes.
	Other int64
}

// Estimate is the memory of a run by class, in bytes.
type Estimate struct {
	Weights     int64
	Master      int64 // fp32 weights beside those of another type that are computed with
	Gradients   int64
	Moments     int64
	Activations int64 // buffers and their gradients, and what each row needs beside them
	Logits      int64 // of a chunk of rows
	Scratch     int64 // rotations, the array being saved, threads; of ranks: buckets and gathered layers
	Framework   int64 // what Python, torch and a GPU's context take before there is a model
	Other       int64
	Spare       int64 // for what nobody counts
}

// Class is one of an estimate's classes.
type Class struct {
	Name  string
	Bytes int64
}

// Classes are all classes under the names that people see, those of no size left out. They add up to the total.
func (e Estimate) Classes() []Class {
	var out []Class
	for _, c := range []Class{
		{"weights", e.Weights},
		{"master weights", e.Master},
		{"gradients", e.Gradients},
		{"moments", e.Moments},
		{"activations", e.Activations},
		{"logits", e.Logits},
		{"scratch", e.Scratch},
		{"framework", e.Framework},
		{"other", e.Other},
		{"spare", e.Spare},
	} {
		if c.Bytes > 0 {
			out = append(out, c)
		}
	}
	return out
}

// Total is the sum of the classes.
func (e Estimate) Total() int64 {
	var n int64
	for _, c := range e.Classes() {
		n += c.Bytes
	}
	return n
}

// Of estimates a plan. Where it errs it should err upwards.
func Of(p Plan) Estimate { return p.at(p.Program.Rows, change{}) }

// change is what a remedy does to a plan.
type change struct{ recompute, lora bool }

func (p Plan) at(rows int, c change) Estimate {
	e := Estimate{Other: p.Other}
	largest, muon := int64(0), int64(0)
	for i, spec := range p.Program.Params {
		n := int64(spec.Elements())*floatBytes + arrayBytes
		e.Weights += n
		largest = max(largest, n)
		if spec.Frozen || c.lora {
			continue
		}
		e.Gradients += n
		if p.Rule != nil && p.Rule(kernels.Param(i)) == kernels.Muon {
			e.Moments += n
			// u and y of its size, a and b of its smaller side squared.
			side := int64(min(spec.Rows, spec.Cols))
			muon = max(muon, 2*n+2*side*side*floatBytes)
			continue
		}
		e.Moments += 2 * n
	}
	rowBytes := p.rowBytes()
	if c.recompute {
		rowBytes = p.RecomputedRowBytes
	}
	e.Activations = int64(rows)*(rowBytes+rowFloats*floatBytes) + int64(len(p.Program.Bufs))*arrayBytes
	e.Logits = p.logits(rows)
	e.Scratch = p.rotations() + largest + int64(max(p.Threads, 1))*(threadBytes+muon)
	e.Spare = max(spareBytes, e.Total()/sparePart)
	return e
}

// rowBytes is what a row takes in all buffers; those of wanted rows are as long, as all rows may be wanted.
func (p Plan) rowBytes() int64 {
	var n int64
	for _, b := range p.Program.Bufs {
		n += int64(b.Width) * floatBytes
	}
	return n
}

func (p Plan) logits(rows int) int64 {
	var most int64
	for _, op := range p.Program.Forward {
		if loss, ok := op.(kernels.TrainLoss); ok {
			most = max(most, int64(min(loss.Chunk, rows))*int64(p.Program.Vocab)*floatBytes)
		}
	}
	return most
}

// rotations are tables of cosines and sines (Context, Dim), one for each set of frequencies and each direction.
func (p Plan) rotations() int64 {
	type table struct {
		freqs   *float32
		dim     int
		scale   float32
		inverse bool
	}
	seen := map[table]bool{}
	var n int64
	for _, ops := range [][]kernels.TrainOp{p.Program.Forward, p.Program.Backward} {
		for _, op := range ops {
			o, ok := op.(kernels.TrainRoPE)
			if !ok {
				continue
			}
			t := table{unsafe.SliceData(o.Freqs), o.Dim, o.Scale, o.Inverse}
			if !seen[t] {
				seen[t] = true
				n += int64(p.Program.Context)*int64(o.Dim)*floatBytes + arrayBytes
			}
		}
	}
	return n
}
