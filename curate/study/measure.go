package study

import (
	"context"

	"s1/curate"
	"s1/curate/pool"
	"s1/engine/scaling"
)

// Result is what a study came to.
type Result struct {
	Design         Design             `json:"design"`
	PoolSHA256     string             `json:"pool_sha256"`
	ProblemsSHA256 string             `json:"problems_sha256"`
	Faults         map[pool.Fault]int `json:"faults"` // of the pool
	BaseTokens     int64              `json:"base_tokens"`
	BaseSteps      int64              `json:"base_steps"`
	Asked          int                `json:"asked"`        // distinct questions of the pool put to the base
	SolvedAlone    int                `json:"solved_alone"` // of them right at the natural end
	Solved         int                `json:"solved"`       // or after a Wait
	Subsets        []Subset           `json:"subsets"`
	Models         []Measured         `json:"models"` // base first, then by subset
	Seconds        map[string]float64 `json:"-"`
}

// Subset is one curation and the training on it.
type Subset struct {
	Kind    string             `json:"kind"`
	Rows    int                `json:"rows"`
	SHA256  string             `json:"sha256"` // of the rows that are trained on
	Faults  map[pool.Fault]int `json:"faults"` // that are left in it
	Domains map[string]int     `json:"domains"`
	Steps   float64            `json:"steps"` // of its problems, mean
	Lines   int                `json:"lines"` // of all its thoughts
	Counts  []curate.Count     `json:"-"`
	Trained Trained            `json:"trained"`
	model   string
}

// Measured is one model on the held-out problems.
type Measured struct {
	Name        string `json:"name"`
	ModelSHA256 string `json:"model_sha256"`
	Arms        []Arm  `json:"arms"`
	points      []scaling.Point
}

// Arm is one budget.
type Arm struct {
	Name      string                  `json:"name"`
	Tokens    float64                 `json:"tokens"` // thinking, mean
	Accuracy  scaling.Share           `json:"accuracy"`
	Outcomes  map[scaling.Outcome]int `json:"outcomes"`
	AgainstS1 *scaling.Paired         `json:"against_s1,omitempty"` // this minus s1's selection, the same arm
	OnBase    *scaling.Paired         `json:"on_base,omitempty"`    // this minus the base, the same arm
}

// The arms, in the order of the plan below.
const (
	armNatural = iota
	armCap
	armWaits
)

func (s *study) plan() scaling.Plan {
	return scaling.Plan{
		Methods: []string{scaling.MethodNone, scaling.MethodCap, scaling.MethodWait}, Caps: []int{s.d.Cap}, Waits: []int{s.d.Waits},
		Limit: s.d.Thinking, AnswerCap: answerCap, Seed: s.d.Seed,
	}
}

// measureAll puts the held-out problems to the base and to every tuned model, greedy.
func (s *study) measureAll(ctx context.Context) error {
	_, measured := s.d.problems()
	items := s.items(measured)
	models := []struct{ name, path string }{{Base, s.base}}
	for _, sub := range s.out.Subsets {
		models = append(models, struct{ name, path string }{sub.Kind, sub.model})
	}
	for _, m := range models {
		r, sha, err := s.ask(ctx, m.path, s.plan(), items, "eval", m.name)
		if err != nil {
			return err
		}
		s.out.Models = append(s.out.Models, Measured{Name: m.name, ModelSHA256: sha, points: r.Points()})
		s.finished("measure " + m.name)
	}
	base, best := s.out.Models[0], s.out.Models[len(s.out.Models)-1] // s1 comes last
	for i := range s.out.Models {
		m := &s.out.Models[i]
		for k, p := range m.points {
			a := Arm{Name: p.Arm.String(), Tokens: p.Tokens, Accuracy: p.Accuracy, Outcomes: p.Outcomes}
			if m.Name != S1 {
				c := p.Against(best.points[k], s.d.Seed)
				a.AgainstS1 = &c
			}
			if m.Name != Base {
				c := p.Against(base.points[k], s.d.Seed)
				a.OnBase = &c
			}
			m.Arms = append(m.Arms, a)
		}
	}
	return nil
}
