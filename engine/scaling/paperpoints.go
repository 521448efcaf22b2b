package scaling

// What the paper reports (arXiv 2501.19393v3), to stand beside what is measured here.

// Published is one row of its table 3, on AIME24, with the points it comes from.
type Published struct {
	Name                          string
	Control, Scaling, Performance float64 // as printed
	Points                        []XY    // of Scaling
	Within                        []bool  // of Control: what was asked for was kept
	Best                          []XY    // of Performance
}

// Table3 is the paper's table of methods. Points are those of its tables 12 to 14 and, where a method has only a figure, of that
// figure's vector drawing, whose tick marks are exact to 0.3 points.
func Table3() []Published {
	within := func(points []XY, limits ...float64) (w []bool) {
		for i, p := range points {
			w = append(w, p.Tokens <= limits[i])
		}
		return w
	}
	right := func(of30 int) float64 { return float64(of30) / 30 * 100 } // the tables round it
	bf := []XY{{500, right(0)}, {1000, right(4)}, {2000, right(9)}, {3933, right(13)}, {5300, right(15)}, {6657, right(16)}, {7319, right(17)}}
	tcc := []XY{{7939, right(8)}, {7158, right(9)}, {8263, right(10)}, {7108, right(10)}, {7500, right(12)}}
	tccBF := []XY{{1024, right(1)}, {2048, right(9)}, {4031, right(10)}, {5664, right(10)}, {6330, right(12)}}
	scc := []XY{{7252, right(10)}, {6277, right(7)}, {5396, right(10)}, {5552, right(11)}, {7551, right(10)}}
	sccBF := []XY{{1517, right(7)}, {2963, right(7)}, {4636, right(10)}, {5409, right(11)}, {7551, right(10)}}
	ccc := []XY{{8033, right(9)}, {9651, right(11)}}
	rs := []XY{{2974, right(12)}, {3703, right(11)}, {4344, right(10)}, {4734, right(9)}, {5193, right(8)}, {5293, right(7)}}
	const asUsual = 6109 // thinking tokens of CCC's default: short must be below, long above
	all := []bool{true, true, true, true, true}
	return []Published{
		{"BF", 100, 15, 56.7, bf, all, bf},
		{"TCC", 40, -24, 40.0, tcc, within(tcc, 1024, 2048, 4096, 8192, 16384), tcc},
		{"TCC + BF", 100, 13, 40.0, tccBF, within(tccBF, 1024, 2048, 4096, 8192, 16384), tccBF},
		{"SCC", 60, 3, 36.7, scc, within(scc, 1600, 3200, 6400, 12800, 25600), scc}, // 100 tokens a step
		{"SCC + BF", 100, 6, 36.7, sccBF, within(sccBF, 1600, 3200, 6400, 12800, 25600), sccBF},
		{"CCC", 50, 25, 36.7, ccc, []bool{ccc[0].Tokens < asUsual, ccc[1].Tokens > asUsual}, ccc},
		{"RS", 100, -35, 40.0, rs[1:], all, rs}, // the slope is of the five runs from a limit of 4,000 on, the best is of the one of 3,500
	}
}
