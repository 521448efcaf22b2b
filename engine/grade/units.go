package grade

import (
	"math/big"
	"strings"
)

// unit is what a name of a unit means: one of it is factor times the first unit of its dimension.
type unit struct {
	name      string // canonical
	dimension string // "" = it converts to nothing else
	num, den  int64  // the factor
}

// unitTable lists canonical name, other names, dimension and factor.
var unitTable = []struct {
	names     string
	dimension string
	num, den  int64
}{
	{"%  percent percents percentage pct", "", 1, 1},
	{"° degree degrees deg", "", 1, 1},
	{"mm millimeter millimeters millimetre millimetres", "length", 1, 1000},
	{"cm centimeter centimeters centimetre centimetres", "length", 1, 100},
	{"m meter meters metre metres", "length", 1, 1},
	{"km kilometer kilometers kilometre kilometres", "length", 1000, 1},
	{"in inch inches", "imperial length", 1, 12},
	{"ft foot feet", "imperial length", 1, 1},
	{"yd yard yards", "imperial length", 3, 1},
	{"mi mile miles", "imperial length", 5280, 1},
	{"ms millisecond milliseconds", "time", 1, 1000},
	{"s sec secs second seconds", "time", 1, 1},
	{"min minute minutes mins", "time", 60, 1},
	{"h hr hrs hour hours", "time", 3600, 1},
	{"day days", "time", 86400, 1},
	{"week weeks", "time", 604800, 1},
	{"month months", "", 1, 1},
	{"year years yr yrs", "", 1, 1},
	{"mg milligram milligrams", "mass", 1, 1000},
	{"g gram grams", "mass", 1, 1},
	{"kg kilogram kilograms", "mass", 1000, 1},
	{"ton tons tonne tonnes", "", 1, 1},
	{"lb lbs pound pounds", "imperial mass", 16, 1},
	{"oz ounce ounces", "imperial mass", 1, 1},
	{"ml milliliter milliliters millilitre millilitres", "volume", 1, 1000},
	{"l liter liters litre litres", "volume", 1, 1},
	{"gal gallon gallons", "", 1, 1},
	{"quart quarts", "", 1, 1},
	{"cent cents", "money", 1, 100},
	{"dollar dollars usd", "money", 1, 1},
	{"euro euros eur", "", 1, 1},
	{"yuan rmb", "", 1, 1},
	{"rupee rupees", "", 1, 1},
	{"radian radians rad", "", 1, 1},
	{"unit units", "", 1, 1},
	{"mph", "", 1, 1},
	{"kph kmh", "", 1, 1},
	{"watt watts", "", 1, 1},
	{"joule joules", "", 1, 1},
	{"newton newtons", "", 1, 1},
	{"mol mole moles", "", 1, 1},
	{"hz hertz", "", 1, 1},
	{"volt volts", "", 1, 1},
	{"kelvin", "", 1, 1},
	{"pa pascal pascals", "", 1, 1},
	{"item items", "", 1, 1},
	{"way ways", "", 1, 1},
	{"people person", "", 1, 1},
	{"point points", "", 1, 1},
	{"time times", "", 1, 1},
	{"sqcm", "", 1, 1},
	{"step steps", "", 1, 1},
	{"integer integers", "", 1, 1},
	{"number numbers", "", 1, 1},
	{"solution solutions", "", 1, 1},
}

// units are the names that are read as units where they follow a value. Names of one letter are not among them: they are
// variables until the other side shows that they are not.
var units = unitsByName()

func unitsByName() map[string]unit {
	all := map[string]unit{}
	for _, row := range unitTable {
		names := strings.Fields(row.names)
		for _, n := range names {
			all[n] = unit{name: names[0], dimension: row.dimension, num: row.num, den: row.den}
		}
	}
	return all
}

// isUnit says whether a lower-case word of two letters or more names a unit. "in" is a word first.
func isUnit(word string) bool {
	_, ok := units[word]
	return ok && len(word) > 1 && word != "in"
}

// unitExpression reads m/s, cm^2, kg: names of units, one letter long or more, with powers and slashes.
func unitExpression(s string) (string, bool) {
	if s == "" || len(s) > 30 {
		return "", false
	}
	switch t := strings.ToLower(strings.ReplaceAll(s, ".", "")); t {
	case "am", "pm":
		return t, true
	}
	var b strings.Builder
	for i, part := range strings.Split(s, "/") {
		name, power, raised := strings.Cut(strings.TrimSpace(part), "^")
		power = strings.Trim(power, "{} ")
		if len(name) == 1 && !strings.Contains(letterUnits, name) || len(name) != 1 && !isUnit(strings.ToLower(name)) && name != "in" || raised && !allDigits(power) {
			return "", false
		}
		if i > 0 {
			b.WriteByte('/')
		}
		if len(name) > 1 {
			name = strings.ToLower(name)
		}
		b.WriteString(canonicalUnit(name))
		if raised {
			b.WriteString("^" + power)
		}
	}
	return b.String(), true
}

func canonicalUnit(word string) string {
	if u, ok := units[word]; ok {
		return u.name
	}
	return word
}

// letterUnits are the units of one letter.
const letterUnits = "msghLlJNWVKCF"

// conversion is how many of unit b one of unit a is; both may carry a power, as in cm^2.
func conversion(a, b string) (*big.Rat, bool) {
	if a == b {
		return big.NewRat(1, 1), true
	}
	an, ap, _ := strings.Cut(a, "^")
	bn, bp, _ := strings.Cut(b, "^")
	ua, ub := units[an], units[bn]
	if ap != bp || ua.dimension == "" || ua.dimension != ub.dimension || len(ap) > 1 {
		return nil, false
	}
	f := big.NewRat(ua.num*ub.den, ua.den*ub.num)
	r := new(big.Rat).Set(f)
	for range powerOf(ap) - 1 {
		r.Mul(r, f)
	}
	return r, true
}

func powerOf(s string) int {
	if len(s) == 1 && s[0] >= '1' && s[0] <= '9' {
		return int(s[0] - '0')
	}
	return 1
}

// knownUnit says whether a unit's name is one of the table's, so that two of them can contradict each other.
func knownUnit(name string) bool {
	base, _, _ := strings.Cut(name, "^")
	if strings.HasPrefix(name, "mod ") || name == "am" || name == "pm" {
		return true
	}
	u, ok := units[base]
	return ok && u.name != "unit"
}
