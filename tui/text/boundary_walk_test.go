package text

import (
	"slices"
	"testing"
	"unicode/utf8"
)

// walkAll returns every boundary from the beginning on.
func walkAll(d *Doc, kind Boundary) []int {
	var out []int
	for at := d.NextBoundary(kind, 0); at < d.Len(); at = d.NextBoundary(kind, at) {
		out = append(out, at)
	}
	return out
}

func TestBoundaries(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		kind Boundary
		in   string
		want []int
	}{
		{"words", Word, "one  two, 3x", []int{5, 8, 10}},
		{"an apostrophe is inside", Word, "don't go", []int{6}},
		{"a tape", Word, "*5=185", []int{1, 2, 3}},
		{"marks stay on their letter", Word, "ae\u0301 b", []int{5}},
		{"sentences", Sentence, "One. Two! Three? Four", []int{5, 10, 17}},
		{"a number is no end", Sentence, "pi is 3.14 today. Yes", []int{18}},
		{"a line is an end", Sentence, "one\ntwo\n\n three", []int{4, 10}},
		{"a quotation closes behind its end", Sentence, `He said "no." (Twice.) So.`, []int{14, 23}},
		{"other scripts", Sentence, "是。 不！ 好", []int{7, 14}},
		{"steps by empty lines", Step, "a\nb\n\nc\n\n\nd", []int{5, 9}},
		{"an empty line with spaces", Step, "a\nb\n  \nc", []int{7}},
		{"steps by lines where none is empty", Step, "*5=185\n+61=246\n", []int{7}},
		{"nothing", Word, "", nil},
		{"white space only", Step, " \n\n ", nil},
		{"broken bytes", Word, "a \xff\xff b", []int{2, 5}},
	} {
		if got := walkAll(docOf(c.in), c.kind); !slices.Equal(got, c.want) {
			t.Errorf("%s: %q at %v, want %v", c.name, c.in, got, c.want)
		}
	}
}

// A cursor that goes to the end and back visits the same places, none inside a character, and always gets on.
func FuzzBoundary(f *testing.F) {
	f.Add("One. \"Two!\"\n\nthree 日本 e\u0301\xff\x00", uint8(1), 3)
	f.Fuzz(func(t *testing.T, s string, k uint8, from int) {
		if len(s) > 2000 {
			return
		}
		d, kind := docOf(s), Boundary(k%3)
		there := walkAll(d, kind)
		var back []int
		for at := d.PrevBoundary(kind, d.Len()); at > 0; at = d.PrevBoundary(kind, at) {
			back = append(back, at)
		}
		slices.Reverse(back)
		if !slices.Equal(there, back) {
			t.Fatalf("%q by %d: %v on the way there, %v on the way back", s, kind, there, back)
		}
		for _, at := range there {
			if !utf8.RuneStart(s[at]) {
				t.Fatalf("%q by %d: %d is inside a character", s, kind, at)
			}
		}
		if n := d.NextBoundary(kind, from); n < 0 || n > d.Len() || from < d.Len() && n <= from {
			t.Fatalf("%q by %d: from %d on to %d", s, kind, from, n)
		}
		if n := d.PrevBoundary(kind, from); n < 0 || n > d.Len() || from > 0 && n >= from {
			t.Fatalf("%q by %d: from %d back to %d", s, kind, from, n)
		}
	})
}
