package recipe

import (
	"reflect"
	"strings"
	"testing"
)

func TestPinnedQuestionsAreReadFromWordsAndFiles(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]Question{
		"2+3*4":                 {Ask: "2+3*4"},
		" 2+3*4 => 20 ":         {Ask: "2+3*4", Expected: "20"},
		"is a => b true? =>":    {Ask: "is a => b true?"},
		"is a => b true? => no": {Ask: "is a => b true?", Expected: "no"},
	} {
		q, err := ParsePin(text)
		if err != nil || q != want {
			t.Errorf("%q: %+v, %v", text, q, err)
		}
		if again, err := ParsePin(q.String()); err != nil || again != q {
			t.Errorf("%q written as %q is %+v, %v", text, q.String(), again, err)
		}
	}
	for _, bad := range []string{"", "  ", "=> 20"} {
		if q, err := ParsePin(bad); err == nil {
			t.Errorf("%q: %+v", bad, q)
		}
	}
	r, err := Parse("r.toml", "[pinned]\ncaps = [0, 16]\nlimit = 100\nanswer_cap = 10\n[[pinned.questions]]\nask = \"a\"\nexpected = \"b\"\n[[pinned.questions]]\nask = \"c\"\n")
	if err != nil || !reflect.DeepEqual(r.Pinned.Questions, []Question{{"a", "b"}, {"c", ""}}) {
		t.Fatalf("%+v, %v", r.Pinned, err)
	}
	if got := r.Pinned.Cost(); got != 2*(0+10+16+10) {
		t.Errorf("it costs %d tokens at most", got)
	}
	r.Pinned.Caps = []int{-1}
	if got := r.Pinned.Cost(); got != 2*(100+10) {
		t.Errorf("without a cap it costs %d tokens at most", got)
	}
	if r.Hash() != func() string { r.Pinned.Questions = nil; return r.Hash() }() {
		t.Error("what is asked makes another run")
	}
}

func TestCheckpointsAreCountedWithTheEnd(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ every, total, want int64 }{{5, 14, 3}, {5, 15, 3}, {0, 14, 1}, {20, 14, 1}, {5, 0, 0}} {
		r := Recipe{Checkpoint: Checkpoint{Every: c.every}}
		if got := r.Checkpoints(c.total); got != c.want {
			t.Errorf("every %d of %d: %d checkpoints, want %d", c.every, c.total, got, c.want)
		}
	}
}

func TestPinnedQuestionsThatCostTooMuchAreRefused(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ text, says string }{
		{"[pinned]\ncaps = [-2]", "pinned.caps is -2"},
		{"[pinned]\ncaps = [1, 2, 3, 4, 5]", "at most 4 budgets"},
		{"[pinned]\nlimit = 0", "pinned.limit is 0"},
		{"[pinned]\nanswer_cap = 1000000", "pinned.answer_cap"},
		{"[pinned]\ncaps = []\n[[pinned.questions]]\nask = \"a\"", "at least one budget"},
		{"[[pinned.questions]]\nask = \" \"", "a question"},
		{"[[pinned.questions]]\nask = \"" + strings.Repeat("x", 9000) + "\"", "at most 8192 bytes"},
		{strings.Repeat("[[pinned.questions]]\nask = \"a\"\n", 33), "at most 32"},
		{"[[pinned.questions]]\nquestion = \"a\"", "unknown key"},
	} {
		if _, err := Parse("r.toml", c.text); err == nil || !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%.60q: %v, want %q", c.text, err, c.says)
		}
	}
}
