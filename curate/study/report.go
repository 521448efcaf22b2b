package study

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"s1/curate/pool"
	"s1/engine/scaling"
)

// Files of the result.
const (
	reportFile  = "report.md"
	resultsFile = "results.jsonl"
	tableFile   = "results.csv"
)

// published is a row of the paper's Table 2 (arXiv 2501.19393v3): percent on AIME24, MATH500 and GPQA Diamond, and the 95 %
// intervals of the differences to s1K.
var published = []struct{ kind, name, right, against, said string }{
	{Random, "1K-random", "36.7 / 90.6 / 52.0", "[-26.7, -3.3] / [-4.8, 0.0] / [-12.6, 2.5]", "in the paper it was worse on AIME24, at the edge on MATH500, and not to be told from it on GPQA"},
	{Diverse, "1K-diverse", "26.7 / 91.2 / 54.6", "[-40.0, -10.0] / [-4.0, 0.2] / [-10.1, 5.1]", "in the paper it was worse on AIME24, and not to be told from it on MATH500 and GPQA"},
	{Longest, "1K-longest", "33.3 / 90.4 / 59.6", "[-36.7, 0.0] / [-5.0, -0.2] / [-5.1, 10.1]", "in the paper it was worse on MATH500, at the edge on AIME24, and not to be told from it on GPQA"},
	{All, "59K-full", "53.3 / 92.8 / 58.1", "[-13.3, 20.0] / [-2.6, 2.2] / [-6.6, 8.6]", "in the paper it could not be told from it on any of the three benchmarks"},
	{S1, "s1K", "50.0 / 93.0 / 57.6", "", ""},
}

func paperRow(kind string) (name, right, against string) {
	for _, p := range published {
		if p.kind == kind {
			return p.name, p.right, p.against
		}
	}
	return "", "", ""
}

func share(s scaling.Share) string { return fmt.Sprintf("%.1f [%.1f, %.1f]", s.Percent, s.Low, s.High) }

func paired(c *scaling.Paired) string {
	if c == nil {
		return "–"
	}
	return fmt.Sprintf("%+.1f [%+.1f, %+.1f], p %s", c.Difference, c.Low, c.High, probability(c.P))
}

func probability(p float64) string {
	if p < 0.0001 {
		return "< 0.0001"
	}
	return strconv.FormatFloat(p, 'f', 4, 64)
}

// row writes a row of a Markdown table. All cells are ours or numbers.
func row(b *strings.Builder, cells ...string) {
	b.WriteString("| " + strings.Join(cells, " | ") + " |\n")
}

func head(b *strings.Builder, cells ...string) {
	row(b, cells...)
	b.WriteString("|" + strings.Repeat("---|", len(cells)) + "\n")
}

// report writes report.md, results.jsonl and results.csv. Nothing in them depends on the machine or the time.
func (s *study) report() error {
	var b strings.Builder
	r := &s.out
	b.WriteString("# Table 2 in miniature\n\nThe ablation of *s1: Simple test-time scaling* (arXiv 2501.19393v3, Table 2) on the calculator tape: one pool, five curations, the same\n" +
		"fine-tuning of one base from each, the same held-out problems. The paper's rows are a model of 32 billion parameters on other\nquestions; they stand beside for the order of the rows, not for their height.\n\n")
	s.designSection(&b)
	b.WriteString("## What came out\n\n")
	for _, f := range r.found() {
		b.WriteString("- " + f + "\n")
	}
	b.WriteString("\n")
	for k, title := range []string{"To the natural end", fmt.Sprintf("At most %d thinking tokens", s.d.Cap), fmt.Sprintf("%d Waits", s.d.Waits)} {
		fmt.Fprintf(&b, "## %s (n = %d)\n\n", title, s.d.Problems)
		head(&b, "model", "rows", "right % [95 %]", "thinking tokens", "minus s1, points [95 %], McNemar", "minus base", "tokens trained", "the paper", "right %: AIME24 / MATH500 / GPQA", "its 95 % of the difference to s1K")
		for _, m := range r.Models {
			rows, tokens := "–", strconv.FormatInt(r.BaseTokens, 10)
			if r.BaseTokens == 0 {
				tokens = "–"
			}
			if sub := r.subset(m.Name); sub != nil {
				rows, tokens = strconv.Itoa(sub.Rows), strconv.FormatInt(sub.Trained.Tokens, 10)
			}
			name, right, against := paperRow(m.Name)
			a := m.Arms[k]
			row(&b, m.Name, rows, share(a.Accuracy), fmt.Sprintf("%.1f", a.Tokens), paired(a.AgainstS1), paired(a.OnBase), tokens, name, right, against)
		}
		b.WriteString("\n")
	}
	s.subsetSection(&b)
	fmt.Fprintf(&b, "## How to repeat it\n\n```\n%s\n```\n\ns1 %s, seed %d. The same command and seed give the same bytes of everything but checkpoints, logs and times.json, where the seconds\nof each part stand.\n\n", s.o.Command, s.o.Version, s.d.Seed)
	head(&b, "what", "SHA-256")
	row(&b, "pool", r.PoolSHA256)
	row(&b, "held-out problems", r.ProblemsSHA256)
	for _, sub := range r.Subsets {
		row(&b, "rows of "+sub.Kind, sub.SHA256)
	}
	for _, m := range r.Models {
		row(&b, "model "+m.Name, m.ModelSHA256)
	}
	if err := put(s.at(reportFile), []byte(b.String())); err != nil {
		return err
	}
	if err := s.table(); err != nil {
		return err
	}
	return s.lines()
}

