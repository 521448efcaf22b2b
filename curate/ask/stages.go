package ask

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"s1/curate/llm"
	"s1/engine/grade"
)

// Trace draws k traces of each question. base says under which budget and sampling.
func Trace(c *llm.Client, base llm.Request, k int, seed uint64) Stage {
	return Stage{manifest("trace", seed, k, base, "", c), func(ctx context.Context, r Row) (Result, error) {
		samples, err := draw(ctx, c, base, r, k, seed)
		return Result{ID: r.ID, Samples: samples}, err
	}}
}

func manifest(name string, seed uint64, k int, base llm.Request, prompt string, clients ...*llm.Client) Manifest {
	m := Manifest{Stage: name, Version: 1, Seed: seed, Samples: k, Request: base, Prompt: prompt}
	for _, c := range clients {
		if c != nil {
			m.Models = append(m.Models, c.Identity())
		}
	}
	return m
}

func draw(ctx context.Context, c *llm.Client, base llm.Request, r Row, k int, seed uint64) ([]Sample, error) {
	var samples []Sample
	for i := range k {
		reply, err := c.Ask(ctx, drawn(base, c, r, seed, i))
		if err != nil {
			return samples, err
		}
		samples = append(samples, Sample{Thinking: reply.Thinking, Attempt: reply.Text, Finish: reply.Finish, Usage: reply.Usage, Key: reply.Key, Model: reply.Identity})
	}
	return samples, nil
}

// drawn is the request of sample i of a row.
func drawn(base llm.Request, c *llm.Client, r Row, seed uint64, i int) llm.Request {
	base.Prompt, base.Seed = r.Question, seedOf(seed, r.ID, c.Identity().Model, i)
	return base
}

// Grader judges attempts: the rule first, and what it leaves undecided goes to the judge, where there is one.
type Grader struct {
	Judge   *llm.Client // nil = the rule alone
	Request llm.Request // budget and sampling of the judge
}

func (g Grader) of(ctx context.Context, r Row, attempt string) (Grade, error) {
	if strings.TrimSpace(r.Solution) == "" {
		return Grade{Verdict: "undecided", By: "nobody", Why: "the solution is not there"}, nil
	}
	v := grade.Grade(attempt, r.Solution, grade.Default())
	switch v.Verdict {
	case grade.Correct, grade.Incorrect:
		return Grade{Verdict: string(v.Verdict), By: "rule", Why: v.Rule + ": " + v.Why}, nil
	case grade.Unparsed:
	}
	if g.Judge == nil {
		return Grade{Verdict: "undecided", By: "rule", Why: v.Rule + ": " + v.Why}, nil
	}
	var verdict string
	reply, err := g.Judge.AskFor(ctx, g.ask(r, attempt).Request, func(reply llm.Reply) (err error) {
		verdict, err = judged(reply.Text)
		return err
	})
	if err != nil {
		return Grade{}, fmt.Errorf("judge the attempt: %w", err)
	}
	return Grade{Verdict: verdict, By: "judge", Why: "the judge's last line", Key: reply.Key}, nil
}

// ask is what the judge is asked.
func (g Grader) ask(r Row, attempt string) pending {
	q := g.Request
	q.System, q.Prompt = judgeSystem, judgePrompt(r, attempt)
	return pending{g.Judge, q}
}

// pending is what a row asks of the judge: nothing where the rule decides.
func (g Grader) pending(r Row) []pending {
	if g.Judge == nil || strings.TrimSpace(r.Solution) == "" {
		return nil
	}
	if v := grade.Grade(r.Attempt, r.Solution, grade.Default()); v.Verdict != grade.Unparsed {
		return nil
	}
	return []pending{g.ask(r, r.Attempt)}
}

