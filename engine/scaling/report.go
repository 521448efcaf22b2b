package scaling

import (
	"bytes"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
)

// Source says what a sweep was about, for its report. Nothing in it depends on the machine or the time.
type Source struct {
	Model, ModelSHA256 string
	Data               string // its name
	DataSHA256         string // of the items as they were asked
	Command            string
	Version            string
	Judge              string
	Licence            string // of the questions; "" = not known
	LeftOut            string // about rows of the data that are no questions; "" = there are none
}

// methods gives the arms' methods, each once, in order.
func methods(points []Point) (names []string) {
	for _, p := range points {
		if !slices.Contains(names, p.Arm.Method) {
			names = append(names, p.Arm.Method)
		}
	}
	return names
}

// Report writes report.md, points.csv, plot.svg and plot.png into a folder.
func Report(dir string, r *Result, s Source) error {
	points := r.Points()
	figure := Figure{Title: fmt.Sprintf("%s, n = %d", s.Data, len(r.Items))}
	var metrics []Metrics
	for _, m := range methods(points) {
		texts := []string{""}
		if m == MethodWait {
			for _, text := range r.Plan.Texts[1:] {
				texts = append(texts, r.Plan.textName(text))
			}
		}
		for _, text := range texts {
			some := Of(points, m, text)
			name := m
			if text != "" {
				name += " " + text
			}
			figure.Series = append(figure.Series, Series{Name: name, Points: byTokens(some), Hollow: text != "" || m == MethodMajority})
			row := MetricsOf(m, some)
			row.Method = name
			metrics = append(metrics, row)
		}
	}
	var b strings.Builder
	fmt.Fprintf(&b, "# Accuracy against thinking tokens\n\n")
	sourceLines(&b, r, s)
	fmt.Fprintf(&b, "\n![accuracy against thinking tokens](plot.svg)\n\n## Arms\n\n%s\n", pointsTable(points))
	b.WriteString("Right is only what the judge calls right; empty, cut, unparsed and failed answers are counted each for themselves and never as\nwrong. Tokens are those really spent on thinking, of all samples of a vote together; of rejection sampling, those of the accepted\nsamples.\n\n")
	fmt.Fprintf(&b, "## Question by question\n\n%s\n", pairsTable(points, Baseline(points), r.Plan.Seed))
	b.WriteString("Intervals: bootstrap over questions, 10,000 resamples. Fixed: not right there, right here; broken: the other way round.\n\n")
	fmt.Fprintf(&b, "## The paper's metrics\n\n%s\n", metricsTable(metrics))
	b.WriteString("Scaling is the mean slope over all pairs of runs against log2 of the mean thinking tokens. Control of Waits: more Waits spend no less.\n")
	var csv bytes.Buffer
	if err := WriteCSV(&csv, points); err != nil {
		return err
	}
	if err := replace(filepath.Join(dir, "points.csv"), csv.Bytes()); err != nil {
		return err
	}
	if err := writeFigure(dir, "plot", figure); err != nil {
		return err
	}
	return replace(filepath.Join(dir, "report.md"), []byte(b.String()))
}

func writeFigure(dir, name string, f Figure) error {
	for _, format := range []string{"svg", "png"} {
		img, err := f.Draw(format)
		if err != nil {
			return err
		}
		if err := replace(filepath.Join(dir, name+"."+format), img); err != nil {
			return err
		}
	}
	return nil
}

// Baseline is what the others are compared with: no forcing, else no Wait, else the first arm.
func Baseline(points []Point) Point {
	for _, a := range []Arm{{MethodNone, -1, ""}, {MethodWait, 0, ""}} {
		if p, ok := find(points, a); ok {
			return p
		}
	}
	return points[0]
}

func sourceLines(b *strings.Builder, r *Result, s Source) {
	t := newTable("", "")
	t.row("model", fmt.Sprintf("%s (sha256 %s)", s.Model, s.ModelSHA256))
	t.row("questions", fmt.Sprintf("%d from %s (sha256 as asked %s)", len(r.Items), s.Data, s.DataSHA256))
	if s.Licence != "" {
		t.row("licence", s.Licence)
	}
	if s.LeftOut != "" {
		t.row("left out", s.LeftOut)
	}
	t.row("judge", s.Judge)
	t.row("seed", fmt.Sprint(r.Plan.Seed))
	t.row("sampling", fmt.Sprintf("temperature %g; samples of votes and rejection at %g", r.Plan.Sampling.Temperature, r.Plan.Temperature))
	t.row("s1", s.Version)
	t.row("command", s.Command)
	b.WriteString(t.String())
}
