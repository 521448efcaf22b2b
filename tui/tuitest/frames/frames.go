// Package frames keeps what is drawn in files and compares it with them: one text a file, or a pane at the usual sizes. It knows
// themes and cells, and no pane and no screen, so that the tests inside of a pane's own package can use it too.
package frames

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode"

	"github.com/charmbracelet/x/ansi"

	"s1/tui/theme"
)

var update = flag.Bool("update", false, "write the golden frames anew")

// Same fails unless a file holds this text; -update writes it.
func Same(t testing.TB, path, got string) {
	t.Helper()
	if *update {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v (go test -update in this package writes it)", err)
	}
	if string(want) != got {
		t.Errorf("%s differs (if it is meant, go test -update in this package writes it anew)\ngot:\n%swant:\n%s", path, got, want)
	}
}

// Sizes compares a pane at the usual sizes, in Unicode and in ASCII, with testdata/<name>.golden, as it reads without styles.
func Sizes(t testing.TB, name string, render func(th *theme.Theme, width, height int) []string) {
	t.Helper()
	var b strings.Builder
	for _, opt := range []theme.Options{{NoColor: true}, {NoColor: true, ASCII: true}} {
		for _, w := range []int{40, 80, 120, 200} {
			for _, h := range []int{12, 24, 50} {
				fmt.Fprintf(&b, "== %d x %d ascii %v\n", w, h, opt.ASCII)
				for _, l := range render(theme.New(opt), w, h) {
					plain := ansi.Strip(l)
					if opt.ASCII && strings.ContainsFunc(plain, func(r rune) bool { return r > unicode.MaxASCII }) {
						t.Errorf("%s %dx%d: not ASCII: %q", name, w, h, plain)
					}
					b.WriteString(strings.TrimRight(plain, " ") + "\n")
				}
			}
		}
	}
	Same(t, filepath.Join("testdata", strings.ReplaceAll(name, " ", "_")+".golden"), b.String())
}
