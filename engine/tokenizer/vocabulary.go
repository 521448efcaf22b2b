package tokenizer

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"unicode/utf8"
)

// Limits on what a file may ask for.
const (
	maxTokens     = 1 << 20
	maxMerges     = 2 << 20
	maxTokenBytes = 64 << 10
)

// vocabulary is what both sources are read into: a byte-level BPE.
type vocabulary struct {
	tokens       []string // by id, in the byte-level alphabet; added tokens as their own text; "" = no such token
	ordinary     []bool   // by id: the library may produce it
	merges       [][2]string
	preTokenizer []string // regular expressions of pretokenizer.go, applied one after the other
	normalizer   []string // "NFC", ...
	ignoreMerges bool     // a word that is a token as a whole stays whole (Llama 3)
	added        []addedToken
	bos, eos     int32 // -1 = none
	addBOS       bool
	eog          []int32 // ends of generation that the files name
	sha          string
}

// check refuses a vocabulary that the library could not take, or that would take all memory.
func (v *vocabulary) check() error {
	if len(v.tokens) == 0 {
		return fmt.Errorf("the vocabulary is empty")
	}
	if len(v.tokens) > maxTokens {
		return fmt.Errorf("the vocabulary has %d tokens, at most %d", len(v.tokens), maxTokens)
	}
	if len(v.merges) > maxMerges {
		return fmt.Errorf("the vocabulary has %d merges, at most %d", len(v.merges), maxMerges)
	}
	for id, token := range v.tokens {
		if len(token) > maxTokenBytes {
			return fmt.Errorf("token %d has %d bytes, at most %d", id, len(token), maxTokenBytes)
		}
	}
	for _, id := range append([]int32{v.bos, v.eos}, v.eog...) {
		if int(id) >= len(v.tokens) {
			return fmt.Errorf("special id %d is outside the vocabulary of %d tokens", id, len(v.tokens))
		}
	}
	for _, a := range v.added {
		if a.id < 0 || int(a.id) >= len(v.tokens) {
			return fmt.Errorf("added token %q has id %d, outside the vocabulary of %d tokens", a.content, a.id, len(v.tokens))
		}
	}
	for _, re := range v.preTokenizer {
		if !knownPattern(re) {
			return unknownPattern(re)
		}
	}
	return nil
}

// libraryJSON writes the ordinary part of the vocabulary as a tokenizer.json.
func (v *vocabulary) libraryJSON() ([]byte, error) {
	index, withheld := v.index()
	if len(index) == 0 {
		return nil, fmt.Errorf("none of the %d tokens is an ordinary one", len(v.tokens))
	}
	merges, err := v.textMerges(index, withheld)
	if err != nil {
		return nil, err
	}
	w := &jsonText{}
	w.b.Grow(64 * len(v.tokens))
	w.raw(`{"version":"1.0","truncation":null,"padding":null,"added_tokens":[],"post_processor":null,"decoder":null,"normalizer":`)
	if len(v.normalizer) == 0 {
		w.raw("null")
	} else {
		w.raw(`{"type":"Sequence","normalizers":[`)
		for i, n := range v.normalizer {
			w.comma(i)
			w.raw(`{"type":`).str(n).raw("}")
		}
		w.raw("]}")
	}
	w.raw(`,"pre_tokenizer":{"type":"Sequence","pretokenizers":[`)
	for _, re := range v.preTokenizer {
		w.raw(`{"type":"Split","pattern":{"Regex":`).str(re).raw(`},"behavior":"Isolated","invert":false},`)
	}
	w.raw(`{"type":"ByteLevel","add_prefix_space":false,"trim_offsets":false,"use_regex":false}]}`)
	w.raw(`,"model":{"type":"BPE","dropout":null,"unk_token":null,"continuing_subword_prefix":null,"end_of_word_suffix":null,` +
		`"fuse_unk":false,"byte_fallback":false,"ignore_merges":` + strconv.FormatBool(v.ignoreMerges) + `,"vocab":{`)
	n := 0
	for token, id := range index {
		w.comma(n)
		w.str(token).raw(":" + strconv.Itoa(int(id)))
		n++
	}
	w.raw(`},"merges":[`)
	for i, m := range merges {
		w.comma(i)
		w.raw("[").str(m[0]).raw(",").str(m[1]).raw("]")
	}
	w.raw("]}}")
	return w.b.Bytes(), nil
}

