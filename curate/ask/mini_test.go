package ask

import (
	"bufio"
	"encoding/json"
	"iter"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"s1/curate/llm"
	"s1/engine"
	"s1/engine/builtin"
	"s1/train/dataset"
)

func results(t *testing.T, dir string) map[string]Result {
	t.Helper()
	f, err := os.Open(filepath.Join(dir, "results.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	all := map[string]Result{}
	for lines := bufio.NewScanner(f); lines.Scan(); {
		var r Result
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			t.Fatal(err)
		}
		if _, twice := all[r.ID]; twice {
			t.Errorf("row %s is there twice", r.ID)
		}
		all[r.ID] = r
	}
	return all
}

func seq(rows []Row) iter.Seq2[Row, error] {
	return func(yield func(Row, error) bool) {
		for _, r := range rows {
			if !yield(r, nil) {
				return
			}
		}
	}
}

func TestMiniTracesGradesAndFindsDifficulty(t *testing.T) {
	t.Parallel()
	m, err := builtin.Open(t.Context(), engine.Options{Weights: "exact"})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	c, err := llm.Open(llm.Local(m, m.Forget), llm.Options{Dir: t.TempDir(), Concurrency: 8})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	var rows []Row
	for i, p := range dataset.TestProblems(7, 40, 2, 8, 999) {
		rows = append(rows, Row{ID: strconv.Itoa(i), Question: p.String(), Solution: strconv.Itoa(p.Answer())})
	}
	base := llm.Request{Thinking: 512, Answer: 16, Format: "auto", Temperature: 1}
	dir := t.TempDir()
	if n, err := Run(t.Context(), Trace(c, base, 1, 1), seq(rows), dir, 8); err != nil || n.Decided != 40 {
		t.Fatal(n, err)
	}
	for id, r := range results(t, dir) {
		i, _ := strconv.Atoi(id)
		if rows[i].Attempt = r.Samples[0].Attempt; r.Samples[0].Thinking == "" {
			t.Errorf("%s: no thought", rows[i].Question)
		}
	}
	graded := t.TempDir()
	if n, err := Run(t.Context(), Grades(Grader{}, 1), seq(rows), graded, 8); err != nil || n.Decided != 40 {
		t.Fatal(n, err)
	}
	right := 0
	for _, r := range results(t, graded) {
		if r.Grade.Verdict == "correct" {
			right++
		}
	}
	if right < 12 || right > 38 {
		t.Errorf("%d of 40 right", right)
	}
	sent := c.Spent().Requests
	hard := t.TempDir()
	if n, err := Run(t.Context(), Difficulty([]Try{{c, base}}, 1, Grader{}, 1), seq(rows), hard, 8); err != nil || n.Decided != 40 {
		t.Fatal(n, err)
	}
	wrong := 0
	for _, r := range results(t, hard) {
		if r.AllWrong != nil && *r.AllWrong {
			wrong++
		}
	}
	if c.Spent().Requests != sent {
		t.Errorf("the same attempts were asked for again: %d requests after %d", c.Spent().Requests, sent)
	}
	t.Logf("%d of 40 right, %d all wrong, %d requests", right, wrong, sent)
	if n, err := Run(t.Context(), Trace(c, base, 1, 1), seq(rows), dir, 8); err != nil || n.Before != 40 {
		t.Errorf("a second run: %+v, %v", n, err)
	}
}
