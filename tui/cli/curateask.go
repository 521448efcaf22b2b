package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"s1/curate"
	asking "s1/curate/ask"
	"s1/curate/llm"
)

// askedDir is where a curation keeps replies, in its folder, if its recipe names no other.
const askedDir = "asked"

// openPlan opens what a recipe asks; nothing where no stage of it asks a model. again: what could not be read is asked for again.
func (a *app) openPlan(ctx context.Context, rec curate.Recipe, dir string, again bool) (*asking.Plan, error) {
	if !rec.Asks() || len(rec.Load.Files) == 0 { // the second is refused before anything is made
		return nil, nil
	}
	return asking.Open(ctx, rec, dir, a.openAsked, llm.Options{Again: again}, func(stage string, f llm.Forecast) {
		if a.json {
			_ = a.printJSON(forecastJSON(asking.Expected{Stage: stage, Forecast: f}, false))
			return
		}
		a.say("%s: %s", stage, forecastText(f, rec))
	})
}

// curateForecast says what the model stages come to, and sends nothing. The rows are loaded into a folder that is removed again.
func (a *app) curateForecast(ctx context.Context, rec curate.Recipe, f curateFlags) (err error) {
	tmp, err := os.MkdirTemp("", "s1-forecast-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(tmp)) }()
	dir := filepath.Join(f.out, askedDir)
	if _, err := os.Stat(dir); err != nil {
		dir = filepath.Join(tmp, askedDir) // nothing is kept yet
	}
	plan, err := a.openPlan(ctx, rec, dir, false)
	if err != nil {
		return err
	}
	if plan == nil {
		a.say("no stage of %s asks a model", safeText(rec.Source))
		return nil
	}
	defer func() { err = errors.Join(err, plan.Close()) }()
	list, err := plan.Forecasts(ctx, filepath.Join(tmp, "run"))
	if err != nil {
		return err
	}
	total := asking.Expected{Stage: "total"}
	for _, e := range list {
		total.Add(e.Forecast)
	}
	total.Fits = plan.Fits(total.Forecast)
	for _, e := range append(list, total) {
		if a.json {
			err = a.printJSON(forecastJSON(e, true))
		} else {
			_, err = fmt.Fprintf(a.out, "%-13s %s\n", e.Stage, forecastText(e.Forecast, rec))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func forecastJSON(e asking.Expected, rows bool) map[string]any {
	m := map[string]any{"type": "forecast", "stage": e.Stage, "requests": e.Requests, "cached": e.Cached, "tokens_at_most": e.Tokens, "cost_at_most": e.Cost, "within_cap": e.Fits}
	if rows {
		m["rows"] = e.Rows
	}
	return m
}

// forecastText counts prompts as a token a byte, so that it is a bound.
func forecastText(f llm.Forecast, rec curate.Recipe) string {
	s := fmt.Sprintf("%d requests, %d of them answered already; the others come to at most %d tokens", f.Requests, f.Cached, f.Tokens)
	if len(rec.Ask.Prices) > 0 {
		s += fmt.Sprintf(" and cost at most %.4f", f.Cost)
	}
	if !f.Fits {
		s += "; that is more than the cap leaves, which may stop it"
	}
	return s
}

// spent says what a run sent and what is in the books.
func (a *app) spent(plan *asking.Plan) {
	s := plan.Spent()
	if a.json {
		_ = a.printJSON(map[string]any{"type": "spent", "requests": s.Requests, "tokens": s.Tokens, "cost": s.Cost})
		return
	}
	a.say("%d requests were sent; %d tokens and a cost of %.4f are spent from this cache in all", s.Requests, s.Tokens, s.Cost)
}
