package estimate

import (
	"fmt"
	"strings"
)

// rowStep is what a proposed number of rows is a multiple of, where the longest document allows it.
const rowStep = 64

// TooLargeError says that a plan does not fit, and what makes it fit. Its text is one sentence.
type TooLargeError struct {
	Need Estimate
	Free int64
	// Remedies are to be taken together; they are ordered from the cheapest. With all of them the plan needs Then bytes,
	// which may still be too much.
	Remedies []string
	Then     int64
	// Ways are all remedies, each alone, from the cheapest; where none of them is enough and several are known, Remedies together
	// stand last.
	Ways []Remedy
}

// Remedy is one thing to change, and the bytes that the plan would need with it.
type Remedy struct {
	Words string
	Then  int64
}

// together puts what it takes behind the ways, where none of them is enough alone.
func (e *TooLargeError) together() {
	for _, w := range e.Ways {
		if w.Then <= e.Free {
			return
		}
	}
	if len(e.Remedies) > 1 {
		e.Ways = append(e.Ways, Remedy{strings.Join(e.Remedies, " and "), e.Then})
	}
}

func (e *TooLargeError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "training needs about %s (%s), but %s of memory is free", Bytes(e.Need.Total()), e.Need, Bytes(e.Free))
	switch {
	case len(e.Remedies) == 0:
		b.WriteString("; take a smaller model, or a machine with more memory")
	case e.Then > e.Free:
		fmt.Fprintf(&b, "; even with %s it needs %s: take a smaller model, or a machine with more memory", strings.Join(e.Remedies, " and "), Bytes(e.Then))
	default:
		fmt.Fprintf(&b, "; it fits (%s) with %s", Bytes(e.Then), strings.Join(e.Remedies, " and "))
	}
	return b.String()
}

// Check compares a plan with the free memory; too much is a *TooLargeError.
func Check(p Plan, free int64) error {
	need := Of(p)
	if need.Total() <= free {
		return nil
	}
	e := &TooLargeError{Need: need, Free: free, Then: need.Total()}
	least := p.Program.Rows
	if p.LeastRows > 0 {
		least = min(least, p.LeastRows)
	}
	for _, c := range p.changes() {
		rows := p.Program.Rows
		if p.at(rows, c).Total() > free {
			rows = p.fit(least, free, c)
		}
		e.Remedies, e.Then = p.words(rows, c), p.at(rows, c).Total()
		if e.Then <= free {
			break
		}
	}
	if least < p.Program.Rows {
		rows := p.fit(least, free, change{})
		e.Ways = append(e.Ways, Remedy{strings.Join(p.words(rows, change{}), ""), p.at(rows, change{}).Total()})
	}
	for _, c := range p.changes()[1:] {
		if c != (change{recompute: true, lora: true}) {
			e.Ways = append(e.Ways, Remedy{strings.Join(p.words(p.Program.Rows, c), ""), p.at(p.Program.Rows, c).Total()})
		}
	}
	e.together()
	return e
}

// changes are what can be done besides fewer rows, cheapest first: nothing; a second forward pass, a third more time; adapters
// in place of the weights, which is another training.
func (p Plan) changes() []change {
	out := []change{{}}
	if p.RecomputedRowBytes > 0 {
		out = append(out, change{recompute: true})
	}
	if p.CanLoRA {
		out = append(out, change{lora: true})
	}
	if p.RecomputedRowBytes > 0 && p.CanLoRA {
		out = append(out, change{recompute: true, lora: true})
	}
	return out
}

// fit is the most rows that fit, but never fewer than least.
func (p Plan) fit(least int, free int64, c change) int {
	low, high := least, p.Program.Rows // low: fits, or is the least
	for low < high {
		middle := low + (high-low+1)/2
		if p.at(middle, c).Total() <= free {
			low = middle
		} else {
			high = middle - 1
		}
	}
	return max(least, low/rowStep*rowStep)
}

func (p Plan) words(rows int, c change) []string {
	var out []string
	if rows < p.Program.Rows {
		out = append(out, fmt.Sprintf("micro_tokens = %d in place of %d (the same steps in more pieces)", rows, p.Program.Rows))
	}
	if c.recompute {
		out = append(out, "gradient checkpointing (about a third slower)")
	}
	if c.lora {
		out = append(out, "LoRA (adapters are trained, the weights stay)")
	}
	return out
}

// String lists the classes, those of no size left out.
func (e Estimate) String() string {
	var parts []string
	for _, c := range e.Classes() {
		parts = append(parts, c.Name+" "+Bytes(c.Bytes))
	}
	return strings.Join(parts, ", ")
}

// Bytes is a size for people, in decimal units.
func Bytes(n int64) string {
	switch {
	case n < 1e6:
		return fmt.Sprintf("%d kB", (n+999)/1000)
	case n < 1e9:
		return fmt.Sprintf("%.0f MB", float64(n)/1e6)
	}
	return fmt.Sprintf("%.1f GB", float64(n)/1e9)
}
