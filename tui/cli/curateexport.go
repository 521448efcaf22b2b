package cli

import (
	"strings"

	"github.com/spf13/cobra"

	"s1/curate"
	"s1/curate/datatrove"
)

func (a *app) curateExportCommand() *cobra.Command {
	var dir, executor string
	cmd := &cobra.Command{
		Use:   "export RECIPE.toml",
		Short: "Write a recipe's stages that need no model as a datatrove pipeline, for a cluster",
		Long: "Writes pipeline.py, its recipe.json and requirements.txt (datatrove " + datatrove.Version + "): `python pipeline.py` runs the stages and prints\n" +
			"what each kept, which is what s1 curate keeps. Stages that ask a model or draw rows stay with s1.",
		Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			rec, err := curate.LoadRecipe(args[0])
			if err != nil {
				return usageError{err}
			}
			left, err := datatrove.Write(dir, rec, executor)
			if err != nil {
				return err
			}
			if len(left) > 0 {
				a.say("left to s1 curate: %s", safeText(strings.Join(left, ", ")))
			}
			a.say("pip install -r %[1]s/requirements.txt, then python %[1]s/pipeline.py", safeText(dir))
			return nil
		},
	}
	cmd.Flags().StringVar(&dir, "datatrove", "", "folder for the pipeline")
	cmd.Flags().StringVar(&executor, "executor", "local", "where it runs: "+strings.Join(datatrove.Executors(), ", "))
	_ = cmd.MarkFlagRequired("datatrove") // it is there
	return cmd
}
