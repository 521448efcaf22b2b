package scaling

import (
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"s1/engine/scaling/interval"
)

// Change is how one arm came out with a second model, a tuned one, on the same questions: what became longer, how thoughts
// ended, and what is answered otherwise.
type Change struct {
	Arm        Arm            `json:"arm"`
	N          int            `json:"n"`      // questions
	Before     Share          `json:"before"` // right, of the questions whose right answer is known
	After      Share          `json:"after"`
	Right      Paired         `json:"right"`
	Tokens     Difference     `json:"tokens"`      // thinking
	Said       Difference     `json:"said"`        // answer tokens
	SameAnswer Share          `json:"same_answer"` // to the character, white space around it removed; not of two that say nothing
	BothEmpty  Share          `json:"both_empty"`  // neither model said anything
	ClosedWas  map[string]int `json:"closed_before"`
	ClosedNow  map[string]int `json:"closed_after"`
	Closings   []Closing      `json:"closings"` // the same as shares, by name
}

// Closing is how often thoughts ended in one way.
type Closing struct {
	How    string `json:"how"` // "" = there was no thought
	Before Share  `json:"before"`
	After  Share  `json:"after"`
}

// closings are all ways in which thoughts ended before or after.
func (c *Change) closings() (list []Closing) {
	all := maps.Clone(c.ClosedWas)
	maps.Copy(all, c.ClosedNow)
	for _, how := range slices.Sorted(maps.Keys(all)) {
		list = append(list, Closing{how, NewShare(c.ClosedWas[how], c.N), NewShare(c.ClosedNow[how], c.N)})
	}
	return list
}

// Difference is of two means over the same questions, with the 95 % interval of the paired bootstrap.
type Difference struct {
	Before     float64 `json:"before"`
	After      float64 `json:"after"`
	Difference float64 `json:"difference"`
	Low        float64 `json:"low"`
	High       float64 `json:"high"`
}

// differ compares two amounts of each question.
func differ(before, after []int, seed uint64) (d Difference) {
	n := len(before)
	if n == 0 {
		return d
	}
	gap, was, is, sum := make([]int, n), 0, 0, 0
	for i := range n {
		gap[i] = after[i] - before[i]
		was, is, sum = was+before[i], is+after[i], sum+gap[i]
	}
	d.Before, d.After, d.Difference = float64(was)/float64(n), float64(is)/float64(n), float64(sum)/float64(n)
	d.Low, d.High = interval.Bootstrap(seed, resamples, func(rng *rand.Rand) float64 {
		sum := 0
		for range n {
			sum += gap[rng.IntN(n)]
		}
		return float64(sum) / float64(n)
	})
	return d
}

// Changes compares two sweeps of one plan over the same questions.
func Changes(before, after *Result) ([]Change, error) {
	arms := before.Plan.Arms()
	if !slices.Equal(arms, after.Plan.Arms()) || len(before.Items) != len(after.Items) {
		return nil, fmt.Errorf("compare two sweeps: %d arms over %d questions, and %d over %d: not the same ones",
			len(arms), len(before.Items), len(after.Plan.Arms()), len(after.Items))
	}
	list := make([]Change, len(arms))
	for k, arm := range arms {
		c := Change{Arm: arm, ClosedWas: map[string]int{}, ClosedNow: map[string]int{}}
		var right [2][]bool
		var tokens, said [2][]int
		hits := [2]int{}
		same, empty := 0, 0
		for i := range before.Items {
			was, is := &before.Items[i][k], &after.Items[i][k]
			if was.Item != is.Item {
				return nil, fmt.Errorf("compare two sweeps: question %d is %q in the one and %q in the other", i+1, was.Item, is.Item)
			}
			for m, row := range []*Row{was, is} {
				if ok := row.Outcome == OutcomeRight; !before.Ungraded[row.Item] {
					right[m] = append(right[m], ok)
					if ok {
						hits[m]++
					}
				}
				tokens[m], said[m] = append(tokens[m], row.Tokens), append(said[m], row.Said)
			}
			switch a, b := strings.TrimSpace(was.Answer), strings.TrimSpace(is.Answer); {
			case a == "" && b == "":
				empty++
			case a == b:
				same++
			}
			c.ClosedWas[was.Closed]++
			c.ClosedNow[is.Closed]++
		}
		c.N = len(before.Items)
		c.Before, c.After = NewShare(hits[0], len(right[0])), NewShare(hits[1], len(right[1]))
		c.SameAnswer, c.BothEmpty, c.Closings = NewShare(same, c.N), NewShare(empty, c.N), c.closings()
		c.Right = Compare(right[0], right[1], before.Plan.Seed)
		c.Tokens, c.Said = differ(tokens[0], tokens[1], before.Plan.Seed), differ(said[0], said[1], before.Plan.Seed)
		list[k] = c
	}
	return list, nil
}

