package tokenizer

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/nikolalohinski/gonja/v2/builtins"
	controlStructures "github.com/nikolalohinski/gonja/v2/builtins/control_structures"
	"github.com/nikolalohinski/gonja/v2/builtins/methods"
	"github.com/nikolalohinski/gonja/v2/exec"
	"github.com/nikolalohinski/gonja/v2/nodes"
	"github.com/nikolalohinski/gonja/v2/parser"
)

// Limits on a chat template. Real ones have at most 20 kB of source, and render in a millisecond.
const (
	maxSource    = 128 << 10       // bytes of source
	maxTag       = 8 << 10         // bytes between {{ and }}, {% and %}: bounds the depth of an expression
	maxBrackets  = 32              // depth of ( [ { in a tag
	maxOperators = 32              // of + and ~ in a tag: each may add a whole value to another
	renderTime   = 2 * time.Second // for one rendering
	maxValue     = MaxText + 1<<20 // bytes of a string, of a list's strings, and of the output beyond the messages
	maxItems     = 100_000         // elements of a list, or runs of a loop
	maxRange     = 10_000          // numbers of a range
	maxDepth     = 100             // of blocks and macro calls while rendering
)

// checkSource bounds what the parser and the evaluator, which recurse, can be led into.
func checkSource(source string) error {
	if len(source) > maxSource {
		return fmt.Errorf("the template has %d bytes, at most %d", len(source), maxSource)
	}
	for rest := source; ; {
		open := strings.IndexByte(rest, '{')
		if open < 0 || open+1 == len(rest) {
			return nil
		}
		rest = rest[open:]
		end := map[byte]string{'{': "}}", '%': "%}", '#': "#}"}[rest[1]]
		if end == "" {
			rest = rest[1:]
			continue
		}
		n := strings.Index(rest[2:], end)
		if n < 0 {
			n = len(rest) - 2 // not closed: all of it counts
		}
		if end != "#}" {
			if err := checkTag(rest[2 : 2+n]); err != nil {
				return err
			}
		}
		rest = rest[2+n:]
	}
}

func checkTag(tag string) error {
	if len(tag) > maxTag {
		return fmt.Errorf("a tag has %d bytes, at most %d", len(tag), maxTag)
	}
	depth, operators := 0, 0
	var quote byte
	for i := 0; i < len(tag); i++ {
		c := tag[i]
		switch {
		case quote != 0 && c == '\\':
			i++
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '\'' || c == '"':
			quote = c
		case c == '(' || c == '[' || c == '{':
			depth++
		case c == ')' || c == ']' || c == '}':
			depth--
		case c == '+' || c == '~':
			operators++
		case c == '*' && !strings.Contains(tag, "macro"):
			return errors.New("multiplication is not allowed in a template")
		}
		if depth > maxBrackets || operators > maxOperators {
			return fmt.Errorf("an expression is too large (brackets %d deep, %d operators)", depth, operators)
		}
	}
	return nil
}

// guardKey is where a rendering keeps its guard; no template can spell it.
const guardKey = " guard"

var errStopped = errors.New("stopped")

// guard bounds one rendering. It is the rendering's output, too. One goroutine uses it.
type guard struct {
	out      strings.Builder
	limit    int // bytes of output
	deadline time.Time
	depth    int
	refused  string // raise_exception was called with this
	stopped  error  // a limit was reached
}

func newGuard(messageBytes int) *guard {
	return &guard{limit: 2*messageBytes + maxValue, deadline: time.Now().Add(renderTime)}
}

func (g *guard) stop(format string, args ...any) error {
	if g.stopped == nil {
		g.stopped = fmt.Errorf("the template was stopped: "+format, args...)
	}
	return errStopped
}

func (g *guard) refuse(msg string) error {
	if g.refused == "" {
		g.refused = brief(errors.New(msg))
		if msg == "" {
			g.refused = "it gives no reason"
		}
	}
	return errStopped
}

// check is called wherever the template does something.
func (g *guard) check() error {
	if g.stopped != nil || g.refused != "" {
		return errStopped
	}
	if time.Now().After(g.deadline) {
		return g.stop("it ran longer than %s", renderTime)
	}
	return nil
}

func (g *guard) Write(p []byte) (int, error) {
	if err := g.check(); err != nil {
		return 0, err
	}
	if g.out.Len()+len(p) > g.limit {
		return 0, g.stop("it wrote more than %d bytes", g.limit)
	}
	return g.out.Write(p)
}

// bound refuses a value that has grown too large.
func (g *guard) bound(v any) error {
	if n := weight(v, 0); n > maxValue {
		return g.stop("a value grew beyond %d bytes", maxValue)
	}
	return nil
}

// weight estimates the bytes of a value, to a depth of four.
func weight(v any, depth int) int {
	if depth > 4 {
		return 0
	}
	n := 16
	switch v := v.(type) {
	case string:
		n += len(v)
	case *exec.Value:
		n += weight(v.Interface(), depth)
	case list:
		n = weight([]any(v), depth)
	case []any:
		for _, e := range v {
			if n += weight(e, depth+1); n > maxValue {
				break
			}
		}
	case map[string]any:
		for k, e := range v {
			if n += len(k) + weight(e, depth+1); n > maxValue {
				break
			}
		}
	}
	return n
}

