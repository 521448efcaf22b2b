package cli

import (
	"strings"
	"testing"
)

func TestGradeExplainsItself(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	b.run("grade", `so it is \boxed{\frac{2}{4}}`, "0.5").wants(0, "correct", "boxed", "exact number", "both are 1/2", "policies")
	b.run("grade", `\boxed{(0,1]}`, "[0,1]").wants(0, "incorrect", "one is open where the other is closed")
	b.run("grade", `\boxed{\frac{1}{`, "2").wants(0, "unparsed")
	b.run("grade", "--", "-5", "5").wants(0, "incorrect", "-5 is not 5")
	b.feed("The answer is 7.\n", "grade", "-", "7").wants(0, "correct", "answer line")
	b.run("grade", "\\boxed{\x1b[31m5\u009b}", "5\x07").wants(0)
}

func TestGradeJSONHasItsKeys(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	lines := b.run("grade", "--json", `\boxed{0.3333}`, `\frac13`, "--with", "rounded").wants(0).lines()
	if len(lines) != 1 {
		t.Fatalf("%d lines, want 1", len(lines))
	}
	for _, key := range []string{"verdict", "rule", "extracted", "policies"} {
		if _, ok := lines[0][key]; !ok {
			t.Errorf("the line lacks %q: %v", key, lines[0])
		}
	}
	if lines[0]["verdict"] != "correct" || lines[0]["extracted"] != "0.3333" {
		t.Errorf("the line is %v", lines[0])
	}
	if all, ok := lines[0]["policies"].([]any); !ok || len(all) < 5 {
		t.Errorf("policies = %v", lines[0]["policies"])
	}
}

func TestGradeReadsFiles(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	pred := b.write("pred.jsonl", `{"id":"b","text":"The answer is 4."}`+"\n"+`{"id":"a","text":"\\boxed{\\frac12}"}`+"\n"+`{"id":"c","text":""}`+"\n")
	gold := b.write("gold.jsonl", `{"id":"a","answer":0.5}`+"\n"+`{"id":"b","answer":"5"}`+"\n\n"+`{"id":"c","answer":"6"}`+"\n")
	got := ""
	r := b.run("grade", "--pred", pred, "--gold", gold, "--json").wants(0, "1 of 3 correct: 33.3 % (95 % interval", "1 incorrect, 1 unparsed")
	for _, line := range r.lines() {
		got += line["id"].(string) + " " + line["verdict"].(string) + " "
	}
	if want := "b incorrect a correct c unparsed "; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	plain := b.write("plain.jsonl", `"x=5"`+"\n7\n")
	known := b.write("known.jsonl", `{"answer":"5"}`+"\n"+`{"answer":"8"}`+"\n")
	out := b.run("grade", "--pred", plain, "--gold", known).wants(0, "1 of 2 correct").out
	if !strings.HasPrefix(out, "correct ") || strings.Count(out, "\n") != 2 {
		t.Errorf("it says %q", out)
	}
}

func TestGradeRefusesWhatItCannotDo(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	two := b.write("two.jsonl", "1\n2\n")
	one := b.write("one.jsonl", "1\n")
	bad := b.write("bad.jsonl", "1\n{]\n")
	for _, c := range []struct {
		code int
		says string
		args []string
	}{
		{2, "a prediction and the known answer", []string{"grade"}},
		{2, "a prediction and the known answer", []string{"grade", "1"}},
		{2, `"3" is one too many`, []string{"grade", "1", "2", "3"}},
		{2, "together", []string{"grade", "--pred", two}},
		{2, "not both", []string{"grade", "1", "--pred", two, "--gold", two}},
		{2, "s1 grade -- -5 5", []string{"grade", "-5", "5"}},
		{2, `did you mean "qwen"`, []string{"grade", "1", "1", "--policy", "qwem"}},
		{2, `did you mean "rounded"`, []string{"grade", "1", "1", "--with", "round"}},
		{2, "below 1", []string{"grade", "1", "1", "--tolerance", "-1"}},
		{1, "no such file", []string{"grade", "--pred", b.at("none"), "--gold", two}},
		{1, "1 lines and 2", []string{"grade", "--pred", one, "--gold", two}},
		{1, "bad.jsonl, line 2", []string{"grade", "--pred", bad, "--gold", two}},
	} {
		b.run(c.args...).wants(c.code, c.says)
	}
}
