package compare

import (
	"math/rand/v2"
	"testing"

	"s1/tui/text"
	"s1/tui/theme"
)

// lcs is the length of the longest common subsequence, by the table.
func lcs(a, b []int32) int {
	t := make([][]int, len(a)+1)
	for i := range t {
		t[i] = make([]int, len(b)+1)
	}
	for i := range a {
		for j := range b {
			if t[i+1][j+1] = max(t[i][j+1], t[i+1][j]); a[i] == b[j] {
				t[i+1][j+1] = t[i][j] + 1
			}
		}
	}
	return t[len(a)][len(b)]
}

// check replays the edits and returns how many pieces they keep.
func check(t *testing.T, a, b []int32, edits []edit) int {
	t.Helper()
	x, y, kept := 0, 0, 0
	for i, e := range edits {
		if e.a != x || e.b != y || e.n <= 0 || i > 0 && edits[i-1].kind == e.kind {
			t.Fatalf("%v -> %v: edit %d of %+v does not go on at %d, %d", a, b, i, edits, x, y)
		}
		switch e.kind {
		case '-':
			x += e.n
		case '+':
			y += e.n
		default:
			for k := range e.n {
				if a[x+k] != b[y+k] {
					t.Fatalf("%v -> %v: %+v keeps what is not the same", a, b, e)
				}
			}
			x, y, kept = x+e.n, y+e.n, kept+e.n
		}
	}
	if x != len(a) || y != len(b) {
		t.Fatalf("%v -> %v: %+v ends at %d, %d", a, b, edits, x, y)
	}
	return kept
}

func TestAlignKeepsAsMuchAsTheTableOfAllSubsequences(t *testing.T) {
	t.Parallel()
	for seed := range uint64(5000) {
		r := rand.New(rand.NewPCG(seed, 5))
		draw := func() []int32 {
			s := make([]int32, r.IntN(12))
			for i := range s {
				s[i] = int32(r.IntN(4))
			}
			return s
		}
		a, b := draw(), draw()
		edits, whole := align(a, b, editsMost)
		if got, want := check(t, a, b, edits), lcs(a, b); got != want || !whole {
			t.Fatalf("seed %d: %v -> %v keeps %d of %d (whole %v): %+v", seed, a, b, got, want, whole, edits)
		}
		edits, whole = align(a, b, 2)
		if check(t, a, b, edits); whole != (len(a)+len(b)-2*lcs(a, b) <= 2) && whole {
			t.Fatalf("seed %d: %v -> %v is said to be whole within 2 edits", seed, a, b)
		}
	}
}

func TestPiecesAreSentencesAndLinesAndDoNotDependOnHowTheTextCame(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, in string
		want     []string
	}{
		{
			"sentences", "The result of it all is 84. Wait! Is it really? (Yes.) no 3.5 is more than can come of it",
			[]string{"The result of it all is 84.", "Wait!", "Is it really?", "(Yes.)", "no 3.5 is more than can come of it"},
		},
		{"a short line is one piece", "37*5=185? 5c3 8c1 =185 ok\n/2=79", []string{"37*5=185? 5c3 8c1 =185 ok", "/2=79"}},
		{"a tape", "*5=185\n+61=246\n\n/2=79", []string{"*5=185", "+61=246", "/2=79"}},
		{"no space behind", "我想这个数是八十四。不对！应该是七十九才对吧", []string{"我想这个数是八十四。", "不对！应该是七十九才对吧"}},
		{"white space", " \n ", []string{""}},
		{"nothing", "", nil},
	} {
		for step := 1; step <= len(c.in)+1; step++ {
			d, s := text.NewDoc(false), sentences{}
			for at := 0; at < len(c.in); at += step {
				d.Append(c.in[at:min(at+step, len(c.in))], theme.Text)
				s.read(d, at%2 == 0)
			}
			s.read(d, false)
			var got []string
			for i := range s.len() {
				got = append(got, s.at(i))
			}
			if len(got) != len(c.want) {
				t.Fatalf("%s in steps of %d: %q, want %q", c.name, step, got, c.want)
			}
			for i := range got {
				if got[i] != c.want[i] {
					t.Fatalf("%s in steps of %d: %q, want %q", c.name, step, got, c.want)
				}
			}
		}
	}
}
