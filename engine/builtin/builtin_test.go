package builtin

import (
	"errors"
	"strings"
	"testing"

	"s1/engine"
	"s1/engine/builtin/tape"
	"s1/engine/trace"
)

// What is tested here holds for any weights of the shape, trained or not.

const weightLimit = 4 << 20 // bytes in the program

func open(t testing.TB) *engine.Model {
	t.Helper()
	m, err := Open(t.Context(), engine.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := m.Close(); err != nil {
			t.Error(err)
		}
	})
	return m
}

func TestTheFolderIsTheModelOfTheTape(t *testing.T) {
	t.Parallel()
	w, err := Weights()
	if err != nil {
		t.Fatal(err)
	}
	if w.Parameters() != 818_048 || w.Bytes() > weightLimit {
		t.Errorf("%d parameters in %d bytes", w.Parameters(), w.Bytes())
	}
	tok, err := engine.TokenizerOf(w)
	if err != nil {
		t.Fatal(err)
	}
	defer tok.Close()
	for id, text := range tape.Tokens() {
		if got := string(tok.Piece(int32(id))); got != text {
			t.Errorf("token %d is %q, want %q", id, got, text)
		}
	}
	if ids, err := tok.Encode("Wait", false); err != nil || len(ids) != 1 || ids[0] != tape.Wait {
		t.Errorf("Wait is %v, %v", ids, err)
	}
}

// run asks, waits for the end, and gives the log.
func run(t testing.TB, m *engine.Model, a trace.Ask) (*engine.Live, []trace.Event) {
	t.Helper()
	live, err := m.Ask(t.Context(), a)
	if err != nil {
		t.Fatal(err)
	}
	for {
		events, ended := live.Log().Since(0)
		if ended {
			if e := events[len(events)-1]; e.Err != nil {
				t.Fatal(e.Err)
			}
			return live, events
		}
		if err := live.Log().Wait(t.Context(), len(events)); err != nil {
			t.Fatal(err)
		}
	}
}

func TestWordsBecomeTheTapeAndTheAnswerIsKnown(t *testing.T) {
	t.Parallel()
	m := open(t)
	live, _ := run(t, m, trace.Ask{Prompt: " 316 plus 275, divided by 3 × 3 ", Budget: trace.Budget{Cap: 8, AnswerCap: 8}})
	r := live.Run()
	if r.Prompt != "316,+275,/3,*3" || r.Expected != "591" || r.Rendered != "316,+275,/3,*3<think>" || r.ThinkFormat != "tape" {
		t.Errorf("run %+v", r)
	}
	if r.PromptIDs[len(r.PromptIDs)-1] != tape.Think || tape.Text(r.PromptIDs) != r.Rendered {
		t.Errorf("prompt ids %v", r.PromptIDs)
	}
	for _, text := range []string{"what is love?", "2", "7/2", "9999+1", ""} {
		var u *trace.Unsuitable
		_, err := m.Ask(t.Context(), trace.Ask{Prompt: text, Budget: trace.Budget{Cap: 8, AnswerCap: 8}})
		if text == "" {
			if err == nil {
				t.Error("an empty prompt passed")
			}
			continue
		}
		if !errors.As(err, &u) || u.Says == "" || strings.ContainsAny(u.Says, "\n") {
			t.Errorf("%q: %v", text, err)
			continue
		}
		if _, _, err := Question(u.Example); err != nil {
			t.Errorf("%q: its example %q: %v", text, u.Example, err)
		}
	}
}

func TestTheOrderIsSaidWhereItMatters(t *testing.T) {
	t.Parallel()
	for words, want := range map[string]string{
		"2+3*4":                 "left to right, as on a pocket calculator: 2,+3,*4 is 20 here; with * and / first it would be 14",
		"3 plus 5 divided by 2": "3,+5,/2 is 4 here; with * and / first it would be 11/2",
		"2*3+4":                 "",
		"2+3":                   "",
		"what is love?":         "",
	} {
		if got := Order(words); !strings.Contains(got, want) || want == "" && got != "" {
			t.Errorf("%q: %q, want %q", words, got, want)
		}
	}
}

func TestTheCapIsFedTheBareCloseAndWaitIsOneToken(t *testing.T) {
	t.Parallel()
	m := open(t)
	for _, thought := range []int{0, 1, 7} {
		_, events := run(t, m, trace.Ask{Prompt: "37,*5,+61,-88,/2", Budget: trace.Budget{Cap: thought, WaitText: "Wait", AnswerCap: 4}})
		var forced []int32
		for _, e := range events {
			if e.Kind == trace.EventToken && e.Token.Origin == trace.OriginForced {
				forced = append(forced, e.Token.ID)
			}
		}
		if r := events[len(events)-1].Receipt; r.ThinkingTokens != thought || len(forced) != 1 || forced[0] != tape.EndThink {
			t.Errorf("cap %d: %d thinking tokens, forced %v", thought, r.ThinkingTokens, forced)
		}
	}
	live, events := run(t, m, trace.Ask{Prompt: "37,*5,+61,-88,/2", Budget: trace.Budget{Cap: 6, WaitText: "Wait", AnswerCap: 4}})
	at := 0
	for _, e := range events {
		if e.Kind == trace.EventToken && e.Token.Counted {
			at = e.Token.Index + 1
		}
	}
	grown, err := m.Branch(t.Context(), live.Branch().ID, at, trace.Budget{Cap: 20, WaitText: "Wait", AnswerCap: 4}, trace.Sampling{}, trace.Command{Kind: trace.CommandWait, Text: "Wait"})
	if err != nil {
		t.Fatal(err)
	}
	if err := grown.Log().Wait(t.Context(), at+2); err != nil {
		t.Fatal(err)
	}
	for ended := false; !ended; {
		events, ended = grown.Log().Since(0)
		_ = grown.Log().Wait(t.Context(), len(events))
	}
	var injected []int32
	for _, e := range events {
		if e.Kind == trace.EventToken && e.Token.Origin == trace.OriginInjected {
			injected = append(injected, e.Token.ID)
		}
	}
	if len(injected) != 1 || injected[0] != tape.Wait {
		t.Errorf("injected %v, want Wait alone: what follows it is the model's", injected)
	}
}

func TestExamplesAreAHundredDifferentProblems(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, e := range Examples(Offered) {
		canonical, expected, err := Question(e)
		if err != nil || canonical != e || expected == "" || seen[e] {
			t.Errorf("example %q: %q, %q, %v, seen before: %v", e, canonical, expected, err, seen[e])
		}
		seen[e] = true
	}
	if len(seen) != Offered || Examples(1)[0] != Examples(Offered)[0] {
		t.Errorf("%d examples", len(seen))
	}
}

func TestARestoredRunKnowsItsAnswerAgain(t *testing.T) {
	t.Parallel()
	m := open(t)
	live, _ := run(t, m, trace.Ask{Prompt: "2+3", Budget: trace.Budget{Cap: 4, AnswerCap: 4}})
	r := live.Run()
	r.ID, r.Expected = "another", ""
	lives, err := m.Restore(r, []trace.Saved{{Branch: trace.Branch{ID: "another.1"}}})
	if err != nil {
		t.Fatal(err)
	}
	if got := lives[0].Run().Expected; got != "5" {
		t.Errorf("expected %q after restoring", got)
	}
}
