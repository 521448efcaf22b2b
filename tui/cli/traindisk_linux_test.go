package cli

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
)

// namespace runs a line of shell as root of mounts of its own; it skips where there are none.
func (b *box) namespace(line string) result {
	b.t.Helper()
	root := func(cmd *exec.Cmd) {
		cmd.SysProcAttr = &syscall.SysProcAttr{
			Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWNS,
			UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}},
			GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}},
		}
	}
	try := exec.Command("/bin/sh", "-c", "mount -t tmpfs none /mnt")
	root(try)
	if out, err := try.CombinedOutput(); err != nil {
		b.t.Skipf("no mount namespaces here: %v %s", err, out)
	}
	cmd := exec.Command("/bin/sh", "-c", line)
	root(cmd)
	var out, errs bytes.Buffer
	cmd.Env, cmd.Dir, cmd.Stdout, cmd.Stderr = append(b.env, "S1="+program(b.t)), b.dir, &out, &errs
	slots <- struct{}{}
	err := cmd.Run()
	<-slots
	return b.judge([]string{line}, err, out.String(), errs.String())
}

func TestAFullDiskEndsATrainingThatGoesOnOnceThereIsRoom(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	b.write("r.toml", edited(t, tapeRecipe, "steps = 100", "steps = 40"))
	b.run("train", "r.toml", "--out", "whole", "--quiet").wants(0)
	sum := sha256.Sum256(weightsOf(b, "whole"))
	r := b.namespace(`mkdir disk && mount -t tmpfs -o size=120k none disk && "$S1" train r.toml --out disk/run --quiet
		echo "code $?"; ls disk/run/checkpoints; echo again >&2
		mount -o remount,size=8m disk && "$S1" train r.toml --out disk/run --resume; echo "code $?"; sha256sum disk/run/model/model.safetensors`)
	r.wants(0, "code 1", "step-00000005", "code 0", hex.EncodeToString(sum[:]))
	first, _, _ := strings.Cut(r.err, "again\n")
	r.err = first
	r.code = 1
	r.refuses(1, "disk/run", "is full; earlier checkpoints are intact", "free some space and")
}

func TestAFolderThatCannotBeWrittenToIsRefusedBeforeTheFirstStep(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	b.write("r.toml", edited(t, tapeRecipe, "steps = 100", "steps = 12"))
	b.run("train", "r.toml", "--out", "disk/run", "--quiet").wants(0)
	for _, args := range []string{"--out disk/new", "--out disk/run --resume", "--out disk"} {
		b.namespace(`mount --bind disk disk && mount -o remount,bind,ro disk && "$S1" train r.toml --quiet `+args).
			refuses(1, "disk", "cannot be written to", "choose another folder")
	}
	b.run("train", "r.toml", "--out", "disk/run", "--quiet", "--resume").wants(0)
}

func TestALimitOnTheSizeOfFilesIsSaid(t *testing.T) {
	t.Parallel()
	b := newBox(t)
	b.write("r.toml", edited(t, tapeRecipe, "steps = 100", "steps = 12"))
	r := b.shell(`ulimit -f 20; "$S1" train r.toml --quiet`)
	r.refuses(1, "may not become this large (see ulimit -f)", "there is no checkpoint yet")
	b.run("train", "r.toml", "--quiet", "--resume").wants(0)
}
