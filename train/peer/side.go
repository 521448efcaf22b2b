package main

import (
	"bufio"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"time"

	"s1/engine/bench"
)

// ready is what a side says first.
type ready struct {
	Ready      bool    `json:"ready"`
	Mode       string  `json:"mode"`
	Torch      string  `json:"torch"`
	Parameters int     `json:"parameters"`
	FLOPs      float64 `json:"flops"` // of a token, there and back; ours only, as the next
	Peak       float64 `json:"peak"`  // flops/s of large products on as many threads
}

// result is one repetition.
type result struct {
	Tokens  int      `json:"tokens"`
	Steps   int      `json:"steps"`
	Seconds float64  `json:"seconds"`
	CPU     float64  `json:"cpu_seconds"`
	PeakRSS float64  `json:"peak_rss_mb"`
	Loss    float64  `json:"loss"`
	Ops     []opTime `json:"ops,omitempty"`
}

// opTime is what a kind of op took in a repetition.
type opTime struct {
	Name    string  `json:"name"`
	Seconds float64 `json:"seconds"`
	FLOPs   float64 `json:"flops"`
}

func (r result) peak() int64 { return int64(r.PeakRSS * (1 << 20)) }

// flags are the words that both sides understand.
func (s *shape) flags(f *flag.FlagSet) {
	for name, p := range s.words() {
		f.IntVar(p, name, *p, "of the model or the step that -train trains")
	}
}

func (s *shape) words() map[string]*int {
	return map[string]*int{
		"hidden": &s.hidden, "layers": &s.layers, "heads": &s.heads, "kv-heads": &s.kv, "ff": &s.ff, "vocab": &s.vocab, "docs": &s.docs, "length": &s.length,
	}
}

func (s shape) arguments() []string {
	var all []string
	for name, p := range s.words() {
		all = append(all, "--"+name, strconv.Itoa(*p))
	}
	return all
}

// side is a process that trains when it is told to and is silent in between.
type side struct {
	cmd   *exec.Cmd
	in    io.WriteCloser
	out   *bufio.Scanner
	ready ready
}

func (o options) ours(ctx context.Context, s shape) (*side, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	args := append(s.arguments(), "-train", "-threads", strconv.Itoa(o.threads), "-seconds", fmt.Sprint(o.seconds), fmt.Sprintf("-ops=%t", o.ops))
	return start(exec.CommandContext(ctx, self, args...))
}

func (o options) torch(ctx context.Context, s shape, mode string) (*side, error) {
	args := append([]string{o.script}, s.arguments()...)
	args = append(args, "--threads", strconv.Itoa(o.threads), "--seconds", fmt.Sprint(o.seconds), "--mode", mode)
	return start(exec.CommandContext(ctx, o.python, args...))
}

func start(cmd *exec.Cmd) (*side, error) {
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", cmd.Path, err)
	}
	s := &side{cmd: cmd, in: in, out: bufio.NewScanner(out)}
	if err := s.read(&s.ready); err != nil || !s.ready.Ready {
		s.close()
		return nil, fmt.Errorf("%s ended before it was ready: %w", cmd.Path, err)
	}
	return s, nil
}

// turn has a side train once: "go", or "go N" for exactly N steps.
func (s *side) turn(words string) (result, error) {
	var r result
	if _, err := fmt.Fprintln(s.in, words); err != nil {
		return r, err
	}
	if err := s.read(&r); err != nil {
		return r, fmt.Errorf("%s: %q: %w", s.cmd.Path, words, err)
	}
	if r.Steps < 1 || r.Tokens < 1 || !(r.Seconds > 0) {
		return r, fmt.Errorf("%s: %d steps of %d tokens in %g s make no figure", s.cmd.Path, r.Steps, r.Tokens, r.Seconds)
	}
	return r, nil
}

// watched is a turn, and the cores that processes beside this side used meanwhile.
func (s *side) watched() (result, float64, error) {
	busy, begin := bench.OthersSince(), time.Now()
	r, err := s.turn("go")
	return r, max(busy()-r.CPU/time.Since(begin).Seconds(), 0), err
}

func (s *side) read(into any) error {
	if !s.out.Scan() {
		if err := s.out.Err(); err != nil {
			return err
		}
		return io.ErrUnexpectedEOF
	}
	return json.Unmarshal(s.out.Bytes(), into)
}

func (s *side) close() {
	s.in.Close()
	_ = s.cmd.Wait() // it ends with its input; what it returns says nothing about the figures
}
