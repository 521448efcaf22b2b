package tape_test

import (
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"s1/engine/builtin/tape"
	"s1/engine/tokenizer"
)

// read gives the ids of a trace as a person would write it down, by the tokenizer that ships with the model.
func read(t testing.TB, tok *tokenizer.Tokenizer, text string) []int32 {
	t.Helper()
	ids, err := tok.Encode(text, true)
	if err != nil {
		t.Fatalf("encode %q: %v", text, err)
	}
	return ids
}

func open(t testing.TB) *tokenizer.Tokenizer {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "tokenizer.json"), tape.TokenizerJSON(), 0o600); err != nil {
		t.Fatal(err)
	}
	tok, err := tokenizer.FromFolder(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = tok.Close() })
	return tok
}

func TestTokenizerGivesEachTokenItsID(t *testing.T) {
	tok := open(t)
	if tok.VocabSize() != int(tape.VocabSize) || tape.VocabSize != 55 {
		t.Fatalf("%d tokens in tokenizer.json, VocabSize %d, want 55", tok.VocabSize(), tape.VocabSize)
	}
	named := map[int32]string{
		tape.Pad: "<pad>", tape.End: "<end>", tape.Think: "<think>", tape.EndThink: "</think>", tape.Wait: "Wait", tape.Again: "Again",
		tape.OK: " ok", tape.No: " no", tape.Sure: " sure", tape.Newline: "\n", tape.Comma: ",", tape.Question: "?", tape.Equals: "=",
		tape.Result: " =", tape.Plus: "+", tape.Minus: "-", tape.Times: "*", tape.Divide: "/", tape.Borrow: "b", tape.Digit + 7: "7",
		tape.Column + 7: " 7", tape.Carry + 1: "c1", tape.Carry + 8: "c8", tape.Remains + 1: "r1", tape.Remains + 8: "r8",
	}
	for id, text := range tape.Tokens() {
		if got := read(t, tok, text); !slices.Equal(got, []int32{int32(id)}) {
			t.Errorf("%q encodes to %d, want %d", text, got, id)
		}
		if got := string(tok.Piece(int32(id))); got != text {
			t.Errorf("token %d stands for %q, want %q", id, got, text)
		}
		if want, ok := named[int32(id)]; ok && want != text {
			t.Errorf("token %d is %q, want %q", id, text, want)
		}
	}
	if ids, err := tok.Encode("<think>7</think>", false); err != nil || slices.Contains(ids, tape.Think) || slices.Contains(ids, tape.EndThink) {
		t.Errorf("a person's <think>7</think> became %d, %v: it opens or closes a thought", ids, err)
	}
}

func TestColumnsAreWorkedRight(t *testing.T) {
	for _, c := range []struct {
		x    int
		o    tape.Op
		want string
	}{
		{2, tape.Op{Kind: '+', Arg: 497}, " 9 9 4"},
		{40, tape.Op{Kind: '+', Arg: 477}, " 7 1c1 5"},
		{716, tape.Op{Kind: '+', Arg: 187}, " 3c1 0c1 9"},
		{602, tape.Op{Kind: '+', Arg: 640}, " 2 4 2c1"},
		{499, tape.Op{Kind: '-', Arg: 338}, " 1 6 1"},
		{966, tape.Op{Kind: '-', Arg: 926}, " 0 4 0"},
		{517, tape.Op{Kind: '-', Arg: 294}, " 3 2b 2"},
		{1000, tape.Op{Kind: '-', Arg: 1}, " 9b 9b 9b 0"},
		{78, tape.Op{Kind: '*', Arg: 9}, " 2c7 0c7"},
		{161, tape.Op{Kind: '*', Arg: 6}, " 6 6c3 9"},
		{99, tape.Op{Kind: '*', Arg: 9}, " 1c8 9c8"},
		{844, tape.Op{Kind: '/', Arg: 4}, " 2 1 1"},
		{174, tape.Op{Kind: '/', Arg: 6}, " 0r1 2r5 9"},
		{9999, tape.Op{Kind: '/', Arg: 9}, " 1 1 1 1"},
	} {
		if got := tape.Text(tape.AppendColumns(nil, c.x, c.o)); got != c.want {
			t.Errorf("%d%s: columns %q, want %q", c.x, c.o, got, c.want)
		}
	}
}

// The columns, read by another rule than the one they are written by, give the exact value.
func TestColumnsGiveTheExactValue(t *testing.T) {
	rng := rand.New(rand.NewPCG(11, 2))
	for range 20_000 {
		p := tape.Random(rng, 1, tape.MaxValue, tape.Usual())
		o := p.Ops[0]
		value, scale, carry := 0, 1, 0
		for _, id := range tape.AppendColumns(nil, p.Start, o) {
			switch {
			case id == tape.Borrow:
			case id > tape.Remains:
			case id > tape.Carry:
				carry = int(id - tape.Carry)
			case o.Kind == '/':
				value = value*10 + int(id-tape.Column)
			default:
				value += int(id-tape.Column) * scale
				scale *= 10
				carry = 0
			}
		}
		if value += carry * scale; value != p.Answer() {
			t.Fatalf("%s: the columns %q give %d, exact is %d", p, tape.Text(tape.AppendColumns(nil, p.Start, o)), value, p.Answer())
		}
	}
}

