package theme

import (
	"fmt"
	"slices"
	"strings"

	"github.com/charmbracelet/lipgloss"
)

// Names of the themes. ANSI is the terminal's own sixteen colours, and the default.
const (
	ANSI     = "ansi"
	Dark     = "dark"
	Light    = "light"
	Contrast = "contrast"
)

// Names lists the themes, the default first.
func Names() []string { return []string{ANSI, Dark, Light, Contrast} }

// Colours that a terminal can show.
const (
	Sixteen     = 16
	TwoFiftySix = 256
	Millions    = 1 << 24
)

// paint is what a palette does to a role: a colour, on the terminal's own background or on one that it brings along. The
// zero paint leaves the colour to the terminal and takes away the faintness, which nobody can compute.
type paint struct{ fore, back string }

// palette is a theme as data. A role that is not in it looks as in the sixteen colours. Text itself always has the
// terminal's own colour. All colours are among the 256, so that they are exact on either kind of terminal.
type palette struct {
	behind string // the background that the contrast is computed against, where a paint has none; "" = none has
	least  float64
	roles  map[Role]paint
}

func paletteOf(name string) (palette, bool) {
	switch name {
	case Dark: // on #1c1c1c or darker
		return palette{behind: "#1c1c1c", least: 4.5, roles: map[Role]paint{
			Dim: {fore: "#949494"}, Pause: {fore: "#949494"}, Accent: {fore: "#5fd7ff"}, Selected: {fore: "#5fd7ff"},
			Warn: {fore: "#ffaf00"}, Wish: {fore: "#d787ff"}, Fault: {fore: "#ff8787"}, Found: {fore: "#ffff5f"},
			Heat0: {fore: "#949494"}, Heat2: {fore: "#d7d75f"}, Heat3: {fore: "#ffaf5f"}, Heat4: {fore: "#ff8787"},
		}}, true
	case Light: // on #eeeeee or lighter
		return palette{behind: "#eeeeee", least: 4.5, roles: map[Role]paint{
			Dim: {fore: "#626262"}, Pause: {fore: "#626262"}, Accent: {fore: "#005f87"}, Selected: {fore: "#005f87"},
			Warn: {fore: "#875f00"}, Wish: {fore: "#870087"}, Fault: {fore: "#af0000"}, Found: {fore: "#875f00"},
			Heat0: {fore: "#626262"}, Heat2: {fore: "#5f5f00"}, Heat3: {fore: "#875f00"}, Heat4: {fore: "#af0000"},
		}}, true
	case Contrast: // what matters brings its own background, so that it holds on any terminal; nothing is faint
		return palette{least: 7, roles: map[Role]paint{
			Dim: {}, Pause: {}, Accent: {"#000000", "#5fffff"}, Selected: {"#000000", "#5fffff"},
			Warn: {"#000000", "#ffd700"}, Wish: {"#000000", "#ffafff"}, Fault: {"#ffffff", "#870000"}, Found: {"#000000", "#ffff5f"},
			Heat0: {}, Heat2: {"#000000", "#ffffaf"}, Heat3: {"#000000", "#ffd700"}, Heat4: {"#ffffff", "#870000"},
		}}, true
	}
	return palette{}, false
}

// over puts the palette over the styles of the sixteen colours. A terminal of sixteen colours keeps them, unless the paints
// bring their backgrounds.
func (p palette) over(styles []lipgloss.Style, o Options) {
	bare := o.NoColor || o.Colours < TwoFiftySix && p.behind != ""
	for role, c := range p.roles {
		s := styles[role]
		if c == (paint{}) {
			styles[role] = s.UnsetFaint()
			continue
		}
		if bare {
			continue
		}
		s = s.UnsetFaint().Foreground(lipgloss.Color(c.fore))
		if c.back != "" {
			s = s.Background(lipgloss.Color(c.back))
		}
		styles[role] = s
	}
}

// profile is termenv's number for what a terminal can show; lipgloss takes it by its type.
func (o Options) profile() int {
	if _, ok := paletteOf(o.Name); !ok {
		return profileANSI
	}
	switch {
	case o.Colours >= Millions:
		return 0
	case o.Colours >= TwoFiftySix:
		return 1
	}
	return profileANSI
}

// Check refuses a name that no theme has; "" is the default.
func Check(name string) error {
	if name == "" || slices.Contains(Names(), name) {
		return nil
	}
	return fmt.Errorf("no theme is called %q: %s", name, strings.Join(Names(), ", "))
}

// coloursOf reads from the environment how many colours the terminal shows.
func coloursOf(getenv func(string) string) int {
	switch c := strings.ToLower(getenv("COLORTERM")); {
	case c == "truecolor" || c == "24bit":
		return Millions
	case strings.Contains(getenv("TERM"), "256color"):
		return TwoFiftySix
	}
	return Sixteen
}
