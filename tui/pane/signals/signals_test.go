package signals_test

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/charmbracelet/x/ansi"

	"s1/engine/trace"
	"s1/tui/pane/signals"
	"s1/tui/plot"
	"s1/tui/theme"
	"s1/tui/tuitest"
)

var nan = float32(math.NaN())

func series(n int, f func(int) float32) *plot.Series {
	s := &plot.Series{}
	for i := range n {
		s.Append(f(i))
	}
	return s
}

func guesses(list ...string) []trace.Guess {
	var out []trace.Guess
	for i, a := range list {
		v := trace.VerdictWrong
		if a == "79" {
			v = trace.VerdictRight
		}
		out = append(out, trace.Guess{At: 20 * i, Spent: 20 * i, Answer: a, Prob: .94, Verdict: v, Tokens: 4, Every: 20})
	}
	return out
}

// pane is a thought of 240 tokens with a peak at 80, where it wished to stop, and a forced close.
func pane(o theme.Options) *signals.Pane {
	peak := func(i int) float32 {
		if i == 80 {
			return 1
		}
		return float32(i%10) / 100
	}
	return &signals.Pane{
		Theme: theme.New(o), Cursor: 120,
		Entropy: series(240, func(i int) float32 { return 3.2 * peak(i) }), EndProb: series(240, peak),
		Marks:  []signals.Mark{{At: 80, Role: theme.Wish}, {At: 81, Role: theme.Accent}, {At: 230, Role: theme.Warn}},
		Forced: true, Nats: 7.31, Guesses: guesses("185", "185", "185", "246", "84", "84", "84", "84", "79", "79"),
		Extra: 22, Spent: 240, Share: .1, Ticking: true, Expected: "79",
	}
}

func plain(p *signals.Pane, w, h int) string { return ansi.Strip(strings.Join(p.Render(w, h), "\n")) }

func TestFrames(t *testing.T) {
	t.Parallel()
	for _, o := range tuitest.Profiles() {
		tuitest.GoldenSizes(t, "signals", o, pane(o).Render)
		p := pane(o)
		p.Tail, p.Forced, p.Repeats, p.Guesses, p.Cursor = true, false, "the last 24 tokens came 3 times", nil, -1
		tuitest.GoldenSizes(t, "running", o, p.Render)
	}
}

