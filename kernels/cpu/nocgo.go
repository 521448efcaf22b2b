//go:build !cgo

// Package cpu runs a program of kernel ops in C. This build has no C, so it only says so; kernels/ref runs instead.
package cpu

import (
	"context"
	"errors"

	"s1/kernels"
)

// MaxRows is the most rows of one batch.
const MaxRows = 512

var errNoCgo = errors.New("this s1 was built without C (CGO_ENABLED=0); build it with a C compiler for the fast backend")

// Options are the choices of a Machine.
type Options struct {
	Threads int
	Pages   int
	Weights string
	ISA     string
}

// Machine cannot exist in this build.
type Machine struct{}

// Available says why this executor cannot run here.
func Available() error { return errNoCgo }

// New fails.
func New(*kernels.Program, Options) (*Machine, error) { return nil, errNoCgo }

func (*Machine) Step(context.Context, *kernels.Batch) (kernels.Result, error) {
	return kernels.Result{}, errNoCgo
}
func (*Machine) CopyPage(_, _ int32, _ int) {}
func (*Machine) ISA() string                { return "" }
func (*Machine) Threads() int               { return 0 }
func (*Machine) WeightBytes() int64         { return 0 }
func (*Machine) BytesPerToken() int64       { return 0 }
func (*Machine) KVBytes() int64             { return 0 }
func (*Machine) Close() error               { return nil }
