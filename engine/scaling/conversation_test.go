package scaling

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"s1/engine/trace"
)

func rowsFile(t *testing.T, lines ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "rows.jsonl")
	if err := os.WriteFile(path, []byte(strings.Join(lines, "\n")), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

const talk = `"messages":[{"role":"system","content":"be brief"},{"role":"user","content":"1+1?"},{"role":"assistant","content":"2","reasoning_content":"one more"}]`

func TestRowsOfMessagesAreQuestions(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, line string
		fields     Fields
		want       string // a part of the item as JSON-like text, or of the error
	}{
		{"the gold answer is the one expected where it was thought", `{` + talk + `,"provenance":{"session":"s","branch":"b","expected":" 2 "}}`, Fields{}, "{ID:s/b Prompt:1+1? Gold:2 Order: System:be brief Own:<nil>}"},
		{"a field of the row goes before it", `{"id":"x","answer":"3",` + talk + `,"provenance":{"session":"s","branch":"b","expected":"2"}}`, Fields{}, "{ID:x Prompt:1+1? Gold:3 Order: System:be brief Own:<nil>}"},
		{"without one it is no question to grade", `{` + talk + `}`, Fields{}, "neither a field of the row nor its provenance"},
		{"and may be one to compare", `{` + talk + `}`, Fields{Ungraded: true}, "{ID:1 Prompt:1+1? Gold: Order: System:be brief Own:<nil>}"},
		{"a talk of several turns is none", `{"answer":"1","messages":[{"role":"user","content":"a"},{"role":"assistant","content":"b"},{"role":"user","content":"c"}]}`, Fields{}, "2 turns of the user"},
		{"nor is what is no list", `{"answer":"1","messages":"a"}`, Fields{}, "not a list of role and content"},
		{"a question of its own goes before messages", `{"question":"q","answer":"1",` + talk + `}`, Fields{}, "{ID:1 Prompt:q Gold:1 Order: System: Own:<nil>}"},
		{"a budget of its own has to be there", `{` + talk + `,"provenance":{"session":"s","branch":"b","cap":3}}`, Fields{Own: true, Ungraded: true}, "no budget and sampling"},
		{"and has to be one", `{` + talk + `,"provenance":{"budget":{"cap":-7},"sampling":{}}}`, Fields{Own: true, Ungraded: true}, "a cap of -7"},
		{"with a draw that can be", `{` + talk + `,"provenance":{"budget":{},"sampling":{"temperature":-1}}}`, Fields{Own: true, Ungraded: true}, "temperature -1"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			q, err := ReadItems(rowsFile(t, tt.line), tt.fields, 0)
			got := fmt.Sprint(err)
			if err == nil {
				got = fmt.Sprintf("%+v", q.Items[0])
			}
			if !strings.Contains(got, tt.want) {
				t.Errorf("got %s\nwant %s", got, tt.want)
			}
		})
	}
}

// The method own asks each question as its row says: with its cap, its Waits, its sampling and its seed; and goes on where it was.
func TestQuestionsAreAskedAgainUnderTheirOwnBudgets(t *testing.T) {
	t.Parallel()
	m := mini(t)
	items := questions(3, 5)
	budgets := []trace.Budget{{Cap: 6, AnswerCap: 8, WaitText: "Wait"}, {Cap: -1, Waits: 2, AnswerCap: 8, WaitText: "Wait"}, {Cap: -1, AnswerCap: 8, WaitText: "Wait"}}
	for i := range items {
		items[i].Own = &Own{Budget: budgets[i], Sampling: trace.Sampling{Temperature: float64(i) / 2, Seed: uint64(40 + i)}}
	}
	items[2].Gold = ""
	plan := Plan{Methods: []string{MethodOwn}, Seed: 1}
	o := Options{Dir: t.TempDir()}
	r, err := Run(t.Context(), Local(m), plan, items, o)
	if err != nil {
		t.Fatal(err)
	}
	for i, rows := range r.Items {
		row := rows[0]
		p, err := (&runner{m: local{m}}).whole(t.Context(), trace.Ask{Prompt: items[i].Prompt, ThinkFormat: "auto", Budget: budgets[i], Sampling: items[i].Own.Sampling})
		if err != nil {
			t.Fatal(err)
		}
		if row.Seed != uint64(40+i) || row.Answer != p.answer() || row.Tokens != p.receipt.ThinkingTokens || row.Closed != string(p.receipt.Closed) || row.Waits != p.receipt.WaitsDone {
			t.Errorf("question %d: %+v, a run of its own %+v", i, row, p.receipt)
		}
	}
	if a, b, c := r.Items[0][0], r.Items[1][0], r.Items[2][0]; a.Closed != "cap" || a.Tokens > 6 || b.Waits == 0 || c.Outcome != OutcomeUnjudged || !r.Ungraded[items[2].ID] {
		t.Errorf("budgets were not kept: %+v, %+v, %+v", a, b, c)
	}
	again, err := Run(t.Context(), Local(m), plan, items, o)
	if err != nil || again.Resumed != 3 {
		t.Errorf("%d of 3 were found done: %v", again.Resumed, err)
	}
	items[0].Own.Budget.Cap = 7
	if _, err := Run(t.Context(), Local(m), plan, items, o); err == nil || !strings.Contains(err.Error(), "items_sha256") {
		t.Errorf("another budget went on with the same folder: %v", err)
	}
	items[1].Own = nil
	if _, err := Run(t.Context(), Local(m), plan, items, Options{}); err == nil || !strings.Contains(err.Error(), "question 2") {
		t.Errorf("a question without a budget: %v", err)
	}
}
