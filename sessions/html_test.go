package sessions

import (
	"bytes"
	"regexp"
	"strings"
	"testing"

	"s1/engine/trace"
)

// hostile is text that wants out of a page, or into a terminal.
var hostile = []string{
	`</script><script>alert(1)</script>`, `"><img src=x onerror=alert(1)>`, `' onmouseover='alert(1)`, `<!-- --> ]]> <style>*{display:none}</style>`,
	"\x00\x1b[2J\u009b31m\x7f", "\u202e\u2066 turned \u2069", "&lt;b&gt; &amp; &#60;", "\xff\xfe\xe2\x82", "javascript:alert(1)", "\u2028\u2029\ufeff\ufffe", "</title><base href=//x>",
}

func TestAPageIsSelfContainedAndEscapesEverything(t *testing.T) {
	t.Parallel()
	tag := regexp.MustCompile(`</?([a-zA-Z0-9!]+)[^>]*>`)
	allowed := map[string]bool{}
	for name := range strings.FieldsSeq("!DOCTYPE html head meta title style body p span article h1 h2 h3 div section footer") {
		allowed[name] = true
	}
	for _, text := range hostile {
		s := aSession(1)
		r := &s.Run
		r.ID, r.Model, r.Prompt, r.System, r.Expected, r.ThinkFormat, r.Backend = text, text, text, text, text, text, text
		s.Title, s.Note, s.Tags = text, text, []string{text}
		for i := range s.Branches {
			k := &s.Branches[i]
			k.Comment, k.Error, k.Tags, k.Notes, k.Cause = text, text, []string{text}, []TokenNote{{1, text}}, trace.Cause(text)
			k.Notices = []Notice{{1, text}}
			for j := range k.Tokens {
				k.Tokens[j].Text = text
			}
		}
		var b bytes.Buffer
		if err := ExportHTML(&b, s); err != nil {
			t.Fatal(err)
		}
		page := b.String()
		for _, m := range tag.FindAllStringSubmatch(page, -1) {
			if !allowed[m[1]] || strings.Contains(m[0], " on") || strings.Contains(m[0], "src=") || strings.Contains(m[0], "href=") {
				t.Errorf("%q: the page has %s", text, m[0])
			}
		}
		for _, bad := range []string{"<script", "http:", "https:", "url(", "@import", "\x00", "\x1b", "\u009b", "\u202e", "\u2028", "\ufffe"} {
			if strings.Contains(page, bad) {
				t.Errorf("%q: the page contains %q", text, bad)
			}
		}
		if strings.Count(page, "<style>") != 1 || strings.Count(page, "<title>") != 1 {
			t.Errorf("%q: it made a style or a title of its own", text)
		}
	}
}

func TestAPageShowsOriginEntropyProbabilityAndBranches(t *testing.T) {
	t.Parallel()
	s := grown(said("r1", 1, "what?", "one two ", "three"), "1", 1, "Wait four ", "five")
	own := s.Branches[1].Tokens
	own[0].Origin, own[0].Wished, own[0].Entropy = trace.OriginInjected, true, 2.5
	own[1].Origin, own[1].Logprob = trace.OriginForced, -0.6931472
	s.Branches[1].Verdict, s.Branches[1].Bookmarks = trace.VerdictRight, []int{2}
	var b bytes.Buffer
	if err := ExportHTML(&b, s); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"default-src 'none'", "prefers-color-scheme: dark", `class="legend"`, "Branch 0, start", "Branch 1, wait of 0 at token 1",
		`<span class="e4 injected" title="token 1, id 0, p 1.000, entropy 2.50">&#9612;Wait </span>`, `p 0.500`, `class="forced"`, "&#9733;", "&#9670;",
		`class="past"`, `<span class="v-right">right</span>`,
	} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("the page lacks %q", want)
		}
	}
}
