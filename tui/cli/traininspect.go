package cli

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"s1/engine/arch"
	"s1/engine/builtin"
	"s1/engine/tokenizer"
	"s1/train"
	"s1/train/dataset"
	"s1/train/recipe"
	"s1/tui/text"
	"s1/tui/theme"
)

func (a *app) trainInspectCommand() *cobra.Command {
	var rows, tokens int
	var model, data string
	cmd := &cobra.Command{
		Use:   "inspect RECIPE.toml",
		Short: "What a recipe trains on: tokens, which of them have a loss, what is too long",
		Long: "Shows the first rows token by token as the model will see them: ▸ stands before a token that is trained, · before one that is not,\n" +
			"×4 before one with another loss weight than 1, </think>⇐ before one that stands where </think> is to be learned. Then what was counted. It trains nothing.",
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if rows < 0 || tokens < 0 {
				return usagef("--rows %d and --tokens %d must not be negative", rows, tokens)
			}
			return a.trainInspect(cmd.Context(), args[0], model, data, rows, tokens)
		},
	}
	cmd.Flags().StringVarP(&model, "model", "m", "", "base model in place of the recipe's")
	cmd.Flags().StringVar(&data, "data", "", "a JSONL file of rows in place of the recipe's")
	cmd.Flags().IntVar(&rows, "rows", 3, "rows to show")
	cmd.Flags().IntVar(&tokens, "tokens", 400, "most tokens shown of a row; 0 = all")
	return cmd
}

// inspected is what a recipe trains on, opened.
type inspected struct {
	rec    recipe.Recipe
	tok    *tokenizer.Tokenizer
	source dataset.Source
	rows   *dataset.Rows // nil of a generator
	block  int           // most tokens of a row
	micro  int           // rows of a micro-batch
	note   string        // what was made of the recipe for this model
}

func (a *app) trainInspect(ctx context.Context, name, model, data string, rows, tokens int) error {
	rec, err := recipeOf(name, model, data)
	if err == nil {
		err = rec.Ready()
	}
	if err != nil {
		return usageError{err}
	}
	in, tooLong, err := a.openInspected(ctx, rec)
	if err != nil {
		return err
	}
	defer in.tok.Close()
	if in.note != "" {
		a.say("%s", in.note)
	}
	if a.json {
		err = a.inspectJSON(ctx, in, rows)
	} else {
		out := bufio.NewWriter(a.out)
		err = errors.Join(in.show(ctx, out, a.brush(), rows, tokens), out.Flush())
	}
	return errors.Join(err, tooLong)
}

// openInspected opens tokenizer and data. tooLong is what would keep the recipe from starting; the other rows are there.
func (a *app) openInspected(ctx context.Context, rec recipe.Recipe) (in inspected, tooLong, err error) {
	in = inspected{rec: rec}
	model := rec.Model.Base
	switch {
	case rec.Model.Scratch() && rec.Data.Kind == recipe.Tape:
		model = builtin.Name
	case rec.Model.Scratch():
		model = rec.Model.Tokenizer
	}
	if in.tok, err = openTokenizer(ctx, model, a.progress()); err != nil {
		return in, nil, err
	}
	defer func() {
		if err != nil {
			in.tok.Close()
		}
	}()
	context := rec.Model.Context
	if !rec.Model.Scratch() {
		if context, err = contextOf(ctx, model); err != nil {
			return in, nil, err
		}
	}
	if in.rec, in.note, err = rec.Within(context); err != nil {
		return in, nil, err
	}
	rec = in.rec
	in.micro = rec.MicroRows(context)
	if rec.Data.Kind == recipe.Tape {
		in.block = context
		in.source, err = dataset.NewTape(rec.Data.Tape)
		return in, nil, err
	}
	o := train.RowsOptions(rec, context)
	in.block = o.Block
	in.rows, err = dataset.OpenRows(ctx, in.tok, o)
	in.source = in.rows
	if long := (*dataset.OverLongError)(nil); errors.As(err, &long) {
		return in, err, nil
	}
	return in, nil, err
}

func contextOf(ctx context.Context, model string) (int, error) {
	w, err := openWeights(ctx, model)
	if err != nil {
		return 0, err
	}
	c, err := arch.Parse(w)
	return c.Context, errors.Join(err, w.Close())
}

// examples are the first n: in the order of the files, or of the generator.
func (in inspected) examples(ctx context.Context, n int) ([]dataset.Example, error) {
	if in.rows != nil {
		all := in.rows.Train()
		return all[:min(n, len(all))], nil
	}
	var list []dataset.Example
	for i := range int64(n) {
		e, err := in.source.At(ctx, i)
		if err != nil {
			return nil, err
		}
		list = append(list, e)
	}
	return list, nil
}

func (a *app) inspectJSON(ctx context.Context, in inspected, n int) error {
	list, err := in.examples(ctx, n)
	if err != nil {
		return err
	}
	for _, e := range list {
		pieces := make([]string, len(e.IDs))
		for i, id := range e.IDs {
			pieces[i] = string(in.tok.Piece(id))
		}
		row := map[string]any{
			"type": "row", "name": e.Name, "tokens": len(e.IDs), "trained": e.Trained(), "ids": e.IDs, "weights": e.Weights, "pieces": pieces,
		}
		if e.Targets != nil { // what is learned in the place of each id
			row["targets"] = e.Targets
		}
		if err := a.printJSON(row); err != nil {
			return err
		}
	}
	report := map[string]any{"type": "report", "kind": in.rec.Data.Kind, "block": in.block, "hash": in.source.Hash()}
	if in.rows != nil {
		report["report"] = in.rows.Report()
	}
	if in.rows == nil || len(in.rows.Train()) > 0 {
		f, err := in.firstStep(ctx)
		if err != nil {
			return err
		}
		report["first_step"] = f
	}
	return a.printJSON(report)
}

