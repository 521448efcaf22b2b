package cli

import (
	"encoding/json"
	"html"
	"regexp"
	"strings"
	"testing"
)

// The library as a user has it: find a run by what was thought in it, open it there, go on, export a selection in every form, and find
// everything again after leaving.
func TestJourneySearchOpenGoOnExport(t *testing.T) {
	t.Parallel()
	everywhere(t, func(s screen) {
		for _, question := range []string{"37,*5,+61", "84,/2,-19"} {
			s.run("run", "--seed", "3", "--quiet", question).wants(0)
		}
		// 246 is in the thought and the answer of one run only, and in no question.
		s.Keys("C-s").Until("all runs", "3 runs").Keys("/").Until("search the sessions").Type("246").Keys("Enter").Until("1 hit", "37,*5,+61")
		s.Keys("Enter").UntilGone("1 hit").Until("37,*5,+61", "done", "saved")
		// It stands on the first hit, so that the next one is the second.
		s.Keys("2").Until("side panes: token").Keys("J").Until("search hits: 2 of 2").Keys("K").Until("search hits: 1 of 2").Keys("f").Until("B of 2").Until("done", "saved")

		// Both branches of it and another run are what goes out.
		s.Keys("C-s").Until("1 hit").Keys("/").Until("search the sessions").Keys("C-u").Keys("Enter").Until("all runs", "3 runs")
		s.Keys("Home", "Space", "Space").Until("2 marked")
		for _, form := range []string{"md", "jsonl", "html"} {
			s.Keys("e").Until("2 sessions into a new file").Keys("C-u").Type("two." + form).Keys("Enter").Until("2 sessions are in two." + form)
		}
		s.Keys("e").Until("2 sessions into a new file").Keys("C-u").Type("two.md").Keys("Enter").Until("could not export", "two.md")
		s.Keys("Escape").UntilGone("could not export").Keys("C-s").Until("all runs")
		exported(s)

		// Another run, and back to where this one was left.
		s.Keys("End").Keys("Enter").UntilGone("all runs").Until("29,-16,+65", "done").Keys("C-s").Until("all runs").Keys("Down", "Enter").UntilGone("all runs").Until("B of 2", "37,*5,+61")
		s.Keys("w").Until("C of 3").Until("done", "saved")
	})
}

// exported checks the three files against what is kept.
func exported(s screen) {
	s.t.Helper()
	var runs []map[string]any
	answers := map[string]string{}
	for _, r := range s.sessions() {
		if q := r["prompt"].(string); q != "29,-16,+65" {
			runs, answers[q] = append(runs, r), r["answer"].(string)
		}
	}
	if len(runs) != 2 {
		s.t.Fatalf("kept beside the first question are %v, want two runs", runs)
	}

	// JSON lines: another home reads them back, and writes the same again.
	lines := strings.Split(strings.TrimSpace(s.read("two.jsonl")), "\n")
	kinds := map[string]int{}
	for _, l := range lines {
		var line struct{ Type string }
		if err := json.Unmarshal([]byte(l), &line); err != nil {
			s.t.Fatalf("two.jsonl: %v in %.200s", err, l)
		}
		kinds[line.Type]++
	}
	if kinds["run"] != 2 || kinds["branch"] != 3 {
		s.t.Errorf("two.jsonl holds %v, want 2 runs with 3 branches", kinds)
	}
	other := newBox(s.t)
	other.run("sessions", "import", s.at("two.jsonl")).wants(0)
	for _, r := range runs {
		id := r["id"].(string)
		if got, want := other.run("sessions", "export", id).wants(0).out, s.run("sessions", "export", id).wants(0).out; got != want {
			s.t.Errorf("after an import %s is\n%s\nwas\n%s", id, got, want)
		}
	}

	// Markdown: the branch that was made here says from where it comes.
	md := s.read("two.md")
	if n := strings.Count(md, "\n## Branch "); n != 3 || !regexp.MustCompile(`## Branch \S+, fork of \S+ at token \d+`).MatchString(md) {
		s.t.Errorf("two.md has %d branches, want 3 and one of them a fork:\n%s", n, md)
	}

	// The page: it needs nothing from elsewhere, and has a colour for every token.
	page := s.read("two.html")
	if m := regexp.MustCompile(`(?i)(src|href)="?(https?:)?//|<script[^>]+src|@import|url\(`).FindString(page); m != "" {
		s.t.Errorf("two.html is not self-contained: %q", m)
	}
	text := html.UnescapeString(regexp.MustCompile(`<[^>]*>`).ReplaceAllString(page, ""))
	for question, answer := range answers {
		for name, in := range map[string]string{"two.md": md, "two.html": text} {
			if !strings.Contains(in, question) || !strings.Contains(in, strings.TrimSpace(answer)) {
				s.t.Errorf("%s lacks the question %q or its answer %q", name, question, answer)
			}
		}
	}
	if n := strings.Count(page, `title="token `); n < kinds["token"] {
		s.t.Errorf("two.html has %d coloured tokens, two.jsonl %d", n, kinds["token"])
	}
}
