package cli

import (
	"strings"
	"testing"
	"time"
)

func TestTheLibraryOnTheCommandLine(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	b.run("sessions", "search", "anything").wants(0, "nothing found")
	b.run("run", "--seed", "1", "--temp", "0", "12,+7,*3").wants(0)
	b.run("run", "--seed", "1", "--temp", "0", "--cap", "1", "316,+275,/3,*3").wants(0)
	list := b.sessions()
	id, other := list[1]["id"].(string), list[0]["id"].(string)
	if list[1]["verdict"] != "right" || list[1]["expected"] != "57" {
		t.Errorf("an exact question is not judged: %v", list[1])
	}
	hits := b.run("sessions", "search", "12", "--json").wants(0).lines()
	if len(hits) != 1 || hits[0]["id"] != id || hits[0]["branch"] == "" || hits[0]["snippet"] == "" {
		t.Errorf("found %v", hits)
	}
	b.run("sessions", "search", `"12 7 3"`, "--verdict", "right").wants(0, id, "[12,+7,*3]", "1 of 1 found")
	b.run("sessions", "search", "--closed", "cap").wants(0, other)
	b.run("sessions", "search", "--since", "1h", "--model", "MINI", "-n", "1").wants(0, "1 of 2 found")
	for _, hostile := range []string{`"`, `a AND (`, "NEAR(", "col:*", "--", "-x", strings.Repeat("x ", 5000)} {
		b.run("sessions", "search", "--", hostile).wants(0, "nothing found")
	}
	b.run("sessions", "search", "--closed", "natral").refuses(2, "natural")
	b.run("sessions", "search", "--verdict", "good").refuses(2, "right or wrong")
	b.run("sessions", "search", "--since", "soon").refuses(2, "soon", "7d")

	b.run("sessions", "tag", id, "+math", "-b", "short").wants(0, "math short")
	b.run("sessions", "tag", id, "-short", "--json").wants(0, `"tags":["math"]`)
	b.run("sessions", "tag", id, "+two words").refuses(2, "one word")
	b.run("sessions", "tag").refuses(2, "ID")
	b.run("sessions", "note", id, "for the class").wants(0)
	b.run("sessions", "expect", other, "591").wants(0)
	b.run("sessions", "search", "--tag", "math", "class").wants(0, id, "note of")
	b.run("sessions", "list").wants(0, "#math", "right")
	b.run("sessions", "show", id).wants(0, "for the class", "**Verdict** right", "**Tags** math")
	page := b.run("sessions", "export", id, other, "--format", "html").wants(0).out
	if strings.Count(page, "<article>") != 2 || !strings.Contains(page, "for the class") {
		t.Errorf("the page of two runs: %.300s", page)
	}
	both := b.run("sessions", "export", id, other).wants(0).out
	away := newBox(t)
	away.feed(both, "sessions", "import", "-").wants(0, id, other)
	if again := away.run("sessions", "export", id, other).wants(0).out; again != both {
		t.Error("tags, notes and expected answers did not come along")
	}

	b.run("sessions", "rm", id).wants(0, "30 days")
	b.run("sessions", "search", "12").wants(0, "nothing found")
	b.run("sessions", "list", "--bin").wants(0, id)
	b.feed(both, "sessions", "import", "-").wants(1, "in the bin", "restore")
	b.run("sessions", "restore", id).wants(0)
	b.run("sessions", "restore", id).wants(1, "in the bin")
	b.run("sessions", "search", "12").wants(0, id)
	b.run("sessions", "rm", id).wants(0)
	b.run("sessions", "rm", "--purge").wants(0, "1 removed for good")
	b.run("sessions", "restore", id).wants(1, "no session")
	b.run("sessions", "rm").refuses(2, "--purge")
	// An id may be given by its beginning, if that is of one run only.
	b.run("sessions", "show", other[:len(other)-1]).wants(0, "316")
	b.run("sessions", "show", other[:2]).wants(1, "no session")
	b.run("run", "--seed", "1", "--temp", "0", "12,+7,*3").wants(0)
	b.run("sessions", "rm", other[:4]).wants(1, "more than one session")
	if out := b.run("__complete", "sessions", "show", "").wants(0).out; !strings.Contains(out, other) {
		t.Errorf("the shell is offered %q", out)
	}
}

func TestAnAgeOrADayIsRead(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 10, 12, 0, 0, 0, time.UTC)
	for text, want := range map[string]string{"36h": "2026-03-09T00:00:00Z", "7d": "2026-03-03T12:00:00Z", "2w": "2026-02-24T12:00:00Z", "2026-01-31": "2026-01-31T00:00:00Z"} {
		got, err := parseSince(text, now)
		if err != nil || got.Format(time.RFC3339) != want {
			t.Errorf("--since %s = %v, %v; want %s", text, got, err, want)
		}
	}
	for _, text := range []string{"x", "d", "-1d", "7m", "2026-13-01", "99999999d"} {
		if _, err := parseSince(text, now); err == nil {
			t.Errorf("--since %s is taken", text)
		}
	}
}