func (s *study) designSection(b *strings.Builder) {
	d, r := s.d, &s.out
	base := fmt.Sprintf("`s1 train base.toml`: mini-quick with %d steps", r.BaseSteps)
	if d.BaseModel != "" {
		base = fmt.Sprintf("the model that was given (SHA-256 %.16s)", d.BaseModel)
	}
	fmt.Fprintf(b, "## The design, fixed before anything was measured\n\n"+
		"- Pool: %d rows of 1 to %d steps, values to %d, seed %d, of four domains of unequal size. Faults:%s.\n"+
		"  With values to 99 the base mini-quick solved 82 %% of the pool alone and 98 %% after a Wait, which left nothing hard: so the values\n  were raised, and the cap from 16 to 32 and the sizes of --quick with them, before any tuned model was measured.\n"+
		"- Held out: %d problems of %d to %d steps, none in the pool (by the hash of the question). %d other test questions leaked into the pool on purpose.\n"+
		"- Quality, for all five: no missing trace, no picture, no test question (strict), no question twice. Wrong attempts pass, as in the paper, which keeps them.\n"+
		"- Difficulty, for s1 alone: a question is too easy if the base is right at its natural end or after one Wait (greedy). A proxy: the paper asks two models, the larger of\n  which is its base; this asks the base under two budgets. Of %d questions it solved %d alone, and %d in all.\n"+
		"- Diversity: the domain is what operations a question has. s1 draws a domain evenly, then a row by 2^-rank of its length in tokens (s1-paper); diverse draws rows evenly; longest takes the\n  longest thoughts; random draws evenly from the pool; full takes all. %d rows each but full. No domain belongs to a benchmark, so nothing is preselected.\n"+
		"- Base: %s.\n"+
		"- Training: %d epochs, batches of %d rows, loss on the whole thought and answer, the same recipe for all: full has more rows, so more steps, as in the paper.\n  The learning rates are mini-finish's, because the paper's 1e-5 is for a model 40,000 times as large.\n"+
		"- Measuring: greedy, at most %d thinking tokens. Wilson intervals for shares; for differences a paired bootstrap over problems (10,000 resamples) and McNemar's exact test.\n  One training seed: the intervals are about problems, not about other draws of a subset or other trainings.\n\n",
		d.Pool, d.Sizes.StepsMax, d.MaxValue, d.Seed, faults(r.Faults), d.Problems, d.StepsMin, d.Sizes.StepsMax, d.Leaked, r.Asked, r.SolvedAlone, r.Solved, d.Subset, base, d.Epochs, d.BatchRows, d.Thinking)
}

func faults(of map[pool.Fault]int) string {
	var parts []string
	for _, f := range slices.Sorted(maps.Keys(of)) {
		name := string(f)
		if f == pool.Fine {
			name = "none"
		}
		parts = append(parts, fmt.Sprintf(" %s %d", name, of[f]))
	}
	return strings.Join(parts, ",")
}

func (s *study) subsetSection(b *strings.Builder) {
	b.WriteString("## What is in the subsets\n\nBy what the pool's maker knows, and no stage was told.\n\n")
	head(b, "subset", "rows", "steps of a problem, mean", "lines of a thought, mean", "faults left", "domains", "optimizer steps")
	for _, sub := range s.out.Subsets {
		var domains []string
		for _, d := range slices.Sorted(maps.Keys(sub.Domains)) {
			domains = append(domains, fmt.Sprintf("%s %d", d, sub.Domains[d]))
		}
		row(b, sub.Kind, strconv.Itoa(sub.Rows), fmt.Sprintf("%.1f", sub.Steps), fmt.Sprintf("%.1f", float64(sub.Lines)/float64(sub.Rows)), faults(sub.Faults), strings.Join(domains, ", "), strconv.FormatInt(sub.Trained.Steps, 10))
	}
	b.WriteString("\n")
	for _, sub := range s.out.Subsets {
		fmt.Fprintf(b, "%s:", sub.Kind)
		for _, c := range sub.Counts {
			var rules []string
			for _, k := range slices.Sorted(maps.Keys(c.Dropped)) {
				rules = append(rules, fmt.Sprintf("%s %d", k, c.Dropped[k]))
			}
			fmt.Fprintf(b, " %s %d", c.Stage, c.Kept)
			if len(rules) > 0 {
				fmt.Fprintf(b, " (dropped: %s)", strings.Join(rules, ", "))
			}
			b.WriteString(";")
		}
		b.WriteString("\n\n")
	}
}

func (r *Result) subset(kind string) *Subset {
	for i := range r.Subsets {
		if r.Subsets[i].Kind == kind {
			return &r.Subsets[i]
		}
	}
	return nil
}

