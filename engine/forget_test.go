package engine_test

import "testing"

func TestAForgottenRunCannotBeBranchedFromAndOthersCan(t *testing.T) {
	t.Parallel()
	m := scripted(t, nil, 1000)
	a, b := ask(t, m, question(20, 1)), ask(t, m, question(20, 2))
	want, _ := end(t, a)
	end(t, b)
	m.Forget(a.Run().ID)
	m.Forget("never")
	if _, ok := m.Run(a.Branch().ID); ok {
		t.Error("a forgotten run is still there")
	}
	if _, err := m.Branch(t.Context(), a.Branch().ID, 1, a.Branch().Budget, a.Branch().Sampling); err == nil {
		t.Error("a branch goes on from a forgotten run")
	}
	l, err := m.Branch(t.Context(), b.Branch().ID, 1, b.Branch().Budget, b.Branch().Sampling)
	if err != nil {
		t.Fatal(err)
	}
	end(t, l)
	if got, _ := end(t, a); len(got) != len(want) {
		t.Errorf("the log of a forgotten branch has %d tokens, it had %d", len(got), len(want))
	}
}
