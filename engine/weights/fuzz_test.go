package weights

import (
	"testing"

	"s1/kernels"
)

// checkTensors touches what a fuzzed file claims: sizes must agree with types and shapes.
func checkTensors(t *testing.T, tensors []Tensor, size int) {
	total := 0
	for _, x := range tensors {
		want, err := tensorBytes(x.Name, x.Type, x.Shape)
		if err != nil || uint64(len(x.Data)) != want {
			t.Fatalf("tensor %q (%s %v) has %d bytes, want %d, %v", x.Name, x.Type, x.Shape, len(x.Data), want, err)
		}
		total += len(x.Data)
	}
	if total > size {
		t.Fatalf("tensors of %d bytes in a file of %d", total, size)
	}
}

func FuzzGGUF(f *testing.F) {
	f.Add(gguf(f, everyPair(), smallTensors()))
	f.Add(gguf(f, []KV{{alignmentKey, uint32(8)}}, []Tensor{{Name: "x", Type: kernels.Q6_K, Shape: []int{256}, Data: make([]byte, 210)}}))
	f.Fuzz(func(t *testing.T, data []byte) {
		meta, tensors, err := parseGGUF(data)
		if err != nil {
			return
		}
		checkTensors(t, tensors, len(data))
		for _, kv := range meta.Pairs() {
			if !meta.Has(kv.Key) {
				t.Fatalf("key %q is lost", kv.Key)
			}
			meta.Int(kv.Key)
			meta.Ints(kv.Key)
		}
	})
}

func FuzzSafetensors(f *testing.F) {
	f.Add(safetensors(f, halves()))
	f.Add(rawSafetensors(`{"a":{"dtype":"F16","shape":[],"data_offsets":[0,2]}}`, 2))
	f.Fuzz(func(t *testing.T, data []byte) {
		tensors, err := parseSafetensors(data)
		if err != nil {
			return
		}
		checkTensors(t, tensors, len(data))
	})
}

func FuzzIndex(f *testing.F) {
	f.Add([]byte(`{"metadata":{"total_size":30},"weight_map":{"a":"model-1.safetensors","b":"model-2.safetensors"}}`))
	f.Add([]byte(`{"weight_map":{"a":"../../x.safetensors"}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		names, err := IndexShards(data)
		if err != nil {
			return
		}
		for _, n := range names {
			if !plainName(n) {
				t.Fatalf("accepted the file name %q", n)
			}
		}
	})
}
