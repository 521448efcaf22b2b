package ask

import (
	"fmt"
	"strings"
)

const domainSystem = "You sort questions into fields of mathematics and science. Below the question stand the fields, each with a code of two digits. " +
	"Choose the one that fits best. Say why in a sentence or two, then write one last line that ends with the code."

// fields are the two-digit codes of the Mathematics Subject Classification with what belongs there, in our words.
const fields = `03 logic, set theory, computability
05 counting, graphs, combinatorial designs
06 orders and lattices
08 general algebraic systems
11 integers, primes, Diophantine equations
12 fields and polynomials
13 commutative rings
14 curves and varieties
15 matrices and linear algebra
16 rings that need not commute
17 Lie algebras and other rings without associativity
18 categories and homological algebra
19 K-theory
20 groups
22 topological groups and Lie groups
26 functions of real variables, calculus, inequalities
28 measure and integration
30 functions of one complex variable
31 potentials and harmonic functions
32 several complex variables
33 special functions
34 ordinary differential equations
35 partial differential equations
37 dynamical systems
39 difference and functional equations
40 sequences and series
41 approximation
42 Fourier analysis
43 abstract harmonic analysis
44 integral transforms
45 integral equations
46 functional analysis
47 operators
49 calculus of variations, optimal control
51 geometry
52 convex and discrete geometry
53 differential geometry
54 general topology
55 algebraic topology
57 manifolds
58 analysis on manifolds
60 probability
62 statistics
65 numerical methods
68 computing, algorithms, programs
70 mechanics of particles and systems
74 deformable solids
76 fluids
78 optics and electromagnetism
80 heat and thermodynamics
81 quantum theory
82 statistical mechanics, structure of matter
83 relativity and gravitation
85 astronomy and astrophysics
86 geophysics
90 operations research, programming
91 games, economics, social and behavioural questions
92 biology, chemistry and other natural sciences
93 systems and control
94 information, communication, circuits
97 teaching of mathematics`

func rubric() string { return fields }

// domainIn reads the code at the end of a reply. One that is not in the list is no answer.
func domainIn(text string) (string, error) {
	line := strings.TrimRight(lastLine(text), ".*` ")
	code := line[max(0, len(line)-2):]
	for f := range strings.SplitSeq(fields, "\n") {
		if f[:2] == code {
			return code, nil
		}
	}
	return "", fmt.Errorf("the last line is %.60q and ends with none of the codes", line)
}
