package token_test

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/charmbracelet/x/ansi"

	"s1/engine/trace"
	"s1/tui/pane/token"
	"s1/tui/theme"
	"s1/tui/tuitest"
)

var pieces = []string{"168", "158", "258", " wait", "\n", "</think>", "\xe6\x97", "no", "a", ""}

func candidates() []trace.Candidate {
	var out []trace.Candidate
	for i, p := range []float64{.58, .31, .04, .02, .01, .005, .003, .002, .001, .001} {
		out = append(out, trace.Candidate{ID: int32(i + 100), Logprob: float32(math.Log(p))})
	}
	return out
}

func pane(o theme.Options) *token.Pane {
	return &token.Pane{
		Theme: theme.New(o), Focused: true, Of: 352, Pick: 1,
		Piece: func(id int32) []byte { return []byte(pieces[(int(id)-100)%len(pieces)]) },
		Token: &trace.Token{
			Index: 61, ID: 100, Bytes: []byte("168"), Phase: trace.PhaseThinking, Origin: trace.OriginSampled, Counted: true,
			Logprob: float32(math.Log(.58)), Entropy: 1.4, EndProb: .031, EndRank: 4, Top: candidates(), Time: 1234567 * time.Microsecond,
		},
	}
}

func plain(p *token.Pane, w, h int) string { return ansi.Strip(strings.Join(p.Render(w, h), "\n")) }

func TestFrames(t *testing.T) {
	t.Parallel()
	for _, o := range tuitest.Profiles() {
		tuitest.GoldenSizes(t, "token", o, pane(o).Render)
		p := pane(o)
		p.Focused, p.Pick, p.Piece = false, -1, nil
		p.Token.Bytes, p.Token.Origin, p.Token.Wished, p.Token.Counted, p.Token.EndRank = []byte("\n\x1b\u202e"), trace.OriginInjected, true, false, trace.RankBeyond
		tuitest.GoldenSizes(t, "injected", o, p.Render)
	}
}

