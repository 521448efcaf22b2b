package scaling

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"

	"s1/engine/records"
)

// maxChoices is how many letters there are.
const maxChoices = 26

// choice puts the choices of a row below its question, in the form of the paper's own GPQA task, and makes the right answer a
// letter. A file in which the right choice is always the first says nothing about a model that likes to say A, so the order is
// drawn anew for every question.
func (f Fields) choice(it Item, row records.Row) (Item, error) {
	choices, right, err := f.choices(it.Gold, row)
	if err != nil {
		return it, err
	}
	if len(choices) < 2 || len(choices) > maxChoices {
		return it, fmt.Errorf("it has %d choices, want 2 to %d", len(choices), maxChoices)
	}
	for i, c := range choices {
		if choices[i] = strings.TrimSpace(c); choices[i] == "" {
			return it, fmt.Errorf("choice %s is empty", letter(i))
		}
		if at := slices.Index(choices[:i], choices[i]); at >= 0 {
			return it, fmt.Errorf("choices %s and %s are the same", letter(at), letter(i))
		}
	}
	var b, order strings.Builder
	b.WriteString(strings.TrimSpace(it.Prompt) + "\n")
	for place, from := range f.order(it.ID, len(choices)) {
		fmt.Fprintf(&b, "\n%s) %s", letter(place), choices[from])
		order.WriteString(letter(from))
		if from == right {
			it.Gold = letter(place)
		}
	}
	it.Prompt, it.Order = b.String(), order.String()
	return it, nil
}

func letter(i int) string { return string(rune('A' + i)) }

// order says which choice of the file stands at each place. It depends on the question's id and the seed, and neither on the
// other questions nor on the sampling, so that runs compare.
func (f Fields) order(id string, n int) []int {
	if f.Shuffle == 0 {
		order := make([]int, n)
		for i := range order {
			order[i] = i
		}
		return order
	}
	sum := sha256.Sum256(fmt.Appendf(nil, "choices %d %s", f.Shuffle, id))
	return rand.New(rand.NewPCG(binary.LittleEndian.Uint64(sum[:]), binary.LittleEndian.Uint64(sum[8:]))).Perm(n)
}

// choices are those of the row as they are in the file, and which of them is right.
func (f Fields) choices(gold string, row records.Row) (choices []string, right int, err error) {
	if len(f.Wrong) > 0 {
		choices = []string{gold}
		for _, name := range f.Wrong {
			s, ok := row.Text(name)
			if !ok || strings.TrimSpace(s) == "" {
				return nil, 0, fmt.Errorf("it has no field %q with a wrong choice; its fields are %s", name, row.Names())
			}
			choices = append(choices, s)
		}
		return choices, 0, nil
	}
	list, ok := row.Fields[f.Choices].([]any)
	if !ok {
		return nil, 0, fmt.Errorf("it has no field %q with a list of choices; its fields are %s", f.Choices, row.Names())
	}
	texts := true
	for i, v := range list {
		s, ok := (records.Row{Fields: map[string]any{"": v}}).Text("")
		if !ok {
			return nil, 0, fmt.Errorf("choice %d in %q is a %T, want a text or a number", i+1, f.Choices, v)
		}
		_, text := v.(string)
		texts = texts && text
		choices = append(choices, s)
	}
	right, err = rightOf(choices, gold, texts && isNumber(row.Fields[f.Answer]))
	return choices, right, err
}

// rightOf finds the right choice: where the answer is a number and the choices are texts it counts them from 0, as MMLU has
// it; else it is the choice's text or its letter. One that could be both, and mean two choices, is not guessed at.
func rightOf(choices []string, gold string, counts bool) (int, error) {
	gold = strings.TrimSpace(gold)
	if counts {
		for i := range choices {
			if fmt.Sprint(i) == gold {
				return i, nil
			}
		}
		return 0, fmt.Errorf("the answer is the number %s, and there are %d choices, counted from 0", gold, len(choices))
	}
	text := slices.IndexFunc(choices, func(c string) bool { return strings.TrimSpace(c) == gold })
	named := -1
	if len(gold) == 1 && gold[0] >= 'A' && int(gold[0]-'A') < len(choices) {
		named = int(gold[0] - 'A')
	}
	switch {
	case text < 0 && named < 0:
		return 0, fmt.Errorf("the answer %.80q is none of the %d choices, and no letter of one", gold, len(choices))
	case text >= 0 && named >= 0 && text != named:
		return 0, fmt.Errorf("the answer %q is the text of choice %s and the letter of another", gold, letter(text))
	case text >= 0:
		return text, nil
	}
	return named, nil
}

func isNumber(v any) bool {
	switch v.(type) {
	case json.Number, int64, float64:
		return true
	}
	return false
}
