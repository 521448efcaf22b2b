package curate

import (
	"math/bits"
	"slices"
)

// MinHash over shingles of five words, in 14 bands of 8: two texts of Jaccard 0.8 meet in a band with probability 0.92, and
// what meets is measured exactly.
const (
	shingle    = 5 // words
	bands      = 14
	bandRows   = 8
	mostInBand = 64 // kept rows of one bucket that a row is compared with
)

type signature [bands]uint64

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

// sign hashes each band of 8 minima. The 112 hash functions are multiplications of one hash, by constants of seed 0's splitmix.
func sign(sh []uint64) (s signature) {
	k := uint64(0)
	for b := range bands {
		band := uint64(b) + 1
		for range bandRows {
			k++
			m := splitmix(2*k) | 1
			add := splitmix(2*k + 1)
			least := ^uint64(0)
			for _, h := range sh {
				least = min(least, bits.RotateLeft64(h*m+add, 29)*m)
			}
			band = splitmix(band ^ least)
		}
		s[b] = band
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
	texts  []string
	bucket [bands]map[uint64][]int32
}

func (n *neighbours) add(text string, s signature) {
	for b, h := range s {
		if n.bucket[b] == nil {
			n.bucket[b] = map[uint64][]int32{}
		}
		if l := n.bucket[b][h]; len(l) < mostInBand {
			n.bucket[b][h] = append(l, int32(len(n.texts)))
		}
	}
	n.texts = append(n.texts, text)
}

// nearest is the likest text of at least the limit, the first of equals.
func (n *neighbours) nearest(sh []uint64, s signature, limit float64) (at int, similarity float64, ok bool) {
	seen := map[int32]bool{}
	for b, h := range s {
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
