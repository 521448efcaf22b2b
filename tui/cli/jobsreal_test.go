package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"s1/sessions/jobs"
)

// longKind is a kind of job as a user starts it, on real work of a few seconds.
type longKind struct {
	kind    string
	prepare func(t *testing.T, b *box)
	args    func(out string) []string
	grows   string   // the file of its results that tells how far it is, as a pattern below its folder
	same    []string // the files that must be those of an undisturbed run, as patterns below its folder
}

var longKinds = []longKind{
	{
		kind:    "train",
		prepare: func(t *testing.T, b *box) { b.write("r.toml", edited(t, tapeRecipe, "steps = 100", "steps = 400")) },
		args:    func(out string) []string { return []string{"train", "r.toml", "--out", out} },
		grows:   "metrics.jsonl",
		same:    []string{"model/model.safetensors", "model/config.json"},
	},
	{
		kind:    "sweep",
		prepare: func(*testing.T, *box) {},
		args:    sweepArgs,
		grows:   "items.jsonl",
		same:    []string{"items.jsonl", "points.csv", "report.md"},
	},
	{
		kind:    "curate",
		prepare: func(t *testing.T, b *box) { curatedFile(t, b, 9000) },
		args:    func(out string) []string { return []string{"curate", "own.toml", "--out", out} },
		grows:   "[0-9]*/kept.jsonl",
		same:    []string{"[0-9]*/*.jsonl", "export/*"},
	},
}

// files are the contents of what matches patterns below a folder.
func (b *box) files(out string, patterns []string) map[string][]byte {
	b.t.Helper()
	all := map[string][]byte{}
	for _, p := range patterns {
		names, err := fs.Glob(os.DirFS(b.at(out)), p)
		if err != nil || len(names) == 0 {
			b.t.Fatalf("%s has no %s: %v", out, p, err)
		}
		for _, name := range names {
			text, err := os.ReadFile(b.at(out, name))
			if err != nil {
				b.t.Fatal(err)
			}
			all[name] = text
		}
	}
	return all
}

// size is how many bytes match a pattern below a folder.
func (b *box) size(out, pattern string) (n int64) {
	names, _ := filepath.Glob(b.at(out, pattern))
	for _, name := range names {
		n += fileSize(name)
	}
	return n
}

// wait looks until something is true: of another process one hears only by looking.
func (b *box) wait(what string, is func() bool) {
	b.t.Helper()
	tick, end := time.NewTicker(time.Millisecond), time.After(patience)
	defer tick.Stop()
	for !is() {
		select {
		case <-tick.C:
		case <-end:
			b.t.Fatalf("never: %s\n%s", what, b.run("jobs", "list").out)
		}
	}
}

// job is a job as another program sees it.
func (b *box) job(id string) (state, cause, folder string) {
	b.t.Helper()
	for _, l := range b.run("jobs", "list", "--json").wants(0).lines() {
		if l["id"] == id {
			s := l["status"].(map[string]any)
			cause, _ = s["cause"].(string)
			return s["state"].(string), cause, l["folder"].(string)
		}
	}
	return "", "", ""
}

// is waits until a job is in a state.
func (b *box) is(id, want string) {
	b.t.Helper()
	b.wait(id+" is "+want, func() bool { state, _, _ := b.job(id); return state == want })
}

// pid is the number of a job's process.
func (b *box) pid(folder string) int {
	b.t.Helper()
	var p struct{ PID int }
	text, err := os.ReadFile(filepath.Join(folder, "process.json"))
	if err == nil {
		err = json.Unmarshal(text, &p)
	}
	if err != nil || p.PID <= 1 {
		b.t.Fatalf("process.json: %s, %v", text, err)
	}
	return p.PID
}

// endJobs ends what a test that failed in the middle has left running.
func (b *box) endJobs() {
	list, _ := jobs.Open(b.at("data", "s1", "jobs"), nil).List() // what cannot be read cannot be ended
	for _, j := range list {
		if s, err := j.State(context.Background()); err == nil && !s.Over() {
			_ = j.Abort(context.Background())
		}
	}
}

func (b *box) send(pid int, s syscall.Signal) {
	b.t.Helper()
	if err := syscall.Kill(pid, s); err != nil {
		b.t.Fatalf("send %v: %v", s, err)
	}
}

