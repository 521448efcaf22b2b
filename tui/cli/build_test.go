package cli

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func TestAMissingToolIsNamedWithWhatToInstall(t *testing.T) {
	t.Parallel()
	maker, err := exec.LookPath("make")
	if err != nil {
		t.Skip("needs make: install the package make")
	}
	for _, c := range []struct {
		have []string // beside the shell and what every system has
		want []string // words of each line, in order
	}{
		{nil, []string{"Go 1.26", "a C compiler", "cargo"}},
		{[]string{"go"}, []string{"a C compiler", "cargo"}},
		{[]string{"go", "cc"}, []string{"cargo"}},
		{[]string{"go", "cc", "cargo"}, nil},
	} {
		bin := t.TempDir()
		for _, tool := range []string{"sh", "bash", "env", "cat", "grep", "sed", "expand", "echo", "mkdir"} {
			if path, err := exec.LookPath(tool); err == nil {
				if err := os.Symlink(path, filepath.Join(bin, tool)); err != nil {
					t.Fatal(err)
				}
			}
		}
		for _, tool := range c.have {
			if err := os.WriteFile(filepath.Join(bin, tool), []byte("#!/bin/sh\n"), 0o755); err != nil {
				t.Fatal(err)
			}
		}
		cmd := exec.Command(maker, "-s", "-C", top, "tools")
		cmd.Env = []string{"PATH=" + bin, "HOME=" + t.TempDir()} // a home without the tokenizer library
		var out, errs bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &errs
		err := cmd.Run()
		if (err != nil) != (len(c.want) > 0) {
			t.Errorf("with %v: %v", c.have, err)
		}
		var lines []string
		for _, line := range strings.Split(errs.String(), "\n") {
			if strings.HasPrefix(line, "s1 needs ") {
				lines = append(lines, line)
			} else if line != "" && !strings.HasPrefix(line, "make") {
				t.Errorf("with %v: make says besides: %q", c.have, line)
			}
		}
		if out.Len() > 0 || len(lines) != len(c.want) {
			t.Errorf("with %v: %d lines, want one for each of %q\n%s%s", c.have, len(lines), c.want, out.String(), errs.String())
			continue
		}
		for i, line := range lines {
			if _, how, ok := strings.Cut(line, ": "); !strings.Contains(line, c.want[i]) || !ok || !strings.Contains(how, "install") && !strings.Contains(how, "https://") {
				t.Errorf("with %v: %q does not say that %s is missing and what to install", c.have, line, c.want[i])
			}
		}
	}
}
