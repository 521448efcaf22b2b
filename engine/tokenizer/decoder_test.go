package tokenizer

import (
	"strings"
	"testing"
	"unicode/utf8"
)

func TestHalfACharacterIsHeldBack(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		pieces []string
		want   []string // after each piece, then after Flush
	}{
		{"ascii", []string{"ab", "c"}, []string{"ab", "c", ""}},
		{"split in two", []string{"\xe2\x82", "\xac!"}, []string{"", "€!", ""}},
		{"byte by byte", []string{"\xf0", "\x9f", "\xa6", "\x99"}, []string{"", "", "", "🦙", ""}},
		{"text before", []string{"a\xf0\x9f", "\xa6\x99b"}, []string{"a", "🦙b", ""}},
		{"never valid", []string{"a\xffb"}, []string{"a\uFFFDb", ""}},
		{"cannot complete", []string{"\xe2\x82", "A"}, []string{"", "\uFFFDA", ""}},
		{"cannot complete, next begins", []string{"\xf0\x9f", "\xe2\x82\xac"}, []string{"", "\uFFFD€", ""}},
		{"overlong", []string{"\xc0\x80"}, []string{"\uFFFD\uFFFD", ""}},
		{"surrogate", []string{"\xed\xa0", "\x80"}, []string{"\uFFFD\uFFFD", "\uFFFD", ""}},
		{"ends inside", []string{"x\xf0\x9f\xa6"}, []string{"x", "\uFFFD"}},
		{"empty piece", []string{"\xe2", "", "\x82\xac"}, []string{"", "", "€", ""}},
		{"a real U+FFFD", []string{"\xef\xbf", "\xbd"}, []string{"", "\uFFFD", ""}},
	} {
		d := NewDecoder()
		for i, p := range c.pieces {
			if got := d.Push([]byte(p)); got != c.want[i] {
				t.Errorf("%s: piece %d %q gives %q, want %q", c.name, i, p, got, c.want[i])
			}
		}
		if got := d.Flush(); got != c.want[len(c.pieces)] {
			t.Errorf("%s: Flush gives %q, want %q", c.name, got, c.want[len(c.pieces)])
		}
		if got := d.Push([]byte("ok")); got != "ok" {
			t.Errorf("%s: after Flush %q", c.name, got)
		}
	}
}

func TestAForkHoldsItsOwnBytes(t *testing.T) {
	t.Parallel()
	a := NewDecoder()
	a.Push([]byte("\xf0\x9f"))
	b := a.Clone()
	if got := a.Push([]byte("\xa6\x99")); got != "🦙" {
		t.Errorf("original: %q", got)
	}
	if got := b.Push([]byte("\x98\x80")); got != "😀" || b.Held() != 0 {
		t.Errorf("fork: %q, %d held", got, b.Held())
	}
}

func FuzzDecoderChunksJoinToTheWhole(f *testing.F) {
	f.Add([]byte("a€🦙\xff\xf0\x9f\xe2\x82A\xed\xa0\x80"), uint64(0x123456789abcdef))
	f.Fuzz(func(t *testing.T, whole []byte, cuts uint64) {
		all := NewDecoder()
		want := all.Push(whole) + all.Flush()
		d := NewDecoder()
		var got strings.Builder
		for rest := whole; len(rest) > 0; {
			n := min(int(cuts%5), len(rest))
			cuts = cuts/5 | cuts<<59
			if n == 0 {
				n = 1
			}
			out := d.Push(rest[:n])
			if !utf8.ValidString(out) {
				t.Fatalf("released %q", out)
			}
			if cuts%3 == 0 {
				d = d.Clone()
			}
			got.WriteString(out)
			rest = rest[n:]
		}
		got.WriteString(d.Flush())
		if got.String() != want {
			t.Fatalf("chunks give %q, whole gives %q", got.String(), want)
		}
		if utf8.Valid(whole) && want != string(whole) {
			t.Fatalf("valid %q became %q", whole, want)
		}
	})
}