func TestItSaysWhatTheThoughtGaveAway(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		do   func(p *signals.Pane)
		want []string
		not  []string
	}{
		{"all of it", func(*signals.Pane) {}, []string{
			"0 to 3.20 nats", "0 to 1", "at token 120", "the forced close cost 7.3 nats", "185 x3 · 246 · 84 x4 · 79 x2  p .94  right",
			"10 guesses, 3 flips, stayed 2, every 20 tokens, extra 22 of 240 tokens (9.2 %)",
		}, []string{"NaN"}},
		{"closed by itself", func(p *signals.Pane) { p.Forced = false }, nil, []string{"forced", "nats;"}},
		{"a close of an unknown price", func(p *signals.Pane) { p.Nats = nan }, []string{"cost unknown nats"}, []string{"NaN"}},
		{"it repeats itself", func(p *signals.Pane) { p.Repeats = "the same 24 tokens" }, []string{"the same 24 tokens"}, nil},
		{"no ticker", func(p *signals.Pane) { p.Guesses, p.Ticking = nil, false }, nil, []string{"answer", "guess"}},
		{"a ticker that begins", func(p *signals.Pane) { p.Guesses = nil }, []string{"the first guess is on its way"}, nil},
		{"one guess", func(p *signals.Pane) { p.Guesses = guesses("79") }, []string{"1 guess, 0 flips, stayed 1"}, nil},
		{"a first guess that is over the budget", func(p *signals.Pane) { p.Guesses, p.Extra, p.Spent = guesses("79"), 6, 41 }, []string{"1 guess, 0 flips, the next at 20, extra 6 of 41 tokens (15 %, the first alone is over 10 %)"}, nil},
		{"no other before the cap", func(p *signals.Pane) { p.Cap = 199 }, []string{"no other before the cap, extra 22"}, []string{"every"}},
		{"a cap with room", func(p *signals.Pane) { p.Cap = 200 }, []string{"every 20 tokens"}, []string{"no other"}},
		{"just within", func(p *signals.Pane) { p.Extra = 24 }, []string{"extra 24 of 240 tokens (10 %)"}, []string{"over"}},
		{"just over", func(p *signals.Pane) { p.Extra, p.Spent = 241, 2400 }, []string{"extra 241 of 2400 tokens (11 %, the first alone is over 10 %)"}, nil},
		{"one flip, and no answer", func(p *signals.Pane) { p.Guesses = guesses("79", "") }, []string{"79 · none", "1 flip,"}, nil},
		{"an unknown probability", func(p *signals.Pane) { p.Guesses[9].Prob = nan }, []string{"79 x2  p unknown"}, []string{"NaN"}},
		{"gaps", func(p *signals.Pane) {
			p.Entropy = series(50, func(i int) float32 { return []float32{nan, 2}[i%2] })
		}, []string{"0 to 2.00 nats", " █ █ █"}, []string{"NaN"}},
		{"nothing but gaps", func(p *signals.Pane) { p.Entropy = series(500, func(int) float32 { return nan }) }, []string{"0 to 0.05 nats"}, []string{"NaN"}},
		{"infinity", func(p *signals.Pane) {
			p.Entropy = series(50, func(i int) float32 { return float32(math.Inf(1 - i%2*2)) })
		}, []string{"0 to 0.05 nats", "█▁█▁"}, []string{"Inf"}},
		{"one curve only", func(p *signals.Pane) { p.EndProb = nil }, []string{"0 to 3.20 nats"}, nil},
		{"nothing yet", func(p *signals.Pane) { p.Entropy, p.Empty = nil, "signals stand here once it thinks" }, []string{"signals stand here once it thinks"}, []string{"entropy"}},
	} {
		p := pane(theme.Options{})
		c.do(p)
		got := plain(p, 110, 10)
		for _, w := range c.want {
			if !strings.Contains(got, w) {
				t.Errorf("%s: %q is missing in\n%s", c.name, w, got)
			}
		}
		for _, w := range c.not {
			if strings.Contains(got, w) {
				t.Errorf("%s: %q is in\n%s", c.name, w, got)
			}
		}
	}
}

// What the guesses take is said in every width that can hold it, and it is true.
func TestTheShareOfTheGuessesStaysLongest(t *testing.T) {
	t.Parallel()
	for width := 20; width <= 200; width++ {
		for _, extra := range []int{22, 25} {
			p := pane(theme.Options{})
			p.Extra = extra
			rows := strings.Split(plain(p, width, 10), "\n")
			var row string
			for i, r := range rows {
				if strings.Contains(r, "answer") {
					row = rows[i+1]
				}
			}
			if want := map[int]string{22: "9.2 %", 25: "11 %"}[extra]; !strings.Contains(row, want) {
				t.Errorf("%d cells: %q is missing in %q", width, want, row)
			}
			if over := strings.Contains(row, "over 10 %"); width >= 40 && over != (extra == 25) {
				t.Errorf("%d cells, %d extra: %q", width, extra, row)
			}
		}
	}
}

// Whatever the length and the width, a peak stands in the curve, and its mark right under it.
func TestAPeakAndItsMarkStandInOneColumn(t *testing.T) {
	t.Parallel()
	for seed := range uint64(400) {
		r := rand.New(rand.NewPCG(seed, 9))
		n, w := 1+r.IntN(5000), 20+r.IntN(150)
		at := r.IntN(n)
		p := &signals.Pane{Theme: theme.New(theme.Options{}), Cursor: -1, Marks: []signals.Mark{{At: at, Role: theme.Wish}}}
		p.Entropy = series(n, func(i int) float32 { return []float32{0, 1}[map[bool]int{true: 1}[i == at]] })
		p.EndProb = p.Entropy
		rows := strings.Split(plain(p, w, 3), "\n")
		peak, mark := strings.Index(string(ascii(rows[0])), "#"), strings.Index(string(ascii(rows[2])), "*")
		if peak < 0 || peak != mark {
			t.Fatalf("seed %d: token %d of %d in %d cells: the peak is at %d, its mark at %d\n%s", seed, at, n, w, peak, mark, strings.Join(rows, "\n"))
		}
		p.Cursor, p.Marks = at, nil
		if got := strings.Index(string(ascii(strings.Split(plain(p, w, 3), "\n")[2])), "^"); got != peak {
			t.Fatalf("seed %d: the cursor is at %d, its token at %d", seed, got, peak)
		}
	}
}