// ReportChanges writes changes.md and changes.json into a folder.
func ReportChanges(dir string, changes []Change, before, after Source) error {
	var b strings.Builder
	n := 0
	if len(changes) > 0 {
		n = changes[0].N
	}
	fmt.Fprintf(&b, "# What changed from one model to the other\n\n")
	t := newTable("", "before", "after")
	t.row("model", before.Model, after.Model)
	t.row("sha256", before.ModelSHA256, after.ModelSHA256)
	b.WriteString(t.String())
	fmt.Fprintf(&b, "\n%d questions from %s (sha256 as asked %s), judged by: %s.\n", n, before.Data, before.DataSHA256, before.Judge)
	if len(changes) > 0 && changes[0].Before.N < n {
		fmt.Fprintf(&b, "Of %d of them no right answer is known: they count in length, closings and equal answers, and not in what is right.\n", n-changes[0].Before.N)
	}
	b.WriteString("\n## Answers\n\n")
	t = newTable("arm", "right before % [95 %]", "right after % [95 %]", "difference, points [95 %]", "fixed", "broken", "McNemar p", "same answer % [95 %]", "both empty % [95 %]")
	for _, c := range changes {
		t.row(c.Arm.String(), c.Before.String(), c.After.String(), c.Right.String(), fmt.Sprint(c.Right.Fixed), fmt.Sprint(c.Right.Broken), probability(c.Right.P), c.SameAnswer.String(), c.BothEmpty.String())
	}
	b.WriteString(t.String() + "\n## Length\n\n")
	t = newTable("arm", "thinking tokens before", "after", "difference [95 %]", "answer tokens before", "after", "difference [95 %]")
	for _, c := range changes {
		t.row(c.Arm.String(), decimal(c.Tokens.Before, 1), decimal(c.Tokens.After, 1), c.Tokens.String(), decimal(c.Said.Before, 1), decimal(c.Said.After, 1), c.Said.String())
	}
	b.WriteString(t.String() + "\n## How thoughts closed\n\n")
	t = newTable("arm", "closed", "before, of "+strconv.Itoa(n), "% [95 %]", "after, of "+strconv.Itoa(n), "% [95 %]")
	for _, c := range changes {
		for _, k := range c.Closings {
			name := k.How
			if name == "" {
				name = "no thought"
			}
			t.row(c.Arm.String(), name, strconv.Itoa(k.Before.Hits), k.Before.String(), strconv.Itoa(k.After.Hits), k.After.String())
		}
	}
	b.WriteString(t.String() + "\nFixed: not right before, right after; broken: the other way round. Intervals of shares are Wilson's, those of differences the paired\n" +
		"bootstrap over questions with 10,000 resamples. A difference whose interval holds 0 may be none.\n")
	if err := replace(filepath.Join(dir, "changes.md"), []byte(b.String())); err != nil {
		return err
	}
	j, err := json.MarshalIndent(changes, "", "  ")
	if err != nil {
		return fmt.Errorf("encode changes: %w", err)
	}
	return replace(filepath.Join(dir, "changes.json"), append(j, '\n'))
}

func (d Difference) String() string {
	return fmt.Sprintf("%+.1f [%+.1f, %+.1f]", d.Difference, d.Low, d.High)
}
