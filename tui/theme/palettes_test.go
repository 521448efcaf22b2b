package theme

import (
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// luminance is the relative luminance of WCAG 2 for a colour such as #5fd7ff.
func luminance(t *testing.T, hex string) float64 {
	t.Helper()
	n, err := strconv.ParseUint(strings.TrimPrefix(hex, "#"), 16, 32)
	if err != nil || len(hex) != 7 {
		t.Fatalf("%q is no colour", hex)
	}
	part := func(shift int) float64 {
		c := float64(n>>shift&0xff) / 255
		if c <= 0.04045 {
			return c / 12.92
		}
		return math.Pow((c+0.055)/1.055, 2.4)
	}
	return 0.2126*part(16) + 0.7152*part(8) + 0.0722*part(0)
}

func ratio(t *testing.T, a, b string) float64 {
	t.Helper()
	x, y := luminance(t, a), luminance(t, b)
	return (max(x, y) + 0.05) / (min(x, y) + 0.05)
}

func TestRatioIsWCAGs(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		a, b string
		want float64
	}{{"#000000", "#ffffff", 21}, {"#ffffff", "#ffffff", 1}, {"#777777", "#ffffff", 4.48}} {
		if got := ratio(t, c.a, c.b); math.Abs(got-c.want) > 0.005 {
			t.Errorf("%s on %s: %.3f, want %.2f", c.a, c.b, got, c.want)
		}
	}
}

func TestEveryColourOfAThemeCanBeRead(t *testing.T) {
	t.Parallel()
	must := []Role{Dim, Accent, Warn, Wish, Fault, Selected, Pause}
	for _, name := range Names()[1:] {
		p, ok := paletteOf(name)
		if !ok {
			t.Fatalf("%s has no palette", name)
		}
		for _, role := range must {
			if _, ok := p.roles[role]; !ok {
				t.Errorf("%s has nothing for role %d", name, role)
			}
		}
		for role, c := range p.roles {
			if c == (paint{}) {
				continue // the terminal's own
			}
			behind := c.back
			if behind == "" {
				behind = p.behind
			}
			got := ratio(t, c.fore, behind)
			t.Logf("%s, role %d: %s on %s %.1f", name, role, c.fore, behind, got)
			if got < p.least || p.least < 4.5 {
				t.Errorf("%s, role %d: %s on %s has a contrast of %.2f, want at least %.1f", name, role, c.fore, behind, got, max(p.least, 4.5))
			}
			for _, hex := range []string{c.fore, behind} {
				if !among256(t, hex) {
					t.Errorf("%s, role %d: %s is not among the 256 colours: its contrast would not be what was computed", name, role, hex)
				}
			}
		}
	}
}

func among256(t *testing.T, hex string) bool {
	t.Helper()
	n, err := strconv.ParseUint(hex[1:], 16, 32)
	if err != nil {
		t.Fatal(err)
	}
	r, g, b := n>>16, n>>8&0xff, n&0xff
	steps := []uint64{0, 0x5f, 0x87, 0xaf, 0xd7, 0xff}
	if r == g && g == b && r >= 8 && r <= 238 && (r-8)%10 == 0 {
		return true
	}
	return slices.Contains(steps, r) && slices.Contains(steps, g) && slices.Contains(steps, b)
}

func TestNoColourWinsOverEveryTheme(t *testing.T) {
	t.Parallel()
	for _, name := range Names() {
		th := New(Options{Name: name, NoColor: true, Colours: Millions})
		for role := range roles {
			if open, _ := th.Around(role); strings.Contains(open, "38;") || strings.Contains(open, "48;") || strings.Contains(open, "[3") && !strings.Contains(open, "[3m") {
				t.Errorf("%s without colour: role %d opens with %q", name, role, open)
			}
		}
	}
}

func TestAThemeUsesWhatTheTerminalShows(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		colours int
		role    Role
		want    string // a part of what opens the role
	}{
		{"", Millions, Accent, "36"},
		{ANSI, TwoFiftySix, Accent, "36"},
		{Dark, Millions, Accent, "38;2;95;215;255"},
		{Dark, TwoFiftySix, Accent, "38;5;81"},
		{Dark, Sixteen, Accent, "36"},
		{Light, TwoFiftySix, Fault, "38;5;124"},
		{Contrast, TwoFiftySix, Warn, "48;5;220"},
		{Contrast, Sixteen, Warn, "103"},
	} {
		open, _ := New(Options{Name: c.name, Colours: c.colours}).Around(c.role)
		if !strings.Contains(open, c.want) {
			t.Errorf("theme %q on %d colours: role %d opens with %q, want %q in it", c.name, c.colours, c.role, open, c.want)
		}
	}
	for name, faint := range map[string]bool{ANSI: true, Dark: false, Light: false, Contrast: false} {
		open, _ := New(Options{Name: name, Colours: Millions}).Around(Dim)
		if got := strings.Contains(open, "[2m") || strings.Contains(open, "[2;"); got != faint {
			t.Errorf("%s: dim opens with %q, faint %v, want %v", name, open, got, faint)
		}
	}
}

func TestDetectReadsTheEnvironment(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		env  map[string]string
		want Options
	}{
		{nil, Options{Colours: Sixteen}},
		{map[string]string{"TERM": "xterm-256color", "LANG": "en_US.UTF-8"}, Options{Colours: TwoFiftySix}},
		{map[string]string{"TERM": "xterm-256color", "COLORTERM": "truecolor"}, Options{Colours: Millions}},
		{map[string]string{"TERM": "dumb"}, Options{NoColor: true, Colours: Sixteen}},
		{map[string]string{"NO_COLOR": "1", "LC_ALL": "C"}, Options{NoColor: true, ASCII: true, Colours: Sixteen}},
	} {
		if got := Detect(func(k string) string { return c.env[k] }); got != c.want {
			t.Errorf("%v: %+v, want %+v", c.env, got, c.want)
		}
	}
}