// Grades judges the attempt of each row.
func Grades(g Grader, seed uint64) Stage {
	g.Request.Seed = seed
	return Stage{manifest("grade", seed, 1, g.Request, hashOf(judgeSystem, judgePrompt(Row{}, "")), g.Judge), func(ctx context.Context, r Row) (Result, error) {
		v, err := g.of(ctx, r, r.Attempt)
		if err != nil {
			return Result{ID: r.ID}, err
		}
		return Result{ID: r.ID, Grade: &v}, nil
	}}
}

// Try is a model of those that difficulty is measured by, and how it is asked.
type Try struct {
	Client  *llm.Client
	Request llm.Request // without its prompt and seed
}

// Difficulty lets each model try k times and keeps every attempt. A question is hard when all are wrong; "both wrong" is k = 1 of two.
func Difficulty(models []Try, k int, g Grader, seed uint64) Stage {
	var clients []*llm.Client
	var requests []llm.Request
	for _, m := range models {
		clients, requests = append(clients, m.Client), append(requests, m.Request)
	}
	m := manifest("difficulty", seed, k, g.Request, hashOf(judgeSystem, judgePrompt(Row{}, "")), append(clients, g.Judge)...)
	m.Tries = requests
	return Stage{m, func(ctx context.Context, r Row) (Result, error) {
		result := Result{ID: r.ID}
		wrong, right := 0, 0
		for _, m := range models {
			samples, err := draw(ctx, m.Client, m.Request, r, k, seed)
			for i := range samples {
				if err != nil {
					break
				}
				var v Grade
				if v, err = g.of(ctx, r, samples[i].Attempt); err == nil {
					samples[i].Grade = &v
					switch v.Verdict {
					case "correct":
						right++
					case "incorrect":
						wrong++
					default:
						result.Undecided++
					}
				}
			}
			result.Samples = append(result.Samples, samples...)
			if err != nil {
				return result, err
			}
		}
		if right > 0 || result.Undecided == 0 {
			all := right == 0 && wrong > 0
			result.AllWrong = &all
		}
		return result, nil
	}}
}

// Domain asks which field of mathematics or science a question belongs to.
func Domain(c *llm.Client, base llm.Request, seed uint64) Stage {
	base.Seed = seed
	return Stage{manifest("domain", seed, 1, base, hashOf(domainSystem, rubric()), c), func(ctx context.Context, r Row) (Result, error) {
		result := Result{ID: r.ID}
		reply, err := c.AskFor(ctx, domainRequest(base, r, seed), func(reply llm.Reply) (err error) {
			result.Domain, err = domainIn(reply.Text)
			return err
		})
		result.Key = reply.Key
		return result, err
	}}
}

func domainRequest(base llm.Request, r Row, seed uint64) llm.Request {
	base.Seed, base.System, base.Prompt = seed, domainSystem, "## Question\n"+r.Question+"\n\n## Fields\n"+rubric()
	return base
}

const judgeSystem = "You compare an attempt at a problem with its known solution. Where the solution ends in a number, a formula or a choice, only that " +
	"decides; where it is an argument, the attempt must make it without a gap. Give your reasons in a few sentences. " +
	"Then write one last line that holds a single word: Yes if the attempt is correct, No if it is not."

func judgePrompt(r Row, attempt string) string {
	return "## Problem\n" + r.Question + "\n\n## Attempt\n" + attempt + "\n\n## Known solution\n" + r.Solution
}

func judged(text string) (string, error) {
	switch line := lastLine(text); line {
	case "Yes":
		return "correct", nil
	case "No":
		return "incorrect", nil
	default:
		return "", fmt.Errorf("the judge's last line is %.60q, neither Yes nor No", line)
	}
}

func lastLine(text string) string {
	text = strings.TrimSpace(text)
	return strings.TrimSpace(text[strings.LastIndexByte(text, '\n')+1:])
}

// failedAs puts a failure into a result.
func failedAs(r Result, err error) Result {
	r.Failed, r.Says = "error", fmt.Sprintf("%.500s", err.Error())
	var f *llm.Failed
	if errors.As(err, &f) {
		r.Failed = f.Cause
	}
	return r
}
