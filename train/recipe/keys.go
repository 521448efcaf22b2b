package recipe

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"reflect"
	"slices"
	"strings"
)

// Setting is one value of a recipe under its key, "optimizer.lr".
type Setting struct {
	Key   string
	Value string
}

// Settings lists every value, in the order of the struct.
func (r Recipe) Settings() []Setting {
	var list []Setting
	walk(reflect.ValueOf(r), "", func(key string, v reflect.Value) {
		list = append(list, Setting{key, fmt.Sprintf("%v", v.Interface())}) // fmt sorts maps
	})
	return list
}

// Keys lists every key a recipe may have.
func Keys() []string {
	var keys []string
	for _, s := range Defaults().Settings() {
		keys = append(keys, s.Key)
	}
	return keys
}

// Sections lists the names that stand at the top of a recipe: its sections, and the keys outside them.
func Sections() []string {
	var names []string
	for _, k := range Keys() {
		name, _, _ := strings.Cut(k, ".")
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// anyTime are the keys that a resumed run may change without becoming another run. Where files lie is among them: what is in them is
// compared by its hash.
var anyTime = []string{"preset", "model.base", "model.tokenizer", "data.files", "data.held_out", "train.threads", "train.gradient_checkpointing", "checkpoint.", "eval.every", "eval.held_out_rows", "probe.", "pinned.", "launch."}

// Differ names the first setting in which a resumed run would be another run than the one that was stopped, with both values.
func Differ(stopped, resumed []Setting) (key, was, is string, differs bool) {
	now := make(map[string]string, len(resumed))
	for _, s := range resumed {
		now[s.Key] = s.Value
	}
	for _, s := range stopped {
		if v, ok := now[s.Key]; fixed(s.Key) && (!ok || v != s.Value) {
			return s.Key, s.Value, v, true
		}
	}
	return "", "", "", false
}

func fixed(key string) bool {
	for _, p := range anyTime {
		if key == p || strings.HasSuffix(p, ".") && strings.HasPrefix(key, p) {
			return false
		}
	}
	return true
}

// Hash identifies what the run computes: of all settings but those that may change on the way.
func (r Recipe) Hash() string {
	sum := sha256.New()
	for _, s := range r.Settings() {
		if fixed(s.Key) {
			fmt.Fprintf(sum, "%s=%q\n", s.Key, s.Value)
		}
	}
	return hex.EncodeToString(sum.Sum(nil))
}

// walk visits the values of a struct by their keys; a struct without keys is a value.
func walk(v reflect.Value, prefix string, visit func(string, reflect.Value)) {
	for i := range v.NumField() {
		tag := v.Type().Field(i).Tag.Get("toml")
		switch f := v.Field(i); {
		case tag == "-" || tag == "":
		case f.Kind() == reflect.Struct && f.Type() != reflect.TypeFor[HeldOut]():
			walk(f, prefix+tag+".", visit)
		default:
			visit(prefix+tag, f)
		}
	}
}
