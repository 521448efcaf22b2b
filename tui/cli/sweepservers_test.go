package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"s1/engine/enginetest"
)

// scriptedServer is a server of the scripted model.
func scriptedServer(t *testing.T, change func(*enginetest.Server)) (*enginetest.Server, string) {
	t.Helper()
	v := enginetest.NewVocab()
	s := &enginetest.Server{Name: "scripted", Vocab: v, Script: enginetest.ASCII(v, enginetest.Random(v, 7)), Context: 600}
	if change != nil {
		change(s)
	}
	at := httptest.NewServer(s)
	t.Cleanup(at.Close)
	return s, at.URL + "/v1"
}

func questionFile(b *box, n int) string {
	var lines strings.Builder
	for i := range n {
		fmt.Fprintf(&lines, `{"id":"q%d","question":"the number %d","answer":"7"}`+"\n", i, i)
	}
	return b.write("q.jsonl", lines.String())
}

// The same sweep over two servers, one of them bad, undisturbed and killed ten times: the same files, each item once.
func TestASweepOverServersKilledTenTimesEndsWithTheItemsOfAnUndisturbedOne(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	_, good := scriptedServer(t, func(s *enginetest.Server) { s.Slow = 4 * time.Millisecond })
	_, bad := scriptedServer(t, func(s *enginetest.Server) {
		s.Slow = 2 * time.Millisecond
		s.Fault = func(n int, w http.ResponseWriter, _ *http.Request) bool {
			if n > 20 && n%11 == 0 {
				w.WriteHeader(http.StatusInternalServerError)
				return true
			}
			return false
		}
		s.Broken = func(n int) int {
			if n > 20 && n%7 == 0 {
				return n % 5
			}
			return -1
		}
	})
	args := func(out string) []string {
		return []string{
			"sweep", "-m", good, "-m", bad + "#scripted", "--data", questionFile(b, 60), "--methods", "none,bf,wait,majority", "--caps", "0,8,32", "--waits", "0,1,2", "--votes", "1,2",
			"--limit", "60", "--answer-cap", "8", "--parallel", "2", "--seed", "5", "--out", out,
		}
	}
	r := b.run(args(b.at("whole"))...).wants(0, "n = 60", "exact", "2 servers, completions by ids, budget exact", "as separate runs")
	if strings.Contains(r.err, "\x1b") {
		t.Errorf("%q", r.err)
	}
	b.killedTenTimes(args, "whole", "killed").wants(0, "n = 60")
	b.sameSweep("whole", "killed")
	seen := map[string]int{}
	for line := range strings.Lines(b.read(filepath.Join("killed", "receipts.jsonl"))) {
		var x struct {
			Item, Server string
			Budget       map[string]int
		}
		if err := json.Unmarshal([]byte(line), &x); err != nil {
			t.Fatal(err)
		}
		if seen[x.Item]++; x.Server != good+"#scripted" && x.Server != bad+"#scripted" && x.Server != good || x.Budget["exact"] != 9 {
			t.Errorf("%s", line)
		}
	}
	if len(seen) != 60 {
		t.Errorf("%d items have receipts", len(seen))
	}
	if report := b.read(filepath.Join("killed", "report.md")); !strings.Contains(report, "budget kept") || !strings.Contains(report, "| exact |") {
		t.Errorf("the report says nothing of how budgets were kept:\n%s", report)
	}
}

