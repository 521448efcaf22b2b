package export

import (
	"encoding/json"
	"fmt"
	"strings"
	"unicode"

	"s1/engine/arch"
	"s1/engine/weights"
	"s1/kernels"
)

// Card is where a model comes from, for its README.md. What is empty is left out.
type Card struct {
	Name      string // of the model, for people
	Summary   string // one paragraph
	License   string // SPDX, as apache-2.0
	Base      string // what it was trained from, for people; "" = nothing
	Hub       string // the base's name on a hub, org/name; "" = it has none
	Method    string // from scratch, full fine-tuning, LoRA of rank 16
	Recipe    string // the recipe's text
	Data      []Data
	Hashes    []Fact // recipe, data, tokenizer, base: SHA-256 each
	Code      string // version of the program
	Seed      uint64
	Steps     int64 // optimizer steps
	Tokens    int64 // trained tokens
	Metrics   []Metric
	Remarks   []string // limits, warnings: one paragraph each
	HowToRun  string   // a command line
	Languages []string
}

// Data is something the model was trained on.
type Data struct {
	Name   string
	SHA256 string
	Rows   int64
}

// Fact is a name and what it stands for.
type Fact struct{ Name, Value string }

// Metric is a measured number with how much it was measured on.
type Metric struct {
	Name  string // accuracy, cap 32
	Value string // 34.6 % [31.7, 37.6]
	N     int64  // 0 = not counted in samples
}

func (c Card) folder(a arch.Config, t kernels.DType, files []File) []byte {
	b := c.begin(Fact{"library_name", "transformers"}, Fact{"pipeline_tag", "text-generation"})
	c.origin(b)
	n := 0
	for _, s := range arch.Tensors(a) {
		n += s.Rows * s.Cols
	}
	fmt.Fprintf(b, "\n## Model\n\n%s decoder, %d parameters stored as %v: %d layers of width %d, %d query and %d key/value heads of %d, MLP width %d, "+
		"vocabulary %d, context %d.\n", a.Architecture, n, t, a.Layers, a.Hidden, a.Heads, a.KVHeads, a.HeadDim, a.FF, a.Vocab, a.Context)
	table(b, files)
	return []byte(b.String())
}

func (c Card) adapter(l LoRA, files []File) []byte {
	if c.Base == "" {
		c.Base = l.Base
	}
	b := c.begin(Fact{"library_name", "peft"}, Fact{"pipeline_tag", "text-generation"})
	c.origin(b)
	fmt.Fprintf(b, "\n## Adapter\n\nLoRA of rank %d, alpha %g, dropout %g, scale %g, on %s.\n", l.Rank, l.Alpha, l.Dropout, l.Scale(), strings.Join(l.Targets, ", "))
	table(b, files)
	return []byte(b.String())
}

// begin writes the head that hubs read, the title and the summary.
func (c Card) begin(facts ...Fact) *strings.Builder {
	b := &strings.Builder{}
	b.WriteString("---\n")
	for _, f := range append(facts, Fact{"license", c.License}, Fact{"base_model", c.Hub}) {
		if f.Value != "" {
			fmt.Fprintf(b, "%s: %s\n", f.Name, quoted(f.Value))
		}
	}
	if len(c.Languages) > 0 {
		b.WriteString("language:\n")
		for _, l := range c.Languages {
			fmt.Fprintf(b, "- %s\n", quoted(l))
		}
	}
	title := line(c.Name)
	if title == "" {
		title = "A model trained with s1"
	}
	fmt.Fprintf(b, "---\n\n# %s\n", title)
	if c.Summary != "" {
		fmt.Fprintf(b, "\n%s\n", line(c.Summary))
	}
	for _, r := range c.Remarks {
		fmt.Fprintf(b, "\n%s\n", line(r))
	}
	if c.HowToRun != "" {
		fence(b, "sh", c.HowToRun)
	}
	return b
}

// origin writes how the model came about and what was measured.
func (c Card) origin(b *strings.Builder) {
	rows := []Fact{{"base", c.Base}, {"method", c.Method}, {"code", c.Code}}
	if c.Steps > 0 {
		rows = append(rows, Fact{"optimizer steps", fmt.Sprint(c.Steps)}, Fact{"trained tokens", fmt.Sprint(c.Tokens)}, Fact{"seed", fmt.Sprint(c.Seed)})
	}
	for _, d := range c.Data {
		rows = append(rows, Fact{"data", fmt.Sprintf("%s, %d rows, SHA-256 %s", d.Name, d.Rows, d.SHA256)})
	}
	for _, h := range c.Hashes {
		rows = append(rows, Fact{h.Name + " SHA-256", h.Value})
	}
	b.WriteString("\n## Where it comes from\n\n| | |\n|---|---|\n")
	for _, r := range rows {
		if r.Value != "" {
			fmt.Fprintf(b, "| %s | %s |\n", cell(r.Name), cell(r.Value))
		}
	}
	if c.Recipe != "" {
		b.WriteString("\nThe recipe:\n")
		fence(b, "", c.Recipe)
	}
	if len(c.Metrics) > 0 {
		b.WriteString("\n## What was measured\n\n| what | value | n |\n|---|---|---|\n")
		for _, m := range c.Metrics {
			n := ""
			if m.N > 0 {
				n = fmt.Sprint(m.N)
			}
			fmt.Fprintf(b, "| %s | %s | %s |\n", cell(m.Name), cell(m.Value), n)
		}
	}
}

// table lists the files with their hashes.
func table(b *strings.Builder, files []File) {
	b.WriteString("\n| file | bytes | SHA-256 |\n|---|---|---|\n")
	for _, f := range files {
		fmt.Fprintf(b, "| %s | %d | `%s` |\n", cell(f.Name), f.Bytes, f.SHA256)
	}
}

// pairs are the card's part of GGUF metadata.
func (c Card) pairs() []weights.KV {
	var kv []weights.KV
	for _, f := range []Fact{
		{"general.name", line(c.Name)},
		{"general.description", line(c.Summary)},
		{"general.license", line(c.License)},
		{"general.base_model.0.name", line(c.Base)},
		{"general.version", line(c.Code)},
	} {
		if f.Value == "" {
			continue
		}
		if f.Name == "general.base_model.0.name" {
			kv = append(kv, weights.KV{Key: "general.base_model.count", Value: uint32(1)})
		}
		kv = append(kv, weights.KV{Key: f.Name, Value: f.Value})
	}
	return kv
}

// line is text without line breaks and other control characters: names and summaries may come from files.
func line(s string) string {
	return strings.Join(strings.FieldsFunc(s, func(r rune) bool { return unicode.IsSpace(r) || unicode.IsControl(r) }), " ")
}

// cell is a line that stays in its place in a table.
func cell(s string) string {
	return strings.NewReplacer("|", `\|`, "`", "'", "<", "&lt;").Replace(line(s))
}

// quoted is a text in YAML: JSON's strings are YAML's.
func quoted(s string) string {
	b, _ := json.Marshal(line(s)) // a string always marshals
	return string(b)
}

// fence writes a block of code, with a fence longer than any run of backquotes in it.
func fence(b *strings.Builder, language, text string) {
	longest, run := 0, 0
	for _, r := range text {
		if r == '`' {
			run++
			longest = max(longest, run)
		} else {
			run = 0
		}
	}
	f := strings.Repeat("`", max(3, longest+1))
	fmt.Fprintf(b, "\n%s%s\n%s\n%s\n", f, language, strings.TrimRight(text, "\n"), f)
}
