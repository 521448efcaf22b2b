package plot

import "math"

// Series is numbers that grow at the end, from which any width can be squeezed at once: besides the numbers it keeps the
// largest of every 8, of every 64, and so on. NaN is a gap.
type Series struct {
	levels [][]float32 // levels[0] is the numbers, levels[k+1][i] the largest of levels[k][8i..8i+7]
}

const fan = 8

// Append adds a number.
func (s *Series) Append(v float32) {
	for k := 0; ; k++ {
		if k == len(s.levels) {
			s.levels = append(s.levels, nil)
		}
		level := &s.levels[k]
		if k == 0 {
			*level = append(*level, v)
		} else if at := (len(s.levels[0]) - 1) / pow(k); at < len(*level) {
			(*level)[at] = larger((*level)[at], v)
		} else {
			*level = append(*level, v)
		}
		if len(s.levels[k]) <= fan {
			if k+1 < len(s.levels) {
				continue
			}
			return
		}
		if k+1 == len(s.levels) { // the level above begins: it sums up what is there
			var up []float32
			for i, v := range s.levels[k] {
				if i%fan == 0 {
					up = append(up, v)
				} else {
					up[len(up)-1] = larger(up[len(up)-1], v)
				}
			}
			s.levels = append(s.levels, up)
			return
		}
	}
}

func pow(k int) int {
	n := 1
	for range k {
		n *= fan
	}
	return n
}

// larger prefers a number to a gap.
func larger(a, b float32) float32 {
	if a != a || b > a {
		return b
	}
	return a
}

// Len is how many numbers there are; none in a nil Series.
func (s *Series) Len() int {
	if s == nil || len(s.levels) == 0 {
		return 0
	}
	return len(s.levels[0])
}

// Squeeze returns w numbers for all of them, the largest of each part, so that no peak vanishes; fewer where there are fewer.
// It costs about w steps, whatever the length.
func (s *Series) Squeeze(w int) []float32 {
	n := s.Len()
	if w <= 0 || n == 0 {
		return nil
	}
	w = min(w, n)
	out := make([]float32, w)
	for i := range out {
		out[i] = s.most(i*n/w, (i+1)*n/w)
	}
	return out
}

// most is the largest of the numbers from..to, in steps as long as fit.
func (s *Series) most(from, to int) float32 {
	best := float32(math.NaN())
	for from < to {
		k, step := 0, 1
		for k+1 < len(s.levels) && from%(step*fan) == 0 && from+step*fan <= to {
			k++
			step *= fan
		}
		best = larger(best, s.levels[k][from/step])
		from += step
	}
	return best
}

// Tail returns the last n numbers. They are shared and must not be changed.
func (s *Series) Tail(n int) []float32 {
	if s.Len() == 0 {
		return nil
	}
	return s.levels[0][max(0, len(s.levels[0])-max(n, 0)):]
}
