package ref_test

import (
	"context"
	"strings"
	"testing"

	"s1/engine/backend"
	_ "s1/engine/backend/ref"
	"s1/kernels"
	"s1/kernels/kerneltest"
)

func TestRegisteredBackendRunsThePrograms(t *testing.T) {
	t.Parallel()
	kerneltest.Run(t, func(p *kernels.Program) (kerneltest.Stepper, error) {
		return load(t, p), nil
	}, kerneltest.Fp32())
}

func TestInfoSaysWhatATokenReads(t *testing.T) {
	t.Parallel()
	p := kerneltest.Decoder(1, kerneltest.Shape{
		Type: kernels.Q8_0, Layers: 1, Vocab: 64, Context: 64, Width: 32, FF: 64, Heads: 2, KVHeads: 1, HeadDim: 16, Tied: true,
	})
	info := load(t, p).Info()
	// q 32, k 16, v 16, o 32 rows of 32; gate and up 64 x 32, down 32 x 64; head 64 x 32; an embedding row: all at 34 bytes
	// for 32; three norms of 32 floats.
	if want := int64(34*(32+16+16+32+64+64+2*32+64+1) + 3*32*4); info.BytesPerToken != want {
		t.Errorf("bytes a token %d, want %d", info.BytesPerToken, want)
	}
	if want := int64(2 * 16 * 4); info.KVBytes != want {
		t.Errorf("key/value bytes a position %d, want %d", info.KVBytes, want)
	}
}

func TestBatchBeyondMaxRowsIsRefused(t *testing.T) {
	t.Parallel()
	p := kerneltest.Decoder(1, kerneltest.Shape{
		Type: kernels.F32, Layers: 1, Vocab: 64, Context: 1024, Width: 8, FF: 8, Heads: 1, KVHeads: 1, HeadDim: 8,
	})
	m := load(t, p)
	n := m.Info().MaxRows + 1
	_, err := m.Step(context.Background(), &kernels.Batch{Tokens: make([]int32, n), Pos: make([]int32, n), Seq: make([]int32, n)})
	if err == nil || !strings.Contains(err.Error(), "at most") {
		t.Errorf("got %v, want a refusal that names the most", err)
	}
}

func load(t *testing.T, p *kernels.Program) backend.Model {
	t.Helper()
	b, err := backend.Get("ref")
	if err != nil {
		t.Fatal(err)
	}
	m, err := b.Load(context.Background(), p, backend.Options{Pages: kerneltest.Pages})
	if err != nil {
		t.Fatal(err)
	}
	return m
}