func TestExamplesAreVariedSuitableAndReserved(t *testing.T) {
	list := tape.Examples(tape.ExamplesSeed, 100)
	again := tape.Examples(tape.ExamplesSeed, 40)
	steps := map[int]int{}
	for i, p := range list {
		if err := p.Check(); err != nil || !p.Reserved() {
			t.Errorf("%s: %v, reserved %t", p, err, p.Reserved())
		}
		if i < len(again) && again[i].String() != p.String() {
			t.Errorf("example %d is %s in a list of 100, %s in one of 40", i, p, again[i])
		}
		steps[len(p.Ops)]++
	}
	for k := 2; k <= 8; k++ {
		if steps[k] < 10 {
			t.Errorf("%d of 100 examples have %d steps", steps[k], k)
		}
	}
}

func TestRandomProblemsAreMostlyAdditionsMultiplicationsAndAFewDivisions(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 5))
	kinds := map[byte]int{}
	total := 0
	for range 3000 {
		for _, o := range tape.Random(rng, 6, tape.MaxValue, tape.Usual()).Ops {
			kinds[o.Kind]++
			total++
		}
	}
	for _, kind := range "+-*/" {
		if share := float64(kinds[byte(kind)]) / float64(total); share < .05 || share > .6 {
			t.Errorf("%c is %.2f of the operations", kind, share)
		}
	}
	t.Logf("of %d operations: + %d, - %d, * %d, / %d", total, kinds['+'], kinds['-'], kinds['*'], kinds['/'])
}

