package tokenizer

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/nikolalohinski/gonja/v2/builtins/methods"
	"github.com/nikolalohinski/gonja/v2/exec"
)

// guardedFilter checks the time before, the size after, and what the filter would multiply.
func guardedFilter(name string, f exec.FilterFunction) exec.FilterFunction {
	return func(e *exec.Evaluator, in *exec.Value, params *exec.VarArgs) *exec.Value {
		g, err := guardOf(e.Environment.Context)
		if err == nil {
			err = g.check()
		}
		if err == nil && !in.IsError() {
			err = g.bound(in)
		}
		if err != nil {
			return exec.AsValue(err)
		}
		if refuse := multiplies[name]; refuse != nil {
			if why := refuse(in, params); why != "" {
				return exec.AsValue(g.stop("%s %s", name, why))
			}
		}
		out := f(e, in, params)
		if out.IsError() {
			return out
		}
		if err := g.bound(out); err != nil {
			return exec.AsValue(err)
		}
		return out
	}
}

// multiplies are the filters whose result can be far larger than what goes in, and why one is refused; "" = it is not.
var multiplies = map[string]func(in *exec.Value, params *exec.VarArgs) string{
	"replace": func(in *exec.Value, params *exec.VarArgs) string {
		if len(params.Args) >= 2 && growth(in.String(), params.Args[0].String(), params.Args[1].String()) > maxValue {
			return tooLarge
		}
		return ""
	},
	"join": func(in *exec.Value, params *exec.VarArgs) string {
		for _, sep := range append(params.Args, params.KwArgs["d"]) {
			if sep != nil && in.Len()*len(sep.String()) > maxValue {
				return tooLarge
			}
		}
		return ""
	},
	"indent": widens,
	"tojson": widens,
}

var tooLarge = fmt.Sprintf("would make a value beyond %d bytes", maxValue)

func widens(_ *exec.Value, params *exec.VarArgs) string {
	for _, width := range append(params.Args, params.KwArgs["width"], params.KwArgs["indent"]) {
		if width != nil && (width.IsInteger() && width.Integer() > 32 || width.IsString() && len(width.String()) > 32) {
			return "by more than 32"
		}
	}
	return ""
}

// growth gives the length of s with every old replaced.
func growth(s, old, repl string) int { return len(s) + strings.Count(s, old)*len(repl) }

// stringMethods are Python's methods of str, without those that make text out of a number.
func stringMethods() *exec.MethodSet[string] {
	set := map[string]exec.Method[string]{}
	for _, name := range strings.Fields("capitalize find isalnum isalpha isdigit islower isnumeric isspace isupper " +
		"join lower lstrip partition removeprefix removesuffix rfind rpartition rsplit rstrip splitlines " +
		"strip swapcase title upper") {
		if m, ok := methods.All.Str.Get(name); ok {
			set[name] = boundedMethod(name, m)
		}
	}
	// The engine's own forms of these differ from Python's: they want every argument, or fail on an empty string.
	set["split"] = func(self string, _ *exec.Value, args *exec.VarArgs) (any, error) {
		sep, count := argument(args, 0, "sep"), argument(args, 1, "maxsplit")
		n := -1
		if count != nil && count.Integer() >= 0 {
			n = count.Integer() + 1
		}
		var parts []string
		switch {
		case sep == nil || sep.IsNil():
			if n >= 0 {
				return nil, fmt.Errorf("split by whitespace with a maxsplit is not supported")
			}
			parts = strings.Fields(self)
		case sep.String() == "":
			return nil, fmt.Errorf("split by an empty separator")
		default:
			parts = strings.SplitN(self, sep.String(), n)
		}
		if len(parts) > maxItems {
			return nil, fmt.Errorf("split makes %d parts, at most %d", len(parts), maxItems)
		}
		out := make(list, len(parts))
		for i, p := range parts {
			out[i] = p
		}
		return out, nil
	}
	set["replace"] = boundedMethod("replace", func(self string, _ *exec.Value, args *exec.VarArgs) (any, error) {
		if len(args.Args) < 2 {
			return nil, fmt.Errorf("replace takes 2 or 3 arguments, got %d", len(args.Args))
		}
		n := -1
		if count := argument(args, 2, "count"); count != nil {
			n = count.Integer()
		}
		return strings.Replace(self, args.Args[0].String(), args.Args[1].String(), n), nil
	})
	set["startswith"] = affix(strings.HasPrefix)
	set["endswith"] = affix(strings.HasSuffix)
	return exec.NewMethodSet(set)
}

