package cli

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"
	"time"

	"s1/curate"
	tuiapp "s1/tui/app"
)

// stageAbout says in a few words what a stage does.
var stageAbout = map[string]string{
	"load": "rows read from the files", "hand": "decided by you", "complete": "rows that lack something", "clean": "s1's quality rules",
	"decontaminate": "questions of the test sets", "dedup": "equal and near questions", "difficulty": "what a model solves", "select": "the final draw", curate.TrainableStage: "with a thought and an answer",
	"trace": "thoughts of a model", "grade": "the answer against the solution", "domain": "a model names the field", curate.AttemptsStage: "what models make of it",
}

// byHand is how many rows of a run its user keeps, carried out already or not. They are counted anew when a decision has come.
type byHand struct {
	of   string // the file as it was counted, and the loaded rows
	kept int
}

// keptByHand counts them. A broken file is told of by the run itself.
func (l *looked) keptByHand(rec curate.Recipe, counts []curate.Count, folder string) int {
	info, err := os.Stat(rec.HandFile(folder))
	if err != nil || len(counts) == 0 {
		return 0
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if of := fmt.Sprint(info.Size(), info.ModTime(), counts[0].Key); l.hand.of != of {
		l.hand = byHand{of: of}
		if decided, err := curate.InHand(rec.HandFile(folder)); err == nil {
			l.hand.kept, _ = curate.KeptByHand(folder, decided) // nothing is loaded, or it is told of elsewhere
		}
	}
	return l.hand.kept
}

// stagesOf are the stages of a recipe in order: those that have ended with their counts, the others waiting. kept are the rows that a
// hand keeps.
func stagesOf(rec curate.Recipe, counts []curate.Count, folder string, kept int) (out []tuiapp.CurationStage) {
	names := []string{"load"}
	if _, err := os.Stat(rec.HandFile(folder)); err == nil || rec.Hand != "" {
		names = append(names, "hand")
	}
	done := map[string]curate.Count{}
	for _, c := range counts {
		done[c.Stage] = c
	}
	in := -1
	for _, name := range rec.Stages {
		if name == "difficulty" && len(rec.Difficulty.Models) > 0 {
			names = append(names, curate.AttemptsStage)
		}
		names = append(names, name)
	}
	if c := done[curate.TrainableStage]; c.Kept < c.In {
		names = append(names, curate.TrainableStage)
	}
	for _, name := range names {
		s := tuiapp.CurationStage{Name: name, About: stageAbout[name], State: "waiting", In: -1, Kept: -1, Of: in, Asks: asks(rec, name), Numbers: thresholds(rec, name)}
		if c, ok := done[name]; ok {
			s.State, s.In, s.Of, s.Kept, in = "done", c.In, c.In, c.Kept, c.Kept
			s.Unasked = c.Unasked
			s.Rules = rulesOf(c.Dropped)
		}
		if name == "hand" {
			for i := range s.Rules {
				s.Rules[i].Hand = true
			}
			if kept > 0 {
				s.Rules = append(s.Rules, tuiapp.CurationRule{Name: "kept by hand", Count: kept, Hand: true, Keeps: true})
			}
		}
		out = append(out, s)
	}
	return out
}

func rulesOf(dropped map[string]int) (rules []tuiapp.CurationRule) {
	for _, name := range slices.Sorted(maps.Keys(dropped)) {
		rules = append(rules, tuiapp.CurationRule{Name: name, Count: dropped[name]})
	}
	return rules
}

// underWay puts the newest event over the stage that it is about.
func underWay(stages []tuiapp.CurationStage, e curate.Event) {
	for i := range stages {
		s := &stages[i]
		if s.Name != e.Stage || s.State == "done" || e.State == "end" || e.State == "cached" {
			continue
		}
		s.State, s.In, s.Of, s.Rate, s.Rules = "running", e.Decided, e.In, e.Rate, rulesOf(e.Dropped)
		if e.In == 0 {
			s.Of = -1 // how many rows the files have is not known before their end
		}
		dropped := 0
		for _, n := range e.Dropped {
			dropped += n
		}
		s.Kept = e.Decided - dropped
		if left := e.In - e.Decided; left > 0 && e.Rate > 0 {
			s.Left = time.Duration(float64(left) / e.Rate * float64(time.Second)).Round(time.Second).String()
		}
	}
}

// tryableNumber is a number of a recipe that may be tried.
type tryableNumber struct {
	stage, name, about string
	is                 func(*curate.Recipe) any // a pointer to it
}

var tryable = []tryableNumber{
	{"decontaminate", "ngram", "words in a row", func(r *curate.Recipe) any { return &r.Decontaminate.NGram }},
	{"decontaminate", "strict", "also normalised, short and near", func(r *curate.Recipe) any { return &r.Decontaminate.Strict }},
	{"decontaminate", "jaccard", "of a near question, with strict", func(r *curate.Recipe) any { return &r.Decontaminate.Jaccard }},
	{"dedup", "near", "also near questions", func(r *curate.Recipe) any { return &r.Dedup.Near }},
	{"dedup", "jaccard", "of a near question, with near", func(r *curate.Recipe) any { return &r.Dedup.Jaccard }},
	{"select", "kind", "which rows are chosen", func(r *curate.Recipe) any { return &r.Select.Kind }},
	{"select", "n", "rows", func(r *curate.Recipe) any { return &r.Select.N }},
	{"select", "uniform", "rows until the weights hold", func(r *curate.Recipe) any { return &r.Select.Uniform }},
	{"select", "longmath", "tokens of a MATH row taken first", func(r *curate.Recipe) any { return &r.Select.LongMath }},
}

func thresholds(rec curate.Recipe, stage string) (out []tuiapp.CurationNumber) {
	for _, t := range tryable {
		if t.stage == stage {
			out = append(out, tuiapp.CurationNumber{Name: t.name, Value: fmt.Sprint(reflected(t.is(&rec))), About: t.about})
		}
	}
	return out
}

func reflected(p any) any {
	switch p := p.(type) {
	case *int:
		return *p
	case *bool:
		return *p
	case *float64:
		return *p
	case *string:
		return *p
	}
	return nil
}

// try puts another value into a recipe.
func try(rec *curate.Recipe, t tuiapp.CurationTry) (err error) {
	for _, n := range tryable {
		if n.stage != t.Stage || n.name != t.Name {
			continue
		}
		switch p := n.is(rec).(type) {
		case *int:
			*p, err = strconv.Atoi(t.Value)
		case *bool:
			*p, err = strconv.ParseBool(t.Value)
		case *float64:
			*p, err = strconv.ParseFloat(t.Value, 64)
		case *string:
			*p = t.Value
		}
		if err != nil {
			return fmt.Errorf("%s %s: %q is no value for it", t.Stage, t.Name, t.Value)
		}
		return nil
	}
	return fmt.Errorf("stage %s has no number %s to try", t.Stage, t.Name)
}
