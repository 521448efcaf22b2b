package checkpoint

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// The environment of this test binary when it runs as the process that is killed.
const (
	helperEnv = "S1_CHECKPOINT_HELPER" // what to do, then a number
	rootEnv   = "S1_CHECKPOINT_ROOT"
)

// countingDisk calls at before each thing done to the disk, with its number from 1.
type countingDisk struct {
	realDisk
	n  int
	at func(n int, what string) error
}

func (d *countingDisk) count(what string) error { d.n++; return d.at(d.n, what) }

func (d *countingDisk) do(what string, f func() error) error {
	if err := d.count(what); err != nil {
		return err
	}
	return f()
}

func (d *countingDisk) Mkdir(dir string) error {
	return d.do("mkdir "+filepath.Base(dir), func() error { return d.realDisk.Mkdir(dir) })
}

func (d *countingDisk) MkdirAll(dir string) error {
	return d.do("mkdir root", func() error { return d.realDisk.MkdirAll(dir) })
}

func (d *countingDisk) SyncDir(dir string) error {
	return d.do("sync "+filepath.Base(dir), func() error { return d.realDisk.SyncDir(dir) })
}

func (d *countingDisk) RemoveAll(path string) error {
	return d.do("remove "+filepath.Base(path), func() error { return d.realDisk.RemoveAll(path) })
}

func (d *countingDisk) Rename(from, to string) error {
	return d.do("rename "+filepath.Base(from)+" "+filepath.Base(to), func() error { return d.realDisk.Rename(from, to) })
}

func (d *countingDisk) Create(path string) (file, error) {
	if err := d.count("create " + filepath.Base(path)); err != nil {
		return nil, err
	}
	f, err := d.realDisk.Create(path)
	return countingFile{f, filepath.Base(path), d}, err
}

type countingFile struct {
	file
	name string
	disk *countingDisk
}

// Write gives the disk half of it before the count, as a kill or a full disk in the middle of a write does.
func (f countingFile) Write(p []byte) (int, error) {
	n, err := f.file.Write(p[:len(p)/2])
	if err == nil {
		err = f.disk.count("write " + f.name)
	}
	if err != nil {
		return n, err
	}
	m, err := f.file.Write(p[len(p)/2:])
	return n + m, err
}
func (f countingFile) Sync() error { return f.disk.do("sync "+f.name, f.file.Sync) }

// TestMain turns this binary into a process that saves and is killed.
func TestMain(m *testing.M) {
	what, arg, _ := strings.Cut(os.Getenv(helperEnv), " ")
	root := os.Getenv(rootEnv)
	n, _ := strconv.Atoi(arg)
	ctx := context.Background()
	switch what {
	case "killed-at": // saves step 2 and kills itself before the nth thing it does to the disk
		d := &countingDisk{at: func(i int, what string) error {
			if i == n {
				fmt.Println(what)
				_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
				select {}
			}
			return nil
		}}
		_, err := save(ctx, root, stateAt(2), arraysOf(2), Options{Keep: 1}, d)
		fmt.Println("saved", err)
		os.Exit(0)
	case "forever": // saves until somebody kills it, from step n on
		for ; ; n++ {
			if _, err := Save(ctx, root, stateAt(n), arraysOf(uint64(n)), Options{Keep: 2}); err != nil {
				fmt.Println(err)
				os.Exit(1)
			}
			fmt.Println(n)
		}
	case "once":
		helperLimits(root)
		_, err := Save(ctx, root, stateAt(n), arraysOf(uint64(n)), Options{Keep: 1})
		fmt.Println(err)
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func helper(ctx context.Context, what, root string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, os.Args[0])
	cmd.Env = append(os.Environ(), helperEnv+"="+what, rootEnv+"="+root)
	cmd.Stderr = os.Stderr
	return cmd
}

func TestAKillAtAnyPointLeavesAWholeCheckpoint(t *testing.T) {
	t.Parallel()
	var seen []string
	for n := 1; ; n++ {
		root := t.TempDir()
		mustSave(t, root, 1, Options{Keep: 1})
		out, err := helper(t.Context(), fmt.Sprint("killed-at ", n), root).Output()
		if err == nil {
			if string(out) != "saved <nil>\n" {
				t.Fatalf("the helper says %q", out)
			}
			break
		}
		var exit *exec.ExitError
		if !errors.As(err, &exit) || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
			t.Fatalf("point %d: %v", n, err)
		}
		seen = append(seen, strings.TrimSpace(string(out)))
		dir, ok, err := Latest(root)
		if err != nil || !ok {
			t.Fatalf("point %d, %s: latest is %q, %v", n, out, dir, err)
		}
		step := 1
		if filepath.Base(dir) == "step-00000002" {
			step = 2
		}
		mustHold(t, dir, step)
		// The run goes on, and what was cut off is gone.
		mustHold(t, mustSave(t, root, 3, Options{Keep: 1}), 3)
		if entries, _ := os.ReadDir(root); len(entries) != 1 {
			t.Errorf("point %d, %s: %v is left", n, out, entries)
		}
	}
	// The order in which the disk is told is the guarantee against a power cut, which no test can make.
	want := strings.Split(`mkdir root
mkdir .part-step-00000002
create arrays.safetensors
write arrays.safetensors
sync arrays.safetensors
create state.json
write state.json
sync state.json
create MANIFEST
write MANIFEST
sync MANIFEST
sync .part-step-00000002
rename .part-step-00000002 step-00000002
sync `+"ROOT"+`
create .part-DONE
write .part-DONE
sync .part-DONE
rename .part-DONE DONE
sync step-00000002
rename step-00000001 .part-old-step-00000001
remove .part-old-step-00000001`, "\n")
	if len(seen) != len(want) {
		t.Fatalf("%d points of the disk, want %d:\n%s", len(seen), len(want), strings.Join(seen, "\n"))
	}
	for i := range want {
		if seen[i] != want[i] && want[i] != "sync ROOT" {
			t.Errorf("point %d is %q, want %q", i+1, seen[i], want[i])
		}
	}
}

