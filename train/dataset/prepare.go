package dataset

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"s1/engine/think"
	"s1/engine/tokenizer"
)

// vocabulary is a tokenizer as package think asks for one.
type vocabulary struct{ *tokenizer.Tokenizer }

// EndIDs implements think.Vocabulary.
func (v vocabulary) EndIDs() []int32 { return v.EndOfGeneration() }

// preparer turns rows into documents. A conversation is tokenized in the pieces that inference has: the prompt exactly as
// the engine feeds it, then what the model should write, then the end of its turn. So nothing is joined across a seam that
// the model will later see open.
//
//	prompt (weight 0) | open thought close answer end-of-turn (weight 1)
type preparer struct {
	t       *tokenizer.Tokenizer
	o       *RowsOptions
	weights map[int32]float32 // of tokens, when not 1
	turnEnd int32             // what ends an assistant's turn
	headers []string          // of an assistant's turn, for texts
}

// AssistantTurn opens the assistant's turn in a text of s1's own form, as its Qwen writes it; all before it has weight 0.
const AssistantTurn = "<|im_start|>assistant\n"

// headers open an assistant's turn in a text: s1's own (its Qwen and its Llama templates).
var headers = []struct{ control, text string }{
	{"<|im_start|>", AssistantTurn},
	{"<|start_header_id|>", "<|start_header_id|>assistant<|end_header_id|>\n\n"},
}

func newPreparer(t *tokenizer.Tokenizer, o *RowsOptions) (*preparer, error) {
	p := &preparer{t: t, o: o}
	for _, h := range headers {
		if _, ok := t.ID(h.control); ok {
			p.headers = append(p.headers, h.text)
		}
	}
	if err := p.findTurnEnd(); err != nil {
		return nil, err
	}
	return p, p.findWeights()
}

// findTurnEnd looks at what the template writes behind an answer.
func (p *preparer) findTurnEnd() error {
	if p.templated() {
		ids, _, err := p.t.EncodeChat([]tokenizer.Message{{Role: "user", Content: "a"}, {Role: "assistant", Content: "b"}}, tokenizer.RenderOptions{})
		if err != nil && !errors.Is(err, tokenizer.ErrRefused) {
			return fmt.Errorf("find the end of a turn: %w", err)
		}
		ends := p.t.EndOfGeneration()
		for i := len(ids) - 1; i >= 0; i-- {
			if slices.Contains(ends, ids[i]) {
				p.turnEnd = ids[i]
				return nil
			}
		}
	}
	id, ok := p.t.EOS()
	if !ok {
		return errors.New("the tokenizer has no token that ends a turn, so a model could not learn to stop")
	}
	p.turnEnd = id
	return nil
}

// findWeights finds the tokens that have a loss weight of their own.
func (p *preparer) findWeights() error {
	if len(p.o.TokenWeights) == 0 {
		return nil
	}
	p.weights = map[int32]float32{}
	found := map[string]bool{}
	for id := range int32(p.t.VocabSize()) {
		text := string(p.t.Piece(id))
		if w, ok := p.o.TokenWeights[text]; ok {
			p.weights[id], found[text] = float32(w), true
		}
	}
	for text := range p.o.TokenWeights {
		if !found[text] {
			return fmt.Errorf("token_weights: no token of the model is exactly %q", text)
		}
	}
	return nil
}

func (p *preparer) templated() bool { return p.o.Template != "none" && p.t.Template() != nil }

// documents makes the documents of a row: one, or with Turns = all one for each assistant turn, behind the prompt that
// inference would have there (templates drop earlier thoughts, so one document could not show every turn as it is).
func (p *preparer) documents(r row) ([]document, error) {
	if r.messages == nil {
		d, err := p.text(r)
		return []document{d}, err
	}
	last := r.messages[len(r.messages)-1]
	if last.Role != "assistant" {
		return nil, fmt.Errorf("the row ends with a turn of %.40q, so there is no answer to train on", last.Role)
	}
	var out []document
	for i, m := range r.messages {
		if m.Role != "assistant" || i < len(r.messages)-1 && p.o.Turns != "all" {
			continue
		}
		d, err := p.turn(r.messages[:i], m)
		if err != nil {
			return nil, err
		}
		d.Name = r.place
		if p.o.Turns == "all" && len(r.messages) > 2 {
			d.Name = fmt.Sprintf("%s (turn %d)", r.place, i)
		}
		out = append(out, d)
	}
	return out, nil
}

// document is an example with what the report counts.
type document struct {
	Example
	answer  int // index of the first token of the answer
	thought bool
	lost    []byte // of the row's text, for which the vocabulary has no token
}

// put adds tokens, each with its own weight, or 0.
func (d *document) put(p *preparer, trained bool, ids ...int32) {
	for _, id := range ids {
		w := float32(0)
		if trained {
			w = 1
			if own, ok := p.weights[id]; ok {
				w = own
			}
		}
		d.IDs, d.Weights = append(d.IDs, id), append(d.Weights, w)
	}
}

// putText adds ordinary text: control tokens written in it stay text.
func (d *document) putText(p *preparer, text string) error {
	ids, err := p.t.Encode(text, false)
	if err != nil {
		return err
	}
	d.put(p, true, ids...)
	return nil
}

// spacing is the white space around a thought, by think format, as the models' own templates and s1's rows have it.
var spacing = map[string]struct{ before, after, answer string }{
	"think": {"", "\n", "\n\n"},
	"s1":    {"\n", "\n", "\n"},
	"gemma": {"", "\n", ""},
	"tape":  {"", "\n", ""}, // every line of a thought ends
}

