// Package theme turns meanings into styles and glyphs. It knows what a role looks like (a style over the
// sixteen colours of the terminal or over a palette, a glyph, an ASCII glyph); it does not know where on the screen it appears.
//
// Colour never carries a meaning alone: every role that matters has a glyph or a word as well, so that the
// screen reads under NO_COLOR and in ASCII.
package theme

import (
	"io"
	"strings"

	"github.com/charmbracelet/lipgloss"
)

// Role is a meaning that has a style.
type Role uint8

const (
	Text     Role = iota
	Dim           // what is over, hints, units
	Strong        // what is now
	Accent        // what you did: injected text, your keys
	Warn          // what was forced
	Wish          // the model wished to stop
	Fault         // errors
	Key           // the name of a key in a hint
	Selected      // the row under the cursor of a list
	Cursor        // the cell under the text cursor
	Pause         // a point at which the run was paused
	Differs       // the first token at which two branches differ
	Found         // what was searched
	Heat0         // a colouring from little ...
	Heat1
	Heat2
	Heat3
	Heat4 // ... to much
	roles
)

// Heats is how many steps a colouring has.
const Heats = 5

// Options says what the terminal can show.
type Options struct {
	NoColor bool   // attributes such as bold stay, hues go
	ASCII   bool   // glyphs from the ASCII set
	Name    string // of the theme, see Names; "" = ANSI
	Colours int    // that the terminal shows
}

// Theme is a set of styles and glyphs. It is immutable and safe for concurrent use.
type Theme struct {
	open, shut [roles]string
	Glyphs     Glyphs
	ASCII      bool
}

// The colour profile of termenv that means "sixteen colours" (termenv.ANSI); lipgloss takes it by its type.
const profileANSI = 2

// New returns the theme for a terminal.
func New(o Options) *Theme {
	r := lipgloss.NewRenderer(io.Discard)
	switch o.profile() { // its type is termenv's, which is not ours to import
	case 0:
		r.SetColorProfile(0)
	case 1:
		r.SetColorProfile(1)
	default:
		r.SetColorProfile(profileANSI)
	}
	hue := func(s lipgloss.Style, c string) lipgloss.Style {
		if o.NoColor {
			return s
		}
		return s.Foreground(lipgloss.Color(c))
	}
	base := r.NewStyle()
	styles := [roles]lipgloss.Style{
		Text:     base,
		Dim:      base.Faint(true),
		Strong:   base.Bold(true),
		Accent:   hue(base.Bold(true), "6"),
		Warn:     hue(base.Bold(true), "3"),
		Wish:     hue(base, "5"),
		Fault:    hue(base.Bold(true), "1"),
		Key:      base.Bold(true),
		Selected: hue(base.Bold(true), "6"),
		Cursor:   base.Reverse(true),
		Pause:    base.Faint(true),
		Differs:  base.Underline(true).UnderlineSpaces(true),
		Found:    hue(base.Underline(true), "3"),
		// In order without a colour, too: faint, plain, bold, underlined, both.
		Heat0: base.Faint(true),
		Heat1: base,
		Heat2: hue(base.Bold(o.NoColor), "3"),
		Heat3: hue(base.Bold(!o.NoColor).Underline(o.NoColor), "3"),
		Heat4: hue(base.Bold(true).Underline(o.NoColor), "1"),
	}
	if p, ok := paletteOf(o.Name); ok {
		p.over(styles[:], o)
	}
	t := &Theme{Glyphs: unicodeGlyphs, ASCII: o.ASCII}
	if o.ASCII {
		t.Glyphs = asciiGlyphs
	}
	for i, s := range styles {
		// A style is asked once for what it puts around a text; painting is then two copies.
		if open, shut, ok := strings.Cut(s.Render("\u00a7"), "\u00a7"); ok {
			t.open[i], t.shut[i] = open, shut
		}
	}
	return t
}

// Paint puts the style of r around s. s must be safe for the terminal already (package text sees to that).
func (t *Theme) Paint(r Role, s string) string {
	if s == "" || t.open[r] == "" {
		return s
	}
	return t.open[r] + s + t.shut[r]
}

// Around returns what Paint puts before and after a text.
func (t *Theme) Around(r Role) (open, shut string) { return t.open[r], t.shut[r] }

// Detect reads from the environment what the terminal can show. A locale that names no UTF-8 character set
// means ASCII; no locale at all is taken for UTF-8, which is what containers without one are viewed through.
func Detect(getenv func(string) string) Options {
	o := Options{NoColor: getenv("NO_COLOR") != "" || getenv("TERM") == "dumb", Colours: coloursOf(getenv)}
	for _, name := range []string{"LC_ALL", "LC_CTYPE", "LANG"} {
		if v := strings.ToLower(getenv(name)); v != "" {
			o.ASCII = !strings.Contains(v, "utf-8") && !strings.Contains(v, "utf8")
			break
		}
	}
	return o
}
