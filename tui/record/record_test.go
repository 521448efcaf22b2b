package record

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// clock goes on by a step each time it is asked.
type clock struct {
	at   time.Time
	step time.Duration
}

func (c *clock) now() time.Time {
	c.at = c.at.Add(c.step)
	return c.at
}

func create(t *testing.T) (*Recorder, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "a.cast")
	c := &clock{time.Unix(1_700_000_000, 0), 1500*time.Microsecond + 400}
	r, err := Create(path, 80, 24, c.now)
	if err != nil {
		t.Fatal(err)
	}
	return r, path
}

// read returns the header, the events, and all outputs joined.
func read(t *testing.T, path string) (head map[string]any, events [][]any, output string) {
	t.Helper()
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSuffix(string(raw), "\n"), "\n")
	if err := json.Unmarshal([]byte(lines[0]), &head); err != nil {
		t.Fatal(err)
	}
	for _, l := range lines[1:] {
		var e []any
		if err := json.Unmarshal([]byte(l), &e); err != nil || len(e) != 3 {
			t.Fatalf("%q is no event: %v", l, err)
		}
		events = append(events, e)
		if e[1] == "o" {
			output += e[2].(string)
		}
	}
	return head, events, output
}

func TestWhatWasWrittenComesOutAgain(t *testing.T) {
	t.Parallel()
	for about, parts := range map[string][]string{
		"text":                        {"hello", " world\r\n"},
		"controls":                    {"\x1b[?1049h\x1b[2J", "\x1b[31m<&>\x1b[0m\x07", "\x00\x7f"},
		"a character in three pieces": {"a\xe2", "\x96", "\x8cb"},
		"four bytes over two calls":   {"\xf0\x9f", "\x98\x80"},
		"nothing":                     {"", ""},
	} {
		r, path := create(t)
		for _, p := range parts {
			r.Output([]byte(p))
		}
		if err := r.Close(); err != nil {
			t.Fatal(err)
		}
		if _, _, got := read(t, path); got != strings.Join(parts, "") {
			t.Errorf("%s: %q came out of %q", about, got, parts)
		}
	}
}

func TestBrokenBytesBecomeReplacementCharactersAndNothingElseIsLost(t *testing.T) {
	t.Parallel()
	r, path := create(t)
	r.Output([]byte("a\xffb\xe2"))
	r.Output([]byte("c\xf0"))
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	if _, _, got := read(t, path); got != "a\ufffdb\ufffdc\ufffd" {
		t.Errorf("got %q", got)
	}
}

func TestTheHeaderSaysTheSizeAndTheTimeAndNothingOfTheUser(t *testing.T) {
	t.Parallel()
	r, path := create(t)
	r.Resize(80, 24) // no change
	r.Output([]byte("x"))
	r.Resize(100, 30)
	r.Close()
	head, events, _ := read(t, path)
	if len(head) != 4 || head["version"] != 2.0 || head["width"] != 80.0 || head["height"] != 24.0 || head["timestamp"] != 1.7e9 {
		t.Errorf("the header is %v", head)
	}
	if len(events) != 2 || events[1][1] != "r" || events[1][2] != "100x30" {
		t.Errorf("the events are %v", events)
	}
	if at := events[0][0].(float64); at != 0.0015 {
		t.Errorf("the first event is at %v s, want 0.0015: rounded to microseconds", at)
	}
}

func TestARecordingIsOnDiskBeforeItIsClosed(t *testing.T) {
	t.Parallel()
	r, path := create(t)
	r.Output([]byte("now"))
	if _, _, got := read(t, path); got != "now" {
		t.Errorf("a killed program would leave %q", got)
	}
	r.Close()
	r.Output([]byte("late"))
	if err := r.Close(); err != nil {
		t.Errorf("closed twice: %v", err)
	}
}

func TestARecordingNeverReplacesAFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "a.cast")
	if err := os.WriteFile(path, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Create(path, 80, 24, time.Now); err == nil || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), "there already") {
		t.Errorf("got %v", err)
	}
	if raw, _ := os.ReadFile(path); string(raw) != "mine" {
		t.Errorf("the file holds %q", raw)
	}
	if _, err := Create(filepath.Join(path, "no", "folder"), 80, 24, time.Now); err == nil {
		t.Error("a path that can not be is taken")
	}
}
