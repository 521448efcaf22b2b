package think

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
)

// Format is how one model opens and closes a thought, in ids of its own tokenizer, seen from the end of one prompt.
// The zero value is not valid; ResolveFormat makes one.
type Format struct {
	Name    string
	Open    []int32 // fed before the thought; empty when the prompt already ends inside one
	Start   []int32 // what the model draws to open a thought again
	End     []int32 // what the model draws to end its thought
	Close   []int32 // the whole close when the thought ends by itself; begins with End
	Forced  []int32 // the whole close when the budget ends the thought; begins with Close
	Newline []int32 // before Forced, unless the text ends with a newline; nil = never
	Skip    []int32 // the template's own way not to think at all, in place of Open; nil = Open, then Forced
	Retry   []int32 // after an empty answer; nil = no retry
	EOS     []int32 // end of turn
	Closed  bool    // the prompt already closed the thought: there is none to control

	after byte // last byte of the prompt, 0 when unknown
	vocab Vocabulary
}

// None is the name of the format of a model that does not think.
const None = "none"

// Thinks says whether there is a thought to control.
func (f *Format) Thinks() bool { return f.Name != None && !f.Closed }

// CloseMost is the most tokens that a forced close feeds: the close itself, and what an empty answer is asked again with.
func (f *Format) CloseMost() int { return 2*len(f.Newline) + len(f.Forced) + len(f.Retry) }

// EndID is the first id of the close of thinking, whose probability and rank the scheduler reports with every token;
// -1 when the format has none.
func (f *Format) EndID() int32 {
	if len(f.End) == 0 {
		return -1
	}
	return f.End[0]
}

func (f *Format) eos(id int32) bool { return slices.Contains(f.EOS, id) }

// FinalAnswer is what s1 puts after a forced close, and what follows an empty answer.
const FinalAnswer = "Final Answer:"

// family is one row of the table of think formats, in text.
type family struct {
	name     string
	specials []string // must be single special tokens of the tokenizer
	open     string
	start    string // begins with a special
	end      string // a special
	close    string // begins with end
	forced   string // begins with close
	newline  string
	skip     string   // "" = open, then forced
	words    []string // must be single tokens too; they tell this format from another with the same tags
	endIsEOS bool     // the end of thinking also ends an answer
}

// families in the order in which auto tries them. s1 comes last: its delimiter is an ordinary chat token.
// Sources: s1 repository (facts/s1.md sections 0 and 3.3); chat templates of Qwen3, DeepSeek-R1, GLM (<think>),
// Gemma 4, gpt-oss (Harmony), Mistral (Magistral).
var families = []family{
	{
		// The built-in reasoner: the tags of "think" with nothing around them, told by two words only its vocabulary has.
		name: "tape", specials: []string{"<think>", "</think>"}, words: []string{"c8", "r8"}, open: "<think>", start: "<think>",
		end: "</think>", close: "</think>", forced: "</think>",
	},
	{
		name: "think", specials: []string{"<think>", "</think>"}, open: "<think>\n", start: "<think>", end: "</think>",
		close: "</think>", forced: "</think>\n\n", newline: "\n", skip: "<think>\n\n</think>\n\n",
	},
	{
		name: "gpt-oss", specials: []string{"<|channel|>", "<|message|>", "<|start|>", "<|end|>"},
		open: "<|channel|>analysis<|message|>", start: "<|channel|>", end: "<|end|>",
		// <|end|> alone would re-open the analysis channel: the close goes on to the final one.
		close:  "<|end|><|start|>assistant<|channel|>final<|message|>",
		forced: "<|end|><|start|>assistant<|channel|>final<|message|>",
		skip:   "<|channel|>final<|message|>", endIsEOS: true,
	},
	{
		name: "gemma", specials: []string{"<|channel>", "<channel|>"}, open: "<|channel>thought\n", start: "<|channel>",
		end: "<channel|>", close: "<channel|>", forced: "<channel|>", newline: "\n", skip: "<|channel>thought\n<channel|>",
	},
	{
		name: "mistral", specials: []string{"[THINK]", "[/THINK]"}, open: "[THINK]", start: "[THINK]", end: "[/THINK]",
		close: "[/THINK]", forced: "[/THINK]", skip: "[THINK][/THINK]",
	},
	{
		name: "s1", specials: []string{"<|im_start|>"}, open: "<|im_start|>think", start: "<|im_start|>", end: "<|im_start|>",
		close: "<|im_start|>answer", forced: "<|im_start|>answer\n" + FinalAnswer, newline: "\n",
	},
}

// Names lists what ResolveFormat accepts.
func Names() []string {
	names := []string{"auto"}
	for _, f := range families {
		names = append(names, f.name)
	}
	return append(names, None)
}

// Specials are the special tokens of a named think format, those a text has to be cut at where ids are not to be had.
// nil = there is no such format, or it has none.
func Specials(name string) []string {
	for _, f := range families {
		if f.name == name {
			return slices.Clone(f.specials)
		}
	}
	return nil
}

