package tokenizer

import "strings"

// form is a built-in way to write a conversation, for a family of models.
type form struct {
	name               string
	mark               string // the control token by which the family is recognized
	bos                bool   // the conversation begins with BOS
	before, after, end string // around a role, and after a message
	assistant          string // what opens the assistant's turn
	roles              map[string]string
	trim               bool // messages lose surrounding space
	system             bool // a system message has its own turn; if not, it stands bare at the beginning
	think              bool // a disabled thought is an empty one
}

var forms = []form{
	{name: "chatml", mark: "<|im_start|>", before: "<|im_start|>", after: "\n", end: "<|im_end|>\n", assistant: "<|im_start|>assistant\n", system: true, think: true},
	{
		name: "llama3", mark: "<|start_header_id|>", bos: true, before: "<|start_header_id|>", after: "<|end_header_id|>\n\n", end: "<|eot_id|>",
		assistant: "<|start_header_id|>assistant<|end_header_id|>\n\n", system: true, trim: true,
	},
	{
		name: "deepseek-r1", mark: "<｜User｜>", bos: true, roles: map[string]string{"user": "<｜User｜>", "assistant": "<｜Assistant｜>"},
		assistant: "<｜Assistant｜>", think: true,
	},
	{name: "phi", mark: "<|assistant|>", before: "<|", after: "|>\n", end: "<|end|>\n", assistant: "<|assistant|>\n", system: true},
	{name: "gemma", mark: "<start_of_turn>", bos: true, before: "<start_of_turn>", after: "\n", end: "<end_of_turn>\n", assistant: "<start_of_turn>model\n", roles: map[string]string{"assistant": "model"}, trim: true},
}

// plainForm serves a model of no known family.
var plainForm = form{
	name: "plain", bos: true, after: "", end: "\n\n", assistant: "Assistant:", system: false,
	roles: map[string]string{"user": "User: ", "assistant": "Assistant: "},
}

// formFor finds the family by the control tokens that the vocabulary has.
func formFor(t *Tokenizer) form {
	for _, f := range forms {
		if _, ok := t.ID(f.mark); ok {
			return f
		}
	}
	return plainForm
}

func (f form) render(messages []Message, o RenderOptions, bos string) string {
	var b strings.Builder
	if f.bos {
		b.WriteString(bos)
	}
	for _, m := range messages {
		content := m.Content
		if f.trim {
			content = strings.TrimSpace(content)
		}
		role, named := f.roles[m.Role]
		if !named {
			role = m.Role
		}
		if m.Role == "system" && !f.system {
			b.WriteString(content)
			if f.end != "" {
				b.WriteString(f.end)
			}
			continue
		}
		b.WriteString(f.before + role + f.after + content)
		if f.name == "deepseek-r1" && m.Role == "assistant" {
			b.WriteString("<｜end▁of▁sentence｜>")
		}
		b.WriteString(f.end)
	}
	if o.AddGenerationPrompt {
		b.WriteString(f.assistant)
		if f.think && o.EnableThinking != nil && !*o.EnableThinking {
			b.WriteString("<think>\n\n</think>\n\n")
		}
	}
	return b.String()
}
