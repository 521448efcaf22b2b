package text

import (
	"fmt"
	"unicode"
	"unicode/utf8"

	"github.com/charmbracelet/x/ansi"
)

// Limits of one grapheme cluster. Longer piles of combining marks are shown rune by rune.
const (
	clusterMax    = 64  // bytes drawn as one cluster
	clusterWindow = 128 // bytes looked at to find one
	tabStop       = 4   // cells
)

type kind uint8

const (
	plain   kind = iota // drawn as it is
	space               // U+0020
	tab                 // drawn as spaces to the next tab stop
	newline             // ends a line
	escaped             // drawn in its visible form
)

// unit is the smallest thing drawn: a grapheme cluster, or one control, hidden or broken byte in visible form.
type unit struct {
	n    int // bytes
	w    int // cells; for a tab the caller knows
	kind kind
}

// decode reads the unit at the start of b, which is not empty.
func decode(b []byte, ascii bool) unit {
	c := b[0]
	if c < utf8.RuneSelf {
		switch {
		case c == ' ' && (len(b) == 1 || b[1] < utf8.RuneSelf):
			return unit{1, 1, space}
		case c == '\n':
			return unit{1, 0, newline}
		case c == '\t':
			return unit{1, 0, tab}
		case c < 0x20 || c == 0x7f:
			return unit{1, width(visible(b[:1], ascii)), escaped}
		case len(b) == 1 || b[1] < utf8.RuneSelf:
			return unit{1, 1, plain}
		}
	}
	r, size := utf8.DecodeRune(b)
	if (r == utf8.RuneError && size <= 1) || hidden(r) || clings(r) {
		return unit{size, width(visible(b[:size], ascii)), escaped}
	}
	window := b
	if len(window) > clusterWindow {
		end := clusterWindow
		for end > size && !utf8.RuneStart(window[end]) {
			end--
		}
		window = window[:end]
	}
	cluster, w := ansi.FirstGraphemeCluster(window, ansi.GraphemeWidth)
	n := safePrefix(cluster)
	if n > clusterMax {
		n = size
	}
	if n != len(cluster) {
		_, w = ansi.FirstGraphemeCluster(window[:n], ansi.GraphemeWidth)
	}
	if w <= 0 {
		return unit{size, width(visible(b[:size], ascii)), escaped}
	}
	if c == ' ' && n == 1 {
		return unit{1, 1, space}
	}
	return unit{n, w, plain}
}

// safePrefix returns how many bytes of a cluster may reach the terminal together: it ends before a broken byte,
// a control character, and before the invisible tag characters unless they belong to a flag.
func safePrefix(cluster []byte) int {
	flag := false
	for i := 0; i < len(cluster); {
		r, size := utf8.DecodeRune(cluster[i:])
		if i == 0 {
			flag = r == 0x1f3f4
		} else if r == utf8.RuneError && size <= 1 || r < 0x20 || hidden(r) && !(flag && r >= 0xe0020 && r <= 0xe007f) {
			return i
		}
		i += size
	}
	return len(cluster)
}

// hidden says whether a rune changes what others look like, or looks like nothing: C1 controls, bidirectional
// controls, zero-width spaces, line separators, tags, interlinear and deprecated format characters.
// Joiners and variation selectors are not here: inside a cluster they are part of a sign.
func hidden(r rune) bool {
	switch {
	case r >= 0x80 && r <= 0x9f, // C1: 0x9b is CSI to some terminals
		r == 0xad, r == 0x61c, r == 0x180e, r == 0x34f, r == 0x115f, r == 0x1160, r == 0x17b4, r == 0x17b5,
		r == 0x200b, r == 0x200e, r == 0x200f,
		r >= 0x2028 && r <= 0x202e,
		r >= 0x2060 && r <= 0x206f,
		r == 0x3164, r == 0xfeff, r == 0xffa0,
		r >= 0xfff0 && r <= 0xfffb,
		r >= 0x1bca0 && r <= 0x1bca3, r >= 0x1d173 && r <= 0x1d17a,
		r >= 0xe0000 && r <= 0xe0fff && !(r >= 0xe0100 && r <= 0xe01ef):
		return true
	}
	return false
}

// clings says whether a rune at the start of a cluster would join what happens to stand before it on the screen:
// marks without a letter, lone skin tones.
func clings(r rune) bool {
	if r >= 0x2e80 && r < 0xa000 {
		return r >= 0x302a && r <= 0x302f || r == 0x3099 || r == 0x309a
	}
	return unicode.Is(unicode.M, r) || r == 0xe33 || r == 0xeb3 || r == 0xff9e || r == 0xff9f || r >= 0x1f3fb && r <= 0x1f3ff
}

// visible returns the form in which a byte or rune that must not reach the terminal is shown.
func visible(b []byte, ascii bool) string {
	c := b[0]
	switch {
	case c < 0x20 && !ascii:
		return string(rune(0x2400 + int(c)))
	case c == 0x7f && !ascii:
		return "␡"
	}
	r, size := utf8.DecodeRune(b)
	if r == utf8.RuneError && size <= 1 {
		r = rune(c)
	}
	return fmt.Sprintf("<%02x>", r)
}

func width(s string) int {
	for i := range len(s) {
		if s[i] < 0x20 || s[i] >= 0x7f {
			return ansi.StringWidth(s)
		}
	}
	return len(s)
}
