package curate

import (
	"cmp"
	"context"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
)

var selections = []string{"s1-code", "s1-paper", "random", "diverse", "longest", "full"}

const (
	gpqa = "Idavidrein/gpqa"
	aime = "qq8933/AIME_1983_2024"
)

// first says whether s1 takes a row before any draw: a right attempt at a GPQA or AIME question, or at a MATH one that took long.
func (s Select) first(row *Row) bool {
	if !flag(row, s.Correct) {
		return false
	}
	return row.SourceType == gpqa || row.SourceType == aime || strings.Contains(row.SourceType, "openaimath") && s.length(row) > s.LongMath
}

// length is in tokens where they were counted, else in words.
func (s Select) length(row *Row) float64 {
	if n, ok := number(row, s.Length); ok {
		return n
	}
	n, _ := number(row, "trace_words")
	return n
}

// candidate is what the draw needs of a row.
type candidate struct {
	length    float64
	domain    int32 // its place among the names
	first     bool
	benchmark benchmark
}

// benchmark is one of those whose domains weigh in the draw.
type benchmark uint8

const (
	none benchmark = iota
	fromGPQA
	fromAIME
)

// candidates are small, since they are of all rows.
type candidates struct {
	rows    []candidate
	domains []string
	place   map[string]int32 // in domains
}

func (c *candidates) add(s Select, row *Row) {
	one := candidate{length: s.length(row), first: s.first(row)}
	switch row.SourceType {
	case gpqa:
		one.benchmark = fromGPQA
	case aime:
		one.benchmark = fromAIME
	}
	name := word(row, "domain")
	at, ok := c.place[name]
	if !ok {
		if c.place == nil {
			c.place = map[string]int32{}
		}
		at = int32(len(c.domains)) //nolint:gosec // at most one a row
		c.domains, c.place[name] = append(c.domains, name), at
	}
	one.domain = at
	c.rows = append(c.rows, one)
}

// decide keeps the chosen rows and says of each by what it came in, and drops the others.
func (s Select) decide(ctx context.Context, rows *Rows, seed uint64, say func(int, Decision)) error {
	all := &candidates{rows: make([]candidate, 0, rows.Len())}
	if err := rows.Each(ctx, func(_ int, row *Row) error { all.add(s, row); return nil }); err != nil {
		return err
	}
	for i, how := range s.choose(all, seed) {
		if how == "" {
			say(i, Decision{Rule: "not-drawn", Detail: s.Kind})
		} else {
			say(i, Decision{Features: map[string]any{"selected": how}})
		}
	}
	return nil
}

// choose gives for each row how it was chosen, "" = not. Rows kept by hand are none of these: they come on top.
func (s Select) choose(all *candidates, seed uint64) []string {
	rows := all.rows
	how := make([]string, len(rows))
	rng := rand.New(rand.NewPCG(seed, 0x73656c656374)) // "select"
	switch s.Kind {
	case "full":
		for i := range how {
			how[i] = "full"
		}
	case "random":
		for _, i := range rng.Perm(len(rows))[:min(s.N, len(rows))] {
			how[i] = "random"
		}
	case "longest":
		order := make([]int, len(rows))
		for i := range order {
			order[i] = i
		}
		slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(rows[b].length, rows[a].length) })
		for _, i := range order[:min(s.N, len(rows))] {
			how[i] = "longest"
		}
	default:
		s.draw(newUrn(s, all, rng), how)
	}
	return how
}

// draw is Algorithm 1 with what the notebook adds to it.
func (s Select) draw(u *urn, how []string) {
	n := 0
	if s.Kind != "diverse" {
		for i, row := range u.rows {
			if row.first {
				how[i] = "first"
				n++
			}
		}
		if s.Kind == "s1-paper" { // the notebook leaves them in, where drawing one again only wastes a draw
			u.without(how)
		}
	}
	for n < s.N && len(u.domains) > 0 {
		by := "uniform"
		d, ok := "", false
		if s.Kind == "s1-code" && n >= s.Uniform {
			by = "benchmark"
			d, ok = u.weighted()
		}
		if !ok { // also when no domain of the benchmarks has a row left
			by, d = "uniform", u.uniform()
		}
		i := u.take(d)
		if how[i] == "" {
			how[i] = by
			n++
		}
	}
}

// urn holds what can still be drawn.
type urn struct {
	rng     *rand.Rand
	rows    []candidate
	even    bool             // within a domain every row is as likely
	domains []string         // sorted; those with a row left
	bucket  map[string][]int // places in rows, longest first
	weight  map[string]int   // s1-code: of the domains of the benchmarks
}

func newUrn(s Select, all *candidates, rng *rand.Rand) *urn {
	rows := all.rows
	u := &urn{rng: rng, rows: rows, even: s.Kind == "diverse", bucket: map[string][]int{}, weight: map[string]int{}}
	g, a := map[string]int{}, map[string]int{}
	var gs, as int
	for i, row := range rows {
		d := all.domains[row.domain]
		u.bucket[d] = append(u.bucket[d], i)
		switch row.benchmark {
		case fromGPQA:
			g[d]++
			gs++
		case fromAIME:
			a[d]++
			as++
		case none:
		}
	}
	for d, list := range u.bucket {
		u.domains = append(u.domains, d)
		// Of equal lengths the later row has the better rank, as argsort of argsort turned round gives it.
		slices.SortFunc(list, func(x, y int) int {
			return cmp.Or(cmp.Compare(rows[y].length, rows[x].length), cmp.Compare(y, x))
		})
		w := a[d]
		if gs > 0 {
			w += int(float64(g[d]) * 0.5 * float64(as) / float64(gs))
		}
		if w > 0 {
			u.weight[d] = w
		}
	}
	slices.Sort(u.domains)
	return u
}

func (u *urn) without(how []string) {
	for _, d := range slices.Clone(u.domains) {
		u.bucket[d] = slices.DeleteFunc(u.bucket[d], func(i int) bool { return how[i] != "" })
		u.drop(d)
	}
}

// drop forgets a domain that is empty.
func (u *urn) drop(d string) {
	if len(u.bucket[d]) == 0 {
		u.domains = slices.DeleteFunc(u.domains, func(x string) bool { return x == d })
		delete(u.weight, d)
	}
}

func (u *urn) uniform() string { return u.domains[u.rng.IntN(len(u.domains))] }

func (u *urn) weighted() (string, bool) {
	total := 0
	for _, w := range u.weight {
		total += w
	}
	if total == 0 {
		return "", false
	}
	at := u.rng.IntN(total)
	for _, d := range u.domains {
		if at -= u.weight[d]; at < 0 {
			return d, true
		}
	}
	return "", false
}

// take draws a row of a domain, of rank r with a probability proportional to 2^-r, and removes it.
func (u *urn) take(d string) int {
	list := u.bucket[d]
	k := 0
	if u.even {
		k = u.rng.IntN(len(list))
	} else {
		v := u.rng.Float64() * -math.Expm1(-float64(len(list))*math.Ln2) // below 1 - 2^-n
		k = min(int(-math.Log2(1-v)), len(list)-1)
	}
	i := list[k]
	u.bucket[d] = slices.Delete(list, k, k+1)
	u.drop(d)
	return i
}
