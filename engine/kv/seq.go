package kv

import (
	"fmt"

	"s1/kernels"
)

// Seq is where the positions 0 to Len-1 of one sequence lie.
// Invariant: len(pages) == Pages(n), and every page has been counted for this sequence.
type Seq struct {
	pool  *Pool
	pages []int32
	n     int
}

// NewSeq returns an empty sequence.
func (p *Pool) NewSeq() *Seq { return &Seq{pool: p} }

// Len is the number of positions.
func (s *Seq) Len() int { return s.n }

// Table is the page ids in order, for kernels.Batch.Tables. It is valid until the next change of the sequence.
func (s *Seq) Table() []int32 { return s.pages }

// Fork returns a sequence that shares the first n positions. n is cut to what there is.
func (s *Seq) Fork(n int) *Seq {
	n = min(max(n, 0), s.n)
	f := &Seq{pool: s.pool, n: n}
	// One page of room, because a fork is made to be written to.
	f.pages = append(make([]int32, 0, Pages(n)+1), s.pages[:Pages(n)]...)
	for _, id := range f.pages {
		s.pool.refs[id]++
	}
	return f
}

// Cost is the number of pages Grow(n) would take from the pool.
func (s *Seq) Cost(n int) int {
	cost := Pages(s.n+n) - len(s.pages)
	if n > 0 && s.sharesTail() {
		cost++
	}
	return cost
}

// sharesTail says that the next position falls into a page another sequence holds too. Which of the two wrote the page
// does not matter: the one that writes first copies, the other is then alone with the original.
func (s *Seq) sharesTail() bool {
	return s.n%kernels.PageSize != 0 && s.pool.refs[s.pages[len(s.pages)-1]] > 1
}

// Grow appends n positions that may be written: pages are taken as needed and a shared last page is copied first.
// If the pool has too few pages, nothing changes and the error's chain has ErrFull.
func (s *Seq) Grow(n int) error {
	if cost := s.Cost(n); cost > s.pool.Available() {
		return fmt.Errorf("%d more positions after %d need %d pages, %d of %d are free: %w",
			n, s.n, cost, s.pool.Available(), s.pool.limit, ErrFull)
	}
	if n > 0 && s.sharesTail() {
		last := len(s.pages) - 1
		shared := s.pages[last]
		own := s.pool.take()
		s.pool.copier.CopyPage(own, shared, s.n%kernels.PageSize)
		s.pool.drop(shared)
		s.pages[last] = own
	}
	for need := Pages(s.n + n); len(s.pages) < need; {
		s.pages = append(s.pages, s.pool.take())
	}
	s.n += n
	return nil
}

// Rewind shortens the sequence to n positions; longer than it is changes nothing.
func (s *Seq) Rewind(n int) {
	n = min(max(n, 0), s.n)
	for keep := Pages(n); len(s.pages) > keep; {
		last := len(s.pages) - 1
		s.pool.drop(s.pages[last])
		s.pages = s.pages[:last]
	}
	s.n = n
}

// Release gives all pages back. The sequence is empty afterwards and may be grown again.
func (s *Seq) Release() { s.Rewind(0) }
