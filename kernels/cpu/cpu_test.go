//go:build cgo

package cpu

import (
	"context"
	"errors"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"s1/kernels"
	"s1/kernels/kerneltest"
)

// everyISA runs f on each instruction path this machine has, or on the one that S1_ISA forces.
func everyISA(t *testing.T, f func(t *testing.T, isa string)) {
	t.Helper()
	for i := 0; i <= bestISA(); i++ {
		if only := os.Getenv(Environment); only != "" && only != isaName(i) {
			continue
		}
		if i == isaAMX { // inference has no tiles: the one below is the same
			continue
		}
		if underRace && i != min(bestISA(), isaAMX-1) {
			continue
		}
		t.Run(isaName(i), func(t *testing.T) { f(t, isaName(i)) })
	}
}

func TestEveryOpAndWholeDecodersAgreeWithTheOracle(t *testing.T) {
	everyISA(t, func(t *testing.T, isa string) {
		// One number of threads: another test holds every other number to the same bits.
		kerneltest.Run(t, func(p *kernels.Program) (kerneltest.Stepper, error) {
			return New(p, Options{Threads: 3, Pages: kerneltest.Pages, ISA: isa})
		}, kerneltest.Default())
	})
}

// A row's numbers must not depend on what else is in its batch, on how a prompt was cut into steps, or on the number of threads:
// forks, speculation and pauses may not change a text.
func TestLogitsAreBitEqualAloneInABatchInChunksAndOnAnyThreads(t *testing.T) {
	shape := kerneltest.Shape{
		Type: kernels.Q4_1, Layers: 2, Vocab: 300, Context: 4096, Width: 192, FF: 512, Heads: 6, KVHeads: 2, HeadDim: 64,
		Tied: true,
	}
	const length = 700 // crosses two borders of the chunks of pages
	rng := rand.New(rand.NewPCG(3, 4))
	tokens := make([]int32, length)
	for i := range tokens {
		tokens[i] = int32(rng.IntN(shape.Vocab))
	}
	everyISA(t, func(t *testing.T, isa string) {
		p := kerneltest.Decoder(9, shape)
		open := func(threads int) *Machine {
			m, err := New(p, Options{Threads: threads, Pages: 64, ISA: isa})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { m.Close() })
			return m
		}
		want := teacherForced(t, open(1), tokens, []int{1}, 0)
		for _, c := range []struct {
			name    string
			threads int
			chunks  []int
			beside  int // other sequences that decode in each step
		}{
			{"two threads", 2, []int{1}, 0},
			{"five threads", 5, []int{1}, 0},
			{"odd chunks", 2, []int{1, 3, 15, 16, 17, 64, 100, 129}, 0},
			{"one chunk", 3, []int{length}, 0},
			{"beside seven others", 3, []int{1}, 7},
			{"chunks beside three others", 2, []int{5, 31, 90}, 3},
		} {
			got := teacherForced(t, open(c.threads), tokens, c.chunks, c.beside)
			for i := range want {
				if got[i] != want[i] {
					t.Errorf("%s: logit %d of position %d is %g, alone and one by one it is %g", c.name, i%shape.Vocab, i/shape.Vocab, got[i], want[i])
					break
				}
			}
		}
	})
}

// needsWidths skips where there is one width to compare: on a machine without AVX-512, or where S1_ISA forces an instruction path.
func needsWidths(t *testing.T) {
	t.Helper()
	if bestISA() < isaAVX512 || os.Getenv(Environment) != "" {
		t.Skip("needs a machine with AVX-512, and its choice of instructions")
	}
}

// With the weights as they are, a model's numbers are the same bits with AVX2 and with AVX-512. (Rounded to eight bits they are not where
// the machine multiplies bytes: activations then have two planes.)
func TestExactLogitsDoNotDependOnTheWidthOfVectors(t *testing.T) {
	needsWidths(t)
	for name, shape := range map[string]kerneltest.Shape{
		"llama": {Type: kernels.F32, Layers: 2, Vocab: 301, Context: 4096, Width: 200, FF: 520, Heads: 5, KVHeads: 5, HeadDim: 40, Tied: true},
		"qwen2": {Type: kernels.BF16, Layers: 2, Vocab: 300, Context: 4096, Width: 192, FF: 512, Heads: 6, KVHeads: 2, HeadDim: 64, QKVBias: true},
		"qwen3": {Type: kernels.F16, Layers: 2, Vocab: 300, Context: 4096, Width: 224, FF: 512, Heads: 4, KVHeads: 2, HeadDim: 72, QKNorm: true},
	} {
		t.Run(name, func(t *testing.T) {
			const length = 300
			p, tokens := kerneltest.Decoder(9, shape), make([]int32, length)
			for i := range tokens {
				tokens[i] = int32(i * i % shape.Vocab)
			}
			var want []float32
			for _, isa := range []int{isaAVX2, isaAVX512} {
				m, err := New(p, Options{Threads: 2, Pages: 64, ISA: isaName(isa), Weights: "exact"})
				if err != nil {
					t.Fatal(err)
				}
				got := teacherForced(t, m, tokens, []int{1, 3, 15, 64, 100}, 3)
				m.Close()
				if want == nil {
					want = got
				}
				for i := range want {
					if got[i] != want[i] {
						t.Fatalf("logit %d of position %d is %g with AVX-512, %g with AVX2", i%shape.Vocab, i/shape.Vocab, got[i], want[i])
					}
				}
			}
		})
	}
}