// turn makes the document of one answer.
func (p *preparer) turn(before []tokenizer.Message, m tokenizer.Message) (document, error) {
	answer := m.Content
	if p.templated() {
		answer = strings.TrimSpace(answer)
	}
	thought := strings.TrimSpace(m.Reasoning)
	if strings.TrimSpace(answer) == "" {
		return document{}, errors.New("the assistant's answer is empty")
	}
	var thinking *bool // as s1 run: the template's own default, or none at all
	if thought == "" {
		thinking = new(bool)
	}
	prompt, err := p.prompt(before, thinking)
	if err != nil {
		return document{}, err
	}
	var d document
	d.put(p, false, prompt...)
	if err := d.lose(p, false, p.o.System); err != nil {
		return document{}, err
	}
	for _, b := range before {
		if err := d.lose(p, false, b.Reasoning, b.Content); err != nil {
			return document{}, err
		}
	}
	if err := d.lose(p, false, thought, answer); err != nil {
		return document{}, err
	}
	f, err := think.ResolveFormat(p.o.ThinkFormat, vocabulary{p.t}, prompt)
	if err != nil {
		return document{}, err
	}
	gap := spacing[f.Name]
	switch {
	case thought != "" && !f.Thinks():
		return document{}, fmt.Errorf("the answer has a thought, and with the think format %q there is no place for it", f.Name)
	case thought != "":
		d.thought = true
		d.put(p, true, f.Open...)
		if len(f.Open) == 0 && f.Name == "s1" {
			gap.before = "" // the prompt's own
		}
		if err := d.putText(p, gap.before+thought+gap.after); err != nil {
			return document{}, err
		}
		d.put(p, true, f.Close...)
		answer = gap.answer + answer
	case f.Thinks() && len(f.Open) == 0: // the prompt opened a thought that the row does not have
		skip := f.Skip
		if skip == nil {
			skip = f.Close
		}
		d.put(p, false, skip...)
	}
	d.answer = len(d.IDs)
	if err := d.putText(p, answer); err != nil {
		return document{}, err
	}
	d.put(p, true, p.turnEnd)
	return d, nil
}

// prompt gives the ids that the engine would feed before an answer.
func (p *preparer) prompt(before []tokenizer.Message, thinking *bool) ([]int32, error) {
	if p.o.System != "" && (len(before) == 0 || before[0].Role != "system") {
		before = append([]tokenizer.Message{{Role: "system", Content: p.o.System}}, before...)
	}
	if len(before) == 0 {
		return nil, errors.New("nothing stands before the assistant's turn")
	}
	if p.templated() {
		ids, _, err := p.t.EncodeChat(before, tokenizer.RenderOptions{AddGenerationPrompt: true, EnableThinking: thinking})
		return ids, err
	}
	var parts []string
	for _, m := range before {
		if m.Role == "assistant" {
			return nil, errors.New("a conversation of several turns needs a chat template, and there is none")
		}
		parts = append(parts, m.Content)
	}
	ids, err := p.t.Encode(strings.Join(parts, "\n\n"), false)
	if err != nil {
		return nil, err
	}
	if bos, ok := p.t.BOS(); ok && p.t.AddBOS() {
		ids = slices.Insert(ids, 0, bos)
	}
	return ids, nil
}

// text makes the document of a text that has its control tokens in it. All up to and including the last header of an
// assistant's turn has weight 0, as in s1's training.
func (p *preparer) text(r row) (document, error) {
	if len(p.headers) == 0 {
		return document{}, errors.New(`a row of "text" marks the answer with <|im_start|>assistant, which this tokenizer does not have`)
	}
	at := -1
	for _, h := range p.headers {
		if i := strings.LastIndex(r.text, h); i >= 0 {
			at = max(at, i+len(h))
		}
	}
	if at < 0 {
		return document{}, fmt.Errorf("nothing in its text says where the answer begins: no %q", p.headers[0])
	}
	var d document
	d.Name = r.place
	if err := d.lose(p, true, r.text[:at], r.text[at:]); err != nil {
		return document{}, err
	}
	for i, part := range []string{r.text[:at], r.text[at:]} {
		ids, err := p.t.Encode(part, true)
		if err != nil {
			return document{}, err
		}
		d.put(p, i == 1, ids...)
		if i == 0 {
			d.answer = len(d.IDs)
		}
	}
	f, err := think.ResolveFormat(p.o.ThinkFormat, vocabulary{p.t}, d.IDs[:d.answer])
	if err != nil {
		return document{}, err
	}
	if i := lastOf(d.IDs[d.answer:], f.Close); f.Thinks() && i >= 0 {
		d.thought = true
		d.answer += i + len(f.Close)
	}
	if p.blank(d.IDs[d.answer:]) {
		return document{}, errors.New("the answer in its text is empty")
	}
	return d, nil
}

// blank says whether ids are nothing but white space and ends of a turn.
func (p *preparer) blank(ids []int32) bool {
	ends := p.t.EndOfGeneration()
	for _, id := range ids {
		if !slices.Contains(ends, id) && strings.TrimSpace(string(p.t.Piece(id))) != "" {
			return false
		}
	}
	return true
}

// lastOf is where part begins for the last time, or -1.
func lastOf(ids, part []int32) int {
	for i := len(ids) - len(part); i >= 0 && len(part) > 0; i-- {
		if slices.Equal(ids[i:i+len(part)], part) {
			return i
		}
	}
	return -1
}