// A key goes to its server and nowhere else: not into a file of the sweep, not into what is printed.
func TestASweepsKeyIsSentAndNeverStored(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	b.env = append(b.env, "S1_API_KEY=sk-very-secret")
	s, at := scriptedServer(t, nil)
	r := b.run("sweep", "-m", at, "--data", questionFile(b, 3), "--methods", "none,bf", "--caps", "4", "--limit", "40", "--answer-cap", "8", "--out", b.at("out")).wants(0, "n = 3")
	if strings.Contains(r.out+r.err, "sk-very") {
		t.Errorf("the key was printed:\n%s%s", r.out, r.err)
	}
	keys := s.Keys()
	for _, k := range keys {
		if k != "Bearer sk-very-secret" {
			t.Errorf("key %q", k)
		}
	}
	if len(keys) == 0 {
		t.Error("no key was sent")
	}
	err := filepath.WalkDir(b.at("out"), func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		if bytes.Contains(content, []byte("sk-very")) {
			t.Errorf("%s has the key", path)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

func TestASweepOverServersRefusesWhatTheyCannotDo(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	_, ids := scriptedServer(t, nil)
	_, text := scriptedServer(t, func(s *enginetest.Server) { s.NoIDs, s.GoOn = true, true })
	_, bare := scriptedServer(t, func(s *enginetest.Server) { s.NoIDs = true })
	_, other := scriptedServer(t, func(s *enginetest.Server) { s.Name = "another" })
	data := questionFile(b, 2)
	for _, c := range []struct {
		args []string
		code int
		says string
	}{
		{[]string{"-m", "mini", "-m", ids}, 2, "only servers"},
		{[]string{"-m", ids, "-m", "mini"}, 2, "only servers"},
		{[]string{"-m", ids, "-m", "http://me:k3y@host/v1"}, 2, "does not belong"},
		{[]string{"-m", ids, "-m", ids}, 1, "named twice"},
		{[]string{"-m", ids, "-m", other}, 1, "not one model"},
		{[]string{"-m", ids, "-m", text}, 1, "how budgets are kept"},
		{[]string{"-m", text, "--methods", "exit"}, 1, "no token ids to fork"},
		{[]string{"-m", bare, "--methods", "wait"}, 1, "begin every answer anew"},
		{[]string{"-m", bare, "--methods", "s1-harness"}, 1, "begin every answer anew"},
		{[]string{"-m", text, "--methods", "wait", "--wait-text", ""}, 1, "needs token ids"},
		{[]string{"-m", ids, "--route", "pipe"}, 2, "--route"},
		{[]string{"--route", "ids"}, 2, "is about servers"},
		{[]string{"-m", "http://127.0.0.1:1/v1#x"}, 1, "refused"},
	} {
		r := b.run(append([]string{"sweep", "--data", data, "--out", b.at("out")}, c.args...)...).wants(c.code, c.says)
		if strings.Contains(r.err, "k3y") {
			t.Errorf("%v: %q", c.args, r.err)
		}
	}
	b.run("sweep", "-m", bare, "--data", data, "--out", b.at("hint"), "--methods", "none,bf", "--caps", "4", "--answer-cap", "8").wants(0, "ignored", "every arm is a run of its own")
	if csv := b.read(filepath.Join("hint", "points.csv")); !strings.Contains(csv, "budget_kept") || !strings.Contains(csv, "ignored") {
		t.Errorf("points.csv says nothing of the badge:\n%s", csv)
	}
	if rows := b.read(filepath.Join("hint", "items.jsonl")); strings.Count(rows, `"badge":"ignored"`) != 4 {
		t.Errorf("items.jsonl says nothing of the badge:\n%s", rows)
	}
}

// Both down: a sentence, exit 1, and what is done is kept for the same command.
func TestASweepWhoseServersAreAllDownStopsAndGoesOnLater(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	s, at := scriptedServer(t, nil)
	s.Fault = func(n int, w http.ResponseWriter, _ *http.Request) bool {
		if n > 60 && n < 1_000_000 {
			http.Error(w, `{"error":{"message":"the weights are gone"}}`, http.StatusServiceUnavailable)
			return true
		}
		return false
	}
	args := []string{
		"sweep", "-m", at, "--data", questionFile(b, 40), "--methods", "none,bf", "--caps", "4", "--limit", "30", "--answer-cap", "8", "--parallel", "2",
		"--patience", "1ms", "--retries", "0", "--out", b.at("out"),
	}
	b.run(args...).wants(1, "no server answers", "the weights are gone")
	before := fileSize(b.at("out", "items.jsonl"))
	if before == 0 {
		t.Fatal("nothing was kept")
	}
	_, again := scriptedServer(t, nil)
	args[2] = again
	b.run(args...).wants(0, "n = 40")
	if strings.Contains(b.read(filepath.Join("out", "run.json")), `"done_before": 0`) {
		t.Error("nothing of the first run was taken over")
	}
	if rows := b.read(filepath.Join("out", "items.jsonl")); strings.Contains(rows, `"error"`) || strings.Count(rows, "\n") != 80 {
		t.Errorf("%d rows", strings.Count(rows, "\n"))
	}
}

// A server that fails while it is looked at seems to lack what it has; it is looked at again before anybody says so.
func TestAServerThatFailsWhileItIsLookedAtIsLookedAtAgain(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	_, good := scriptedServer(t, nil)
	var failed atomic.Int32
	_, bad := scriptedServer(t, func(s *enginetest.Server) {
		s.Fault = func(_ int, w http.ResponseWriter, r *http.Request) bool {
			if r.URL.Path != "/v1/completions" || failed.Add(1) > 3 {
				return false
			}
			w.WriteHeader(http.StatusInternalServerError)
			return true
		}
	})
	b.run("sweep", "-m", bad, "-m", good, "--data", questionFile(b, 6), "--methods", "none,bf", "--caps", "4", "--limit", "30", "--answer-cap", "8", "--retries", "0", "--out", b.at("out")).
		wants(0, "2 servers, completions by ids, budget exact", "n = 6")
	if failed.Load() <= 3 {
		t.Errorf("%d requests met the fault", failed.Load())
	}
}
