package tokenizer

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/nikolalohinski/gonja/v2/exec"
)

// ErrRefused is a template's own refusal of a conversation, by raise_exception: "roles must alternate".
var ErrRefused = errors.New("the chat template refuses this conversation")

// Message is one turn of a conversation.
type Message struct {
	Role      string // system, user, assistant
	Content   string
	Reasoning string // of an assistant, for templates that keep it apart (reasoning_content)
}

// RenderOptions says how to render. The zero value renders the conversation as it is.
type RenderOptions struct {
	AddGenerationPrompt bool      // end with what opens the assistant's turn
	EnableThinking      *bool     // nil: the template's own default
	Now                 time.Time // what strftime_now reads; zero: the clock
}

// Template renders a conversation into a prompt, by the model's Jinja template, or, where that cannot be run here, by
// the built-in form of the model's family. It is safe for use by several goroutines.
type Template struct {
	source   string
	sha      string
	jinja    *exec.Template // nil: fallback is used
	fallback form
	why      string // what a user should know about the fallback
	bos, eos string // their texts
}

// newTemplate never fails: a template that cannot be run is replaced, and Fallback says so.
func newTemplate(source string, t *Tokenizer) *Template {
	sum := sha256.Sum256([]byte(source))
	m := &Template{source: source, sha: hex.EncodeToString(sum[:])}
	if id, ok := t.BOS(); ok {
		m.bos = string(t.Piece(id))
	}
	if id, ok := t.EOS(); ok {
		m.eos = string(t.Piece(id))
	}
	jinja, err := parseJinja(source)
	if err == nil {
		m.jinja = jinja
		err = m.probe()
	}
	if err != nil {
		m.jinja = nil
		m.fallback = formFor(t)
		m.why = fmt.Sprintf("The model's own chat template cannot be run here (%s), so the prompt has the built-in %q form; "+
			"its answers may differ from the model's card.", brief(err), m.fallback.name)
	}
	return m
}

// probe renders conversations of every shape we send. A refusal is an answer too; anything else means the template
// cannot be relied on.
func (m *Template) probe() error {
	yes, no := true, false
	user, system := Message{Role: "user", Content: "a"}, Message{Role: "system", Content: "s"}
	turn := Message{Role: "assistant", Content: "b"}
	for _, conversation := range [][]Message{{user}, {system, user}, {user, turn, user}, {system, user, turn, user}} {
		for _, thinking := range []*bool{nil, &yes, &no} {
			_, err := m.Render(conversation, RenderOptions{AddGenerationPrompt: true, EnableThinking: thinking})
			if err != nil && !errors.Is(err, ErrRefused) {
				return err
			}
		}
	}
	return nil
}

// Render gives the prompt as text. Prefer Tokenizer.EncodeChat, which keeps a user's text from forging turns.
func (m *Template) Render(messages []Message, o RenderOptions) (string, error) {
	if len(messages) == 0 {
		return "", fmt.Errorf("render chat template: the conversation is empty")
	}
	size := 0
	for i, msg := range messages {
		if msg.Role == "" {
			return "", fmt.Errorf("render chat template: message %d has no role", i)
		}
		size += len(msg.Content) + len(msg.Reasoning)
	}
	if size > MaxText {
		return "", fmt.Errorf("render chat template: the conversation has %d bytes, at most %d", size, MaxText)
	}
	if m.jinja == nil {
		return m.fallback.render(messages, o, m.bos), nil
	}
	text, err := m.run(messages, o, size)
	if err != nil {
		return "", fmt.Errorf("render chat template %s: %w", m.sha[:12], err)
	}
	return text, nil
}

// Source is the template as the model's files have it.
func (m *Template) Source() string { return m.source }

// SHA256 is of the source. It belongs in every receipt: two files of one model may differ in it.
func (m *Template) SHA256() string { return m.sha }

// Fallback is a sentence for the user when the model's template could not be run and a built-in form stands in; it is
// empty when the model's own template renders.
func (m *Template) Fallback() string { return m.why }

