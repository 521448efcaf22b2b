package curate

import (
	"bufio"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// BenchmarkAllStages is of s1's 59,029 rows with questions of about 60 words and traces of about 12 kB, as long as 3,600 tokens:
//
//	go test -run '^$' -bench AllStages -benchtime 1x ./curate
//
// Budget: under 60 s and 1 GB on two cores, and S1_ROWS=1000000 S1_WORDS=20 in the same memory. S1_ROWS asks for another number of rows,
// S1_WORDS for traces of another length.
func BenchmarkAllStages(b *testing.B) {
	rows, words := 59_029, 1700
	for name, to := range map[string]*int{"S1_ROWS": &rows, "S1_WORDS": &words} {
		if n, err := strconv.Atoi(os.Getenv(name)); err == nil {
			*to = n
		}
	}
	dir := b.TempDir()
	in, tests := filepath.Join(dir, "in.jsonl"), filepath.Join(dir, "tests.jsonl")
	synthetic(b, in, rows, words, 1)
	synthetic(b, tests, 1000, 1, 2)
	info, err := os.Stat(in)
	if err != nil {
		b.Fatal(err)
	}
	for i := range b.N {
		r := preset(b, "s1-code", in)
		r.Select.N, r.Select.Uniform = 1000, 700
		r.Decontaminate.Tests, r.Decontaminate.Strict = []string{tests}, true
		b.ResetTimer()
		counts, err := Run(b.Context(), r, Options{Dir: filepath.Join(dir, fmt.Sprint(i))})
		if err != nil {
			b.Fatal(err)
		}
		b.StopTimer()
		b.Logf("%d rows, %d MB: %+v", rows, info.Size()>>20, counts)
	}
	b.ReportMetric(peak(b), "MB-peak")
}

// peak is the most memory this process had, in MB.
func peak(b *testing.B) float64 {
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		b.Skip(err)
	}
	for line := range strings.Lines(string(text)) {
		if f := strings.Fields(line); len(f) > 1 && f[0] == "VmHWM:" {
			kb, _ := strconv.ParseFloat(f[1], 64)
			return kb / 1000
		}
	}
	return 0
}

// synthetic is pool without faults, written fast; the words repeat as those of a language do.
func synthetic(b *testing.B, path string, n, words int, seed uint64) {
	b.Helper()
	f, err := os.Create(path)
	if err != nil {
		b.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(seed, 1))
	var list [8192]string
	for i := range list {
		list[i] = "w" + strconv.Itoa(i)
	}
	say := func(k int) string {
		var s strings.Builder
		for range k {
			s.WriteString(list[rng.IntN(1+rng.IntN(len(list)))])
			s.WriteByte(' ')
		}
		return s.String()
	}
	w := bufio.NewWriterSize(f, 1<<20)
	enc := json.NewEncoder(w)
	for i := range n {
		source := "made/math"
		switch {
		case i%100 == 0:
			source = gpqa
		case i%70 == 0:
			source = aime
		}
		if err := enc.Encode(map[string]any{
			"question": say(40 + rng.IntN(40)), "solution": say(20), "source_type": source, "thinking_trajectories": []string{say(words/2 + rng.IntN(max(words, 1)))},
			"attempt": say(100), "domain": fmt.Sprint(rng.IntN(50)), "isgeminicorrect": rng.IntN(3) == 0, "isqwen7bcorrect": rng.IntN(3) == 0,
			"isqwen32bcorrect": rng.IntN(3) == 0, "gemini_length": rng.IntN(9000),
		}); err != nil {
			b.Fatal(err)
		}
	}
	if err := w.Flush(); err != nil {
		b.Fatal(err)
	}
	if err := f.Close(); err != nil {
		b.Fatal(err)
	}
}
