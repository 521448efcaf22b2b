package cli

import (
	"context"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"s1/kernels"
	"s1/train"
	"s1/train/recipe"
)

func (a *app) trainExportCommand() *cobra.Command {
	var run, as, kind, out, base string
	var best, replace bool
	cmd := &cobra.Command{
		Use:   "export RECIPE.toml",
		Short: "Write a run's newest checkpoint as a Hugging Face folder, a GGUF file, or a PEFT adapter",
		Long:  "Writes what a checkpoint holds, without training on. Seed, steps and all other settings are those that the run kept, whatever the file says now.",
		Args:  cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			rec, err := recipe.Load(args[0])
			if err != nil {
				return usageError{err}
			}
			t, ok := map[string]kernels.DType{"f32": kernels.F32, "f16": kernels.F16, "bf16": kernels.BF16, "q8_0": kernels.Q8_0}[strings.ToLower(kind)]
			if !ok {
				return usagef("--type %q: there are F32, F16, BF16, and for GGUF Q8_0", kind)
			}
			if !slices.Contains([]string{train.AsFolder, train.AsGGUF, train.AsAdapter}, as) {
				return usagef("--as %q: there are folder, gguf and adapter", as)
			}
			if out == "" {
				return usagef("--out names the folder or file to write")
			}
			if run == "" {
				run = runFolder(args[0])
			}
			o := train.Options{
				Dir: run, Code: version, Say: a.say,
				Resolve: func(ctx context.Context, name string) (string, error) { return modelPath(ctx, name, a.progress()) },
			}
			return train.Export(cmd.Context(), rec, o, train.ExportOptions{As: as, Out: out, Type: t, Best: best, Replace: replace, Base: base})
		},
	}
	p := cmd.Flags()
	p.StringVar(&run, "run", "", "folder of the run; empty = the recipe's name")
	p.StringVarP(&base, "model", "m", "", "where the model is that the run began from; empty = where the run found it")
	p.StringVar(&as, "as", train.AsFolder, "what is written: folder, gguf, or adapter")
	p.StringVar(&kind, "type", "F32", "type of its numbers: F32, F16, BF16; Q8_0 for a GGUF file")
	p.StringVar(&out, "out", "", "folder or file to write")
	p.BoolVar(&best, "best", false, "the checkpoint with the best held-out loss")
	p.BoolVar(&replace, "replace", false, "replace what is there")
	return cmd
}