// Each kind of job is started in a terminal that is then closed, suspended, seen by a screen that is killed and opened anew,
// killed itself, taken for no other process that has its number, gone on with, stopped and gone on with: and what it made is,
// byte for byte, what a run makes that nothing happened to.
func TestRealJobsLoseNothingByTerminalsSignalsAndKills(t *testing.T) {
	t.Parallel()
	for _, k := range longKinds {
		t.Run(k.kind, func(t *testing.T) {
			t.Parallel()
			b := newBox(t)
			k.prepare(t, b)
			b.run(k.args("whole")...).wants(0)
			want := b.files("whole", k.same)
			grown := func(by int64) {
				t.Helper()
				at := b.size("job", k.grows)
				b.wait("it has done more", func() bool { return b.size("job", k.grows) >= at+by })
			}
			id := k.kind + "-1"

			// The terminal it was started from closes.
			line := `"$S1" ` + strings.Join(k.args("job"), " ") + " --detach; echo handed over; sleep 100"
			s := b.terminal(80, 24, line)
			s.Until(id+" is running", "handed over")
			grown(1)
			s.Close()
			s.done()
			grown(1)
			_, _, folder := b.job(id)
			pid := b.pid(folder)

			// It is suspended, which every face says.
			b.send(pid, syscall.SIGTSTP)
			b.is(id, "suspended")
			b.run("jobs", "show", id).wants(0, "suspended", "s1 jobs resume "+id)
			at := b.size("job", k.grows)

			// A screen finds it, is killed, and finds it again.
			for range 2 {
				s = b.open(100, 28, "--seed", "3")
				s.Until("sessions").Keys("C-o").Until("1 suspended", id, "log", "r resume")
				s.kill(syscall.SIGKILL)
				s.Until("Killed")
				s.Tmux.Close()
				s.done()
			}
			if now := b.size("job", k.grows); now != at {
				t.Errorf("while it was suspended its results grew from %d to %d bytes", at, now)
			}

			// It goes on, followed from a terminal, and is killed.
			p := b.start("jobs", "attach", id)
			b.run("jobs", "resume", id).wants(0, id+" goes on")
			grown(1)
			b.send(pid, syscall.SIGKILL)
			p.end().wants(1, id+" is crashed", "s1 jobs resume "+id)
			if state, cause, _ := b.job(id); state != "crashed" || !strings.Contains(cause, "ended without a word") {
				t.Errorf("killed, it is %s: %s", state, cause)
			}
			notAnothers(t, b, id, folder)

			// It goes on where it was, is stopped and saves, and comes to its end. It is held meanwhile: a fast machine would be
			// through before the stop arrives.
			b.run("jobs", "resume", id).wants(0)
			grown(1)
			b.send(b.pid(folder), syscall.SIGTSTP)
			b.is(id, "suspended")
			b.run("jobs", "stop", id).wants(0, "finishes its unit")
			b.is(id, "stopped")
			if b.size("job", k.same[len(k.same)-1]) == b.size("whole", k.same[len(k.same)-1]) {
				t.Error("it came to its end before it was stopped: the test has shown nothing")
			}
			b.run("jobs", "resume", id).wants(0)
			b.run("jobs", "attach", id).wants(0, id+" is done")
			got := b.files("job", k.same)
			if a, b := slices.Sorted(maps.Keys(got)), slices.Sorted(maps.Keys(want)); !slices.Equal(a, b) {
				t.Errorf("it made the files %q, undisturbed %q", a, b)
			}
			for name := range want {
				if !bytes.Equal(got[name], want[name]) {
					t.Errorf("%s: %d bytes, other than the %d of an undisturbed run", name, len(got[name]), len(want[name]))
				}
			}
		})
	}
}

// notAnothers gives a dead job's number to a process of somebody else: it is not taken for the job, and not ended for it.
func notAnothers(t *testing.T, b *box, id, folder string) {
	t.Helper()
	other := exec.Command("sleep", "100")
	if err := other.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- other.Wait() }()
	path := filepath.Join(folder, "process.json")
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	after := bytes.Replace(before, []byte(`"pid": `+strconv.Itoa(b.pid(folder))), []byte(`"pid": `+strconv.Itoa(other.Process.Pid)), 1)
	if err := os.WriteFile(path, after, 0o600); err != nil || bytes.Equal(after, before) {
		t.Fatalf("%s, %v", after, err)
	}
	if state, _, _ := b.job(id); state != "crashed" {
		t.Errorf("with the number of somebody else's process it is %s", state)
	}
	b.run("jobs", "stop", id).wants(1, "it is crashed already")
	select {
	case err := <-ended:
		t.Errorf("somebody else's process was ended: %v", err)
	default:
		_ = other.Process.Kill()
		<-ended
	}
}
