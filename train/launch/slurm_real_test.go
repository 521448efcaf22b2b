package launch

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"s1/train/metrics"
	"s1/train/recipe"
)

// cluster starts a SLURM of one machine, this one, and ends it with the test. It must be root, with slurm-wlm and munge installed.
func cluster(t *testing.T) {
	t.Helper()
	if os.Getenv("S1_SLURM") == "" {
		t.Skip("needs S1_SLURM=1, root, and the packages slurm-wlm and munge: run `make test-real`")
	}
	dir, err := os.MkdirTemp("", "s1-slurm-") // not t.TempDir: the daemons outlive its removal by moments
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	host, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	ports := freePorts(t, 2)
	conf := fmt.Sprintf(`ClusterName=s1test
SlurmctldHost=%[1]s
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket=%[2]s/munge.sock
CryptoType=crypto/munge
StateSaveLocation=%[2]s/state
SlurmdSpoolDir=%[2]s/spool
SlurmctldPidFile=%[2]s/ctld.pid
SlurmdPidFile=%[2]s/d.pid
SlurmctldLogFile=%[2]s/ctld.log
SlurmdLogFile=%[2]s/d.log
SlurmctldPort=%[3]d
SlurmdPort=%[4]d
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
ReturnToService=2
KillWait=10
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
MpiDefault=none
SchedulerParameters=sched_interval=5
NodeName=%[1]s CPUs=2 RealMemory=4000 State=UNKNOWN
PartitionName=main Nodes=%[1]s Default=YES MaxTime=INFINITE State=UP
`, host, dir, ports[0], ports[1])
	file := filepath.Join(dir, "slurm.conf")
	for _, err := range []error{
		os.WriteFile(file, []byte(conf), 0o644), os.WriteFile(filepath.Join(dir, "munge.key"), []byte(strings.Repeat("a key of a test ", 64)), 0o400),
		os.Mkdir(filepath.Join(dir, "state"), 0o755), os.Mkdir(filepath.Join(dir, "spool"), 0o755), os.Chmod(dir, 0o755),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	t.Setenv("SLURM_CONF", file)
	daemon(t, "munged", "--foreground", "--force", "--key-file="+filepath.Join(dir, "munge.key"), "--socket="+filepath.Join(dir, "munge.sock"),
		"--pid-file="+filepath.Join(dir, "munge.pid"), "--log-file="+filepath.Join(dir, "munge.log"), "--seed-file="+filepath.Join(dir, "munge.seed"))
	until(t, "munge's socket", func() bool { _, err := os.Stat(filepath.Join(dir, "munge.sock")); return err == nil })
	daemon(t, "slurmctld", "-D", "-f", file)
	daemon(t, "slurmd", "-D", "-f", file)
	until(t, "an idle machine in sinfo", func() bool {
		out, err := command(t.Context(), "sinfo", "--noheader", "--format=%T")
		return err == nil && strings.Contains(out, "idle")
	})
}

func daemon(t *testing.T, name string, args ...string) {
	t.Helper()
	cmd := exec.Command(name, args...)
	var said limited
	said.most = 1 << 16
	cmd.Stdout, cmd.Stderr = &said, &said
	cmd.SysProcAttr = withParent()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(os.Interrupt)
		time.AfterFunc(5*time.Second, func() { _ = cmd.Process.Kill() })
		_ = cmd.Wait()
		if t.Failed() {
			t.Logf("%s: %s", name, lastLine(said.String()))
		}
	})
}

func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for range 600 {
		if ok() {
			return
		}
		<-tick.C
	}
	t.Fatalf("waited a minute for %s", what)
}

func freePorts(t *testing.T, n int) (ports []int) {
	t.Helper()
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		ports = append(ports, l.Addr().(*net.TCPAddr).Port)
	}
	return ports
}

// tapeText is a training of a new small model that runs for a while.
const tapeText = `[model]
hidden = 32
layers = 1
heads = 2
ff = 64
context = 256
[data]
kind = "tape"
[train]
steps = 400
batch_tokens = 400
micro_tokens = 512
threads = 1
[optimizer]
lr = 1e-3
[checkpoint]
every = 20
[launch]
backend = "slurm"
runs = "own"
[launch.slurm]
partition = "main"
time = "10:00"
`

