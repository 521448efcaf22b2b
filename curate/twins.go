package curate

import (
	"fmt"
	"math"
	"slices"
)

// twins finds, for the rows of a stage in their order, the likest of those that were kept. It is neighbours for very many rows: fixed
// arrays in place of maps, and no texts. It takes 4 bytes a row and band while the signatures are gathered; then 4 bytes a row, and
// about 9 for each band in which a row meets another.
type twins struct {
	banding
	hash [][]uint32 // by band and row; gone once they have met
	out  []bool     // rows without a signature: they meet nobody

	// The rows that share a bucket of a band lie one after the other in member: at the bucket's beginning stand those that were kept,
	// at most mostInBand, and kept says, at that place, how many they are. buckets[from[i]:from[i+1]] are where those of row i begin.
	member  []int32
	kept    []uint8
	buckets []int32
	from    []int32
}

func newTwins(rows int, limit float64) *twins {
	t := &twins{banding: bandsFor(limit), out: make([]bool, rows)}
	for range t.bands {
		t.hash = append(t.hash, make([]uint32, rows))
	}
	return t
}

func (t *twins) set(i int, s []uint32) {
	for b, h := range s {
		t.hash[b][i] = h
	}
}

// leave takes a row out.
func (t *twins) leave(i int) { t.out[i] = true }

// meet sorts each band, so that equal hashes lie together.
func (t *twins) meet() error {
	rows := len(t.out)
	order := make([]uint64, 0, rows) // hash, row
	var begins []int32               // places in member where a bucket begins; they rise
	t.from = make([]int32, rows+1)
	for b, hash := range t.hash {
		order = order[:0]
		for i, h := range hash {
			if !t.out[i] {
				order = append(order, uint64(h)<<32|uint64(i)) //nolint:gosec // rows are counted in 31 bits
			}
		}
		t.hash[b] = nil
		slices.Sort(order)
		for at := 0; at < len(order); {
			to := at + 1
			for to < len(order) && order[to]>>32 == order[at]>>32 {
				to++
			}
			if to-at > 1 {
				begins = append(begins, int32(len(t.member))) //nolint:gosec // bounded below
				for _, x := range order[at:to] {
					i := int32(x & math.MaxUint32) //nolint:gosec // rows are counted in 31 bits
					t.member = append(t.member, i)
					t.from[i+1]++
				}
			}
			at = to
		}
		if len(t.member) > math.MaxInt32-rows {
			return fmt.Errorf("%d rows are like so many others that they meet over %d times; give dedup.jaccard a higher value", rows, len(t.member))
		}
	}
	for i := range rows {
		t.from[i+1] += t.from[i]
	}
	// from[i] is where those of row i begin; it moves on while they are put there, and is moved back after.
	t.kept, t.buckets = make([]uint8, len(t.member)), make([]int32, len(t.member))
	for k, begin := range begins {
		end := int32(len(t.member)) //nolint:gosec // see above
		if k+1 < len(begins) {
			end = begins[k+1]
		}
		for _, i := range t.member[begin:end] {
			t.buckets[t.from[i]] = begin
			t.from[i]++
		}
	}
	copy(t.from[1:], t.from[:rows])
	t.from[0] = 0
	return nil
}

// keep puts a row to those that others are compared with. What it writes over says nothing any more: buckets knows where rows are.
func (t *twins) keep(i int) {
	for _, at := range t.buckets[t.from[i]:t.from[i+1]] {
		if t.kept[at] < mostInBand {
			t.member[at+int32(t.kept[at])] = int32(i) //nolint:gosec // rows are counted in 31 bits
			t.kept[at]++
		}
	}
}

// nearest is the likest kept row of at least the limit, the first of equals; nil where there is none.
func (t *twins) nearest(rows *Rows, i int, limit float64) (of *Row, similarity float64, err error) {
	var meets []int32
	for _, at := range t.buckets[t.from[i]:t.from[i+1]] {
		meets = append(meets, t.member[at:at+int32(t.kept[at])]...)
	}
	if len(meets) == 0 {
		return nil, 0, nil
	}
	slices.Sort(meets)
	row, err := rows.at(i)
	if err != nil {
		return nil, 0, err
	}
	mine := shingles(row.Question)
	for _, k := range slices.Compact(meets) {
		other, err := rows.at(int(k))
		if err != nil {
			return nil, 0, err
		}
		if j := jaccard(mine, shingles(other.Question)); j >= limit && (of == nil || j > similarity) {
			of, similarity = other, j
		}
	}
	return of, similarity, nil
}
