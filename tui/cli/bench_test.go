package cli

import (
	"bufio"
	"encoding/json"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/creack/pty"
)

// BenchmarkScreenAtAThousandTokensASecond is what the screen costs beside the same run without one.
// Budget: 0.10 cores and 60 MB of resident memory more than the plain run.
func BenchmarkScreenAtAThousandTokensASecond(b *testing.B) {
	home := newBox(b).set("TERM=screen-256color") // nobody asks such a terminal for its colours, which this one would not tell
	home.run("run", "-m", model(b), "--cap", "1", "--answer-cap", "1", "warm up").wants(0)
	flags := []string{"-m", model(b), "--pace", "1000", "--temp", "0", "--cap", "1900", "--answer-cap", "4", "--no-save"}
	var cores, megabytes float64
	for b.Loop() {
		start := time.Now()
		plain := exec.Command(program(b), append([]string{"run", "go"}, flags...)...)
		plain.Env = home.env
		if err := plain.Run(); err != nil {
			b.Fatal(err)
		}
		wall := time.Since(start).Seconds()
		screen := exec.Command(program(b), flags...)
		screen.Env = home.env
		tty, err := pty.StartWithSize(screen, &pty.Winsize{Rows: 30, Cols: 110})
		if err != nil {
			b.Fatal(err)
		}
		shown := newWatched()
		read := make(chan struct{})
		go func() { // until the terminal closes
			defer close(read)
			buf := make([]byte, 1<<16)
			for n, err := tty.Read(buf); err == nil; n, err = tty.Read(buf) {
				_, _ = shown.Write(buf[:n])
			}
		}()
		say := func(after, keys string) {
			if !shown.until(func(s string) bool { return strings.Contains(s, after) }) {
				b.Fatalf("the screen never showed %q", after)
			}
			if _, err := tty.WriteString(keys); err != nil {
				b.Fatal(err)
			}
		}
		say("ready", "go\r")
		say("receipt", "\x03\x03")
		if err := screen.Wait(); err != nil {
			b.Fatal(err)
		}
		tty.Close()
		<-read
		cores += (spentBy(screen.ProcessState) - spentBy(plain.ProcessState)) / wall
		megabytes += resident(screen.ProcessState) - resident(plain.ProcessState)
	}
	b.ReportMetric(cores/float64(b.N), "cores")
	b.ReportMetric(megabytes/float64(b.N), "MB")
}

func spentBy(s *os.ProcessState) float64 { return (s.UserTime() + s.SystemTime()).Seconds() }

// resident is the most memory a process had, in MB.
func resident(s *os.ProcessState) float64 {
	u, ok := s.SysUsage().(*syscall.Rusage)
	if !ok {
		return 0
	}
	return float64(u.Maxrss) / 1e3 // kB on Linux
}

// BenchmarkStartToReceipt is a whole small run: start, open the model, read the question, 8 + 8 tokens, save, end.
// Budget: 150 ms.
func BenchmarkStartToReceipt(b *testing.B) {
	home := newBox(b)
	for b.Loop() {
		home.run("run", "-m", model(b), "--cap", "8", "--answer-cap", "8", "hello").wants(0)
	}
}

// BenchmarkMiniFromTheStart is a new process with the built-in model: how long until the first token of a thought is out, until the
// receipt, and how fast the natural thought of an example ran (59 tokens, right behind the question).
// Budget: 150 ms to the first token, 5,000 tokens/s.
func BenchmarkMiniFromTheStart(b *testing.B) {
	home, s1 := newBox(b), program(b) // which may build it
	var first, receipt time.Duration
	speed := 0.0
	for b.Loop() {
		began := time.Now()
		cmd := exec.Command(s1, "run", "--no-save", "--json", "--temp", "0", "43,+28,*7,-46,*3,+3859,-206,/2")
		cmd.Env = home.env
		out, err := cmd.StdoutPipe()
		if err != nil {
			b.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			b.Fatal(err)
		}
		seen := false
		for lines := bufio.NewScanner(out); lines.Scan(); {
			var l struct {
				Type    string
				Receipt struct {
					TokensPerSecond float64 `json:"tokens_per_second"`
				}
			}
			if err := json.Unmarshal(lines.Bytes(), &l); err != nil {
				b.Fatalf("%v: %s", err, lines.Bytes())
			}
			switch {
			case l.Type == "token" && !seen:
				seen, first = true, first+time.Since(began)
			case l.Type == "end":
				receipt += time.Since(began)
				speed += l.Receipt.TokensPerSecond
			}
		}
		if err := cmd.Wait(); err != nil {
			b.Fatal(err)
		}
	}
	n := float64(b.N)
	b.ReportMetric(float64(first.Milliseconds())/n, "ms/first-token")
	b.ReportMetric(float64(receipt.Milliseconds())/n, "ms/receipt")
	b.ReportMetric(speed/n, "tokens/s")
}