// ascii is one byte for every cell of a row.
func ascii(row string) []byte {
	var out []byte
	for _, r := range row {
		switch r {
		case '█':
			r = '#'
		case '◆':
			r = '*'
		case '▲':
			r = '^'
		}
		if r > 0x7e {
			r = '?'
		}
		out = append(out, byte(r))
	}
	return out
}

func TestTheAnswerOfNowIsShownAtEveryWidth(t *testing.T) {
	t.Parallel()
	for w := 20; w < 120; w++ {
		for _, h := range []int{1, 2, 5, 7} {
			if got := plain(pane(theme.Options{}), w, h); !strings.Contains(got, "79 x2") {
				t.Fatalf("%dx%d does not show the answer of now:\n%s", w, h, got)
			}
		}
	}
}

func TestEverySizeAndHostileText(t *testing.T) {
	t.Parallel()
	for profile, o := range tuitest.Profiles() {
		if profile == "no colour" {
			continue // the same text as in colour
		}
		tuitest.CheckSizes(t, profile, o, pane(o).Render)
		tail := pane(o)
		tail.Tail = true
		tuitest.CheckSizes(t, profile+" tail", o, tail.Render)
		tuitest.CheckSizes(t, profile+" empty", o, (&signals.Pane{Theme: theme.New(o), Empty: "signals stand here once it thinks"}).Render)
		for name, evil := range tuitest.Hostile() {
			p := pane(o)
			p.Repeats, p.Expected = evil, evil
			for i := range p.Guesses {
				p.Guesses[i].Answer, p.Guesses[i].Verdict = evil+strings.Repeat("!", i/2), trace.Verdict(evil)
			}
			none := &signals.Pane{Theme: theme.New(o), Empty: evil}
			for _, w := range tuitest.HostileWidths() {
				tuitest.CheckRows(t, name, p.Render(w, 8), w, 8, o)
				tuitest.CheckRows(t, name, none.Render(w, 4), w, 4, o)
			}
		}
		odd := pane(o)
		odd.Cursor, odd.Nats, odd.Extra, odd.Spent = math.MaxInt, float32(math.Inf(-1)), math.MinInt, math.MaxInt
		odd.Marks = []signals.Mark{{At: math.MinInt, Role: theme.Wish}, {At: 1 << 40, Role: 250}, {At: 3, Role: theme.Text}}
		for _, w := range []int{1, 20, 60} {
			tuitest.CheckRows(t, "odd", odd.Render(w, 8), w, 8, o)
		}
	}
}

// Budget: 0.2 ms a frame for 100,000 tokens and 600 guesses.
func BenchmarkFrame100k(b *testing.B) {
	p := pane(theme.Options{})
	p.Entropy = series(100_000, func(i int) float32 { return float32(i % 977) })
	p.EndProb = p.Entropy
	p.Guesses = nil
	for i := range 600 {
		p.Guesses = append(p.Guesses, guesses([]string{"84", "79", "185"}[i/3%3])...)
	}
	for b.Loop() {
		p.Render(120, 8)
	}
}

func TestReflectionWordsAreMarkedAndCounted(t *testing.T) {
	t.Parallel()
	for sign, o := range map[string]theme.Options{"≈": {NoColor: true}, "~": {NoColor: true, ASCII: true}} {
		p := pane(o)
		p.Turns, p.Cursor = []int{20, 81, 200}, -1
		row := strings.Split(plain(p, 110, 6), "\n")[2]
		if n := strings.Count(row, sign); n != 3 || !strings.Contains(row, sign+" 3 reflections") { // the one at 81 is what the user fed in
			t.Errorf("%d of %s in %q", n, sign, row)
		}
		p.Cursor = 200
		if row = strings.Split(plain(p, 110, 6), "\n")[2]; !strings.Contains(row, sign+" token 200") {
			t.Errorf("the cursor on one is not named in %q", row)
		}
	}
}
