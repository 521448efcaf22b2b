package estimate

import (
	"errors"
	"strings"
	"testing"

	"s1/engine/arch"
)

// qwen7B has the sizes of Qwen2.5-7B.
func qwen7B() arch.Config {
	return arch.Config{
		Architecture: arch.Qwen2, Hidden: 3584, Layers: 28, Heads: 28, KVHeads: 4, HeadDim: 128, FF: 18944, Vocab: 152064, Context: 32768, QKVBias: true,
	}
}

func TestRanksShareWhatIsSplit(t *testing.T) {
	t.Parallel()
	one := OfRank(Ranks{Config: qwen7B(), World: 1, GPU: true, Tokens: 20480, Checkpoint: true})
	eight := OfRank(Ranks{Config: qwen7B(), World: 8, Shard: true, GPU: true, Tokens: 20480, Checkpoint: true})
	if one.Weights/8 != eight.Weights || one.Moments/8 != eight.Moments || one.Activations != eight.Activations {
		t.Errorf("one %v, of eight %v", one, eight)
	}
	if states := float64(one.Weights+one.Gradients+one.Moments) / 7.615e9; states < 15.9 || states > 16.1 {
		t.Errorf("%.2f bytes a parameter, want 16", states)
	}
	lora := OfRank(Ranks{Config: qwen7B(), World: 1, GPU: true, Tokens: 20480, Checkpoint: true, LoRA: 16})
	if lora.Gradients*50 > one.Gradients || lora.Weights < one.Weights {
		t.Errorf("LoRA %v beside %v", lora, one)
	}
}

func TestTooFewOrSmallGPUsGetRemediesByTheirCost(t *testing.T) {
	t.Parallel()
	r := Ranks{Config: qwen7B(), World: 8, GPU: true, Tokens: 40960, LeastTokens: 20480}
	free := []int64{80e9, 79e9, 80e9, 80e9, 80e9, 80e9, 80e9, 80e9}
	var e *TooLargeError
	if err := CheckRanks(r, 8, free); !errors.As(err, &e) {
		t.Fatalf("got %v", err)
	}
	if e.Free != 79e9 || e.Then > e.Free {
		t.Errorf("free %d, then %d", e.Free, e.Then)
	}
	at := -1
	for _, w := range []string{"per_device = 1", "gradient checkpointing", `shard = "on"`} {
		i := strings.Index(e.Error(), w)
		if i <= at {
			t.Errorf("%q does not come in its turn: %v", w, e)
		}
		at = i
	}
	t.Log(e)
	r.Shard, r.Checkpoint, r.Tokens = true, true, 20480
	if err := CheckRanks(r, 8, free); err != nil {
		t.Errorf("with all of it: %v", err)
	}
	if err := CheckRanks(r, 8, nil); err != nil {
		t.Errorf("nothing known: %v", err)
	}
	r.GPU = false
	if err := CheckRanks(r, 8, []int64{200e9}); err == nil {
		t.Error("eight processes of one host each got all its memory")
	}
}
