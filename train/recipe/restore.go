package recipe

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"
)

// Restore makes a recipe of the settings that a run kept: their values as text, as Settings wrote them. Numbers, words and lists of
// words without spaces come back, so all that says what the model is; what only says what was read and asked (files, the values of
// a generator, pinned questions) stays at its default.
func Restore(source string, kept []Setting) (Recipe, error) {
	r := Defaults()
	r.Source = source
	values := make(map[string]string, len(kept))
	for _, s := range kept {
		values[s.Key] = s.Value
	}
	var err error
	walk(reflect.ValueOf(&r).Elem(), "", func(key string, v reflect.Value) {
		text, ok := values[key]
		if delete(values, key); ok && err == nil {
			if e := put(v, text); e != nil {
				err = fmt.Errorf("its setting %s is %q: %w", key, text, e)
			}
		}
	})
	for key := range values {
		if err == nil {
			err = fmt.Errorf("it has a setting %s that this version of s1 does not know", key)
		}
	}
	return r, err
}

// put reads what %v wrote of a value.
func put(v reflect.Value, text string) error {
	switch v.Kind() {
	case reflect.String:
		v.SetString(text)
	case reflect.Bool:
		b, err := strconv.ParseBool(text)
		v.SetBool(b)
		return err
	case reflect.Int, reflect.Int64:
		n, err := strconv.ParseInt(text, 10, v.Type().Bits())
		v.SetInt(n)
		return err
	case reflect.Uint64:
		n, err := strconv.ParseUint(text, 10, 64)
		v.SetUint(n)
		return err
	case reflect.Float64:
		f, err := strconv.ParseFloat(text, 64)
		v.SetFloat(f)
		return err
	case reflect.Slice:
		if v.Type().Elem().Kind() == reflect.String {
			v.Set(reflect.ValueOf(strings.Fields(strings.Trim(text, "[]"))))
		}
	}
	return nil
}
