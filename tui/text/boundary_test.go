package text

import (
	"fmt"
	"testing"

	"s1/tui/theme"
)

func TestBoundariesAreFoundBothWays(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		kind Boundary
		text string
		want []int // where one begins, behind the first byte; the length of the text comes last
	}{
		{"words", Word, "one  two, thre\u00e9!", []int{5, 8, 10, 16, 17}},
		{"words and figures", Word, "5*37=185", []int{1, 2, 4, 5, 8}},
		{"sentences", Sentence, "Yes. 3.5 is so? No!\nnew line\n", []int{5, 16, 20, 29}},
		{"steps are lines where there are no paragraphs", Step, "one\ntwo\n three", []int{4, 9, 14}},
		{"steps are paragraphs where there are any", Step, "one\ntwo\n\nthree\nfour", []int{9, 19}},
		{"an empty line at the end makes no paragraphs", Step, "one\ntwo\n</think>\n\n", []int{4, 8, 18}},
		{"nothing", Word, "", []int{0}},
	} {
		d := NewDoc(false)
		d.Append(c.text, theme.Text)
		var got, back []int
		for at := 0; ; {
			at = d.NextBoundary(c.kind, at)
			got = append(got, at)
			if at >= d.Len() {
				break
			}
		}
		for at := d.Len(); at > 0; {
			at = d.PrevBoundary(c.kind, at)
			back = append([]int{at}, back...)
		}
		if fmt.Sprint(got) != fmt.Sprint(c.want) {
			t.Errorf("%s: on %v, want %v", c.name, got, c.want)
		}
		if want := append([]int{0}, c.want[:len(c.want)-1]...); d.Len() > 0 && fmt.Sprint(back) != fmt.Sprint(want) {
			t.Errorf("%s: back %v, want %v", c.name, back, want)
		}
	}
}