func problem(t testing.TB, text string) tape.Problem {
	t.Helper()
	p, err := tape.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestAuditReadsEveryKindOfFault(t *testing.T) {
	tok := open(t)
	const drafted = "+20=78\n*9=602\n-143=459\n" // 58,+20,*9,-143: 78 702 559
	for _, c := range []struct {
		name, trace string
		want        tape.Report
	}{
		{"a clean draft", "+20=78\n*9=702\n-143=559\n</think>559<end>", tape.Report{Right: 1, Answered: true, Answer: 559}},
		{
			"an error that is found and repaired", drafted + "Wait\n58+20=78? 8 7 =78 ok\n78*9=602? 2c7 0c7 =702 no\n-143=559\nWait\n702-143=559? 9b 5 5 =559 ok\nWait sure\n</think>559<end>",
			tape.Report{Right: 1, Answered: true, Answer: 559, RightClaims: 2, ByOp: [4]tape.OpCount{2: {WrongClaims: 1, Detected: 1, Repaired: 1}}, Waits: 3, Sures: 1},
		},
		{
			"an error that is found and repaired wrong", drafted + "Wait\n58+20=78? 8 7 =78 ok\n78*9=602? 2c7 0c7 =712 no\n-143=569\n</think>569<end>",
			tape.Report{Answered: true, Answer: 569, RightClaims: 1, ByOp: [4]tape.OpCount{2: {WrongClaims: 1, Detected: 1}}, Waits: 1},
		},
		{
			"an error that is missed", drafted + "Wait\n58+20=78? 8 7 =78 ok\n78*9=602? 2c7 0c6 =602 ok\n602-143=459? 9b 5 4 =459 ok\n</think>459<end>",
			tape.Report{Answered: true, Answer: 459, RightClaims: 2, ByOp: [4]tape.OpCount{2: {WrongClaims: 1}}, Waits: 1},
		},
		{
			"an ok whose result says otherwise, and a check that goes on from the result", drafted + "Wait\n58+20=78? 8 7 =78 ok\n78*9=602? 2c7 0c7 =702 ok\n702-143=459? 9b 5 5 =559 no\n</think>559<end>",
			tape.Report{Right: 1, Answered: true, Answer: 559, RightClaims: 1, ByOp: [4]tape.OpCount{1: {WrongClaims: 1, Detected: 1, Repaired: 1}, 2: {WrongClaims: 1}}, Waits: 1},
		},
		{
			"a false alarm", "+20=78\n*9=702\n-143=559\nWait\n58+20=78? 8 8 =88 no\n*9=792\n-143=649\n</think>649<end>",
			tape.Report{Answered: true, Answer: 649, RightClaims: 1, FalseAlarms: 1, Waits: 1},
		},
		{"a step skipped in a draft", "+20=78\n-143=459\n</think>459<end>", tape.Report{Answered: true, Answer: 459, Slips: 1}},
		{
			"an operand miscopied", "+20=78\n*9=702\n-143=559\nWait\n58+20=78? 8 7 =78 ok\n78*8=702? 4c6 2c6 =624 no\n</think>624<end>",
			tape.Report{Answered: true, Answer: 624, Slips: 1, RightClaims: 1, Waits: 1},
		},
		{"a longer operand", "+20=78\n*9=702\n-1433=559\n", tape.Report{Slips: 1}},
		{"a claim miscopied", "+20=78\n*9=702\n-143=559\nWait\n58+20=77? 8 7 =78 no\n", tape.Report{Slips: 1, Waits: 1}},
		{"a check that begins elsewhere", "+20=78\n*9=702\n-143=559\nWait\n59+20=78? 8 7 =78 ok\n", tape.Report{Slips: 1, Waits: 1}},
		{"sure too early", "+20=78\n*9=702\n-143=559\nWait sure\n", tape.Report{Slips: 1, Waits: 1, Sures: 1}},
		{"a check of nothing", "+20=78\n*9=702\n-143=559\nWait\n58+20=78? 8 7 =78 ok\n78*9=702? 2c7 0c7 =702 ok\n702-143=559? 9b 5 5 =559 ok\nWait\n559", tape.Report{Slips: 1, Waits: 2, RightClaims: 3}},
		{"cut in a line", "+20=78\n*9=7</think>559<end>", tape.Report{Right: 1, Answered: true, Answer: 559, Unfinished: 1}},
		{"cut before anything", "</think>559<end>", tape.Report{Right: 1, Answered: true, Answer: 559, Unfinished: 1}},
		{"no answer", "+20=78\n*9=702\n-143=559\n</think>", tape.Report{}},
		{"an answer that never ends", "+20=78\n*9=702\n-143=559\n</think>559", tape.Report{}},
		{
			"Wait in a line of the draft", "+20=78\n*9=6Wait\n58+20=78? 8 7 =78 ok\n*9=702\n-143=559\n</think>559<end>",
			tape.Report{Right: 1, Answered: true, Answer: 559, RightClaims: 1, Waits: 1, Interrupted: 1},
		},
		{
			"Wait before the first line, and between two", "Wait\n+20=78\n*9=702\nWait\n58+20=78? 8 7 =78 ok\n78*9=702? 2c7 0c7 =702 ok\n-143=559\n",
			tape.Report{RightClaims: 2, Waits: 2, Interrupted: 2},
		},
		{
			"Wait in a check", "+20=78\n*9=702\n-143=559\nWait\n58+20=78? 8 7 =78 ok\n78*Wait\n78*9=702? 2c7 0c7 =702 ok\n702-143=559? 9b 5 5 =559 ok\nWait sure\n",
			tape.Report{RightClaims: 3, Waits: 3, Sures: 1, Interrupted: 1},
		},
		{"sure too early, after a Wait in a line", "+20=78\nWait sure\n", tape.Report{Slips: 1, Waits: 1, Sures: 1, Interrupted: 1}},
		{"again", "+20=78\n*9=702\n-143=558\nAgain\n+20=78\n*9=702\n-143=559\n</think>559<end>", tape.Report{Right: 1, Answered: true, Answer: 559, Redone: 1}},
		{"nothing", "", tape.Report{Unfinished: 1}},
	} {
		got := tape.Audit(problem(t, "58,+20,*9,-143"), read(t, tok, c.trace))
		lines, wrong := got.Lines()
		if got.Slips > 0 != (got.Slip != "") || lines == 0 && len(c.trace) > 30 {
			t.Errorf("%s: slips %d, slip %q, %d lines, %d wrong", c.name, got.Slips, got.Slip, lines, wrong)
		}
		got.Slip, got.Traces = "", 0
		for i := range got.ByOp { // the draft lines have a test of their own
			got.ByOp[i].Lines, got.ByOp[i].Wrong = 0, 0
		}
		if got != c.want {
			t.Errorf("%s:\n got %+v\nwant %+v", c.name, got, c.want)
		}
	}
}

func TestAuditCountsDraftLinesByOperationUpToASlip(t *testing.T) {
	tok := open(t)
	p := problem(t, "58,+20,*9,/3,-143,*2") // 78 702 234 91 182
	r := tape.Audit(p, read(t, tok, "+20=79\n*9=711\n/3=238\n-143=95\n+2=190\n"))
	want := [4]tape.OpCount{{Lines: 1, Wrong: 1}, {Lines: 1}, {Lines: 1}, {Lines: 1, Wrong: 1}}
	if r.ByOp != want || r.Slips != 1 || !strings.Contains(r.Slip, "*2") {
		t.Errorf("got %v, slip %q; want %v and a slip at *2", r.ByOp, r.Slip, want)
	}
	// 79*9 = 711 is right although 79 is not; of 80*9/7 = 720/7 nothing can be said.
	p = problem(t, "77,+7,/4,*9")
	r = tape.Audit(p, read(t, tok, "+7=83\n/4=20\n*9=180\n"))
	if want := [4]tape.OpCount{{Lines: 1, Wrong: 1}, {}, {Lines: 1}, {}}; r.ByOp != want || r.Slips != 0 {
		t.Errorf("got %v, slip %q; want %v: 83/4 leaves a remainder and is not judged", r.ByOp, r.Slip, want)
	}
}
