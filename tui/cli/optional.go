package cli

import "strconv"

// optional is a number that a flag may give: without it the model's own value stands.
type optional struct {
	value float64
	given bool
}

func (o *optional) String() string {
	if !o.given {
		return ""
	}
	return strconv.FormatFloat(o.value, 'g', -1, 64)
}

func (o *optional) Set(s string) error {
	v, err := strconv.ParseFloat(s, 64)
	if err != nil {
		return err
	}
	o.value, o.given = v, true
	return nil
}

func (o *optional) Type() string { return "number" }

// over puts the number over another, if it was given.
func (o *optional) over(to *float64) {
	if o.given {
		*to = o.value
	}
}

// within says whether the number, if it was given, lies in [least, most]; NaN lies nowhere.
func (o *optional) within(least, most float64) bool {
	return !o.given || o.value >= least && o.value <= most
}
