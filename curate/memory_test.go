package curate

import (
	"bufio"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// tiny writes n rows of a few words, every twentieth a copy and every thirtieth like one before it.
func tiny(t *testing.T, path string, n int, seed uint64) {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(seed, 1))
	w := bufio.NewWriter(f)
	for i := range n {
		k := i
		if i%20 == 0 {
			k = rng.IntN(i + 1)
		}
		more := ""
		if i%30 == 0 {
			more = " again"
		}
		words := rand.New(rand.NewPCG(uint64(k), seed))
		var q strings.Builder
		for range 12 {
			fmt.Fprintf(&q, " w%d", words.IntN(9000))
		}
		if _, err := fmt.Fprintf(w, `{"question":"%d%s%s","solution":"1","trace":"a thought","attempt":"1","domain":"%02d","isgeminicorrect":%v,"isqwen7bcorrect":%v,"isqwen32bcorrect":false,"gemini_length":%d}`+"\n",
			k, q.String(), more, rng.IntN(60), rng.IntN(3) == 0, rng.IntN(4) == 0, rng.IntN(9000)); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Flush(); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestARowTakesAFewBytesOfMemory is not parallel: it weighs the heap. What a row may take is far below what its question and its
// features would: a number, an id and a place on disk at the end of a stage, and in dedup its signature as well.
func TestARowTakesAFewBytesOfMemory(t *testing.T) {
	const (
		rows  = 200_000
		base  = 10 << 20 // bytes for buffers and rows on their way
		ended = 48       // bytes a row, at the end of a stage
		most  = 200      // bytes a row, at any moment
	)
	dir := t.TempDir()
	in, tests := filepath.Join(dir, "in.jsonl"), filepath.Join(dir, "tests.jsonl")
	tiny(t, in, rows, 1)
	tiny(t, tests, 500, 2)
	r := preset(t, "s1-code", in)
	r.Decontaminate.Tests, r.Decontaminate.Strict, r.Difficulty.Exempt = []string{tests}, true, true
	live := func() uint64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before := live()
	weigh := func(what string) func(Event) {
		return func(e Event) {
			limit := uint64(most)
			if e.State == "end" || e.State == "cached" {
				limit = ended
			}
			if now := live(); now > before+base+limit*rows {
				t.Errorf("%s, stage %s, %s at row %d: %d MB more are in use, want at most %d MB and %d bytes a row: %d MB", what, e.Stage, e.State, e.Decided, (now-before)>>20, base>>20, limit, (base+limit*rows)>>20)
			}
		}
	}
	out := filepath.Join(dir, "out")
	counts, err := Run(t.Context(), r, Options{Dir: out, Event: weigh("run")})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range counts {
		if c.Stage == "dedup" && (c.Dropped["exact"] < rows/40 || c.Dropped["near"] < rows/80) {
			t.Errorf("dedup dropped %v; the rows are not what this test is about", c.Dropped)
		}
	}
	r.Difficulty.Solved = nil
	if _, err := Recount(t.Context(), r, Options{Dir: out, Event: weigh("count again")}); err != nil {
		t.Fatal(err)
	}
}
