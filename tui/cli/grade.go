package cli

import (
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"s1/engine/grade"
	"s1/engine/spelling"
)

// gradeFlags say what is compared and by which policies.
type gradeFlags struct {
	pred, gold           string
	predField, goldField string
	preset               string
	with, without        []string
	tolerance            float64
}

func (a *app) gradeCommand() *cobra.Command {
	var f gradeFlags
	cmd := &cobra.Command{
		Use: "grade [PRED GOLD]", Short: "Whether an answer equals the known one, and why",
		Long: "Finds the answer in PRED (- = stdin), reads both as mathematics, and says by which rule they are equal or not. With --pred and --gold it\n" +
			"grades two JSONL files, line by line, or by \"id\" where every line of both has one. What cannot be read is unparsed, never wrong in silence.\n" +
			"An answer that starts with a minus sign comes after two: s1 grade -- -5 5",
		Example: "  s1 grade 'so it is \\boxed{\\frac{2}{4}}' 0.5\n  s1 grade --pred answers.jsonl --gold test.jsonl --json",
		Args:    cobra.MaximumNArgs(2),
		RunE: func(_ *cobra.Command, args []string) error {
			p, err := f.policies()
			if err != nil {
				return err
			}
			files := f.pred != "" || f.gold != ""
			switch {
			case files && len(args) > 0:
				return usagef("grade takes two answers or two files, not both: %d answers and --pred %q --gold %q", len(args), f.pred, f.gold)
			case files && (f.pred == "" || f.gold == ""):
				return usagef("grade takes --pred FILE and --gold FILE together")
			case files:
				return a.gradeFiles(f, p)
			case len(args) != 2:
				return usagef("grade takes a prediction and the known answer, or --pred FILE --gold FILE")
			}
			return a.gradeOne(args[0], args[1], p)
		},
	}
	cmd.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		if strings.HasPrefix(err.Error(), "unknown shorthand flag") {
			return usagef("%w; an answer that starts with - comes after --: s1 grade -- -5 5", err)
		}
		return flagError(cmd, err)
	})
	p := cmd.Flags()
	p.StringVar(&f.pred, "pred", "", "a JSONL file of predictions")
	p.StringVar(&f.gold, "gold", "", "a JSONL file of known answers")
	p.StringVar(&f.predField, "pred-field", "", "field of a prediction; empty = the first there is of "+strings.Join(predFields, ", "))
	p.StringVar(&f.goldField, "gold-field", "", "field of a known answer; empty = the first there is of "+strings.Join(goldFields, ", "))
	p.StringVar(&f.preset, "policy", "default", "policies of a known grader: "+strings.Join(presetNames(), ", "))
	p.StringSliceVar(&f.with, "with", nil, "policies to switch on: "+strings.Join(switchNames(), ", "))
	p.StringSliceVar(&f.without, "without", nil, "policies to switch off")
	p.Float64Var(&f.tolerance, "tolerance", 0, "relative difference of numbers that is none; 0 = exact, or the preset's")
	return cmd
}

func presetNames() []string {
	var names []string
	for _, p := range grade.Presets() {
		names = append(names, p.Name)
	}
	return names
}

func switchNames() []string {
	var names []string
	p := grade.Default()
	for _, s := range p.Switches() {
		names = append(names, s.Name)
	}
	return names
}

// policies is the preset with the switches the user turned.
func (f *gradeFlags) policies() (grade.Policies, error) {
	p, ok := grade.PresetNamed(f.preset)
	if !ok {
		return p, usagef("--policy %q: one of %q%s", f.preset, presetNames(), spelling.Hint(f.preset, presetNames()))
	}
	for _, turn := range []struct {
		flag  string
		names []string
		on    bool
	}{{"--with", f.with, true}, {"--without", f.without, false}} {
		for _, name := range turn.names {
			if err := p.Set(name, turn.on); err != nil {
				return p, usagef("%s %w%s", turn.flag, err, spelling.Hint(name, switchNames()))
			}
		}
	}
	if !(f.tolerance >= 0 && f.tolerance < 1) {
		return p, usagef("--tolerance %v: from 0 (exact) to below 1", f.tolerance)
	}
	if f.tolerance > 0 {
		p.Tolerance = f.tolerance
	}
	return p, nil
}

// mostStdin bounds what is read from stdin, in bytes.
const mostStdin = 16 << 20

func (a *app) gradeOne(pred, gold string, p grade.Policies) error {
	if pred == "-" {
		b, err := io.ReadAll(io.LimitReader(a.in, mostStdin))
		if err != nil {
			return fmt.Errorf("read the prediction from stdin: %w", err)
		}
		pred = string(b)
	}
	v := grade.Grade(pred, gold, p)
	if a.json {
		return a.printJSON(verdictLine(v))
	}
	return a.explain(v)
}

// gradeLine is a verdict in JSON.
type gradeLine struct {
	ID        string        `json:"id,omitempty"`
	Verdict   grade.Outcome `json:"verdict"`
	Rule      string        `json:"rule"`
	Extracted string        `json:"extracted"`
	Gold      string        `json:"gold"`
	Read      string        `json:"read"`
	GoldRead  string        `json:"gold_read"`
	Why       string        `json:"why"`
	Policies  []string      `json:"policies"`
}

func verdictLine(v grade.Verdict) gradeLine {
	return gradeLine{Verdict: v.Verdict, Rule: v.Rule, Extracted: v.Extracted, Gold: v.Gold, Read: v.Read, GoldRead: v.GoldRead, Why: v.Why, Policies: v.Policies.Names()}
}

// widest is how much of an answer is shown on a line.
const widest = 400

// explain says a verdict to a person.
func (a *app) explain(v grade.Verdict) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n", v.Verdict)
	row := func(name, text, note string) {
		if text == "" {
			text = "(nothing)"
		}
		fmt.Fprintf(&b, "  %-9s %s", name, safeLine(text, widest))
		if note != "" {
			fmt.Fprintf(&b, "   (%s)", note)
		}
		b.WriteByte('\n')
	}
	row("found", v.Extracted, v.Found)
	if v.Read != "" && v.Read != v.Extracted {
		row("read as", v.Read, "")
	}
	row("known", v.Gold, "")
	if v.GoldRead != "" && v.GoldRead != v.Gold {
		row("read as", v.GoldRead, "")
	}
	row("decided", v.Why, v.Decided)
	row("policies", strings.Join(v.Policies.Names(), ", "), "")
	_, err := io.WriteString(a.out, b.String())
	return err
}
