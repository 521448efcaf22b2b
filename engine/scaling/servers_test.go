package scaling

import (
	"context"
	"fmt"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"s1/engine/enginetest"
	"s1/engine/remote"
)

// minded is the script that a model of this machine and the servers of a test share.
func minded(v *enginetest.Vocab) enginetest.Script {
	return enginetest.ASCII(v, enginetest.Random(v, 7))
}

// serve starts a server with that model.
func serve(t testing.TB, change func(*enginetest.Server)) (*enginetest.Server, string) {
	t.Helper()
	v := enginetest.NewVocab()
	s := &enginetest.Server{Name: "scripted", Vocab: v, Script: minded(v), Context: 600}
	if change != nil {
		change(s)
	}
	at := httptest.NewServer(s)
	t.Cleanup(at.Close)
	return s, at.URL + "/v1"
}

func noWait(ctx context.Context, _ time.Duration) error { return ctx.Err() }

// fleetOf is the crew of servers; nothing waits by the clock.
func fleetOf(t testing.TB, o ServerOptions, words ...string) *Crew {
	t.Helper()
	c, end, err := Servers(t.Context(), words, impatient(o))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(end)
	return c
}

func impatient(o ServerOptions) ServerOptions {
	if o.Options == nil {
		o.Options = func(string) remote.Options { return remote.Options{Retries: 2, Sleep: noWait} }
	}
	if o.Pool.Sleep == nil {
		o.Pool.Sleep = noWait
	}
	return o
}

func asked(n int) []Item {
	items := make([]Item, n)
	for i := range items {
		items[i] = Item{ID: fmt.Sprint("q", i), Prompt: fmt.Sprint("the number", i), Gold: "7"}
	}
	return items
}

// bare leaves out what says that a server did it.
func bare(items [][]Row) [][]Row {
	out := make([][]Row, len(items))
	for i, rows := range items {
		out[i] = slices.Clone(rows)
		for k := range out[i] {
			out[i][k].Badge, out[i][k].server = "", ""
		}
	}
	return out
}

func sameRows(t *testing.T, got, want [][]Row, items []Item) {
	t.Helper()
	different := 0
	for i := range want {
		for k := range want[i] {
			if !reflect.DeepEqual(got[i][k], want[i][k]) {
				if different++; different < 4 {
					t.Errorf("item %s, %s:\n got %+v\nwant %+v", items[i].ID, want[i][k].Arm(), got[i][k], want[i][k])
				}
			}
		}
	}
	if different > 0 {
		t.Errorf("%d rows differ", different)
	}
}

// What several servers answer under every arm is what this machine answers with the same model, row by row: the same forks, the
// same tokens, the same costs.
func TestServersAnswerAsThisMachineDoes(t *testing.T) {
	t.Parallel()
	_, a := serve(t, nil)
	_, b := serve(t, nil)
	p := Plan{
		Methods: []string{MethodNone, MethodCap, MethodWait, MethodExit, MethodClass, MethodTokensBF, "s1-readme", "s1-harness"},
		Caps:    []int{0, 1, 2, 5, 17, 65}, Waits: []int{0, 1, 2}, Texts: []string{"Wait", ""}, Stays: []int{2}, Every: 8, AnswerCap: 24, Seed: 3, Limit: 120,
	}
	items := asked(12)
	here, err := Run(t.Context(), Local(scripted(t, minded)), p, items, Options{})
	if err != nil {
		t.Fatal(err)
	}
	crew := fleetOf(t, ServerOptions{}, a, b)
	there, err := Run(t.Context(), crew, p, items, Options{})
	if err != nil {
		t.Fatal(err)
	}
	sameRows(t, bare(there.Items), here.Items, items)
	done := 0
	for _, h := range there.Servers {
		done += h.Done
	}
	if done != len(items) || !strings.Contains(crew.Keeping(), "2 servers, completions by ids, budget exact: one trace") {
		t.Errorf("%+v, %q", there.Servers, crew.Keeping())
	}
	for _, rows := range there.Items {
		for _, r := range rows {
			if r.Badge != "exact" {
				t.Fatalf("badge %q: %+v", r.Badge, r)
			}
		}
	}
}
