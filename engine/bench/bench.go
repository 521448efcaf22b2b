// Package bench measures what a loaded model does per second on this machine: the figures of `s1 bench`.
// It drives a backend directly, with random tokens; it knows neither text nor sampling, and it judges nothing.
package bench

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"time"

	"s1/engine/backend"
	"s1/engine/kv"
	"s1/kernels"
)

// Report is the object that `s1 bench --json` prints. Speeds are tokens per second; keys are positions or branches.
// A depth that does not fit the model's context is left out.
type Report struct {
	Model         string             `json:"model"`
	Backend       string             `json:"backend"`
	Threads       int                `json:"threads"`
	PromptTPS     map[string]float64 `json:"prompt_tps"`   // by prompt length
	DecodeTPS     map[string]float64 `json:"decode_tps"`   // by positions before it
	BranchesTPS   map[string]float64 `json:"branches_tps"` // of all branches together, by their number, on a shared prefix of 512
	ForkUS        float64            `json:"fork_us"`      // at the middle of a page, the copy of that page included
	RewindUS      float64            `json:"rewind_us"`
	LoadMS        float64            `json:"load_ms"`
	BytesPerToken int64              `json:"bytes_per_token"`       // weights one decoded token reads
	KVBytes       int64              `json:"kv_bytes_per_position"` //
	MemoryGBps    float64            `json:"memory_gbps"`           // read, with as many threads
	ShareOfLimit  *float64           `json:"share_of_limit"`        // decode at depth 0 against memory_gbps / bytes_per_token; nil where memory is no limit
}

// Depths, lengths and branch counts measured.
var (
	promptLengths = []int{128, 512}
	decodeDepths  = []int{0, 512, 3500}
	branchCounts  = []int{1, 4, 8}
)

const (
	branchDepth = 512
	repeats     = 5               // of a prompt; the median counts
	decodeTime  = 2 * time.Second // of one decode figure
	decodeSteps = 64              // most steps of one, so that its depth stays what it says
)

// Options are what the model cannot say about itself.
type Options struct {
	Model   string        // its name
	Load    time.Duration // what loading took
	Vocab   int
	Context int
	Pages   int // key/value pages of the backend
}

// Run measures everything. Cancelling ctx ends it with what was not measured left out, and ctx's error.
func Run(ctx context.Context, m backend.Model, o Options) (Report, error) {
	info := m.Info()
	r := Report{
		Model: o.Model, Backend: info.Name, Threads: info.Threads,
		PromptTPS: map[string]float64{}, DecodeTPS: map[string]float64{}, BranchesTPS: map[string]float64{},
		LoadMS:        float64(o.Load) / float64(time.Millisecond),
		BytesPerToken: info.BytesPerToken, KVBytes: info.KVBytes,
	}
	b, err := NewRunner(m, o.Vocab, o.Context, o.Pages)
	if err != nil {
		return r, err
	}
	for _, n := range promptLengths {
		if n > o.Context {
			continue
		}
		d, err := b.median(ctx, func() (time.Duration, error) { return b.Prompt(ctx, n) })
		if err != nil {
			return r, fmt.Errorf("prompt of %d: %w", n, err)
		}
		r.PromptTPS[strconv.Itoa(n)] = perSecond(n, d)
	}
	for _, depth := range decodeDepths {
		if depth+decodeSteps+2 > o.Context {
			continue
		}
		tps, err := b.Decode(ctx, depth, 1)
		if err != nil {
			return r, fmt.Errorf("decode at %d: %w", depth, err)
		}
		r.DecodeTPS[strconv.Itoa(depth)] = tps
	}
	for _, n := range branchCounts {
		if branchDepth+decodeSteps+2 > o.Context {
			continue
		}
		tps, err := b.Decode(ctx, branchDepth, n)
		if err != nil {
			return r, fmt.Errorf("%d branches: %w", n, err)
		}
		r.BranchesTPS[strconv.Itoa(n)] = tps
	}
	if r.ForkUS, r.RewindUS, err = b.forks(ctx); err != nil {
		return r, fmt.Errorf("fork: %w", err)
	}
	r.MemoryGBps = MemoryBandwidth(info.Threads)
	r.ShareOfLimit = shareOfLimit(r.DecodeTPS["0"], info.BytesPerToken, r.MemoryGBps, lastCache())
	return r, nil
}

// Runner drives a model over its own pages.
type Runner struct {
	m       backend.Model
	pool    *kv.Pool
	vocab   int
	context int
	rng     *rand.Rand
}

// NewRunner makes a runner for a model of the given vocabulary, context and pages.
func NewRunner(m backend.Model, vocab, context, pages int) (*Runner, error) {
	pool, err := kv.NewPool(pages, m)
	if err != nil {
		return nil, err
	}
	return &Runner{m: m, pool: pool, vocab: vocab, context: context, rng: rand.New(rand.NewPCG(1, 2))}, nil
}

