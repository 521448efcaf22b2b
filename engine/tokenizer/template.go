package tokenizer

// Template is a model's chat template.
type Template struct{ source string }

func newTemplate(src string, t *Tokenizer) *Template { return &Template{source: src} }
