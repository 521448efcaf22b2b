package grade

import (
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"
)

// nearMiss changes an answer so that it is wrong, or returns "".
type nearMiss struct {
	name   string
	mutate func(gold string, r *rand.Rand) string
}

var (
	pairOf   = regexp.MustCompile(`^(\\left)? ?[(\[]([^()\[\]]*),([^()\[\],]*)(\\right)? ?[)\]]$`)
	brackets = regexp.MustCompile(`[\[\]()]`)
	inBase   = regexp.MustCompile(`_\{?(\d)\}?$`)
)

func nearMisses() []nearMiss {
	return []nearMiss{
		{"sign", func(gold string, _ *rand.Rand) string {
			if n, err := read(gold, true); err != nil || !n.scalar() || n.kind == kBase || n.kind == kNum && n.num.Sign() == 0 || strings.ContainsAny(gold, `$`) {
				return ""
			}
			if rest, ok := strings.CutPrefix(gold, "-"); ok {
				return rest
			}
			return "-" + gold
		}},
		{"all signs", func(gold string, _ *rand.Rand) string { // a+b for a-b
			if n, err := read(gold, true); err != nil || hasText(n) || !strings.ContainsAny(gold[1:], "+-") || strings.Contains(gold, "infty") {
				return ""
			}
			return gold[:1] + strings.Map(func(r rune) rune {
				switch r {
				case '+':
					return '-'
				case '-':
					return '+'
				}
				return r
			}, gold[1:])
		}},
		{"digit", func(gold string, r *rand.Rand) string {
			var at []int
			for i := range len(gold) {
				if isDigit(gold[i]) {
					at = append(at, i)
				}
			}
			if len(at) == 0 || strings.Contains(gold, "mbox") {
				return ""
			}
			b := []byte(gold)
			i := at[r.IntN(len(at))]
			b[i] = '0' + (b[i]-'0'+byte(1+r.IntN(9)))%10
			return string(b)
		}},
		{"swapped tuple", func(gold string, _ *rand.Rand) string {
			m := pairOf.FindStringSubmatch(gold)
			if m == nil || strings.TrimSpace(m[2]) == strings.TrimSpace(m[3]) || strings.Contains(gold, "infty") {
				return ""
			}
			open, shut := "(", ")"
			if strings.Contains(gold, "[") {
				open = "["
			}
			if strings.Contains(gold, "]") {
				shut = "]"
			}
			return open + m[3] + "," + m[2] + shut
		}},
		{"open against closed", func(gold string, r *rand.Rand) string {
			n, err := read(gold, true)
			if err != nil || n.kind != kGroup && n.kind != kUnion || len(n.args) != 2 || strings.Contains(gold, "infty") {
				return ""
			}
			all := brackets.FindAllStringIndex(gold, -1)
			b := []byte(gold)
			i := all[r.IntN(len(all))][0]
			b[i] = map[byte]byte{'(': '[', '[': '(', ')': ']', ']': ')'}[b[i]]
			return string(b)
		}},
		{"wrong base", func(gold string, _ *rand.Rand) string {
			m := inBase.FindStringSubmatch(gold)
			if m == nil {
				return ""
			}
			return gold[:len(gold)-len(m[0])] + "_" + string('2'+(m[1][0]-'2'+1)%8)
		}},
	}
}

// leastRejected is the share of near-misses that must not be graded correct.
const leastRejected = 0.99

func TestNearMissesAreRejected(t *testing.T) {
	golds := rows[struct{ Answer string }](t, "math500.jsonl")
	for _, m := range nearMisses() {
		r := rand.New(rand.NewPCG(1, 2))
		n, rejected := 0, 0
		for range 4 {
			for _, g := range golds {
				wrong := m.mutate(g.Answer, r)
				if wrong == "" || wrong == g.Answer {
					continue
				}
				n++
				v := Grade(`\boxed{`+wrong+"}", g.Answer, Default())
				if v.Verdict != Correct {
					rejected++
					continue
				}
				t.Logf("%s: %q is taken for %q (%s)", m.name, wrong, g.Answer, v.Rule)
			}
		}
		t.Logf("%s: %d of %d rejected", m.name, rejected, n)
		if n == 0 || float64(rejected) < leastRejected*float64(n) {
			t.Errorf("%s: %d of %d near-misses rejected, want at least %.0f %%", m.name, rejected, n, 100*leastRejected)
		}
	}
}
