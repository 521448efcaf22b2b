package scaling

import (
	"net/http"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"s1/engine/enginetest"
	"s1/engine/remote"
)

// Ten thousand questions (under the race detector two) over three servers: a fast one, a slow one, and one that does everything wrong that a server can. Every
// item is done once, as this machine does it, the slow one does fewer, and what is held does not grow with the items but for
// their rows.
func TestTenThousandItemsOverThreeServersOneOfThemFaulty(t *testing.T) {
	if testing.Short() {
		t.Skip("SKIPPED: ten thousand questions take half a minute")
	}
	n := 10_000
	if watched {
		n = 2_000
	}
	_, fast := serve(t, nil)
	_, slow := serve(t, func(s *enginetest.Server) { s.Slow = 20 * time.Millisecond })
	var hung atomic.Int64
	_, bad := serve(t, func(s *enginetest.Server) {
		s.Fault = func(n int, w http.ResponseWriter, r *http.Request) bool {
			if n < 40 { // the probe's
				return false
			}
			switch n % 40 {
			case 3:
				w.WriteHeader(http.StatusTooManyRequests)
			case 11:
				http.Error(w, "oh", http.StatusInternalServerError)
			case 17:
				panic(http.ErrAbortHandler)
			case 23:
				w.Header().Set("Content-Type", "text/event-stream")
				_, _ = w.Write([]byte("data: {\"choices\":[{\"te"))
			case 31:
				if hung.Add(1) > 20 {
					return false
				}
				<-r.Context().Done() // a hang, until the client gives up
			default:
				return false
			}
			return true
		}
		s.Broken = func(n int) int {
			if n > 40 && n%13 == 0 {
				return n % 6
			}
			return -1
		}
	})
	p := Plan{Methods: []string{MethodNone, MethodCap}, Caps: []int{0, 4}, AnswerCap: 4, Limit: 8, Seed: 3}
	items := asked(n)
	here, err := Run(t.Context(), Local(scripted(t, minded)), p, items, Options{Parallel: 64})
	if err != nil {
		t.Fatal(err)
	}
	crew := fleetOf(t, ServerOptions{Parallel: 8, Options: func(string) remote.Options {
		return remote.Options{Retries: 1, Sleep: noWait, FirstByte: 300 * time.Millisecond, Idle: 300 * time.Millisecond}
	}}, fast, slow, bad)
	before := inUse()
	most, told := uint64(0), make([]int, n)
	there, err := Run(t.Context(), crew, p, items, Options{Finished: func(i int, _ []Row) {
		if told[i]++; i%500 == 0 {
			most = max(most, inUse())
		}
	}})
	if err != nil {
		t.Fatal(err)
	}
	for i, k := range told {
		if k != 1 {
			t.Fatalf("item %d was told %d times", i, k)
		}
	}
	sameRows(t, bare(there.Items), here.Items, items)
	done := map[string]int{}
	total := 0
	for _, h := range there.Servers {
		total += h.Done
		done[h.Name] = h.Done
		t.Logf("%d done, %d faults, last: %.100s", h.Done, h.Failed, h.Last)
	}
	if total != n || done[slow] >= done[fast] || done[bad] == 0 {
		t.Errorf("%d done: %v", total, done)
	}
	if grown := int64(most) - int64(before); grown > 96<<20 {
		t.Errorf("%d MB more are in use than at the start", grown>>20)
	}
	for _, h := range crew.hands {
		if kept := h.thinker().(served).Kept(); kept != 0 {
			t.Errorf("%s still keeps %d branches", h.name, kept)
		}
	}
}

// inUse is the bytes of the heap that are reachable.
func inUse() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// With sampling, too, a server whose draws depend on the seed alone gives equal rows: shared or apart, broken off or not.
func TestSampledArmsOverServersAreEqualSharedApartAndBrokenOff(t *testing.T) {
	t.Parallel()
	_, whole := serve(t, nil)
	_, broken := serve(t, func(s *enginetest.Server) {
		s.Broken = func(n int) int {
			if n > 20 && n%5 == 0 {
				return 1 + n%7
			}
			return -1
		}
	})
	p := Plan{Methods: []string{MethodWait, MethodCap, MethodMajority}, Caps: []int{0, 3, 17}, Waits: []int{0, 1, 2}, Votes: []int{1, 3}, AnswerCap: 12, Limit: 60, Seed: 5}
	items := asked(10)
	a := fleetOf(t, ServerOptions{}, whole)
	shared, err := Run(t.Context(), a, p, items, Options{})
	if err != nil {
		t.Fatal(err)
	}
	separate, err := Separate(t.Context(), a, p, items, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if c := CompareSharing(shared, separate); c.Different > 0 || c.SeparateTokens < c.Tokens*5/4 {
		t.Errorf("%s; the first is %s", c, c.First)
	}
	p.Sampling.Temperature = 1
	if shared, err = Run(t.Context(), a, p, items, Options{}); err != nil {
		t.Fatal(err)
	}
	again, err := Run(t.Context(), fleetOf(t, ServerOptions{}, broken), p, items, Options{})
	if err != nil {
		t.Fatal(err)
	}
	sameRows(t, bare(again.Items), bare(shared.Items), items)
}