func TestAProcessKilledWhileSavingCanBeResumed(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	step := 1
	for round := range 12 {
		cmd := helper(t.Context(), fmt.Sprint("forever ", step), root)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(out)
		said := 0
		for range 2 + round%3 { // then it is somewhere in its next save
			if !lines.Scan() {
				t.Fatalf("round %d: it ended", round)
			}
			if said, err = strconv.Atoi(lines.Text()); err != nil {
				t.Fatalf("round %d: it says %q", round, lines.Text())
			}
		}
		_ = cmd.Process.Kill()
		for lines.Scan() { // what it said before the kill
			said, _ = strconv.Atoi(lines.Text())
		}
		_ = cmd.Wait()
		dir, ok, err := Latest(root)
		if err != nil || !ok {
			t.Fatalf("round %d: latest is %q, %v", round, dir, err)
		}
		p, _ := parsePlace(filepath.Base(dir))
		if p.step < said {
			t.Fatalf("round %d: step %d was saved, the latest is %s", round, said, dir)
		}
		mustHold(t, dir, p.step)
		step = p.step + 1
	}
}

func TestAFailureAtAnyPointLeavesTheCheckpointBefore(t *testing.T) {
	t.Parallel()
	for n := 1; ; n++ {
		root := t.TempDir()
		first := mustSave(t, root, 1, Options{Keep: 1})
		at := ""
		// Once the disk has failed it goes on failing, clean-up included.
		d := &countingDisk{at: func(i int, what string) error {
			if i < n {
				return nil
			}
			if at == "" {
				at = what
			}
			return syscall.ENOSPC
		}}
		dir, err := save(t.Context(), root, stateAt(2), arraysOf(2), Options{Keep: 1}, d)
		if err == nil {
			mustHold(t, dir, 2)
			if at == "" {
				break
			}
			continue // only the removal of the older one failed
		}
		if !errors.Is(err, syscall.ENOSPC) || !strings.Contains(err.Error(), "is full; earlier checkpoints are intact") || strings.Count(err.Error(), "\n") > 0 {
			t.Errorf("%s: %v", at, err)
		}
		mustHold(t, first, 1)
		mustHold(t, mustSave(t, root, 3, Options{Keep: 1}), 3)
	}
}

func TestACancelledSaveLeavesNothing(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	first := mustSave(t, root, 1, Options{Keep: 1})
	ctx, cancel := context.WithCancel(t.Context())
	arrays := arraysOf(2)
	read := arrays[0].Read
	arrays[0].Read = func(dst []float32) { read(dst); cancel() }
	if _, err := Save(ctx, root, stateAt(2), arrays, Options{Keep: 1}); !errors.Is(err, context.Canceled) {
		t.Fatalf("got %v", err)
	}
	mustHold(t, first, 1)
	if entries, _ := os.ReadDir(root); len(entries) != 1 {
		t.Errorf("%v is left", entries)
	}
}
