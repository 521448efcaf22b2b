package kv

import (
	"errors"
	"fmt"

	"s1/kernels"
)

// ErrFull is in the chain of errors that say no page is left. The caller may release other sequences and try again.
var ErrFull = errors.New("no free key/value page")

// Copier copies the first n positions of page src to page dst in every layer. backend.Model is one.
type Copier interface {
	CopyPage(dst, src int32, n int)
}

// Pool hands out the pages of one backend and counts who holds them.
type Pool struct {
	copier Copier
	limit  int
	refs   []int32 // by page id; 0 = free. Grows up to limit, so that pages never used cost nothing
	free   []int32 // a stack: the page freed last is used next, because its memory is already there
}

// NewPool returns a pool of at most limit pages, ids 0 to limit-1.
func NewPool(limit int, c Copier) (*Pool, error) {
	if limit < 1 {
		return nil, fmt.Errorf("key/value pool of %d pages: at least 1 is needed", limit)
	}
	return &Pool{copier: c, limit: limit}, nil
}

// Limit is the number of pages there are.
func (p *Pool) Limit() int { return p.limit }

// Available is the number of pages nobody holds.
func (p *Pool) Available() int { return p.limit - p.Used() }

// Used is the number of pages somebody holds; a page that several sequences share counts once.
func (p *Pool) Used() int { return len(p.refs) - len(p.free) }

// Pages is the number of pages that n positions take.
func Pages(n int) int { return (n + kernels.PageSize - 1) / kernels.PageSize }

func (p *Pool) take() int32 {
	if n := len(p.free); n > 0 {
		id := p.free[n-1]
		p.free = p.free[:n-1]
		p.refs[id] = 1
		return id
	}
	p.refs = append(p.refs, 1)
	return int32(len(p.refs) - 1)
}

func (p *Pool) drop(id int32) {
	p.refs[id]--
	if p.refs[id] == 0 {
		p.free = append(p.free, id)
	}
}
