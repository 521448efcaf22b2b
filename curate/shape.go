package curate

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"math"
	"path/filepath"
	"slices"
)

// Bin is a class of a histogram: how many of the loaded rows are in it, and how many of those that are left.
type Bin struct {
	Name          string
	Before, After int
}

// Shape counts domains, the most frequent first and at most most of them, and lengths by doublings. The length of a row is
// what the recipe's selection goes by.
func (b *Browser) Shape(ctx context.Context, s Select, most int) (domains, lengths []Bin, err error) {
	x, err := b.index()
	if err != nil {
		return nil, nil, err
	}
	count := newShape()
	err = b.lines(ctx, lineFile{stage: "load", path: filepath.Join(b.dir, loadDir, headsFile), heads: true}, 0, func(_ *decision, h *head, _ int64) (bool, error) {
		count.add(word(&h.Row, "domain"), s.length(&h.Row), x.dropped(h.N) == "")
		return true, nil
	})
	if err != nil {
		return nil, nil, err
	}
	return count.domainBins(most), count.lengthBins(), nil
}

// shape counts rows by domain and by length.
type shape struct {
	domains map[string]*Bin
	lengths map[int]*Bin // by the power of two above
}

func newShape() *shape { return &shape{map[string]*Bin{}, map[int]*Bin{}} }

func (s *shape) add(domain string, length float64, left bool) {
	if domain == "" {
		domain = "none"
	}
	power := 0
	for power < 30 && length >= math.Exp2(float64(power)) {
		power++
	}
	d, l := s.domains[domain], s.lengths[power]
	if d == nil {
		d = &Bin{Name: domain}
		s.domains[domain] = d
	}
	if l == nil {
		l = &Bin{Name: fmt.Sprintf("< %d", 1<<power)}
		s.lengths[power] = l
	}
	for _, b := range []*Bin{d, l} {
		b.Before++
		if left {
			b.After++
		}
	}
}

// domainBins are the most frequent domains; what is beyond most of them is one bin.
func (s *shape) domainBins(most int) (out []Bin) {
	for _, b := range s.domains {
		out = append(out, *b)
	}
	slices.SortFunc(out, func(a, b Bin) int { return cmp.Or(cmp.Compare(b.Before, a.Before), cmp.Compare(a.Name, b.Name)) })
	if len(out) <= most {
		return out
	}
	rest := Bin{Name: fmt.Sprintf("%d others", len(out)-most+1)}
	for _, b := range out[most-1:] {
		rest.Before += b.Before
		rest.After += b.After
	}
	return append(out[:most-1], rest)
}

// lengthBins are from short to long, the empty ones between them as well.
func (s *shape) lengthBins() (out []Bin) {
	powers := slices.Sorted(maps.Keys(s.lengths))
	if len(powers) == 0 {
		return nil
	}
	for p := powers[0]; p <= powers[len(powers)-1]; p++ {
		if b := s.lengths[p]; b != nil {
			out = append(out, *b)
		} else {
			out = append(out, Bin{Name: fmt.Sprintf("< %d", 1<<p)})
		}
	}
	return out
}
