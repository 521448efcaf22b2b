package probe

import (
	"encoding/json"
	"fmt"
	"hash/fnv"
	"math"
	"slices"
	"strings"
	"testing"

	"s1/engine"
	"s1/engine/builtin/tape"
	"s1/engine/enginetest"
	"s1/engine/schedule"
	"s1/engine/trace"
	"s1/train/dataset"
)

// words is the tape's vocabulary.
type words struct{ tokens []string }

func (w words) Encode(text string, parseSpecial bool) (ids []int32, err error) {
	for text != "" {
		best, n := int32(-1), 1
		for id, t := range w.tokens {
			if strings.HasPrefix(text, t) && len(t) >= n && (parseSpecial || t[0] != '<') {
				best, n = int32(id), len(t)
			}
		}
		if best >= 0 {
			ids = append(ids, best)
		}
		text = text[n:]
	}
	return ids, nil
}

func (w words) ID(special string) (int32, bool) {
	i := slices.Index(w.tokens, special)
	return int32(i), i >= 0
}

func (w words) Piece(id int32) []byte {
	if id < 0 || int(id) >= len(w.tokens) {
		return nil
	}
	return []byte(w.tokens[id])
}

func (w words) EndIDs() []int32 { return []int32{tape.End} }

func model(t testing.TB, script enginetest.Script) *engine.Model {
	t.Helper()
	v := words{tape.Tokens()}
	const positions, pages = 1024, 4000
	m, err := engine.Assemble(engine.Parts{
		Backend: enginetest.NewModel(script, len(v.tokens), positions, pages, 256), Vocabulary: v, Vocab: len(v.tokens), Context: positions, Pages: pages,
		Render: func(_, prompt string, _ *bool) ([]int32, string, error) {
			ids, err := v.Encode(prompt+"<think>", true)
			return ids, prompt + "<think>", err
		},
		NewDecoder: func() schedule.Decoder { return &enginetest.Decoder{} },
		Info:       trace.ModelInfo{Name: "scripted", SHA256: "abc"},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := m.Close(); err != nil {
			t.Error(err)
		}
	})
	return m
}

func hash(s string) uint64 {
	h := fnv.New64a()
	h.Write([]byte(s))
	return h.Sum64()
}

// kind says what the scripted calculator does with a problem: 0, 1 right, 2 an error in the last line which the check finds,
// 3 the same, which it misses, 4 right, and a false alarm.
func kind(p tape.Problem) int { return int(hash(p.String()) % 5) }

// plan is all that the scripted calculator thinks about p, with a Wait wherever it would rather end.
func plan(p tape.Problem) []int32 {
	ids, values := []int32{}, p.Values()
	claims := slices.Clone(values)
	last := len(values) - 1
	if k := kind(p); k == 2 || k == 3 {
		claims[last]++
	}
	for i, o := range p.Ops {
		ids = append(tape.AppendNumber(append(tape.AppendOp(ids, o), tape.Equals), claims[i]), tape.Newline)
	}
	ids = append(ids, tape.Wait, tape.Newline)
	x := p.Start
	for i, o := range p.Ops {
		ids = append(tape.AppendNumber(append(tape.AppendOp(tape.AppendNumber(ids, x), o), tape.Equals), claims[i]), tape.Question)
		result, verdict := claims[i], tape.OK
		switch k := kind(p); {
		case i == last && k == 2:
			result, verdict = values[i], tape.No
		case i == last && k == 4:
			result, verdict = values[i]+1, tape.No
		}
		ids = append(tape.AppendNumber(append(tape.AppendColumns(ids, x, o), tape.Result), result), verdict, tape.Newline)
		x = values[i]
	}
	for range 10 {
		ids = append(ids, tape.Wait, tape.Sure, tape.Newline)
	}
	return ids
}

// lastValue is the number that was written last before ids end: what the calculator answers.
func lastValue(ids []int32) int {
	value, found := 0, false
	for i := 0; i < len(ids); i++ {
		if ids[i] == tape.Equals || ids[i] == tape.Result {
			v := 0
			for i+1 < len(ids) && ids[i+1] >= tape.Digit && ids[i+1] < tape.Digit+10 {
				v = v*10 + int(ids[i+1]-tape.Digit)
				i++
			}
			value, found = v, true
		}
	}
	if !found {
		return 0
	}
	return value
}

// calculator follows its plan; that it says so surely makes T = 1 greedy.
func calculator() enginetest.Script {
	plans := map[string][]int32{}
	return func(history []int32) map[int32]float32 { return calculate(plans, history) }
}

