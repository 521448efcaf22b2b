package tokenizer

import (
	"errors"
	"fmt"
	"io"
	"runtime"
	"strings"
	"time"

	"github.com/nikolalohinski/gonja/v2/config"
	"github.com/nikolalohinski/gonja/v2/exec"
	"github.com/nikolalohinski/gonja/v2/loaders"
)

// A template comes with a model file, so it is a program from a stranger. It can read no file, reach nothing but the
// conversation, and is bounded in time, output and memory: see guard.go.

// parseJinja parses a template, panics and oversize included.
func parseJinja(source string) (tmpl *exec.Template, err error) {
	defer func() {
		if p := recover(); p != nil {
			tmpl, err = nil, fmt.Errorf("parse: %v", p)
		}
	}()
	if err := checkSource(source); err != nil {
		return nil, err
	}
	cfg := config.New()
	cfg.TrimBlocks, cfg.LeftStripBlocks = true, true // as Hugging Face renders
	tmpl, err = exec.NewTemplate("chat", cfg, oneTemplate(source), environment())
	if err != nil {
		// The engine's message quotes the whole template before its cause.
		for inner := errors.Unwrap(err); inner != nil; inner = errors.Unwrap(inner) {
			err = inner
		}
		return nil, fmt.Errorf("parse: %w", err)
	}
	return tmpl, nil
}

// oneTemplate is a loader that holds one template and refuses every other name.
type oneTemplate string

func (o oneTemplate) Read(name string) (io.Reader, error) {
	if name != "chat" {
		return nil, fmt.Errorf("templates cannot read %q", name)
	}
	return strings.NewReader(string(o)), nil
}
func (o oneTemplate) Resolve(name string) (string, error)         { return name, nil }
func (o oneTemplate) Inherit(from string) (loaders.Loader, error) { return o, nil }

// run renders with the model's own template.
func (m *Template) run(messages []Message, o RenderOptions, size int) (string, error) {
	now := o.Now
	if now.IsZero() {
		now = time.Now()
	}
	g := newGuard(size)
	turns := make(list, len(messages))
	for i, msg := range messages {
		one := map[string]any{"role": msg.Role, "content": msg.Content}
		if msg.Reasoning != "" {
			one["reasoning_content"] = msg.Reasoning
		}
		turns[i] = one
	}
	data := map[string]any{
		guardKey: g, "messages": turns, "add_generation_prompt": o.AddGenerationPrompt,
		"bos_token": m.bos, "eos_token": m.eos, "tools": nil, "documents": nil,
		"raise_exception": func(msg string) (string, error) { return "", g.refuse(msg) },
		"strftime_now":    func(format string) string { return strftime(now, format) },
		"range":           g.numbers,
	}
	if o.EnableThinking != nil {
		data["enable_thinking"] = *o.EnableThinking
	}

	type result struct {
		text string
		err  error
	}
	done := make(chan result, 1)
	// It ends by the guard's deadline, which every loop, filter and call looks at. Should the engine ever be caught between two of
	// them, the goroutine is given up: it holds nothing but its own values, and the channel takes its result.
	go func() {
		defer func() {
			if p := recover(); p != nil {
				if _, ok := p.(runtime.Error); ok {
					p = fmt.Errorf("the template engine failed: %v", p)
				}
				done <- result{err: fmt.Errorf("%v", p)}
			}
		}()
		err := m.jinja.Execute(g, exec.NewContext(data))
		done <- result{g.out.String(), err}
	}()
	select {
	case r := <-done:
		switch {
		case g.refused != "":
			return "", fmt.Errorf("%w: %s", ErrRefused, g.refused)
		case g.stopped != nil:
			return "", g.stopped
		case r.err != nil:
			return "", errors.New(brief(r.err))
		}
		return r.text, nil
	case <-time.After(2 * renderTime):
		return "", fmt.Errorf("no answer after %s", 2*renderTime)
	}
}

// strftime is Python's, as far as templates use it.
func strftime(t time.Time, format string) string {
	layouts := map[byte]string{
		'd': "02", 'b': "Jan", 'B': "January", 'Y': "2006", 'y': "06", 'm': "01", 'H': "15", 'I': "03", 'M': "04",
		'S': "05", 'p': "PM", 'a': "Mon", 'A': "Monday", 'j': "002", 'Z': "MST", 'z': "-0700",
		'F': "2006-01-02", 'T': "15:04:05", 'D': "01/02/06", 'R': "15:04", 'e': "_2",
	}
	var b strings.Builder
	for i := 0; i < len(format); i++ {
		if format[i] != '%' || i+1 == len(format) {
			b.WriteByte(format[i])
			continue
		}
		i++
		if layout, ok := layouts[format[i]]; ok {
			b.WriteString(t.Format(layout))
		} else if format[i] == '%' {
			b.WriteByte('%')
		} else {
			b.WriteString(format[i-1 : i+1])
		}
	}
	return b.String()
}
