package scaling

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"s1/engine/enginetest"
	"s1/engine/remote"
)

// sums are questions a small model can hardly answer, but thinks about: what is measured here is the sweep and not the model.
func sums(n int) []Item {
	items := make([]Item, n)
	for i := range items {
		a, b, c := 11+7*i, 3+5*i, 2+i%4
		items[i] = Item{ID: fmt.Sprintf("sum-%02d", i), Prompt: fmt.Sprintf("A box holds %d red and %d blue marbles. How many marbles are in %d boxes?", a, b, c), Gold: fmt.Sprint((a + b) * c)}
	}
	return items
}

// sweptOver sweeps into a folder of its own and returns what is written there about answers. before is called with every item that is
// done.
func sweptOver(t *testing.T, words []string, p Plan, items []Item, before func(done int)) (r *Result, rows []byte, receipts map[string]receipt) {
	t.Helper()
	crew, end, err := Servers(t.Context(), words, ServerOptions{Parallel: 2, Patience: time.Minute, Options: func(string) remote.Options {
		return remote.Options{Retries: -1, Pause: 100 * time.Millisecond}
	}})
	if err != nil {
		t.Fatal(err)
	}
	defer end()
	if !crew.Shares() || !strings.Contains(crew.Keeping(), "budget exact") {
		t.Fatal(crew.Keeping())
	}
	dir := t.TempDir()
	done := 0
	if r, err = Run(t.Context(), crew, p, items, Options{Dir: dir, Finished: func(int, []Row) {
		if done++; before != nil {
			before(done)
		}
	}}); err != nil {
		t.Fatal(err)
	}
	if rows, err = os.ReadFile(filepath.Join(dir, "items.jsonl")); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(filepath.Join(dir, receiptsName))
	if err != nil {
		t.Fatal(err)
	}
	receipts = map[string]receipt{}
	for line := range bytes.Lines(b) {
		var x receipt
		if err := json.Unmarshal(line, &x); err != nil {
			t.Fatal(err)
		}
		if _, twice := receipts[x.Item]; twice {
			t.Errorf("%s has two receipts", x.Item)
		}
		receipts[x.Item] = x
	}
	return r, rows, receipts
}

// A greedy sweep over two real llama.cpp servers is the sweep over one of them, byte by byte, every budget kept exactly; and it is
// so too when one of the two is killed in the middle of it.
func TestRealSweepOverTwoLlamaServersIsThatOverOne(t *testing.T) {
	one, _ := enginetest.MortalLlama(t)
	two, kill := enginetest.MortalLlama(t)
	p := Plan{Methods: []string{MethodCap}, Caps: []int{0, 64, 128}, AnswerCap: 8, Seed: 1}
	items := sums(20)
	arms := len(p.Caps)
	alone, want, exact := sweptOver(t, []string{one}, p, items, nil)
	for _, x := range []struct {
		name string
		at   func(done int)
	}{
		{"undisturbed", nil},
		{"one of them killed", func() func(int) {
			once := sync.OnceFunc(kill)
			return func(done int) {
				if done == 6 {
					once()
				}
			}
		}()},
	} {
		r, rows, receipts := sweptOver(t, []string{one, two}, p, items, x.at)
		if !bytes.Equal(rows, want) {
			sameRows(t, bare(r.Items), bare(alone.Items), items)
			t.Errorf("%s: other rows than those over one server", x.name)
		}
		by := map[string]int{}
		for _, of := range []map[string]receipt{exact, receipts} {
			for _, it := range items {
				if got := of[it.ID]; got.Budget["exact"] != arms || len(got.Budget) != 1 {
					t.Errorf("%s: %s has the receipt %+v, want %d exact", x.name, it.ID, got, arms)
				}
			}
		}
		for _, got := range receipts {
			by[got.Server]++
		}
		if len(receipts) != len(items) || by[one] == 0 || by[two] == 0 || by[one]+by[two] != len(items) {
			t.Errorf("%s: who did what is %v", x.name, by)
		}
		if x.at != nil && by[two] > 8 {
			t.Errorf("%s: %d questions are by the server that was killed after six", x.name, by[two])
		}
		capped := 0
		for _, rows := range r.Items {
			for _, row := range rows {
				if row.Outcome == OutcomeError || row.Tokens > row.Budget {
					t.Errorf("%s: %+v", x.name, row)
				}
				if row.Closed == "cap" && row.Budget > 0 {
					capped++
				}
			}
		}
		if capped == 0 || capped == 2*len(items) {
			t.Errorf("%s: %d of %d thoughts were capped, want some and not all: the test does not test it", x.name, capped, 2*len(items))
		}
		for _, h := range r.Servers {
			t.Logf("%s: %s did %d, %d faults, last %.80q", x.name, h.Name, h.Done, h.Failed, h.Last)
		}
		t.Logf("%s: %d tokens in %v", x.name, r.Tokens, r.Elapsed.Round(time.Second))
	}
}
