package dataset

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"s1/engine/builtin/tape"
)

// of gives the problem of an example, and its trace from behind <think>.
func of(t testing.TB, e Example) (tape.Problem, []int32) {
	t.Helper()
	think := slices.Index(e.IDs, tape.Think)
	p, err := tape.Parse(tape.Text(e.IDs[:think]))
	if err != nil {
		t.Fatalf("%s: %v", e.Name, err)
	}
	return p, e.IDs[think+1:]
}

// masked counts lines of drafts whose value has no weight.
func masked(e Example) int {
	n := 0
	for k := range e.IDs {
		if e.IDs[k] == tape.Equals && k+1 < len(e.IDs) && e.IDs[k+1] >= tape.Digit && e.Weights[k] > 0 && e.Weights[k+1] == 0 {
			n++
		}
	}
	return n
}

func TestTapeTracesHoldNoFaultsButThePlantedOnes(t *testing.T) {
	for _, c := range []struct {
		name string
		edit func(c *TapeConfig)
		most int // Waits that must occur
	}{
		{"the default", nil, 8},
		{"long ones, checked", func(c *TapeConfig) { c.StepsMin, c.StepsMax, c.Mixture = 12, 12, TapeMixture{Waits: 1} }, 12},
		{"broken off", func(c *TapeConfig) { c.Mixture, c.Interrupt = TapeMixture{Waits: 1}, 1 }, 8},
		{"clean", func(c *TapeConfig) { c.Mixture = TapeMixture{Clean: 1} }, 0},
		{"again", func(c *TapeConfig) { c.Mixture = TapeMixture{Again: 1} }, 0},
	} {
		s := newTape(t, c.edit)
		var sum tape.Report
		most, uncut := 0, 0
		for i := range int64(8000) {
			e := at(t, s, i+20_000)
			p, trace := of(t, e)
			r := tape.Audit(p, trace)
			_, wrong := r.Lines()
			claims, detected, repaired := r.Checks()
			if !r.Answered || r.Right != 1 || r.Slips != 0 || r.FalseAlarms != 0 || detected != claims || repaired != claims {
				t.Fatalf("%s: %s: %+v\n%s", c.name, e.Name, r, tape.Text(e.IDs))
			}
			if r.Unfinished == 0 && wrong > masked(e) {
				t.Fatalf("%s: %s: %d wrong lines, %d masked\n%s", c.name, e.Name, wrong, masked(e), tape.Text(e.IDs))
			}
			if r.Interrupted > 1 || r.Interrupted == 0 && c.name == "broken off" {
				t.Fatalf("%s: %s: %d Waits inside a line\n%s", c.name, e.Name, r.Interrupted, tape.Text(e.IDs))
			}
			if r.Unfinished == 0 {
				uncut++
			}
			sum.Add(r)
			most = max(most, r.Waits)
		}
		if most < c.most {
			t.Errorf("%s: the most Waits is %d, want %d", c.name, most, c.most)
		}
		lines, wrong := sum.Lines()
		claims, _, _ := sum.Checks()
		t.Logf("%s: %d traces, %d whole; lines %d, wrong %d; claims right %d, wrong %d; Waits %d (most %d, in a line %d), sure %d, Again %d",
			c.name, sum.Traces, uncut, lines, wrong, sum.RightClaims, claims, sum.Waits, most, sum.Interrupted, sum.Sures, sum.Redone)
	}
}

// What weighs what, read off the ids.
func TestTapeWeightsFollowTheTable(t *testing.T) {
	s := newTape(t, func(c *TapeConfig) {
		c.Mixture, c.ErrorRates = TapeMixture{Waits: 1}, []float64{.4}
		c.Weights = TapeWeights{WrongClaim: 40, No: 60, OK: 20}
	})
	seen := map[float32]int{}
	for i := range int64(2000) {
		e := at(t, s, i+20_000)
		for k, id := range e.IDs {
			w := e.Weights[k]
			seen[w]++
			digit := id >= tape.Digit && id < tape.Digit+10
			switch {
			case id == tape.No && w != 60, id == tape.OK && w != 20, w == 40 && !digit, w == 60 && id != tape.No, w == 20 && id != tape.OK:
				t.Fatalf("%s: %q at %d has weight %g", e.Name, tape.Text(e.IDs[k:k+1]), k, w)
			}
		}
	}
	for _, w := range []float32{0, 1, 20, 40, 60} {
		if seen[w] == 0 {
			t.Errorf("no token has weight %g", w)
		}
	}
}