// brush paints for a person, and only there: tokens are told apart by their signs, colour is beside them.
type brush struct {
	t     *theme.Theme
	plain bool // not for a terminal
}

func (a *app) brush() brush {
	return brush{theme.New(theme.Detect(os.Getenv)), !term.IsTerminal(int(a.out.Fd()))}
}

func (b brush) paint(r theme.Role, s string) string {
	if b.plain {
		return s
	}
	return b.t.Paint(r, s)
}

// token is a piece behind its sign and, where something else is to be learned in its place, behind that; a newline in it ends the
// line.
func (b brush) token(piece, taught string, weight float32) string {
	sign, times, role := "·", "×", theme.Dim
	if b.t.ASCII {
		sign, times = ".", "x"
	}
	switch {
	case weight > 0 && b.t.ASCII:
		sign, role = ">", theme.Accent
	case weight > 0:
		sign, role = "▸", theme.Accent
	}
	if weight > 0 && weight != 1 {
		sign, role = fmt.Sprintf("%s%s%g ", sign, times, weight), theme.Warn
	}
	if taught != "" && b.t.ASCII {
		sign += text.Clean(taught, true) + "<="
	} else if taught != "" {
		sign += text.Clean(taught, false) + "⇐"
	}
	s := b.paint(role, sign+text.Clean(piece, b.t.ASCII))
	if strings.HasSuffix(piece, "\n") {
		s += "\n"
	}
	return s
}

func (in inspected) show(ctx context.Context, w io.Writer, b brush, n, tokens int) error {
	list, err := in.examples(ctx, n)
	if err != nil {
		return err
	}
	for _, e := range list {
		fmt.Fprintf(w, "%s\n", b.paint(theme.Strong, fmt.Sprintf("%s: %d tokens, %d trained", text.Clean(e.Name, b.t.ASCII), len(e.IDs), e.Trained())))
		shown := len(e.IDs)
		if tokens > 0 {
			shown = min(shown, tokens)
		}
		for i, id := range e.IDs[:shown] {
			taught := ""
			if e.Targets != nil && e.Targets[i] != id {
				taught = string(in.tok.Piece(e.Targets[i]))
			}
			fmt.Fprint(w, b.token(string(in.tok.Piece(id)), taught, e.Weights[i]))
		}
		if more := len(e.IDs) - shown; more > 0 {
			fmt.Fprintf(w, "\n%s", b.paint(theme.Dim, fmt.Sprintf("and %d more tokens; --tokens 0 shows all", more)))
		}
		fmt.Fprint(w, "\n\n")
	}
	if in.rows != nil {
		in.counts(w, b)
	}
	if in.rows != nil && len(in.rows.Train()) == 0 {
		return nil
	}
	f, err := in.firstStep(ctx)
	if err == nil {
		_, err = fmt.Fprintf(w, "%d steps; the first has %d documents in %d micro-batches of %d rows, %.1f %% of them unused, and %d trained tokens\n",
			f.Steps, f.Documents, f.Micro, f.Rows, 100*f.Waste, f.Trained)
	}
	return err
}

// counts says what became of the rows, those too long by name.
func (in inspected) counts(w io.Writer, b brush) {
	const most = 20 // names
	r := in.rows.Report()
	fmt.Fprintf(w, "%s\n", r)
	for i, l := range r.OverLong {
		if i == most {
			fmt.Fprintf(w, "  and %d more\n", len(r.OverLong)-most)
			break
		}
		fmt.Fprintf(w, "  %s: %d tokens, the block has %d\n", text.Clean(l.Name, b.t.ASCII), l.Tokens, in.block)
	}
}

// firstStep is the first optimizer step, and how many there are.
type firstStep struct {
	Steps     int64   `json:"steps"` // of the run
	Documents int     `json:"documents"`
	Micro     int     `json:"micro_batches"`
	Rows      int     `json:"rows"`  // of a micro-batch
	Waste     float64 `json:"waste"` // rows without a token, 0 to 1
	Trained   int     `json:"trained_tokens"`
}

// firstStep packs it as training will.
func (in inspected) firstStep(ctx context.Context) (f firstStep, err error) {
	batch := dataset.Batch{Rows: in.rec.Train.BatchRows, Tokens: in.rec.Train.BatchTokens}
	if f.Steps = in.rec.Train.Steps; f.Steps == 0 {
		if f.Steps, err = batch.Steps(ctx, in.source, in.rec.Train.Epochs); err != nil {
			return f, err
		}
	}
	examples, _, err := batch.Take(ctx, in.source, 0)
	if err != nil {
		return f, err
	}
	p, err := dataset.Packer{MicroTokens: in.micro, Seed: in.rec.Train.Seed}.Pack(0, examples)
	if err != nil {
		return f, err
	}
	f.Documents, f.Micro, f.Rows, f.Waste, f.Trained = p.Documents, len(p.Batches), in.micro, p.Waste(), p.Trained
	return f, nil
}
