package remote

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
)

// chunk is one event of a stream of /chat/completions or /completions, as far as it is read.
type chunk struct {
	Choices []choice `json:"choices"`
	Usage   *usage   `json:"usage"`
	Error   any      `json:"error"`
	Model   string   `json:"model"`
}

type choice struct {
	Index    int             `json:"index"`
	Text     string          `json:"text"`
	Delta    delta           `json:"delta"`
	Finish   *string         `json:"finish_reason"`
	Logprobs json.RawMessage `json:"logprobs"`
	TokenIDs []int32         `json:"token_ids"` // vLLM, with return_token_ids
}

// delta holds the names that servers have given to a thought: vLLM reasoning, before that reasoning_content (also SGLang,
// llama.cpp, DeepSeek), OpenRouter reasoning_details beside reasoning.
type delta struct {
	Content   *string `json:"content"`
	Reasoning any     `json:"reasoning"`
	Content2  any     `json:"reasoning_content"`
	Details   []struct {
		Type    string `json:"type"`
		Text    string `json:"text"`
		Summary string `json:"summary"`
	} `json:"reasoning_details"`
	Refusal *string `json:"refusal"`
}

type usage struct {
	Prompt     int `json:"prompt_tokens"`
	Completion int `json:"completion_tokens"`
	Details    struct {
		Reasoning int `json:"reasoning_tokens"`
	} `json:"completion_tokens_details"`
}

// thought is the delta's part of a thought. The names mean the same text where several are there.
func (d *delta) thought() string {
	for _, v := range []any{d.Reasoning, d.Content2} {
		if s, ok := v.(string); ok && s != "" {
			return s
		}
	}
	var b strings.Builder
	for _, p := range d.Details {
		b.WriteString(p.Text)
		b.WriteString(p.Summary)
	}
	return b.String()
}

// candidate is one of the likeliest tokens at a place. ID is -1 where the server does not tell it.
type candidate struct {
	id      int32
	bytes   []byte
	logprob float32
}

// piece is what is taken from a stream at once: usually a token.
type piece struct {
	bytes   []byte
	thought bool // it came in a field for thoughts
	id      int32
	known   bool    // id is the server's own
	logprob float32 // NaN = unknown
	top     []candidate
	ids     []int32 // of all tokens in it, where there are several and they could not be told apart
}

// entry is what a server says of one token: the chat form, which llama.cpp also uses for /completions, with its id.
type entry struct {
	ID      *int32   `json:"id"`
	Token   string   `json:"token"`
	Bytes   []int    `json:"bytes"`
	Logprob *float64 `json:"logprob"`
	Top     []entry  `json:"top_logprobs"`
}

// oldLogprobs is the form of /completions.
type oldLogprobs struct {
	Tokens  []string             `json:"tokens"`
	Logprob []*float64           `json:"token_logprobs"`
	Top     []map[string]float64 `json:"top_logprobs"`
}

func decodeChunk(data []byte) (*chunk, error) {
	var c chunk
	if err := json.Unmarshal(data, &c); err != nil {
		return nil, fmt.Errorf("an event is no JSON that is understood here: %w", err)
	}
	if c.Error != nil {
		b, _ := json.Marshal(map[string]any{"error": c.Error}) // it was JSON a moment ago
		return nil, fmt.Errorf("the server broke off: %s", errorText(bytes.NewReader(b)))
	}
	return &c, nil
}

// pieces are the parts of one choice.
func (c *choice) pieces() []piece {
	content := c.Text
	if c.Delta.Content != nil {
		content = *c.Delta.Content
	}
	if c.Delta.Refusal != nil {
		content += *c.Delta.Refusal
	}
	thought := c.Delta.thought()
	list := c.entries()
	switch {
	case thought != "" && content != "": // which entry belongs to which text is not told
		return append(split(thought, true, nil, nil), split(content, false, nil, nil)...)
	case thought != "":
		return split(thought, true, list, c.TokenIDs)
	case content != "" || len(list) > 0 || len(c.TokenIDs) > 0:
		return split(content, false, list, c.TokenIDs)
	}
	return nil
}

