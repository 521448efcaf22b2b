package grade

// matrices compares a matrix with an expression of matrices: sums, differences, products, multiples, one level at a time.
func (g *grader) matrices(p, w *node) decision {
	a, okA := g.matrixOf(p, 0)
	b, okB := g.matrixOf(w, 0)
	if !okA || !okB || a.cols != b.cols || len(a.args) != len(b.args) || a.name != b.name {
		return decision{different, "type", "a matrix is compared with something else"}
	}
	return g.each(a.args, b.args, "matrix")
}

// mostMatrix bounds the entries of a matrix that is calculated.
const mostMatrix = 64

// matrixOf is the matrix that n comes to, its entries as expressions.
func (g *grader) matrixOf(n *node, depth int) (*node, bool) {
	if !g.work.spend(10) || depth > 8 {
		return nil, false
	}
	switch n.kind {
	case kMatrix:
		return n, len(n.args) <= mostMatrix
	case kNeg:
		m, ok := g.matrixOf(n.args[0], depth+1)
		if !ok {
			return nil, false
		}
		return m.map1(func(e *node) *node { return of(kNeg, e) }), true
	case kDiv:
		m, ok := g.matrixOf(n.args[0], depth+1)
		if !ok || !n.args[1].scalar() {
			return nil, false
		}
		return m.map1(func(e *node) *node { return of(kDiv, e, n.args[1]) }), true
	case kAdd, kMul:
		var sum *node
		for _, a := range n.args {
			m, ok := g.matrixOf(a, depth+1)
			if !ok && (n.kind == kAdd || !a.scalar() || a.has(func(m *node) bool { return m.kind == kMatrix })) {
				return nil, false
			}
			if !ok {
				m = a
			}
			if sum == nil {
				sum = m
				continue
			}
			if sum, ok = combine(n.kind, sum, m); !ok {
				return nil, false
			}
		}
		return sum, sum.kind == kMatrix
	}
	return nil, false
}

func (n *node) map1(f func(*node) *node) *node {
	m := *n
	m.args = make([]*node, len(n.args))
	for i, a := range n.args {
		m.args[i] = f(a)
	}
	return &m
}

// combine adds two matrices, or multiplies two of which one may be a scalar.
func combine(k kind, a, b *node) (*node, bool) {
	switch {
	case k == kMul && a.kind != kMatrix && b.kind != kMatrix:
		return product(a, b), true
	case k == kMul && a.kind != kMatrix:
		return b.map1(func(e *node) *node { return product(a, e) }), true
	case k == kMul && b.kind != kMatrix:
		return a.map1(func(e *node) *node { return product(e, b) }), true
	case k == kAdd:
		if a.cols != b.cols || len(a.args) != len(b.args) {
			return nil, false
		}
		m := *a
		m.args = make([]*node, len(a.args))
		for i := range a.args {
			m.args[i] = of(kAdd, a.args[i], b.args[i])
		}
		return &m, true
	}
	rows, inner := len(a.args)/a.cols, a.cols
	if len(b.args)/b.cols != inner || rows*b.cols > mostMatrix {
		return nil, false
	}
	m := &node{kind: kMatrix, name: a.name, cols: b.cols}
	for r := range rows {
		for c := range b.cols {
			cell := of(kAdd)
			for k := range inner {
				cell.args = append(cell.args, product(a.args[r*inner+k], b.args[k*b.cols+c]))
			}
			m.args = append(m.args, cell)
		}
	}
	return m, true
}