// index gives the ids of the tokens that text may become, and the tokens that the library must not know.
func (v *vocabulary) index() (index map[string]int32, withheld map[string]bool) {
	index, withheld = make(map[string]int32, len(v.tokens)), map[string]bool{}
	for id, token := range v.tokens {
		if v.ordinary[id] {
			index[token] = int32(id) // of two equal tokens the later counts
		} else if token != "" {
			withheld[token] = true
		}
	}
	// An added token that is ordinary text (a run of spaces) may also be made by merges, under its byte-level spelling.
	for _, a := range v.added {
		spelled := encodeBytes([]byte(a.content))
		if _, taken := index[spelled]; !taken && !a.control() {
			index[spelled] = a.id
		}
	}
	return index, withheld
}

// textMerges are the merges but for those that spell a token that is withheld: such a one is not for text.
func (v *vocabulary) textMerges(index map[string]int32, withheld map[string]bool) ([][2]string, error) {
	merges := make([][2]string, 0, len(v.merges))
next:
	for i, m := range v.merges {
		for _, part := range [...]string{m[0], m[1], m[0] + m[1]} {
			if _, known := index[part]; known {
				continue
			}
			if withheld[part] {
				continue next
			}
			return nil, fmt.Errorf("merge %d (%q %q): %q is not in the vocabulary", i, m[0], m[1], part)
		}
		merges = append(merges, m)
	}
	return merges, nil
}

// jsonText is JSON under way: large, and of known shape.
type jsonText struct{ b bytes.Buffer }

func (w *jsonText) raw(s string) *jsonText {
	w.b.WriteString(s)
	return w
}

// comma stands before every element but the first.
func (w *jsonText) comma(i int) {
	if i > 0 {
		w.b.WriteByte(',')
	}
}

func (w *jsonText) str(s string) *jsonText {
	if plainJSON(s) { // nearly all of them
		return w.raw(`"`).raw(s).raw(`"`)
	}
	q, _ := json.Marshal(s) // a string always marshals
	w.b.Write(q)
	return w
}

// plainJSON says whether a string stands in JSON as it is.
func plainJSON(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] == '"' || s[i] == '\\' {
			return false
		}
	}
	return utf8.ValidString(s)
}

// pieces gives the bytes of every token.
func (v *vocabulary) pieces() pieces {
	raw := make(map[int32]bool, len(v.added))
	for _, a := range v.added {
		raw[a.id] = true
	}
	p := pieces{ends: make([]uint32, len(v.tokens))}
	for id, token := range v.tokens {
		if raw[int32(id)] {
			p.bytes = append(p.bytes, token...)
		} else {
			p.bytes = decodeBytes(p.bytes, token)
		}
		p.ends[id] = uint32(len(p.bytes)) // below 2^32: check bounds tokens and their size, files theirs
	}
	p.bytes = slices.Clip(p.bytes)
	return p
}

// lackingBytes says for which bytes there is no token of that byte alone.
func (v *vocabulary) lackingBytes() (lacks [256]bool) {
	for b := range lacks {
		lacks[b] = true
	}
	for id, token := range v.tokens {
		if b := decodeBytes(nil, token); v.ordinary[id] && len(b) == 1 {
			lacks[b[0]] = false
		}
	}
	return lacks
}

// endsByName are the control tokens that end a turn or a text in the families we run, for files that name one only.
var endsByName = []string{
	"<|endoftext|>", "<|im_end|>", "<|eot_id|>", "<|eom_id|>", "<|end_of_text|>", "<|end|>", "<|return|>",
	"<｜end▁of▁sentence｜>", "<end_of_turn>", "<turn|>", "</s>",
}

func (v *vocabulary) endOfGeneration() []int32 {
	ids := slices.Clone(v.eog)
	if v.eos >= 0 {
		ids = append(ids, v.eos)
	}
	for _, a := range v.added {
		if a.special && slices.Contains(endsByName, a.content) {
			ids = append(ids, a.id)
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}
