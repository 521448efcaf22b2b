package cli

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"s1/engine/enginetest"
	"s1/engine/trace"
	"s1/sessions"
	tuiapp "s1/tui/app"
)

// labOver is the lab of a desk whose own model is never asked, with a form over a few questions.
func labOver(t *testing.T, model string) (l *laboratory, values map[string]string) {
	t.Helper()
	d := &desk{flags: &runFlags{modelFlags: modelFlags{model: model}, thinkFormat: "auto"}, seed: 3, recorder: sessions.NewRecorder(nil, "a test"), hosts: map[trace.BranchID]thinker{}}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	dir := t.TempDir()
	var lines strings.Builder
	for i := range 24 {
		fmt.Fprintf(&lines, `{"id":"q%d","question":"the number %d","answer":"7"}`+"\n", i, i)
	}
	data := filepath.Join(dir, "q.jsonl")
	if err := os.WriteFile(data, []byte(lines.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	values = map[string]string{"data": data, "n": "24", "methods": "none,bf", "caps": "0,8,32", "folder": filepath.Join(dir, "out")}
	return d.Laboratory().(*laboratory), values
}

// with is a form with one value changed.
func with(values map[string]string, name, value string) map[string]string {
	out := map[string]string{name: value}
	for k, v := range values {
		if k != name {
			out[k] = v
		}
	}
	return out
}

func TestTheFormTakesServersAsTheCommandDoes(t *testing.T) {
	t.Parallel()
	l, values := labOver(t, "mini")
	for typed, want := range map[string]string{
		"mini": "", "": "", "http://a/v1#m": "", "http://a/v1#m http://b/v1#m": "", "http://a/v1,http://b/v1": "", " http://a/v1#m ,\thttps://b/v1#m  ": "",
		"mini http://a/v1":                 "only servers",
		"http://a/v1 mini":                 "only servers",
		"other.gguf":                       "neither the open model (mini) nor a server",
		"http://me:k3y@host/v1":            "does not belong into it",
		"http:///v1":                       "no host",
		"http://a/v1?key=1":                "query",
		strings.Repeat("http://a/v1 ", 65): "65 servers; at most 64",
	} {
		got := ""
		for _, f := range l.Setup(with(values, fieldModel, typed)) {
			if f.Name == fieldModel {
				got = f.Wrong
			} else if f.Wrong != "" {
				t.Errorf("%s: %s", f.Name, f.Wrong)
			}
		}
		if (got == "") != (want == "") || !strings.Contains(got, want) || strings.Contains(got, "k3y") {
			t.Errorf("%q: %q, want %q", typed, got, want)
		}
	}
	f, _, err := l.settle(t.Context(), with(values, fieldModel, "http://a/v1#m, http://b/v1#m"))
	if err != nil || fmt.Sprint(f.servers()) != "[http://a/v1#m http://b/v1#m]" || !strings.Contains(f.words(), "s1 sweep -m http://a/v1#m -m http://b/v1#m --data") {
		t.Errorf("%v, %v, %v", f.servers(), f.words(), err)
	}
}

func TestTheFormSaysOfEveryServerWhatItIs(t *testing.T) {
	t.Parallel()
	l, values := labOver(t, "mini")
	_, ids := scriptedServer(t, nil)
	_, text := scriptedServer(t, func(s *enginetest.Server) { s.NoIDs, s.GoOn = true, true })
	list, err := l.Servers(t.Context(), with(values, fieldModel, ids+" http://127.0.0.1:1/v1#x "+text))
	if err != nil || len(list) != 3 {
		t.Fatalf("%+v, %v", list, err)
	}
	if s := list[0]; s.Badge != "exact" || s.Model != "scripted" || s.Fault != "" || s.Name != strings.TrimSuffix(strings.TrimPrefix(ids, "http://"), "/v1") {
		t.Errorf("%+v", s)
	}
	if s := list[1]; s.Badge != "" || s.Fault != "not there: connection refused; taken in when it is" {
		t.Errorf("%+v", s)
	}
	if s := list[2]; s.Badge != "emulated" || !strings.Contains(s.Fault, "how budgets are kept") {
		t.Errorf("%+v", s)
	}
	if list, err := l.Servers(t.Context(), values); list != nil || err != nil {
		t.Errorf("the open model: %+v, %v", list, err)
	}
	if _, err := l.Forecast(t.Context(), with(values, fieldModel, ids+" "+text)); err == nil || !strings.Contains(err.Error(), "not one model for a sweep") {
		t.Errorf("a forecast over servers that are no crew: %v", err)
	}
	if _, err := l.Forecast(t.Context(), with(values, fieldModel, "http://127.0.0.1:1/v1#x")); err == nil || !strings.Contains(err.Error(), "refused") {
		t.Errorf("a forecast over nobody: %v", err)
	}
}

// A sweep of the lab over three servers, one of which fails now and then and one of which is dead, is that over one good one: the
// same rows, and every item once.
func TestASweepOfTheLabOverServersIsThatOverOneOfThem(t *testing.T) {
	t.Parallel()
	l, values := labOver(t, "mini")
	_, good := scriptedServer(t, nil)
	_, bad := scriptedServer(t, func(s *enginetest.Server) {
		s.Fault = func(n int, w http.ResponseWriter, _ *http.Request) bool {
			if n > 20 && n%11 == 0 {
				w.WriteHeader(http.StatusInternalServerError)
				return true
			}
			return false
		}
	})
	const dead = "http://127.0.0.1:1/v1#scripted"
	several := with(values, fieldModel, good+" "+bad+"#scripted "+dead)
	said, err := l.Forecast(t.Context(), several)
	if err != nil || !strings.Contains(said, "forecast from 4 of 24 questions: 4 arms") || !strings.Contains(said, "3 servers, completions by ids, budget exact") {
		t.Fatalf("%q, %v", said, err)
	}
	crew := l.hired.crew
	var last tuiapp.LabReport
	if err := l.Start(t.Context(), several, func(r tuiapp.LabReport) { last = r }); err != nil {
		t.Fatal(err)
	}
	if l.hired.crew != crew || crew == nil {
		t.Error("the servers were probed again between the forecast and the start")
	}
	done := 0
	for _, s := range last.Servers {
		done += s.Done
	}
	if last.Done != 24 || last.Model != "scripted" || !strings.Contains(last.Kept, "exact") || len(last.Servers) != 3 || done < 20 || last.Points[0].Kept != "exact" {
		t.Errorf("%+v", last)
	}
	if s := last.Servers[2]; s.State != "resting" || s.Failed == 0 || s.Done != 0 || !strings.Contains(s.Fault, "refused") {
		t.Errorf("the server that is not there: %+v", s)
	}
	one := with(with(values, fieldModel, good), "folder", values["folder"]+"1")
	if err := l.Start(t.Context(), one, func(tuiapp.LabReport) {}); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"items.jsonl", "points.csv"} {
		a, err := os.ReadFile(filepath.Join(several["folder"], name))
		if err != nil {
			t.Fatal(err)
		}
		b, err := os.ReadFile(filepath.Join(one["folder"], name))
		if err != nil || !bytes.Equal(a, b) {
			t.Errorf("%s differs (%v)", name, err)
		}
	}

	// A trace of it opens on one of the servers, with the right answer beside it, and is gone on from there.
	l.Setup(several)
	live, note, err := l.Trace(t.Context(), several["folder"], 2, 5)
	if err != nil || note != "" || live.Run().Expected != "7" || live.Run().Prompt != "the number 5" {
		t.Fatalf("%v, %q", err, note)
	}
	b, err := l.d.Branch(t.Context(), live.Branch().ID, 1, live.Branch().Budget, live.Branch().Sampling)
	if err != nil {
		t.Fatal(err)
	}
	<-b.Log().Done()
	for _, of := range []tuiapp.Live{live, b} {
		if l.d.Explores(of.Branch().ID) != nil {
			t.Errorf("%s was thought on a server, which keeps no states, and may be asked about", of.Branch().ID)
		}
	}
	if _, _, err := l.Trace(t.Context(), several["folder"], 1, 5); err != nil || len(l.guests) != 1 {
		t.Errorf("a second one: %v, %d servers are open for it", err, len(l.guests))
	}
	r, _, err := l.Look(t.Context(), several["folder"])
	if err != nil || !strings.Contains(r.Kept, "exact") || r.Done != 24 {
		t.Errorf("%+v, %v", r, err)
	}
	l.Setup(values)
	if _, _, err := l.Trace(t.Context(), several["folder"], 2, 5); err == nil || !strings.Contains(err.Error(), "name one of them as the model of the form") {
		t.Errorf("with no server in the form: %v", err)
	}
}

func TestASweepOfTheLabThatIsStoppedGoesOnOverOtherServers(t *testing.T) {
	t.Parallel()
	l, values := labOver(t, "http://127.0.0.1:1/v1#scripted") // the desk's own is a server, and gone
	ctx, stop := context.WithCancel(t.Context())
	_, first := scriptedServer(t, func(s *enginetest.Server) {
		s.Fault = func(n int, _ http.ResponseWriter, r *http.Request) bool {
			if n < 100 {
				return false
			}
			stop() // some questions are done, and not all
			<-r.Context().Done()
			return true
		}
	})
	_, second := scriptedServer(t, nil)
	l.Setup(values)
	err := l.Start(ctx, with(values, fieldModel, first), func(tuiapp.LabReport) {})
	if err == nil {
		t.Fatal("it was not stopped")
	}
	k, _, err := l.Look(t.Context(), values["folder"])
	if err != nil || k.Done == 0 || k.Done == 24 {
		t.Fatalf("%+v, %v", k, err)
	}
	var last tuiapp.LabReport
	if err := l.Start(t.Context(), with(values, fieldModel, second), func(r tuiapp.LabReport) { last = r }); err != nil || last.Done != 24 {
		t.Fatalf("%+v, %v", last, err)
	}
	if _, err := l.Forecast(t.Context(), with(values, "folder", values["folder"]+"2")); err == nil || !strings.Contains(err.Error(), "refused") {
		t.Errorf("over the desk's own: %v", err)
	}
}
