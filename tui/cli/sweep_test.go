package cli

import (
	"context"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

func sweepArgs(out string) []string {
	return []string{
		"sweep", "--data", "tape", "--n", "60", "--methods", "none,bf,wait,majority,rs", "--caps", "0,16,64", "--waits", "0,1,2", "--votes", "1,2", "--limits", "64",
		"--tries", "3", "--answer-cap", "8", "--parallel", "6", "--seed", "5", "--out", out,
	}
}

func TestASweepKilledTenTimesEndsWithTheItemsOfAnUndisturbedOne(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	b.run(sweepArgs(b.at("whole"))...).wants(0, "n = 60", "forecast from 4 of 60")
	b.killedTenTimes(sweepArgs, "whole", "killed").wants(0, "n = 60")
	b.sameSweep("whole", "killed", "plot.png")
}

// killedTenTimes makes a sweep that has been made into the folder whole again into another one, killed ten times on the way, and
// carries it to its end. The kills come at random moments: after the file has grown by a random number of bytes, mostly in the
// middle of what is written next.
func (b *box) killedTenTimes(args func(out string) []string, whole, killed string) result {
	b.t.Helper()
	size, file := fileSize(b.at(whole, "items.jsonl")), b.at(killed, "items.jsonl")
	rng := rand.New(rand.NewPCG(1, 9))
	kills := 0
	for range 10 {
		before := fileSize(file)
		if b.killWhen(args(b.at(killed)), func() bool { return fileSize(file) >= before+rng.Int64N(size/12) }) {
			kills++
		}
	}
	if have := fileSize(file); kills < 10 || have >= size {
		b.t.Errorf("%d of 10 runs were killed before their end; %d of %d bytes are there", kills, have, size)
	}
	return b.run(args(b.at(killed))...)
}

// sameSweep compares what two sweeps have written: the files that are of the plan and the answers, and more of them by name.
func (b *box) sameSweep(one, other string, more ...string) {
	b.t.Helper()
	for _, name := range append([]string{"items.jsonl", "report.md", "points.csv", "plot.svg", "plan.json"}, more...) {
		if want, got := b.read(filepath.Join(one, name)), b.read(filepath.Join(other, name)); got != want {
			b.t.Errorf("%s of %s is another one than that of %s", name, other, one)
		}
	}
}

func fileSize(path string) int64 {
	info, err := os.Stat(path)
	if err != nil {
		return 0
	}
	return info.Size()
}

// killWhen starts s1, kills it with SIGKILL as soon as something is true, and says whether that came before its end.
func (b *box) killWhen(args []string, now func() bool) bool {
	b.t.Helper()
	ctx, kill := context.WithTimeout(context.Background(), patience)
	defer kill()
	cmd := exec.CommandContext(ctx, program(b.t), args...)
	cmd.Env, cmd.Dir = b.env, b.dir
	slots <- struct{}{}
	defer func() { <-slots }()
	if err := cmd.Start(); err != nil {
		b.t.Fatal(err)
	}
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	done := make(chan error, 1)
	go func() { done <- cmd.Wait() }()
	for {
		select {
		case err := <-done:
			return err != nil
		case <-tick.C:
			if now() {
				kill()
			}
		}
	}
}

func TestASweepRefusesWhatMeansNothing(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	out := b.at("out")
	data := b.write("q.jsonl", `{"question":"2+3*4","answer":"20"}`+"\n")
	for _, c := range []struct {
		args []string
		code int
		says string
	}{
		{[]string{"--out", out}, 2, "--data"},
		{[]string{"--data", data}, 2, "--out"},
		{[]string{"--data", data, "--out", out, "--methods", "bff"}, 2, `did you mean "bf"`},
		{[]string{"--data", data, "--out", out, "--caps", "-4"}, 2, "caps [-4]"},
		{[]string{"--data", data, "--out", out, "--wait-text", "a", "--wait-text", "a"}, 2, "twice"},
		{[]string{"--data", data, "--out", out, "--methods", "ccc"}, 1, "one kind of question"},
		{[]string{"--data", b.at("none"), "--out", out}, 1, "open the questions"},
		{[]string{"--data", data, "--question", "q", "--out", out}, 1, `"question"`},
	} {
		b.run(append([]string{"sweep"}, c.args...)...).wants(c.code, c.says)
	}
	b.run("sweep", "--data", data, "--out", out, "--methods", "none", "--answer-cap", "8").wants(0, "n = 1")
	b.run("sweep", "--data", data, "--forecast").wants(0, "forecast from 1 of 1")
}
