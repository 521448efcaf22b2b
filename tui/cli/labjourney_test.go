package cli

import (
	"bytes"
	"net/http"
	"os"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
)

// The lab as a user has it: open it, ask what a sweep costs, start it, look behind a point, open a question's trace.
func TestJourneyASweepInTheLabDownToATrace(t *testing.T) {
	t.Parallel()
	for _, f := range faces {
		b := newBox(t)
		if f.noColor {
			b.set("NO_COLOR=1")
		}
		s := b.open(f.w, f.h, "--seed", "3", "--pace", "max")
		s.Until("ready", "mini · cpu").Keys("C-l").Until("accuracy against thinking tokens", "methods", "folder")
		change := func(downs int, value string) {
			for range downs {
				s.Keys("Down")
			}
			s.Keys("Enter").Until("enter").Keys("C-u").Type(value).Keys("Enter").Until(value)
		}
		change(2, "none,bf,wait,majority")
		change(1, "0,16,64")
		change(1, "0,1,2")
		change(1, "1,3")
		change(2, "12")
		s.Keys("f").Until("forecast from 4 of 12 questions: 9 arms").Keys("s").Until("n 12 of 12").Until("the sweep is done", "bf 0")
		s.Satisfies("draws a curve", func(f string) bool {
			return strings.ContainsFunc(f, func(r rune) bool { return r > 0x2800 && r <= 0x28ff })
		})
		s.Keys("Enter").Until("all: 12").Keys("c").Until("only wrong").Keys("c").Until("only right").Keys("Enter").Until("goes back to the lab", "saved", "right")
		got := s.branches()
		if len(got) != 1 || got[0].Receipt.ThinkingTokens == 0 {
			t.Errorf("kept are %+v", got)
		}
		// The folder is that of s1 sweep, which finds nothing left to do in it.
		s.Keys("C-l").Until("only right").Keys("Escape").Until("shared traces saved", "bf 0").Keys("C-c").Until("quits").Keys("C-c")
		s.left(0)
		before, err := os.ReadFile(b.at("s1-sweep", "items.jsonl"))
		if err != nil {
			t.Fatal(err)
		}
		args := []string{"sweep", "--data", "tape", "--n", "12", "--methods", "none,bf,wait,majority", "--caps", "0,16,64", "--waits", "0,1,2", "--votes", "1,3", "--seed", "1", "--out", b.at("s1-sweep")}
		b.run(args...).wants(0, "n = 12")
		if after, err := os.ReadFile(b.at("s1-sweep", "items.jsonl")); err != nil || !bytes.Equal(before, after) {
			t.Errorf("s1 sweep made other rows of the lab's folder: %v", err)
		}
		record, err := os.ReadFile(b.at("s1-sweep", "run.json"))
		if err != nil || !regexp.MustCompile(`"done_before": 12`).Match(record) {
			t.Errorf("it was not gone on with: %s, %v", record, err)
		}
		b.run("sweep", "--out", b.at("s1-sweep")).wants(0, "n = 12")
	}
}

// The same over servers: they are named in the form, say what they are before the start, one of them dies while it runs, and the
// folder is that of s1 sweep over them.
func TestJourneyASweepInTheLabOverServers(t *testing.T) {
	t.Parallel()
	for _, f := range faces {
		b := newBox(t)
		if f.noColor {
			b.set("NO_COLOR=1")
		}
		_, good := scriptedServer(t, nil)
		dies, mortal := scriptedServer(t, nil)
		var dead atomic.Bool
		dies.Fault = func(_ int, w http.ResponseWriter, _ *http.Request) bool {
			if dead.Load() {
				w.WriteHeader(http.StatusServiceUnavailable)
			}
			return dead.Load()
		}
		const nobody = "http://127.0.0.1:1/v1"
		data := questionFile(b, 40)
		s := b.open(f.w, f.h, "--seed", "3", "--pace", "max")
		s.Until("ready", "mini · cpu").Keys("C-l").Until("accuracy against thinking tokens", "methods", "folder")
		change := func(downs int, value, shown string) {
			for range downs {
				s.Keys("Down")
			}
			s.Keys("Enter").Until("enter").Keys("C-u").Type(value).Keys("Enter").Until(shown)
		}
		host := func(at string) string { return strings.TrimSuffix(strings.TrimPrefix(at, "http://"), "/v1") }
		change(0, "mini "+good, "only servers")
		change(0, good+" "+mortal+" "+nobody, host(good))
		s.Until("exact", host(mortal), "127.0.0.1:1", "not there")
		change(1, data, "q.jsonl")
		change(1, "none,bf", "none,bf")
		change(1, "0,8,32", "0,8,32")
		change(4, "40", "40")
		s.Keys("f").Until("forecast from 4 of 40 questions: 4 arms", "3 servers")
		dead.Store(true)
		s.Keys("s").Until("n 40 of 40").Until("the sweep is done", "bf 0", "budget exact")
		s.Keys("Enter").Until("all: 40").Keys("Enter").Until("goes back to the lab", "saved")
		s.Keys("C-c").Until("quits").Keys("C-c")
		s.left(0)
		if got := s.branches(); len(got) != 1 || got[0].Receipt.Closed == "" {
			t.Errorf("kept are %+v", got)
		}
		rows := b.read("s1-sweep/items.jsonl")
		b.run("sweep", "-m", good, "--data", data, "--methods", "none,bf", "--caps", "0,8,32", "--seed", "1", "--n", "40", "--out", b.at("s1-sweep")).wants(0, "n = 40")
		if after := b.read("s1-sweep/items.jsonl"); rows != after || strings.Count(rows, "\n") != 4*40 {
			t.Errorf("s1 sweep made other rows of the lab's folder, or %d rows are not 160", strings.Count(rows, "\n"))
		}
	}
}