// EncodeChat renders a conversation and encodes it: the template's control tokens become ids, while control tokens
// written inside a message stay ordinary text. For a conversation with none inside, the ids are those of
// Encode(rendered, true).
//
// How: inside a message each control token's text gets a breaker after its first character, a noncharacter that
// occurs nowhere in the conversation, so that neither the template nor the matcher recognizes the token; the breakers
// are dropped before the ordinary text is encoded. In an assistant's turn, which the model wrote, thought tags keep
// their meaning.
func (t *Tokenizer) EncodeChat(messages []Message, o RenderOptions) (ids []int32, rendered string, err error) {
	if t.tmpl == nil {
		return nil, "", fmt.Errorf("encode chat: the model has no chat template")
	}
	breaker, err := freeNoncharacter(t.tmpl.source, messages)
	if err != nil {
		return nil, "", err
	}
	broken := make([]Message, len(messages))
	for i, m := range messages {
		for _, text := range []string{m.Role, m.Content, m.Reasoning} {
			if err := checkText(text); err != nil {
				return nil, "", fmt.Errorf("encode chat: message %d: %w", i, err)
			}
		}
		thoughts := m.Role == "assistant"
		broken[i] = Message{
			Role: t.breakTags(m.Role, breaker, false), Content: t.breakTags(m.Content, breaker, thoughts),
			Reasoning: t.breakTags(m.Reasoning, breaker, thoughts),
		}
	}
	text, err := t.tmpl.Render(broken, o)
	if err != nil {
		return nil, "", err
	}
	ids, err = t.encode(text, true, breaker)
	if err != nil {
		return nil, "", fmt.Errorf("encode chat: %w", err)
	}
	return ids, strings.ReplaceAll(text, string(breaker), ""), nil
}

// breakTags puts the breaker into every control token in text.
func (t *Tokenizer) breakTags(text string, breaker rune, keepThoughts bool) string {
	var b strings.Builder
	rest := text
	for rest != "" {
		at, n := t.parse.find(rest, func(a addedToken) bool {
			return a.control() && !(keepThoughts && thoughtTag(a.content))
		})
		if n == 0 {
			break
		}
		// After the first character, and going on from there: a token may begin inside this one.
		_, first := utf8.DecodeRuneInString(rest[at:])
		b.WriteString(rest[:at+first])
		b.WriteRune(breaker)
		rest = rest[at+first:]
	}
	if b.Len() == 0 {
		return text
	}
	b.WriteString(rest)
	return b.String()
}

func thoughtTag(s string) bool {
	switch s {
	case "<think>", "</think>", "[THINK]", "[/THINK]":
		return true
	}
	return false
}

// freeNoncharacter gives a Unicode noncharacter (U+FDD0 to U+FDEF) that occurs in none of the texts.
func freeNoncharacter(source string, messages []Message) (rune, error) {
search:
	for r := rune(0xFDD0); r <= 0xFDEF; r++ {
		if strings.ContainsRune(source, r) {
			continue
		}
		for _, m := range messages {
			if strings.ContainsRune(m.Role, r) || strings.ContainsRune(m.Content, r) || strings.ContainsRune(m.Reasoning, r) {
				continue search
			}
		}
		return r, nil
	}
	return 0, fmt.Errorf("encode chat: %w: the conversation uses every Unicode noncharacter", ErrBadText)
}

// brief cuts an error to a length that fits into a sentence, and to what can be printed; the template engine quotes
// whole templates.
func brief(err error) string {
	const most = 160 // characters
	s := strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) && !unicode.IsSpace(r) || r == utf8.RuneError {
			return '?'
		}
		return r
	}, err.Error())
	s = strings.Join(strings.Fields(s), " ")
	if i := strings.LastIndex(s, ": "); len(s) > most && i >= 0 && len(s)-i > 20 {
		s = s[i+2:]
	}
	if r := []rune(s); len(r) > most {
		s = string(r[:most]) + "..."
	}
	return s
}
