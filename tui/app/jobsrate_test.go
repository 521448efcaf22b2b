package app

import "testing"

// A speed keeps its unit while it wavers about 1, and changes it when it is far off.
func TestASpeedKeepsItsUnit(t *testing.T) {
	t.Parallel()
	at := -1
	for _, c := range []struct {
		rate float64
		want string
	}{
		{1.2, "1.2 step/s"},
		{.83, "0.8 step/s"},
		{1.1, "1.1 step/s"},
		{.3, "0.3 step/s"},
		{.1, "6.0 step/min"},
		{.9, "54 step/min"},
		{2, "120 step/min"},
		{20, "20 step/s"},
		{1. / 400, "9.0 step/h"},
		{0, ""},
		{1e-9, ""},
	} {
		if got := jobRate(c.rate, "step", &at); got != c.want {
			t.Errorf("%g a second is %q, want %q", c.rate, got, c.want)
		}
	}
	fresh := -1
	if got := jobRate(.5, "step", &fresh); got != "30 step/min" {
		t.Errorf("a half a second is %q at first", got)
	}
}