// list is a list with Python's indices: the engine's own has no [-n] in a list of n, so that messages[-1] of a single
// message would be nothing.
type list []any

func (l list) GetItem(key any) (*exec.Value, bool) {
	i, ok := key.(int)
	if i < 0 {
		i += len(l)
	}
	if !ok || i < 0 || i >= len(l) {
		return exec.AsValue(nil), false
	}
	return exec.ToValue(l[i]), true
}

// argument gives an argument by place or by name, or nil.
func argument(args *exec.VarArgs, i int, name string) *exec.Value {
	if i < len(args.Args) {
		return args.Args[i]
	}
	return args.KwArgs[name]
}

// affix is startswith or endswith: of one string, or of any in a list.
func affix(has func(s, affix string) bool) exec.Method[string] {
	return func(self string, _ *exec.Value, args *exec.VarArgs) (any, error) {
		if len(args.Args) != 1 {
			return nil, fmt.Errorf("startswith and endswith take 1 argument here, got %d", len(args.Args))
		}
		if a := args.Args[0]; !a.IsList() {
			return has(self, a.String()), nil
		}
		found := false
		args.Args[0].Iterate(func(_, _ int, one, _ *exec.Value) bool {
			found = has(self, one.String())
			return !found
		}, func() {})
		return found, nil
	}
}

func boundedMethod(name string, m exec.Method[string]) exec.Method[string] {
	return func(self string, selfValue *exec.Value, args *exec.VarArgs) (any, error) {
		n := len(self)
		switch {
		case name == "replace" && len(args.Args) >= 2:
			n = growth(self, args.Args[0].String(), args.Args[1].String())
		case name == "join" && len(args.Args) == 1:
			n = args.Args[0].Len()*len(self) + weight(args.Args[0], 0)
		}
		if n > maxValue {
			return nil, fmt.Errorf("%s would make a value beyond %d bytes", name, maxValue)
		}
		return m(self, selfValue, args)
	}
}

// toJSON is json.dumps as Hugging Face calls it: a space after : and , and no escapes beyond JSON's own.
// The order of a dictionary's keys is lost on its way into the engine, so a dictionary of several is refused.
func toJSON(_ *exec.Evaluator, in *exec.Value, params *exec.VarArgs) *exec.Value {
	if len(params.Args) > 0 || params.KwArgs["indent"] != nil && !params.KwArgs["indent"].IsNil() {
		return exec.AsValue(fmt.Errorf("tojson with an indent is not supported"))
	}
	var b bytes.Buffer
	if err := dump(&b, in.Interface(), 0); err != nil {
		return exec.AsValue(fmt.Errorf("tojson: %w", err))
	}
	return exec.AsSafeValue(b.String())
}

func dump(b *bytes.Buffer, v any, depth int) error {
	if depth > 16 || b.Len() > maxValue {
		return fmt.Errorf("the value is too large")
	}
	switch v := v.(type) {
	case *exec.Value:
		return dump(b, v.Interface(), depth)
	case list:
		return dump(b, []any(v), depth)
	case []any:
		b.WriteByte('[')
		for i, e := range v {
			if i > 0 {
				b.WriteString(", ")
			}
			if err := dump(b, e, depth+1); err != nil {
				return err
			}
		}
		b.WriteByte(']')
	case map[string]any:
		if len(v) > 1 {
			return fmt.Errorf("the order of %d keys is not known", len(v))
		}
		b.WriteByte('{')
		for k, e := range v {
			if err := dump(b, k, depth+1); err != nil {
				return err
			}
			b.WriteString(": ")
			if err := dump(b, e, depth+1); err != nil {
				return err
			}
		}
		b.WriteByte('}')
	case string, bool, int, int64, float64, nil:
		enc := json.NewEncoder(b)
		enc.SetEscapeHTML(false)
		if err := enc.Encode(v); err != nil {
			return err
		}
		b.Truncate(b.Len() - 1) // the encoder's newline
	default:
		return fmt.Errorf("a value of type %T", v)
	}
	return nil
}
