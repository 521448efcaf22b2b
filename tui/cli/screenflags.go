package cli

import (
	"os"
	"time"

	"github.com/spf13/pflag"
	"golang.org/x/term"

	tuiapp "s1/tui/app"
	"s1/tui/record"
	"s1/tui/theme"
)

// screenFlags are the flags of everything that opens the screen.
type screenFlags struct {
	theme, record string
	mouse, plain  bool
	ascii         bool
}

func (f *screenFlags) register(p *pflag.FlagSet) {
	p.StringVar(&f.theme, "theme", theme.ANSI, "colours: ansi (the terminal's own sixteen), dark, light, contrast")
	p.BoolVar(&f.mouse, "mouse", false, "the wheel scrolls, a click focuses; selecting text needs shift then")
	p.BoolVar(&f.plain, "plain", false, "no screen: lines to read and to answer, for screen readers and dumb terminals")
	p.BoolVar(&f.ascii, "ascii", false, "plain ASCII glyphs")
	p.StringVar(&f.record, "record", "", "write what the screen shows to a new file, as an asciicast (never what is typed)")
}

func (f *screenFlags) check() error {
	if theme.Check(f.theme) != nil {
		return oneOf("--theme", f.theme, theme.Names()...)
	}
	if f.plain && f.record != "" {
		return usagef("--record %s: a recording is of the screen, and --plain has none", f.record)
	}
	return nil
}

// screen puts the flags into the options of a screen, and begins the recording if one is wanted. end closes it.
func (a *app) screen(f *screenFlags, o *tuiapp.Options) (end func() error, err error) {
	o.Theme = theme.Detect(os.Getenv)
	o.Theme.ASCII = o.Theme.ASCII || f.ascii
	o.Theme.Name = f.theme
	o.Keys, o.Mouse, o.Reflection = a.keys, f.mouse, a.words
	o.Input, o.Output = a.in, a.out
	if f.record == "" {
		return func() error { return nil }, nil
	}
	w, h, err := term.GetSize(int(a.out.Fd()))
	if err != nil {
		return nil, err
	}
	if o.Record, err = record.Create(f.record, w, h, time.Now); err != nil {
		return nil, err
	}
	return o.Record.Close, nil
}
