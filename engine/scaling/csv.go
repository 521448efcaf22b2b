package scaling

import (
	"encoding/csv"
	"io"
	"strconv"
)

// WriteCSV writes the points as a table for other programs. Percentages have two decimals, tokens one.
func WriteCSV(w io.Writer, points []Point) error {
	c := csv.NewWriter(w)
	head := []string{"method", "budget", "text", "n", "right_percent", "low", "high", "thinking_tokens", "tokens_alone", "tries", "coverage_percent"}
	for _, o := range Outcomes() {
		head = append(head, string(o))
	}
	head = append(head, "budget_kept")
	if err := c.Write(head); err != nil {
		return err
	}
	f := func(x float64, decimals int) string { return strconv.FormatFloat(x, 'f', decimals, 64) }
	for _, p := range points {
		row := []string{
			p.Arm.Method, strconv.Itoa(p.Arm.Budget), p.Arm.Text, strconv.Itoa(p.Accuracy.N), f(p.Accuracy.Percent, 2), f(p.Accuracy.Low, 2), f(p.Accuracy.High, 2),
			f(p.Tokens, 1), f(p.Alone, 1), f(p.Tries, 2), "",
		}
		if p.Coverage != nil {
			row[len(row)-1] = f(p.Coverage.Percent, 2)
		}
		for _, o := range Outcomes() {
			row = append(row, strconv.Itoa(p.Outcomes[o]))
		}
		row = append(row, p.Kept())
		if err := c.Write(row); err != nil {
			return err
		}
	}
	c.Flush()
	return c.Error()
}