// teacherForced runs the tokens in steps of the given sizes, over and over, beside other sequences that share their first page
// with them, and returns the logits of every position.
func teacherForced(t *testing.T, m *Machine, tokens []int32, chunks []int, beside int) []float32 {
	t.Helper()
	table := make([]int32, len(tokens)/kernels.PageSize+1)
	for i := range table {
		table[i] = int32(i)
	}
	var logits []float32
	for pos, k := 0, 0; pos < len(tokens); k++ {
		n := min(chunks[k%len(chunks)], len(tokens)-pos, MaxRows)
		b := &kernels.Batch{}
		for i := range beside {
			b.Tables = append(b.Tables, []int32{0, int32(32 + i)})
			if pos < kernels.PageSize {
				b.Tables[i][0] = int32(50 + i) // not yet written by the first sequence
			}
			b.Tokens, b.Pos, b.Seq = append(b.Tokens, int32(i)), append(b.Pos, int32(kernels.PageSize+k%20)), append(b.Seq, int32(i))
		}
		b.Tables = append(b.Tables, table)
		for i := range n {
			b.Tokens, b.Pos = append(b.Tokens, tokens[pos+i]), append(b.Pos, int32(pos+i))
			b.Seq, b.Out = append(b.Seq, int32(beside)), append(b.Out, int32(beside+i))
		}
		r, err := m.Step(t.Context(), b)
		if err != nil {
			t.Fatal(err)
		}
		logits = append(logits, r.Logits...)
		pos += n
	}
	return logits
}

func TestCancelledStepEndsEarlyAndTheNextOneIsWhole(t *testing.T) {
	p := kerneltest.Decoder(1, kerneltest.Shape{
		Type: kernels.Q8_0, Layers: 4, Vocab: 64, Context: 1024, Width: 256, FF: 512, Heads: 4, KVHeads: 4, HeadDim: 64,
	})
	m, err := New(p, Options{Threads: 2, Pages: 16})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	tokens := make([]int32, 300)
	want := teacherForced(t, m, tokens, []int{300}, 0)
	for _, wait := range []time.Duration{0, time.Microsecond, time.Millisecond} {
		ctx, cancel := context.WithTimeout(t.Context(), wait)
		b := &kernels.Batch{Tables: [][]int32{{0, 1, 2, 3, 4}}}
		for i := range 300 {
			b.Tokens, b.Pos, b.Seq = append(b.Tokens, 0), append(b.Pos, int32(i)), append(b.Seq, 0)
		}
		if _, err := m.Step(ctx, b); err != nil && !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("after %v: %v", wait, err)
		}
		cancel()
		if got := teacherForced(t, m, tokens, []int{300}, 0); !slices.Equal(got, want) {
			t.Errorf("after a step cancelled at %v the next one differs", wait)
		}
	}
}

func TestWhatCannotRunIsRefusedWithItsNumbers(t *testing.T) {
	p := kerneltest.Decoder(1, kerneltest.Shape{Type: kernels.F32, Layers: 1, Vocab: 64, Context: 4096, Width: 32, FF: 32, Heads: 1, KVHeads: 1, HeadDim: 32})
	for _, c := range []struct {
		o    Options
		want string
	}{
		{Options{ISA: "mmx"}, `no instruction set "mmx"`},
		{Options{Weights: "q2"}, `weights "q2"`},
	} {
		if _, err := New(p, c.o); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("New(%+v): %v, want %q", c.o, err, c.want)
		}
	}
	m, err := New(p, Options{Threads: 1, Pages: 40})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	b := &kernels.Batch{Tables: [][]int32{make([]int32, 40)}}
	for i := range b.Tables[0] {
		b.Tables[0][i] = int32(i)
	}
	for i := range MaxRows + 1 {
		b.Tokens, b.Pos, b.Seq = append(b.Tokens, 0), append(b.Pos, int32(i)), append(b.Seq, 0)
	}
	if _, err := m.Step(t.Context(), b); err == nil || !strings.Contains(err.Error(), "at most") {
		t.Errorf("a batch of %d rows: %v", MaxRows+1, err)
	}
}

// Budget: nothing on the Go side but what Validate and the batch itself take.
func TestStepAllocatesLittle(t *testing.T) {
	p := kerneltest.Decoder(1, kerneltest.Shape{Type: kernels.F32, Layers: 2, Vocab: 64, Context: 512, Width: 32, FF: 32, Heads: 1, KVHeads: 1, HeadDim: 32})
	m, err := New(p, Options{Threads: 1, Pages: 8})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	b := &kernels.Batch{Tokens: []int32{1}, Pos: []int32{0}, Seq: []int32{0}, Tables: [][]int32{{0}}, Out: []int32{0}}
	if n := testing.AllocsPerRun(20, func() {
		if _, err := m.Step(context.Background(), b); err != nil {
			t.Fatal(err)
		}
	}); n > 4 {
		t.Errorf("%v allocations a step, want at most 4", n)
	}
}
