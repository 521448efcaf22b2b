package text

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"s1/tui/theme"
)

func docOf(s string) *Doc {
	d := NewDoc(false)
	d.Append(s, theme.Text)
	return d
}

func TestAllFindsEveryPlaceOnce(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name, in, needle string
		want             []int
	}{
		{"nothing is nowhere", "abc", "", nil},
		{"in nothing", "", "a", nil},
		{"small letters find capitals", "Wait, wait, WAIT", "wait", []int{0, 6, 12}},
		{"a capital finds itself only", "Wait, wait, WAIT", "Wait", []int{0}},
		{"places do not overlap", "aaaa", "aa", []int{0, 2}},
		{"at the very end", "x\n=79", "=79", []int{2}},
		{"longer than the text", "ab", "abc", nil},
		{"bytes of no character", "a\xffb\xff", "\xff", []int{1, 3}},
		{"an escape is text", "\x1b[31mred", "[31m", []int{1}},
		{"other letters count as they are", "Éé", "é", []int{2}},
	} {
		if got := docOf(c.in).All(c.needle); !slices.Equal(got, c.want) {
			t.Errorf("%s: %q in %q at %v, want %v", c.name, c.needle, c.in, got, c.want)
		}
	}
}

// slowAll is what All must give, by the standard library.
func slowAll(s, needle string) []int {
	var out []int
	b, n := []byte(s), []byte(needle)
	if bytes.Equal(n, bytes.ToLower(n)) {
		b = bytes.ToLower(b) // ASCII only here, so places stay the same
	}
	for at := 0; len(n) > 0; {
		i := bytes.Index(b[at:], n)
		if i < 0 {
			break
		}
		out = append(out, at+i)
		at += i + len(n)
	}
	return out
}

func TestAllOfAGrowingTextEqualsAllFromScratch(t *testing.T) {
	t.Parallel()
	for seed := range uint64(400) {
		r := rand.New(rand.NewPCG(seed, 3))
		needles := []string{"a", "ab", "ba", "aba", "A", "aB", "\x00", ""}
		d := NewDoc(false)
		for range 30 {
			var piece strings.Builder
			for range r.IntN(9) {
				piece.WriteByte("abAB \x00"[r.IntN(6)])
			}
			d.Append(piece.String(), theme.Text)
			needle := needles[r.IntN(len(needles))]
			if r.IntN(3) > 0 {
				needle = needles[2] // mostly the same one, as while a thought streams
			}
			if got, want := d.All(needle), slowAll(d.String(), needle); !slices.Equal(got, want) {
				t.Fatalf("seed %d: %q in %q at %v, want %v", seed, needle, d.String(), got, want)
			}
		}
	}
}

func TestReflectionFindsWholeWordsOnly(t *testing.T) {
	t.Parallel()
	usual := NewReflection(nil)
	for _, c := range []struct {
		name string
		r    Reflection
		in   string
		want []int
	}{
		{"the usual ones", usual, "Wait, but that. Hmm! On second thought", []int{0, 6, 16, 21}},
		{"inside a word", usual, "await button contribute waiting", nil},
		{"inside a word with an accent", usual, "début débuts butée", nil},
		{"between signs", usual, "(wait)-but_not 2wait wait2", []int{1}},
		{"capitals", usual, "HOWEVER", []int{0}},
		{"a phrase before its beginning", NewReflection([]string{"let", "let me check"}), "let me check. let me", []int{0, 14}},
		{"a phrase that goes on in the last word", NewReflection([]string{"let me check", "let"}), "let me checker", []int{0}},
		{"a word behind one that is none", NewReflection([]string{"a wait", "wait"}), "ama wait", []int{4}},
		{"another alphabet", NewReflection([]string{"стоп", "等等"}), "Стоп, не стопка. 等等", []int{0, strings.Index("Стоп, не стопка. 等等", "等")}},
		{"words that are none", NewReflection([]string{"", "  ", "hmm"}), "a hmm", []int{2}},
		{"a script without spaces", NewReflection([]string{"等等"}), "但是等等我", []int{6}},
		{"signs as a word", NewReflection([]string{"..."}), "so... yes", []int{2}},
		{"the zero value", Reflection{}, "wait", nil},
	} {
		if got := c.r.All(docOf(c.in)); !slices.Equal(got, c.want) {
			t.Errorf("%s: in %q at %v, want %v", c.name, c.in, got, c.want)
		}
	}
}

// Budget: 33 ms for all of 10 MB that was not searched yet, and 0.1 ms a frame while it grows: every frame asks again.
// Reflection words are looked for when a key asks: 200 ms.
func BenchmarkAll10MB(b *testing.B) {
	s := strings.Repeat("the quick brown fox jumps over the lazy dog; ", 10<<20/45)
	b.Run("first", func(b *testing.B) {
		d := docOf(s)
		for i := range b.N {
			d.All([]string{"lazy cat", "lazy cow"}[i%2])
		}
	})
	b.Run("frame", func(b *testing.B) {
		d := docOf(s)
		d.All("lazy dog")
		for b.Loop() {
			d.Append("word ", theme.Text)
			d.All("lazy dog")
		}
	})
	b.Run("reflection", func(b *testing.B) {
		d, r := docOf(s), NewReflection(nil)
		for b.Loop() {
			r.All(d)
		}
	})
}
