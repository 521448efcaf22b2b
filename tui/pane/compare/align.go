package compare

// editsMost bounds the work and the memory of an alignment, in pieces removed and added together: 600 of them cost less than
// a megabyte and a few hundred thousand steps. Texts that differ in more have nothing to align.
const editsMost = 600

// edit is a run of pieces that are in both texts, in the first only, or in the second only.
type edit struct {
	kind byte // ' ', '-', '+'
	a, b int  // where it starts in each
	n    int
}

// align returns the shortest way from a to b, removals before additions, and whether it is the shortest: texts that differ
// in more than most pieces are only matched from both ends.
//
// It is the greedy algorithm of Myers (1986): v[k] is how far a path with d edits gets on the diagonal a-b = k.
func align(a, b []int32, most int) (edits []edit, whole bool) {
	pre := 0
	for pre < len(a) && pre < len(b) && a[pre] == b[pre] {
		pre++
	}
	post := 0
	for post < len(a)-pre && post < len(b)-pre && a[len(a)-1-post] == b[len(b)-1-post] {
		post++
	}
	edits = run(edits, ' ', 0, 0, pre)
	x, y := a[pre:len(a)-post], b[pre:len(b)-post]
	middle, whole := shortest(x, y, most)
	if !whole {
		middle = run(run(nil, '-', 0, 0, len(x)), '+', len(x), 0, len(y))
	}
	for _, e := range middle {
		edits = run(edits, e.kind, e.a+pre, e.b+pre, e.n)
	}
	return run(edits, ' ', len(a)-post, len(b)-post, post), whole
}

// run adds n pieces, to the last run where they go on with it.
func run(edits []edit, kind byte, a, b, n int) []edit {
	if n == 0 {
		return edits
	}
	if k := len(edits); k > 0 && edits[k-1].kind == kind {
		edits[k-1].n += n
		return edits
	}
	return append(edits, edit{kind, a, b, n})
}

func shortest(a, b []int32, most int) ([]edit, bool) {
	n, m := len(a), len(b)
	most = min(most, n+m)
	v := make([]int32, 2*most+3) // v[most+1+k]
	mid := most + 1
	var trace [][]int32 // v[mid-d..mid+d] before step d
	for d := 0; d <= most; d++ {
		trace = append(trace, append([]int32(nil), v[mid-d:mid+d+1]...))
		for k := -d; k <= d; k += 2 {
			x := int(v[mid+k-1]) + 1 // a removal
			if k == -d || k != d && v[mid+k-1] < v[mid+k+1] {
				x = int(v[mid+k+1]) // an addition
			}
			for x < n && x-k < m && a[x] == b[x-k] {
				x++
			}
			v[mid+k] = int32(x)
			if k == n-m && x >= n {
				return back(trace, n, m), true
			}
		}
	}
	return nil, false
}

// back walks from the end to the beginning along what was remembered, and returns the way in order.
func back(trace [][]int32, x, y int) []edit {
	var steps []edit // backwards, of one kind each
	for d := len(trace) - 1; d >= 0; d-- {
		k := x - y
		px, py := 0, 0
		if d > 0 {
			v := trace[d] // v[d+k]
			pk := k - 1
			if k == -d || k != d && v[d+k-1] < v[d+k+1] {
				pk = k + 1
			}
			px = int(v[d+pk])
			py = px - pk
			sx, sy := px+1, py // where the snake of this step starts
			kind := byte('-')
			if pk == k+1 {
				sx, sy, kind = px, py+1, '+'
			}
			steps = append(steps, edit{' ', sx, sy, x - sx}, edit{kind, px, py, 1})
		} else {
			steps = append(steps, edit{' ', 0, 0, x})
		}
		x, y = px, py
	}
	return order(steps)
}

// order turns the steps round and puts the removals of every change before its additions.
func order(steps []edit) []edit {
	var out []edit
	var a, b, removed, added int
	change := func() {
		out = run(out, '-', a, b, removed)
		out = run(out, '+', a+removed, b, added)
		a, b, removed, added = a+removed, b+added, 0, 0
	}
	for i := len(steps) - 1; i >= 0; i-- {
		switch e := steps[i]; {
		case e.n == 0:
		case e.kind == '-':
			removed++
		case e.kind == '+':
			added++
		default:
			change()
			out = run(out, ' ', a, b, e.n)
			a, b = a+e.n, b+e.n
		}
	}
	change()
	return out
}
