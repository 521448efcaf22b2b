package explore

import (
	"math"
	"math/rand/v2"
	"testing"

	"s1/engine/trace"
)

// A thought grows token by token, and guesses of any length are made whenever there is room for one. At every moment what they
// cost is within the share, but for the first one alone; and no guess is left out that had fitted.
func TestAnAllowanceIsNeverExceededAndNeverLeftUnused(t *testing.T) {
	t.Parallel()
	over, guesses := 0, 0
	for seed := range uint64(4000) {
		r := rand.New(rand.NewPCG(seed, 5))
		a := allowance{share: []float64{0.01, 0.07, 0.1, 0.29, 0.5, 1, 3}[r.IntN(7)], most: 1 + r.IntN(40), fed: 1 + r.IntN(12)}
		if r.IntN(4) == 0 {
			a.extra, a.begun = 1+r.IntN(60), true
		}
		limit := -1
		if r.IntN(2) == 0 {
			limit = 1 + r.IntN(400)
		}
		usual, made, first := 1+r.IntN(30), 0, 0
		if a.begun {
			first = a.extra
		}
		for spent := 1 + r.IntN(300); spent < 1200 && (limit < 0 || spent <= limit); spent++ {
			early := made > 0 && spent < a.due()
			room := a.room(spent, limit)
			if early && room > 0 || made > 0 && !early && room == 0 {
				t.Fatalf("seed %d: room %d at %d, due at %d: %+v", seed, room, spent, a.due(), a)
			}
			if room > 0 {
				long := r.IntN(2 * usual)
				g := trace.Guess{Spent: spent, Tokens: min(long, room), Cut: long >= room, Fed: 1 + r.IntN(a.fed)}
				if g.Tokens > a.most {
					t.Fatalf("seed %d: %d tokens of at most %d", seed, g.Tokens, a.most)
				}
				if !a.begun {
					first = g.Extra()
					if most := max(a.of(max(spent, limit)), a.fed+min(firstAnswer, a.most)); first > most {
						t.Fatalf("seed %d: the first guess cost %d of %d", seed, first, most)
					}
				}
				a.spend(&g, limit)
				if r.IntN(10) > 0 { // else it came to nothing
					a.answered(g.Tokens, g.Cut)
				}
				made++
				guesses++
			}
			if a.extra > first && float64(a.extra) > a.share*float64(spent) {
				t.Fatalf("seed %d: %d extra tokens at %d thinking tokens: %+v", seed, a.extra, spent, a)
			}
			if a.begun && float64(a.extra) > a.share*float64(spent) {
				over++
			}
		}
	}
	if over == 0 || guesses < 20000 {
		t.Errorf("%d guesses, %d moments over: the test does not test it", guesses, over)
	}
}

func TestAnAllowanceOfAnySizeHasADueToken(t *testing.T) {
	t.Parallel()
	for _, share := range []float64{math.SmallestNonzeroFloat64, 1e-12, 1e-9, 0.1, 1, 1e9, math.MaxFloat64} {
		for _, extra := range []int{0, 1, 1 << 20} {
			a := allowance{share: share, most: 1 << 30, fed: 3, extra: extra, begun: true}
			if at := a.due(); at < 1 || at < math.MaxInt32 && a.room(at, -1) < 1 || at > 1 && a.room(at-1, -1) > 0 {
				t.Errorf("share %g, %d spent: due at %d, room %d", share, extra, at, a.room(at, -1))
			}
		}
	}
}

// The case that was 32 of 160 tokens: answers of 16 tokens and a close of 4, a tenth, a cap of 160.
func TestALongAnswerInAShortThoughtIsGuessedOnceAndWithinItsCapsTenth(t *testing.T) {
	t.Parallel()
	a := allowance{share: 0.1, most: 16, fed: 4}
	if room := a.room(1, 160); room != 12 {
		t.Fatalf("the first guess has room for %d tokens, want 12", room)
	}
	a.spend(&trace.Guess{Tokens: 12, Fed: 4}, 160)
	a.answered(12, true)
	for spent := range 161 {
		if room := a.room(spent, 160); room > 0 {
			t.Errorf("another guess of %d tokens at %d", room, spent)
		}
	}
	if at := a.due(); at != 360 { // 16 spent, 4 + 16 more
		t.Errorf("the next is due at %d, want 360", at)
	}
}
