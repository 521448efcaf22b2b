package think

// matcher finds one id sequence in a stream (Knuth-Morris-Pratt), so that a sequence which overlaps itself is not missed.
// It is a value: copying it copies its state.
type matcher struct {
	seq  []int32
	fail []int // fail[i]: length of the longest proper border of seq[:i+1]
	n    int   // ids of seq matched so far, always < len(seq)
}

func newMatcher(seq []int32) matcher {
	m := matcher{seq: seq, fail: make([]int, len(seq))}
	for i, k := 1, 0; i < len(seq); i++ {
		for k > 0 && seq[i] != seq[k] {
			k = m.fail[k-1]
		}
		if seq[i] == seq[k] {
			k++
		}
		m.fail[i] = k
	}
	return m
}

// completes says whether id would end a whole match now. Nothing changes.
func (m *matcher) completes(id int32) bool {
	return len(m.seq) > 0 && m.n == len(m.seq)-1 && m.seq[m.n] == id
}

// push advances by id. After a whole match the matcher starts anew.
func (m *matcher) push(id int32) {
	if len(m.seq) == 0 {
		return
	}
	for m.n > 0 && m.seq[m.n] != id {
		m.n = m.fail[m.n-1]
	}
	if m.seq[m.n] == id {
		m.n++
	}
	if m.n == len(m.seq) {
		m.n = 0
	}
}

// last returns the id that would complete a match now, if there is one: what to mask so that none completes.
func (m *matcher) last() (int32, bool) {
	if len(m.seq) == 0 || m.n != len(m.seq)-1 {
		return 0, false
	}
	return m.seq[m.n], true
}

func (m *matcher) reset() { m.n = 0 }