func TestItSaysWhatIsKnownOfAToken(t *testing.T) {
	t.Parallel()
	nan := float32(math.NaN())
	for _, c := range []struct {
		name string
		do   func(p *token.Pane)
		want []string
		not  []string
	}{
		{"all of it", func(*token.Pane) {}, []string{`61 of 352`, `"168"`, "0.580", "1.40 nats", "0.031, rank 4", "sampled, thinking, counted", "1.235 s", "100", "all others 0.0"}, []string{"bytes", "wished", "not counted"}},
		{"imported", func(p *token.Pane) {
			p.Token.Logprob, p.Token.Entropy, p.Token.EndProb, p.Token.EndRank, p.Token.Top[3].Logprob = nan, nan, nan, 0, nan
		}, []string{"p         unknown", "entropy   unknown", "unknown, rank unknown", `" wait"`, "all others unknown"}, []string{"NaN"}},
		{"beyond what is counted", func(p *token.Pane) { p.Token.EndRank = trace.RankBeyond }, []string{"rank > 64"}, nil},
		{"a wish", func(p *token.Pane) { p.Token.Wished = true }, []string{"to stop here, and was not let"}, nil},
		{"not counted", func(p *token.Pane) { p.Token.Counted = false }, []string{"not counted"}, nil},
		{"half a character", func(p *token.Pane) { p.Token.Bytes = []byte("\xe6\x97") }, []string{`"<e6><97>"`, "e6 97"}, nil},
		{"hidden characters", func(p *token.Pane) { p.Token.Bytes = []byte("a\u202e") }, []string{"61 e2 80 ae"}, nil},
		{"a letter of another script is plain", func(p *token.Pane) { p.Token.Bytes = []byte("é日") }, []string{`"é日"`}, []string{"bytes"}},
		{"more bytes than fit", func(p *token.Pane) { p.Token.Bytes = []byte(strings.Repeat("x", 25)) }, []string{"78 …"}, nil},
		{"nothing picked", func(p *token.Pane) { p.Pick = -1 }, nil, []string{"▸  168"}},
		{"a pick that is gone", func(p *token.Pane) { p.Pick = 99 }, []string{"all others"}, nil},
		{"a piece nobody knows", func(p *token.Pane) { p.Piece = func(int32) []byte { return nil } }, []string{"id 101"}, nil},
		{"none", func(p *token.Pane) { p.Token, p.Empty = nil, "l chooses a token" }, []string{"l chooses a token"}, []string{"p  "}},
		{"a long run", func(p *token.Pane) { p.Token.Index, p.Of = 99_999, 100_000 }, []string{`99999 of 100000 "168"`}, nil},
	} {
		p := pane(theme.Options{})
		c.do(p)
		got := plain(p, 90, 24)
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

func TestThePickedCandidateAndItsProbabilityAreInViewAtEverySize(t *testing.T) {
	t.Parallel()
	for _, w := range []int{20, 24, 40, 80} {
		for h := 2; h <= 20; h++ {
			for pick := range 10 {
				p := pane(theme.Options{})
				p.Pick = pick
				p.Piece = func(id int32) []byte { return []byte{'k', byte('0' + id - 100)} }
				rows := strings.Split(plain(p, w, h), "\n")
				want := []string{".580", ".310", ".040", ".020", ".010", ".005", ".003", ".002", ".001", ".001"}[pick]
				found := false
				for _, r := range rows[1:] {
					found = found || strings.Contains(r, "▸ \"k"+string(rune('0'+pick))) && strings.Contains(r, want)
				}
				if !found {
					t.Fatalf("%dx%d: candidate %d with its %s is not in view:\n%s", w, h, pick, want, strings.Join(rows, "\n"))
				}
			}
		}
	}
	if got := plain(pane(theme.Options{}), 20, 1); !strings.Contains(got, `61 "168"`) {
		t.Errorf("20 cells in one row do not show the token: %q", got)
	}
}

func TestBarsAreInOrderOfTheirShares(t *testing.T) {
	t.Parallel()
	p := pane(theme.Options{ASCII: true})
	p.Piece = nil
	last := 1000
	for _, row := range strings.Split(plain(p, 100, 24), "\n") {
		if !strings.Contains(row, "id 1") {
			continue
		}
		n := 2*strings.Count(row, "=") + strings.Count(row, "-")
		if n > last || n == 0 {
			t.Errorf("a bar of %d halves under one of %d: %q", n, last, row)
		}
		last = n
	}
	if last == 1000 {
		t.Error("there is no bar")
	}
}

func TestEverySizeAndHostileText(t *testing.T) {
	t.Parallel()
	for profile, o := range tuitest.Profiles() {
		if profile == "no colour" {
			continue // the same text as in colour
		}
		tuitest.CheckSizes(t, profile, o, pane(o).Render)
		tuitest.CheckSizes(t, profile+" empty", o, (&token.Pane{Theme: theme.New(o), Pick: -1, Empty: "l chooses a token."}).Render)
		for name, evil := range tuitest.Hostile() {
			p := pane(o)
			p.Token.Bytes, p.Token.Phase, p.Token.Origin = []byte(evil), 77, 99
			p.Piece = func(int32) []byte { return []byte(evil) }
			none := &token.Pane{Theme: theme.New(o), Empty: evil}
			for _, w := range tuitest.HostileWidths() {
				tuitest.CheckRows(t, name, p.Render(w, 14), w, 14, o)
				tuitest.CheckRows(t, name, none.Render(w, 5), w, 5, o)
			}
		}
		inf := float32(math.Inf(1))
		for _, odd := range []*trace.Token{
			{},
			{Index: math.MinInt, ID: math.MinInt32, Time: -1 << 62, EndRank: math.MinInt32},
			{Index: math.MaxInt, Logprob: inf, Entropy: -inf, EndProb: inf, EndRank: math.MaxInt32, Top: []trace.Candidate{{Logprob: inf}, {Logprob: -inf}, {Logprob: float32(math.NaN())}, {Logprob: 90}}},
		} {
			for _, pick := range []int{-9, 0, 1 << 40} {
				p := &token.Pane{Theme: theme.New(o), Token: odd, Pick: pick}
				for _, w := range []int{1, 20, 60} {
					tuitest.CheckRows(t, "odd", p.Render(w, 12), w, 12, o)
				}
			}
		}
	}
}