// atEnd says whether a thought has just written its last line: the problem's last step, in a draft or a check, or sure.
func atEnd(p tape.Problem, thought string) bool {
	last := strings.LastIndexByte(strings.TrimSuffix(thought, "\n"), '\n') + 1
	step := tape.Text(tape.AppendOp(nil, p.Ops[len(p.Ops)-1])) + "="
	return strings.HasSuffix(thought, "\n") && (strings.Contains(thought[last:], step) || strings.HasSuffix(thought, " sure\n"))
}

// A word put where the thought had ended teaches that end, so that a draft done again ends where the first one did; a word
// put inside a line teaches nothing.
func TestTapeWordTeachesTheEndItTookThePlaceOf(t *testing.T) {
	s := newTape(t, func(c *TapeConfig) {
		c.Mixture, c.Interrupt, c.Weights.Stop = TapeMixture{Truncated: 1, Again: 1, Waits: 2}, .3, 7
	})
	ends, inside, redone := 0, 0, 0
	for i := range int64(4000) {
		e := at(t, s, i+20_000)
		p, trace := of(t, e)
		from := len(e.IDs) - len(trace)
		for k, id := range trace {
			if id != tape.Wait && id != tape.Again {
				continue
			}
			want := float32(0)
			if inside++; atEnd(p, tape.Text(trace[:k])) {
				want = 7
				inside--
				if ends++; slices.Contains(trace[:k], tape.No) {
					redone++
				}
			}
			if e.Weights[from+k] != want || want > 0 != (e.Targets[from+k] == tape.EndThink) {
				t.Fatalf("%s: %s at %d teaches %s with weight %g, want %g\n%s", e.Name, tape.Tokens()[id], k,
					tape.Tokens()[e.Targets[from+k]], e.Weights[from+k], want, tape.Text(e.IDs))
			}
		}
	}
	if min(ends, inside, redone) < 300 {
		t.Errorf("%d words at an end, %d of them after a wrong line was found, %d inside a thought: too few to show anything", ends, redone, inside)
	}
}

func TestTapeEndOfACutThoughtHasNoWeight(t *testing.T) {
	s := newTape(t, func(c *TapeConfig) { c.Mixture, c.Cut = TapeMixture{Truncated: 1}, .5 })
	inCheck := 0
	for i := range int64(3000) {
		e := at(t, s, i+20_000)
		end := slices.Index(e.IDs, tape.EndThink)
		if e.Weights[end] != 0 || e.Weights[end+1] != 1 {
			t.Fatalf("%s: weights %g and %g at the end of a cut thought", e.Name, e.Weights[end], e.Weights[end+1])
		}
		if slices.Contains(e.IDs, tape.Wait) {
			inCheck++
		}
	}
	if inCheck < 1300 || inCheck > 1700 {
		t.Errorf("%d of 3000 cut thoughts have a Wait, want about half", inCheck)
	}
}

func TestTapeWithoutChecksOnlyRedoes(t *testing.T) {
	s := newTape(t, func(c *TapeConfig) { c.Checks = false })
	waits := 0
	for i := range int64(4000) {
		e := at(t, s, i+20_000)
		if slices.Contains(e.IDs, tape.Question) || slices.Contains(e.IDs, tape.OK) || slices.Contains(e.IDs, tape.No) {
			t.Fatalf("%s holds a check:\n%s", e.Name, tape.Text(e.IDs))
		}
		if slices.Contains(e.IDs, tape.Wait) {
			waits++
		}
	}
	if waits < 2000 {
		t.Errorf("%d of 4000 examples know Wait", waits)
	}
}

func TestTapeStepsGrowWithTheCurriculum(t *testing.T) {
	s := newTape(t, func(c *TapeConfig) { c.StepsMin, c.StepsMax, c.Curriculum = 1, 10, 10_000 })
	most := func(from int64) (steps int) {
		for i := range int64(400) {
			p, _ := of(t, at(t, s, from+i))
			steps = max(steps, len(p.Ops))
		}
		return steps
	}
	for _, c := range []struct {
		from int64
		want int
	}{{0, 2}, {4500, 6}, {9600, 10}, {50_000, 10}} {
		if got := most(c.from); got != c.want {
			t.Errorf("from example %d on the most steps is %d, want %d", c.from, got, c.want)
		}
	}
}