// queuedRun submits a run of this program to the cluster.
func queuedRun(t *testing.T, program, dir, text string, resume bool) (*Queue, *Plan) {
	t.Helper()
	file := filepath.Join(filepath.Dir(dir), "r.toml")
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	rec, err := recipe.Load(file)
	if err != nil {
		t.Fatal(err)
	}
	l := Of(rec, &Own{Recipe: rec, Dir: dir, Program: program, Args: []string{file}, Resume: resume}, nil, "r")
	p, err := l.Plan(t.Context())
	if err == nil {
		err = p.Write(t.Context())
	}
	if err != nil {
		t.Fatal(err)
	}
	q := l.Runner(p).(*Queue)
	if err := q.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	return q, p
}

// TestARealQueueIsSubmittedFollowedStoppedAndRequeued drives this program through SLURM.
func TestARealQueueIsSubmittedFollowedStoppedAndRequeued(t *testing.T) {
	cluster(t)
	program := filepath.Join(t.TempDir(), "s1")
	if out, err := exec.Command("go", "build", "-o", program, "s1").CombinedOutput(); err != nil {
		t.Fatalf("build s1: %v\n%s", err, out)
	}
	shared, err := os.MkdirTemp("", "s1-shared-")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(shared)
	dir := filepath.Join(shared, "run")
	q, p := queuedRun(t, program, dir, tapeText, false)
	job, _ := q.Job()
	t.Logf("submitted as job %s: %s", job, p.Command())

	// A requeue in the middle: saved, queued again, gone on.
	var states []string
	steps, stop, requeued := []int{}, make(chan struct{}), false
	w := Watch{
		Stop: stop, Every: 200 * time.Millisecond,
		State: func(s Status) { states = append(states, s.State) },
		Step: func(m metrics.Step) {
			steps = append(steps, m.Step)
			if m.Step >= 60 && !requeued {
				requeued = true
				if err := q.Requeue(t.Context()); err != nil {
					t.Error(err)
				}
			}
			if m.Step == 250 {
				close(stop)
			}
		},
	}
	ctx, cancel := context.WithTimeout(t.Context(), 6*time.Minute)
	defer cancel()
	s, err := Follow(ctx, q, p, w)
	if err != nil || s.State != Stopped {
		log, _ := tail(p.Log(), 0)
		t.Fatalf("%v %v after states %v\n%s", s, err, states, log)
	}
	log, _ := tail(p.Log(), 0)
	t.Logf("states %v; stopped after step %d", states, steps[len(steps)-1])
	for _, want := range []string{"back into the queue", "going on after step"} {
		if !strings.Contains(log, want) {
			t.Errorf("its log does not say %q:\n%s", want, log)
		}
	}
	for i, n := range steps {
		if n != i+1 {
			t.Fatalf("step %d came as number %d: %v", n, i+1, steps)
		}
	}
	last := len(steps)

	// Resumed as a new job to its end.
	q, p = queuedRun(t, program, dir, tapeText, true)
	if s, err = Follow(ctx, q, p, Watch{Every: 200 * time.Millisecond, Step: func(m metrics.Step) { last++ }}); err != nil || s.State != Done || last != 400 {
		log, _ := tail(p.Log(), 0)
		t.Fatalf("resumed: %v %v, %d steps\n%s", s, err, last, log)
	}
	if _, err := os.Stat(filepath.Join(dir, "model", "model.safetensors")); err != nil {
		t.Error(err)
	}

	// One that is aborted, and one that is taken out of the queue before it began.
	q, _ = queuedRun(t, program, filepath.Join(shared, "aborted"), tapeText, false)
	until(t, "the third job to run", func() bool { s, err := q.Alive(ctx); return err == nil && s.State == Running })
	waiting, _ := queuedRun(t, program, filepath.Join(shared, "waiting"), strings.Replace(tapeText, `time = "10:00"`, "time = \"10:00\"\nsbatch_extra = [\"--begin=now+1hour\"]", 1), false)
	if s, err := waiting.Alive(ctx); err != nil || s.State != Queued {
		t.Errorf("the fourth job: %v %v", s, err)
	} else {
		t.Logf("the fourth job is queued: %s", s.Reason)
	}
	if err := waiting.Stop(ctx); err != nil {
		t.Error(err)
	}
	until(t, "the fourth job to leave the queue", func() bool { s, err := waiting.Alive(ctx); return err == nil && s.State == Stopped })
	if err := q.Abort(ctx); err != nil {
		t.Error(err)
	}
	until(t, "the third job to end", func() bool {
		s, err := q.Alive(ctx)
		return err == nil && s.State == Failed && s.Reason == "cancelled"
	})
}
