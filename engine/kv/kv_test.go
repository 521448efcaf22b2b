package kv

import (
	"errors"
	"math/rand/v2"
	"slices"
	"testing"

	"s1/kernels"
)

// store is a backend's page memory with one number a position.
type store struct {
	pages  map[int32]*[kernels.PageSize]int
	copies int
}

func newStore() *store { return &store{pages: map[int32]*[kernels.PageSize]int{}} }

func (m *store) page(id int32) *[kernels.PageSize]int {
	if m.pages[id] == nil {
		m.pages[id] = new([kernels.PageSize]int)
	}
	return m.pages[id]
}

func (m *store) CopyPage(dst, src int32, n int) {
	m.copies++
	p := [kernels.PageSize]int{}
	for i := range p {
		p[i] = -1 // whatever lay in the page before must not matter
	}
	copy(p[:n], m.page(src)[:n])
	*m.page(dst) = p
}

func (m *store) write(s *Seq, pos, v int) {
	m.page(s.Table()[pos/kernels.PageSize])[pos%kernels.PageSize] = v
}

func (m *store) read(s *Seq) []int {
	var got []int
	for pos := range s.Len() {
		got = append(got, m.page(s.Table()[pos/kernels.PageSize])[pos%kernels.PageSize])
	}
	return got
}

func pool(t testing.TB, limit int, c Copier) *Pool {
	t.Helper()
	p, err := NewPool(limit, c)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestEverySequenceReadsWhatItWroteWhateverOthersDo(t *testing.T) {
	t.Parallel()
	for seed := range uint64(60) {
		rng := rand.New(rand.NewPCG(seed, 1))
		mem := newStore()
		limit := 4 + rng.IntN(40)
		p := pool(t, limit, mem)
		type pair struct {
			seq  *Seq
			want []int // the model of the truth
		}
		all := []*pair{{seq: p.NewSeq()}}
		next := 0
		for range 400 {
			x := all[rng.IntN(len(all))]
			switch rng.IntN(5) {
			case 0, 1:
				n, before := rng.IntN(150), slices.Clone(x.seq.Table())
				cost, free := x.seq.Cost(n), p.Available()
				err := x.seq.Grow(n)
				if (err != nil) != (cost > free) || err != nil && !errors.Is(err, ErrFull) {
					t.Fatalf("seed %d: Grow(%d) with cost %d and %d free: %v", seed, n, cost, free, err)
				}
				if err != nil {
					if x.seq.Len() != len(x.want) || !slices.Equal(before, x.seq.Table()) {
						t.Fatalf("seed %d: a failed Grow changed the sequence", seed)
					}
					break
				}
				if took := free - p.Available(); took != cost {
					t.Fatalf("seed %d: Grow(%d) took %d pages, Cost said %d", seed, n, took, cost)
				}
				for range n {
					next++
					mem.write(x.seq, len(x.want), next)
					x.want = append(x.want, next)
				}
			case 2:
				n := rng.IntN(len(x.want) + 1)
				all = append(all, &pair{seq: x.seq.Fork(n), want: slices.Clone(x.want[:n])})
			case 3:
				n := rng.IntN(len(x.want) + 1)
				x.seq.Rewind(n)
				x.want = x.want[:n]
			case 4:
				if len(all) > 1 && rng.IntN(2) == 0 {
					x.seq.Release()
					all = slices.DeleteFunc(all, func(y *pair) bool { return y == x })
				}
			}
			held := map[int32]bool{}
			for _, y := range all {
				if got := mem.read(y.seq); !slices.Equal(got, y.want) {
					t.Fatalf("seed %d: read %v, want %v", seed, got, y.want)
				}
				if got, want := len(y.seq.Table()), Pages(len(y.want)); got != want {
					t.Fatalf("seed %d: %d pages for %d positions, want %d", seed, got, len(y.want), want)
				}
				for _, id := range y.seq.Table() {
					held[id] = true
				}
			}
			if p.Used() != len(held) || p.Used() > limit {
				t.Fatalf("seed %d: pool says %d pages used, sequences hold %d, limit %d", seed, p.Used(), len(held), limit)
			}
		}
		for _, x := range all {
			x.seq.Release()
		}
		if p.Used() != 0 || p.Available() != limit {
			t.Errorf("seed %d: %d pages leaked", seed, p.Used())
		}
	}
}

func TestForkCopiesNoPageUntilOneOfTheTwoWrites(t *testing.T) {
	t.Parallel()
	mem := newStore()
	p := pool(t, 16, mem)
	parent := p.NewSeq()
	if err := parent.Grow(100); err != nil {
		t.Fatal(err)
	}
	child := parent.Fork(80)
	if mem.copies != 0 || p.Used() != 2 {
		t.Fatalf("after the fork: %d copies, %d pages, want 0 and 2", mem.copies, p.Used())
	}
	for _, s := range []*Seq{child, parent} { // the second is alone with the original and writes in place
		if err := s.Grow(1); err != nil {
			t.Fatal(err)
		}
	}
	if mem.copies != 1 || p.Used() != 3 {
		t.Errorf("after both wrote: %d copies, %d pages, want 1 and 3", mem.copies, p.Used())
	}
}

func TestForkAtAPageBoundaryNeverCopies(t *testing.T) {
	t.Parallel()
	mem := newStore()
	p := pool(t, 16, mem)
	parent := p.NewSeq()
	if err := parent.Grow(200); err != nil {
		t.Fatal(err)
	}
	child := parent.Fork(2 * kernels.PageSize)
	if err := child.Grow(1); err != nil {
		t.Fatal(err)
	}
	if mem.copies != 0 {
		t.Errorf("%d copies, want 0", mem.copies)
	}
}

func TestForkAndRewindCutTheLengthToWhatThereIs(t *testing.T) {
	t.Parallel()
	p := pool(t, 4, newStore())
	s := p.NewSeq()
	if err := s.Grow(10); err != nil {
		t.Fatal(err)
	}
	if got := s.Fork(99).Len(); got != 10 {
		t.Errorf("Fork(99).Len() = %d, want 10", got)
	}
	if got := s.Fork(-1).Len(); got != 0 {
		t.Errorf("Fork(-1).Len() = %d, want 0", got)
	}
	s.Rewind(99)
	if s.Len() != 10 {
		t.Errorf("after Rewind(99): %d, want 10", s.Len())
	}
}

func TestPoolNeedsAPage(t *testing.T) {
	t.Parallel()
	if _, err := NewPool(0, newStore()); err == nil {
		t.Error("a pool of 0 pages was accepted")
	}
}

// Budget: 2 us for a fork of 4,096 positions and its release (64 pages), as performance.md section 6 asks for
// less than 0.1 ms for eight of them.
func BenchmarkForkAndReleaseOf4096Positions(b *testing.B) {
	p := pool(b, 100, newStore())
	s := p.NewSeq()
	if err := s.Grow(4096); err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		s.Fork(4096).Release()
	}
}

// Budget: 1 us to rewind 4,096 positions and grow them again.
func BenchmarkRewindOf4096Positions(b *testing.B) {
	p := pool(b, 100, newStore())
	s := p.NewSeq()
	b.ReportAllocs()
	for b.Loop() {
		if err := s.Grow(4096); err != nil {
			b.Fatal(err)
		}
		s.Rewind(0)
	}
}