func calculate(plans map[string][]int32, history []int32) map[int32]float32 {
	say := func(id int32) map[int32]float32 { return map[int32]float32{id: 9} }
	think := slices.Index(history, tape.Think)
	if think < 0 {
		return say(tape.End)
	}
	question := fmt.Sprint(history[:think])
	todo := plans[question]
	if todo == nil {
		p, err := tape.Parse(tape.Text(history[:think]))
		if err != nil { // the engine asks a new model "?"
			return say(tape.End)
		}
		todo = plan(p)
		plans[question] = todo
	}
	done := history[think+1:]
	if end := slices.Index(done, tape.EndThink); end >= 0 {
		digits := append(tape.AppendNumber(nil, lastValue(done[:end])), tape.End)
		said := 0
		for _, id := range done[end+1:] {
			if id != tape.Newline { // a think format may put some
				said++
			}
		}
		return say(digits[min(said, len(digits)-1)])
	}
	if len(done) >= len(todo) || todo[len(done)] == tape.Wait {
		return say(tape.EndThink)
	}
	return say(todo[len(done)])
}

func TestTheProbeFindsWhatTheCalculatorDoes(t *testing.T) {
	o := Options{N: 60, Seed: 4, StepsMin: 2, StepsMax: 5, Caps: []int{0, 9, 20, 30, 500}, Waits: 4, Votes: 3, Sampled: true, Shown: true}
	r, err := Run(t.Context(), model(t, calculator()), o)
	if err != nil {
		t.Fatal(err)
	}
	problems := dataset.TestProblems(o.Seed, o.N, o.StepsMin, o.StepsMax, tape.MaxValue)
	count := map[int]int{}
	atCap := map[int]int{}
	for _, p := range problems {
		count[kind(p)]++
		draft := plan(p)
		draft = draft[:slices.Index(draft, tape.Wait)]
		for _, n := range o.Caps {
			if lastValue(draft[:min(n, len(draft))]) == p.Answer() {
				atCap[n]++
			}
		}
	}
	right := count[0] + count[1]
	for name, c := range map[string]Curve{"greedy": r.Greedy, "T = 1": *r.Sampled} {
		for k, p := range c.Waits {
			want := Point{At: k, Accuracy: NewRate(right+count[2], o.N), Fixed: count[2], Broken: count[4]}
			if k == 0 {
				want = Point{At: k, Accuracy: NewRate(right+count[4], o.N)}
			}
			tokens := p.Tokens
			if p.Tokens = 0; p != want || tokens <= 0 {
				t.Errorf("%s, %d Waits: %+v with %g tokens, want %+v", name, k, p, tokens, want)
			}
			if k > 1 && math.Abs(tokens-c.Waits[k-1].Tokens-3) > 1e-9 { // Wait, sure, line break
				t.Errorf("%s: %g tokens at %d Waits, %g at one fewer", name, tokens, k, c.Waits[k-1].Tokens)
			}
		}
		for i, n := range o.Caps {
			if p := c.Caps[i]; p.At != n || p.Accuracy != NewRate(atCap[n], o.N) || p.Tokens > float64(n) {
				t.Errorf("%s, cap %d: %+v, want %d right", name, n, p, atCap[n])
			}
		}
		a := c.Audit
		if a.Detection != NewRate(count[2], count[2]+count[3]) || a.Repair != NewRate(count[2], count[2]) || a.FalseAlarms.Hits != count[4] ||
			a.DraftErrors.Hits != count[2]+count[3] || a.Slips.Hits != 0 {
			t.Errorf("%s: audit %+v; kinds %v", name, a, count)
		}
	}
	if len(r.Greedy.Long) != 5 || r.Greedy.Long[0].Accuracy.N != o.N/3 || len(r.Greedy.Steps) != 4 {
		t.Errorf("long %+v, steps %+v", r.Greedy.Long, r.Greedy.Steps)
	}
	for k, p := range r.Votes { // every draft is the same
		if p.At != k+1 || p.Accuracy != r.Greedy.Waits[0].Accuracy || math.Abs(p.Tokens-float64(k+1)*r.Greedy.Waits[0].Tokens) > 1e-9 {
			t.Errorf("vote %+v", p)
		}
	}
	wrong, repaired := 0, 0
	for _, p := range tape.Examples(tape.ExamplesSeed, shownExamples) {
		if k := kind(p); k == 2 || k == 3 {
			wrong++
			if k == 2 {
				repaired++
			}
		}
	}
	if s := r.Shown; s.Wrong.Hits != wrong || s.Repaired.Hits != repaired || s.CapWrong.Hits < 90 || s.CapRepaired.Hits > s.CapWrong.Hits {
		t.Errorf("shown %+v, want %d wrong, %d repaired", s, wrong, repaired)
	}
	text := r.String()
	for _, want := range []string{"60 problems of 2..5 steps", "natural", "detection", "T = 1", "drafts cost", "built-in examples"} {
		if !strings.Contains(strings.ReplaceAll(text, "of them cost", "drafts cost"), want) {
			t.Errorf("the table has no %q:\n%s", want, text)
		}
	}
	if doc, err := json.Marshal(r); err != nil || strings.Contains(string(doc), "NaN") {
		t.Errorf("json: %v", err)
	}
	t.Log("\n" + text)
}