// numbers is Python's range.
func (g *guard) numbers(_ *exec.Evaluator, params *exec.VarArgs) ([]any, error) {
	at := []int{0, 0, 1}
	switch n := len(params.Args); n {
	case 1:
		at[1] = params.Args[0].Integer()
	case 2, 3:
		for i, a := range params.Args {
			at[i] = a.Integer()
		}
	default:
		return nil, fmt.Errorf("range takes 1 to 3 numbers, got %d", n)
	}
	if at[2] == 0 {
		return nil, errors.New("range with step 0")
	}
	out := []any{}
	for i := at[0]; at[2] > 0 && i < at[1] || at[2] < 0 && i > at[1]; i += at[2] {
		if len(out) == maxRange {
			return nil, g.stop("a range has more than %d numbers", maxRange)
		}
		out = append(out, i)
	}
	return out, g.check()
}

// environment is what a template may use: no file, no clock but strftime_now, nothing that makes text out of nothing.
func environment() *exec.Environment {
	namespace, _ := builtins.GlobalFunctions.Get("namespace")
	dict, _ := builtins.GlobalFunctions.Get("dict")
	globals := map[string]any{
		"namespace": namespace, "dict": dict,
		"true": true, "false": false, "none": nil, "True": true, "False": false, "None": nil,
	}
	filters := map[string]exec.FilterFunction{}
	for _, name := range strings.Fields("abs attr capitalize count d default dictsort e escape first float indent int items join " +
		"last length list lower map max min reject rejectattr replace reverse round safe select selectattr sort string sum " +
		"title trim unique upper") {
		if f, ok := builtins.Filters.Get(name); ok {
			filters[name] = guardedFilter(name, f)
		}
	}
	filters["tojson"] = guardedFilter("tojson", toJSON)
	blocks := map[string]parser.ControlStructureParser{}
	for _, name := range strings.Fields("for if set macro raw with do break continue") {
		if p, ok := builtins.ControlStructures.Get(name); ok {
			blocks[name] = guardedBlock(name, p)
		}
	}
	return &exec.Environment{
		Context: exec.NewContext(globals), Filters: exec.NewFilterSet(filters), Tests: builtins.Tests,
		ControlStructures: exec.NewControlStructureSet(blocks),
		Methods: exec.Methods{
			Bool: methods.All.Bool, Int: methods.All.Int, Float: methods.All.Float, Dict: methods.All.Dict, List: methods.All.List,
			Str: stringMethods(),
		},
	}
}

func guardOf(ctx *exec.Context) (*guard, error) {
	v, _ := ctx.Get(guardKey)
	g, ok := v.(*guard)
	if !ok {
		return nil, errors.New("the template runs without its guard")
	}
	return g, nil
}

// block is a {% ... %} with the guard around it.
type block struct {
	exec.ControlStructure
	name string
	on   string // the first word after the name: what set and macro define
}

func guardedBlock(name string, parse parser.ControlStructureParser) parser.ControlStructureParser {
	return func(p, args *parser.Parser) (nodes.ControlStructure, error) {
		on := ""
		if t := args.Current(); t != nil {
			on = t.Val
		}
		inner, err := parse(p, args)
		if err != nil {
			return nil, err
		}
		run, ok := inner.(exec.ControlStructure)
		if !ok {
			return inner, nil
		}
		if loop, ok := inner.(*controlStructures.ForControlStructure); ok && loop.Recursive {
			return nil, errors.New("recursive loops are not allowed in a template")
		}
		return &block{ControlStructure: run, name: name, on: on}, nil
	}
}

func (b *block) Execute(r *exec.Renderer, tag *nodes.ControlStructureBlock) error {
	ctx := r.Environment.Context
	g, err := guardOf(ctx)
	if err != nil {
		return err
	}
	if err := g.check(); err != nil {
		return err
	}
	if g.depth++; g.depth > maxDepth {
		return g.stop("it is nested deeper than %d", maxDepth)
	}
	defer func() { g.depth-- }()
	if loop, ok := b.ControlStructure.(*controlStructures.ForControlStructure); ok {
		if n := r.Eval(loop.ObjectEvaluator).Len(); n > maxItems {
			return g.stop("a loop has %d runs, at most %d", n, maxItems)
		}
	}
	if err := b.ControlStructure.Execute(r, tag); err != nil {
		return err
	}
	switch b.name {
	case "set":
		v, _ := ctx.Get(b.on)
		return g.bound(v)
	case "macro":
		v, _ := ctx.Get(b.on)
		if m, ok := v.(exec.Macro); ok {
			ctx.Set(b.on, g.macro(m))
		}
	}
	return nil
}

// macro bounds recursion, and what is handed down it.
func (g *guard) macro(m exec.Macro) exec.Macro {
	return func(params *exec.VarArgs) *exec.Value {
		if err := g.check(); err != nil {
			return exec.AsValue(err)
		}
		if g.depth++; g.depth > maxDepth {
			return exec.AsValue(g.stop("it is nested deeper than %d", maxDepth))
		}
		defer func() { g.depth-- }()
		for _, a := range params.Args {
			if err := g.bound(a); err != nil {
				return exec.AsValue(err)
			}
		}
		for _, a := range params.KwArgs {
			if err := g.bound(a); err != nil {
				return exec.AsValue(err)
			}
		}
		return m(params)
	}
}
