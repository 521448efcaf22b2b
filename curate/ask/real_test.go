package ask

import (
	"strconv"
	"testing"

	"s1/curate/llm"
	"s1/engine/enginetest"
	"s1/engine/remote"
)

func TestRealServerTracesAndGrades(t *testing.T) {
	word := enginetest.Llama(t)
	names, err := remote.List(t.Context(), word, remote.Options{})
	if err != nil || len(names) == 0 {
		t.Fatal(names, err)
	}
	caller, err := remote.NewCaller(word+"#"+names[0], remote.Options{})
	if err != nil {
		t.Fatal(err)
	}
	c, err := llm.Open(llm.Server(caller), llm.Options{Dir: t.TempDir(), Concurrency: 2})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	var rows []Row
	for i := range 5 {
		rows = append(rows, Row{ID: strconv.Itoa(i), Question: "What is " + strconv.Itoa(i+2) + " plus 30?", Solution: strconv.Itoa(i + 32)})
	}
	dir, graded := t.TempDir(), t.TempDir()
	if n, err := Run(t.Context(), Trace(c, llm.Request{Thinking: 64, Answer: 64}, 1, 1), seq(rows), dir, 2); err != nil || n.Decided != 5 {
		t.Fatal(n, err)
	}
	for id, r := range results(t, dir) {
		i, _ := strconv.Atoi(id)
		rows[i].Attempt = r.Samples[0].Attempt
	}
	n, err := Run(t.Context(), Grades(Grader{}, 1), seq(rows), graded, 2)
	if err != nil || n.Decided != 5 {
		t.Fatal(n, err)
	}
	t.Logf("%+v; spent %+v", n, c.Spent())
}
