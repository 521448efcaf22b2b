package curate

import (
	"math"
	"math/bits"
	"slices"
)

const (
	shingle    = 5  // words
	mostInBand = 64 // kept rows of one bucket that a row is compared with

	recall       = 0.99 // of the pairs whose Jaccard is the threshold, as many meet in a band at least, in expectation
	mostHashes   = 256  // of a text: they are the time that near-duplicates take, and their bands the memory
	fewestInBand = 3    // hashes: with fewer, texts that share a phrase of everyone's meet
	mostOfBand   = 16   // hashes

	// leastJaccard is the lowest threshold: below it the hashes do not suffice for the recall.
	leastJaccard = 0.4
)

// banding cuts the MinHashes of a text into bands. Two texts of Jaccard s meet in a band with probability 1-(1-s^rows)^bands, and
// what meets is measured exactly.
type banding struct {
	bands int
	rows  int // hashes of a band
}

// bandsFor has the steepest curve that reaches the recall at a threshold: few texts that are less alike are compared then.
func bandsFor(limit float64) (best banding) {
	for rows := fewestInBand; rows <= mostOfBand; rows++ {
		bands := max(1, int(math.Ceil(math.Log(1-recall)/math.Log1p(-math.Pow(limit, float64(rows))))))
		if bands*rows > mostHashes && best.bands > 0 {
			break
		}
		best = banding{bands, rows}
	}
	return best
}

// shingles are the sorted distinct hashes of a text; one of fewer than five words is one shingle.
func shingles(s string) []uint64 { return shinglesOf(strictWords(s)) }

func shinglesOf(w []string) []uint64 {
	n := min(shingle, len(w))
	if n == 0 {
		return nil
	}
	out := make([]uint64, 0, len(w))
	grams(w, n, func(h uint64, _ int) { out = append(out, h) })
	slices.Sort(out)
	return slices.Compact(out)
}

// sign hashes the minima of each band into 32 bits: of a million texts some hundred pairs meet by chance. The hash functions are
// multiplications of one hash, by constants of seed 0's splitmix.
func (b banding) sign(sh []uint64) []uint32 {
	s, k := make([]uint32, b.bands), uint64(0)
	for i := range s {
		band := uint64(i) + 1
		for range b.rows {
			k++
			m := splitmix(2*k) | 1
			add := splitmix(2*k + 1)
			least := ^uint64(0)
			for _, h := range sh {
				least = min(least, bits.RotateLeft64(h*m+add, 29)*m)
			}
			band = splitmix(band ^ least)
		}
		s[i] = uint32(band >> 32) //nolint:gosec // half of it
	}
	return s
}

func splitmix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// jaccard is of two sorted sets.
func jaccard(a, b []uint64) float64 {
	both, i, j := 0, 0, 0
	for i < len(a) && j < len(b) {
		switch {
		case a[i] == b[j]:
			both, i, j = both+1, i+1, j+1
		case a[i] < b[j]:
			i++
		default:
			j++
		}
	}
	if len(a)+len(b) == both {
		return 0
	}
	return float64(both) / float64(len(a)+len(b)-both)
}

// neighbours finds texts that were added and are like another one.
type neighbours struct {
	banding
	texts  []string
	bucket []map[uint32][]int32 // by band
}

func newNeighbours(limit float64) *neighbours {
	n := &neighbours{banding: bandsFor(limit)}
	for range n.bands {
		n.bucket = append(n.bucket, map[uint32][]int32{})
	}
	return n
}

func (n *neighbours) add(text string) {
	for b, h := range n.sign(shingles(text)) {
		if l := n.bucket[b][h]; len(l) < mostInBand {
			n.bucket[b][h] = append(l, int32(len(n.texts))) //nolint:gosec // texts are counted in 31 bits
		}
	}
	n.texts = append(n.texts, text)
}

// nearest is the likest text of at least the limit, the first of equals.
func (n *neighbours) nearest(sh []uint64, limit float64) (at int, similarity float64, ok bool) {
	seen := map[int32]bool{}
	for b, h := range n.sign(sh) {
		for _, i := range n.bucket[b][h] {
			if seen[i] {
				continue
			}
			seen[i] = true
			j := jaccard(sh, shingles(n.texts[i]))
			if j >= limit && (!ok || j > similarity || j == similarity && int(i) < at) {
				at, similarity, ok = int(i), j, true
			}
		}
	}
	return at, similarity, ok
}
