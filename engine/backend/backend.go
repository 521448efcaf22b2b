// Package backend is the interface between the scheduler and whatever executes a program of kernel ops,
// and the registry of those executors. It knows neither tokens' text nor thinking.
package backend

import (
	"context"
	"fmt"
	"sort"
	"strings"
	"sync"

	"s1/kernels"
)

// Options are what a user may choose about execution.
type Options struct {
	Threads int    // 0 = one per core
	Pages   int    // most key/value pages; memory is taken when a page is first written
	Weights string // auto: F16 and BF16 become Q8_0; exact: as stored; q8: everything above 8 bits becomes Q8_0
}

// Model is a program loaded for execution with its key/value pages. It is not safe for concurrent use:
// one goroutine (the scheduler) owns it.
type Model interface {
	// Step runs one batch. A cancelled context ends it early with ctx.Err(); the pages written so far are then unspecified
	// beyond the positions of earlier steps.
	Step(ctx context.Context, b *kernels.Batch) (kernels.Result, error)
	// CopyPage copies the first n positions of page src to page dst in every layer (copy on write after a fork).
	CopyPage(dst, src int32, n int)
	// Info says what runs.
	Info() Info
	Close() error
}

// Info describes a loaded model's execution.
type Info struct {
	Name          string // "cpu avx2", "ref", ...
	Threads       int
	MaxRows       int   // most rows of one batch; longer prefills are chunked by the scheduler
	WeightBytes   int64 // resident
	BytesPerToken int64 // weights read for one decoded token
	KVBytes       int64 // key/value bytes per position
}

// Backend makes models.
type Backend interface {
	Name() string
	// Available says why this backend cannot run here, or nil.
	Available() error
	Load(ctx context.Context, p *kernels.Program, o Options) (Model, error)
}

var (
	mu       sync.Mutex
	registry = map[string]Backend{}
)

// Register adds a backend under its name; called from init of the backend's package.
func Register(b Backend) {
	mu.Lock()
	defer mu.Unlock()
	registry[b.Name()] = b
}

// Get returns the named backend, or an error that lists the ones there are.
func Get(name string) (Backend, error) {
	mu.Lock()
	defer mu.Unlock()
	if b, ok := registry[name]; ok {
		return b, nil
	}
	names := make([]string, 0, len(registry))
	for n := range registry {
		names = append(names, n)
	}
	sort.Strings(names)
	return nil, fmt.Errorf("no backend %q; this build has %s", name, strings.Join(names, " and "))
}
