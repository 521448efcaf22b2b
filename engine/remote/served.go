package remote

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"time"
	"unicode/utf8"

	"s1/engine/trace"
)

// served is the vocabulary of a server that tells ids: what is encoded here is encoded there. It is asked once for each text.
type served struct {
	c    *client
	name string // of the model
	kind tokenizeKind
	ends []int32

	mu     sync.Mutex
	texts  map[string][]int32
	pieces map[int32][]byte
	failed int   // times that the way to the server failed where only "unknown" could be said
	last   error // of them
}

// tokenizeKind is whose form of /tokenize a server has.
type tokenizeKind uint8

const (
	tokenizeNone  tokenizeKind = iota
	tokenizeLlama              // llama.cpp: content, with pieces
	tokenizeVLLM               // vLLM: prompt or messages
)

// encodeLimit is how long a server may take to encode a text.
const encodeLimit = 30 * time.Second

func newServed(c *client, name string, kind tokenizeKind) *served {
	return &served{c: c, name: name, kind: kind, texts: map[string][]int32{}, pieces: map[int32][]byte{}}
}

// Encode implements think.Vocabulary.
func (v *served) Encode(text string, parseSpecial bool) ([]int32, error) {
	if text == "" {
		return nil, nil
	}
	key := fmt.Sprint(parseSpecial, text)
	v.mu.Lock()
	ids, ok := v.texts[key]
	v.mu.Unlock()
	if ok {
		return ids, nil
	}
	ids, err := v.tokenize(text, parseSpecial, false)
	if err != nil {
		return nil, err
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if len(v.texts) > 4096 {
		clear(v.texts)
	}
	v.texts[key] = ids
	return ids, nil
}

// tokenize asks the server, and learns what the ids stand for.
func (v *served) tokenize(text string, special, begin bool) ([]int32, error) {
	ctx, cancel := context.WithTimeout(context.Background(), encodeLimit) // a branch's own end does not leave a text half known
	defer cancel()
	body := map[string]any{"content": text, "add_special": begin, "parse_special": special, "with_pieces": true}
	if v.kind == tokenizeVLLM {
		body = map[string]any{"model": v.name, "prompt": text, "add_special_tokens": begin}
	}
	var answer struct {
		Tokens []json.RawMessage `json:"tokens"`
	}
	if err := v.c.json(ctx, "POST", v.c.at.root()+"/tokenize", body, &answer); err != nil {
		return nil, err
	}
	ids := make([]int32, 0, len(answer.Tokens))
	for _, raw := range answer.Tokens {
		id, piece, err := readToken(raw)
		if err != nil {
			return nil, fmt.Errorf("encode %.40q on the server: %w", text, err)
		}
		if piece != nil {
			v.learn(id, piece)
		}
		ids = append(ids, id)
	}
	return ids, nil
}

// readToken reads 123, or {"id":123,"piece":"x"} where a piece that is no text is a list of bytes.
func readToken(raw json.RawMessage) (id int32, piece []byte, err error) {
	if json.Unmarshal(raw, &id) == nil {
		return id, nil, nil
	}
	var t struct {
		ID    *int32          `json:"id"`
		Piece json.RawMessage `json:"piece"`
	}
	if err := json.Unmarshal(raw, &t); err != nil || t.ID == nil {
		return 0, nil, fmt.Errorf("%.40q is no token", raw)
	}
	var text string
	if json.Unmarshal(t.Piece, &text) == nil {
		return *t.ID, []byte(text), nil
	}
	var list []int
	if err := json.Unmarshal(t.Piece, &list); err != nil {
		return *t.ID, nil, nil // the id is enough
	}
	for _, b := range list {
		piece = append(piece, byte(b))
	}
	return *t.ID, piece, nil
}

func (v *served) learn(id int32, piece []byte) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if _, ok := v.pieces[id]; !ok {
		v.pieces[id] = slices.Clone(piece)
	}
}

// lost notes that an "unknown" was none: nobody could be asked.
func (v *served) lost(err error) {
	if Transport(err) {
		v.mu.Lock()
		v.failed, v.last = v.failed+1, err
		v.mu.Unlock()
	}
}

// told carries out what asks for words, and gives the fault that may have made of a known word an unknown one.
func (v *served) told(f func() error) error {
	v.mu.Lock()
	before := v.failed
	v.mu.Unlock()
	err := f()
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.failed != before && !Transport(err) {
		return v.last
	}
	return err
}

// ID implements think.Vocabulary.
func (v *served) ID(special string) (int32, bool) {
	ids, err := v.Encode(special, true)
	v.lost(err)
	if err != nil || len(ids) != 1 {
		return 0, false
	}
	if v.kind == tokenizeLlama { // a text that happens to be one token is not a special one
		if prose, err := v.Encode(special, false); err == nil && slices.Equal(prose, ids) && !bytes.HasPrefix([]byte(special), []byte("<")) {
			return 0, false
		}
	}
	return ids[0], true
}

// Piece implements think.Vocabulary.
func (v *served) Piece(id int32) []byte {
	v.mu.Lock()
	piece, ok := v.pieces[id]
	v.mu.Unlock()
	if ok || id < 0 {
		return piece
	}
	ctx, cancel := context.WithTimeout(context.Background(), encodeLimit)
	defer cancel()
	var answer struct {
		Content *string `json:"content"`
		Prompt  *string `json:"prompt"`
	}
	body := map[string]any{"tokens": []int32{id}}
	if v.kind == tokenizeVLLM {
		body["model"] = v.name
	}
	if err := v.c.json(ctx, "POST", v.c.at.root()+"/detokenize", body, &answer); err != nil {
		v.lost(err)
		return nil
	}
	for _, s := range []*string{answer.Content, answer.Prompt} {
		if s != nil {
			v.learn(id, []byte(*s))
			return []byte(*s)
		}
	}
	return nil
}

// EndIDs implements think.Vocabulary.
func (v *served) EndIDs() []int32 { return v.ends }

func (v *served) stored(id int32) int32 { return id }

func (v *served) again(t trace.Token) (int32, error) {
	if t.ID < 0 {
		return 0, fmt.Errorf("token %d was kept without an id", t.Index)
	}
	v.learn(t.ID, t.Bytes)
	return t.ID, nil
}

// tokens is the ids of one piece of a stream, with their bytes. A server that holds a character back until it is complete
// (llama.cpp) tells only the last of its ids: the text is encoded again, and believed when it ends with that id. sure says
// that nothing had to be guessed.
func (v *served) tokens(p *piece) (ids []int32, sure bool, err error) {
	ascii := true
	for _, b := range p.bytes {
		ascii = ascii && b < utf8.RuneSelf
	}
	if p.known && ascii {
		if len(p.bytes) > 0 {
			v.learn(p.id, p.bytes)
		}
		return []int32{p.id}, true, nil
	}
	if len(p.ids) > 0 {
		return p.ids, true, nil
	}
	if len(p.bytes) == 0 {
		return nil, p.known, nil
	}
	if ids, err = v.Encode(string(p.bytes), false); err != nil {
		return nil, false, err
	}
	sure = p.known && len(ids) > 0 && ids[len(ids)-1] == p.id
	if !sure && p.known && len(ids) == 0 {
		ids = []int32{p.id}
	}
	return ids, sure, nil
}
