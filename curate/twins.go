package curate

import (
	"cmp"
	"slices"
)

// twins finds, for the rows of a stage in their order, the likest of those before it that were kept. It is neighbours for very many
// rows: fixed arrays in place of maps, and no texts. It takes 112 bytes a row while the signatures are gathered; then 56, and 5 more
// for each band in which a row meets another.
type twins struct {
	hash [bands][]uint64 // by row; gone once they have met
	// The rows that share a bucket of a band lie one after the other: bucket says where a row's begins, -1 of a row that is alone in it.
	// At its beginning stand those that were kept, at most mostInBand, and kept says how many they are.
	bucket [bands][]int32
	member [bands][]int32
	kept   [bands][]uint8 // at the place where a bucket begins
}

func newTwins(rows int) *twins {
	t := &twins{}
	for b := range t.hash {
		t.hash[b] = make([]uint64, rows)
	}
	return t
}

func (t *twins) set(i int, s signature) {
	for b, h := range s {
		t.hash[b][i] = h
	}
}

// meet sorts each band, so that equal hashes lie together.
func (t *twins) meet() {
	order := make([]int32, len(t.hash[0]))
	for b, hash := range t.hash {
		for i := range order {
			order[i] = int32(i) //nolint:gosec // rows are counted in 31 bits
		}
		slices.SortFunc(order, func(x, y int32) int { return cmp.Or(cmp.Compare(hash[x], hash[y]), cmp.Compare(x, y)) })
		bucket, places := make([]int32, len(order)), 0
		each := func(visit func(same []int32)) {
			for from := 0; from < len(order); {
				to := from + 1
				for to < len(order) && hash[order[to]] == hash[order[from]] {
					to++
				}
				visit(order[from:to])
				from = to
			}
		}
		each(func(same []int32) {
			if len(same) > 1 {
				places += len(same)
			}
		})
		member := make([]int32, 0, places)
		each(func(same []int32) {
			at := int32(-1)
			if len(same) > 1 {
				at = int32(len(member)) //nolint:gosec // at most one a row
				member = append(member, same...)
			}
			for _, i := range same {
				bucket[i] = at
			}
		})
		t.bucket[b], t.member[b], t.kept[b], t.hash[b] = bucket, member, make([]uint8, places), nil
	}
}

// keep puts a row to those that later ones are compared with. Rows come in order, so that the places it writes over are of rows that
// have had their turn.
func (t *twins) keep(i int) {
	for b := range t.bucket {
		if at := t.bucket[b][i]; at >= 0 && t.kept[b][at] < mostInBand {
			t.member[b][at+int32(t.kept[b][at])] = int32(i) //nolint:gosec // rows are counted in 31 bits
			t.kept[b][at]++
		}
	}
}

// nearest is the likest kept row of at least the limit, the first of equals; nil where there is none.
func (t *twins) nearest(rows *Rows, i int, limit float64) (of *Row, similarity float64, err error) {
	var meets []int32
	for b := range t.bucket {
		if at := t.bucket[b][i]; at >= 0 {
			meets = append(meets, t.member[b][at:at+int32(t.kept[b][at])]...)
		}
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
