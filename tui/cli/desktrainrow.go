package cli

import (
	"context"
	"fmt"

	tuiapp "s1/tui/app"
)

// Row is an example as it will be trained on. The data stay open for the next one.
func (b *workshop) Row(ctx context.Context, c tuiapp.TrainChoice, i int) (tuiapp.TrainRow, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.opened == nil || b.choice != c {
		b.forget()
		rec, err := recipeOfChoice(c)
		if err == nil {
			err = rec.Ready()
		}
		if err != nil {
			return tuiapp.TrainRow{}, err
		}
		in, long, err := b.app.openInspected(ctx, rec)
		if err != nil {
			return tuiapp.TrainRow{}, err
		}
		b.opened, b.choice, b.long = &in, c, long
	}
	in := b.opened
	row := tuiapp.TrainRow{Generated: in.rows == nil}
	lengths := map[string]int{}
	if in.rows != nil {
		report := in.rows.Report()
		row.Counts = []string{report.String()}
		fate := map[string]string{"refuse": "refused: the run will not start", "drop": "dropped", "cut": "cut from the right"}[in.rec.Data.OverLong]
		for _, l := range report.OverLong {
			row.Long = append(row.Long, fmt.Sprintf("%s: %d tokens, the block has %d: %s", l.Name, l.Tokens, in.block, fate))
			lengths[l.Name] = l.Tokens
		}
		all := in.rows.Train()
		row.Of = len(all)
		if len(all) == 0 {
			return row, nil
		}
		i = min(max(i, 0), len(all)-1)
		e := all[i]
		row.Index, row.Name, row.Weights, row.CutFrom = i, e.Name, e.Weights, lengths[e.Name]
		for _, id := range e.IDs {
			row.Pieces = append(row.Pieces, in.tok.Piece(id))
		}
		return row, nil
	}
	e, err := in.source.At(ctx, int64(max(i, 0)))
	if err != nil {
		return row, err
	}
	row.Index, row.Name, row.Weights, row.Counts = max(i, 0), e.Name, e.Weights, []string{"rows are generated as they are needed; none is too long"}
	for _, id := range e.IDs {
		row.Pieces = append(row.Pieces, in.tok.Piece(id))
	}
	return row, nil
}
