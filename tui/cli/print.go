package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"unicode"

	"golang.org/x/term"

	"s1/sessions"
)

// printJSON writes v as one line whose strings can drive no terminal.
func (a *app) printJSON(v any) error {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return fmt.Errorf("print JSON: %w", err)
	}
	_, err := a.out.Write(sessions.EscapeControls(b.Bytes()))
	return err
}

// safeText makes control characters visible in text for a terminal; newlines and tabs stay.
func safeText(s string) string {
	return strings.Map(func(r rune) rune {
		if r == '\n' || r == '\t' || !unicode.IsControl(r) && !unicode.Is(unicode.Bidi_Control, r) {
			return r
		}
		if r < 0x20 {
			return 0x2400 + r // the control pictures: ESC becomes ␛
		}
		return '\uFFFD'
	}, s)
}

// safeLine is safeText on one line of at most n characters.
func safeLine(s string, n int) string {
	s = safeText(strings.Join(strings.Fields(s), " "))
	if r := []rune(s); len(r) > n {
		return string(r[:n-1]) + "…"
	}
	return s
}

// progress shows what a command is waiting for: one line on a terminal, nothing elsewhere.
func (a *app) progress() func(string) {
	if a.quiet || a.json || !term.IsTerminal(int(a.err.Fd())) {
		return func(string) {}
	}
	return func(s string) { fmt.Fprintf(a.err, "\r%s\x1b[K\r", safeLine(s, 78)) }
}
