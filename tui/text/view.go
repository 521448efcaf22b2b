package text

import (
	"sort"

	"s1/tui/theme"
)

// View is what is shown over a text without changing it: the token under a cursor, a colouring, what was searched.
type View struct {
	Cursor   bool
	From, To int              // bytes of the token under the cursor; equal where it shows nothing
	Shade    func(at int) int // step of the colouring of a byte, 0..theme.Heats-1, -1 = none; nil = no colouring
	Hits     []int            // where what was searched begins, ascending
	Long     int              // bytes of what was searched
}

// In says whether the cursor stands in a line: at the end of the text, in the last one.
func (v *View) In(d *Doc, l Line) bool {
	return v.Cursor && v.From >= l.Start && (v.From < l.End || v.From == l.End && l.End == d.Len())
}

// Over gives what Draw asks for the role of a byte, nil where nothing is changed. The cursor is before what was found, and that
// before the colouring; a colouring leaves what was injected or forced as it is.
func (v *View) Over(d *Doc) func(at int, r theme.Role) theme.Role {
	if !v.Cursor && v.Shade == nil && len(v.Hits) == 0 {
		return nil
	}
	from, to := v.From, v.To
	if from == to && v.Cursor {
		to++ // a token that shows nothing: the cursor stands on what comes after it
	}
	return func(at int, r theme.Role) theme.Role {
		switch {
		case v.Cursor && at >= from && at < to:
			return theme.Cursor
		case v.found(at):
			return theme.Found
		case v.Shade != nil && r == theme.Text:
			if n := v.Shade(at); n >= 0 {
				return theme.Heat0 + theme.Role(min(n, theme.Heats-1))
			}
		}
		return r
	}
}

func (v *View) found(at int) bool {
	i := sort.SearchInts(v.Hits, at+1) - 1
	return i >= 0 && at < v.Hits[i]+v.Long
}