// found says for each row of the paper's table whether the same is seen here, as measured.
func (r *Result) found() (list []string) {
	for _, sub := range r.Subsets {
		if sub.Rows < r.Design.Subset {
			list = append(list, fmt.Sprintf("%s has %d rows, not %d: no more are left by its own rules.", sub.Kind, sub.Rows, r.Design.Subset))
		}
	}
	for _, m := range r.Models {
		c := m.Arms[armNatural].AgainstS1
		if c == nil {
			c = m.Arms[armNatural].OnBase
			list = append(list, fmt.Sprintf("Fine-tuning on the s1 selection, minus the base: %s; it %s.", paired(c), moved(c, "helps", "harms", "makes no difference that this n can tell")))
			continue
		}
		verdict := moved(c, "is better than the s1 selection", "is worse than the s1 selection", "cannot be told from the s1 selection with this n")
		said := ""
		for _, p := range published {
			if p.kind == m.Name {
				said = "; " + p.said
			}
		}
		list = append(list, fmt.Sprintf("%s %s: %s points, McNemar's test%s.", m.Name, verdict, paired(c), said))
	}
	return list
}

func moved(c *scaling.Paired, up, down, neither string) string {
	switch {
	case c.Low > 0:
		return up
	case c.High < 0:
		return down
	}
	return neither
}

// table writes a line for each model and arm.
func (s *study) table() error {
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	lines := [][]string{{"model", "arm", "rows", "tokens_trained", "n", "right", "percent", "low", "high", "thinking_tokens", "minus_s1", "minus_s1_low", "minus_s1_high", "fixed", "broken", "mcnemar_p"}}
	f := func(x float64) string { return strconv.FormatFloat(x, 'f', 4, 64) }
	for _, m := range s.out.Models {
		rows, tokens := 0, s.out.BaseTokens
		if sub := s.out.subset(m.Name); sub != nil {
			rows, tokens = sub.Rows, sub.Trained.Tokens
		}
		for _, a := range m.Arms {
			line := []string{m.Name, a.Name, strconv.Itoa(rows), strconv.FormatInt(tokens, 10), strconv.Itoa(a.Accuracy.N), strconv.Itoa(a.Accuracy.Hits), f(a.Accuracy.Percent), f(a.Accuracy.Low), f(a.Accuracy.High), f(a.Tokens)}
			if c := a.AgainstS1; c != nil {
				line = append(line, f(c.Difference), f(c.Low), f(c.High), strconv.Itoa(c.Fixed), strconv.Itoa(c.Broken), strconv.FormatFloat(c.P, 'g', 6, 64))
			} else {
				line = append(line, "", "", "", "", "", "")
			}
			lines = append(lines, line)
		}
	}
	if err := w.WriteAll(lines); err != nil {
		return fmt.Errorf("write %s: %w", tableFile, err)
	}
	return put(s.at(tableFile), b.Bytes())
}

// lines writes the study, then its subsets, then its models, as JSON lines.
func (s *study) lines() error {
	head := s.out
	head.Subsets, head.Models = nil, nil
	all := []any{map[string]any{"type": "study", "study": head, "command": s.o.Command, "version": s.o.Version}}
	for _, sub := range s.out.Subsets {
		all = append(all, map[string]any{"type": "subset", "subset": sub})
	}
	for _, m := range s.out.Models {
		all = append(all, map[string]any{"type": "model", "model": m})
	}
	var b bytes.Buffer
	for _, v := range all {
		line, err := json.Marshal(v)
		if err != nil {
			return fmt.Errorf("write %s: %w", resultsFile, err)
		}
		b.Write(append(line, '\n'))
	}
	return put(s.at(resultsFile), b.Bytes())
}

// Table is the result for a terminal: the natural end, the Waits, what was trained and how long that took.
func (r *Result) Table() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%-8s %6s  %-19s %-26s %-19s %10s %8s  %s\n", "model", "rows", "right % [95 %]", "minus s1 [95 %]", fmt.Sprintf("%d Waits, right %%", r.Design.Waits), "tokens", "seconds", "the paper: AIME24 / MATH500 / GPQA")
	for _, m := range r.Models {
		rows, tokens := "", r.BaseTokens
		if sub := r.subset(m.Name); sub != nil {
			rows, tokens = strconv.Itoa(sub.Rows), sub.Trained.Tokens
		}
		minus := ""
		if c := m.Arms[armNatural].AgainstS1; c != nil {
			minus = fmt.Sprintf("%+.1f [%+.1f, %+.1f]", c.Difference, c.Low, c.High)
		}
		_, paper, _ := paperRow(m.Name)
		fmt.Fprintf(&b, "%-8s %6s  %-19s %-26s %-19s %10d %8.0f  %s\n", m.Name, rows, share(m.Arms[armNatural].Accuracy), minus, share(m.Arms[armWaits].Accuracy), tokens, r.Seconds["train/"+m.Name], paper)
	}
	fmt.Fprintf(&b, "n = %d\n", r.Design.Problems)
	return b.String()
}
