package curate

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// ModelStageNames lists the stages that ask a model. They run where the recipe's list has them; the attempts of difficulty come
// before that stage, and have no place in the list of their own.
func ModelStageNames() []string { return []string{"trace", "grade", "domain"} }

// AttemptsStage is the stage that difficulty.models brings with it.
const AttemptsStage = "attempts"

// solvedFeature is what the attempts leave: true where one of them is right.
const solvedFeature = "solved"

// Asking is a model and the budget and sampling under which it is asked.
type Asking struct {
	Model       string  `toml:"model"`        // as s1 run -m takes it: mini, a folder, a file, org/name, http://host:port/v1#name
	Thinking    *int    `toml:"thinking"`     // most thinking tokens; not given = 4096
	Answer      int     `toml:"answer"`       // most answer tokens; 0 = 1024
	Waits       int     `toml:"waits"`        // ends of thinking to suppress; of models that run here
	WaitText    string  `toml:"wait_text"`    // in their place
	Format      string  `toml:"think_format"` // "" = auto
	Temperature float64 `toml:"temperature"`
	TopP        float64 `toml:"top_p"` // 0 = 1
}

// Trace lets a model think about each question: its thought and answer take the place of the row's.
type Trace struct {
	Asking
}

// Grade compares the attempt of each row with its solution.
type Grade struct {
	Asking          // the judge of what the rule leaves undecided; model "" = the rule alone
	Drop   []string `toml:"drop"` // verdicts of rows that are dropped: incorrect, undecided
}

// Domain asks which field a question belongs to.
type Domain struct {
	Asking
}

// Ask says how all model stages ask.
type Ask struct {
	Cache             string               `toml:"cache"`               // folder of the replies and of what was spent; "" = asked in the run's folder
	Batch             int                  `toml:"batch"`               // rows at once; 0 = 8
	RequestsPerMinute int                  `toml:"requests_per_minute"` // of each model; 0 = no limit
	TokensPerMinute   int                  `toml:"tokens_per_minute"`   // of each model; 0 = no limit
	MaxTokens         int64                `toml:"max_tokens"`          // most to be spent, all models and runs of the cache together; 0 = no limit
	MaxCost           float64              `toml:"max_cost"`            // the same in the unit of the prices; 0 = no limit
	Prices            map[string][]float64 `toml:"prices"`              // by model: of a million tokens of prompt, and of completion
}

// Models are the words of all models that the recipe asks, each once.
func (r Recipe) Models() (words []string) {
	add := func(a Asking) {
		if a.Model != "" && !slices.Contains(words, a.Model) {
			words = append(words, a.Model)
		}
	}
	for _, s := range r.Stages {
		switch s {
		case "trace":
			add(r.Trace.Asking)
		case "grade":
			add(r.Grade.Asking)
		case "domain":
			add(r.Domain.Asking)
		case "difficulty":
			for _, m := range r.Difficulty.Models {
				add(m)
			}
		}
	}
	return words
}

// Asks says whether any stage of the recipe is of those that ask a model.
func (r Recipe) Asks() bool {
	return len(r.Models()) > 0 || slices.Contains(r.Stages, "grade")
}

// validateModels checks what the model stages were given.
func (r Recipe) validateModels() error {
	refuse := func(format string, args ...any) error {
		return fmt.Errorf("recipe %s: %s", r.Source, fmt.Sprintf(format, args...))
	}
	type named struct {
		where string
		Asking
	}
	list := []named{{"trace", r.Trace.Asking}, {"grade", r.Grade.Asking}, {"domain", r.Domain.Asking}}
	for i, m := range r.Difficulty.Models {
		list = append(list, named{fmt.Sprintf("difficulty.models %d", i+1), m})
		if m.Model == "" {
			return refuse("difficulty.models %d has no model", i+1)
		}
	}
	for _, a := range list {
		runs := slices.Contains(r.Stages, strings.Fields(strings.ReplaceAll(a.where, ".", " "))[0])
		switch {
		case a.Model != "" && !runs:
			return refuse("%s names the model %.60q, and stages does not list it; stages is %q", a.where, a.Model, r.Stages)
		case a.Model == "" && runs && (a.where == "trace" || a.where == "domain"):
			return refuse("stages lists %q, and %s.model names no model", a.where, a.where)
		case a.Thinking != nil && *a.Thinking < 0 || a.Answer < 0 || a.Waits < 0:
			return refuse("%s has thinking, answer or waits below 0", a.where)
		case !(a.Temperature >= 0 && a.Temperature <= 100) || !(a.TopP >= 0 && a.TopP <= 1):
			return refuse("%s has temperature %g and top_p %g, want 0 to 100 and 0 to 1", a.where, a.Temperature, a.TopP)
		}
	}
	for _, v := range r.Grade.Drop {
		if v != "incorrect" && v != "undecided" {
			return refuse("grade.drop has %.40q; the verdicts to drop are incorrect and undecided", v)
		}
	}
	switch a := r.Ask; {
	case a.Batch < 0 || a.Batch > 4096:
		return refuse("ask.batch is %d, want 1 to 4096 rows, or 0", a.Batch)
	case a.RequestsPerMinute < 0 || a.TokensPerMinute < 0 || a.MaxTokens < 0 || !(a.MaxCost >= 0):
		return refuse("ask has a limit below 0")
	}
	for _, word := range slices.Sorted(maps.Keys(r.Ask.Prices)) {
		switch p := r.Ask.Prices[word]; {
		case !slices.Contains(r.Models(), word):
			return refuse("ask.prices has %.60q, which no stage asks; the models are %q", word, r.Models())
		case len(p) != 2 || !(p[0] >= 0 && p[1] >= 0):
			return refuse("ask.prices of %.60q is %v, want two numbers: of a million tokens of prompt and of completion", word, p)
		}
	}
	if r.Ask.MaxCost > 0 && len(r.Ask.Prices) == 0 {
		return refuse("ask.max_cost is %g, and ask.prices has no price to count by", r.Ask.MaxCost)
	}
	return nil
}
