package cli

import (
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestCtrlCStopsKeepsAndPrintsTheReceipt(t *testing.T) {
	t.Parallel()
	for _, sig := range []os.Signal{os.Interrupt, syscall.SIGTERM, syscall.SIGHUP} {
		b := newBox(t)
		p := b.start("run", "-m", model(t), "--json", "--pace", "40", "--seed", "1", "hello")
		p.until(10, `"type":"token"`).signal(sig)
		x := p.end().wants(130).only()
		if x.receipt["closed"] != "stopped" {
			t.Errorf("%v: closed %v", sig, x.receipt["closed"])
		}
		list := b.sessions()
		if len(list) != 1 || integer(list[0]["tokens"]) != len(x.ids) || list[0]["closed"] != "stopped" {
			t.Errorf("%v: %d tokens were printed, kept are %v", sig, len(x.ids), list)
		}
		p = b.start("run", "-m", model(t), "--pace", "20", "--seed", "1", "hello")
		p.until(1, "[thinking]").signal(sig)
		p.end().wants(130, "[receipt]", "closed by you, stopped")
	}
}

func TestCtrlCTwiceQuits(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	p := b.start("run", "-m", model(t), "--pace", "20", "--seed", "1", "hello")
	p.until(1, "[thinking]").signal(os.Interrupt)
	_ = p.cmd.Process.Signal(os.Interrupt) // it may have ended with the first
	p.end().wants(130)
}

func TestAKillLosesAtMostASecond(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	const pace, seen = 100, 250
	p := b.start("run", "-m", model(t), "--json", "--pace", strconv.Itoa(pace), "--seed", "1", "hello")
	p.until(seen, `"type":"token"`).signal(syscall.SIGKILL)
	printed := strings.Count(p.end().out, `"type":"token"`)
	list := b.sessions()
	if len(list) != 1 {
		t.Fatalf("kept are %v", list)
	}
	if kept := integer(list[0]["tokens"]); kept < printed-pace {
		t.Errorf("%d tokens were printed, %d are kept; at %d a second at most a second may be lost", printed, kept, pace)
	}
	b.run("sessions", "show", list[0]["id"].(string)).wants(0)
	b.run("run", "-m", model(t), "--cap", "4", "--answer-cap", "4", "again").wants(0)
}

func TestCtrlCWhileTheModelIsFetchedEndsAtOnce(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	b.write("bin/python3", "#!/bin/sh\necho now >started\nexec sleep 100\n")
	if err := syscall.Mkfifo(b.at("started"), 0o600); err != nil {
		t.Skipf("needs a named pipe: %v", err)
	}
	started, err := os.OpenFile(b.at("started"), os.O_RDWR|syscall.O_NONBLOCK, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer started.Close()
	if err := os.Chmod(b.at("bin", "python3"), 0o755); err != nil {
		t.Fatal(err)
	}
	b.set("PATH="+b.at("bin")+":"+os.Getenv("PATH"), "HF_HUB_OFFLINE=0", "XDG_CACHE_HOME="+b.at("cache"))
	p := b.start("run", "-m", "smollm2", "--json", "hello")
	if err := started.SetReadDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	if _, err := started.Read(make([]byte, 10)); err != nil {
		t.Fatalf("no fetch began: %v", err)
	}
	p.signal(os.Interrupt)
	if r := p.end().wants(130); r.out != "" {
		t.Errorf("stdout says %q", r.out)
	}
}