func TestOwnDraftsAreCheckedMaskedAndCounted(t *testing.T) {
	problem := func(text string) tape.Problem {
		p, err := tape.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	draft := func(p tape.Problem, ops []tape.Op, values ...int) Draft {
		var ids []int32
		for i, o := range ops {
			ids = append(tape.AppendNumber(append(tape.AppendOp(ids, o), tape.Equals), values[i]), tape.Newline)
		}
		return Draft{p, ids}
	}
	p := problem("58,+20,*9,-143") // 78 702 559
	q := problem("40,+2,*9")
	reserved := tape.RandomReserved(rand.New(rand.NewPCG(1, 1)), 2, 999)
	if p.Reserved() || q.Reserved() {
		t.Fatal("the test's problems are reserved: take others")
	}
	drafts := []Draft{
		draft(p, p.Ops, 78, 602, 458), // two errors of its own
		draft(q, q.Ops, 42, 378),
		draft(p, p.Ops[:2], 78, 702),                         // a line is missing
		draft(p, append(p.Ops[:2:2], p.Ops[0]), 78, 702, 98), // another step
		{p, append(draft(p, p.Ops, 78, 702, 559).IDs, tape.Newline)},
		{p, draft(p, p.Ops, 78, 702, 559).IDs[:9]},
		draft(reserved, reserved.Ops, reserved.Values()...),
	}
	var file bytes.Buffer
	if err := WriteDrafts(&file, drafts); err != nil {
		t.Fatal(err)
	}
	drafts, err := ReadDrafts(&file)
	if err != nil {
		t.Fatal(err)
	}
	base := newTape(t, nil)
	s, n, err := base.WithDrafts(drafts, .5, 30_000)
	if err != nil {
		t.Fatal(err)
	}
	if want := (DraftCounts{Kept: 2, Wrong: 1, Malformed: 4, Reserved: 1}); n != want {
		t.Errorf("counts %+v, want %+v", n, want)
	}
	if s.Hash() == base.Hash() {
		t.Error("the hash does not know of the drafts")
	}
	own := 0
	for i := int64(29_000); i < 31_000; i++ {
		e := at(t, s, i)
		r, trace := of(t, e)
		isOwn := r.String() == p.String() || r.String() == q.String()
		if isOwn && i < 30_000 {
			t.Fatalf("%s is of a draft, before 30,000", e.Name)
		}
		if !isOwn {
			continue
		}
		own++
		a := tape.Audit(r, trace)
		_, wrong := a.Lines()
		claims, detected, repaired := a.Checks()
		if a.Slips+a.FalseAlarms+a.Unfinished > 0 || a.Right != 1 || detected != claims || repaired != claims || wrong > masked(e) {
			t.Fatalf("%s: %+v, %d wrong, %d masked\n%s", e.Name, a, wrong, masked(e), tape.Text(e.IDs))
		}
		if r.String() == p.String() && (wrong < 2 || claims < 1) {
			t.Fatalf("%s: the draft's own two errors are not there\n%s", e.Name, tape.Text(e.IDs))
		}
	}
	if own < 420 || own > 580 {
		t.Errorf("%d of 1000 examples are of drafts, want about half", own)
	}
}

func TestTapeConfigRefusesWhatCannotBe(t *testing.T) {
	for name, edit := range map[string]func(c *TapeConfig){
		"no steps":         func(c *TapeConfig) { c.StepsMin = 0 },
		"too many steps":   func(c *TapeConfig) { c.StepsMax = tape.MaxSteps + 1 },
		"least above most": func(c *TapeConfig) { c.StepsMin = 11 },
		"no values":        func(c *TapeConfig) { c.Values = nil },
		"a value too high": func(c *TapeConfig) { c.Values[0].Limit = tape.MaxValue + 1 },
		"no mixture":       func(c *TapeConfig) { c.Mixture = TapeMixture{} },
		"a negative share": func(c *TapeConfig) { c.Mixture.Clean = -1 },
		"no rates":         func(c *TapeConfig) { c.ErrorRates = nil },
		"a rate above 1":   func(c *TapeConfig) { c.ErrorRates = []float64{2} },
		"a weight below 0": func(c *TapeConfig) { c.Weights.No = -1 },
		"sure too often":   func(c *TapeConfig) { c.SureMax = 17 },
	} {
		c := DefaultTape()
		edit(&c)
		if _, err := NewTape(c); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}
