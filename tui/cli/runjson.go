package cli

import (
	"context"
	"fmt"
	"math"
	"strings"

	"s1/engine/trace"
	tuiapp "s1/tui/app"
)

// The lines of `s1 run --json`. Text of all token lines joined is the text of the end line.
type (
	startLine struct {
		Type        string         `json:"type"`             // "start"
		Branch      trace.BranchID `json:"branch,omitempty"` // with --samples
		Model       string         `json:"model"`
		Backend     string         `json:"backend"`
		ThinkFormat string         `json:"think_format"`
		Budget      trace.Budget   `json:"budget"`
		Sampling    trace.Sampling `json:"sampling"`
		Prompt      string         `json:"prompt"` // as the model got it, before its template
	}
	tokenLine struct {
		Type    string         `json:"type"` // "token"
		Branch  trace.BranchID `json:"branch,omitempty"`
		I       int            `json:"i"`
		ID      int32          `json:"id"`
		Text    string         `json:"text"`
		Phase   string         `json:"phase"`
		Origin  string         `json:"origin"`
		Wished  bool           `json:"wished,omitempty"`
		Logprob *float32       `json:"logprob"`
		Entropy *float32       `json:"entropy"`
		EndProb *float32       `json:"end_prob"`
	}
	noticeLine struct {
		Type   string         `json:"type"` // "notice"
		Branch trace.BranchID `json:"branch,omitempty"`
		Text   string         `json:"text"`
	}
	endLine struct {
		Type    string         `json:"type"` // "end"
		Branch  trace.BranchID `json:"branch,omitempty"`
		Text    string         `json:"text"`
		Answer  string         `json:"answer"`
		Receipt *trace.Receipt `json:"receipt"`
		Error   string         `json:"error,omitempty"`

		Expected string        `json:"expected,omitempty"` // where the right answer can be worked out
		Verdict  trace.Verdict `json:"verdict,omitempty"`  // right, wrong
	}
)

func (a *app) printRunJSON(ctx context.Context, desk *desk, live tuiapp.Live, i, of int) error {
	b := live.Branch()
	var name trace.BranchID
	if of > 1 {
		name = b.ID
	}
	info := desk.Info()
	if err := a.printJSON(startLine{"start", name, info.Name, info.Backend, info.ThinkFormat, b.Budget, b.Sampling, live.Run().Prompt}); err != nil {
		return err
	}
	var text, answer strings.Builder
	for n := 0; ; {
		if err := live.Log().Wait(ctx, n); err != nil {
			return err
		}
		events, ended := live.Log().Since(n)
		n += len(events)
		for _, e := range events {
			var err error
			switch e.Kind {
			case trace.EventToken:
				t := e.Token
				text.WriteString(t.Text)
				if t.Phase == trace.PhaseAnswer {
					answer.WriteString(t.Text)
				}
				err = a.printJSON(tokenLine{"token", name, t.Index, t.ID, t.Text, t.Phase.String(), t.Origin.String(), t.Wished, number(t.Logprob), number(t.Entropy), number(t.EndProb)})
			case trace.EventNotice:
				err = a.printJSON(noticeLine{"notice", name, e.Notice})
			case trace.EventEnd:
				line := endLine{Type: "end", Branch: name, Text: text.String(), Answer: strings.TrimSpace(answer.String()), Receipt: e.Receipt, Expected: live.Run().Expected}
				line.Verdict = trace.Same(sameAnswer).Judge(line.Expected, line.Answer, e.Receipt)
				if e.Err != nil {
					line.Error = e.Err.Error()
				}
				if err = a.printJSON(line); err == nil && e.Err != nil {
					err = fmt.Errorf("sample %d of %d: %w", i+1, of, e.Err)
				}
			case trace.EventState, trace.EventBudget:
			}
			if err != nil {
				return err
			}
		}
		if ended && len(events) == 0 {
			return nil
		}
	}
}

// number is nil for what JSON cannot hold.
func number(x float32) *float32 {
	if math.IsNaN(float64(x)) || math.IsInf(float64(x), 0) {
		return nil
	}
	return &x
}