// ResolveFormat finds the ids of a think format in a tokenizer, for the branches of one prompt. prompt is the whole
// rendered prompt in ids; only its end is looked at, so that tags of earlier turns are never taken for this one's.
//
// auto takes the format whose open (or close) tag ends the prompt, then the first one whose special tokens the
// tokenizer has, then none. A named format whose tokens are missing is refused: a tag sent as prose looks right on a
// screen and means nothing to the model.
func ResolveFormat(name string, v Vocabulary, prompt []int32) (Format, error) {
	if v == nil {
		return Format{}, fmt.Errorf("resolve think format %q: no tokenizer", name)
	}
	if name == None {
		return withoutThought(v, prompt), nil
	}
	if name != "" && name != "auto" {
		for _, fam := range families {
			if fam.name == name {
				return fam.resolve(v, prompt)
			}
		}
		return Format{}, fmt.Errorf("unknown think format %q; there are %s", name, strings.Join(Names(), ", "))
	}
	var first *Format
	for _, fam := range families {
		f, err := fam.resolve(v, prompt)
		if err != nil {
			continue // this tokenizer has not these tokens
		}
		if f.Closed || len(f.Open) == 0 {
			return f, nil // the prompt itself says so
		}
		if first == nil {
			first = &f
		}
	}
	if first != nil {
		return *first, nil
	}
	return withoutThought(v, prompt), nil
}

func withoutThought(v Vocabulary, prompt []int32) Format {
	return Format{Name: None, EOS: slices.Clone(v.EndIDs()), after: lastByte(v, prompt), vocab: v}
}

func (fam *family) resolve(v Vocabulary, prompt []int32) (Format, error) {
	for _, s := range fam.specials {
		id, ok := v.ID(s)
		if !ok {
			return Format{}, fmt.Errorf("think format %q needs the special token %q, which this tokenizer does not have; choose another think format, or none", fam.name, s)
		}
		got, err := v.Encode(s, true)
		if err != nil {
			return Format{}, fmt.Errorf("think format %q: encode %q: %w", fam.name, s, err)
		}
		if len(got) != 1 || got[0] != id {
			return Format{}, fmt.Errorf("think format %q: the tokenizer encodes %q as %v, want its special token %d alone", fam.name, s, got, id)
		}
	}
	for _, w := range fam.words {
		if got, err := v.Encode(w, false); err != nil || len(got) != 1 || string(v.Piece(got[0])) != w {
			return Format{}, fmt.Errorf("think format %q needs the token %q, which this tokenizer does not have; choose another think format, or none", fam.name, w)
		}
	}
	f := Format{Name: fam.name, EOS: slices.Clone(v.EndIDs()), after: lastByte(v, prompt), vocab: v}
	for _, p := range []struct {
		to   *[]int32
		text string
	}{
		{&f.Open, fam.open},
		{&f.Start, fam.start},
		{&f.End, fam.end},
		{&f.Close, fam.close},
		{&f.Forced, fam.forced},
		{&f.Newline, fam.newline},
		{&f.Skip, fam.skip},
		{&f.Retry, FinalAnswer},
	} {
		if p.text == "" {
			continue
		}
		ids, err := v.Encode(p.text, true)
		if err != nil {
			return Format{}, fmt.Errorf("think format %q: encode %q: %w", fam.name, p.text, err)
		}
		if p.to == &f.Retry && !says(v, ids, p.text) {
			continue // a vocabulary without these letters has no such words
		}
		*p.to = ids
	}
	if !hasPrefix(f.Close, f.End) || !hasPrefix(f.Forced, f.Close) {
		return Format{}, fmt.Errorf("think format %q: the tokenizer joins across the close: end %v, close %v, forced close %v", fam.name, f.End, f.Close, f.Forced)
	}
	if fam.endIsEOS && !f.eos(f.End[0]) {
		f.EOS = append(f.EOS, f.End[0])
	}
	return f, f.seePrompt(fam, prompt)
}

// seePrompt looks at the end of the prompt: a template may have opened the thought already, or opened and closed it.
func (f *Format) seePrompt(fam *family, prompt []int32) error {
	end := trimSpace(f.vocab, prompt)
	switch {
	case hasSuffix(end, trimSpace(f.vocab, f.Open)):
		f.Open = nil
		if fam.skip == "" {
			return nil
		}
		// What the template's no-think form has after the open tag, less the newline the prompt already ends with.
		rest := strings.TrimPrefix(fam.skip, strings.TrimRight(fam.open, "\n"))
		if rest == fam.skip { // another channel is primed instead; from inside the thought only the close leads there
			f.Skip = nil
			return nil
		}
		if f.after == '\n' {
			rest = strings.TrimPrefix(rest, "\n")
		}
		ids, err := f.vocab.Encode(rest, true)
		if err != nil {
			return fmt.Errorf("think format %q: encode %q: %w", f.Name, rest, err)
		}
		f.Skip = ids
	case hasSuffix(end, f.Close):
		f.Closed, f.Open, f.Skip = true, nil, nil
	}
	return nil
}

// trimSpace cuts the ids at the end whose bytes are only spaces and newlines.
func trimSpace(v Vocabulary, ids []int32) []int32 {
	for len(ids) > 0 {
		p := v.Piece(ids[len(ids)-1])
		if len(p) == 0 || len(bytes.TrimSpace(p)) > 0 {
			break
		}
		ids = ids[:len(ids)-1]
	}
	return ids
}

func lastByte(v Vocabulary, ids []int32) byte {
	if len(ids) == 0 {
		return 0
	}
	p := v.Piece(ids[len(ids)-1])
	if len(p) == 0 {
		return 0
	}
	return p[len(p)-1]
}

func hasPrefix(ids, p []int32) bool {
	return len(ids) >= len(p) && slices.Equal(ids[:len(p)], p)
}

func hasSuffix(ids, s []int32) bool {
	return len(s) > 0 && len(ids) >= len(s) && slices.Equal(ids[len(ids)-len(s):], s)
}
