package weights

import "s1/kernels"

// A synthetic vocabulary is a real byte-level BPE: GPT-2's 256 byte symbols, then words of the letters a to z and the space
// symbol, each with the one merge that makes it, and three control tokens at the end.
const (
	synthLetters  = "Ġabcdefghijklmnopqrstuvwxyz" // Ġ stands for a leading space
	minSynthVocab = 256 + 3
	maxSynthVocab = 256 + 27*26 + 27*26*26 + 27*26*26*26 + 3
)

// GGUF's token types.
const (
	tokenNormal  int32 = 1
	tokenControl int32 = 3
)

// synthTemplate is ChatML, which s1's own think format lives in.
const synthTemplate = `{% for m in messages %}{{ '<|im_start|>' + m['role'] + '\n' + m['content'] + '<|im_end|>\n' }}{% endfor %}` +
	`{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}`

// synthVocab makes n tokens: every word of two symbols, then of three, then of four, in order.
func synthVocab(n int) (tokens, merges []string, types []int32) {
	tokens = byteSymbols()
	var level []string
	for _, r := range synthLetters {
		level = append(level, string(r))
	}
	for words := n - minSynthVocab; words > 0; {
		var next []string
		for _, stem := range level {
			for letter := 'a'; letter <= 'z' && words > 0; letter++ {
				merges = append(merges, stem+" "+string(letter))
				next = append(next, stem+string(letter))
				words--
			}
		}
		tokens = append(tokens, next...)
		level = next
	}
	tokens = append(tokens, "<|endoftext|>", "<|im_start|>", "<|im_end|>")
	types = make([]int32, len(tokens))
	for i := range types {
		types[i] = tokenNormal
		if i >= len(tokens)-3 {
			types[i] = tokenControl
		}
	}
	return tokens, merges, types
}

// byteSymbols is GPT-2's alphabet: printable bytes stand for themselves, the others for the characters from U+0100 on.
func byteSymbols() []string {
	out := make([]string, 256)
	next := rune(256)
	for b := range 256 {
		r := rune(b)
		if b < '!' || b > '~' && b < 0xa1 || b == 0xad {
			r = next
			next++
		}
		out[b] = string(r)
	}
	return out
}

func synthMeta(s SynthShape, t kernels.DType) []KV {
	tokens, merges, types := synthVocab(s.Vocab)
	pre := "qwen2"
	if s.Arch == "llama" {
		pre = "smollm"
	}
	a := s.Arch + "."
	return []KV{
		{"general.architecture", s.Arch},
		{"general.name", "synthetic " + s.Name + " " + t.String()},
		{"general.alignment", uint32(ggufDefaultAlignment)},
		{a + "block_count", uint32(s.Layers)},
		{a + "context_length", uint32(s.Context)},
		{a + "embedding_length", uint32(s.Hidden)},
		{a + "feed_forward_length", uint32(s.Inter)},
		{a + "attention.head_count", uint32(s.Heads)},
		{a + "attention.head_count_kv", uint32(s.KVHeads)},
		{a + "attention.key_length", uint32(s.HeadDim)},
		{a + "attention.value_length", uint32(s.HeadDim)},
		{a + "attention.layer_norm_rms_epsilon", float32(1e-6)},
		{a + "rope.dimension_count", uint32(s.HeadDim)},
		{a + "rope.freq_base", s.RopeBase},
		{a + "vocab_size", uint32(s.Vocab)},
		{"tokenizer.ggml.model", "gpt2"},
		{"tokenizer.ggml.pre", pre},
		{"tokenizer.ggml.tokens", tokens},
		{"tokenizer.ggml.token_type", types},
		{"tokenizer.ggml.merges", merges},
		{"tokenizer.ggml.bos_token_id", uint32(s.Vocab - 3)},
		{"tokenizer.ggml.eos_token_id", uint32(s.Vocab - 1)},
		{"tokenizer.ggml.padding_token_id", uint32(s.Vocab - 3)},
		{"tokenizer.ggml.add_bos_token", false},
		{"tokenizer.chat_template", synthTemplate},
		{"general.quantization_version", uint32(2)},
	}
}