// Prompt is the time that a prompt of n tokens takes to its first logits.
func (b *Runner) Prompt(ctx context.Context, n int) (time.Duration, error) {
	s := b.pool.NewSeq()
	defer s.Release()
	start := time.Now()
	err := b.extend(ctx, s, n)
	return time.Since(start), err
}

// extend runs n random tokens through the model after the sequence, with logits of the last one.
func (b *Runner) extend(ctx context.Context, s *kv.Seq, n int) error {
	for chunk := max(1, b.m.Info().MaxRows); n > 0; {
		k := min(n, chunk)
		from := s.Len()
		if err := s.Grow(k); err != nil {
			return err
		}
		x := &kernels.Batch{Tables: [][]int32{s.Table()}}
		for i := range k {
			x.Tokens = append(x.Tokens, b.token())
			x.Pos, x.Seq = append(x.Pos, int32(from+i)), append(x.Seq, 0)
		}
		if n -= k; n == 0 {
			x.Out = []int32{int32(k - 1)}
		}
		if _, err := b.m.Step(ctx, x); err != nil {
			return err
		}
	}
	return nil
}

func (b *Runner) token() int32 { return int32(b.rng.IntN(b.vocab)) }

// Decode is the tokens per second of n branches together, each a fork of one prefix of depth tokens.
func (b *Runner) Decode(ctx context.Context, depth, n int) (float64, error) {
	seqs, release, err := b.Branches(ctx, depth, n)
	defer release()
	if err != nil {
		return 0, err
	}
	var steps []time.Duration
	for start := time.Now(); len(steps) < decodeSteps && (len(steps) < 8 || time.Since(start) < decodeTime); {
		t := time.Now()
		if err := b.Step(ctx, seqs); err != nil {
			return 0, err
		}
		steps = append(steps, time.Since(t))
	}
	return perSecond(n, middle(steps)), nil
}

// Generate is the time that n branches on a prefix of depth tokens take for so many tokens each.
func (b *Runner) Generate(ctx context.Context, depth, n, tokens int) (time.Duration, error) {
	seqs, release, err := b.Branches(ctx, depth, n)
	defer release()
	if err != nil {
		return 0, err
	}
	start := time.Now()
	for range tokens {
		if err := b.Step(ctx, seqs); err != nil {
			return 0, err
		}
	}
	return time.Since(start), nil
}

// Branches runs a prefix and one token of each of n forks of it; release gives all of them back.
func (b *Runner) Branches(ctx context.Context, depth, n int) (seqs []*kv.Seq, release func(), err error) {
	root := b.pool.NewSeq()
	release = func() {
		root.Release()
		for _, s := range seqs {
			s.Release()
		}
	}
	if err := b.extend(ctx, root, max(depth, 1)); err != nil {
		return nil, release, err
	}
	for range n {
		seqs = append(seqs, root.Fork(root.Len()))
	}
	return seqs, release, b.Step(ctx, seqs) // the copy of the shared page, cold caches
}

// Step decodes one token of each sequence.
func (b *Runner) Step(ctx context.Context, seqs []*kv.Seq) error {
	x := &kernels.Batch{}
	for i, s := range seqs {
		if err := s.Grow(1); err != nil {
			return err
		}
		x.Tokens, x.Pos = append(x.Tokens, b.token()), append(x.Pos, int32(s.Len()-1))
		x.Seq, x.Out = append(x.Seq, int32(i)), append(x.Out, int32(i))
		x.Tables = append(x.Tables, s.Table())
	}
	_, err := b.m.Step(ctx, x)
	return err
}

// forks measures a fork that writes (so that the half-filled page is copied) and a rewind, in microseconds.
func (b *Runner) forks(ctx context.Context) (fork, rewind float64, err error) {
	depth := min(4000, b.context-100, b.pool.Available()*kernels.PageSize/2)
	depth = depth/kernels.PageSize*kernels.PageSize + kernels.PageSize/2
	root := b.pool.NewSeq()
	defer root.Release()
	if err := b.extend(ctx, root, depth); err != nil {
		return 0, 0, err
	}
	var forks, rewinds []time.Duration
	for range 20 {
		t := time.Now()
		s := root.Fork(depth)
		if err := s.Grow(1); err != nil {
			return 0, 0, err
		}
		forks = append(forks, time.Since(t))
		t = time.Now()
		s.Rewind(depth / 2)
		rewinds = append(rewinds, time.Since(t))
		s.Release()
	}
	return micros(middle(forks)), micros(middle(rewinds)), nil
}

func (b *Runner) median(ctx context.Context, f func() (time.Duration, error)) (time.Duration, error) {
	var all []time.Duration
	for range repeats {
		d, err := f()
		if err != nil {
			return 0, err
		}
		if all = append(all, d); ctx.Err() != nil {
			return 0, ctx.Err()
		}
	}
	return middle(all), nil
}

func middle(d []time.Duration) time.Duration {
	s := slices.Sorted(slices.Values(d))
	return s[len(s)/2]
}

func perSecond(n int, d time.Duration) float64 { return float64(n) / d.Seconds() }

func micros(d time.Duration) float64 { return float64(d) / float64(time.Microsecond) }
