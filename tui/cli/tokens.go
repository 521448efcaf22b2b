package cli

import (
	"context"
	"fmt"
	"strconv"

	"github.com/spf13/cobra"
)

func (a *app) tokensCommand() *cobra.Command {
	var model string
	var special bool
	cmd := &cobra.Command{
		Use: "tokens TEXT", Short: "The ids and exact pieces of a text", Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error { return a.tokens(cmd.Context(), model, args[0], special) },
	}
	cmd.Flags().StringVarP(&model, "model", "m", defaultModel, "the model: "+modelWords)
	cmd.Flags().BoolVar(&special, "special", true, "control tokens written in the text become their ids")
	return cmd
}

func (a *app) tokens(ctx context.Context, model, text string, special bool) error {
	tok, err := openTokenizer(ctx, model, func(s string) { a.say("%s", safeText(s)) })
	if err != nil {
		return err
	}
	defer tok.Close()
	ids, err := tok.Encode(text, special)
	if err != nil {
		return usagef("%w", err)
	}
	for _, id := range ids {
		piece := tok.Piece(id)
		if a.json {
			err = a.printJSON(map[string]any{"id": id, "piece": string(piece), "bytes": piece})
		} else {
			_, err = fmt.Fprintf(a.out, "%7d  %s\n", id, strconv.QuoteToGraphic(string(piece)))
		}
		if err != nil {
			return err
		}
	}
	if !a.json {
		a.say("%d tokens", len(ids))
	}
	return nil
}
