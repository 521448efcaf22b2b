package scaling

import (
	"context"
	"fmt"
	"time"
)

// pilots is how many questions are answered to say what all of them will cost.
const pilots = 4

// Forecast is what a sweep will cost, from a few of its questions.
type Forecast struct {
	Items, Pilot int
	Arms         int
	Tokens       int           // to be generated, all arms together
	Separate     int           // if every arm were a run of its own
	Time         time.Duration // about: a whole sweep has fuller batches
	Rows         map[string][]Row
}

// Estimate answers a few questions, spread over the list, and reckons from them. Their rows are not lost: Options.Known takes them.
func Estimate(ctx context.Context, c *Crew, p Plan, items []Item, o Options) (Forecast, error) {
	var some []Item
	for i := range pilots {
		if at := i * len(items) / pilots; i == 0 || at != (i-1)*len(items)/pilots {
			some = append(some, items[at])
		}
	}
	o.Dir, o.Progress, o.Known = "", nil, nil
	res, err := Run(ctx, c, p, some, o)
	if err != nil {
		return Forecast{}, err
	}
	f := Forecast{Items: len(items), Pilot: len(some), Arms: len(res.Plan.Arms()), Rows: map[string][]Row{}}
	alone := 0
	for i, rows := range res.Items {
		f.Rows[some[i].ID] = rows
		for _, r := range rows {
			alone += r.Alone
		}
	}
	share := float64(len(items)) / float64(len(some))
	f.Tokens, f.Separate = int(share*float64(res.Tokens)), int(share*float64(alone))
	f.Time = time.Duration(share * float64(res.Elapsed))
	if n := c.Slots(); n > len(some) { // servers do not slow each other down
		f.Time = f.Time * time.Duration(len(some)) / time.Duration(n)
	}
	return f, nil
}

func (f Forecast) String() string {
	saving := 0.0
	if f.Tokens > 0 {
		saving = float64(f.Separate) / float64(f.Tokens)
	}
	return fmt.Sprintf("forecast from %d of %d questions: %d arms, about %d tokens and %v; as separate runs %d tokens, %.1f times as many",
		f.Pilot, f.Items, f.Arms, f.Tokens, f.Time.Round(time.Second), f.Separate, saving)
}