// split cuts a text into its tokens where what is said of them adds up to it, and else keeps it whole.
func split(text string, thought bool, list []piece, ids []int32) []piece {
	if len(ids) > 0 && len(ids) == len(list) {
		for i := range list {
			list[i].id, list[i].known = ids[i], true
		}
	}
	for i := range list {
		list[i].thought = thought
	}
	switch {
	case len(list) == 1:
		list[0].bytes = []byte(text)
		return list
	case len(list) > 1 && joined(list) == text:
		return list
	}
	whole := piece{bytes: []byte(text), thought: thought, id: -1, logprob: nan}
	switch {
	case len(list) > 0:
		for _, p := range list {
			if !p.known {
				whole.ids = nil
				break
			}
			whole.ids = append(whole.ids, p.id)
		}
	case len(ids) == 1:
		whole.id, whole.known = ids[0], true
	default:
		whole.ids = ids
	}
	return []piece{whole}
}

func joined(list []piece) string {
	var b strings.Builder
	for _, p := range list {
		b.Write(p.bytes)
	}
	return b.String()
}

var nan = float32(math.NaN())

// entries reads what is said of the tokens of a choice, in either form. What cannot be read is not known.
func (c *choice) entries() []piece {
	if len(c.Logprobs) == 0 || string(c.Logprobs) == "null" {
		return nil
	}
	var now struct {
		Content   []entry `json:"content"`
		Reasoning []entry `json:"reasoning_content"`
	}
	if json.Unmarshal(c.Logprobs, &now) == nil && len(now.Content)+len(now.Reasoning) > 0 {
		var list []piece
		for _, e := range append(now.Content, now.Reasoning...) {
			p := piece{bytes: e.raw(), logprob: real(e.Logprob)}
			p.id, p.known = e.number()
			for _, t := range e.Top[:min(len(e.Top), maxTop)] {
				id, _ := t.number()
				p.top = append(p.top, candidate{id: id, bytes: t.raw(), logprob: real(t.Logprob)})
			}
			list = append(list, p)
		}
		return list
	}
	var old oldLogprobs
	if json.Unmarshal(c.Logprobs, &old) != nil {
		return nil
	}
	var list []piece
	for i, token := range old.Tokens {
		p := piece{logprob: nan}
		p.bytes, p.id, p.known = named(token)
		if i < len(old.Logprob) {
			p.logprob = real(old.Logprob[i])
		}
		if i < len(old.Top) && len(old.Top[i]) <= 4*maxTop {
			for text, lp := range old.Top[i] {
				b, id, _ := named(text)
				p.top = append(p.top, candidate{id: id, bytes: b, logprob: float32(lp)})
			}
			slices.SortFunc(p.top, func(a, b candidate) int {
				return cmp.Or(cmp.Compare(b.logprob, a.logprob), bytes.Compare(a.bytes, b.bytes))
			})
			p.top = p.top[:min(len(p.top), maxTop)]
		}
		list = append(list, p)
	}
	return list
}

// maxTop is how many candidates of a place are kept.
const maxTop = 10

func real(x *float64) float32 {
	if x == nil || math.IsInf(*x, 0) {
		return nan
	}
	return float32(*x)
}

// raw is the bytes of a token: as listed, or those of its text.
func (e *entry) raw() []byte {
	if e.Bytes == nil {
		b, _, _ := named(e.Token)
		return b
	}
	b := make([]byte, len(e.Bytes))
	for i, x := range e.Bytes {
		b[i] = byte(x)
	}
	return b
}

func (e *entry) number() (id int32, known bool) {
	if e.ID != nil {
		return *e.ID, true
	}
	_, id, known = named(e.Token)
	return id, known
}

// named reads a token's text; vLLM writes token_id:123 for it when asked to.
func named(token string) (b []byte, id int32, known bool) {
	if rest, ok := strings.CutPrefix(token, "token_id:"); ok {
		if n, err := strconv.ParseInt(rest, 10, 32); err == nil && n >= 0 {
			return nil, int32(n), true
		}
	}
	return []byte(token), -1, false
}
