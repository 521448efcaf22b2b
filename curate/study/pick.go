package study

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"s1/curate"
	"s1/curate/pool"
	"s1/engine"
	"s1/engine/builtin/tape"
	"s1/engine/scaling"
)

const featuresFile = "features.jsonl"

// feature is what is found out about a question of the pool, from the question alone: the truths of the pool's maker are for
// the report.
type feature struct {
	ID     string `json:"id"`
	Domain string `json:"domain"`
	Tokens int    `json:"trace_tokens"`
	Alone  bool   `json:"solved_alone"`
	Waited bool   `json:"solved_waited"`
}

// findDifficulty puts the questions of the pool to the base. The paper asks two models and keeps what both fail; its larger one
// is the very model that is fine-tuned after. Here it is that model under two budgets: to its natural end, and after one Wait.
func (s *study) findDifficulty(ctx context.Context) error {
	var items []scaling.Item
	var found []feature
	seen := map[string]bool{}
	words, err := engine.OpenTokenizer(s.base)
	if err != nil {
		return fmt.Errorf("the tokenizer of the base: %w", err)
	}
	defer words.Close()
	if err := eachLine(s.at(poolFile), func(r pool.Row) error {
		id := curate.ID(r.Question)
		p, err := tape.Parse(r.Question)
		if err != nil || seen[id] { // a picture in it: cleaning drops it
			return nil
		}
		seen[id] = true
		ids, err := words.Encode(strings.Join(r.Trajectories, "\n"), false)
		if err != nil {
			return fmt.Errorf("the thought on %q: %w", r.Question, err)
		}
		items = append(items, scaling.Item{ID: id, Prompt: p.String(), Gold: r.Solution})
		found = append(found, feature{ID: id, Domain: pool.DomainOf(p), Tokens: len(ids)})
		return nil
	}); err != nil {
		return err
	}
	plan := scaling.Plan{Methods: []string{scaling.MethodWait}, Waits: []int{0, 1}, Limit: s.d.Thinking, AnswerCap: answerCap, Seed: s.d.Seed}
	r, _, err := s.ask(ctx, s.base, plan, items, "difficulty")
	if err != nil {
		return err
	}
	for i, rows := range r.Items {
		found[i].Alone, found[i].Waited = rows[0].Outcome == scaling.OutcomeRight, rows[1].Outcome == scaling.OutcomeRight
		if found[i].Alone {
			s.out.SolvedAlone++
		}
		if found[i].Alone || found[i].Waited {
			s.out.Solved++
		}
	}
	s.out.Asked = len(items)
	if err := putLines(s.at(featuresFile), found); err != nil {
		return err
	}
	s.finished("difficulty")
	return nil
}

const answerCap = 8 // tokens; an answer has at most four digits

// ask puts questions to a model, in a folder that it goes on in.
func (s *study) ask(ctx context.Context, model string, p scaling.Plan, items []scaling.Item, name ...string) (r *scaling.Result, sha string, err error) {
	dir := s.at(name...)
	m, err := engine.Open(ctx, model, engine.Options{Weights: "exact", Threads: s.o.Threads})
	if err != nil {
		return nil, "", err
	}
	defer m.Close()
	part := strings.Join(name, "/")
	r, err = scaling.Run(ctx, scaling.Local(m), p, items, scaling.Options{Judge: numeral, JudgeName: judgeName, Dir: dir, Parallel: parallel})
	if err != nil {
		if !cut(ctx, err) {
			err = fmt.Errorf("%s: %w", part, err)
		}
		return nil, "", err
	}
	if r.Resumed < len(items) {
		err = s.spent(part, r.Elapsed.Seconds())
	}
	return r, m.Info().SHA256, err
}

const (
	parallel  = 48 // questions at once: full batches
	judgeName = "a number, equal to the character"
)

func numeral(pred, gold string) scaling.Verdict {
	if _, err := strconv.Atoi(pred); err != nil {
		return scaling.Unparsed
	}
	return scaling.Exact(pred, gold)
}

// recipe is the curation of a subset. All five have the same quality stages, as in the paper: what they differ in is the
// selection, and that s1's drops what the base solves.
func (s *study) recipe(kind string) (curate.Recipe, error) {
	preset := kind
	if kind == S1 {
		preset = "s1-paper"
	}
	r, err := curate.LoadRecipe(preset)
	if err != nil {
		return r, err
	}
	r.Seed = s.d.Seed
	r.Load.Files, r.Load.Features = []string{s.at(poolFile)}, []string{s.at(featuresFile)}
	r.Complete.Features = []string{"solution", "trace"}
	r.Decontaminate.Tests, r.Decontaminate.Strict = []string{s.at(testsFile)}, true
	r.Difficulty.Solved, r.Difficulty.Exempt = []string{"solved_alone", "solved_waited"}, false
	r.Select.N, r.Select.Length, r.Select.Correct = s.d.Subset, "trace_tokens", ""
	return r, nil
}

// curateAll makes the subsets and the rows that are trained on.
func (s *study) curateAll(ctx context.Context) error {
	for _, kind := range Subsets() {
		rec, err := s.recipe(kind)
		if err != nil {
			return err
		}
		dir := s.at("curate", kind)
		counts, err := curate.Run(ctx, rec, curate.Options{Dir: dir, Resume: true})
		if err != nil {
			return err
		}
		sub := Subset{Kind: kind, Counts: counts, Faults: map[pool.Fault]int{}, Domains: map[string]int{}}
		if err := s.rowsOf(dir, kind, &sub); err != nil {
			return err
		}
		if sub.Rows < s.d.Subset {
			s.o.Say("%s: only %d rows are left for a subset of %d", kind, sub.Rows, s.d.Subset)
		}
		s.out.Subsets = append(s.out.Subsets, sub)
		s.finished("curate " + kind)
	}
	return nil
}

// message is a turn of a row to train on.
type message struct {
	Role      string `json:"role"`
	Content   string `json:"content"`
	Reasoning string `json:"reasoning_content,omitempty"`
}

// rowsOf turns what was selected into conversations, and counts what is in it.
func (s *study) rowsOf(dir, kind string, sub *Subset) error {
	type conversation struct {
		Messages []message `json:"messages"`
	}
	_, measured := s.d.problems()
	kept := map[string]bool{}
	for _, it := range s.items(measured) {
		kept[it.ID] = true
	}
	var rows []conversation
	steps := 0
	err := eachLine(dir+"/export/s1k.jsonl", func(r pool.Row) error {
		if kept[curate.ID(r.Question)] {
			return fmt.Errorf("%q is a problem to measure on", r.Question)
		}
		t, err := truthOf(r.Metadata)
		if err != nil {
			return err
		}
		sub.Faults[t.Fault]++
		sub.Domains[t.Domain]++
		steps += t.Steps
		thought := strings.Join(r.Trajectories, "\n")
		sub.Lines += strings.Count(strings.TrimSpace(thought), "\n") + 1
		rows = append(rows, conversation{[]message{{Role: "user", Content: r.Question}, {Role: "assistant", Content: r.Attempt, Reasoning: thought}}})
		return nil
	})
	if err != nil {
		return err
	}
	if sub.Rows = len(rows); sub.Rows == 0 {
		return fmt.Errorf("the selection %s is empty: the base solves %d of the %d questions of the pool, so it leaves nothing that is hard", kind, s.out.Solved, s.out.Asked)
	}
	sub.Steps = float64(steps) / float64(sub.Rows)
	path := s.at("rows", kind+".jsonl")
	if err := putLines(path, rows); err != nil {
		return err
	}
	sub.SHA256, err = hashOf(path)
	return err
}
