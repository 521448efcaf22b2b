package tape

import "math/big"

// Textbook is the value of the problem where * and / go before + and -,: 14 for 2+3*4, whose answer on the tape is
// 20. A division need not come out even there, so that it is a fraction: 7/2.
func (p Problem) Textbook() *big.Rat {
	sum, term := new(big.Rat), new(big.Rat).SetInt64(int64(p.Start))
	for _, o := range p.Ops {
		n := new(big.Rat).SetInt64(int64(o.Arg))
		switch o.Kind {
		case '*':
			term.Mul(term, n)
		case '/':
			if o.Arg != 0 {
				term.Quo(term, n)
			}
		case '-':
			sum.Add(sum, term)
			term = n.Neg(n)
		default:
			sum.Add(sum, term)
			term = n
		}
	}
	return sum.Add(sum, term)
}
