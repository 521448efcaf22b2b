package scaling

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"s1/engine/enginetest"
	"s1/engine/remote"
)

func TestEveryServerIsLookedAtAlsoWhereTheyAreNoCrew(t *testing.T) {
	t.Parallel()
	_, ids := serve(t, nil)
	_, same := serve(t, nil)
	_, text := serve(t, func(s *enginetest.Server) { s.NoIDs, s.GoOn = true, true })
	_, bare := serve(t, func(s *enginetest.Server) { s.NoIDs = true })
	_, other := serve(t, func(s *enginetest.Server) { s.Name = "another" })
	_, wrong := serve(t, func(s *enginetest.Server) {
		s.Fault = func(_ int, w http.ResponseWriter, _ *http.Request) bool {
			http.Error(w, "<html>a page\x1b[2J", http.StatusNotFound)
			return true
		}
	})
	var failed atomic.Int32
	_, shaky := serve(t, func(s *enginetest.Server) { // it seems to lack what it has, the first time it is looked at
		s.Fault = func(_ int, w http.ResponseWriter, r *http.Request) bool {
			if r.URL.Path != "/v1/completions" || failed.Add(1) > 3 {
				return false
			}
			w.WriteHeader(http.StatusInternalServerError)
			return true
		}
	})
	const dead = "http://127.0.0.1:1/v1#x"
	list, err := LookAt(t.Context(), []string{dead, ids, same, text, other, bare, wrong, ids, shaky}, impatient(ServerOptions{}))
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []struct {
		badge remote.Badge
		says  string
	}{
		{"", "refused"},
		{remote.Exact, ""},
		{remote.Exact, ""},
		{remote.Emulated, "how budgets are kept"},
		{remote.Exact, "not one model"},
		{remote.Ignored, "how budgets are kept"},
		{"", "404"},
		{"", "named twice"},
		{remote.Exact, ""},
	} {
		s := list[i]
		switch {
		case (s.Probe == nil) != (want.badge == ""), s.Probe != nil && s.Probe.Badge != want.badge:
			t.Errorf("%d: probe %+v, want badge %q", i, s.Probe, want.badge)
		case (s.Err == nil) != (want.says == ""), s.Err != nil && !strings.Contains(s.Err.Error(), want.says):
			t.Errorf("%d: %v, want %q", i, s.Err, want.says)
		}
	}
	if failed.Load() <= 3 {
		t.Errorf("%d requests met the fault: the test does not test it", failed.Load())
	}
}

func TestALookEndsWithItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	_, hangs := serve(t, func(s *enginetest.Server) {
		s.Fault = func(_ int, _ http.ResponseWriter, r *http.Request) bool {
			cancel()
			<-r.Context().Done()
			return true
		}
	})
	if list, err := LookAt(ctx, []string{hangs}, impatient(ServerOptions{})); !errors.Is(err, context.Canceled) {
		t.Errorf("%+v, %v", list, err)
	}
	if _, err := LookAt(t.Context(), []string{"http://me:k3y@host/v1"}, ServerOptions{}); err == nil || strings.Contains(err.Error(), "k3y") {
		t.Errorf("%v", err)
	}
}