// restless is a model of many minds: a few tokens after every history, often the end of the thought.
func restless(history []int32) map[int32]float32 {
	h := hash(fmt.Sprint(len(history), history[max(0, len(history)-4):]))
	l := map[int32]float32{tape.EndThink: float32(h%7) - 2, tape.End: -6}
	think := slices.Index(history, tape.Think)
	if slices.Contains(history[max(think, 0):], tape.EndThink) {
		l = map[int32]float32{tape.End: float32(h % 5)}
	}
	for i := range uint64(5) {
		l[tape.Digit+int32((h>>(8*i))%10)] = float32((h>>(8*i+4))%5) / 2
	}
	return l
}

func TestAForkIsWhatARunOfItsOwnWouldBe(t *testing.T) {
	m := model(t, restless)
	caps := []int{0, 1, 3, 7, 15}
	o := Options{}.filled()
	for i, p := range dataset.TestProblems(1, 12, 2, 6, 999) {
		for _, s := range []trace.Sampling{{}, {Temperature: 1, Seed: uint64(i)}} {
			got, err := thinks(t.Context(), m, o, p, s, "Wait", 4, caps)
			if err != nil {
				t.Fatal(err)
			}
			alone := func(b trace.Budget) (o outcome) {
				b.AnswerCap = answerCap
				l, err := m.Ask(t.Context(), trace.Ask{Prompt: p.String(), Budget: b, Sampling: s, ThinkFormat: "auto"})
				if err != nil {
					t.Fatal(err)
				}
				tokens, receipt, err := end(t.Context(), l)
				if err != nil {
					t.Fatal(err)
				}
				m.Forget(l.Run().ID)
				return answerOf(p, tokens, receipt)
			}
			for k, g := range got.waits {
				if want := alone(trace.Budget{Cap: -1, Waits: k, WaitText: "Wait"}); g != want {
					t.Errorf("%s, T = %g, %d Waits: %+v, alone %+v", p, s.Temperature, k, g, want)
				}
			}
			for k, g := range got.caps {
				if want := alone(trace.Budget{Cap: caps[k], WaitText: "Wait"}); g != want {
					t.Errorf("%s, T = %g, cap %d: %+v, alone %+v", p, s.Temperature, caps[k], g, want)
				}
			}
		}
	}
}

func TestTheProbeRefusesWhatCannotBeMeasured(t *testing.T) {
	m := model(t, calculator())
	for name, o := range map[string]Options{
		"negative":        {N: -1},
		"too many steps":  {StepsMax: tape.MaxSteps + 1},
		"least over most": {StepsMin: 5, StepsMax: 4},
		"a value too big": {MaxValue: 1 << 20},
		"a negative cap":  {Caps: []int{-1}},
		"a word unknown":  {N: 3, ThinkFormat: "thunk"},
	} {
		if _, err := Run(t.Context(), m, o); err == nil || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestAThoughtThatDoesNotEndIsCut(t *testing.T) {
	r, err := Run(t.Context(), model(t, func([]int32) map[int32]float32 { return map[int32]float32{tape.Comma: 5} }), Options{N: 10, Limit: 50, Waits: 1, Caps: []int{16}})
	if err != nil {
		t.Fatal(err)
	}
	if n := r.Greedy.Waits[0]; r.N != 10 || n.Accuracy.Hits != 0 || n.Tokens != 50 {
		t.Errorf("%+v", r)
	}
}

func TestWilsonIntervals(t *testing.T) {
	for _, c := range []struct {
		hits, n   int
		low, high float64
	}{
		{785, 1000, 75.8, 80.9},
		{938, 1000, 92.1, 95.1},
		{1, 1000, 0.0, 0.6},
		{0, 10, 0, 27.8},
		{10, 10, 72.2, 100},
		{0, 0, 0, 100},
	} {
		r := NewRate(c.hits, c.n)
		if math.Abs(r.Low-c.low) > .06 || math.Abs(r.High-c.high) > .06 {
			t.Errorf("%d of %d: [%.2f, %.2f], want [%.1f, %.1f]", c.hits, c.n, r.Low, r.High, c.low, c.high)
		}
	}
}

func TestAVoteTakesTheMostFrequentThenTheFirst(t *testing.T) {
	out := func(v int, ok bool) outcome { return outcome{value: v, answered: ok, right: v == 7, tokens: 10} }
	for _, c := range []struct {
		samples []outcome
		want    int
	}{
		{[]outcome{out(3, true), out(7, true)}, 3},
		{[]outcome{out(3, true), out(7, true), out(7, true)}, 7},
		{[]outcome{out(3, false), out(3, false), out(7, true)}, 7},
		{[]outcome{out(3, false)}, 0},
	} {
		got := vote(c.samples)
		if got.value != c.want || got.right != (c.want == 7) || got.tokens != 10*len(c.samples) {
			t.Errorf("vote of %+v is %+v, want %d", c.samples, got, c.want)
		}
	}
}
